/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/rts_stats.h"
#include "tests/parsers/transcript.h"

#include <inttypes.h>
#include <string.h>

static const char *const names[] = {
	[RTS_UNKNOWN] = "unknown",
	[RTS_GCS] = "gcs",
	[RTS_MAJOR_GCS] = "major_gcs",
	[RTS_ALLOCATED_BYTES] = "allocated",
	[RTS_COPIED_BYTES] = "copied",
	[RTS_AVG_LIVE_BYTES] = "live.avg",
	[RTS_MAX_LIVE_BYTES] = "live.max",
	[RTS_CUMULATIVE_LIVE_BYTES] = "live.cumulative",
	[RTS_MAX_LARGE_BYTES] = "large.max",
	[RTS_MAX_COMPACT_BYTES] = "compact.max",
	[RTS_MAX_SLOP_BYTES] = "slop.max",
	[RTS_MAX_MEM_BYTES] = "mem.max",
	[RTS_MAX_MEM_MIB] = "mem.max.mib",
	[RTS_FRAGMENTATION_BYTES] = "fragmentation",
	[RTS_FRAGMENTATION_MIB] = "fragmentation.mib",
	[RTS_PAR_COPIED_BYTES] = "par.copied",
	[RTS_PAR_MAX_COPIED_BYTES] = "par.copied.max",
	[RTS_PAR_BALANCED_COPIED_BYTES] = "par.copied.balanced",
	[RTS_ALLOC_RATE] = "alloc_rate",
	[RTS_WORK_BALANCE] = "work_balance",
	[RTS_CAPABILITIES] = "capabilities",
	[RTS_TASKS] = "tasks",
	[RTS_BOUND_TASKS] = "tasks.bound",
	[RTS_WORKERS] = "workers",
	[RTS_PEAK_WORKERS] = "workers.peak",
	[RTS_SPARKS] = "sparks",
	[RTS_SPARKS_CONVERTED] = "sparks.converted",
	[RTS_SPARKS_OVERFLOWED] = "sparks.overflowed",
	[RTS_SPARKS_DUD] = "sparks.dud",
	[RTS_SPARKS_GCD] = "sparks.gcd",
	[RTS_SPARKS_FIZZLED] = "sparks.fizzled",
	[RTS_PRODUCTIVITY_CPU] = "productivity.cpu",
	[RTS_PRODUCTIVITY_ELAPSED] = "productivity.elapsed",
	[RTS_GC_SHARE_CPU] = "gc_share.cpu",
	[RTS_GC_SHARE_ELAPSED] = "gc_share.elapsed",
	[RTS_INIT_CPU] = "init.cpu",
	[RTS_INIT_ELAPSED] = "init.elapsed",
	[RTS_MUT_CPU] = "mut.cpu",
	[RTS_MUT_ELAPSED] = "mut.elapsed",
	[RTS_GC_CPU] = "gc.cpu",
	[RTS_GC_ELAPSED] = "gc.elapsed",
	[RTS_RETAINER_CPU] = "retainer.cpu",
	[RTS_RETAINER_ELAPSED] = "retainer.elapsed",
	[RTS_CENSUS_CPU] = "census.cpu",
	[RTS_CENSUS_ELAPSED] = "census.elapsed",
	[RTS_EXIT_CPU] = "exit.cpu",
	[RTS_EXIT_ELAPSED] = "exit.elapsed",
	[RTS_TOTAL_CPU] = "total.cpu",
	[RTS_TOTAL_ELAPSED] = "total.elapsed",
	[RTS_SYNC_COUNT] = "sync.count",
	[RTS_SYNC_ELAPSED] = "sync.elapsed",
	[RTS_SYNC_MAX_PAUSE] = "sync.pause.max",
	[RTS_SYNC_AVG_PAUSE] = "sync.pause.avg",
	[RTS_CONCURRENT_CPU] = "concurrent.cpu",
	[RTS_CONCURRENT_ELAPSED] = "concurrent.elapsed",
	[RTS_CONCURRENT_MAX_PAUSE] = "concurrent.pause.max",
	[RTS_CONCURRENT_AVG_PAUSE] = "concurrent.pause.avg",
	[RTS_GEN_COLLECTIONS] = "gen.collections",
	[RTS_GEN_PAR_COLLECTIONS] = "gen.par",
	[RTS_GEN_CPU] = "gen.cpu",
	[RTS_GEN_ELAPSED] = "gen.elapsed",
	[RTS_GEN_MAX_PAUSE] = "gen.pause.max",
	[RTS_GEN_AVG_PAUSE] = "gen.pause.avg",
	[RTS_GEN_SYNC_SPIN] = "gen.sync_spin",
	[RTS_GEN_SYNC_YIELD] = "gen.sync_yield",
	[RTS_COUNTER] = "counter",
};

_Static_assert(sizeof(names) / sizeof(names[0]) == RTS_STAT_COUNT, "a name for each stat");

static void say_reading(FILE *out, const struct rts_reading *r)
{
	fprintf(out, "\t%s", names[r->stat]);
	if (r->stat >= RTS_GEN_COLLECTIONS && r->stat <= RTS_GEN_SYNC_YIELD)
		fprintf(out, "[%u]", r->generation);
	if (r->stat == RTS_COUNTER || r->stat == RTS_UNKNOWN) {
		fputc('[', out);
		transcript_text(out, r->key);
		fputc(']', out);
	}
	if (!r->value.is_finite)
		fprintf(out, "=none");
	else if (r->value.is_whole)
		fprintf(out, "=%" PRId64, r->value.i64);
	else
		fprintf(out, "=%.9g", r->value.f64);
}

static void say_gc(FILE *out, const struct rts_gc *gc)
{
	fprintf(out, "GC\t%u\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%.3f\t%.3f\t%.3f\t%.3f\t%" PRId64 "\t%" PRId64,
	        gc->generation, gc->allocated_bytes, gc->copied_bytes, gc->live_bytes, gc->cpu_s, gc->elapsed_s,
	        gc->process_cpu_s, gc->process_elapsed_s, gc->faults, gc->faults_before);
}

static void say(FILE *out, const struct rts_stats_record *record)
{
	static const char *const words[] = {
		[RTS_STATS_COMMAND] = "COMMAND\t", [RTS_STATS_HEADING] = "HEADING", [RTS_STATS_LIST_END] = "LIST_END",
		[RTS_STATS_TEXT] = "TEXT\t",       [RTS_STATS_CUT] = "CUT\t",       [RTS_STATS_READINGS] = "READINGS"
	};

	switch (record->what) {
	case RTS_STATS_GC:
		say_gc(out, &record->gc);
		break;
	case RTS_STATS_SYNC:
		fprintf(out, "SYNC\t%.3f", record->gc.elapsed_s);
		break;
	case RTS_STATS_LAST_ALLOC:
		fprintf(out, "LAST_ALLOC\t%" PRId64, record->gc.allocated_bytes);
		break;
	default:
		fputs(words[record->what], out);
		if (strchr(words[record->what], '\t'))
			transcript_text(out, record->text);
		for (uint32_t i = 0; i < record->n_readings; i++)
			say_reading(out, &record->readings[i]);
	}
	fputc('\n', out);
}

static enum parse_result step(void *reader, const char *at, size_t n, int is_last, FILE *out, size_t *ret_used,
                              struct parse_fault *fault)
{
	struct rts_stats_record record;
	enum parse_result r = rts_stats_next(reader, at, n, is_last, &record, ret_used, fault);

	if (r == PARSE_OK)
		say(out, &record);
	return r;
}

char *rts_stats_transcript(const char *at, size_t n, size_t split, int is_last)
{
	struct rts_stats_parser p = { 0 };

	return transcript_read(&(struct transcript_reader){ .step = step }, &p, at, n, split, is_last);
}
