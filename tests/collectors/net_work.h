/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COLLECTORS_NET_WORK_H
#define COLLECTORS_NET_WORK_H

/* What the watched processes of the net collector's tests send to themselves. */

#include <linux/tcp.h>
#include <netinet/in.h>

#include "tests/collectors/watch.h"

enum {
	NET_PORT = 3001,
	NET_PIECE = 4000,
	NET_PIECES = 1000,
	NET_STREAM_BYTES = NET_PIECE * NET_PIECES,
};

/* ---- In the watched process ---- */

/* Failing ends it; the test then misses what it should have done. */
void net_must(int is_true);
/* To a network namespace where nobody else sends anything. */
void net_move_out(void *what);
struct sockaddr_in net_home(void);

/* The ends of a stream: who sends is the process itself, who receives its child. */
struct net_line {
	int fd, told;
	pid_t server;
};

struct net_line net_connect(int with_loss);
/* NET_STREAM_BYTES in NET_PIECES calls, to the line's end. ret, unless NULL: TCP's own account of who sent. */
void net_stream(const struct net_line *l, struct tcp_info *ret);
void net_stream_calmly(void *what); /* all of it */

/* ---- In the test ---- */

/* watch_kernel(), until all was heard. TCP speaks of itself in interrupts. On some virtual machines no BPF program runs
 * in a certain process, so seldom what it said last is not heard; then it is tried again. */
struct watched net_watch(const struct watching *w, int (*is_whole)(const struct watched *got));
/* Whether so many bytes are a stream as TCP counts it: SYN or FIN are a byte each. */
int net_is_stream(int64_t n);
/* Whether TCP's own counts of both ends are. */
int net_has_bytes(const struct watched *got);

#endif
