/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_VISITS_H
#define GHC_EVENTLOG_VISITS_H

/* Threads, and where they are. Between threads.c and migrations.c; not for others. */

#include "collectors/ghc-eventlog/ghc_eventlog.h"

/* The index of a thread that isn't there yet. THREAD_NONE: there are too many. */
uint32_t thread_new(struct log *l, uint32_t id);
/* Says what a thread that has finished did and forgets it, when all is known that ever will be. */
void thread_retire(struct log *l, struct thread *thread);

/* One that there is no room to know: it counts for its capability only. */
struct visit *visit_strange(struct log *l, struct lane *lane, uint32_t id, uint64_t time_ns);

/* The same as visit_find(), for one that may not be in the window, or on several capabilities. */
struct visit *visit_search(struct log *l, struct lane *lane, uint32_t id);

/* Into and out of a state: the lane's sums over threads. What runs is one at a time, and summed elsewhere. */
static inline void lane_enter(struct lane *lane, enum state state, uint64_t time_ns)
{
	if (state == STATE_RUNNING)
		return;
	lane->threads_ns[state] -= time_ns;
	lane->n_threads[state]++;
}

static inline void lane_leave(struct lane *lane, enum state state, uint64_t time_ns)
{
	if (state == STATE_RUNNING)
		return;
	lane->threads_ns[state] += time_ns;
	lane->n_threads[state]--;
}

/* The thread's index; THREAD_NONE: it isn't there. */
static inline uint32_t thread_find(const struct threads *t, uint32_t id)
{
	uint32_t i = id % THREADS_WINDOW;
	const struct table_slot *slot;

	if (i < t->n_window && t->at[i].id == id && t->at[i].life != THREAD_FREE)
		return i;
	slot = table_find(&t->elsewhere, id);
	return slot ? slot->value : THREAD_NONE;
}

/* The same, made when it isn't there. THREAD_NONE: there are too many. */
static inline uint32_t thread_get(struct log *l, uint32_t id)
{
	uint32_t i = thread_find(&l->threads, id);

	return i != THREAD_NONE ? i : thread_new(l, id);
}

/* The thread's own place, which is taken, is free from then on. 0: there are too many visits. */
int visit_clear_own(struct log *l, uint32_t thread);

/* The thread is on that capability from now on, runnable. NULL: there are too many, or it is THREAD_NONE. */
static inline struct visit *visit_new(struct log *l, struct lane *lane, uint32_t thread, uint64_t time_ns)
{
	struct visit *v;

	if (thread == THREAD_NONE)
		return NULL;
	v = &l->threads.visits[thread];
	if (__builtin_expect(v->lane != VISIT_NONE, 0) && !visit_clear_own(l, thread)) {
		l->threads.n_over++;
		return NULL;
	}
	*v = (struct visit){
		.since_ns = time_ns, .thread = thread, .lane = (uint16_t)lane->capability, .state = STATE_RUNNABLE
	};
	lane_enter(lane, STATE_RUNNABLE, time_ns);
	return v;
}

/* NULL: it is not on that capability. Good until the next one is asked for. */
static inline struct visit *visit_find(struct log *l, struct lane *lane, uint32_t id)
{
	const struct threads *t = &l->threads;
	uint32_t i = id % THREADS_WINDOW;

	if (__builtin_expect(i < t->n_window && t->at[i].id == id, 1)) {
		if (__builtin_expect(t->visits[i].lane == lane->capability, 1))
			return &t->visits[i];
		if (!t->at[i].visits)
			return NULL;
	}
	return visit_search(l, lane, id);
}

/* What it did last is over. */
static inline void visit_leave(struct threads *t, struct lane *lane, const struct visit *v, uint64_t time_ns)
{
	thread_spend(t, &t->at[v->thread], v->state, since(v->since_ns, time_ns));
	lane_leave(lane, v->state, time_ns);
}

/* For a visit that isn't in its thread's own place. */
void visit_end_elsewhere(struct threads *t, struct visit *v);

/* It is no more on that capability. */
static inline void visit_end(struct log *l, struct lane *lane, struct visit *v, uint64_t time_ns)
{
	struct threads *t = &l->threads;

	visit_leave(t, lane, v, time_ns);
	if (__builtin_expect(v == &t->visits[v->thread], 1))
		v->lane = VISIT_NONE;
	else
		visit_end_elsewhere(t, v);
}

/* It is in that state from now on. */
static inline void visit_change(struct threads *t, struct lane *lane, struct visit *v, enum state state,
                                uint64_t time_ns)
{
	visit_leave(t, lane, v, time_ns);
	lane_enter(lane, state, time_ns);
	v->state = (uint8_t)state;
	v->since_ns = time_ns;
}

#endif
