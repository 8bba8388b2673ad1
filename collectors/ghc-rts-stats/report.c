/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-rts-stats/ghc_rts_stats.h"

#include <stdio.h>
#include <string.h>

enum unit {
	UNMAPPED = 0, /* a sum or a quotient of others */
	AS_IT_IS,
	SECONDS,
	MEBIBYTES,
	SHARE,
};

/* How a reading becomes a number. */
struct mapping {
	uint8_t unit;
	uint8_t row;             /* enum row */
	const char *key, *value; /* an attribute of the series */
};

#define PLAIN(row)                                                                                                     \
	{                                                                                                              \
		AS_IT_IS, row, NULL, NULL                                                                              \
	}
#define ATTR(row, key, value)                                                                                          \
	{                                                                                                              \
		AS_IT_IS, row, key, value                                                                              \
	}
#define STATE(row, value)                                                                                              \
	{                                                                                                              \
		SECONDS, row, "state", value                                                                           \
	}
#define PHASE(row, value)                                                                                              \
	{                                                                                                              \
		SECONDS, row, "phase", value                                                                           \
	}

/* Collections in all are here as those that the generations don't tell: see map_collections(). */
static const struct mapping plain[RTS_STAT_COUNT] = {
	[RTS_ALLOCATED_BYTES] = PLAIN(ROW_ALLOCATED),
	[RTS_COPIED_BYTES] = PLAIN(ROW_GC_COPIED),
	[RTS_AVG_LIVE_BYTES] = PLAIN(ROW_LIVE_AVG),
	[RTS_MAX_LIVE_BYTES] = PLAIN(ROW_LIVE_MAX),
	[RTS_CUMULATIVE_LIVE_BYTES] = PLAIN(ROW_LIVE_CUMULATIVE),
	[RTS_MAX_LARGE_BYTES] = PLAIN(ROW_LARGE_MAX),
	[RTS_MAX_COMPACT_BYTES] = PLAIN(ROW_COMPACT_MAX),
	[RTS_MAX_SLOP_BYTES] = PLAIN(ROW_SLOP_MAX),
	[RTS_MAX_MEM_BYTES] = PLAIN(ROW_SIZE_MAX),
	[RTS_MAX_MEM_MIB] = { MEBIBYTES, ROW_SIZE_MAX, NULL, NULL },
	[RTS_FRAGMENTATION_BYTES] = PLAIN(ROW_FRAGMENTATION),
	[RTS_FRAGMENTATION_MIB] = { MEBIBYTES, ROW_FRAGMENTATION, NULL, NULL },
	[RTS_PAR_COPIED_BYTES] = PLAIN(ROW_PAR_COPIED),
	[RTS_PAR_MAX_COPIED_BYTES] = PLAIN(ROW_PAR_COPIED_MAX),
	[RTS_PAR_BALANCED_COPIED_BYTES] = PLAIN(ROW_PAR_COPIED_BALANCED),
	[RTS_ALLOC_RATE] = PLAIN(ROW_ALLOCATION_RATE),
	[RTS_WORK_BALANCE] = { SHARE, ROW_WORK_BALANCE, NULL, NULL },
	[RTS_CAPABILITIES] = PLAIN(ROW_CAPABILITIES),
	[RTS_BOUND_TASKS] = ATTR(ROW_TASKS, "kind", "bound"),
	[RTS_WORKERS] = ATTR(ROW_TASKS, "kind", "worker"),
	[RTS_PEAK_WORKERS] = PLAIN(ROW_WORKERS_MAX),
	[RTS_SPARKS] = PLAIN(ROW_SPARKS_TOTAL),
	[RTS_SPARKS_CONVERTED] = ATTR(ROW_SPARKS, "state", "converted"),
	[RTS_SPARKS_OVERFLOWED] = ATTR(ROW_SPARKS, "state", "overflowed"),
	[RTS_SPARKS_DUD] = ATTR(ROW_SPARKS, "state", "dud"),
	[RTS_SPARKS_GCD] = ATTR(ROW_SPARKS, "state", "collected"),
	[RTS_SPARKS_FIZZLED] = ATTR(ROW_SPARKS, "state", "fizzled"),
	[RTS_PRODUCTIVITY_CPU] = { SHARE, ROW_PRODUCTIVITY, "clock", "cpu" },
	[RTS_PRODUCTIVITY_ELAPSED] = { SHARE, ROW_PRODUCTIVITY, "clock", "elapsed" },
	[RTS_INIT_CPU] = STATE(ROW_CPU, "init"),
	[RTS_INIT_ELAPSED] = STATE(ROW_ELAPSED, "init"),
	[RTS_MUT_CPU] = STATE(ROW_CPU, "mutator"),
	[RTS_MUT_ELAPSED] = STATE(ROW_ELAPSED, "mutator"),
	[RTS_GC_CPU] = STATE(ROW_CPU, "gc"),
	[RTS_GC_ELAPSED] = STATE(ROW_ELAPSED, "gc"),
	[RTS_RETAINER_CPU] = STATE(ROW_CPU, "retainer-profiling"),
	[RTS_RETAINER_ELAPSED] = STATE(ROW_ELAPSED, "retainer-profiling"),
	[RTS_CENSUS_CPU] = STATE(ROW_CPU, "heap-census"),
	[RTS_CENSUS_ELAPSED] = STATE(ROW_ELAPSED, "heap-census"),
	[RTS_EXIT_CPU] = STATE(ROW_CPU, "exit"),
	[RTS_EXIT_ELAPSED] = STATE(ROW_ELAPSED, "exit"),
	[RTS_TOTAL_CPU] = STATE(ROW_CPU, "total"),
	[RTS_TOTAL_ELAPSED] = STATE(ROW_ELAPSED, "total"),
	[RTS_SYNC_COUNT] = ATTR(ROW_GC_COUNT, "phase", "nonmoving-sync"),
	[RTS_SYNC_ELAPSED] = PHASE(ROW_GC_ELAPSED, "nonmoving-sync"),
	[RTS_SYNC_MAX_PAUSE] = PHASE(ROW_GC_PAUSE_MAX, "nonmoving-sync"),
	[RTS_SYNC_AVG_PAUSE] = PHASE(ROW_GC_PAUSE_AVG, "nonmoving-sync"),
	[RTS_CONCURRENT_CPU] = PHASE(ROW_GC_CPU, "nonmoving-concurrent"),
	[RTS_CONCURRENT_ELAPSED] = PHASE(ROW_GC_ELAPSED, "nonmoving-concurrent"),
	[RTS_CONCURRENT_MAX_PAUSE] = PHASE(ROW_GC_PAUSE_MAX, "nonmoving-concurrent"),
	[RTS_CONCURRENT_AVG_PAUSE] = PHASE(ROW_GC_PAUSE_AVG, "nonmoving-concurrent"),
};

static const struct mapping of_generation[GENERATION_STATS] = {
	[RTS_GEN_COLLECTIONS - RTS_GEN_COLLECTIONS] = PLAIN(ROW_GC_COUNT),
	[RTS_GEN_PAR_COLLECTIONS - RTS_GEN_COLLECTIONS] = PLAIN(ROW_GC_PARALLEL),
	[RTS_GEN_CPU - RTS_GEN_COLLECTIONS] = { SECONDS, ROW_GC_CPU, NULL, NULL },
	[RTS_GEN_ELAPSED - RTS_GEN_COLLECTIONS] = { SECONDS, ROW_GC_ELAPSED, NULL, NULL },
	[RTS_GEN_MAX_PAUSE - RTS_GEN_COLLECTIONS] = { SECONDS, ROW_GC_PAUSE_MAX, NULL, NULL },
	[RTS_GEN_AVG_PAUSE - RTS_GEN_COLLECTIONS] = { SECONDS, ROW_GC_PAUSE_AVG, NULL, NULL },
	[RTS_GEN_SYNC_SPIN - RTS_GEN_COLLECTIONS] = ATTR(ROW_COUNTER, "counter", "gen_sync_spin"),
	[RTS_GEN_SYNC_YIELD - RTS_GEN_COLLECTIONS] = ATTR(ROW_COUNTER, "counter", "gen_sync_yield"),
};

/* ---- Taking ---- */

static int is_same(const struct label_value *a, const struct label_value *b)
{
	return a->is_whole == b->is_whole && a->i64 == b->i64 && a->f64 == b->f64;
}

static enum report_taken put(struct label_value *place, uint8_t *has, const struct label_value *value)
{
	int is_repeated = *has;
	int is_equal = is_repeated && is_same(place, value);

	*place = *value;
	*has = 1;
	if (is_repeated)
		return is_equal ? REPORT_REPEATED : REPORT_CHANGED;
	return REPORT_TAKEN;
}

static enum report_taken take_counter(struct report *r, const struct rts_reading *reading)
{
	struct report_counter *c;
	int64_t before;

	for (uint32_t i = 0; i < r->n_counters; i++) {
		c = &r->counters[i];
		if (c->n_key != reading->key.n || memcmp(c->key, reading->key.at, c->n_key) != 0)
			continue;
		before = c->value;
		c->value = reading->value.i64;
		return before == c->value ? REPORT_REPEATED : REPORT_CHANGED;
	}
	if (r->n_counters == COUNTERS_MAX || reading->key.n > KEY_MAX)
		return REPORT_NO_ROOM;
	c = &r->counters[r->n_counters++];
	c->n_key = (uint32_t)reading->key.n;
	memcpy(c->key, reading->key.at, c->n_key);
	c->value = reading->value.i64;
	return REPORT_TAKEN;
}

enum report_taken report_take(struct report *r, const struct rts_reading *reading)
{
	uint32_t i = (uint32_t)reading->stat - RTS_GEN_COLLECTIONS;

	if (reading->stat == RTS_UNKNOWN)
		return REPORT_UNKNOWN;
	if (!reading->value.is_finite)
		return REPORT_NOT_FINITE;
	r->n_readings++;
	if (reading->stat == RTS_COUNTER)
		return take_counter(r, reading);
	if (reading->stat < RTS_GEN_COLLECTIONS)
		return put(&r->plain[reading->stat], &r->has[reading->stat], &reading->value);
	if (reading->generation >= GENERATIONS_MAX)
		return REPORT_NO_ROOM;
	return put(&r->generation[reading->generation][i], &r->has_generation[reading->generation][i], &reading->value);
}

int64_t report_elapsed_ns(const struct report *r)
{
	static const enum rts_stat parts[] = { RTS_INIT_ELAPSED, RTS_MUT_ELAPSED, RTS_GC_ELAPSED };
	double seconds = 0;

	if (r->has[RTS_TOTAL_ELAPSED])
		return ending_ns(r->plain[RTS_TOTAL_ELAPSED].f64);
	/* -t has no total, and neither had the list up to GHC 8.2: what it leaves out is the exit's time. */
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!r->has[parts[i]])
			return ENDING_UNKNOWN;
		seconds += r->plain[parts[i]].f64;
	}
	return ending_ns(seconds);
}

/* ---- Emitting ---- */

struct emission {
	const struct report *report;
	const struct weir_host *host;
	int64_t time_ns;
	struct weir_number numbers[RTS_STAT_COUNT + COUNTERS_MAX + GENERATIONS_MAX * GENERATION_STATS];
	uint32_t n;
	uint64_t n_derived, n_refused;
};

static uint32_t add_attr(struct weir_attr *attrs, uint32_t n, const char *key, const char *value, size_t n_value)
{
	attrs[n] = (struct weir_attr){ { key, strlen(key) }, { value, n_value } };
	return n + 1;
}

uint32_t report_attr(uint32_t number, struct weir_attr *attrs, uint32_t n, char digits[16])
{
	if (number < 2)
		return n;
	return add_attr(attrs, n, "report", digits, (size_t)snprintf(digits, 16, "%u", number));
}

/* generation: -1 for none. */
static void emit(struct emission *e, uint8_t row, const char *key, const char *text, size_t n_text, int generation,
                 union weir_value value)
{
	struct weir_attr attrs[3];
	char digits[2][16];
	uint32_t n = 0, series;

	if (key)
		n = add_attr(attrs, n, key, text, n_text);
	if (generation >= 0)
		n = add_attr(attrs, n, "generation", digits[0],
		             (size_t)snprintf(digits[0], sizeof(digits[0]), "%d", generation));
	n = report_attr(e->report->number, attrs, n, digits[1]);
	series = e->host->series(e->host, row, attrs, n);
	if (series)
		e->numbers[e->n++] = (struct weir_number){ .time_ns = e->time_ns, .value = value, .series = series };
	else
		e->n_refused++;
}

/* 0: beyond what an integer holds. */
static int convert(enum unit unit, const struct label_value *v, union weir_value *ret)
{
	switch (unit) {
	case SHARE:
		ret->f64 = v->f64;
		return 1;
	case SECONDS:
		ret->i64 = ending_ns(v->f64);
		return ret->i64 != ENDING_UNKNOWN;
	case MEBIBYTES:
		return v->is_whole && !__builtin_mul_overflow(v->i64, 1 << 20, &ret->i64);
	default:
		ret->i64 = v->i64;
		return v->is_whole;
	}
}

static void emit_mapped(struct emission *e, const struct mapping *m, int generation, const struct label_value *v)
{
	union weir_value value;

	if (m->unit == UNMAPPED)
		e->n_derived++;
	else if (!convert((enum unit)m->unit, v, &value))
		e->n_refused++;
	else
		emit(e, m->row, m->key, m->value, m->value ? strlen(m->value) : 0, generation, value);
}

static int has_generations(const struct report *r)
{
	for (uint32_t i = 0; i < GENERATIONS_MAX; i++)
		if (r->has_generation[i][0])
			return 1;
	return 0;
}

/* Without generations, `-t` and old lists tell major collections and all. */
static void emit_collections(struct emission *e)
{
	static const struct mapping major = ATTR(ROW_GC_COUNT, "generation", "major");
	static const struct mapping minor = ATTR(ROW_GC_COUNT, "generation", "minor");
	static const struct mapping all = PLAIN(ROW_GC_COUNT);
	const struct report *r = e->report;
	struct label_value rest = r->plain[RTS_GCS];

	if (has_generations(r)) {
		e->n_derived += (uint64_t)r->has[RTS_GCS] + r->has[RTS_MAJOR_GCS];
		return;
	}
	if (r->has[RTS_MAJOR_GCS])
		emit_mapped(e, &major, -1, &r->plain[RTS_MAJOR_GCS]);
	rest.i64 -= r->has[RTS_MAJOR_GCS] ? r->plain[RTS_MAJOR_GCS].i64 : 0;
	if (r->has[RTS_GCS])
		emit_mapped(e, r->has[RTS_MAJOR_GCS] ? &minor : &all, -1, &rest);
}

/* -s of GHC 8.4 to 8.8 writes the live bytes' maximum where the heap's belongs: no heap is as small as that. */
static int is_wrong_heap_size(const struct report *r)
{
	return !r->has[RTS_MAX_MEM_BYTES] && r->has[RTS_MAX_LIVE_BYTES] &&
	       r->plain[RTS_MAX_MEM_MIB].i64 == r->plain[RTS_MAX_LIVE_BYTES].i64 >> 20;
}

static int is_superseded(const struct report *r, enum rts_stat stat)
{
	return (stat == RTS_MAX_MEM_MIB && r->has[RTS_MAX_MEM_BYTES]) ||
	       (stat == RTS_FRAGMENTATION_MIB && r->has[RTS_FRAGMENTATION_BYTES]);
}

static void emit_plain(struct emission *e)
{
	static const char code[] = "rts_stats.heap_size";
	const struct report *r = e->report;

	for (uint32_t i = 1; i < RTS_GEN_COLLECTIONS; i++) {
		if (!r->has[i] || i == RTS_GCS || i == RTS_MAJOR_GCS)
			continue;
		if (i == RTS_MAX_MEM_MIB && is_wrong_heap_size(r)) {
			e->host->tally(e->host, WEIR_SKIPPED, 1, code);
			report_say(e->host, WEIR_NOTE, code,
			           "the heap's size is the live bytes' maximum, as GHC 8.4 to 8.8 write it: left out",
			           WEIR_NO_OFFSET, 1);
		} else if (is_superseded(r, (enum rts_stat)i)) {
			e->n_derived++;
		} else {
			emit_mapped(e, &plain[i], -1, &r->plain[i]);
		}
	}
}

int report_emit(const struct report *r, const struct weir_host *h, int64_t time_ns)
{
	struct emission e = { .report = r, .host = h, .time_ns = time_ns };
	int result;

	emit_collections(&e);
	emit_plain(&e);
	for (int g = 0; g < GENERATIONS_MAX; g++)
		for (uint32_t i = 0; i < GENERATION_STATS; i++)
			if (r->has_generation[g][i])
				emit_mapped(&e, &of_generation[i], g, &r->generation[g][i]);
	for (uint32_t i = 0; i < r->n_counters; i++)
		emit(&e, ROW_COUNTER, "counter", r->counters[i].key, r->counters[i].n_key, -1,
		     (union weir_value){ .i64 = r->counters[i].value });
	result = e.n ? h->numbers(h, e.numbers, e.n) : WEIR_OK;
	if (result < 0)
		return result;
	h->tally(h, WEIR_STORED, e.n, NULL);
	h->tally(h, WEIR_SKIPPED, e.n_derived, "rts_stats.derived");
	h->tally(h, WEIR_SKIPPED, e.n_refused, "rts_stats.refused");
	return WEIR_OK;
}
