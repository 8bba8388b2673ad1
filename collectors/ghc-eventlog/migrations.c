/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/migrations.h"

#include "collectors/ghc-eventlog/ghc_eventlog.h"
#include "collectors/ghc-eventlog/pendings.h"

/* It was sent here, and that is all that waits. */
static struct visit *arrive_at_once(struct threads *t, struct lane *lane, uint32_t id, uint64_t time_ns)
{
	uint32_t i = id % THREADS_WINDOW;
	struct visit *v = &t->visits[i];

	if (i >= t->n_window || t->at[i].id != id || v->lane != (lane->capability | VISIT_SENT) ||
	    v->since_ns > time_ns)
		return NULL;
	thread_spend(t, &t->at[i], STATE_RUNNABLE, time_ns - v->since_ns);
	v->since_ns = time_ns;
	v->lane = (uint16_t)lane->capability;
	lane_enter(lane, STATE_RUNNABLE, time_ns);
	return v;
}

/* Of its other end nothing is known, or more than one thing. */
static struct visit *arrive(struct log *l, struct lane *lane, uint32_t id, uint64_t time_ns)
{
	const struct pending arrival = { .time_ns = time_ns, .to = lane->capability, .is_arrival = 1 };
	struct visit *v = visit_new(l, lane, thread_get(l, id), time_ns);
	struct threads *t = &l->threads;
	struct pending departure;
	struct thread *thread;
	uint32_t link;

	if (!v)
		return NULL;
	thread = &t->at[v->thread];
	v->ready_ns = time_ns;
	link = pending_take(t, thread, 0, lane->capability, time_ns);
	if (!link) {
		v->pending = pending_add(t, thread, &arrival);
		return v;
	}
	departure = t->pendings[link - 1];
	pending_free(t, link - 1);
	thread_spend(t, thread, STATE_RUNNABLE, since(departure.time_ns, time_ns));
	v->ready_ns = departure.ready_ns;
	v->has_ready = departure.has_ready;
	if (departure.parent) {
		v->pending = pending_new(t, &arrival);
		t->pendings[departure.parent - 1].heir = v->pending;
	}
	return v;
}

struct visit *migration_arrive(struct log *l, struct lane *lane, uint32_t id, uint64_t time_ns)
{
	struct visit *v = arrive_at_once(&l->threads, lane, id, time_ns);

	return v ? v : arrive(l, lane, id, time_ns);
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
		pending_free(t, link - 1);
		v = visit_find(l, lane, thread->id);
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

	thread_spend(t, thread, STATE_RUNNABLE, since(departure->time_ns, t->pendings[arrival - 1].time_ns));
	if (departure->has_ready || !departure->parent)
		tell_ready(l, thread, arrival, departure->ready_ns);
	else
		t->pendings[departure->parent - 1].heir = arrival;
}

/* Its other end has been read, or this one has to wait with others. */
static void depart(struct log *l, struct thread *thread, const struct pending *departure)
{
	uint32_t link = pending_take(&l->threads, thread, 1, departure->to, departure->time_ns);

	if (link) {
		visit_join(l, thread, departure, link);
	} else {
		link = pending_add(&l->threads, thread, departure);
		if (departure->parent)
			l->threads.pendings[departure->parent - 1].heir = link;
	}
	if (thread->life == THREAD_FINISHED)
		thread_retire(l, thread);
}

/* One that there is more to say of than fits into the visit. */
static __attribute__((noinline)) void depart_apart(struct log *l, struct lane *lane, struct visit *visit, uint32_t to,
                                                   uint64_t time_ns)
{
	int is_waiting = visit->state == STATE_RUNNABLE;
	struct thread *thread = &l->threads.at[visit->thread];
	struct pending departure = { .time_ns = time_ns, .to = to };

	departure.ready_ns = is_waiting ? visit->ready_ns : time_ns;
	departure.has_ready = !is_waiting || visit->has_ready;
	departure.parent = departure.has_ready ? 0 : visit->pending;
	visit_end(l, lane, visit, time_ns);
	depart(l, thread, &departure);
}

void migration_depart(struct log *l, struct lane *lane, struct visit *visit, uint32_t to, uint64_t time_ns)
{
	int is_waiting = visit->state == STATE_RUNNABLE;

	if (l->threads.at[visit->thread].pendings != THREAD_NONE || (is_waiting && !visit->has_ready)) {
		depart_apart(l, lane, visit, to, time_ns);
		return;
	}
	visit_leave(&l->threads, lane, visit, time_ns);
	visit->since_ns = time_ns;
	visit->ready_ns = is_waiting ? visit->ready_ns : time_ns;
	visit->pending = 0;
	visit->lane = (uint16_t)(to | VISIT_SENT);
	visit->state = STATE_RUNNABLE;
	visit->has_ready = 1;
}
