/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/rts/rts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	WORD_BYTES = 8,
	MODE_UNKNOWN = 0,
	MODE_SEQUENTIAL,
	MODE_PARALLEL,
};

static uint32_t pause_series(struct pauses *p, uint32_t generation, uint32_t n_threads)
{
	unsigned mode = n_threads == 0 ? MODE_UNKNOWN : n_threads == 1 ? MODE_SEQUENTIAL : MODE_PARALLEL;
	uint32_t *series = &p->generations[generation].pause_series[mode];
	struct weir_text name = { mode == MODE_PARALLEL ? "parallel" : "sequential", mode == MODE_PARALLEL ? 8 : 10 };
	char digits[12];
	struct weir_attr attrs[2] = { { { "generation", 10 }, { digits, 0 } }, { { "mode", 4 }, name } };

	if (*series)
		return *series;
	attrs[0].value.n_bytes = (uint64_t)snprintf(digits, sizeof(digits), "%u", generation);
	*series = p->host->series(p->host, ROW_GC_PAUSE, attrs, mode == MODE_UNKNOWN ? 1 : 2);
	return *series;
}

static void make_series(struct pauses *p, uint32_t generation)
{
	char digits[12];

	(void)snprintf(digits, sizeof(digits), "%u", generation);
	p->generations[generation].count_series = rts_series(p->host, ROW_GC_COUNT, "generation", digits);
	p->generations[generation].copied_series = rts_series(p->host, ROW_GC_COPIED, "generation", digits);
	if (p->live_series)
		return;
	p->live_series = rts_series(p->host, ROW_HEAP_LIVE, NULL, NULL);
	p->slop_series = rts_series(p->host, ROW_HEAP_SLOP, NULL, NULL);
	p->sync_series = rts_series(p->host, ROW_GC_SYNC, NULL, NULL);
}

/* ---- Distribution ---- */

/* Bucket i has the values in (base^i, base^(i+1)], base = 2^(1/8). */
static uint32_t bucket_of(uint64_t value)
{
	double exponent = ceil(log2((double)value) * (1 << SYNC_SCALE)) - 1;

	return exponent <= 0 ? 0 : exponent >= SYNC_BUCKETS - 1 ? SYNC_BUCKETS - 1 : (uint32_t)exponent;
}

static void add_sync(struct pauses *p, uint64_t value)
{
	double v = (double)value;

	p->sync.min = p->sync.count == 0 || v < p->sync.min ? v : p->sync.min;
	p->sync.max = p->sync.count == 0 || v > p->sync.max ? v : p->sync.max;
	p->sync.sum += v;
	p->sync.count++;
	/* 1 is in the bucket below 0, which there is none of: it counts as no time at all. */
	if (value <= 1)
		p->sync.n_zero++;
	else
		p->sync.buckets[bucket_of(value)]++;
}

int pauses_end(struct pauses *p, int64_t now_ns)
{
	uint32_t first = 0, last = SYNC_BUCKETS;
	struct weir_histogram h;
	int r = WEIR_OK;

	if (p->sync.count > 0 && p->sync_series && now_ns > p->since_ns) {
		while (first < SYNC_BUCKETS && p->sync.buckets[first] == 0)
			first++;
		while (last > first && p->sync.buckets[last - 1] == 0)
			last--;
		h = (struct weir_histogram){ .time_ns = p->since_ns,
			                     .duration_ns = now_ns - p->since_ns,
			                     .count = p->sync.count,
			                     .n_zero = p->sync.n_zero,
			                     .sum = p->sync.sum,
			                     .min = p->sync.min,
			                     .max = p->sync.max,
			                     .buckets = p->sync.buckets + (first < last ? first : 0),
			                     .n_buckets = last - first,
			                     .scale = SYNC_SCALE,
			                     .offset = first < last ? (int32_t)first : 0,
			                     .series = p->sync_series };
		r = p->host->histograms(p->host, &h, 1);
		memset(&p->sync, 0, sizeof(p->sync));
	}
	p->since_ns = now_ns;
	return r;
}

/* ---- Events ---- */

static const uint64_t words_max = (uint64_t)1 << 56; /* more than an address space */

static int is_whole(const struct rts_event *e)
{
	return e->start_ns > 0 && e->start_ns <= e->end_ns && e->end_ns <= INT64_MAX &&
	       (e->asked_ns == 0 || e->asked_ns <= e->start_ns);
}

static int take_phase(struct pauses *p, const struct rts_event *e)
{
	static const char *const phases[] = { "cycle", "sync" };
	unsigned phase = e->kind == RTS_SYNC;
	struct weir_span span;

	if (!p->phase_series[phase])
		p->phase_series[phase] = rts_series(p->host, ROW_GC_CONCURRENT, "phase", phases[phase]);
	span = (struct weir_span){ .time_ns = (int64_t)e->start_ns + p->utc_offset_ns,
		                   .duration_ns = (int64_t)(e->end_ns - e->start_ns),
		                   .series = p->phase_series[phase] };
	p->host->tally(p->host, WEIR_STORED, 1, NULL);
	return span.series ? p->host->spans(p->host, &span, 1) : WEIR_OK;
}

static int take_collection(struct pauses *p, const struct rts_event *e)
{
	uint32_t g = e->generation;
	int64_t end_ns = (int64_t)e->end_ns + p->utc_offset_ns;
	struct weir_span span = { .time_ns = (int64_t)e->start_ns + p->utc_offset_ns,
		                  .duration_ns = (int64_t)(e->end_ns - e->start_ns),
		                  .value = (double)(e->start_ns - e->asked_ns),
		                  .series = pause_series(p, g, e->n_threads),
		                  .flags = e->asked_ns ? WEIR_SPAN_HAS_VALUE : 0 };
	struct weir_number numbers[4];
	/* With the non-moving collector the run-time system's own sum falls below 0. */
	int has_slop = e->slop_words <= words_max;
	int r;

	if (!p->generations[g].count_series)
		make_series(p, g);
	if (e->asked_ns)
		add_sync(p, e->start_ns - e->asked_ns);
	p->generations[g].copied_bytes += e->copied_words * WORD_BYTES;
	numbers[0] = (struct weir_number){
		end_ns, { .i64 = (int64_t)++p->generations[g].n }, p->generations[g].count_series, 0
	};
	numbers[1] = (struct weir_number){
		end_ns, { .i64 = (int64_t)p->generations[g].copied_bytes }, p->generations[g].copied_series, 0
	};
	numbers[2] =
		(struct weir_number){ end_ns, { .i64 = (int64_t)(e->live_words * WORD_BYTES) }, p->live_series, 0 };
	numbers[3] =
		(struct weir_number){ end_ns, { .i64 = (int64_t)(e->slop_words * WORD_BYTES) }, p->slop_series, 0 };
	r = p->host->spans(p->host, &span, 1);
	if (r >= 0)
		r = p->host->numbers(p->host, numbers, has_slop ? 4 : 3);
	p->host->tally(p->host, WEIR_STORED, 1, NULL);
	return r;
}

int pauses_take(struct pauses *p, const struct rts_event *e)
{
	p->host->tally(p->host, WEIR_READ, 1, NULL);
	if (!is_whole(e) || e->generation >= GENERATIONS_MAX || e->live_words > words_max ||
	    e->copied_words > words_max - p->generations[e->generation].copied_bytes / WORD_BYTES) {
		p->host->tally(p->host, WEIR_BAD, 1, "rts.event");
		return WEIR_OK;
	}
	return e->kind == RTS_COLLECTION ? take_collection(p, e) : take_phase(p, e);
}

void pauses_skip(struct pauses *p)
{
	p->host->tally(p->host, WEIR_READ, 1, NULL);
	p->host->tally(p->host, WEIR_SKIPPED, 1, "rts.other_process");
}
