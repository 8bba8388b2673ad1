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
/* A span to be filled in before the next call: all but its series and its start is 0. */
struct weir_span *outbox_span(struct outbox *o, uint32_t series, uint64_t time_ns);
/* What a stack itself has. Stack 0 drops it. */
void outbox_weight(struct outbox *o, uint32_t series, uint64_t time_ns, uint64_t duration_ns, uint32_t stack,
                   uint64_t self);
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

#endif
