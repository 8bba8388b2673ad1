/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/migrations.h"

#include "collectors/ghc-eventlog/ghc_eventlog.h"

static void free_pending(struct threads *t, uint32_t i)
{
	t->pendings[i].next = t->free_pending;
	t->free_pending = i;
}

static uint64_t pending_key(const struct threads *t, const struct thread *thread, uint32_t is_arrival, uint32_t to)
{
	return ((uint64_t)to << 1 | is_arrival) << 32 | (uint64_t)(thread - t->at);
}

/* Takes it out of its list. */
static void unlink_pending(struct threads *t, struct thread *thread, struct table_slot *slot, uint32_t i)
{
	uint32_t next = t->pendings[i].next, before = t->pendings[i].before, first = slot->value;

	thread->n_pending--;
	if (i == first && next == THREAD_NONE) {
		table_remove(&t->pending_lists, slot->key);
		return;
	}
	if (i == first)
		slot->value = next;
	else
		t->pendings[before].next = next;
	t->pendings[next == THREAD_NONE ? first : next].before = before;
}

static void free_pendings(struct threads *t, struct thread *thread, uint32_t is_arrival, uint32_t to)
{
	struct table_slot *slot = table_find(&t->pending_lists, pending_key(t, thread, is_arrival, to));
	uint32_t first = slot ? slot->value : THREAD_NONE;

	if (slot)
		table_remove(&t->pending_lists, slot->key);
	while (first != THREAD_NONE) {
		uint32_t next = t->pendings[first].next;

		thread->n_pending--;
		/* An heir that is a departure is in a list itself. */
		for (uint32_t k = first + 1, heir; k; k = heir && t->pendings[heir - 1].is_arrival ? heir : 0) {
			heir = t->pendings[k - 1].heir;
			free_pending(t, k - 1);
		}
		first = next;
	}
}

void migrations_forget(struct threads *t, struct thread *thread)
{
	for (uint32_t to = 0; thread->n_pending && to <= thread->pending_to; to++) {
		free_pendings(t, thread, 0, to);
		free_pendings(t, thread, 1, to);
	}
}

/* 0: it is not kept. */
static uint32_t new_pending(struct threads *t, const struct pending *pending)
{
	uint32_t i = t->free_pending != THREAD_NONE ? t->free_pending : t->n_pendings;

	if (i == PENDING_MAX) {
		t->n_pending_over++;
		return 0;
	}
	if (i == t->free_pending)
		t->free_pending = t->pendings[i].next;
	else
		t->n_pendings++;
	t->pendings[i] = *pending;
	return i + 1;
}

/* The same, where the other end will be looking for it: behind what is not later. */
static uint32_t add_pending(struct log *l, struct thread *thread, const struct pending *pending)
{
	struct threads *t = &l->threads;
	uint64_t key = pending_key(t, thread, pending->is_arrival, pending->to);
	struct table_slot *slot = table_find(&t->pending_lists, key);
	uint32_t link = new_pending(t, pending), i = link - 1, after;

	if (!link)
		return 0;
	if (!slot && table_add(&t->pending_lists, key, i) < 0) {
		free_pending(t, i);
		(void)log_no_memory(l);
		return 0;
	}
	thread->n_pending++;
	thread->pending_to = pending->to > thread->pending_to ? pending->to : thread->pending_to;
	t->pendings[i].next = THREAD_NONE;
	t->pendings[i].before = i;
	if (!slot)
		return link;
	after = t->pendings[slot->value].before;
	for (int n = 0; n < PENDING_STEPS_MAX && after != slot->value && t->pendings[after].time_ns > pending->time_ns;
	     n++)
		after = t->pendings[after].before;
	if (t->pendings[after].time_ns > pending->time_ns && after == slot->value) {
		t->pendings[i].next = after;
		t->pendings[i].before = t->pendings[after].before;
		t->pendings[after].before = i;
		slot->value = i;
		return link;
	}
	t->pendings[i].next = t->pendings[after].next;
	t->pendings[i].before = after;
	t->pendings[t->pendings[i].next == THREAD_NONE ? slot->value : t->pendings[i].next].before = i;
	t->pendings[after].next = i;
	return link;
}

/* Departures that an arrival has passed by: a capability's records come in the order of time, so theirs is lost. */
static void drop_earlier(struct threads *t, struct thread *thread, struct table_slot *slot, uint32_t until)
{
	while (slot->value != until) {
		uint32_t i = slot->value, parent = t->pendings[i].parent;

		if (parent)
			t->pendings[parent - 1].heir = 0;
		unlink_pending(t, thread, slot, i);
		free_pending(t, i);
		t->n_pending_over++;
	}
}

/* Takes the other end out of what waits: of a departure (is_arrival 1) the first arrival from then on, of an arrival
 * the last departure up to then. Its link, for free_pending() later; 0: there is none. */
static uint32_t take_pending(struct threads *t, struct thread *thread, uint32_t is_arrival, uint32_t to,
                             uint64_t time_ns)
{
	struct table_slot *slot =
		thread->n_pending ? table_find(&t->pending_lists, pending_key(t, thread, is_arrival, to)) : NULL;
	uint32_t i = slot ? slot->value : THREAD_NONE, best = THREAD_NONE;

	for (int n = 0; i != THREAD_NONE && n < PENDING_STEPS_MAX; i = t->pendings[i].next, n++) {
		if (t->pendings[i].time_ns >= time_ns && is_arrival) {
			best = i;
			break;
		}
		if (t->pendings[i].time_ns > time_ns)
			break;
		if (!is_arrival)
			best = i;
	}
	if (best == THREAD_NONE)
		return 0;
	if (!is_arrival)
		drop_earlier(t, thread, slot, best);
	unlink_pending(t, thread, slot, best);
	return best + 1;
}

struct visit *migration_arrive(struct log *l, struct lane *lane, uint32_t id, uint64_t time_ns)
{
	const struct pending arrival = { .time_ns = time_ns, .to = lane->capability, .is_arrival = 1 };
	struct visit *v = visit_new(l, lane, id, time_ns);
	struct threads *t = &l->threads;
	struct pending departure;
	uint32_t link;

	if (!v)
		return NULL;
	v->ready_ns = time_ns;
	link = take_pending(t, v->thread, 0, lane->capability, time_ns);
	if (!link) {
		v->pending = add_pending(l, v->thread, &arrival);
		return v;
	}
	departure = t->pendings[link - 1];
	free_pending(t, link - 1);
	v->thread->time_ns[STATE_RUNNABLE] += since(departure.time_ns, time_ns);
	v->ready_ns = departure.ready_ns;
	v->has_ready = departure.has_ready;
	if (departure.parent) {
		v->pending = new_pending(t, &arrival);
		t->pendings[departure.parent - 1].heir = v->pending;
	}
	return v;
}

/* It is known now since when a thread could run that arrived there. */
static void tell_ready(struct log *l, struct thread *thread, uint32_t link, uint64_t ready_ns)
{
	struct threads *t = &l->threads;

	while (link) {
		struct pending p = t->pendings[link - 1];
		struct lane *lane = l->lanes[p.to];
		struct visit *v;

		if (!p.is_arrival) {
			t->pendings[link - 1].ready_ns = ready_ns;
			t->pendings[link - 1].has_ready = 1;
			t->pendings[link - 1].parent = 0;
			return;
		}
		free_pending(t, link - 1);
		v = visit_find(&l->threads, lane, thread->id);
		if (p.has_run) {
			distribution_add(&lane->run_delay, since(ready_ns, p.ready_ns));
		} else if (v && v->pending == link) {
			v->ready_ns = ready_ns;
			v->has_ready = 1;
			v->pending = 0;
		}
		link = p.heir;
	}
}

/* A departure meets the arrival that was read before it. */
static void visit_join(struct log *l, struct thread *thread, const struct pending *departure, uint32_t arrival)
{
	struct threads *t = &l->threads;

	thread->time_ns[STATE_RUNNABLE] += since(departure->time_ns, t->pendings[arrival - 1].time_ns);
	if (departure->has_ready || !departure->parent)
		tell_ready(l, thread, arrival, departure->ready_ns);
	else
		t->pendings[departure->parent - 1].heir = arrival;
}

void migration_depart(struct log *l, struct lane *lane, struct visit *visit, uint32_t to, uint64_t time_ns)
{
	int is_waiting = visit->state == STATE_RUNNABLE;
	struct thread *thread = visit->thread;
	struct pending departure = { .time_ns = time_ns, .ready_ns = is_waiting ? visit->ready_ns : time_ns, .to = to };
	uint32_t link;

	departure.has_ready = !is_waiting || visit->has_ready;
	departure.parent = departure.has_ready ? 0 : visit->pending;
	visit_end(l, lane, visit, time_ns);
	thread->n_migrations++;
	link = take_pending(&l->threads, thread, 1, to, time_ns);
	if (link) {
		visit_join(l, thread, &departure, link);
	} else {
		link = add_pending(l, thread, &departure);
		if (departure.parent)
			l->threads.pendings[departure.parent - 1].heir = link;
	}
	thread_retire(l, thread);
}
