/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_THREADS_H
#define GHC_EVENTLOG_THREADS_H

/* Threads: what they did, and where they are. */

#include "collectors/ghc-eventlog/thread_ids.h"
#include "parsers/eventlog.h"

struct log;
struct lane;

/* What a thread is doing, as far as its capability says. */
enum state {
	STATE_RUNNING = 0,
	STATE_RUNNABLE,
	STATE_MVAR,
	STATE_MVAR_READ,
	STATE_BLACK_HOLE,
	STATE_READ,
	STATE_WRITE,
	STATE_DELAY,
	STATE_STM,
	STATE_THROW_TO,
	STATE_FOREIGN,
	STATE_IO,
	STATE_OTHER,
	STATE_COUNT,
};

extern const char *const state_names[STATE_COUNT];

enum stop {
	STOP_HEAP = 0,
	STOP_STACK,
	STOP_YIELD,
	STOP_FINISHED,
	STOP_BLOCKED, /* the state says on what */
	STOP_MIGRATING,
	STOP_KINDS,
};

enum {
	STATUS_COUNT = 22, /* numbers of reasons to stop */
};

/* By the number: why, and what the thread is from then on. */
extern const struct status {
	uint8_t stop, state;
} statuses[STATUS_COUNT];

/* A thread: what it did, on all capabilities. What is asked of every thread comes first. */
struct thread {
	uint32_t id;
	uint32_t visits;   /* the first, index + 1: on capabilities on which it is, as far as they have been read */
	uint32_t pendings; /* ends of migrations: the first list's first; THREAD_NONE */
	uint32_t next_free;
	uint32_t attrs; /* the host's id, for running spans */
	uint32_t n_label;
	uint8_t is_created, has_run, is_finished, is_used;
	uint64_t created_ns, end_ns;
	uint64_t time_ns[STATE_COUNT];
	char *label;
};

/* A thread on a capability, from its first record there to the migration away. */
struct visit {
	uint64_t since_ns; /* the state began */
	uint64_t ready_ns; /* it could have run from then on */
	struct thread *thread;
	uint32_t id;
	uint32_t next;     /* of the thread's, index + 1; or the next free one */
	uint32_t pending;  /* its arrival, while the departure has not been read: index + 1 */
	uint16_t lane;     /* by its capability */
	uint8_t state;     /* enum state */
	uint8_t has_ready; /* it is known since when it is runnable */
};

enum {
	THREADS_MAX = 1 << 17, /* at one time; what more do is in the capabilities' sums only */
	PENDING_MAX = 1 << 18, /* ends of migrations whose other end has not been read */
};

/* One end of a migration. Where a thread is sent on before it was heard of, since when it could run is known only when
 * its earlier departure is: then the arrival there has an heir, which waits for that. Links are index + 1. */
struct pending {
	uint64_t time_ns;
	uint64_t ready_ns;  /* of a departure: it could run from then on. Of an arrival that has run: when it did */
	uint32_t to;        /* capability */
	uint32_t next;      /* of its thread's to that capability, in the order of time */
	uint32_t before;    /* of the first one: the last */
	uint32_t next_list; /* of the first one: the first of the thread's next list */
	uint32_t heir;      /* of an arrival: the departure or the arrival that is told */
	uint32_t parent;    /* of a departure: the arrival whose heir it is */
	uint8_t is_arrival;
	uint8_t has_run;   /* of an arrival: all that its delay lacks is the departure */
	uint8_t has_ready; /* of a departure */
};

struct threads {
	struct thread_ids ids;
	struct thread *at; /* THREADS_MAX, touched as they are used */
	struct visit *visits;
	struct pending *pendings;
	uint32_t n, n_visits, n_pendings; /* ever used */
	uint32_t free, free_visit, free_pending;
	uint32_t n_waiting; /* finished, with an end of a migration still to come */
	uint64_t n_over, n_pending_over;
	uint64_t n_out_of_step;                        /* records that contradict what was known of a thread */
	uint32_t run_series[STATE_COUNT + STOP_KINDS]; /* of running spans */
	/* thread_times.c */
	uint64_t others_ns[STATE_COUNT];
	uint64_t n_others, n_said;
	uint64_t others_end_ns;
};

int threads_init(struct threads *t);
void threads_done(struct threads *t);

/* Takes records of one lane, in their order. Those that large logs are made of (run, stop, wake-up, events of single
 * sparks) are taken here, others by their rules. */
void threads_take(struct log *l, struct lane *lane, const struct eventlog_event *e, size_t n);
/* Everything that still goes on ends where its capability's records end. */
void threads_finish(struct log *l);

/* ---- thread_times.c ---- */

/* What a stop is called: why it stopped, or on what it blocked. */
const char *thread_stop_name(uint32_t stop, uint32_t state);
/* The thread's number and label, as attributes of a span. */
uint32_t thread_attrs(struct log *l, const struct thread *thread);
/* Says what a thread did, or adds it to the others'. */
void thread_say(struct log *l, struct thread *thread);
/* Says the others. */
void thread_say_others(struct log *l);

#endif
