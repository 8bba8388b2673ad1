/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_NETLINK_H
#define NET_NETLINK_H

/* What the kernel tells of TCP sockets when asked through netlink (sock_diag(7)), in the network namespace of a
 * process: all that are there, and the last of each that ends. One thread; nothing blocks but the kernel's own answer.
 */

#include <stddef.h>
#include <stdint.h>

enum {
	NETLINK_TEXT_MAX = 32768,
	NETLINK_WHY_MAX = 256,
};

/* A socket, as one message tells of it. Addresses in network order. */
struct netlink_tcp {
	uint64_t cookie;
	uint64_t n_acked_bytes, n_received_bytes; /* SYN and FIN are a byte each */
	uint32_t inode;                           /* 0: nobody's any more */
	uint32_t n_retransmits, window, rtt_us, n_segments_in;
	uint32_t remote[4];
	uint16_t family, local_port, remote_port;
	uint8_t is_listening, has_info;
};

struct netlink {
	int fd, fd_ends;  /* -1: closed */
	uint32_t n, at;   /* of what was received */
	uint32_t is_done; /* with the family that was asked for */
	uint64_t n_missed_ends;
	_Alignas(8) unsigned char text[NETLINK_TEXT_MAX];
};

/* pid 0: our own namespace. 0, or -errno with why. What it fills is fit for netlink_close in any case. */
int netlink_open(struct netlink *n, int32_t pid, char why[NETLINK_WHY_MAX]);
void netlink_close(struct netlink *n);

/* Asks for all sockets of a family; netlink_next gives one after the other: 1, 0 at the end, or -errno. */
int netlink_ask(struct netlink *n, uint16_t family);
int netlink_next(struct netlink *n, struct netlink_tcp *ret);
/* The next socket that has ended since the last call: 1, or 0 when there is none. Not while an answer is read. */
int netlink_next_end(struct netlink *n, struct netlink_tcp *ret);

/* What a message is. */
enum netlink_kind {
	NETLINK_OTHER,
	NETLINK_SOCKET, /* ret was filled */
	NETLINK_END,    /* of the answer */
	NETLINK_ERROR,
};

/* The first message of n bytes: how many of them it is; 0: there is no whole one. Pure. */
uint32_t netlink_decode(const unsigned char *at, uint32_t n, struct netlink_tcp *ret, enum netlink_kind *ret_kind);

#endif
