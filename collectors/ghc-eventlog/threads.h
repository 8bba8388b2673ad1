/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_THREADS_H
#define GHC_EVENTLOG_THREADS_H

/* Threads: what they did, and where they are. */

#include "collectors/ghc-eventlog/distribution.h"
#include "collectors/ghc-eventlog/table.h"
#include "parsers/eventlog.h"

struct log;
struct lane;

/* What a thread is doing, as far as its capability says. */
enum state {
	STATE_RUNNING = 0,
	STATE_RUNNABLE,
	STATE_MVAR,
	STATE_BLACK_HOLE,
	STATE_MVAR_READ,
	STATE_READ,
	STATE_WRITE,
	STATE_DELAY,
	STATE_STM,
	STATE_THROW_TO,
	STATE_FOREIGN,
	STATE_IO,
	STATE_OTHER,
	STATE_COUNT,
	STATES_NEAR = STATE_MVAR_READ, /* all that most threads ever are in */
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

/* A thread: what it did, on all capabilities. Logs of short-lived threads are read as fast as these come from memory:
 * so it is one cache line, and what few threads need stands elsewhere. */
struct thread {
	uint32_t id;
	uint32_t visits;   /* the first but that in its own place, index + 1; the next free thread */
	uint32_t pendings; /* ends of migrations: the first list's first; THREAD_NONE */
	uint8_t life;      /* enum thread_life */
	uint8_t is_created, has_run, has_more;
	uint64_t created_ns, end_ns;
	uint64_t near_ns[STATES_NEAR]; /* spent in each state */
} __attribute__((aligned(64)));

enum thread_life {
	THREAD_FREE = 0, /* no thread */
	THREAD_LIVES,
	THREAD_FINISHED,
};

struct thread_more {
	uint64_t far_ns[STATE_COUNT - STATES_NEAR];
	char *label;
	uint32_t n_label;
	uint32_t attrs; /* the host's id, for running spans */
};

/* A thread on a capability, from its first record there to the migration away. The thread is on several at a time, as
 * far as they have been read: the visit that was asked for last is in the place that is the thread's own. That it was
 * sent away stays there, too, while nothing else has to. */
struct visit {
	uint64_t since_ns; /* the state began, or it was sent away */
	uint64_t ready_ns; /* it could have run from then on */
	uint32_t thread;
	uint32_t next;     /* of the thread's, index + 1; or the next free one */
	uint32_t pending;  /* its arrival, while the departure has not been read: index + 1 */
	uint16_t lane;     /* by its capability; with VISIT_SENT: it was sent there; VISIT_NONE */
	uint8_t state;     /* enum state */
	uint8_t has_ready; /* it is known since when it is runnable */
};

#define THREAD_NONE UINT32_MAX

enum {
	THREADS_MAX = 1 << 17,    /* at one time; what more do is in the capabilities' sums only */
	THREADS_WINDOW = 1 << 16, /* places that are found by the number's low bits */
	THREAD_STRANGER = THREADS_WINDOW + THREADS_MAX, /* the place of all that find no room */
	VISITS_MAX = THREAD_STRANGER + THREADS_MAX,
	VISIT_SENT = 1 << 15,
	VISIT_NONE = UINT16_MAX,
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

/* Threads that are put together. */
struct others {
	uint64_t time_ns[STATE_COUNT];
	uint64_t n, start_ns, end_ns;
	struct distribution run_time, life;
};

/* A runtime gives numbers out one after the other, and what happens to one thread happens to the next soon after. So a
 * thread's place is that of its number's low bits: nothing has to be searched, and neighbours are asked for in turn.
 * Where an older thread still lives in it, the younger one goes behind the window and is found by a table. */
struct threads {
	/* Large, and never cleared: an entry is written whole when it is first used, and most never are. */
	struct thread *at;        /* the window's, then others; and one for all that find no room */
	struct thread_more *more; /* by the same index */
	struct visit *visits;     /* by the same index, and others behind */
	struct pending *pendings;
	struct table elsewhere;                               /* number to index, of those behind the window */
	uint32_t n_window, n_elsewhere, n_visits, n_pendings; /* ever used */
	uint32_t free, free_visit, free_pending;
	uint32_t n;         /* threads now */
	uint32_t n_waiting; /* finished, with an end of a migration still to come */
	uint64_t n_over, n_pending_over;
	uint32_t run_series[STATE_COUNT + STOP_KINDS]; /* of running spans */
	uint32_t life_series;
	struct others others;
	uint64_t n_said, n_unsaid; /* with series of their own; and that would have them, had not so many others */
};

static inline uint64_t since(uint64_t start_ns, uint64_t end_ns)
{
	return end_ns > start_ns ? end_ns - start_ns : 0;
}

/* What few threads need, made when it isn't there. */
struct thread_more *thread_more(struct threads *t, struct thread *thread);
void thread_spend_far(struct threads *t, struct thread *thread, enum state state, uint64_t time_ns);

/* It was in that state for so long, on top of what is known. */
static inline void thread_spend(struct threads *t, struct thread *thread, enum state state, uint64_t time_ns)
{
	if (__builtin_expect(state < STATES_NEAR, 1))
		thread->near_ns[state] += time_ns;
	else
		thread_spend_far(t, thread, state, time_ns);
}

static inline uint64_t thread_spent(const struct threads *t, const struct thread *thread, enum state state)
{
	if (state < STATES_NEAR)
		return thread->near_ns[state];
	return thread->has_more ? t->more[thread - t->at].far_ns[state - STATES_NEAR] : 0;
}

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
uint32_t thread_attrs(struct log *l, struct thread *thread);
/* Says what a thread did, or adds it to the others'. */
void thread_say(struct log *l, struct thread *thread);
/* Says the others. */
void thread_say_others(struct log *l);

#endif
