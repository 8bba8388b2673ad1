/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	STATE_LISTEN = 10,                                        /* the kernel's TCP_LISTEN */
	ALL_STATES = 0xfff,                                       /* one bit a state */
	ENDS_BYTES = 1 << 20,                                     /* of ends that wait to be read */
	INFO_BYTES = offsetof(struct tcp_info, tcpi_segs_in) + 4, /* of tcp_info that we read; Linux 4.2 has it */
};

/* ---- Opening ---- */

static int is_own_namespace(int32_t pid)
{
	struct stat own, theirs;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	return !pid ||
	       (stat("/proc/self/ns/net", &own) == 0 && stat(path, &theirs) == 0 && own.st_ino == theirs.st_ino);
}

static int open_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return fd < 0 ? -errno : fd;
}

/* Two sockets of the namespace that this thread is in. */
static int open_both(struct netlink *n)
{
	const struct sockaddr_nl ends = { .nl_family = AF_NETLINK,
		                          .nl_groups = 1U << (SKNLGRP_INET_TCP_DESTROY - 1) |
		                                       1U << (SKNLGRP_INET6_TCP_DESTROY - 1) };
	int room = ENDS_BYTES;

	n->fd = open_socket();
	if (n->fd < 0)
		return n->fd;
	n->fd_ends = open_socket();
	/* Without it the last totals are those of the last look. */
	if (n->fd_ends >= 0 && bind(n->fd_ends, (const struct sockaddr *)&ends, sizeof(ends)) < 0) {
		(void)close(n->fd_ends);
		n->fd_ends = -1;
	}
	if (n->fd_ends >= 0)
		(void)setsockopt(n->fd_ends, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return 0;
}

/* A socket stays in the namespace where it was made, whatever its maker does then. */
static int open_there(struct netlink *n, int32_t pid)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), theirs, r;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	theirs = own < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	r = theirs < 0 || setns(theirs, CLONE_NEWNET) < 0 ? -errno : open_both(n);
	if (theirs >= 0 && setns(own, CLONE_NEWNET) < 0 && r == 0)
		r = -errno;
	if (theirs >= 0)
		(void)close(theirs);
	if (own >= 0)
		(void)close(own);
	return r;
}

int netlink_open(struct netlink *n, int32_t pid, char why[NETLINK_WHY_MAX])
{
	struct netlink_tcp one;
	int r;

	n->fd = n->fd_ends = -1;
	n->n_missed_ends = 0;
	r = is_own_namespace(pid) ? open_both(n) : open_there(n, pid);
	if (r < 0) {
		(void)snprintf(
			why, NETLINK_WHY_MAX,
			r == -EPERM || r == -EACCES
				? "the target's network namespace is another one: it needs CAP_SYS_ADMIN, or root"
				: "netlink: %s",
			strerror(-r));
		return r;
	}
	r = netlink_ask(n, AF_INET);
	while (r >= 0 && (r = netlink_next(n, &one)) > 0)
		continue;
	if (r < 0)
		(void)snprintf(why, NETLINK_WHY_MAX,
		               "this kernel tells nothing of TCP sockets (CONFIG_INET_TCP_DIAG): %s", strerror(-r));
	return r;
}

void netlink_close(struct netlink *n)
{
	if (n->fd >= 0)
		(void)close(n->fd);
	if (n->fd_ends >= 0)
		(void)close(n->fd_ends);
	n->fd = n->fd_ends = -1;
}

/* ---- Messages ---- */

static void take_info(const unsigned char *at, uint32_t n, struct netlink_tcp *ret)
{
	struct tcp_info info = { 0 };

	if (n < INFO_BYTES)
		return;
	memcpy(&info, at, n < sizeof(info) ? n : sizeof(info));
	ret->n_acked_bytes = info.tcpi_bytes_acked;
	ret->n_received_bytes = info.tcpi_bytes_received;
	ret->n_retransmits = info.tcpi_total_retrans;
	ret->window = info.tcpi_snd_cwnd;
	ret->rtt_us = info.tcpi_rtt;
	ret->n_segments_in = info.tcpi_segs_in;
	ret->has_info = 1;
}

static void take_socket(const unsigned char *at, uint32_t n, struct netlink_tcp *ret)
{
	struct inet_diag_msg head;
	struct nlattr attr;
	uint32_t used;

	memcpy(&head, at, sizeof(head));
	*ret = (struct netlink_tcp){ .cookie = (uint64_t)head.id.idiag_cookie[1] << 32 | head.id.idiag_cookie[0],
		                     .inode = head.idiag_inode,
		                     .family = head.idiag_family,
		                     .local_port = ntohs(head.id.idiag_sport),
		                     .remote_port = ntohs(head.id.idiag_dport),
		                     .is_listening = head.idiag_state == STATE_LISTEN };
	memcpy(ret->remote, head.id.idiag_dst, sizeof(ret->remote));
	for (used = sizeof(head); n - used >= sizeof(attr); used += (uint32_t)NLA_ALIGN(attr.nla_len)) {
		memcpy(&attr, at + used, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || attr.nla_len > n - used)
			return;
		if (attr.nla_type == INET_DIAG_INFO && !ret->is_listening)
			take_info(at + used + sizeof(attr), attr.nla_len - (uint32_t)sizeof(attr), ret);
		if ((uint32_t)NLA_ALIGN(attr.nla_len) > n - used)
			return;
	}
}

uint32_t netlink_decode(const unsigned char *at, uint32_t n, struct netlink_tcp *ret, enum netlink_kind *ret_kind)
{
	struct nlmsghdr head;

	*ret_kind = NETLINK_OTHER;
	if (n < sizeof(head))
		return 0;
	memcpy(&head, at, sizeof(head));
	if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > n)
		return 0;
	if (head.nlmsg_type == NLMSG_DONE)
		*ret_kind = NETLINK_END;
	if (head.nlmsg_type == NLMSG_ERROR && head.nlmsg_len >= sizeof(head) + sizeof(int))
		*ret_kind = NETLINK_ERROR;
	if (head.nlmsg_type == SOCK_DIAG_BY_FAMILY && head.nlmsg_len - sizeof(head) >= sizeof(struct inet_diag_msg)) {
		*ret_kind = NETLINK_SOCKET;
		take_socket(at + sizeof(head), head.nlmsg_len - (uint32_t)sizeof(head), ret);
	}
	return NLMSG_ALIGN(head.nlmsg_len) < n ? NLMSG_ALIGN(head.nlmsg_len) : n;
}

/* ---- Asking ---- */

int netlink_ask(struct netlink *n, uint16_t family)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 request;
	} ask = {
		.head = { .nlmsg_len = sizeof(ask),
		          .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		          .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.request = { .sdiag_family = (uint8_t)family,
		             .sdiag_protocol = IPPROTO_TCP,
		             .idiag_ext = 1 << (INET_DIAG_INFO - 1),
		             .idiag_states = ALL_STATES },
	};

	n->n = n->at = n->is_done = 0;
	return send(n->fd, &ask, sizeof(ask), 0) < 0 ? -errno : 0;
}

static int receive(struct netlink *n, int fd, int flags)
{
	ssize_t got = recv(fd, n->text, sizeof(n->text), flags);

	n->at = n->n = 0;
	if (got < 0)
		return -errno;
	n->n = (uint32_t)got;
	return got > 0;
}

static int error_of(const unsigned char *at)
{
	struct nlmsgerr error;

	memcpy(&error, at + sizeof(struct nlmsghdr), sizeof(error.error));
	return error.error < 0 ? error.error : -EIO;
}

int netlink_next(struct netlink *n, struct netlink_tcp *ret)
{
	while (!n->is_done) {
		enum netlink_kind kind;
		int r;
		uint32_t used = netlink_decode(n->text + n->at, n->n - n->at, ret, &kind);

		if (!used) {
			r = receive(n, n->fd, 0);
			if (r <= 0)
				return r < 0 ? r : -EIO;
			continue;
		}
		if (kind == NETLINK_ERROR)
			return error_of(n->text + n->at);
		n->at += used;
		n->is_done = kind == NETLINK_END;
		if (kind == NETLINK_SOCKET)
			return 1;
	}
	n->n = n->at = 0;
	return 0;
}

int netlink_next_end(struct netlink *n, struct netlink_tcp *ret)
{
	while (n->fd_ends >= 0) {
		enum netlink_kind kind;
		int r;
		uint32_t used = netlink_decode(n->text + n->at, n->n - n->at, ret, &kind);

		if (!used) {
			r = receive(n, n->fd_ends, MSG_DONTWAIT);
			/* More ended than there was room for; what they came to is not known. */
			n->n_missed_ends += r == -ENOBUFS;
			if (r == -ENOBUFS)
				continue;
			if (r <= 0)
				return 0;
			continue;
		}
		n->at += used;
		if (kind == NETLINK_SOCKET)
			return 1;
	}
	return 0;
}
