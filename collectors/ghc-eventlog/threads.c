/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, capability by capability.
 *
 * All that happens to a thread while it is on a capability is in that capability's records: it is created there, runs,
 * stops, and when another capability wakes it up, the message arrives there and is recorded once more. It leaves with a
 * record of its migration, and turns up on the other capability by running or by being woken up. So each capability's
 * records tell their part alone, however far the file has got with the others.
 *
 * Source: GHC's rts/Schedule.c, rts/Threads.c, rts/RaiseAsync.c, 7.0 to 9.14. Before 7.0 a wake-up was recorded only
 * where it came from; there, a blocked thread is blocked until it runs.
 */
#include "collectors/ghc-eventlog/ghc_eventlog.h"
#include "collectors/ghc-eventlog/migrations.h"
#include "collectors/ghc-eventlog/visits.h"

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
	CREATE_BYTES = 4, /* of payload, at least */
	RUN_BYTES = 4,
	STOP_BYTES = 6,
	MIGRATE_BYTES = 6,
	WAKEUP_BYTES = 6,
	STEAL_BYTES = 2,
};

/* What runs, and has for so long, stops and is in that state from now on. */
static inline void end_run(struct log *l, struct lane *lane, enum state state, uint64_t ran_ns, uint64_t time_ns)
{
	struct visit *v = lane->running;

	l->threads.at[v->thread].near_ns[STATE_RUNNING] += ran_ns;
	lane->run_ns += time_ns;
	lane->running = NULL;
	lane_enter(lane, state, time_ns);
	v->state = (uint8_t)state;
	v->since_ns = time_ns;
	if (__builtin_expect(v == &lane->stranger, 0))
		lane_leave(lane, state, time_ns);
}

/* The rarer ways to run: a thread that turns up, or whose departure has not been read, and one that runs while another
 * one does. */
static struct visit *run_oddly(struct log *l, struct lane *lane, struct visit *v, uint32_t id, uint64_t time_ns)
{
	if (!v)
		v = migration_arrive(l, lane, id, time_ns);
	if (lane->running) {
		l->damage.n_out_of_step++;
		end_run(l, lane, STATE_OTHER, since(lane->running->since_ns, time_ns), time_ns);
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
	uint64_t time_ns = e->time_ns;
	uint32_t id = eventlog_u32(e->payload);
	struct visit *v = visit_find(l, lane, id);

	if (__builtin_expect(!v || v->pending || lane->running, 0))
		v = run_oddly(l, lane, v, id, time_ns);
	if (v->state == STATE_RUNNABLE && v->has_ready)
		distribution_add(&lane->run_delay, since(v->ready_ns, time_ns));
	visit_change(&l->threads, lane, v, STATE_RUNNING, time_ns);
	lane->running = v;
	lane->running_id = id;
	lane->run_ns -= time_ns;
}

static void say_run(struct log *l, const struct lane *lane, const struct visit *v, const struct status *status,
                    uint64_t time_ns)
{
	uint32_t which = status->stop == STOP_BLOCKED ? status->state : STATE_COUNT + (uint32_t)status->stop;
	uint32_t *series = &l->threads.run_series[which];
	struct weir_span *span;

	if (!*series)
		*series = series_of(l, ROW_THREAD_RUN, "reason", thread_stop_name(status->stop, status->state), NULL);
	span = outbox_span(&l->outbox, *series, v->since_ns);
	span->duration_ns = (int64_t)since(v->since_ns, time_ns);
	span->track = lane->capability;
	span->attrs = thread_attrs(l, &l->threads.at[v->thread]);
}

static inline void finish(struct log *l, struct lane *lane, struct visit *v, uint64_t time_ns)
{
	struct thread *thread = &l->threads.at[v->thread];

	l->threads.n_waiting++;
	thread->life = THREAD_FINISHED;
	thread->end_ns = time_ns;
	visit_end(l, lane, v, time_ns);
	thread_retire(l, thread);
}

/* A thread stops that didn't run, as far as is known. */
static void stop_oddly(struct log *l, struct lane *lane, uint32_t id, const struct status *status, uint64_t time_ns)
{
	struct visit *v = visit_find(l, lane, id);

	l->damage.n_out_of_step++;
	if (v && status->stop == STOP_FINISHED)
		finish(l, lane, v, time_ns);
	else if (v)
		visit_change(&l->threads, lane, v, status->state, time_ns);
}

static inline void take_stop(struct log *l, struct lane *lane, const struct eventlog_event *e)
{
	uint64_t time_ns = e->time_ns, ran_ns;
	uint32_t number = eventlog_u16(e->payload + 4);
	struct visit *v = lane->running;
	const struct status *status;

	number = number < STATUS_COUNT ? number : 0;
	status = &statuses[number];
	lane->n_stops[number]++;
	lane->last_stop = number;
	if (__builtin_expect(!v || lane->running_id != eventlog_u32(e->payload), 0)) {
		stop_oddly(l, lane, eventlog_u32(e->payload), status, time_ns);
		return;
	}
	ran_ns = since(v->since_ns, time_ns);
	distribution_add(&lane->slice, ran_ns);
	l->threads.at[v->thread].has_run = 1;
	if (__builtin_expect(l->settings.has_runs, 0))
		say_run(l, lane, v, status, time_ns);
	if (status->stop == STOP_FINISHED && v != &lane->stranger) {
		lane->run_ns += time_ns;
		lane->running = NULL;
		finish(l, lane, v, time_ns);
		return;
	}
	end_run(l, lane, status->state, ran_ns, time_ns);
	v->ready_ns = time_ns;
	v->has_ready = status->state == STATE_RUNNABLE;
}

static inline void wake(struct log *l, struct lane *lane, uint32_t id, uint64_t time_ns)
{
	struct visit *v = visit_find(l, lane, id);

	if (__builtin_expect(!v, 0))
		v = migration_arrive(l, lane, id, time_ns);
	if (!v || v->state == STATE_RUNNABLE || v->state == STATE_RUNNING)
		return;
	visit_change(&l->threads, lane, v, STATE_RUNNABLE, time_ns);
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

static inline enum fate take_create(struct log *l, struct lane *lane, const struct eventlog_event *e)
{
	uint32_t id = eventlog_u32(e->payload), i = thread_find(&l->threads, id);
	struct visit *visit;
	struct thread *thread;

	lane->created.value++;
	if (i == THREAD_NONE) {
		i = thread_new(l, id);
	} else if (visit_find(l, lane, id)) {
		l->damage.n_out_of_step++;
		return FATE_STORED;
	}
	visit = visit_new(l, lane, i, e->time_ns);
	if (!visit)
		return FATE_LIMIT;
	visit->ready_ns = e->time_ns;
	visit->has_ready = 1;
	thread = &l->threads.at[visit->thread];
	thread->created_ns = e->time_ns;
	thread->is_created = 1;
	return FATE_STORED;
}

static inline enum fate take_migrate(struct log *l, struct lane *lane, const struct eventlog_event *e)
{
	uint32_t id = eventlog_u32(e->payload), to = eventlog_u16(e->payload + 4);
	struct visit *visit = visit_find(l, lane, id);

	lane->migrations.value++;
	if (to == lane->capability || to >= LANE_GLOBAL)
		return to == lane->capability ? FATE_STORED : FATE_BAD;
	if (!visit) /* it was sent on before it was heard of here */
		visit = migration_arrive(l, lane, id, e->time_ns);
	if (!visit)
		return FATE_LIMIT;
	if (visit == lane->running)
		end_run(l, lane, STATE_RUNNABLE, since(visit->since_ns, e->time_ns), e->time_ns);
	migration_depart(l, lane, visit, to, e->time_ns);
	return FATE_STORED;
}

/* An event of a spark, of which nothing but its tag is of interest. */
static inline int is_spark(const struct eventlog_event *e)
{
	return e->tag >= EVENTLOG_SPARK_CREATE && e->tag <= EVENTLOG_SPARK_GC &&
	       (e->tag != EVENTLOG_SPARK_STEAL || e->n_payload >= STEAL_BYTES);
}

static inline enum fate take(struct log *l, struct lane *lane, const struct eventlog_event *e)
{
	if (e->tag == EVENTLOG_RUN_THREAD && e->n_payload >= RUN_BYTES)
		take_run(l, lane, e);
	else if (e->tag == EVENTLOG_STOP_THREAD && e->n_payload >= STOP_BYTES)
		take_stop(l, lane, e);
	else if (e->tag == EVENTLOG_THREAD_WAKEUP && e->n_payload >= WAKEUP_BYTES)
		take_wakeup(l, lane, e);
	else if (e->tag == EVENTLOG_CREATE_THREAD && e->n_payload >= CREATE_BYTES)
		return take_create(l, lane, e);
	else if (e->tag == EVENTLOG_MIGRATE_THREAD && e->n_payload >= MIGRATE_BYTES)
		return take_migrate(l, lane, e);
	else if (is_spark(e))
		lane->spark_events[e->tag - EVENTLOG_SPARK_CREATE].value++;
	else
		return rules_take(l, lane, e);
	return FATE_STORED;
}

/* Where a new interval begins. Times that are none (34 years after the start) would make all others wrong. */
static int is_time(struct log *l, struct lane *lane, const struct eventlog_event *e)
{
	if (e->time_ns < OUTBOX_TIMES_END_NS)
		lane_advance(l, lane, e->time_ns);
	else
		ledger_say_bad(l, e, "its time is none: decades after the start");
	return e->time_ns < OUTBOX_TIMES_END_NS;
}

void threads_take(struct log *l, struct lane *lane, const struct eventlog_event *e, size_t n)
{
	const struct eventlog_event *end = e + n;
	uint64_t now_ns = lane->now_ns;
	size_t n_others = 0;

	for (; e < end; e++) {
		enum fate fate;

		if (__builtin_expect(e->time_ns >= lane->edge_ns, 0) && !is_time(l, lane, e)) {
			l->fates[FATE_BAD]++;
			n_others++;
			continue;
		}
		fate = take(l, lane, e);
		if (__builtin_expect(fate != FATE_STORED, 0)) {
			if (fate != FATE_LATER)
				ledger_count(l, e, fate);
			n_others++;
		}
		now_ns = e->time_ns > now_ns ? e->time_ns : now_ns;
		lane->now_ns = now_ns;
	}
	l->last_ns = now_ns > l->last_ns ? now_ns : l->last_ns;
	l->fates[FATE_STORED] += n - n_others;
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

enum fate thread_label(struct log *l, struct lane *lane, const struct eventlog_event *e,
                       const struct eventlog_values *v)
{
	uint32_t i = thread_get(l, (uint32_t)v->at[0].number);
	const struct parse_text *text = &v->at[1].text;
	struct thread_more *more;
	char *label;

	if (i == THREAD_NONE)
		return FATE_LIMIT;
	label = malloc(text->n + 1);
	if (!label)
		return log_no_memory(l);
	if (text->n)
		memcpy(label, text->at, text->n);
	more = thread_more(&l->threads, &l->threads.at[i]);
	free(more->label);
	more->label = label;
	more->n_label = (uint32_t)text->n;
	more->attrs = 0;
	return FATE_STORED;
}

static void end_visit(struct log *l, struct thread *thread, const struct visit *v)
{
	uint64_t now_ns = l->lanes[v->lane]->now_ns;

	thread_spend(&l->threads, thread, v->state, since(v->since_ns, now_ns));
	if (thread->end_ns < now_ns)
		thread->end_ns = now_ns;
}

/* What it does on each capability ends where that one's records end. */
static void end_thread(struct log *l, struct thread *thread)
{
	const struct visit *visits = l->threads.visits, *own = &visits[thread - l->threads.at];

	if (thread->life == THREAD_FREE)
		return;
	if (!(own->lane & VISIT_SENT))
		end_visit(l, thread, own);
	for (uint32_t i = thread->visits; i; i = visits[i - 1].next)
		end_visit(l, thread, &visits[i - 1]);
	thread_say(l, thread);
}

void threads_finish(struct log *l)
{
	struct threads *t = &l->threads;

	for (uint32_t i = 0; i < t->n_window; i++)
		end_thread(l, &t->at[i]);
	for (uint32_t i = 0; i < t->n_elsewhere; i++)
		end_thread(l, &t->at[THREADS_WINDOW + i]);
	t->others.time_ns[STATE_RUNNING] += t->at[THREAD_STRANGER].near_ns[STATE_RUNNING];
	thread_say_others(l);
}
