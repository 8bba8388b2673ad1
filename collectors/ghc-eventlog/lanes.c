/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SERIES_ATTRS_MAX = 4,
};

const char *const state_names[STATE_COUNT] = {
	[STATE_RUNNING] = "running",     [STATE_RUNNABLE] = "runnable",     [STATE_MVAR] = "mvar",
	[STATE_MVAR_READ] = "mvar_read", [STATE_BLACK_HOLE] = "black_hole", [STATE_READ] = "read",
	[STATE_WRITE] = "write",         [STATE_DELAY] = "delay",           [STATE_STM] = "stm",
	[STATE_THROW_TO] = "throw_to",   [STATE_FOREIGN] = "foreign_call",  [STATE_IO] = "io",
	[STATE_OTHER] = "other"
};

static const char *const gc_thread_names[GC_THREAD_COUNT] = {
	[GC_THREAD_WORK] = "work", [GC_THREAD_IDLE] = "idle", [GC_THREAD_DONE] = "done"
};

static const char *const spark_names[SPARK_KINDS] = {
	[SPARK_CREATED] = "created",       [SPARK_DUD] = "dud",
	[SPARK_OVERFLOWED] = "overflowed", [SPARK_CONVERTED] = "converted",
	[SPARK_COLLECTED] = "collected",   [SPARK_FIZZLED] = "fizzled"
};

static const char *const spark_event_names[SPARK_EVENT_KINDS] = {
	[SPARK_EVENT_CREATE] = "create", [SPARK_EVENT_DUD] = "dud",     [SPARK_EVENT_OVERFLOW] = "overflow",
	[SPARK_EVENT_RUN] = "run",       [SPARK_EVENT_STEAL] = "steal", [SPARK_EVENT_FIZZLE] = "fizzle",
	[SPARK_EVENT_GC] = "gc"
};

static const char *const megablock_names[3] = { "current", "needed", "returned" };

/* ---- Series ---- */

uint32_t series_of(struct log *l, enum row row, ...)
{
	struct weir_attr attrs[SERIES_ATTRS_MAX];
	uint32_t n = 0;
	va_list args;

	va_start(args, row);
	for (const char *key = va_arg(args, const char *); key && n < SERIES_ATTRS_MAX;
	     key = va_arg(args, const char *)) {
		const char *value = va_arg(args, const char *);

		attrs[n++] = (struct weir_attr){ { key, strlen(key) }, { value, strlen(value) } };
	}
	va_end(args);
	return l->host->series(l->host, row, attrs, n);
}

/* ---- A lane ---- */

struct lane *lane_get(struct log *l, uint32_t capability)
{
	uint32_t i = capability < LANE_GLOBAL ? capability : LANE_GLOBAL;

	if (!l->lanes[i]) {
		l->lanes[i] = calloc(1, sizeof(*l->lanes[i]));
		if (l->lanes[i])
			l->lanes[i]->capability = i;
	}
	return l->lanes[i];
}

/* ---- What an interval says ---- */

/* Series of one capability, with one more attribute if there is a key. */
static uint32_t series_here(struct log *l, const struct lane *lane, enum row row, const char *key, const char *value)
{
	char capability[12];

	(void)snprintf(capability, sizeof(capability), "%" PRIu32, lane->capability);
	if (lane->capability == LANE_GLOBAL)
		return series_of(l, row, key, value, NULL);
	return series_of(l, row, "capability", capability, key, value, NULL);
}

static void say_count(struct log *l, const struct lane *lane, struct count *c, enum row row, const char *key,
                      const char *value, uint64_t time_ns)
{
	if (c->value == c->said)
		return;
	if (!c->has_series)
		c->series = series_here(l, lane, row, key, value);
	c->has_series = 1;
	c->said = c->value;
	outbox_count(&l->outbox, c->series, time_ns, c->value);
}

/* lane NULL: the value is the whole process's, whichever capability says it. */
static void say_level(struct log *l, const struct lane *lane, struct level *v, enum row row, const char *key,
                      const char *value)
{
	if (!v->is_new)
		return;
	if (!v->has_series)
		v->series = lane ? series_here(l, lane, row, key, value) : series_of(l, row, key, value, NULL);
	v->has_series = 1;
	v->is_new = 0;
	outbox_count(&l->outbox, v->series, v->time_ns, v->value);
}

static void say_real(struct log *l, const struct lane *lane, struct real *r, enum row row, const char *state,
                     double value, uint64_t time_ns)
{
	if (!r->has_series && value == 0)
		return;
	if (!r->has_series)
		r->series = series_here(l, lane, row, "state", state);
	r->has_series = 1;
	outbox_real(&l->outbox, r->series, time_ns, value);
}

static void say_distribution(struct log *l, const struct lane *lane, struct real *r, enum row row,
                             struct distribution *d, uint64_t duration_ns)
{
	if (!d->is_used)
		return;
	if (!r->has_series)
		r->series = series_here(l, lane, row, NULL, NULL);
	r->has_series = 1;
	outbox_distribution(&l->outbox, r->series, lane->interval_ns, duration_ns, d);
	*d = (struct distribution){ 0 };
}

static double share(uint64_t part_ns, uint64_t whole_ns)
{
	return part_ns < whole_ns ? (double)part_ns / (double)whole_ns : 1;
}

/* A sum with what is going on in it, up to now; starts it anew. */
static uint64_t cut_sum(uint64_t *sum_ns, uint64_t n_going_on, uint64_t now_ns)
{
	uint64_t cut_ns = *sum_ns + n_going_on * now_ns;

	*sum_ns = 0 - n_going_on * now_ns;
	return cut_ns > INT64_MAX ? 0 : cut_ns;
}

/* Several numbers mean the same. */
static void say_stops(struct log *l, struct lane *lane, uint64_t now_ns)
{
	for (uint32_t n = 0; n < STATUS_COUNT; n++) {
		const struct status *status = &statuses[n];

		lane->stops[status->stop == STOP_BLOCKED ? status->state : STATE_COUNT + status->stop].value +=
			lane->n_stops[n];
		lane->n_stops[n] = 0;
	}
	for (uint32_t s = 0; s < STATE_COUNT + STOP_KINDS; s++)
		say_count(l, lane, &lane->stops[s], ROW_THREAD_STOPS, "reason",
		          s < STATE_COUNT ? state_names[s] : thread_stop_name(s - STATE_COUNT, 0), now_ns);
}

static void say_threads(struct log *l, struct lane *lane, uint64_t now_ns, double length_ns)
{
	for (int s = STATE_RUNNABLE; s < STATE_COUNT; s++) {
		uint64_t sum_ns = cut_sum(&lane->threads_ns[s], lane->n_threads[s], now_ns);

		say_real(l, lane, &lane->thread_levels[s], ROW_THREAD_COUNT, state_names[s], (double)sum_ns / length_ns,
		         now_ns);
	}
	say_stops(l, lane, now_ns);
	say_count(l, lane, &lane->created, ROW_THREAD_CREATED, NULL, NULL, now_ns);
	say_count(l, lane, &lane->wakeups, ROW_THREAD_WAKEUPS, NULL, NULL, now_ns);
	say_count(l, lane, &lane->migrations, ROW_THREAD_MIGRATIONS, NULL, NULL, now_ns);
}

static void say_generation(struct log *l, struct lane *lane, uint32_t g, uint64_t now_ns)
{
	struct generation *generation = &lane->generations[g];
	const char *key = g < GENERATIONS_MAX ? "generation" : NULL;
	char name[12] = "";

	if (generation->n.value == generation->n.said && generation->copied.value == generation->copied.said)
		return;
	if (!generation->n.has_series || !generation->copied.has_series)
		(void)snprintf(name, sizeof(name), "%" PRIu32, g);
	say_count(l, lane, &generation->n, ROW_GC_COUNT, key, name, now_ns);
	say_count(l, lane, &generation->copied, ROW_GC_COPIED, key, name, now_ns);
}

static void say_generations(struct log *l, struct lane *lane, uint64_t now_ns)
{
	for (uint32_t g = 0; g < lane->n_generations; g++)
		say_generation(l, lane, g, now_ns);
}

static void say_last_collection(struct log *l, struct lane *lane, uint64_t now_ns)
{
	say_generations(l, lane, now_ns);
	say_count(l, lane, &lane->parallel_copied, ROW_GC_PARALLEL_COPIED, NULL, NULL, now_ns);
	say_count(l, lane, &lane->parallel_max, ROW_GC_PARALLEL_MAX, NULL, NULL, now_ns);
	say_count(l, lane, &lane->parallel_balanced, ROW_GC_PARALLEL_BALANCED, NULL, NULL, now_ns);
	say_level(l, NULL, &lane->slop, ROW_GC_SLOP, NULL, NULL);
	say_level(l, NULL, &lane->fragmentation, ROW_GC_FRAGMENTATION, NULL, NULL);
}

/* Times of intervals that are over have been said. */
void lane_say_collection(struct log *l, struct lane *lane, uint64_t end_ns)
{
	if (end_ns < lane->interval_ns)
		end_ns = lane->interval_ns;
	lane->slop.time_ns = lane->fragmentation.time_ns = end_ns;
	say_last_collection(l, lane, end_ns);
}

static void say_collections(struct log *l, struct lane *lane, uint64_t now_ns)
{
	say_last_collection(l, lane, now_ns);
	for (int s = GC_THREAD_WORK; s < GC_THREAD_COUNT; s++)
		say_count(l, lane, &lane->gc_thread_time[s], ROW_GC_THREAD_TIME, "state", gc_thread_names[s], now_ns);
	say_level(l, NULL, &lane->heap_blocks, ROW_HEAP_BLOCKS, NULL, NULL);
	say_level(l, lane, &lane->allocated, ROW_HEAP_ALLOCATED, NULL, NULL);
	for (int i = 0; i < 3; i++)
		say_level(l, NULL, &lane->megablocks[i], ROW_HEAP_MEGABLOCKS, "state", megablock_names[i]);
}

static void say_sparks(struct log *l, struct lane *lane, uint64_t now_ns)
{
	for (int s = 0; s < SPARK_REMAINING; s++)
		say_level(l, lane, &lane->sparks[s], ROW_SPARK_COUNT, "state", spark_names[s]);
	say_level(l, lane, &lane->sparks[SPARK_REMAINING], ROW_SPARK_POOL, NULL, NULL);
	for (int s = 0; s < SPARK_EVENT_KINDS; s++)
		say_count(l, lane, &lane->spark_events[s], ROW_SPARK_EVENTS, "event", spark_event_names[s], now_ns);
}

static void end_interval(struct log *l, struct lane *lane, uint64_t now_ns)
{
	uint64_t length_ns = now_ns - lane->interval_ns;
	uint64_t run_ns = cut_sum(&lane->run_ns, lane->running != NULL, now_ns);
	uint64_t gc_ns = cut_sum(&lane->gc_ns, lane->gc.is_running, now_ns);

	lane->run_time.value += run_ns;
	lane->gc_time.value += gc_ns;
	if (length_ns && lane->capability != LANE_GLOBAL) {
		say_real(l, lane, &lane->run_share, ROW_CAPABILITY_UTILISATION, "running", share(run_ns, length_ns),
		         now_ns);
		say_real(l, lane, &lane->gc_share, ROW_CAPABILITY_UTILISATION, "gc", share(gc_ns, length_ns), now_ns);
		say_threads(l, lane, now_ns, (double)length_ns);
	}
	say_count(l, lane, &lane->run_time, ROW_CAPABILITY_TIME, "state", "running", now_ns);
	say_count(l, lane, &lane->gc_time, ROW_CAPABILITY_TIME, "state", "gc", now_ns);
	say_collections(l, lane, now_ns);
	say_sparks(l, lane, now_ns);
	say_distribution(l, lane, &lane->run_delay_out, ROW_THREAD_RUN_DELAY, &lane->run_delay, length_ns);
	say_distribution(l, lane, &lane->slice_out, ROW_THREAD_SLICE, &lane->slice, length_ns);
	say_distribution(l, lane, &lane->gc_sync_out, ROW_GC_SYNC, &lane->gc_sync, length_ns);
	lane->interval_ns = now_ns;
}

void lane_advance(struct log *l, struct lane *lane, uint64_t time_ns)
{
	uint64_t interval_ns = l->settings.interval_ns, last_edge_ns = time_ns / interval_ns * interval_ns;

	if (!lane->is_seen) {
		lane->is_seen = 1;
		lane->interval_ns = time_ns;
	} else {
		for (int i = 0; i < IDLE_INTERVALS_MAX && lane->edge_ns < last_edge_ns; i++) {
			end_interval(l, lane, lane->edge_ns);
			lane->edge_ns += interval_ns;
		}
		end_interval(l, lane, last_edge_ns);
	}
	lane->edge_ns =
		last_edge_ns + interval_ns < OUTBOX_TIMES_END_NS ? last_edge_ns + interval_ns : OUTBOX_TIMES_END_NS;
}

void lane_finish(struct log *l, struct lane *lane)
{
	if (lane->is_seen)
		end_interval(l, lane, lane->now_ns > lane->interval_ns ? lane->now_ns : lane->interval_ns);
}
