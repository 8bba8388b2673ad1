/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_SAMPLES_H
#define GHC_EVENTLOG_SAMPLES_H

/* Heap and time profiles. */

#include "collectors/ghc-eventlog/ledger.h"
#include "collectors/ghc-eventlog/metrics.h"
#include "collectors/ghc-eventlog/table.h"

struct log;

enum {
	TICK_STACKS_MAX = 1 << 16, /* different stacks in one interval */
	LOST_TICKS_MAX = 8,        /* in a row; where more are missing the clock stood still */
};

struct tick {
	uint64_t n;
	uint32_t stack, is_system;
};

struct ticks {
	struct table by_stack; /* to index */
	struct tick *at;
	uint32_t n;
	uint32_t series[2];        /* of the program's stacks, and of the system's; 0: none yet */
	uint64_t start_ns, end_ns; /* of the interval; end 0: there is none */
};

struct samples {
	uint64_t heap_ns;   /* time of the current heap sample */
	uint64_t n_unnamed; /* stacks with a frame that no name was read for */
	uint32_t breakdown, heap_series;
	uint8_t in_heap, has_heap_series;
	struct ticks ticks, calls;
	uint64_t tick; /* number of the latest; 0: none yet */
	uint64_t n_lost_ticks, n_stopped_ticks, lost_offset;
	struct table perf; /* counter to index */
	struct count *perf_counts;
	uint32_t n_perf;
};

enum fate ticks_add(struct log *l, struct ticks *t, enum row row, uint32_t stack, int is_system, uint64_t time_ns);
void samples_finish(struct log *l);
void samples_done(struct samples *s);

#endif
