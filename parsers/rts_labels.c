/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/rts_labels.h"

#include <string.h>

enum {
	GENERATION = RTS_STAT_COUNT, /* the value is the generation of the others */
	READ_AS_PERCENT = 1,         /* the values are percent, the stats shares of 1 */
};

struct label {
	const char *anchor; /* see label_find() */
	const char *pattern;
	uint8_t stats[LABEL_VALUES_MAX]; /* in the order of the values */
	uint8_t as;
};

/* The word is padded to eight columns. */
#define TIMES(word, cpu, elapsed)                                                                                      \
	{                                                                                                              \
		word "  ", word " time @s (~@s elapsed)", { cpu, elapsed }, 0                                          \
	}

/* `CONC GC` before `GC`: the first that fits is taken. */
static const struct label summary[] = {
	{ " bytes allocated in", "# bytes allocated in the heap", { RTS_ALLOCATED_BYTES }, 0 },
	{ " bytes copied", "# bytes copied during GC", { RTS_COPIED_BYTES }, 0 },
	{ " bytes maximum res", "# bytes maximum residency (# sample(s))", { RTS_MAX_LIVE_BYTES, RTS_MAJOR_GCS }, 0 },
	{ " bytes maximum slop", "# bytes maximum slop", { RTS_MAX_SLOP_BYTES }, 0 },
	{ " MB total memory",
	  "# MB total memory in use (# MB lost due to fragmentation)",
	  { RTS_MAX_MEM_MIB, RTS_FRAGMENTATION_MIB },
	  0 },
	{ " MiB total memory",
	  "# MiB total memory in use (# MB lost due to fragmentation)",
	  { RTS_MAX_MEM_MIB, RTS_FRAGMENTATION_MIB },
	  0 },
	{ " MiB total memory",
	  "# MiB total memory in use (# MiB lost due to fragmentation)",
	  { RTS_MAX_MEM_MIB, RTS_FRAGMENTATION_MIB },
	  0 },
	{ "Gen ",
	  "Gen # # colls, # par @s @s @s @s",
	  { GENERATION, RTS_GEN_COLLECTIONS, RTS_GEN_PAR_COLLECTIONS, RTS_GEN_CPU, RTS_GEN_ELAPSED, RTS_GEN_AVG_PAUSE,
	    RTS_GEN_MAX_PAUSE },
	  0 },
	{ "Gen ",
	  "Gen # # syncs, @s @s @s",
	  { GENERATION, RTS_SYNC_COUNT, RTS_SYNC_ELAPSED, RTS_SYNC_AVG_PAUSE, RTS_SYNC_MAX_PAUSE },
	  0 },
	{ "Gen ",
	  "Gen # concurrent, @s @s @s @s",
	  { GENERATION, RTS_CONCURRENT_CPU, RTS_CONCURRENT_ELAPSED, RTS_CONCURRENT_AVG_PAUSE,
	    RTS_CONCURRENT_MAX_PAUSE },
	  0 },
	{ "Parallel GC work", "Parallel GC work balance: @%", { RTS_WORK_BALANCE }, READ_AS_PERCENT },
	{ "TASKS:",
	  "TASKS: # (# bound, # peak workers (# total), using -N#)",
	  { RTS_TASKS, RTS_BOUND_TASKS, RTS_PEAK_WORKERS, RTS_WORKERS, RTS_CAPABILITIES },
	  0 },
	{ "SPARKS:",
	  "SPARKS: # (# converted, # overflowed, # dud, # GC'd, # fizzled)",
	  { RTS_SPARKS, RTS_SPARKS_CONVERTED, RTS_SPARKS_OVERFLOWED, RTS_SPARKS_DUD, RTS_SPARKS_GCD,
	    RTS_SPARKS_FIZZLED },
	  0 },
	TIMES("INIT", RTS_INIT_CPU, RTS_INIT_ELAPSED),
	TIMES("MUT", RTS_MUT_CPU, RTS_MUT_ELAPSED),
	{ "CONC GC time", "CONC GC time @s (~@s elapsed)", { RTS_CONCURRENT_CPU, RTS_CONCURRENT_ELAPSED }, 0 },
	TIMES("GC", RTS_GC_CPU, RTS_GC_ELAPSED),
	TIMES("RP", RTS_RETAINER_CPU, RTS_RETAINER_ELAPSED),
	TIMES("PROF", RTS_CENSUS_CPU, RTS_CENSUS_ELAPSED),
	TIMES("EXIT", RTS_EXIT_CPU, RTS_EXIT_ELAPSED),
	TIMES("Total", RTS_TOTAL_CPU, RTS_TOTAL_ELAPSED),
	{ "%GC  ", "%GC time @% (~@% elapsed)", { RTS_GC_SHARE_CPU, RTS_GC_SHARE_ELAPSED }, READ_AS_PERCENT },
	{ "Alloc rate", "Alloc rate # bytes per MUT second", { RTS_ALLOC_RATE }, 0 },
	{ "Productivity",
	  "Productivity @% of total user, @% of total elapsed",
	  { RTS_PRODUCTIVITY_CPU, RTS_PRODUCTIVITY_ELAPSED },
	  READ_AS_PERCENT },
	{ "gen[", "gen[#].sync # #", { GENERATION, RTS_GEN_SYNC_SPIN, RTS_GEN_SYNC_YIELD }, 0 },
	{ "gen[", "gen[#].sync: #", { GENERATION, RTS_GEN_SYNC_SPIN }, 0 },
};

static const struct label one_line[] = {
	{ "<<ghc:", "<<ghc: # bytes,", { RTS_ALLOCATED_BYTES }, 0 },
	{ " GCs,", "# GCs,", { RTS_GCS }, 0 },
	{ "GCs,",
	  "GCs, #/# avg/max bytes residency (# samples)",
	  { RTS_AVG_LIVE_BYTES, RTS_MAX_LIVE_BYTES, RTS_MAJOR_GCS },
	  0 },
	{ "M in use", "#M in use", { RTS_MAX_MEM_MIB }, 0 },
	{ " INIT (", "@ INIT (@ elapsed)", { RTS_INIT_CPU, RTS_INIT_ELAPSED }, 0 },
	{ " MUT (", "@ MUT (@ elapsed)", { RTS_MUT_CPU, RTS_MUT_ELAPSED }, 0 },
	{ " GC (", "@ GC (@ elapsed)", { RTS_GC_CPU, RTS_GC_ELAPSED }, 0 },
};

/* Counters of the run-time system itself. The summary gives them a line: a name, spins, yields. */
static const struct counter {
	const char *name;
	const char *pattern;
	const char *keys[2];
} counters[] = {
	{ "gc_alloc_block_sync",
	  "gc_alloc_block_sync # #",
	  { "gc_alloc_block_sync_spin", "gc_alloc_block_sync_yield" } },
	{ "gc_alloc_block_sync:", "gc_alloc_block_sync: #", { "gc_alloc_block_sync_spin" } },
	{ "gc_spin", "gc_spin # #", { "gc_spin_spin", "gc_spin_yield" } },
	{ "mut_spin", "mut_spin # #", { "mut_spin_spin", "mut_spin_yield" } },
	{ "whitehole_gc", "whitehole_gc # n/a", { "whitehole_gc_spin" } },
	{ "whitehole_spin:", "whitehole_spin: #", { "whitehole_gc_spin" } },
	{ "whitehole_threadPaused", "whitehole_threadPaused # n/a", { "whitehole_threadPaused_spin" } },
	{ "whitehole_executeMessage", "whitehole_executeMessage # n/a", { "whitehole_executeMessage_spin" } },
	{ "whitehole_lockClosure",
	  "whitehole_lockClosure # #",
	  { "whitehole_lockClosure_spin", "whitehole_lockClosure_yield" } },
	{ "waitForGcThreads", "waitForGcThreads # #", { "waitForGcThreads_spin", "waitForGcThreads_yield" } },
	{ "any_work", "any_work #", { "any_work" } },
	{ "no_work", "no_work #", { "no_work" } },
	{ "scav_find_work", "scav_find_work #", { "scav_find_work" } },
	{ "max_n_todo_overflow", "max_n_todo_overflow #", { "max_n_todo_overflow" } },
};

static const struct {
	const char *key;
	enum rts_stat stat;
} keys[] = {
	{ "bytes allocated", RTS_ALLOCATED_BYTES },
	{ "num_GCs", RTS_GCS },
	{ "average_bytes_used", RTS_AVG_LIVE_BYTES },
	{ "max_bytes_used", RTS_MAX_LIVE_BYTES },
	{ "num_byte_usage_samples", RTS_MAJOR_GCS },
	{ "peak_megabytes_allocated", RTS_MAX_MEM_MIB },
	{ "init_cpu_seconds", RTS_INIT_CPU },
	{ "init_wall_seconds", RTS_INIT_ELAPSED },
	{ "mutator_cpu_seconds", RTS_MUT_CPU },
	{ "mutator_wall_seconds", RTS_MUT_ELAPSED },
	{ "mut_cpu_seconds", RTS_MUT_CPU },
	{ "mut_wall_seconds", RTS_MUT_ELAPSED },
	{ "GC_cpu_seconds", RTS_GC_CPU },
	{ "GC_wall_seconds", RTS_GC_ELAPSED },
	{ "exit_cpu_seconds", RTS_EXIT_CPU },
	{ "exit_wall_seconds", RTS_EXIT_ELAPSED },
	{ "rp_cpu_seconds", RTS_RETAINER_CPU },
	{ "rp_wall_seconds", RTS_RETAINER_ELAPSED },
	{ "hc_cpu_seconds", RTS_CENSUS_CPU },
	{ "hc_wall_seconds", RTS_CENSUS_ELAPSED },
	{ "total_cpu_seconds", RTS_TOTAL_CPU },
	{ "total_wall_seconds", RTS_TOTAL_ELAPSED },
	{ "major_gcs", RTS_MAJOR_GCS },
	{ "allocated_bytes", RTS_ALLOCATED_BYTES },
	{ "max_live_bytes", RTS_MAX_LIVE_BYTES },
	{ "max_large_objects_bytes", RTS_MAX_LARGE_BYTES },
	{ "max_compact_bytes", RTS_MAX_COMPACT_BYTES },
	{ "max_slop_bytes", RTS_MAX_SLOP_BYTES },
	{ "max_mem_in_use_bytes", RTS_MAX_MEM_BYTES },
	{ "cumulative_live_bytes", RTS_CUMULATIVE_LIVE_BYTES },
	{ "copied_bytes", RTS_COPIED_BYTES },
	{ "par_copied_bytes", RTS_PAR_COPIED_BYTES },
	{ "cumulative_par_max_copied_bytes", RTS_PAR_MAX_COPIED_BYTES },
	{ "cumulative_par_balanced_copied_bytes", RTS_PAR_BALANCED_COPIED_BYTES },
	{ "gc_cpu_percent", RTS_GC_SHARE_CPU },
	{ "gc_wall_percent", RTS_GC_SHARE_ELAPSED },
	{ "fragmentation_bytes", RTS_FRAGMENTATION_BYTES },
	{ "alloc_rate", RTS_ALLOC_RATE },
	{ "productivity_cpu_percent", RTS_PRODUCTIVITY_CPU },
	{ "productivity_wall_percent", RTS_PRODUCTIVITY_ELAPSED },
	{ "bound_task_count", RTS_BOUND_TASKS },
	{ "sparks_count", RTS_SPARKS },
	{ "sparks_converted", RTS_SPARKS_CONVERTED },
	{ "sparks_overflowed", RTS_SPARKS_OVERFLOWED },
	{ "sparks_dud ", RTS_SPARKS_DUD },
	{ "sparks_dud", RTS_SPARKS_DUD },
	{ "sparks_gcd", RTS_SPARKS_GCD },
	{ "sparks_fizzled", RTS_SPARKS_FIZZLED },
	{ "work_balance", RTS_WORK_BALANCE },
	{ "n_capabilities", RTS_CAPABILITIES },
	{ "task_count", RTS_TASKS },
	{ "peak_worker_count", RTS_PEAK_WORKERS },
	{ "worker_count", RTS_WORKERS },
	{ "nonmoving_sync_wall_seconds", RTS_SYNC_ELAPSED },
	{ "nonmoving_sync_max_pause_seconds", RTS_SYNC_MAX_PAUSE },
	{ "nonmoving_sync_avg_pause_seconds", RTS_SYNC_AVG_PAUSE },
	{ "nonmoving_concurrent_cpu_seconds", RTS_CONCURRENT_CPU },
	{ "nonmoving_concurrent_wall_seconds", RTS_CONCURRENT_ELAPSED },
	{ "nonmoving_concurrent_max_pause_seconds", RTS_CONCURRENT_MAX_PAUSE },
	{ "nonmoving_concurrent_avg_pause_seconds", RTS_CONCURRENT_AVG_PAUSE },
};

/* Behind `gen_N_`. */
static const struct {
	const char *key;
	enum rts_stat stat;
} generation_keys[] = {
	{ "collections", RTS_GEN_COLLECTIONS },
	{ "par_collections", RTS_GEN_PAR_COLLECTIONS },
	{ "cpu_seconds", RTS_GEN_CPU },
	{ "wall_seconds", RTS_GEN_ELAPSED },
	{ "max_pause_seconds", RTS_GEN_MAX_PAUSE },
	{ "avg_pause_seconds", RTS_GEN_AVG_PAUSE },
	{ "sync_spin", RTS_GEN_SYNC_SPIN },
	{ "sync_yield", RTS_GEN_SYNC_YIELD },
};

static const char *const headings[] = {
	"Alloc    Copied     Live     GC     GC",
	"bytes     bytes     bytes   user   elap",
	"Tot time (elapsed)  Avg pause  Max pause",
	"Internal Counters:",
	"SpinLock                ",
	"Internal Counters require the ",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct parse_text text_of(const char *word)
{
	return (struct parse_text){ word, strlen(word) };
}

static int is_text(struct parse_text a, const char *b)
{
	return a.n == strlen(b) && memcmp(a.at, b, a.n) == 0;
}

static void add(struct rts_reading *ret, uint32_t *n, enum rts_stat stat, uint32_t generation,
                const struct label_value *value)
{
	if (*n < RTS_STATS_READINGS_MAX)
		ret[(*n)++] = (struct rts_reading){ .stat = stat, .generation = generation, .value = *value };
}

static uint32_t read_label(struct parse_text line, const struct label *l, struct rts_reading *ret, uint32_t n)
{
	struct label_value values[LABEL_VALUES_MAX];
	uint32_t generation = 0;
	unsigned n_values;

	if (!label_find(line, l->anchor, l->pattern, values, &n_values))
		return n;
	for (unsigned i = 0; i < n_values; i++) {
		if (l->as == READ_AS_PERCENT) {
			values[i].f64 /= 100;
			values[i].is_whole = 0;
		}
		if (l->stats[i] == GENERATION)
			generation = (uint32_t)values[i].i64;
		else
			add(ret, &n, l->stats[i], generation, &values[i]);
	}
	return n;
}

static uint32_t read_counter(struct parse_text line, const struct label_groups *groups, struct rts_reading *ret)
{
	struct label_value values[LABEL_VALUES_MAX];
	unsigned n_values;
	uint32_t n = 0;

	for (size_t i = 0; i < COUNT(counters); i++) {
		if (!label_may_hold(groups, counters[i].name) ||
		    !label_find(line, counters[i].name, counters[i].pattern, values, &n_values))
			continue;
		for (unsigned k = 0; k < n_values; k++) {
			add(ret, &n, RTS_COUNTER, 0, &values[k]);
			ret[k].key = text_of(counters[i].keys[k]);
		}
		break;
	}
	return n;
}

uint32_t rts_labels_summary(struct parse_text line, const struct label_groups *groups, struct rts_reading *ret,
                            int *ret_ends_in_number)
{
	*ret_ends_in_number = 0;
	for (size_t i = 0; i < COUNT(summary); i++) {
		uint32_t n = label_may_hold(groups, summary[i].anchor) ? read_label(line, &summary[i], ret, 0) : 0;

		*ret_ends_in_number = summary[i].pattern[strlen(summary[i].pattern) - 1] == '#';
		if (n)
			return n;
	}
	*ret_ends_in_number = 1;
	return read_counter(line, groups, ret);
}

uint32_t rts_labels_one_line(struct parse_text line, const struct label_groups *groups, struct rts_reading *ret)
{
	const char *start = label_may_hold(groups, "<<ghc:") ? memmem(line.at, line.n, "<<ghc:", 6) : NULL;
	const char *end = start ? memmem(start, (size_t)(line.at + line.n - start), ":ghc>>", 6) : NULL;
	uint32_t n = 0;

	for (size_t i = 0; end && i < COUNT(one_line); i++)
		n = read_label((struct parse_text){ start, (size_t)(end - start) }, &one_line[i], ret, n);
	return n;
}

/* `gen_1_cpu_seconds`: 1 and what `cpu_seconds` means. */
static int read_generation_key(struct parse_text key, struct rts_reading *ret)
{
	struct label_value generation;
	unsigned n;
	const char *rest = label_match(key.at, key.at + key.n, "gen_#_", &generation, &n);

	for (size_t i = 0; rest && i < COUNT(generation_keys); i++) {
		if (!is_text((struct parse_text){ rest, (size_t)(key.at + key.n - rest) }, generation_keys[i].key))
			continue;
		ret->stat = generation_keys[i].stat;
		ret->generation = (uint32_t)generation.i64;
		return 1;
	}
	return 0;
}

void rts_labels_key(struct parse_text key, struct rts_reading *ret)
{
	ret->stat = RTS_UNKNOWN;
	ret->generation = 0;
	ret->key = key;
	for (size_t i = 0; i < COUNT(keys); i++)
		if (is_text(key, keys[i].key))
			ret->stat = keys[i].stat;
	for (size_t i = 0; i < COUNT(counters); i++)
		for (size_t k = 0; k < 2; k++)
			if (counters[i].keys[k] && is_text(key, counters[i].keys[k]))
				ret->stat = RTS_COUNTER;
	if (ret->stat == RTS_UNKNOWN)
		(void)read_generation_key(key, ret);
}

int rts_labels_is_heading(struct parse_text line, const struct label_groups *groups)
{
	for (size_t i = 0; i < COUNT(headings); i++)
		if (label_may_hold(groups, headings[i]) && memmem(line.at, line.n, headings[i], strlen(headings[i])))
			return 1;
	return 0;
}
