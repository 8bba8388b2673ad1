/* SPDX-License-Identifier: Apache-2.0 */
/* The net collector on processes that send and receive what they are told, in a network namespace of their own, against
 * what they did and against what TCP and the namespace count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/collectors/watch.h"

enum {
	PORT = 3001,
	PIECE = 4000,
	N_PIECES = 1000,
	STREAM_BYTES = PIECE * N_PIECES,
	N_EMPTY = 1000,
	N_DATAGRAMS = 300,
	DATAGRAM = 700,
	LOSS_MS = 400,
	LOSS_EVERY = 100,
	PATIENCE_S = 20,
};

/* Failing in the watched process ends it; the test then misses what it should have done. */
static void must(int is_true)
{
	if (!is_true)
		_exit(1);
}

static void set_loopback(int is_up)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = (short)(is_up ? IFF_UP : 0) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(ioctl(fd, SIOCSIFFLAGS, &r) == 0);
	(void)close(fd);
}

/* Where nobody else sends anything. */
static void move_out(void *what)
{
	must(unshare(CLONE_NEWNET) == 0);
	set_loopback(1);
}

static struct sockaddr_in home(void)
{
	return (struct sockaddr_in){ AF_INET, htons(PORT), { htonl(INADDR_LOOPBACK) }, { 0 } };
}

static void serve(int listener, int fd_told)
{
	char piece[PIECE];
	ssize_t n, total = 0;
	int fd;

	(void)alarm(PATIENCE_S);
	fd = accept(listener, NULL, NULL);

	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		total += n;
	must(total == STREAM_BYTES);
	(void)close(fd);
	(void)!write(fd_told, "x", 1);
	_exit(0);
}

/* What the namespace has sent again. */
static int has_lost(void)
{
	FILE *f = fopen("/proc/self/net/snmp", "re");
	unsigned long n = 0;
	char line[1024];

	must(f != NULL);
	/* RetransSegs is the twelfth; the line of the names has none. */
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Tcp: %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %lu", &n) == 1)
			break;
	(void)fclose(f);
	return n > 0;
}

static void lose_one(int fd, const char *piece)
{
	set_loopback(0);
	must(send(fd, piece, PIECE, 0) == PIECE);
	(void)usleep(LOSS_MS * 1000);
	set_loopback(1);
}

static void stream(int with_loss)
{
	struct sockaddr_in at = home();
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char piece[PIECE] = { 0 };
	int told[2], on = 1;
	pid_t pid;

	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	must(pipe(told) == 0 && bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 4) == 0);
	pid = fork();
	if (pid == 0)
		serve(listener, told[1]);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	for (int i = 0; i < N_PIECES; i++) {
		/* Now and then the segment never left and is just sent later, so once may not be enough. */
		if (with_loss && i % LOSS_EVERY == LOSS_EVERY - 1 && !has_lost()) {
			lose_one(fd, piece);
			continue;
		}
		must(send(fd, piece, sizeof(piece), 0) == PIECE);
	}
	(void)close(fd);
	must(read(told[0], piece, 1) == 1 && waitpid(pid, NULL, 0) == pid);
	(void)close(listener);
	/* The last acknowledgement comes after close(). */
	(void)usleep(50 * 1000);
}

static void stream_calmly(void *what)
{
	stream(0);
}

static void stream_with_loss(void *what)
{
	stream(1);
}

static int64_t of(const struct watched *w, const char *metric, const char *attrs)
{
	return watched_gain(w, metric, attrs);
}

static void a_tcp_stream_is_counted_to_the_byte_at_both_ends(void **state)
{
	const struct watching w = { .collector = "net", .work = stream_calmly, .prepare = move_out };
	struct watched got;
	char own[64];

	watch_needs_bpf();
	got = watch(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d transport=tcp direction=transmit", got.pid);
	assert_true(watched_says(&got, "{\"fact\":\"rung\",\"value\":\"tp_btf\"}"));
	assert_int_equal(of(&got, "process.network.io", own), STREAM_BYTES);
	assert_int_equal(of(&got, "process.network.calls", own), N_PIECES);
	assert_int_equal(of(&got, "process.network.io", "transport=tcp direction=receive"), STREAM_BYTES);
	assert_int_equal(of(&got, "connection.io", "role=client direction=transmit peer=127.0.0.1:3001"), STREAM_BYTES);
	assert_int_equal(of(&got, "connection.io", "role=server direction=receive port=3001"), STREAM_BYTES);
	/* TCP's own count: SYN or FIN are a byte each. */
	assert_in_range(of(&got, "tcp.bytes", "role=client direction=transmit"), STREAM_BYTES, STREAM_BYTES + 2);
	assert_in_range(of(&got, "tcp.bytes", "role=server direction=receive"), STREAM_BYTES, STREAM_BYTES + 2);
	assert_true(watched_count(&got, "tcp.rtt", "role=client") > 0);
	assert_true(of(&got, "tcp.congestion_window", "role=client") > 0);
	assert_int_equal(of(&got, "tcp.retransmits", ""), of(&got, "system.tcp.retransmits", ""));
	assert_true(watched_says(&got, "\"span\":\"tcp.connection\""));
	assert_true(of(&got, "system.network.io", "device=lo direction=transmit") > STREAM_BYTES);
	assert_int_equal(of(&got, "weir.lost", ""), 0);
	assert_true(watched_says(&got, "{\"end\":\"ok\""));
	watched_done(&got);
}

static void what_is_sent_again_is_counted_as_the_namespace_counts_it(void **state)
{
	const struct watching w = { .collector = "net", .work = stream_with_loss, .prepare = move_out };
	struct watched got;

	watch_needs_bpf();
	got = watch(&w);
	if (of(&got, "tcp.retransmits", "role=client") <= 0)
		fail_msg("client %lld, all %lld, namespace %lld\n%s",
		         (long long)of(&got, "tcp.retransmits", "role=client"),
		         (long long)of(&got, "tcp.retransmits", ""), (long long)of(&got, "system.tcp.retransmits", ""),
		         got.text);
	assert_int_equal(of(&got, "tcp.retransmits", ""), of(&got, "system.tcp.retransmits", ""));
	assert_int_equal(of(&got, "connection.io", "role=server direction=receive"), STREAM_BYTES);
	watched_done(&got);
}

static void receive_little(void *what)
{
	char piece[PIECE] = { 0 };
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	for (int i = 0; i < N_EMPTY; i++)
		must(recv(ends[1], piece, sizeof(piece), 0) < 0 && errno == EAGAIN);
	for (int i = 0; i < N_DATAGRAMS; i++) {
		must(send(ends[0], piece, sizeof(piece), 0) == PIECE);
		must(recv(ends[1], piece, sizeof(piece), MSG_PEEK) == PIECE);
		must(recv(ends[1], piece, sizeof(piece), 0) == PIECE);
	}
}

static void what_would_block_and_what_is_only_looked_at_is_not_counted(void **state)
{
	const struct watching w = { .collector = "net", .work = receive_little };
	struct watched got;

	watch_needs_bpf();
	got = watch(&w);
	assert_int_equal(of(&got, "process.network.io", "transport=unix direction=receive"), N_DATAGRAMS * PIECE);
	assert_int_equal(of(&got, "process.network.calls", "transport=unix direction=receive"), N_DATAGRAMS);
	assert_int_equal(of(&got, "process.network.io", "transport=unix direction=transmit"), N_DATAGRAMS * PIECE);
	assert_int_equal(of(&got, "process.network.io", "transport=tcp"), -1);
	watched_done(&got);
}

static void send_datagrams(void *what)
{
	struct sockaddr_in at = home();
	int in = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char datagram[DATAGRAM] = { 0 };

	must(bind(in, (struct sockaddr *)&at, sizeof(at)) == 0);
	for (int i = 0; i < N_DATAGRAMS; i++) {
		must(sendto(out, datagram, DATAGRAM, 0, (struct sockaddr *)&at, sizeof(at)) == DATAGRAM);
		must(recv(in, datagram, DATAGRAM, 0) == DATAGRAM);
	}
}

static void udp_is_counted_to_the_byte(void **state)
{
	const struct watching w = { .collector = "net", .work = send_datagrams, .prepare = move_out };
	struct watched got;

	watch_needs_bpf();
	got = watch(&w);
	assert_int_equal(of(&got, "process.network.io", "transport=udp direction=transmit"), N_DATAGRAMS * DATAGRAM);
	assert_int_equal(of(&got, "process.network.io", "transport=udp direction=receive"), N_DATAGRAMS * DATAGRAM);
	assert_int_equal(of(&got, "process.network.calls", "transport=udp"), 2 * N_DATAGRAMS);
	watched_done(&got);
}

static void stay_silent(void *what)
{
}

static void who_is_not_watched_is_not_counted(void **state)
{
	const struct watching w = { .collector = "net", .work = stay_silent };
	struct watched got;

	watch_needs_bpf();
	got = watch(&w);
	assert_int_equal(of(&got, "process.network.io", ""), -1);
	assert_int_equal(of(&got, "connection.io", ""), -1);
	watched_done(&got);
}

/* ---- The lowest rung ---- */

static void assert_procfs_measures(struct watching w, const char *why)
{
	struct watched got;

	w.collector = "net";
	w.work = stream_calmly;
	w.prepare = move_out;
	got = watch(&w);
	if (!watched_says(&got, why))
		fail_msg("'%s' is not in\n%s", why, got.text);
	assert_true(watched_says(&got, "{\"fact\":\"rung\",\"value\":\"procfs\"}"));
	assert_true(watched_says(&got, "it lacks: bytes"));
	assert_true(of(&got, "system.network.io", "device=lo direction=transmit") > STREAM_BYTES);
	assert_int_equal(of(&got, "process.network.io", ""), -1);
	watched_done(&got);
}

static void without_ebpf_the_namespace_is_read(void **state)
{
	const struct lend_pair procfs = { "rung", "procfs" };

	watch_needs_bpf();
	assert_procfs_measures((struct watching){ .options = &procfs, .n_options = 1 }, "rung=procfs");
}

static void without_capabilities_it_says_which(void **state)
{
	watch_needs_bpf();
	assert_procfs_measures((struct watching){ .is_without_capabilities = WATCH_WITHOUT }, "CAP_BPF");
}

static void without_types_it_says_so(void **state)
{
	watch_needs_bpf();
	assert_procfs_measures((struct watching){ .is_without_types = 1 }, "CONFIG_DEBUG_INFO_BTF");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tcp_stream_is_counted_to_the_byte_at_both_ends),
		cmocka_unit_test(what_is_sent_again_is_counted_as_the_namespace_counts_it),
		cmocka_unit_test(what_would_block_and_what_is_only_looked_at_is_not_counted),
		cmocka_unit_test(udp_is_counted_to_the_byte),
		cmocka_unit_test(who_is_not_watched_is_not_counted),
		cmocka_unit_test(without_ebpf_the_namespace_is_read),
		cmocka_unit_test(without_capabilities_it_says_which),
		cmocka_unit_test(without_types_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
