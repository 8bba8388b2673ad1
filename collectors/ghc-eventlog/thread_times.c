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
static uint32_t identify(const struct thread *thread, char number[12], struct weir_attr attrs[THREAD_ATTRS])
{
	int n = snprintf(number, 12, "%" PRIu32, thread->id);

	attrs[0] = (struct weir_attr){ { "thread", 6 }, { number, (uint64_t)n } };
	attrs[1] = (struct weir_attr){ { "label", 5 }, { thread->label, thread->n_label } };
	return thread->label ? 2 : 1;
}

uint32_t thread_attrs(struct log *l, const struct thread *thread)
{
	struct weir_attr attrs[THREAD_ATTRS];
	char number[12];
	uint32_t n = identify(thread, number, attrs);

	return l->host->attrs(l->host, attrs, n);
}

static void say_times(struct log *l, const struct thread *thread)
{
	struct weir_attr attrs[THREAD_ATTRS + 1];
	char number[12];
	uint32_t n = identify(thread, number, attrs);

	for (int s = 0; s < STATE_COUNT; s++) {
		attrs[n] = (struct weir_attr){ { "state", 5 }, { state_names[s], strlen(state_names[s]) } };
		if (thread->time_ns[s])
			outbox_count(&l->outbox, l->host->series(l->host, ROW_THREAD_TIME, attrs, n + 1),
			             thread->end_ns, thread->time_ns[s]);
	}
}

static void say_life(struct log *l, const struct thread *thread)
{
	struct weir_attr attrs[THREAD_ATTRS];
	char number[12];
	uint32_t n = identify(thread, number, attrs);
	struct weir_span *span;

	if (!thread->is_created || thread->end_ns < thread->created_ns)
		return;
	span = outbox_span(&l->outbox, l->host->series(l->host, ROW_THREAD_LIFE, attrs, n), thread->created_ns);
	span->duration_ns = (int64_t)(thread->end_ns - thread->created_ns);
	span->value = (double)thread->time_ns[STATE_RUNNING];
	span->flags = WEIR_SPAN_HAS_VALUE;
}

void thread_say(struct log *l, struct thread *thread)
{
	struct threads *t = &l->threads;

	if (!thread->is_created && !thread->has_run && !thread->time_ns[STATE_RUNNABLE])
		return; /* a label for a thread that never was */
	if (t->n_said < THREADS_SAID_MAX &&
	    (thread->label || thread->time_ns[STATE_RUNNING] >= l->settings.thread_min_ns)) {
		t->n_said++;
		say_times(l, thread);
		say_life(l, thread);
		return;
	}
	t->n_others++;
	for (int s = 0; s < STATE_COUNT; s++)
		t->others_ns[s] += thread->time_ns[s];
	if (thread->end_ns > t->others_end_ns)
		t->others_end_ns = thread->end_ns;
}

void thread_say_others(struct log *l)
{
	struct threads *t = &l->threads;

	for (int s = 0; s < STATE_COUNT; s++)
		if (t->others_ns[s])
			outbox_count(&l->outbox,
			             series_of(l, ROW_THREAD_TIME, "thread", "other", "state", state_names[s], NULL),
			             t->others_end_ns, t->others_ns[s]);
}
