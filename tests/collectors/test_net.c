/* SPDX-License-Identifier: Apache-2.0 */
/* The net collector on processes that send and receive what they are told, in a network namespace of their own, against
 * what they did and against what TCP and the namespace count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/collectors/net_work.h"
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	DATAGRAM = 700,
	N_SHORT = 300,
};

static int64_t of(const struct watched *w, const char *metric, const char *attrs)
{
	return watched_gain(w, metric, attrs);
}

static int has_totals(const struct watched *got)
{
	return net_has_bytes(got) && of(got, "tcp.retransmits", "") == of(got, "system.tcp.retransmits", "") &&
	       watched_says(got, "\"span\":\"tcp.connection\"");
}

static void assert_every_call_is_counted(const struct watched *got)
{

	assert_int_equal(of(got, "process.network.io", "own transport=tcp direction=transmit"), NET_STREAM_BYTES);
	assert_int_equal(of(got, "process.network.calls", "own transport=tcp direction=transmit"), NET_PIECES);
	assert_int_equal(of(got, "process.network.io", "transport=tcp direction=receive"), NET_STREAM_BYTES);
	assert_int_equal(of(got, "connection.io", "role=client direction=transmit peer=127.0.0.1:3001"),
	                 NET_STREAM_BYTES);
	assert_int_equal(of(got, "connection.io", "role=server direction=receive port=3001"), NET_STREAM_BYTES);
	assert_true(watched_count(got, "tcp.rtt", "role=client") > 0);
	assert_true(of(got, "tcp.congestion_window", "role=client") > 0);
	assert_int_equal(of(got, "weir.lost", ""), 0);
	assert_true(watched_says(got, "{\"end\":\"ok\""));
}

static void a_tcp_stream_is_counted_to_the_byte_at_both_ends(void **state)
{
	const struct watching w = { .collector = "net", .work = net_stream_calmly, .prepare = net_move_out };
	struct watched got = net_watch(&w, has_totals);

	/* Before Linux 6.3 there are no tracepoints of socket calls. */
	assert_true(watched_is_on(&got, "tp_btf") || watched_is_on(&got, "fexit"));
	assert_every_call_is_counted(&got);
	assert_true(has_totals(&got));
	assert_true(of(&got, "system.network.io", "device=lo direction=transmit") > NET_STREAM_BYTES);
	watched_done(&got);
}

static int has_totals_or_another_rung(const struct watched *got)
{
	return has_totals(got) || !watched_is_on(got, "fexit");
}

static void where_functions_can_be_hung_on_they_count_the_same(void **state)
{
	const struct lend_pair fexit = { "rung", "fexit" };
	const struct watching w = { .collector = "net",
		                    .work = net_stream_calmly,
		                    .prepare = net_move_out,
		                    .options = &fexit,
		                    .n_options = 1 };
	struct watched got = net_watch(&w, has_totals_or_another_rung);

	if (watched_is_on(&got, "fexit")) {
		assert_every_call_is_counted(&got);
		assert_true(has_totals(&got));
	} else {
		assert_true(watched_says(&got, "fexit cannot be used: "));
		assert_true(watched_is_on(&got, "sock_diag") || watched_is_on(&got, "procfs"));
	}
	watched_done(&got);
}

static void stream_with_loss(void *what)
{
	const struct net_line l = net_connect(1);

	net_stream(&l, what);
}

static int has_lost(const struct watched *got)
{
	return has_totals(got) && of(got, "tcp.retransmits", "role=client") > 0;
}

static void what_is_sent_again_is_what_tcp_and_the_namespace_count(void **state)
{
	struct tcp_info *info = mmap(NULL, sizeof(*info), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct watching w = {
		.collector = "net", .work = stream_with_loss, .prepare = net_move_out, .what = info
	};
	struct watched got;
	int64_t again;

	assert_true(info != MAP_FAILED);
	got = net_watch(&w, has_lost);
	again = of(&got, "tcp.retransmits", "role=client");
	if (!has_lost(&got))
		fail_msg("client %lld, all %lld, namespace %lld\n%s", (long long)again,
		         (long long)of(&got, "tcp.retransmits", ""), (long long)of(&got, "system.tcp.retransmits", ""),
		         got.text);
	/* The end itself may be lost and sent again. */
	assert_in_range(again, info->tcpi_total_retrans, info->tcpi_total_retrans + 3);
	assert_in_range(of(&got, "tcp.bytes", "role=client direction=transmit"), info->tcpi_bytes_acked,
	                info->tcpi_bytes_acked + 1);
	assert_int_equal(of(&got, "connection.io", "role=server direction=receive"), NET_STREAM_BYTES);
	watched_done(&got);
	(void)munmap(info, sizeof(*info));
}

/* ---- Short lives ---- */

static void connect_often(void *what)
{
	struct sockaddr_in at = net_home();
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char piece[DATAGRAM] = { 0 };

	net_must(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 4) == 0);
	for (int i = 0; i < N_SHORT; i++) {
		int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server;

		net_must(connect(client, (struct sockaddr *)&at, sizeof(at)) == 0);
		server = accept(listener, NULL, NULL);
		net_must(send(client, piece, DATAGRAM, 0) == DATAGRAM);
		net_must(recv(server, piece, DATAGRAM, MSG_WAITALL) == DATAGRAM);
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

/* Their ends are told in interrupts: see net_watch(). */
static int has_lives(const struct watched *got)
{
	return spans(got) == 2 * N_SHORT;
}

static void connections_between_two_polls_are_read_before_they_go(void **state)
{
	const struct watching w = { .collector = "net", .work = connect_often, .prepare = net_move_out };
	struct watched got = net_watch(&w, has_lives);

	assert_in_range(spans(&got), 2 * N_SHORT * 99 / 100, 2 * N_SHORT);
	assert_int_equal(of(&got, "process.network.io", "transport=tcp direction=transmit"), N_SHORT * DATAGRAM);
	assert_int_equal(of(&got, "process.network.io", "transport=tcp direction=receive"), N_SHORT * DATAGRAM);
	assert_int_equal(of(&got, "weir.lost", ""), 0);
	watched_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tcp_stream_is_counted_to_the_byte_at_both_ends),
		cmocka_unit_test(where_functions_can_be_hung_on_they_count_the_same),
		cmocka_unit_test(what_is_sent_again_is_what_tcp_and_the_namespace_count),
		cmocka_unit_test(connections_between_two_polls_are_read_before_they_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
