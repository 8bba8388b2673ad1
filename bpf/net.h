/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_NET_H
#define BPF_NET_H

/* What net.bpf.c counts and collectors/net reads. */

#include "bpf/hist.h"
#include "bpf/target.h"

enum {
	NET_SOCKETS_MAX = 8192, /* sockets of targets that have moved bytes and not yet been let go */
	NET_TCPS_MAX = 4096,    /* the TCP ones among them: their histograms are what is large */
	NET_COUNTERS_BITS = 11,
	NET_COUNTERS = 1 << NET_COUNTERS_BITS, /* of them whose further calls are counted without a map */
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
	__u64 n_bytes[2]; /* sent, received */
	__u64 n_calls[2];
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

/* What a process has moved through a socket since that was met, beside what stands in the map: a cache line that is
 * found by its key's hash. Whoever comes first has it until user space lets the socket go; who meets another's is
 * counted in the map. By all processors at once. */
struct net_counter {
	__u64 cookie; /* 0: it is nobody's */
	__u32 tgid;
	__u32 is_taken;
	__u64 n_bytes[2]; /* sent, received */
	__u64 n_calls[2];
	__u64 reserved[2];
};

_Static_assert(sizeof(struct net_counter) == 64, "the layout that both compilers see");

static inline __attribute__((always_inline)) __u32 net_counter_of(__u64 cookie, __u32 tgid)
{
	/* Fibonacci hashing: cookies are counted up. */
	return (__u32)(((cookie ^ (__u64)tgid << 32) * 0x9e3779b97f4a7c15ULL) >> (64 - NET_COUNTERS_BITS));
}

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
