/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of sock_diag, as the kernel sends them and as it must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>

#include "collectors/net/netlink.h"
#include "tests/support/bytes.h"

/* One message with one attribute. */
struct message {
	struct nlmsghdr head;
	struct inet_diag_msg socket;
	struct nlattr attr;
	unsigned char info[sizeof(struct tcp_info)]; /* unaligned */
};

static struct message established(void)
{
	const struct tcp_info info = { .tcpi_rtt = 250,
		                       .tcpi_snd_cwnd = 10,
		                       .tcpi_total_retrans = 3,
		                       .tcpi_bytes_acked = 1000,
		                       .tcpi_bytes_received = 2000,
		                       .tcpi_segs_in = 40 };
	struct message m = {
		.head = { .nlmsg_len = sizeof(m), .nlmsg_type = SOCK_DIAG_BY_FAMILY },
		.socket = { .idiag_family = AF_INET,
		            .idiag_state = 1,
		            .id = { .idiag_sport = htons(3001), .idiag_dport = htons(4002), .idiag_cookie = { 7, 1 } },
		            .idiag_inode = 99 },
		.attr = { sizeof(struct nlattr) + sizeof(struct tcp_info), INET_DIAG_INFO },
	};

	m.socket.id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
	memcpy(m.info, &info, sizeof(info));
	return m;
}

/* Against a page that may not be read. */
static uint32_t decode(const struct message *m, size_t n, struct netlink_tcp *ret, enum netlink_kind *kind)
{
	struct bytes b = bytes_guarded((const uint8_t *)m, n);
	uint32_t used = netlink_decode(b.at, (uint32_t)n, ret, kind);

	bytes_done(&b);
	return used;
}

static void a_socket_is_read(void **state)
{
	struct message m = established();
	struct netlink_tcp t;
	enum netlink_kind kind;

	assert_int_equal(decode(&m, sizeof(m), &t, &kind), sizeof(m));
	assert_int_equal(kind, NETLINK_SOCKET);
	assert_int_equal(t.cookie, 1ULL << 32 | 7);
	assert_int_equal(t.inode, 99);
	assert_int_equal(t.local_port, 3001);
	assert_int_equal(t.remote_port, 4002);
	assert_int_equal(t.remote[0], htonl(INADDR_LOOPBACK));
	assert_true(t.has_info && !t.is_listening);
	assert_int_equal(t.n_acked_bytes, 1000);
	assert_int_equal(t.n_received_bytes, 2000);
	assert_int_equal(t.n_retransmits, 3);
	assert_int_equal(t.window, 10);
	assert_int_equal(t.rtt_us, 250);
	assert_int_equal(t.n_segments_in, 40);
}

static void a_listener_has_no_traffic(void **state)
{
	struct message m = established();
	struct netlink_tcp t;
	enum netlink_kind kind;

	m.socket.idiag_state = 10;
	assert_int_equal(decode(&m, sizeof(m), &t, &kind), sizeof(m));
	assert_true(t.is_listening && !t.has_info);
}

static void every_prefix_asks_for_more(void **state)
{
	struct message m = established();
	struct netlink_tcp t;
	enum netlink_kind kind;

	for (size_t n = 0; n < sizeof(m); n++)
		assert_int_equal(decode(&m, n, &t, &kind), 0);
}

static void an_older_kernels_shorter_information_is_none(void **state)
{
	struct message m = established();
	size_t enough = offsetof(struct tcp_info, tcpi_segs_in) + 4;
	struct netlink_tcp t;
	enum netlink_kind kind;

	for (size_t n = 0; n <= sizeof(struct tcp_info); n += 4) {
		m.attr.nla_len = (uint16_t)(sizeof(struct nlattr) + n);
		m.head.nlmsg_len = (uint32_t)(offsetof(struct message, info) + n);
		assert_int_equal(decode(&m, m.head.nlmsg_len, &t, &kind), m.head.nlmsg_len);
		assert_int_equal(t.has_info, n >= enough);
	}
}

static void lengths_that_lie_are_not_followed(void **state)
{
	struct message m = established();
	struct netlink_tcp t;
	enum netlink_kind kind;

	for (unsigned n = 0; n <= UINT16_MAX; n++) {
		m.attr.nla_len = (uint16_t)n;
		assert_int_equal(decode(&m, sizeof(m), &t, &kind), sizeof(m));
	}
	m = established();
	for (uint32_t n = 0; n < sizeof(struct nlmsghdr); n++) {
		m.head.nlmsg_len = n;
		assert_int_equal(decode(&m, sizeof(m), &t, &kind), 0);
	}
	m.head.nlmsg_len = UINT32_MAX;
	assert_int_equal(decode(&m, sizeof(m), &t, &kind), 0);
}

static void other_messages_are_told_apart(void **state)
{
	struct message m = established();
	struct netlink_tcp t;
	enum netlink_kind kind;

	m.head.nlmsg_type = NLMSG_DONE;
	assert_int_equal(decode(&m, sizeof(m), &t, &kind), sizeof(m));
	assert_int_equal(kind, NETLINK_END);
	m.head.nlmsg_type = NLMSG_ERROR;
	assert_int_equal(decode(&m, sizeof(m), &t, &kind), sizeof(m));
	assert_int_equal(kind, NETLINK_ERROR);
	/* One without its number has no error to tell. */
	m.head.nlmsg_len = sizeof(struct nlmsghdr);
	assert_int_equal(decode(&m, sizeof(m), &t, &kind), sizeof(struct nlmsghdr));
	assert_int_equal(kind, NETLINK_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_is_read),
		cmocka_unit_test(a_listener_has_no_traffic),
		cmocka_unit_test(every_prefix_asks_for_more),
		cmocka_unit_test(an_older_kernels_shorter_information_is_none),
		cmocka_unit_test(lengths_that_lie_are_not_followed),
		cmocka_unit_test(other_messages_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
