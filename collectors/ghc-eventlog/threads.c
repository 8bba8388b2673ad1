/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, capability by capability.
 *
 * All that happens to a thread while it is on a capability is in that capability's records: it is created there, runs,
 * stops, and when another capability wakes it up, the message arrives there and is recorded once more. It leaves with a
 * record of its migration, and turns up on the other capability by running or by being woken up. So each capability's
 * records tell their part alone, however far the file has got with the others.
 *
 * What a migration took, from one capability's record to the other's, is joined by time: a departure for a capability
 * goes with the first arrival there that is not earlier, an arrival with the last departure that is not later. A thread
 * is in one place at a time, so this is right whichever side is read first. What waits for its other side is bounded,
 * because a capability's records are at most its buffer, 2 MB, behind the others'.
 *
 * Source: GHC's rts/Schedule.c, rts/Threads.c, rts/RaiseAsync.c, 7.0 to 9.14. Before 7.0 a wake-up was recorded only
 * where it came from; there, a blocked thread is blocked until it runs.
 */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Source: rts/include/rts/Constants.h (why_blocked + 6) and rts/EventLogFormat.h. */
const struct status statuses[STATUS_COUNT] = {
	[0] = { STOP_BLOCKED, STATE_OTHER },      [1] = { STOP_HEAP, STATE_RUNNABLE },
	[2] = { STOP_STACK, STATE_RUNNABLE },     [3] = { STOP_YIELD, STATE_RUNNABLE },
	[4] = { STOP_BLOCKED, STATE_OTHER },      [5] = { STOP_FINISHED, STATE_OTHER },
	[6] = { STOP_BLOCKED, STATE_FOREIGN },    [7] = { STOP_BLOCKED, STATE_MVAR },
	[8] = { STOP_BLOCKED, STATE_BLACK_HOLE }, [9] = { STOP_BLOCKED, STATE_READ },
	[10] = { STOP_BLOCKED, STATE_WRITE },     [11] = { STOP_BLOCKED, STATE_DELAY },
	[12] = { STOP_BLOCKED, STATE_STM },       [13] = { STOP_BLOCKED, STATE_OTHER },
	[16] = { STOP_BLOCKED, STATE_FOREIGN },   [17] = { STOP_BLOCKED, STATE_FOREIGN },
	[18] = { STOP_BLOCKED, STATE_THROW_TO },  [19] = { STOP_MIGRATING, STATE_RUNNABLE },
	[20] = { STOP_BLOCKED, STATE_MVAR_READ }, [21] = { STOP_BLOCKED, STATE_IO },
};

enum {
	RUN_BYTES = 4, /* of payload, at least */
	STOP_BYTES = 6,
	WAKEUP_BYTES = 6,
	SWEEP_WORTH = 4, /* part of all threads that have to have finished for a search to be worth it */
};

static inline uint64_t since(uint64_t start_ns, uint64_t end_ns)
{
	return end_ns > start_ns ? end_ns - start_ns : 0;
}

int threads_init(struct threads *t)
{
	t->at = calloc(THREADS_MAX + 1, sizeof(*t->at));
	t->visits = calloc(THREADS_MAX, sizeof(*t->visits));
	t->pendings = calloc(PENDING_MAX, sizeof(*t->pendings));
	t->free = t->free_visit = t->free_pending = THREAD_NONE;
	return t->at && t->visits && t->pendings ? 0 : -ENOMEM;
}

void threads_done(struct threads *t)
{
	for (uint32_t i = 0; t->at && i < t->n; i++)
		free(t->at[i].label);
	free(t->at);
	free(t->visits);
	free(t->pendings);
	table_done(&t->by_id);
	table_done(&t->pending_lists);
}

/* ---- Threads, and what waits of them ---- */

static void free_pending(struct threads *t, uint32_t i)
{
	t->pendings[i].next = t->free_pending;
	t->free_pending = i;
}

static uint64_t pending_key(const struct threads *t, const struct thread *thread, uint32_t is_arrival, uint32_t to)
{
	return (uint64_t)(thread - t->at) << 32 | (uint64_t)to << 1 | is_arrival;
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

static void free_thread(struct threads *t, uint32_t i)
{
	struct thread *thread = &t->at[i];

	for (uint32_t to = 0; thread->n_pending && to <= thread->pending_to; to++) {
		free_pendings(t, thread, 0, to);
		free_pendings(t, thread, 1, to);
	}
	table_remove(&t->by_id, thread->id);
	free(thread->label);
	*thread = (struct thread){ .next_free = t->free };
	t->free = i;
}

/* Gives up on the other ends of what finished threads did, to make room. 0: there is none worth making. */
static int sweep(struct log *l)
{
	struct threads *t = &l->threads;

	if (t->n_waiting < THREADS_MAX / SWEEP_WORTH)
		return 0;
	t->n_waiting = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		if (!t->at[i].is_used || !t->at[i].is_finished || t->at[i].n_visits)
			continue;
		t->n_pending_over += t->at[i].n_pending;
		thread_say(l, &t->at[i]);
		free_thread(t, i);
	}
	return 1;
}

/* THREAD_NONE: there are too many. */
static uint32_t thread_get(struct log *l, uint32_t id)
{
	struct threads *t = &l->threads;
	struct table_slot *slot = table_find(&t->by_id, id);
	uint32_t i = t->free;

	if (slot)
		return slot->value;
	if (i == THREAD_NONE && t->n == THREADS_MAX && !sweep(l)) {
		t->n_over++;
		return THREAD_NONE;
	}
	i = t->free != THREAD_NONE ? t->free : t->n;
	if (table_add(&t->by_id, id, i) < 0) {
		(void)log_no_memory(l);
		return THREAD_NONE;
	}
	if (i == t->free)
		t->free = t->at[i].next_free;
	else
		t->n++;
	t->at[i] = (struct thread){ .id = id, .is_used = 1 };
	return i;
}

/* Whether all is known that ever will be. */
static void retire(struct log *l, struct thread *thread)
{
	if (!thread->is_finished || thread->n_visits || thread->n_pending)
		return;
	l->threads.n_waiting -= l->threads.n_waiting > 0;
	thread_say(l, thread);
	free_thread(&l->threads, (uint32_t)(thread - l->threads.at));
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

/* ---- Visits ---- */

/* Into and out of a state: the lane's sums over threads. What runs is one at a time, and summed elsewhere. */
static inline void lane_enter(struct lane *lane, enum state state, uint64_t time_ns)
{
	if (state == STATE_RUNNING)
		return;
	lane->threads[state].ns -= time_ns;
	lane->threads[state].n++;
}

static inline void lane_leave(struct lane *lane, enum state state, uint64_t time_ns)
{
	if (state == STATE_RUNNING)
		return;
	lane->threads[state].ns += time_ns;
	lane->threads[state].n--;
}

static inline struct visit *visit_find(struct log *l, struct lane *lane, uint32_t id)
{
	struct visit **recent = &lane->recent[id % RECENT_VISITS];
	const struct table_slot *slot;

	if (__builtin_expect(*recent && (*recent)->id == id, 1))
		return *recent;
	slot = table_find(&lane->visits, id);
	if (!slot)
		return NULL;
	*recent = &l->threads.visits[slot->value];
	return *recent;
}

static struct visit *visit_new(struct log *l, struct lane *lane, uint32_t id, uint64_t time_ns)
{
	struct threads *t = &l->threads;
	uint32_t thread = thread_get(l, id);
	uint32_t i = t->free_visit != THREAD_NONE ? t->free_visit : t->n_visits;

	if (thread == THREAD_NONE || i == THREADS_MAX)
		return NULL;
	if (table_add(&lane->visits, id, i) < 0) {
		(void)log_no_memory(l);
		return NULL;
	}
	if (i == t->free_visit)
		t->free_visit = t->visits[i].next_free;
	else
		t->n_visits++;
	t->visits[i] =
		(struct visit){ .since_ns = time_ns, .id = id, .thread = &t->at[thread], .state = STATE_RUNNABLE };
	t->at[thread].n_visits++;
	lane_enter(lane, STATE_RUNNABLE, time_ns);
	return &t->visits[i];
}

/* A thread that turns up without having been created here: it has migrated. */
static struct visit *visit_arrive(struct log *l, struct lane *lane, uint32_t id, uint64_t time_ns)
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

	thread->time_ns[STATE_RUNNABLE] += since(departure->time_ns, t->pendings[arrival - 1].time_ns);
	if (departure->has_ready || !departure->parent)
		tell_ready(l, thread, arrival, departure->ready_ns);
	else
		t->pendings[departure->parent - 1].heir = arrival;
}

static inline void change(struct log *l, struct lane *lane, struct visit *v, enum state state, uint64_t time_ns)
{
	v->thread->time_ns[v->state] += since(v->since_ns, time_ns);
	lane_leave(lane, v->state, time_ns);
	lane_enter(lane, state, time_ns);
	v->state = (uint8_t)state;
	v->since_ns = time_ns;
}

static void visit_end(struct log *l, struct lane *lane, struct visit *v, uint64_t time_ns)
{
	struct threads *t = &l->threads;
	uint32_t i = (uint32_t)(v - t->visits);

	v->thread->time_ns[v->state] += since(v->since_ns, time_ns);
	v->thread->n_visits--;
	lane_leave(lane, v->state, time_ns);
	table_remove(&lane->visits, v->id);
	if (lane->recent[v->id % RECENT_VISITS] == v)
		lane->recent[v->id % RECENT_VISITS] = NULL;
	v->next_free = t->free_visit;
	t->free_visit = i;
}

/* One that there is no room to know: it counts for its capability only. */
static struct visit *visit_strange(struct log *l, struct lane *lane, uint32_t id, uint64_t time_ns)
{
	lane->stranger = (struct visit){
		.since_ns = time_ns, .id = id, .thread = &l->threads.at[THREADS_MAX], .state = STATE_RUNNABLE
	};
	lane_enter(lane, STATE_RUNNABLE, time_ns);
	return &lane->stranger;
}

/* ---- Records ---- */

/* What runs stops, and is in that state from now on. */
static inline void end_run(struct log *l, struct lane *lane, enum state state, uint64_t time_ns)
{
	struct visit *v = lane->running;

	lane->run_ns += time_ns;
	lane->running = NULL;
	change(l, lane, v, state, time_ns);
	if (__builtin_expect(v == &lane->stranger, 0))
		lane_leave(lane, state, time_ns);
}

/* The rarer ways to run: a thread that turns up, or whose departure has not been read, and one that runs while another
 * one does. */
static struct visit *run_oddly(struct log *l, struct lane *lane, struct visit *v, uint32_t id, uint64_t time_ns)
{
	if (!v)
		v = visit_arrive(l, lane, id, time_ns);
	if (lane->running) {
		l->threads.n_out_of_step++;
		end_run(l, lane, STATE_OTHER, time_ns);
	}
	if (!v)
		return visit_strange(l, lane, id, time_ns);
	if (v->pending && v->state == STATE_RUNNABLE) {
		l->threads.pendings[v->pending - 1].ready_ns = time_ns;
		l->threads.pendings[v->pending - 1].has_run = 1;
	}
	v->pending = 0;
	return v;
}

static inline void take_run(struct log *l, struct lane *lane, const struct eventlog_event *e)
{
	uint32_t id = eventlog_u32(e->payload);
	struct visit *v = visit_find(l, lane, id);

	if (__builtin_expect(!v || v->pending || lane->running, 0))
		v = run_oddly(l, lane, v, id, e->time_ns);
	if (v->state == STATE_RUNNABLE && v->has_ready)
		distribution_add(&lane->run_delay, since(v->ready_ns, e->time_ns));
	change(l, lane, v, STATE_RUNNING, e->time_ns);
	lane->running = v;
	lane->run_ns -= e->time_ns;
}

static void say_run(struct log *l, const struct lane *lane, const struct visit *v, const struct status *status,
                    uint64_t time_ns)
{
	struct thread *thread = v->thread;
	uint32_t which = status->stop == STOP_BLOCKED ? status->state : STATE_COUNT + (uint32_t)status->stop;
	uint32_t *series = &l->threads.run_series[which];

	if (!*series)
		*series = series_of(l, ROW_THREAD_RUN, "reason", thread_stop_name(status->stop, status->state), NULL);
	if (!thread->attrs)
		thread->attrs = thread_attrs(l, thread);
	outbox_span(&l->outbox, &(struct weir_span){ .time_ns = (int64_t)v->since_ns,
	                                             .duration_ns = (int64_t)since(v->since_ns, time_ns),
	                                             .series = *series,
	                                             .track = lane->capability,
	                                             .attrs = thread->attrs });
}

static void finish(struct log *l, struct lane *lane, struct visit *v, uint64_t time_ns)
{
	struct thread *thread = v->thread;

	l->threads.n_waiting++;
	thread->is_finished = 1;
	thread->end_ns = time_ns;
	visit_end(l, lane, v, time_ns);
	retire(l, thread);
}

/* A thread stops that didn't run, as far as is known. */
static void stop_oddly(struct log *l, struct lane *lane, uint32_t id, const struct status *status, uint64_t time_ns)
{
	struct visit *v = visit_find(l, lane, id);

	l->threads.n_out_of_step++;
	if (v && status->stop == STOP_FINISHED)
		finish(l, lane, v, time_ns);
	else if (v)
		change(l, lane, v, status->state, time_ns);
}

static inline void take_stop(struct log *l, struct lane *lane, const struct eventlog_event *e)
{
	uint32_t number = eventlog_u16(e->payload + 4);
	struct visit *v = lane->running;
	const struct status *status;

	number = number < STATUS_COUNT ? number : 0;
	status = &statuses[number];
	lane->n_stops[number]++;
	lane->last_stop = number;
	if (__builtin_expect(!v || v->id != eventlog_u32(e->payload), 0)) {
		stop_oddly(l, lane, eventlog_u32(e->payload), status, e->time_ns);
		return;
	}
	distribution_add(&lane->slice, since(v->since_ns, e->time_ns));
	v->thread->n_runs++;
	if (__builtin_expect(l->settings.has_runs, 0))
		say_run(l, lane, v, status, e->time_ns);
	end_run(l, lane, status->state, e->time_ns);
	v->ready_ns = e->time_ns;
	v->has_ready = status->state == STATE_RUNNABLE;
	if (__builtin_expect(status->stop == STOP_FINISHED && v != &lane->stranger, 0))
		finish(l, lane, v, e->time_ns);
}

static inline void wake(struct log *l, struct lane *lane, uint32_t id, uint64_t time_ns)
{
	struct visit *v = visit_find(l, lane, id);

	if (__builtin_expect(!v, 0))
		v = visit_arrive(l, lane, id, time_ns);
	if (!v || v->state == STATE_RUNNABLE || v->state == STATE_RUNNING)
		return;
	change(l, lane, v, STATE_RUNNABLE, time_ns);
	v->ready_ns = time_ns;
	v->has_ready = 1;
	v->pending = 0;
}

static inline void take_wakeup(struct log *l, struct lane *lane, const struct eventlog_event *e)
{
	lane->wakeups.value++;
	/* Of one on another capability that one says so, too, when the message arrives. */
	if (eventlog_u16(e->payload + 4) == lane->capability)
		wake(l, lane, eventlog_u32(e->payload), e->time_ns);
}

const struct eventlog_event *threads_take(struct log *l, struct lane *lane, const struct eventlog_event *e,
                                          const struct eventlog_event *end)
{
	uint64_t now_ns = lane->now_ns;

	for (; e < end; e++) {
		lane_reach(l, lane, e->time_ns);
		if (e->tag == EVENTLOG_RUN_THREAD && e->n_payload >= RUN_BYTES)
			take_run(l, lane, e);
		else if (e->tag == EVENTLOG_STOP_THREAD && e->n_payload >= STOP_BYTES)
			take_stop(l, lane, e);
		else if (e->tag == EVENTLOG_THREAD_WAKEUP && e->n_payload >= WAKEUP_BYTES)
			take_wakeup(l, lane, e);
		else
			break;
		now_ns = e->time_ns > now_ns ? e->time_ns : now_ns;
	}
	lane->now_ns = now_ns;
	return e;
}

/* Up to 7.4, beside the wake-up or instead of it. A capability that sends a thread away records this on the other one
 * before it records the migration, so it is no arrival. */
enum fate thread_runnable(struct log *l, struct lane *lane, const struct eventlog_event *e,
                          const struct eventlog_values *v)
{
	if (visit_find(l, lane, (uint32_t)v->at[0].number))
		wake(l, lane, (uint32_t)v->at[0].number, e->time_ns);
	return FATE_STORED;
}

enum fate thread_create(struct log *l, struct lane *lane, const struct eventlog_event *e,
                        const struct eventlog_values *v)
{
	uint32_t id = (uint32_t)v->at[0].number;
	struct visit *visit = visit_find(l, lane, id);

	lane->created.value++;
	if (visit) {
		l->threads.n_out_of_step++;
		return FATE_STORED;
	}
	visit = visit_new(l, lane, id, e->time_ns);
	if (!visit)
		return FATE_LIMIT;
	visit->ready_ns = e->time_ns;
	visit->has_ready = 1;
	visit->thread->created_ns = e->time_ns;
	visit->thread->is_created = 1;
	return FATE_STORED;
}

static void depart(struct log *l, struct lane *lane, struct visit *visit, uint32_t to, uint64_t time_ns)
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
	retire(l, thread);
}

enum fate thread_migrate(struct log *l, struct lane *lane, const struct eventlog_event *e,
                         const struct eventlog_values *v)
{
	uint32_t id = (uint32_t)v->at[0].number, to = (uint32_t)v->at[1].number;
	struct visit *visit = visit_find(l, lane, id);

	lane->migrations.value++;
	if (to == lane->capability || to >= LANE_GLOBAL)
		return to == lane->capability ? FATE_STORED : FATE_BAD;
	if (!visit) /* it was sent on before it was heard of here */
		visit = visit_arrive(l, lane, id, e->time_ns);
	if (!visit)
		return FATE_LIMIT;
	if (visit == lane->running)
		end_run(l, lane, STATE_RUNNABLE, e->time_ns);
	depart(l, lane, visit, to, e->time_ns);
	return FATE_STORED;
}

enum fate thread_label(struct log *l, struct lane *lane, const struct eventlog_event *e,
                       const struct eventlog_values *v)
{
	uint32_t i = thread_get(l, (uint32_t)v->at[0].number);
	const struct parse_text *text = &v->at[1].text;
	char *label;

	if (i == THREAD_NONE)
		return FATE_LIMIT;
	label = malloc(text->n + 1);
	if (!label)
		return log_no_memory(l);
	if (text->n)
		memcpy(label, text->at, text->n);
	free(l->threads.at[i].label);
	l->threads.at[i].label = label;
	l->threads.at[i].n_label = (uint32_t)text->n;
	l->threads.at[i].attrs = 0;
	return FATE_STORED;
}

void threads_finish(struct log *l)
{
	struct threads *t = &l->threads;

	for (uint32_t i = 0; i < LANE_COUNT; i++) {
		struct lane *lane = l->lanes[i];

		for (uint32_t k = 0; lane && k < lane->visits.n_slots; k++) {
			struct visit *v = &t->visits[lane->visits.slots[k].value];

			if (!lane->visits.slots[k].is_used)
				continue;
			v->thread->time_ns[v->state] += since(v->since_ns, lane->now_ns);
			if (v->thread->end_ns < lane->now_ns)
				v->thread->end_ns = lane->now_ns;
		}
	}
	for (uint32_t i = 0; i < t->n; i++)
		if (t->at[i].is_used)
			thread_say(l, &t->at[i]);
	t->others_ns[STATE_RUNNING] += t->at[THREADS_MAX].time_ns[STATE_RUNNING];
	thread_say_others(l);
}
