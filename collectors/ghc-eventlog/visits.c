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
	t->at = aligned_alloc(sizeof(*t->at), (THREAD_STRANGER + 1) * sizeof(*t->at));
	if (t->at)
		t->at[THREAD_STRANGER] = (struct thread){ .pendings = THREAD_NONE };
	t->more = reallocarray(NULL, THREAD_STRANGER + 1, sizeof(*t->more));
	t->visits = reallocarray(NULL, VISITS_MAX, sizeof(*t->visits));
	t->pendings = reallocarray(NULL, PENDING_MAX, sizeof(*t->pendings));
	t->n_visits = THREAD_STRANGER;
	t->free = t->free_visit = t->free_pending = THREAD_NONE;
	return t->at && t->more && t->visits && t->pendings ? 0 : -ENOMEM;
}

static void forget_labels(struct threads *t, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		if (t->at[i].has_more)
			free(t->more[i].label);
}

void threads_done(struct threads *t)
{
	forget_labels(t, 0, t->n_window);
	forget_labels(t, THREADS_WINDOW, t->n_elsewhere);
	table_done(&t->elsewhere);
	free(t->at);
	free(t->more);
	free(t->visits);
	free(t->pendings);
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

static uint64_t is_sent(const struct threads *t, const struct thread *thread)
{
	uint32_t lane = t->visits[thread - t->at].lane;

	return lane & VISIT_SENT && lane != VISIT_NONE;
}

static int has_visits(const struct threads *t, const struct thread *thread)
{
	return !(t->visits[thread - t->at].lane & VISIT_SENT) || thread->visits;
}

static void free_thread(struct threads *t, struct thread *thread)
{
	uint32_t i = (uint32_t)(thread - t->at);

	if (thread->has_more)
		free(t->more[i].label);
	thread->life = THREAD_FREE;
	thread->has_more = 0;
	t->visits[i].lane = VISIT_NONE;
	t->n--;
	if (i < THREADS_WINDOW)
		return;
	table_remove(&t->elsewhere, thread->id);
	thread->visits = t->free;
	t->free = i;
}

/* Gives up on the other ends of what these did, if they have finished. */
static void sweep_some(struct log *l, uint32_t first, uint32_t n)
{
	struct threads *t = &l->threads;

	for (struct thread *thread = t->at + first; thread < t->at + first + n; thread++) {
		if (thread->life != THREAD_FINISHED || has_visits(t, thread))
			continue;
		t->n_pending_over += pendings_forget(t, thread) + is_sent(t, thread);
		thread_say(l, thread);
		free_thread(t, thread);
	}
}

/* Makes room. */
static void sweep(struct log *l)
{
	struct threads *t = &l->threads;

	if (t->n_waiting < THREADS_MAX / SWEEP_WORTH)
		return;
	t->n_waiting = 0;
	sweep_some(l, 0, t->n_window);
	sweep_some(l, THREADS_WINDOW, t->n_elsewhere);
}

/* Behind the window. */
static uint32_t place_elsewhere(struct threads *t, uint32_t id)
{
	uint32_t i = t->free != THREAD_NONE ? t->free : THREADS_WINDOW + t->n_elsewhere;

	if (table_add(&t->elsewhere, id, i) < 0)
		return THREAD_NONE;
	if (i == t->free)
		t->free = t->at[i].visits;
	else
		t->n_elsewhere++;
	t->visits[i].lane = VISIT_NONE;
	return i;
}

/* A free place. */
static uint32_t place(struct threads *t, uint32_t id)
{
	uint32_t i = id % THREADS_WINDOW;

	for (; t->n_window <= i; t->n_window++) {
		t->at[t->n_window] = (struct thread){ .life = THREAD_FREE };
		t->visits[t->n_window].lane = VISIT_NONE;
	}
	return t->at[i].life == THREAD_FREE ? i : place_elsewhere(t, id);
}

uint32_t thread_new(struct log *l, uint32_t id)
{
	struct threads *t = &l->threads;
	uint32_t i;

	if (t->n == THREADS_MAX)
		sweep(l);
	if (t->n == THREADS_MAX) {
		t->n_over++;
		return THREAD_NONE;
	}
	i = place(t, id);
	if (i == THREAD_NONE) {
		(void)log_no_memory(l);
		return THREAD_NONE;
	}
	t->n++;
	t->at[i] = (struct thread){ .id = id, .pendings = THREAD_NONE, .life = THREAD_LIVES };
	return i;
}

void thread_retire(struct log *l, struct thread *thread)
{
	if (thread->pendings != THREAD_NONE || thread->visits ||
	    l->threads.visits[thread - l->threads.at].lane != VISIT_NONE)
		return;
	l->threads.n_waiting -= l->threads.n_waiting > 0;
	thread_say(l, thread);
	free_thread(&l->threads, thread);
}

/* ---- Visits ---- */

/* Those that aren't in their thread's own place. */
static void free_visit(struct threads *t, uint32_t *link)
{
	uint32_t i = *link - 1;

	*link = t->visits[i].next;
	t->visits[i].next = t->free_visit;
	t->free_visit = i;
}

/* It was sent away, which has to wait elsewhere. */
static void move_departure(struct threads *t, uint32_t thread, struct visit *own)
{
	const struct pending departure = {
		.time_ns = own->since_ns, .ready_ns = own->ready_ns, .to = own->lane - VISIT_SENT, .has_ready = 1
	};

	(void)pending_add(t, &t->at[thread], &departure);
	own->lane = VISIT_NONE;
}

/* 0: there are too many. */
static int move_visit(struct log *l, uint32_t thread, struct visit *own)
{
	struct threads *t = &l->threads;
	uint32_t i = t->free_visit != THREAD_NONE ? t->free_visit : t->n_visits;

	if (i == VISITS_MAX)
		return 0;
	if (i == t->free_visit)
		t->free_visit = t->visits[i].next;
	else
		t->n_visits++;
	if (l->lanes[own->lane]->running == own)
		l->lanes[own->lane]->running = &t->visits[i];
	t->visits[i] = *own;
	t->visits[i].next = t->at[thread].visits;
	t->at[thread].visits = i + 1;
	own->lane = VISIT_NONE;
	return 1;
}

int visit_clear_own(struct log *l, uint32_t thread)
{
	struct visit *own = &l->threads.visits[thread];

	if (own->lane & VISIT_SENT)
		move_departure(&l->threads, thread, own);
	else if (!move_visit(l, thread, own))
		return 0;
	return 1;
}

/* A capability's records come in blocks, so what is asked for once will be asked for again: it gets the thread's own
 * place. */
static __attribute__((noinline)) struct visit *move_home(struct log *l, struct lane *lane, uint32_t thread,
                                                         uint32_t *link)
{
	struct threads *t = &l->threads;
	struct visit *own = &t->visits[thread], found = t->visits[*link - 1];
	int is_running = lane->running == &t->visits[*link - 1];

	free_visit(t, link);
	if (own->lane != VISIT_NONE)
		(void)visit_clear_own(l, thread);
	*own = found;
	if (is_running)
		lane->running = own;
	return own;
}

struct visit *visit_search(struct log *l, struct lane *lane, uint32_t id)
{
	struct threads *t = &l->threads;
	uint32_t i = thread_find(t, id), *link;

	if (i == THREAD_NONE)
		return NULL;
	if (t->visits[i].lane == lane->capability)
		return &t->visits[i];
	for (link = &t->at[i].visits; *link; link = &t->visits[*link - 1].next)
		if (t->visits[*link - 1].lane == lane->capability)
			return move_home(l, lane, i, link);
	return NULL;
}

void visit_end_elsewhere(struct threads *t, struct visit *v)
{
	uint32_t i = (uint32_t)(v - t->visits), *link = &t->at[v->thread].visits;

	while (*link != i + 1)
		link = &t->visits[*link - 1].next;
	free_visit(t, link);
}

struct visit *visit_strange(struct log *l, struct lane *lane, uint32_t id, uint64_t time_ns)
{
	lane->stranger = (struct visit){ .since_ns = time_ns, .thread = THREAD_STRANGER, .state = STATE_RUNNABLE };
	lane_enter(lane, STATE_RUNNABLE, time_ns);
	return &lane->stranger;
}
