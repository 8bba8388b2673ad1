/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_OUTBOX_H
#define GHC_EVENTLOG_OUTBOX_H

/* Observations on their way to the host, in the runtime's time, which starts with the runtime. They wait here until it
 * is known when that was: up to GHC 9.0 the log says so only at its end. What waits is compact (what the log is reduced
 * to), and bounded: when it gets too much, the caller has to settle for an estimate.
 *
 * The first result < 0 of the host sticks, in `r`: everything after it is dropped.
 */

#include <stddef.h>
#include <weir/collector.h>

#include "collectors/ghc-eventlog/distribution.h"

enum {
	OUTBOX_BATCH = 256,         /* observations handed over at once */
	OUTBOX_HELD_MAX = 24 << 20, /* bytes of observations that wait for the clock */
};

/* A runtime's time from here on (34 years) is no time. */
#define OUTBOX_TIMES_END_NS (((uint64_t)1 << 30) * 1000000000)

struct outbox {
	const struct weir_host *host;
	int r;
	int is_tied;
	int64_t start_ns; /* UTC of the runtime's time 0 */
	uint32_t n_numbers, n_spans, n_weights;
	struct weir_number numbers[OUTBOX_BATCH]; /* in the runtime's time */
	struct weir_span spans[OUTBOX_BATCH + 1]; /* the last: nobody's */
	struct weir_weight weights[OUTBOX_BATCH];
	uint8_t *held;
	size_t n_held, n_held_room;
};

/* Series 0 (the host refused it) drops the observation. Times are the runtime's. */
void outbox_count(struct outbox *o, uint32_t series, uint64_t time_ns, uint64_t value); /* of type I64 */
void outbox_real(struct outbox *o, uint32_t series, uint64_t time_ns, double value);    /* of type F64 */
/* Nothing when the distribution is empty. */
void outbox_distribution(struct outbox *o, uint32_t series, uint64_t time_ns, uint64_t duration_ns,
                         const struct distribution *d);

/* Whether so much waits that the clock must be settled now. */
int outbox_is_full(const struct outbox *o);
/* From now on it is known when the runtime started; what waited goes out. */
void outbox_tie(struct outbox *o, int64_t start_ns);
/* Hands over what is pending. */
void outbox_flush(struct outbox *o);
void outbox_done(struct outbox *o);

static inline int outbox_is_sendable(const struct outbox *o, uint32_t series)
{
	return series && !o->r;
}

/* A span to be filled in before the next call: all but its series and its start is 0. It is where it will be read: a
 * copy of what has just been written field by field waits for all the writes. */
static inline struct weir_span *outbox_span(struct outbox *o, uint32_t series, uint64_t time_ns)
{
	struct weir_span *span;

	if (__builtin_expect(o->n_spans == OUTBOX_BATCH, 0))
		outbox_flush(o);
	span = &o->spans[outbox_is_sendable(o, series) ? o->n_spans++ : OUTBOX_BATCH];
	*span = (struct weir_span){ .time_ns = (int64_t)time_ns, .series = series };
	return span;
}

/* What a stack itself has. Stack 0 drops it. */
static inline void outbox_weight(struct outbox *o, uint32_t series, uint64_t time_ns, uint64_t duration_ns,
                                 uint32_t stack, uint64_t self)
{
	if (!outbox_is_sendable(o, series) || !stack)
		return;
	if (__builtin_expect(o->n_weights == OUTBOX_BATCH, 0))
		outbox_flush(o);
	o->weights[o->n_weights++] = (struct weir_weight){ .time_ns = (int64_t)time_ns,
		                                           .duration_ns = (int64_t)duration_ns,
		                                           .self.i64 = self > INT64_MAX ? INT64_MAX : (int64_t)self,
		                                           .series = series,
		                                           .stack = stack,
		                                           .flags = WEIR_WEIGHT_HAS_SELF };
}

#endif
