/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/collectors/net_work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LOSS_PER_MILLE = 50,
	PATIENCE_S = 20,
	TRIES = 4,
};

void net_must(int is_true)
{
	if (!is_true)
		_exit(1);
}

static void raise_loopback(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	net_must(ioctl(fd, SIOCSIFFLAGS, &r) == 0);
	(void)close(fd);
}

void net_move_out(void *what)
{
	net_must(unshare(CLONE_NEWNET) == 0);
	raise_loopback();
}

struct sockaddr_in net_home(void)
{
	return (struct sockaddr_in){ AF_INET, htons(NET_PORT), { htonl(INADDR_LOOPBACK) }, { 0 } };
}

/* Some of what comes in is thrown away before TCP sees it, by a filter of the socket's own: it takes no queueing
 * discipline (sch_netem is in few kernels), and what is lost is lost for TCP as on any line. */
static void lose_some(int fd)
{
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM)),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 1000),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, LOSS_PER_MILLE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog filter = { sizeof(steps) / sizeof(steps[0]), steps };

	net_must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0);
}

static void serve(int listener, int fd_told, int with_loss)
{
	char piece[NET_PIECE];
	ssize_t n, total = 0;
	int fd;

	(void)alarm(PATIENCE_S);
	fd = accept(listener, NULL, NULL);
	if (with_loss)
		lose_some(fd);
	(void)!write(fd_told, "a", 1);
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		total += n;
	net_must(total == NET_STREAM_BYTES);
	(void)close(fd);
	(void)!write(fd_told, "x", 1);
	_exit(0);
}

struct net_line net_connect(int with_loss)
{
	struct sockaddr_in at = net_home();
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), told[2], on = 1;
	struct net_line l = { .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	char c;

	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	net_must(pipe(told) == 0 && bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	         listen(listener, 4) == 0);
	l.server = fork();
	if (l.server == 0) {
		(void)close(l.fd);
		serve(listener, told[1], with_loss);
	}
	(void)close(listener);
	l.told = told[0];
	/* Each call a segment of its own, so that there are many to lose. */
	net_must(setsockopt(l.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0);
	net_must(connect(l.fd, (struct sockaddr *)&at, sizeof(at)) == 0 && read(l.told, &c, 1) == 1);
	return l;
}

/* When all is acknowledged but the end. */
static struct tcp_info last_info(int fd)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);
	int n_waiting = 1;

	while (n_waiting) {
		(void)usleep(1000);
		net_must(ioctl(fd, SIOCOUTQ, &n_waiting) == 0);
	}
	net_must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0);
	return info;
}

void net_stream(const struct net_line *l, struct tcp_info *ret)
{
	char piece[NET_PIECE] = { 0 };

	for (int i = 0; i < NET_PIECES; i++)
		net_must(send(l->fd, piece, sizeof(piece), 0) == NET_PIECE);
	if (ret)
		*ret = last_info(l->fd);
	(void)close(l->fd);
	net_must(read(l->told, piece, 1) == 1 && waitpid(l->server, NULL, 0) == l->server);
	/* The last acknowledgement comes after close(). */
	(void)usleep(50 * 1000);
}

void net_stream_calmly(void *what)
{
	const struct net_line l = net_connect(0);

	net_stream(&l, NULL);
}

struct watched net_watch(const struct watching *w, int (*is_whole)(const struct watched *got))
{
	struct watched got = watch_kernel(w);

	for (int i = 1; i < TRIES && !is_whole(&got); i++) {
		print_message("TCP's last word was not heard\n");
		watched_done(&got);
		got = watch_kernel(w);
	}
	return got;
}

int net_is_stream(int64_t n)
{
	/* SYN or FIN are a byte each. */
	return n >= NET_STREAM_BYTES && n <= NET_STREAM_BYTES + 2;
}

int net_has_bytes(const struct watched *got)
{
	return net_is_stream(watched_gain(got, "tcp.bytes", "role=client direction=transmit")) &&
	       net_is_stream(watched_gain(got, "tcp.bytes", "role=server direction=receive"));
}
