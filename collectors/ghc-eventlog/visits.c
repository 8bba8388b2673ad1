/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/visits.h"

#include "collectors/ghc-eventlog/ghc_eventlog.h"
#include "collectors/ghc-eventlog/pendings.h"

#include <errno.h>
#include <stdlib.h>

enum {
	SWEEP_WORTH = 4, /* part of all threads that have to have finished for a search to be worth it */
};

int threads_init(struct threads *t)
{
	int r = thread_ids_init(&t->ids, THREADS_MAX);

	t->at = aligned_alloc(sizeof(*t->at), (THREADS_MAX + 1) * sizeof(*t->at));
	if (t->at)
		t->at[THREADS_MAX] = (struct thread){ .pendings = THREAD_NONE };
	t->more = reallocarray(NULL, THREADS_MAX + 1, sizeof(*t->more));
	t->visits = reallocarray(NULL, THREADS_MAX, sizeof(*t->visits));
	t->pendings = reallocarray(NULL, PENDING_MAX, sizeof(*t->pendings));
	t->free = t->free_visit = t->free_pending = THREAD_NONE;
	return t->at && t->more && t->visits && t->pendings ? r : -ENOMEM;
}

void threads_done(struct threads *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->at[i].has_more)
			free(t->more[i].label);
	free(t->at);
	free(t->more);
	free(t->visits);
	free(t->pendings);
	thread_ids_done(&t->ids);
}

struct thread_more *thread_more(struct threads *t, struct thread *thread)
{
	struct thread_more *more = &t->more[thread - t->at];

	if (!thread->has_more)
		*more = (struct thread_more){ 0 };
	thread->has_more = 1;
	return more;
}

void thread_spend_far(struct threads *t, struct thread *thread, enum state state, uint64_t time_ns)
{
	if (time_ns)
		thread_more(t, thread)->far_ns[state - STATES_NEAR] += time_ns;
}

static void free_thread(struct threads *t, uint32_t i)
{
	struct thread *thread = &t->at[i];

	thread_ids_remove(&t->ids, thread->id);
	if (thread->has_more)
		free(t->more[i].label);
	thread->life = THREAD_FREE;
	thread->has_more = 0;
	thread->visits = t->free;
	t->free = i;
}

/* Gives up on the other ends of what finished threads did, to make room. */
static void sweep(struct log *l)
{
	struct threads *t = &l->threads;

	if (t->n_waiting < THREADS_MAX / SWEEP_WORTH)
		return;
	t->n_waiting = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		if (t->at[i].life != THREAD_FINISHED || t->at[i].visits)
			continue;
		t->n_pending_over += pendings_forget(t, &t->at[i]);
		thread_say(l, &t->at[i]);
		free_thread(t, i);
	}
}

uint32_t thread_get(struct log *l, uint32_t id)
{
	struct threads *t = &l->threads;
	uint32_t i = thread_ids_find(&t->ids, id);

	if (i != THREAD_NONE)
		return i;
	if (t->free == THREAD_NONE && t->n == THREADS_MAX)
		sweep(l);
	i = t->free != THREAD_NONE ? t->free : t->n;
	if (i == THREADS_MAX) {
		t->n_over++;
		return THREAD_NONE;
	}
	if (thread_ids_add(&t->ids, id, i) < 0) {
		(void)log_no_memory(l);
		return THREAD_NONE;
	}
	if (i == t->free)
		t->free = t->at[i].visits;
	else
		t->n++;
	t->at[i] = (struct thread){ .id = id, .pendings = THREAD_NONE, .life = THREAD_LIVES };
	return i;
}

void thread_retire(struct log *l, struct thread *thread)
{
	if (thread->life != THREAD_FINISHED || thread->visits || thread->pendings != THREAD_NONE)
		return;
	l->threads.n_waiting -= l->threads.n_waiting > 0;
	thread_say(l, thread);
	free_thread(&l->threads, (uint32_t)(thread - l->threads.at));
}

/* Nearly every thread is in one place only, and a capability's records come in blocks. */
struct visit *visit_search(struct threads *t, struct lane *lane, uint32_t id)
{
	uint32_t i = thread_ids_find(&t->ids, id), *first = i == THREAD_NONE ? NULL : &t->at[i].visits, *link = first;
	struct visit *v;

	while (link && *link && t->visits[*link - 1].lane != lane->capability)
		link = &t->visits[*link - 1].next;
	if (!link || !*link)
		return NULL;
	v = &t->visits[*link - 1];
	*link = v->next;
	v->next = *first;
	*first = (uint32_t)(v - t->visits) + 1;
	lane->recent[id % RECENT_VISITS] = v;
	return v;
}

struct visit *visit_new(struct log *l, struct lane *lane, uint32_t id, uint64_t time_ns)
{
	struct threads *t = &l->threads;
	uint32_t thread = thread_get(l, id), i = t->free_visit != THREAD_NONE ? t->free_visit : t->n_visits;

	if (thread == THREAD_NONE)
		return NULL;
	if (i == THREADS_MAX) {
		t->n_over++;
		return NULL;
	}
	if (i == t->free_visit)
		t->free_visit = t->visits[i].next;
	else
		t->n_visits++;
	t->visits[i] = (struct visit){ .since_ns = time_ns,
		                       .thread = &t->at[thread],
		                       .id = id,
		                       .next = t->at[thread].visits,
		                       .lane = (uint16_t)lane->capability,
		                       .state = STATE_RUNNABLE };
	t->at[thread].visits = i + 1;
	lane->recent[id % RECENT_VISITS] = &t->visits[i];
	lane_enter(lane, STATE_RUNNABLE, time_ns);
	return &t->visits[i];
}

void visit_end(struct log *l, struct lane *lane, struct visit *v, uint64_t time_ns)
{
	struct threads *t = &l->threads;
	uint32_t i = (uint32_t)(v - t->visits), *link = &v->thread->visits;

	thread_spend(t, v->thread, v->state, since(v->since_ns, time_ns));
	lane_leave(lane, v->state, time_ns);
	while (*link != i + 1)
		link = &t->visits[*link - 1].next;
	*link = v->next;
	if (lane->recent[v->id % RECENT_VISITS] == v)
		lane->recent[v->id % RECENT_VISITS] = NULL;
	v->next = t->free_visit;
	t->free_visit = i;
}

struct visit *visit_strange(struct log *l, struct lane *lane, uint32_t id, uint64_t time_ns)
{
	lane->stranger = (struct visit){
		.since_ns = time_ns, .id = id, .thread = &l->threads.at[THREADS_MAX], .state = STATE_RUNNABLE
	};
	lane_enter(lane, STATE_RUNNABLE, time_ns);
	return &lane->stranger;
}
