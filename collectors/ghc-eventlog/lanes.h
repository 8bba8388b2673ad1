/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_LANES_H
#define GHC_EVENTLOG_LANES_H

/* Capabilities, and the sums over their intervals. */

#include "collectors/ghc-eventlog/distribution.h"
#include "collectors/ghc-eventlog/metrics.h"
#include "collectors/ghc-eventlog/outbox.h"
#include "collectors/ghc-eventlog/threads.h"

struct log;

enum {
	LANE_GLOBAL = EVENTLOG_CAPABILITIES_MAX, /* what belongs to no capability */
	LANE_COUNT,
	IDLE_INTERVALS_MAX = 3600, /* said one by one; a longer stretch is one long interval */
	GENERATIONS_MAX = 16,      /* of a collector; the default is 2 */
};

enum gc_thread_state {
	GC_THREAD_NONE = 0,
	GC_THREAD_WORK,
	GC_THREAD_IDLE,
	GC_THREAD_DONE,
	GC_THREAD_COUNT,
};

/* Why a collection was asked for, as far as what went before it tells. */
enum gc_cause {
	GC_CAUSE_UNKNOWN = 0,
	GC_CAUSE_ALLOCATION, /* a thread had used up its allocation area */
	GC_CAUSE_REQUEST,    /* a thread called performGC or its like */
	GC_CAUSE_IDLE,       /* nothing had run for a while */
	GC_CAUSE_COUNT,
};

enum spark {
	SPARK_CREATED = 0,
	SPARK_DUD,
	SPARK_OVERFLOWED,
	SPARK_CONVERTED,
	SPARK_COLLECTED,
	SPARK_FIZZLED,
	SPARK_REMAINING, /* a level, not a count */
	SPARK_KINDS,
};

enum spark_event {
	SPARK_EVENT_CREATE = 0,
	SPARK_EVENT_DUD,
	SPARK_EVENT_OVERFLOW,
	SPARK_EVENT_RUN,
	SPARK_EVENT_STEAL,
	SPARK_EVENT_FIZZLE,
	SPARK_EVENT_GC,
	SPARK_EVENT_KINDS,
};

/* A value that a capability says again and again; the last of an interval goes out. */
struct level {
	uint64_t time_ns, value;
	uint32_t series;
	uint8_t is_new, has_series;
};

/* A number that every interval has, once it has been anything but 0. */
struct real {
	uint32_t series;
	uint8_t has_series;
};

/* A sum that only grows; it goes out at the end of an interval in which it has. */
struct count {
	uint64_t value, said;
	uint32_t series;
	uint8_t has_series;
};

struct generation {
	struct count n, copied;
};

/* The collection that a capability takes part in. */
struct collection {
	uint64_t requested_ns, start_ns;
	uint64_t thread_since_ns;
	enum gc_thread_state thread_state;
	uint32_t generation;
	enum gc_cause cause;
	uint8_t is_running, has_request, is_parallel, has_stats;
};

struct lane {
	uint32_t capability;
	uint32_t is_seen;
	uint64_t now_ns;               /* of the latest record */
	uint64_t interval_ns, edge_ns; /* where the current interval starts and ends */
	uint64_t block_ns;             /* where the open block begins */
	uint64_t repeats_before_ns;    /* of the open block: what is older has been read before; 0: nothing more is */
	uint64_t repeats_end_ns;       /* the same, once one of its records has been */
	uint64_t repeats_first_ns;     /* the same, at the block's begin */
	struct visit *running;
	uint32_t running_id;
	struct visit stranger; /* runs, and there is no room for it */

	/* Sums over the interval, modulo 2^64: what is going on is in them as minus its start. Times and counts stand
	 * apart: side by side, compilers read both at once, and the processor waits for who wrote one of them. */
	uint64_t run_ns, gc_ns;
	uint64_t threads_ns[STATE_COUNT]; /* over all threads in that state; what runs is in run_ns */
	uint64_t n_threads[STATE_COUNT];  /* now */
	uint64_t n_stops[STATUS_COUNT];   /* by the number that the record has */
	uint32_t last_stop;               /* that number, of the latest */
	struct real thread_levels[STATE_COUNT], run_share, gc_share;

	struct count run_time, gc_time;
	struct count created, wakeups, migrations, stops[STATE_COUNT + STOP_KINDS];
	struct distribution run_delay, slice, gc_sync;
	struct real run_delay_out, slice_out, gc_sync_out;

	struct collection gc;
	struct generation generations[GENERATIONS_MAX + 1]; /* the last: not said */
	uint32_t n_generations;                             /* up to the highest that there was */
	struct count gc_thread_time[GC_THREAD_COUNT], parallel_copied, parallel_max, parallel_balanced;
	struct level slop, fragmentation, heap_blocks, heap_size, allocated, megablocks[3];
	struct level sparks[SPARK_KINDS];
	struct count spark_events[SPARK_EVENT_KINDS];
};

/* The capability's lane, made when it isn't there. NULL: no memory. */
struct lane *lane_get(struct log *l, uint32_t capability);
/* Ends the intervals that are over at that time, which is before OUTBOX_TIMES_END_NS. */
void lane_advance(struct log *l, struct lane *lane, uint64_t time_ns);
/* Says what the collection that has just ended did, at that time. */
void lane_say_collection(struct log *l, struct lane *lane, uint64_t end_ns);
/* Ends the last interval where the lane's records end. */
void lane_finish(struct log *l, struct lane *lane);

/* g: GENERATIONS_MAX and what is beyond is not said. */
static inline struct generation *lane_generation(struct lane *lane, uint32_t g)
{
	if (g > GENERATIONS_MAX)
		g = GENERATIONS_MAX;
	if (lane->n_generations <= g)
		lane->n_generations = g + 1;
	return &lane->generations[g];
}

static inline void level_set(struct level *level, uint64_t time_ns, uint64_t value)
{
	level->time_ns = time_ns;
	level->value = value;
	level->is_new = 1;
}

/* Series with these attributes; pairs of texts, a NULL ends them. */
uint32_t series_of(struct log *l, enum row row, ...);

#endif
