/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_RTS_STATS_GHC_RTS_STATS_H
#define GHC_RTS_STATS_GHC_RTS_STATS_H

/* The parts of the collector for the run-time system's statistics.
 *
 *     ghc_rts_stats.c   the collector: lines of the input
 *     dictionary.c      its metrics
 *     report.c          the readings of one program's report into numbers
 *     gcs.c             the collections that -S lists into spans and numbers
 */

#include <weir/collector.h>

#include "collectors/program/report.h"
#include "parsers/rts_stats.h"

/* ---- dictionary.c ---- */

enum row {
	ROW_GC_COUNT = 0,
	ROW_GC_PARALLEL,
	ROW_GC_COPIED,
	ROW_PAR_COPIED,
	ROW_PAR_COPIED_MAX,
	ROW_PAR_COPIED_BALANCED,
	ROW_GC_CPU,
	ROW_GC_ELAPSED,
	ROW_GC_PAUSE,
	ROW_GC_PAUSE_MAX,
	ROW_GC_PAUSE_AVG,
	ROW_WORK_BALANCE,
	ROW_ALLOCATED,
	ROW_ALLOCATION_RATE,
	ROW_LIVE,
	ROW_LIVE_MAX,
	ROW_LIVE_AVG,
	ROW_LIVE_CUMULATIVE,
	ROW_LARGE_MAX,
	ROW_COMPACT_MAX,
	ROW_SLOP_MAX,
	ROW_SIZE_MAX,
	ROW_FRAGMENTATION,
	ROW_PRODUCTIVITY,
	ROW_CPU,
	ROW_ELAPSED,
	ROW_FAULTS,
	ROW_SPARKS,
	ROW_SPARKS_TOTAL,
	ROW_TASKS,
	ROW_WORKERS_MAX,
	ROW_CAPABILITIES,
	ROW_COUNTER,
	ROW_COUNT,
};

extern const struct weir_metric rts_stats_metrics[ROW_COUNT];

/* ---- gcs.c ---- */

enum {
	GCS_MAX = 1 << 16, /* collections that are kept until the program's end is known */
	GCS_BATCH = 1024,
};

struct gcs {
	const struct weir_host *host;
	struct rts_gc *at;
	uint32_t n, n_room;
	int64_t start_ns; /* that elapsed times count from; ENDING_UNKNOWN until it is settled */
	int64_t allocated_bytes, copied_bytes, faults, faults_before; /* sums, up to the last that was emitted */
	uint64_t n_all;
	double last_elapsed_s;
	struct weir_span spans[GCS_BATCH];
	struct weir_number numbers[GCS_BATCH * 6];
	uint32_t n_spans, n_numbers;
	uint32_t pause_series[64], series[6];
	uint32_t number; /* of their report in its file, from 1 */
};

/* WEIR_OK, or < 0; -ENOBUFS: the collection isn't taken, as GCS_MAX are kept: settle the start, emit, come back. */
int gcs_add(struct gcs *g, const struct rts_gc *gc);
/* Emits all that are kept, from start_ns. */
int gcs_emit(struct gcs *g);
/* All were emitted; those to come are another report's. */
void gcs_next(struct gcs *g);
void gcs_done(struct gcs *g);

/* ---- report.c ---- */

enum {
	GENERATIONS_MAX = 64,
	COUNTERS_MAX = 64,
	KEY_MAX = 128, /* bytes of a counter's name */
	GENERATION_STATS = RTS_GEN_SYNC_YIELD - RTS_GEN_COLLECTIONS + 1,
};

struct report_counter {
	char key[KEY_MAX];
	uint32_t n_key;
	int64_t value;
};

/* What one program said of itself. */
struct report {
	struct label_value plain[RTS_STAT_COUNT];
	uint8_t has[RTS_STAT_COUNT];
	struct label_value generation[GENERATIONS_MAX][GENERATION_STATS];
	uint8_t has_generation[GENERATIONS_MAX][GENERATION_STATS];
	struct report_counter counters[COUNTERS_MAX];
	uint32_t n_counters;
	uint32_t number; /* of the report in its file, from 1 */
	uint64_t n_readings;
};

enum report_taken {
	REPORT_TAKEN,
	REPORT_REPEATED, /* it had the same reading with the same value */
	REPORT_CHANGED,  /* it had the same reading with another value, which is kept */
	REPORT_NO_ROOM,  /* GENERATIONS_MAX, COUNTERS_MAX, KEY_MAX */
	REPORT_NOT_FINITE,
	REPORT_UNKNOWN,
};

enum report_taken report_take(struct report *r, const struct rts_reading *reading);
/* What tells a file's second report from its first, and so on: an attribute more. Returns how many there are. */
uint32_t report_attr(uint32_t number, struct weir_attr *attrs, uint32_t n, char digits[16]);
/* Emits the report as of time_ns and counts its readings in the ledger. */
int report_emit(const struct report *r, const struct weir_host *h, int64_t time_ns);
/* Seconds of the whole program as nanoseconds, or ENDING_UNKNOWN. */
int64_t report_elapsed_ns(const struct report *r);

#endif
