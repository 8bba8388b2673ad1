/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	THREADS_SAID_MAX = 8192, /* with series of their own */
	THREAD_ATTRS = 2,
};

const char *thread_stop_name(uint32_t stop, uint32_t state)
{
	static const char *const names[STOP_KINDS] = { [STOP_HEAP] = "heap_overflow",
		                                       [STOP_STACK] = "stack_overflow",
		                                       [STOP_YIELD] = "yield",
		                                       [STOP_FINISHED] = "finished",
		                                       [STOP_MIGRATING] = "migrating" };

	return stop == STOP_BLOCKED ? state_names[state] : names[stop];
}

/* Number and, where there is one, label. */
static uint32_t identify(const struct threads *t, const struct thread *thread, char number[12],
                         struct weir_attr attrs[THREAD_ATTRS])
{
	const struct thread_more *more = &t->more[thread - t->at];
	int n = snprintf(number, 12, "%" PRIu32, thread->id);

	attrs[0] = (struct weir_attr){ { "thread", 6 }, { number, (uint64_t)n } };
	if (!thread->has_more || !more->label)
		return 1;
	attrs[1] = (struct weir_attr){ { "label", 5 }, { more->label, more->n_label } };
	return 2;
}

uint32_t thread_attrs(struct log *l, struct thread *thread)
{
	struct thread_more *more = thread_more(&l->threads, thread);
	struct weir_attr attrs[THREAD_ATTRS];
	char number[12];

	if (!more->attrs)
		more->attrs = l->host->attrs(l->host, attrs, identify(&l->threads, thread, number, attrs));
	return more->attrs;
}

static __attribute__((noinline)) void say_times(struct log *l, const struct thread *thread)
{
	struct weir_attr attrs[THREAD_ATTRS + 1];
	char number[12];
	uint32_t n = identify(&l->threads, thread, number, attrs);

	for (enum state s = 0; s < STATE_COUNT; s++) {
		uint64_t time_ns = thread_spent(&l->threads, thread, s);

		attrs[n] = (struct weir_attr){ { "state", 5 }, { state_names[s], strlen(state_names[s]) } };
		if (time_ns)
			outbox_count(&l->outbox, l->host->series(l->host, ROW_THREAD_TIME, attrs, n + 1),
			             thread->end_ns, time_ns);
	}
}

static __attribute__((noinline)) void say_life(struct log *l, struct thread *thread)
{
	struct weir_span *span;

	if (!thread->is_created || thread->end_ns < thread->created_ns)
		return;
	if (!l->threads.life_series)
		l->threads.life_series = series_of(l, ROW_THREAD_LIFE, NULL);
	span = outbox_span(&l->outbox, l->threads.life_series, thread->created_ns);
	span->duration_ns = (int64_t)(thread->end_ns - thread->created_ns);
	span->value = (double)thread->near_ns[STATE_RUNNING];
	span->attrs = thread_attrs(l, thread);
	span->flags = WEIR_SPAN_HAS_VALUE;
}

/* Whether it has series of its own. */
static int is_own(struct log *l, const struct thread *thread)
{
	struct threads *t = &l->threads;
	int has_label = thread->has_more && t->more[thread - t->at].label;

	if (!has_label && thread->near_ns[STATE_RUNNING] < l->settings.thread_min_ns)
		return 0;
	if (t->n_said == THREADS_SAID_MAX) {
		t->n_unsaid++;
		return 0;
	}
	t->n_said++;
	return 1;
}

static void add_to_others(struct threads *t, const struct thread *thread)
{
	struct others *others = &t->others;

	if (!others->n++ || thread->created_ns < others->start_ns)
		others->start_ns = thread->created_ns;
	if (thread->end_ns > others->end_ns)
		others->end_ns = thread->end_ns;
	for (enum state s = 0; s < STATES_NEAR; s++)
		others->time_ns[s] += thread->near_ns[s];
	for (enum state s = STATES_NEAR; thread->has_more && s < STATE_COUNT; s++)
		others->time_ns[s] += thread_spent(t, thread, s);
	distribution_add(&others->run_time, thread->near_ns[STATE_RUNNING]);
	if (thread->is_created && thread->end_ns >= thread->created_ns)
		distribution_add(&others->life, thread->end_ns - thread->created_ns);
}

void thread_say(struct log *l, struct thread *thread)
{
	int is_alone;

	/* A label for a thread that never was. In this order, or compilers read two bytes at once, of which one has
	 * just been written, and the processor waits. */
	if (!thread->is_created && !thread->near_ns[STATE_RUNNABLE] && !thread->has_run)
		return;
	is_alone = is_own(l, thread);
	if (is_alone)
		say_times(l, thread);
	else
		add_to_others(&l->threads, thread);
	if (is_alone || l->settings.has_runs)
		say_life(l, thread);
}

void thread_say_others(struct log *l)
{
	const struct others *others = &l->threads.others;
	uint64_t duration_ns = since(others->start_ns, others->end_ns);

	for (enum state s = 0; s < STATE_COUNT; s++)
		if (others->time_ns[s])
			outbox_count(&l->outbox,
			             series_of(l, ROW_THREAD_TIME, "thread", "other", "state", state_names[s], NULL),
			             others->end_ns, others->time_ns[s]);
	if (!others->n)
		return;
	outbox_count(&l->outbox, series_of(l, ROW_THREAD_OTHERS, NULL), others->end_ns, others->n);
	outbox_distribution(&l->outbox, series_of(l, ROW_THREAD_RUN_TIME, "thread", "other", NULL), others->start_ns,
	                    duration_ns, &others->run_time);
	if (others->life.is_used)
		outbox_distribution(&l->outbox, series_of(l, ROW_THREAD_LIFETIME, "thread", "other", NULL),
		                    others->start_ns, duration_ns, &others->life);
}
