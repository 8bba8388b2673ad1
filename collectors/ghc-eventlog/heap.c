/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of the heap, sparks, tasks, capabilities. */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <inttypes.h>
#include <stdio.h>

/* A capability set, and its bytes. */
enum {
	HEAP_BYTES_AT = 4,
	HEAP_PAYLOAD_BYTES = 12,
};

static uint64_t heap_bytes(const struct eventlog_event *e)
{
	return eventlog_u64(e->payload + HEAP_BYTES_AT);
}

enum fate heap_allocated(struct log *l, struct lane *lane, const struct eventlog_event *e,
                         const struct eventlog_values *v)
{
	if (e->n_payload < HEAP_PAYLOAD_BYTES)
		return FATE_BAD;
	level_set(&lane->allocated, e->time_ns, heap_bytes(e));
	return FATE_STORED;
}

/* Said at every collection, and nearly always the same. */
enum fate heap_size(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	struct level *size = &lane->heap_size;

	if (e->n_payload < HEAP_PAYLOAD_BYTES || heap_bytes(e) >= HEAP_BYTES_END)
		return FATE_BAD;
	if (!l->heap_size_series)
		l->heap_size_series = series_of(l, ROW_HEAP_SIZE, NULL);
	if (!size->has_series || size->value != heap_bytes(e))
		outbox_count(&l->outbox, l->heap_size_series, e->time_ns, heap_bytes(e));
	size->has_series = 1;
	size->value = heap_bytes(e);
	return FATE_STORED;
}

enum fate heap_live(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	if (e->n_payload < HEAP_PAYLOAD_BYTES || heap_bytes(e) >= HEAP_BYTES_END)
		return FATE_BAD;
	if (!l->heap_live_series)
		l->heap_live_series = series_of(l, ROW_HEAP_LIVE, NULL);
	outbox_count(&l->outbox, l->heap_live_series, e->time_ns, heap_bytes(e));
	return FATE_STORED;
}

enum fate heap_blocks(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	level_set(&lane->heap_blocks, e->time_ns, v->at[1].number);
	return FATE_STORED;
}

enum fate heap_returned(struct log *l, struct lane *lane, const struct eventlog_event *e,
                        const struct eventlog_values *v)
{
	for (int i = 0; i < 3; i++)
		level_set(&lane->megablocks[i], e->time_ns, v->at[1 + i].number);
	return FATE_STORED;
}

enum fate heap_info(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	static const char *const names[] = { "ghc.heap.generations", "ghc.heap.max_bytes", "ghc.heap.area_bytes",
		                             "ghc.heap.megablock_bytes", "ghc.heap.block_bytes" };
	char text[24];

	for (int i = 0; i < 5; i++) {
		int n = snprintf(text, sizeof(text), "%" PRIu64, v->at[1 + i].number);

		(void)l->host->fact(l->host, names[i], (struct weir_text){ text, (uint64_t)n });
	}
	return FATE_STORED;
}

/* ---- Sparks ---- */

enum fate spark_counters(struct log *l, struct lane *lane, const struct eventlog_event *e,
                         const struct eventlog_values *v)
{
	if (e->n_payload < SPARK_KINDS * sizeof(uint64_t))
		return FATE_BAD;
	for (size_t i = 0; i < SPARK_KINDS; i++)
		level_set(&lane->sparks[i], e->time_ns, eventlog_u64(e->payload + i * sizeof(uint64_t)));
	return FATE_STORED;
}

enum fate spark_event(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	lane->spark_events[e->tag == EVENTLOG_RUN_SPARK ? SPARK_EVENT_RUN : SPARK_EVENT_STEAL].value++;
	return FATE_STORED;
}

/* ---- Tasks: operating system threads ---- */

static void say_task(struct log *l, const struct task *task, uint64_t end_ns)
{
	struct weir_span *span;
	char id[24], tid[24];

	(void)snprintf(id, sizeof(id), "%" PRIx64, task->id);
	(void)snprintf(tid, sizeof(tid), "%" PRIu64, task->tid);
	span = outbox_span(&l->outbox, series_of(l, ROW_TASK_LIFE, "task", id, "thread.id", tid, NULL), task->start_ns);
	span->duration_ns = (int64_t)since(task->start_ns, end_ns);
	span->track = task->capability;
}

static void forget_task(struct tasks *t, uint32_t i)
{
	table_remove(&t->by_id, t->at[i].id);
	t->at[i].next_free = t->free;
	t->free = i + 1;
}

enum fate task_create(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	struct tasks *t = &l->tasks;
	const struct table_slot *old = table_find(&t->by_id, v->at[0].number);
	uint32_t i;

	if (old) {
		i = old->value;
		say_task(l, &t->at[i], e->time_ns);
		forget_task(t, i);
	}
	i = t->free ? t->free - 1 : t->n;
	if (i == TASKS_MAX)
		return FATE_LIMIT;
	if (table_add(&t->by_id, v->at[0].number, i) < 0)
		return log_no_memory(l);
	if (t->free)
		t->free = t->at[i].next_free;
	else
		t->n++;
	t->at[i] = (struct task){ .id = v->at[0].number,
		                  .tid = v->at[2].number,
		                  .start_ns = e->time_ns,
		                  .capability = (uint32_t)v->at[1].number };
	return FATE_STORED;
}

enum fate task_delete(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	const struct table_slot *slot = table_find(&l->tasks.by_id, v->at[0].number);

	if (!slot)
		return FATE_UNPAIRED;
	say_task(l, &l->tasks.at[slot->value], e->time_ns);
	forget_task(&l->tasks, slot->value);
	return FATE_STORED;
}

enum fate task_migrate(struct log *l, struct lane *lane, const struct eventlog_event *e,
                       const struct eventlog_values *v)
{
	const struct table_slot *slot = table_find(&l->tasks.by_id, v->at[0].number);

	if (!slot)
		return FATE_UNPAIRED;
	l->tasks.at[slot->value].capability = (uint32_t)v->at[2].number;
	return FATE_STORED;
}

void tasks_finish(struct log *l)
{
	struct tasks *t = &l->tasks;

	for (uint32_t i = 0; i < t->by_id.n_slots; i++)
		if (t->by_id.slots[i].is_used)
			say_task(l, &t->at[t->by_id.slots[i].value], l->last_ns);
}

/* ---- Capabilities ---- */

enum fate capability_count(struct log *l, struct lane *lane, const struct eventlog_event *e,
                           const struct eventlog_values *v)
{
	struct identity *id = &l->identity;

	if (e->tag == EVENTLOG_CAP_CREATE || e->tag == EVENTLOG_CAP_ENABLE)
		id->capabilities++;
	else if (id->capabilities)
		id->capabilities--;
	if (!id->has_capability_series)
		id->capability_series = series_of(l, ROW_CAPABILITY_COUNT, NULL);
	id->has_capability_series = 1;
	outbox_count(&l->outbox, id->capability_series, e->time_ns, id->capabilities);
	return FATE_STORED;
}
