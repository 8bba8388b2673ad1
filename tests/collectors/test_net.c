/* SPDX-License-Identifier: Apache-2.0 */
/* The net collector on processes that send and receive what they are told, in a network namespace of their own, against
 * what they did and against what TCP and the namespace count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collectors/net/netlink.h"
#include "tests/collectors/watch.h"

enum {
	PORT = 3001,
	PIECE = 4000,
	N_PIECES = 1000,
	STREAM_BYTES = PIECE * N_PIECES,
	N_EMPTY = 1000,
	N_DATAGRAMS = 300,
	DATAGRAM = 700,
	LOSS_PER_MILLE = 50,
	PATIENCE_S = 20,
	TRIES = 4,
	N_TURNED_AWAY = 6,
	N_SHORT = 300,
};

/* Failing in the watched process ends it; the test then misses what it should have done. */
static void must(int is_true)
{
	if (!is_true)
		_exit(1);
}

static void raise_loopback(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(ioctl(fd, SIOCSIFFLAGS, &r) == 0);
	(void)close(fd);
}

/* Where nobody else sends anything. */
static void move_out(void *what)
{
	must(unshare(CLONE_NEWNET) == 0);
	raise_loopback();
}

static struct sockaddr_in home(void)
{
	return (struct sockaddr_in){ AF_INET, htons(PORT), { htonl(INADDR_LOOPBACK) }, { 0 } };
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

	must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0);
}

static void serve(int listener, int fd_told, int with_loss)
{
	char piece[PIECE];
	ssize_t n, total = 0;
	int fd;

	(void)alarm(PATIENCE_S);
	fd = accept(listener, NULL, NULL);
	if (with_loss)
		lose_some(fd);
	(void)!write(fd_told, "a", 1);
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		total += n;
	must(total == STREAM_BYTES);
	(void)close(fd);
	(void)!write(fd_told, "x", 1);
	_exit(0);
}

/* The ends of a stream: who sends is the process itself, who receives its child. */
struct line {
	int fd, told;
	pid_t server;
};

static struct line connect_line(int with_loss)
{
	struct sockaddr_in at = home();
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), told[2], on = 1;
	struct line l = { .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	char c;

	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	must(pipe(told) == 0 && bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 4) == 0);
	l.server = fork();
	if (l.server == 0) {
		(void)close(l.fd);
		serve(listener, told[1], with_loss);
	}
	(void)close(listener);
	l.told = told[0];
	/* Each call a segment of its own, so that there are many to lose. */
	must(setsockopt(l.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0);
	must(connect(l.fd, (struct sockaddr *)&at, sizeof(at)) == 0 && read(l.told, &c, 1) == 1);
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
		must(ioctl(fd, SIOCOUTQ, &n_waiting) == 0);
	}
	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0);
	return info;
}

static void stream_line(const struct line *l, struct tcp_info *ret)
{
	char piece[PIECE] = { 0 };

	for (int i = 0; i < N_PIECES; i++)
		must(send(l->fd, piece, sizeof(piece), 0) == PIECE);
	if (ret)
		*ret = last_info(l->fd);
	(void)close(l->fd);
	must(read(l->told, piece, 1) == 1 && waitpid(l->server, NULL, 0) == l->server);
	/* The last acknowledgement comes after close(). */
	(void)usleep(50 * 1000);
}

static void stream(int with_loss, struct tcp_info *ret)
{
	const struct line l = connect_line(with_loss);

	stream_line(&l, ret);
}

static void stream_calmly(void *what)
{
	stream(0, NULL);
}

static void stream_with_loss(void *what)
{
	stream(1, what);
}

static int64_t of(const struct watched *w, const char *metric, const char *attrs)
{
	return watched_gain(w, metric, attrs);
}

/* TCP speaks of itself in interrupts. On some virtual machines no BPF program runs in a certain process, so seldom what
 * TCP said last is not heard; then it is tried again. */
static struct watched watch_whole(const struct watching *w, int (*is_whole)(const struct watched *got))
{
	struct watched got = watch(w);

	for (int i = 1; i < TRIES && !is_whole(&got); i++) {
		print_message("TCP's last word was not heard\n");
		watched_done(&got);
		got = watch(w);
	}
	return got;
}

static int is_near_stream(int64_t n)
{
	/* SYN or FIN are a byte each. */
	return n >= STREAM_BYTES && n <= STREAM_BYTES + 2;
}

static int has_bytes(const struct watched *got)
{
	return is_near_stream(of(got, "tcp.bytes", "role=client direction=transmit")) &&
	       is_near_stream(of(got, "tcp.bytes", "role=server direction=receive"));
}

static int has_totals(const struct watched *got)
{
	return has_bytes(got) && of(got, "tcp.retransmits", "") == of(got, "system.tcp.retransmits", "") &&
	       watched_says(got, "\"span\":\"tcp.connection\"");
}

static int is_on_rung(const struct watched *got, const char *rung)
{
	char fact[64];

	(void)snprintf(fact, sizeof(fact), "{\"fact\":\"rung\",\"value\":\"%s\"}", rung);
	return watched_says(got, fact);
}

static void assert_every_call_is_counted(const struct watched *got)
{
	char own[64];

	(void)snprintf(own, sizeof(own), "process.pid=%d transport=tcp direction=transmit", got->pid);
	assert_int_equal(of(got, "process.network.io", own), STREAM_BYTES);
	assert_int_equal(of(got, "process.network.calls", own), N_PIECES);
	assert_int_equal(of(got, "process.network.io", "transport=tcp direction=receive"), STREAM_BYTES);
	assert_int_equal(of(got, "connection.io", "role=client direction=transmit peer=127.0.0.1:3001"), STREAM_BYTES);
	assert_int_equal(of(got, "connection.io", "role=server direction=receive port=3001"), STREAM_BYTES);
	assert_true(watched_count(got, "tcp.rtt", "role=client") > 0);
	assert_true(of(got, "tcp.congestion_window", "role=client") > 0);
	assert_int_equal(of(got, "weir.lost", ""), 0);
	assert_true(watched_says(got, "{\"end\":\"ok\""));
}

static void a_tcp_stream_is_counted_to_the_byte_at_both_ends(void **state)
{
	const struct watching w = { .collector = "net", .work = stream_calmly, .prepare = move_out };
	struct watched got;

	watch_needs_bpf();
	got = watch_whole(&w, has_totals);
	/* Before Linux 6.3 there are no tracepoints of socket calls. */
	assert_true(is_on_rung(&got, "tp_btf") || is_on_rung(&got, "fexit"));
	assert_every_call_is_counted(&got);
	assert_true(has_totals(&got));
	assert_true(of(&got, "system.network.io", "device=lo direction=transmit") > STREAM_BYTES);
	watched_done(&got);
}

static int has_totals_or_another_rung(const struct watched *got)
{
	return has_totals(got) || !is_on_rung(got, "fexit");
}

static void where_functions_can_be_hung_on_they_count_the_same(void **state)
{
	const struct lend_pair fexit = { "rung", "fexit" };
	const struct watching w = {
		.collector = "net", .work = stream_calmly, .prepare = move_out, .options = &fexit, .n_options = 1
	};
	struct watched got;

	watch_needs_bpf();
	got = watch_whole(&w, has_totals_or_another_rung);
	if (is_on_rung(&got, "fexit")) {
		assert_every_call_is_counted(&got);
		assert_true(has_totals(&got));
	} else {
		assert_true(watched_says(&got, "fexit cannot be used: "));
		assert_true(is_on_rung(&got, "sock_diag") || is_on_rung(&got, "procfs"));
	}
	watched_done(&got);
}

static int has_lost(const struct watched *got)
{
	return has_totals(got) && of(got, "tcp.retransmits", "role=client") > 0;
}

static void what_is_sent_again_is_what_tcp_and_the_namespace_count(void **state)
{
	struct tcp_info *info = mmap(NULL, sizeof(*info), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct watching w = { .collector = "net", .work = stream_with_loss, .prepare = move_out, .what = info };
	struct watched got;
	int64_t again;

	assert_true(info != MAP_FAILED);
	watch_needs_bpf();
	got = watch_whole(&w, has_lost);
	again = of(&got, "tcp.retransmits", "role=client");
	if (!has_lost(&got))
		fail_msg("client %lld, all %lld, namespace %lld\n%s", (long long)again,
		         (long long)of(&got, "tcp.retransmits", ""), (long long)of(&got, "system.tcp.retransmits", ""),
		         got.text);
	/* The end itself may be lost and sent again. */
	assert_in_range(again, info->tcpi_total_retrans, info->tcpi_total_retrans + 3);
	assert_in_range(of(&got, "tcp.bytes", "role=client direction=transmit"), info->tcpi_bytes_acked,
	                info->tcpi_bytes_acked + 1);
	assert_int_equal(of(&got, "connection.io", "role=server direction=receive"), STREAM_BYTES);
	watched_done(&got);
	(void)munmap(info, sizeof(*info));
}

/* ---- Short lives ---- */

static void connect_often(void *what)
{
	struct sockaddr_in at = home();
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char piece[DATAGRAM] = { 0 };

	must(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 4) == 0);
	for (int i = 0; i < N_SHORT; i++) {
		int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server;

		must(connect(client, (struct sockaddr *)&at, sizeof(at)) == 0);
		server = accept(listener, NULL, NULL);
		must(send(client, piece, DATAGRAM, 0) == DATAGRAM);
		must(recv(server, piece, DATAGRAM, MSG_WAITALL) == DATAGRAM);
		(void)close(client);
		(void)close(server);
	}
	(void)usleep(50 * 1000);
}

static int64_t spans(const struct watched *got)
{
	int64_t n = 0;

	for (const char *at = got->text; (at = strstr(at, "{\"span\":\"tcp.connection\"")); at++)
		n++;
	return n;
}

/* Their ends are told in interrupts: see watch_whole(). */
static int has_lives(const struct watched *got)
{
	return spans(got) == 2 * N_SHORT;
}

static void connections_between_two_polls_are_read_before_they_go(void **state)
{
	const struct watching w = { .collector = "net", .work = connect_often, .prepare = move_out };
	struct watched got;

	watch_needs_bpf();
	got = watch_whole(&w, has_lives);
	assert_in_range(spans(&got), 2 * N_SHORT * 99 / 100, 2 * N_SHORT);
	assert_int_equal(of(&got, "process.network.io", "transport=tcp direction=transmit"), N_SHORT * DATAGRAM);
	assert_int_equal(of(&got, "process.network.io", "transport=tcp direction=receive"), N_SHORT * DATAGRAM);
	assert_int_equal(of(&got, "weir.lost", ""), 0);
	watched_done(&got);
}

/* ---- Listeners ---- */

static void turn_away(void *what)
{
	struct sockaddr_in at = home();
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 1) == 0);
	for (int i = 0; i < 2 + N_TURNED_AWAY; i++)
		(void)connect(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), (struct sockaddr *)&at,
		              sizeof(at));
}

static void who_is_turned_away_by_a_full_listener_is_counted(void **state)
{
	const struct lend_pair procfs = { "rung", "procfs" };
	const struct watching w = {
		.collector = "net", .work = turn_away, .prepare = move_out, .options = &procfs, .n_options = 1
	};
	struct watched got = watch(&w);

	/* Of a queue of one, two are let in. */
	assert_int_equal(of(&got, "system.tcp.listen_drops", "cause=overflow"), N_TURNED_AWAY);
	assert_int_equal(of(&got, "system.tcp.listen_drops", "cause=any"), N_TURNED_AWAY);
	watched_done(&got);
}

/* ---- What moves nothing ---- */

static void receive_little_at(const int ends[2])
{
	char piece[PIECE] = { 0 };

	for (int i = 0; i < N_EMPTY; i++)
		must(recv(ends[1], piece, sizeof(piece), MSG_DONTWAIT) < 0 && errno == EAGAIN);
	for (int i = 0; i < N_DATAGRAMS; i++) {
		must(send(ends[0], piece, DATAGRAM, 0) == DATAGRAM);
		must(recv(ends[1], piece, DATAGRAM, MSG_PEEK | MSG_WAITALL) == DATAGRAM);
		must(recv(ends[1], piece, DATAGRAM, MSG_WAITALL) == DATAGRAM);
	}
}

static void receive_little(void *what)
{
	struct sockaddr_in at = home();
	int unix_ends[2], udp_ends[2], tcp_ends[2], listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, unix_ends) == 0);
	receive_little_at(unix_ends);
	for (int i = 0; i < 2; i++)
		udp_ends[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(bind(udp_ends[1], (struct sockaddr *)&at, sizeof(at)) == 0);
	must(connect(udp_ends[0], (struct sockaddr *)&at, sizeof(at)) == 0);
	receive_little_at(udp_ends);
	tcp_ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 1) == 0);
	must(connect(tcp_ends[0], (struct sockaddr *)&at, sizeof(at)) == 0);
	tcp_ends[1] = accept(listener, NULL, NULL);
	receive_little_at(tcp_ends);
}

static void what_would_block_and_what_is_only_looked_at_is_not_counted(void **state)
{
	const struct watching w = { .collector = "net", .work = receive_little, .prepare = move_out };
	static const char *const transports[] = { "unix", "udp", "tcp" };
	struct watched got;
	char received[64], sent[64];

	watch_needs_bpf();
	got = watch(&w);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(received, sizeof(received), "transport=%s direction=receive", transports[i]);
		(void)snprintf(sent, sizeof(sent), "transport=%s direction=transmit", transports[i]);
		assert_int_equal(of(&got, "process.network.io", received), N_DATAGRAMS * DATAGRAM);
		assert_int_equal(of(&got, "process.network.calls", received), N_DATAGRAMS);
		assert_int_equal(of(&got, "process.network.io", sent), N_DATAGRAMS * DATAGRAM);
		assert_int_equal(of(&got, "process.network.calls", sent), N_DATAGRAMS);
	}
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

/* ---- The lower rungs ---- */

/* The connection is there when the collector first looks, and has ended when it looks again. */
static struct line prepared;

static void move_out_and_connect(void *what)
{
	move_out(what);
	prepared = connect_line(0);
}

/* Who receives must have no more capabilities than who looks. */
static void connect_at_home(void *what)
{
	must(watch_drop_capabilities() == 0);
	prepared = connect_line(0);
}

static void stream_prepared(void *what)
{
	stream_line(&prepared, NULL);
}

static void needs_diag(void)
{
	static struct netlink n;
	char why[NETLINK_WHY_MAX];
	int r = netlink_open(&n, 0, why);

	netlink_close(&n);
	if (r >= 0)
		return;
	print_message("%s\n", why);
	skip();
}

static void assert_diag_measures(struct watching w, const char *why)
{
	struct watched got;
	char own[64];

	needs_diag();
	w.collector = "net";
	w.work = stream_prepared;
	got = watch_whole(&w, has_bytes);
	if (!watched_says(&got, why))
		fail_msg("'%s' is not in\n%s", why, got.text);
	assert_true(is_on_rung(&got, "sock_diag"));
	assert_true(watched_says(&got, "it lacks: calls"));
	(void)snprintf(own, sizeof(own), "process.pid=%d transport=tcp direction=transmit", got.pid);
	assert_true(is_near_stream(of(&got, "process.network.io", own)));
	assert_true(is_near_stream(of(&got, "process.network.io", "transport=tcp direction=receive")));
	assert_true(is_near_stream(of(&got, "tcp.bytes", "role=client direction=transmit peer=127.0.0.1:3001")));
	assert_true(is_near_stream(of(&got, "tcp.bytes", "role=server direction=receive port=3001")));
	assert_true(watched_count(&got, "tcp.rtt", "role=client") > 0);
	assert_true(watched_says(&got, "\"span\":\"tcp.connection\""));
	assert_int_equal(of(&got, "process.network.calls", ""), -1);
	assert_int_equal(of(&got, "weir.lost", ""), 0);
	assert_true(watched_says(&got, "{\"end\":\"ok\""));
	watched_done(&got);
}

static void sock_diag_tells_what_a_connection_came_to(void **state)
{
	const struct lend_pair diag = { "rung", "sock_diag" };

	watch_needs_bpf();
	assert_diag_measures((struct watching){ .prepare = move_out_and_connect, .options = &diag, .n_options = 1 },
	                     "rung=sock_diag");
}

static void without_types_it_says_so_and_asks_through_netlink(void **state)
{
	watch_needs_bpf();
	assert_diag_measures((struct watching){ .prepare = move_out_and_connect, .is_without_types = 1 },
	                     "CONFIG_DEBUG_INFO_BTF");
}

static void at_home_no_capability_is_needed_for_it(void **state)
{
	watch_needs_bpf();
	assert_diag_measures(
		(struct watching){ .prepare = connect_at_home, .is_without_capabilities = WATCH_BOTH_WITHOUT },
		"CAP_BPF");
}

static void assert_procfs_measures(struct watching w, const char *why)
{
	struct watched got;

	w.collector = "net";
	w.work = stream_calmly;
	w.prepare = move_out;
	got = watch(&w);
	if (!watched_says(&got, why))
		fail_msg("'%s' is not in\n%s", why, got.text);
	assert_true(is_on_rung(&got, "procfs"));
	assert_true(watched_says(&got, "it lacks: bytes"));
	assert_true(of(&got, "system.network.io", "device=lo direction=transmit") > STREAM_BYTES);
	assert_int_equal(of(&got, "process.network.io", ""), -1);
	watched_done(&got);
}

static void the_lowest_rung_reads_the_namespace(void **state)
{
	const struct lend_pair procfs = { "rung", "procfs" };

	watch_needs_bpf();
	assert_procfs_measures((struct watching){ .options = &procfs, .n_options = 1 }, "rung=procfs");
}

static void what_may_not_be_read_is_said(void **state)
{
	watch_needs_bpf();
	assert_procfs_measures((struct watching){ .is_without_capabilities = WATCH_WITHOUT }, "CAP_SYS_PTRACE");
}

static void another_namespace_takes_a_capability(void **state)
{
	watch_needs_bpf();
	assert_procfs_measures((struct watching){ .is_without_capabilities = WATCH_BOTH_WITHOUT }, "CAP_SYS_ADMIN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tcp_stream_is_counted_to_the_byte_at_both_ends),
		cmocka_unit_test(where_functions_can_be_hung_on_they_count_the_same),
		cmocka_unit_test(what_is_sent_again_is_what_tcp_and_the_namespace_count),
		cmocka_unit_test(connections_between_two_polls_are_read_before_they_go),
		cmocka_unit_test(who_is_turned_away_by_a_full_listener_is_counted),
		cmocka_unit_test(what_would_block_and_what_is_only_looked_at_is_not_counted),
		cmocka_unit_test(udp_is_counted_to_the_byte),
		cmocka_unit_test(who_is_not_watched_is_not_counted),
		cmocka_unit_test(sock_diag_tells_what_a_connection_came_to),
		cmocka_unit_test(without_types_it_says_so_and_asks_through_netlink),
		cmocka_unit_test(at_home_no_capability_is_needed_for_it),
		cmocka_unit_test(the_lowest_rung_reads_the_namespace),
		cmocka_unit_test(what_may_not_be_read_is_said),
		cmocka_unit_test(another_namespace_takes_a_capability),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
