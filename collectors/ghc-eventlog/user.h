/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_USER_H
#define GHC_EVENTLOG_USER_H

/* What the program says of itself. */

#include "collectors/ghc-eventlog/ledger.h"
#include "collectors/ghc-eventlog/metrics.h"
#include "collectors/ghc-eventlog/texts.h"
#include "parsers/eventlog_order.h"

struct log;

enum {
	ORDER_CELLS = 1 << 18,      /* 64 bytes each, touched as they are used */
	ORDER_CELLS_EASY = 1 << 13, /* so many may wait without a look at what needn't any more */
	SPANS_OPEN_MAX = 1 << 16,
	CALL_FRAMES_MAX = 4096,
};

enum user_key {
	USER_MESSAGE = 0,
	USER_MARKER,
	USER_LABEL,
	USER_KEYS,
};

struct user_span {
	uint64_t start_ns;
	char *label; /* NULL: what it is found by is exact, or it is over */
	uint32_t n_label, lane;
	uint32_t next; /* opened before, and found by the same; or the next free one */
};

/* The part of a call stack that has been said so far, innermost first. */
struct call_stack {
	uint32_t capability, thread, n;
	uint32_t frames[CALL_FRAMES_MAX];
};

struct user {
	struct eventlog_order order;
	struct eventlog_order_cell *cells;
	struct eventlog_order_queue *queues;
	uint8_t *room;
	struct table open; /* a label's id, or its hash, to the span that was opened last; an id may have none */
	struct user_span *spans;
	uint32_t n_spans, n_open, free_span;
	struct texts attrs[USER_KEYS]; /* text to the host's id */
	uint64_t n_said;               /* different texts */
	uint32_t n_until_look;
	uint32_t has_been_full; /* of what waits */
	uint64_t n_unstarted, n_unstopped;
	uint32_t series[ROW_COUNT];
	struct call_stack call_stack;
};

int user_init(struct user *u);
/* Takes what has waited long enough in a log that is still being written: a capability that is idle may not say so for
 * hours. is_quiet: none of them says anything. */
void user_catch_up(struct log *l, int is_quiet);
/* Takes all that still waits. */
void user_finish(struct log *l);
void user_done(struct user *u);

/* One binary message of ghc-stack-profiler. FATE_UNKNOWN: it is none. */
enum fate call_stacks_take(struct log *l, uint64_t time_ns, const uint8_t *at, size_t n);

#endif
