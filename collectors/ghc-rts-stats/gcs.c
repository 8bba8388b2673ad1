/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-rts-stats/ghc_rts_stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SERIES_COPIED = 0,
	SERIES_ALLOCATED,
	SERIES_LIVE,
	SERIES_CPU,
	SERIES_FAULTS,
	SERIES_FAULTS_BEFORE,
	SERIES_COUNT,
	PAUSES = sizeof(((struct gcs *)0)->pause_series) / sizeof(uint32_t),
};

_Static_assert(SERIES_COUNT == sizeof(((struct gcs *)0)->series) / sizeof(uint32_t), "a place for each series");

int gcs_add(struct gcs *g, const struct rts_gc *gc)
{
	if (g->n == GCS_MAX)
		return -ENOBUFS;
	if (g->n == g->n_room) {
		uint32_t n_room = g->n_room ? g->n_room * 2 : 1024;
		struct rts_gc *bigger = reallocarray(g->at, n_room, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		g->at = bigger;
		g->n_room = n_room;
	}
	g->at[g->n++] = *gc;
	g->n_all++;
	g->last_elapsed_s = gc->process_elapsed_s;
	return WEIR_OK;
}

static uint32_t series_of(struct gcs *g, uint32_t which)
{
	static const struct {
		uint8_t row;
		const char *key[2], *value[2];
	} series[SERIES_COUNT] = {
		[SERIES_COPIED] = { ROW_GC_COPIED, { NULL }, { NULL } },
		[SERIES_ALLOCATED] = { ROW_ALLOCATED, { NULL }, { NULL } },
		[SERIES_LIVE] = { ROW_LIVE, { NULL }, { NULL } },
		[SERIES_CPU] = { ROW_CPU, { "state" }, { "total" } },
		[SERIES_FAULTS] = { ROW_FAULTS, { "type", "phase" }, { "major", "gc" } },
		[SERIES_FAULTS_BEFORE] = { ROW_FAULTS, { "type", "phase" }, { "major", "mutator" } },
	};
	struct weir_attr attrs[3];
	char digits[16];
	uint32_t n = 0;

	if (g->series[which])
		return g->series[which];
	for (; n < 2 && series[which].key[n]; n++)
		attrs[n] = (struct weir_attr){ { series[which].key[n], strlen(series[which].key[n]) },
			                       { series[which].value[n], strlen(series[which].value[n]) } };
	n = report_attr(g->number, attrs, n, digits);
	g->series[which] = g->host->series(g->host, series[which].row, attrs, n);
	return g->series[which];
}

static uint32_t pause_series(struct gcs *g, uint32_t generation)
{
	uint32_t *known = generation < PAUSES ? &g->pause_series[generation] : NULL, series;
	char digits[2][16];
	struct weir_attr attrs[2] = { { { "generation", 10 }, { digits[0], 0 } } };

	if (known && *known)
		return *known;
	attrs[0].value.n_bytes = (uint64_t)snprintf(digits[0], sizeof(digits[0]), "%u", generation);
	series = g->host->series(g->host, ROW_GC_PAUSE, attrs, report_attr(g->number, attrs, 1, digits[1]));
	if (known)
		*known = series;
	return series;
}

static int flush(struct gcs *g)
{
	int r = g->n_spans ? g->host->spans(g->host, g->spans, g->n_spans) : WEIR_OK;

	if (r >= 0 && g->n_numbers)
		r = g->host->numbers(g->host, g->numbers, g->n_numbers);
	g->n_spans = g->n_numbers = 0;
	return r;
}

static void number(struct gcs *g, uint32_t which, int64_t time_ns, int64_t value)
{
	uint32_t series = series_of(g, which);

	if (series)
		g->numbers[g->n_numbers++] =
			(struct weir_number){ .time_ns = time_ns, .value = { .i64 = value }, .series = series };
}

/* Sums of numbers that a file gives can be beyond 63 bits; they stop there. */
static void add(int64_t *sum, int64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = INT64_MAX;
}

static int emit(struct gcs *g, const struct rts_gc *gc)
{
	int64_t elapsed_ns = ending_ns(gc->elapsed_s), end_ns = ending_ns(gc->process_elapsed_s);
	int64_t cpu_ns = ending_ns(gc->process_cpu_s);

	add(&g->allocated_bytes, gc->allocated_bytes);
	add(&g->copied_bytes, gc->copied_bytes);
	add(&g->faults, gc->faults);
	add(&g->faults_before, gc->faults_before);
	if (elapsed_ns == ENDING_UNKNOWN || end_ns == ENDING_UNKNOWN || cpu_ns == ENDING_UNKNOWN || elapsed_ns < 0 ||
	    __builtin_add_overflow(end_ns, g->start_ns, &end_ns) || !pause_series(g, gc->generation)) {
		report_tally(g->host, WEIR_BAD, "rts_stats.gc_time");
		return WEIR_OK;
	}
	g->spans[g->n_spans++] = (struct weir_span){ .time_ns = end_ns - elapsed_ns,
		                                     .duration_ns = elapsed_ns,
		                                     .value = gc->cpu_s * 1e9,
		                                     .series = pause_series(g, gc->generation),
		                                     .flags = WEIR_SPAN_HAS_VALUE };
	number(g, SERIES_ALLOCATED, end_ns, g->allocated_bytes);
	number(g, SERIES_COPIED, end_ns, g->copied_bytes);
	number(g, SERIES_LIVE, end_ns, gc->live_bytes);
	number(g, SERIES_CPU, end_ns, cpu_ns);
	number(g, SERIES_FAULTS, end_ns, g->faults);
	number(g, SERIES_FAULTS_BEFORE, end_ns, g->faults_before);
	report_tally(g->host, WEIR_STORED, NULL);
	return g->n_spans == GCS_BATCH ? flush(g) : WEIR_OK;
}

int gcs_emit(struct gcs *g)
{
	int r = WEIR_OK;

	for (uint32_t i = 0; i < g->n && r >= 0; i++)
		r = emit(g, &g->at[i]);
	g->n = 0;
	return r < 0 ? r : flush(g);
}

void gcs_next(struct gcs *g)
{
	g->number++;
	g->n_all = 0;
	g->allocated_bytes = g->copied_bytes = g->faults = g->faults_before = 0;
	memset(g->pause_series, 0, sizeof(g->pause_series));
	memset(g->series, 0, sizeof(g->series));
}

void gcs_done(struct gcs *g)
{
	free(g->at);
}
