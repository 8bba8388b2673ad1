/* SPDX-License-Identifier: Apache-2.0 */
/* The net collector where something is missing, and what it asks then: netlink, and the namespace's own counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/net/netlink.h"
#include "tests/collectors/net_work.h"
#include <cmocka.h>
#include <sys/socket.h>

enum {
	N_TURNED_AWAY = 6,
};

static void turn_away(void *what)
{
	struct sockaddr_in at = net_home();
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	net_must(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 1) == 0);
	for (int i = 0; i < 2 + N_TURNED_AWAY; i++)
		(void)connect(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), (struct sockaddr *)&at,
		              sizeof(at));
}

static void who_is_turned_away_by_a_full_listener_is_counted(void **state)
{
	const struct lend_pair procfs = { "rung", "procfs" };
	const struct watching w = {
		.collector = "net", .work = turn_away, .prepare = net_move_out, .options = &procfs, .n_options = 1
	};
	struct watched got = watch(&w);

	/* Of a queue of one, two are let in. */
	assert_int_equal(watched_gain(&got, "system.tcp.listen_drops", "cause=overflow"), N_TURNED_AWAY);
	assert_int_equal(watched_gain(&got, "system.tcp.listen_drops", "cause=any"), N_TURNED_AWAY);
	watched_done(&got);
}

/* ---- sock_diag ---- */

/* The connection is there when the collector first looks, and has ended when it looks again. */
static struct net_line prepared;

static void move_out_and_connect(void *what)
{
	net_move_out(what);
	prepared = net_connect(0);
}

/* Who receives net_must have no more capabilities than who looks. */
static void connect_at_home(void *what)
{
	net_must(watch_drop_capabilities() == 0);
	prepared = net_connect(0);
}

static void stream_prepared(void *what)
{
	net_stream(&prepared, NULL);
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

	needs_diag();
	w.collector = "net";
	w.work = stream_prepared;
	got = net_watch(&w, net_has_bytes);
	assert_watched_says(&got, why);
	assert_true(watched_is_on(&got, "sock_diag"));
	assert_true(watched_says(&got, "it lacks: calls"));
	assert_true(net_is_stream(watched_gain(&got, "process.network.io", "own transport=tcp direction=transmit")));
	assert_true(net_is_stream(watched_gain(&got, "process.network.io", "transport=tcp direction=receive")));
	assert_true(
		net_is_stream(watched_gain(&got, "tcp.bytes", "role=client direction=transmit peer=127.0.0.1:3001")));
	assert_true(net_is_stream(watched_gain(&got, "tcp.bytes", "role=server direction=receive port=3001")));
	assert_true(watched_count(&got, "tcp.rtt", "role=client") > 0);
	assert_true(watched_says(&got, "\"span\":\"tcp.connection\""));
	assert_int_equal(watched_gain(&got, "process.network.calls", ""), -1);
	assert_int_equal(watched_gain(&got, "weir.lost", ""), 0);
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

/* ---- The lowest ---- */

static void assert_procfs_measures(struct watching w, const char *why)
{
	struct watched got;

	w.collector = "net";
	w.work = net_stream_calmly;
	w.prepare = net_move_out;
	got = watch(&w);
	assert_watched_says(&got, why);
	assert_true(watched_is_on(&got, "procfs"));
	assert_true(watched_says(&got, "it lacks: bytes"));
	assert_true(watched_gain(&got, "system.network.io", "device=lo direction=transmit") > NET_STREAM_BYTES);
	assert_int_equal(watched_gain(&got, "process.network.io", ""), -1);
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
		cmocka_unit_test(who_is_turned_away_by_a_full_listener_is_counted),
		cmocka_unit_test(sock_diag_tells_what_a_connection_came_to),
		cmocka_unit_test(without_types_it_says_so_and_asks_through_netlink),
		cmocka_unit_test(at_home_no_capability_is_needed_for_it),
		cmocka_unit_test(the_lowest_rung_reads_the_namespace),
		cmocka_unit_test(what_may_not_be_read_is_said),
		cmocka_unit_test(another_namespace_takes_a_capability),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
