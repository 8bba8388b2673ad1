/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_H
#define NET_H

/* The parts of the net collector. kernel.c counts socket calls and follows TCP through eBPF (no_kernel.c stands in for
 * it where weir is built without); diag.c asks the kernel for its TCP sockets through netlink.c; system.c reads what
 * the kernel counts in the target's network namespace; connection.c names a connection for both of the former. */

#include "bpf/live.h"
#include "bpf/net.h"

enum net_row {
	ROW_PROCESS_IO,
	ROW_PROCESS_CALLS,
	ROW_CONNECTION_IO,
	ROW_CONNECTION_CALLS,
	ROW_CONNECTION,
	ROW_RTT,
	ROW_RETRANSMITS,
	ROW_WINDOW,
	ROW_TCP_BYTES,
	ROW_SYSTEM_IO,
	ROW_SYSTEM_PACKETS,
	ROW_SYSTEM_ERRORS,
	ROW_SYSTEM_DROPPED,
	ROW_SYSTEM_RETRANSMITS,
	ROW_LISTEN_DROPS,
	ROW_LOST,
	ROW_MAP_FILL,
	ROW_SKEW,
	ROW_COUNT,
};

enum {
	NET_ENDPOINT_MAX = 64,
};

/* `127.0.0.1:3001`, `[::1]:3001`; empty: there is none. Addresses in network order. */
void net_endpoint(uint16_t family, const uint32_t address[4], uint16_t port, char ret[NET_ENDPOINT_MAX]);

/* ---- A connection's names and series ---- */

extern const char *const net_directions[2]; /* `transmit`, `receive` */

struct net_ends {
	uint64_t cookie;
	uint32_t tgid;
	uint32_t role; /* bpf/net.h */
	const char *transport;
	uint32_t remote[4]; /* network order */
	uint16_t family, local_port, remote_port;
};

enum {
	NET_NAMES = 6, /* pairs that net_names fills; one more may follow */
};

struct net_names {
	char pid[16], cookie[24], peer[NET_ENDPOINT_MAX], port[8];
	struct outbox_pair pairs[NET_NAMES + 1];
};

void net_names(const struct net_ends *e, struct net_names *ret);

/* What only TCP has. */
struct net_tcp_series {
	uint32_t rtt, retransmits, window, bytes[2], span;
};

void net_tcp_declare(const struct outbox *o, struct net_names *names, struct net_tcp_series *ret);

/* ---- The namespace of the target ---- */

struct net_system;

/* pid 0: our own. NULL: no memory. */
struct net_system *net_system_new(int32_t pid);
void net_system_poll(struct net_system *s, struct outbox *o);
void net_system_free(struct net_system *s); /* NULL is fine */

/* ---- sock_diag ---- */

struct net_diag;

/* 0, or -errno, with why in plain words where there is more to say. pid: of the namespace that is looked at. */
int net_diag_open(int32_t pid, struct net_diag **ret, char why[LIVE_WHY_MAX]);
void net_diag_poll(struct net_diag *d, struct live *l);
void net_diag_close(struct net_diag *d); /* NULL is fine */

/* ---- eBPF ---- */

struct net_kernel;

enum net_means {
	NET_TRACEPOINTS,
	NET_FUNCTIONS, /* where the kernel has no tracepoints of socket calls */
};

/* Loads and attaches. 0, or -errno, with why in plain words where there is more to say. */
int net_kernel_open(struct live *l, enum net_means means, struct net_kernel **ret, char why[LIVE_WHY_MAX]);
void net_kernel_poll(struct net_kernel *k, struct live *l);
void net_kernel_close(struct net_kernel *k); /* NULL is fine */

#endif
