/* SPDX-License-Identifier: Apache-2.0 */
/* What the net collector counts of a process's calls, and what not: UDP and Unix sockets beside TCP, calls that move
 * nothing, somebody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/collectors/net_work.h"
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	N_EMPTY = 1000,
	N_DATAGRAMS = 300,
	DATAGRAM = 700,
	N_PAIRS = 300,
	N_ROUNDS = 5,
	N_TALKERS = 1224, /* a fifth more than the collector has places for at one time */
};

static void receive_little_at(const int ends[2])
{
	char piece[NET_PIECE] = { 0 };

	for (int i = 0; i < N_EMPTY; i++)
		net_must(recv(ends[1], piece, sizeof(piece), MSG_DONTWAIT) < 0 && errno == EAGAIN);
	for (int i = 0; i < N_DATAGRAMS; i++) {
		net_must(send(ends[0], piece, DATAGRAM, 0) == DATAGRAM);
		net_must(recv(ends[1], piece, DATAGRAM, MSG_PEEK | MSG_WAITALL) == DATAGRAM);
		net_must(recv(ends[1], piece, DATAGRAM, MSG_WAITALL) == DATAGRAM);
	}
}

static void receive_little(void *what)
{
	struct sockaddr_in at = net_home();
	int unix_ends[2], udp_ends[2], tcp_ends[2], listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	net_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, unix_ends) == 0);
	receive_little_at(unix_ends);
	for (int i = 0; i < 2; i++)
		udp_ends[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	net_must(bind(udp_ends[1], (struct sockaddr *)&at, sizeof(at)) == 0);
	net_must(connect(udp_ends[0], (struct sockaddr *)&at, sizeof(at)) == 0);
	receive_little_at(udp_ends);
	tcp_ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	net_must(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 1) == 0);
	net_must(connect(tcp_ends[0], (struct sockaddr *)&at, sizeof(at)) == 0);
	tcp_ends[1] = accept(listener, NULL, NULL);
	receive_little_at(tcp_ends);
}

static void what_would_block_and_what_is_only_looked_at_is_not_counted(void **state)
{
	const struct watching w = { .collector = "net", .work = receive_little, .prepare = net_move_out };
	static const char *const transports[] = { "unix", "udp", "tcp" };
	struct watched got = watch_kernel(&w);
	char received[64], sent[64];

	for (int i = 0; i < 3; i++) {
		(void)snprintf(received, sizeof(received), "transport=%s direction=receive", transports[i]);
		(void)snprintf(sent, sizeof(sent), "transport=%s direction=transmit", transports[i]);
		assert_int_equal(watched_gain(&got, "process.network.io", received), N_DATAGRAMS * DATAGRAM);
		assert_int_equal(watched_gain(&got, "process.network.calls", received), N_DATAGRAMS);
		assert_int_equal(watched_gain(&got, "process.network.io", sent), N_DATAGRAMS * DATAGRAM);
		assert_int_equal(watched_gain(&got, "process.network.calls", sent), N_DATAGRAMS);
	}
	watched_done(&got);
}

static void send_datagrams(void *what)
{
	struct sockaddr_in at = net_home();
	int in = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char datagram[DATAGRAM] = { 0 };

	net_must(bind(in, (struct sockaddr *)&at, sizeof(at)) == 0);
	for (int i = 0; i < N_DATAGRAMS; i++) {
		net_must(sendto(out, datagram, DATAGRAM, 0, (struct sockaddr *)&at, sizeof(at)) == DATAGRAM);
		net_must(recv(in, datagram, DATAGRAM, 0) == DATAGRAM);
	}
}

static void udp_is_counted_to_the_byte(void **state)
{
	const struct watching w = { .collector = "net", .work = send_datagrams, .prepare = net_move_out };
	struct watched got = watch_kernel(&w);

	assert_int_equal(watched_gain(&got, "process.network.io", "transport=udp direction=transmit"),
	                 N_DATAGRAMS * DATAGRAM);
	assert_int_equal(watched_gain(&got, "process.network.io", "transport=udp direction=receive"),
	                 N_DATAGRAMS * DATAGRAM);
	assert_int_equal(watched_gain(&got, "process.network.calls", "transport=udp"), 2 * N_DATAGRAMS);
	watched_done(&got);
}

/* So many that by their hash some have the same counter, each used by two processes that both are targets. */
static void use_many_sockets(void *what)
{
	static int ends[N_PAIRS][2];
	char piece[DATAGRAM] = { 0 };
	pid_t child;

	for (int i = 0; i < N_PAIRS; i++)
		net_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends[i]) == 0);
	child = fork();
	for (int k = 0; k < N_ROUNDS; k++)
		for (int i = 0; i < N_PAIRS; i++) {
			net_must(send(ends[i][child == 0], piece, (size_t)i + 1, 0) == i + 1);
			net_must(recv(ends[i][child == 0], piece, (size_t)i + 1, MSG_WAITALL) == i + 1);
		}
	if (child == 0)
		_exit(0);
	net_must(waitpid(child, NULL, 0) == child);
}

static void sockets_that_share_a_counter_are_counted_each_and_by_process(void **state)
{
	static const char *const directions[] = { "transmit", "receive" };
	const struct watching w = { .collector = "net", .work = use_many_sockets };
	struct watched got = watch_kernel(&w);
	int64_t n_bytes = (int64_t)N_ROUNDS * N_PAIRS * (N_PAIRS + 1) / 2;
	char own[64], all[64];

	for (int i = 0; i < 2; i++) {
		(void)snprintf(own, sizeof(own), "own transport=unix direction=%s", directions[i]);
		(void)snprintf(all, sizeof(all), "transport=unix direction=%s", directions[i]);
		assert_int_equal(watched_gain(&got, "process.network.calls", own), N_ROUNDS * N_PAIRS);
		assert_int_equal(watched_gain(&got, "process.network.io", own), n_bytes);
		assert_int_equal(watched_gain(&got, "process.network.calls", all), 2 * N_ROUNDS * N_PAIRS);
		assert_int_equal(watched_gain(&got, "process.network.io", all), 2 * n_bytes);
	}
	watched_done(&got);
}

static void stay_silent(void *what)
{
}

static void who_is_not_watched_is_not_counted(void **state)
{
	const struct watching w = { .collector = "net", .work = stay_silent };
	struct watched got = watch_kernel(&w);

	assert_int_equal(watched_gain(&got, "process.network.io", ""), -1);
	assert_int_equal(watched_gain(&got, "connection.io", ""), -1);
	watched_done(&got);
}

static void talk_to_oneself(int which)
{
	int ends[2];
	char c = 0;

	net_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	net_must(send(ends[0], &c, 1, 0) == 1 && recv(ends[1], &c, 1, 0) == 1);
}

static void talk_in_very_many_children(void *what)
{
	watch_have_children(N_TALKERS, talk_to_oneself);
}

/* At one time there is room for fewer, in the kernel and outside; how many there are at one time is the machine's. */
static void of_very_many_processes_each_call_is_counted_or_said_to_be_lost(void **state)
{
	const struct watching w = { .collector = "net", .work = talk_in_very_many_children };
	struct watched got = watch_kernel(&w);
	int64_t n_counted = watched_gain(&got, "process.network.calls", "transport=unix");
	int64_t n_lost = watched_gain(&got, "weir.lost", "");

	assert_int_equal(n_counted + n_lost, 2 * N_TALKERS);
	watched_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_would_block_and_what_is_only_looked_at_is_not_counted),
		cmocka_unit_test(udp_is_counted_to_the_byte),
		cmocka_unit_test(sockets_that_share_a_counter_are_counted_each_and_by_process),
		cmocka_unit_test(who_is_not_watched_is_not_counted),
		cmocka_unit_test(of_very_many_processes_each_call_is_counted_or_said_to_be_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
