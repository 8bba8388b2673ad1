/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_NET_H
#define BPF_NET_H

/* What net.bpf.c counts and collectors/net reads. */

#include "bpf/hist.h"
#include "bpf/target.h"

enum {
	NET_SOCKETS_MAX = 8192, /* sockets of targets that have moved bytes and not yet been let go */
	NET_TCPS_MAX = 4096,    /* the TCP ones among them: their histograms are what is large */
};

/* Stable in the kernel: they are those of socket(2). */
enum {
	NET_FAMILY_UNIX = 1,
	NET_FAMILY_INET = 2,
	NET_FAMILY_INET6 = 10,
	NET_PROTOCOL_TCP = 6,
	NET_PROTOCOL_UDP = 17,
	NET_FLAG_PEEK = 2,
};

enum {
	NET_ROLE_UNKNOWN = 0, /* it was there before us */
	NET_ROLE_CLIENT,
	NET_ROLE_SERVER,
};

struct net_socket_key {
	__u64 cookie;
	__u32 tgid;
	__u32 reserved;
};

struct net_calls {
	__u64 n_sent_bytes;
	__u64 n_received_bytes;
	__u64 n_sends;
	__u64 n_receives;
	/* Of the CPU that met the socket first; family is 0 in the other copies. Addresses in network order. */
	__u32 local[4];
	__u32 remote[4];
	__u16 local_port;
	__u16 remote_port;
	__u16 family;
	__u16 protocol;
	__u32 role;
	__u32 reserved;
};

_Static_assert(sizeof(struct net_calls) == 32 + 32 + 16, "the layout that both compilers see");

/* By cookie. One writer at a time: all hooks that fill it hold the socket's lock. */
struct net_tcp {
	__u64 first_ns;      /* CLOCK_MONOTONIC: established, or first seen */
	__u64 closed_ns;     /* 0: open */
	__u64 n_acked_bytes; /* tcp_info's, with SYN and FIN as one byte each */
	__u64 n_received_bytes;
	__u32 n_retransmits;
	__u32 window; /* congestion window, segments */
	struct hist rtt;
};

_Static_assert(sizeof(struct net_tcp) == 40 + sizeof(struct hist), "the layout that both compilers see");

enum net_loss {
	NET_LOST_SOCKETS,
	NET_LOST_TCPS,
	NET_LOST_COUNT,
};

#endif
