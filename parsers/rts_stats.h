/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_RTS_STATS_H
#define PARSERS_RTS_STATS_H

/* Statistics of GHC's run-time system as text (rts/Stats.c of GHC 7.10 to 9.14): `+RTS -s`, `-S`, `-t` and
 * `-t --machine-readable`, in a file of their own or between the program's own output.
 *
 *     './prog' '3000' +RTS '-sstats.txt'                           first line of a file
 *         Alloc    Copied     Live     GC     GC      TOT …        -S: two lines of heading
 *       1158136    217904    308048  0.000  0.001    0.002    0.003    0    0  (Gen:  0)       -S: a collection
 *     # sync  0.001                                                -S, non-moving collector
 *         18944                      0.000  0.000                  -S: allocated after the last collection
 *       62,598,544 bytes allocated in the heap                     -s, -S
 *       Gen  0        51 colls,     0 par    0.022s   0.025s     0.0005s    0.0024s
 *       INIT    time    0.001s  (  0.001s elapsed)
 *      [("bytes allocated", "62598544")                            -t --machine-readable
 *      ,("num_GCs", "63")
 *      ]
 *     <<ghc: 62598544 bytes, 63 GCs, … 0.025 GC (0.029 elapsed) :ghc>>      -t
 *
 * Each line is told by its label and may have foreign text in front of it. All four forms give the same readings.
 */

#include "parsers/label.h"
#include "parsers/rts_command.h"

enum {
	RTS_STATS_LINE_MAX = 64 * 1024, /* bytes of a line that is looked at; of a longer one only the beginning */
	RTS_STATS_READINGS_MAX = 16,    /* of one line */
};

/* What was read. Seconds and shares are fractions, all else is whole. */
enum rts_stat {
	RTS_UNKNOWN = 0, /* a pair of the list with a key that this parser doesn't know */

	RTS_GCS,
	RTS_MAJOR_GCS,
	RTS_ALLOCATED_BYTES,
	RTS_COPIED_BYTES,
	RTS_AVG_LIVE_BYTES,
	RTS_MAX_LIVE_BYTES,
	RTS_CUMULATIVE_LIVE_BYTES,
	RTS_MAX_LARGE_BYTES,
	RTS_MAX_COMPACT_BYTES,
	RTS_MAX_SLOP_BYTES,
	RTS_MAX_MEM_BYTES,
	RTS_MAX_MEM_MIB,
	RTS_FRAGMENTATION_BYTES,
	RTS_FRAGMENTATION_MIB,
	RTS_PAR_COPIED_BYTES,
	RTS_PAR_MAX_COPIED_BYTES,
	RTS_PAR_BALANCED_COPIED_BYTES,
	RTS_ALLOC_RATE,   /* bytes a second of mutator CPU time */
	RTS_WORK_BALANCE, /* 0: one thread did all; 1: all did the same */
	RTS_CAPABILITIES,
	RTS_TASKS,
	RTS_BOUND_TASKS,
	RTS_WORKERS,
	RTS_PEAK_WORKERS,
	RTS_SPARKS, /* created, dud and overflowed */
	RTS_SPARKS_CONVERTED,
	RTS_SPARKS_OVERFLOWED,
	RTS_SPARKS_DUD,
	RTS_SPARKS_GCD,
	RTS_SPARKS_FIZZLED,
	RTS_PRODUCTIVITY_CPU, /* shares of 1 */
	RTS_PRODUCTIVITY_ELAPSED,
	RTS_GC_SHARE_CPU,
	RTS_GC_SHARE_ELAPSED,

	RTS_INIT_CPU, /* seconds */
	RTS_INIT_ELAPSED,
	RTS_MUT_CPU,
	RTS_MUT_ELAPSED,
	RTS_GC_CPU,
	RTS_GC_ELAPSED,
	RTS_RETAINER_CPU, /* retainer profiling */
	RTS_RETAINER_ELAPSED,
	RTS_CENSUS_CPU, /* heap censuses */
	RTS_CENSUS_ELAPSED,
	RTS_EXIT_CPU,
	RTS_EXIT_ELAPSED,
	RTS_TOTAL_CPU,
	RTS_TOTAL_ELAPSED,
	RTS_SYNC_COUNT, /* non-moving collector: final synchronisation, and work beside the mutator */
	RTS_SYNC_ELAPSED,
	RTS_SYNC_MAX_PAUSE,
	RTS_SYNC_AVG_PAUSE,
	RTS_CONCURRENT_CPU,
	RTS_CONCURRENT_ELAPSED,
	RTS_CONCURRENT_MAX_PAUSE,
	RTS_CONCURRENT_AVG_PAUSE,

	RTS_GEN_COLLECTIONS, /* of a generation, all from here on */
	RTS_GEN_PAR_COLLECTIONS,
	RTS_GEN_CPU,
	RTS_GEN_ELAPSED,
	RTS_GEN_MAX_PAUSE,
	RTS_GEN_AVG_PAUSE,
	RTS_GEN_SYNC_SPIN,
	RTS_GEN_SYNC_YIELD,

	RTS_COUNTER, /* one of the system's own counters: its name is the key */

	RTS_STAT_COUNT,
};

struct rts_reading {
	enum rts_stat stat;
	uint32_t generation;   /* of RTS_GEN_* */
	struct parse_text key; /* of RTS_UNKNOWN and RTS_COUNTER, as the list spells it; can be constant text */
	struct label_value value;
};

/* One garbage collection, as -S says it. */
struct rts_gc {
	int64_t allocated_bytes; /* since the one before */
	int64_t copied_bytes;
	int64_t live_bytes; /* after it */
	double cpu_s;
	double elapsed_s;
	double process_cpu_s; /* at its end, since the program's start: the same */
	double process_elapsed_s;
	int64_t faults;        /* page faults in it */
	int64_t faults_before; /* and between it and the one before */
	uint32_t generation;
};

enum rts_stats_what {
	RTS_STATS_COMMAND = 1, /* text: the command line */
	RTS_STATS_READINGS,    /* n_readings of them */
	RTS_STATS_GC,          /* gc */
	RTS_STATS_SYNC,        /* gc.elapsed_s: the non-moving collector held the program for so long */
	RTS_STATS_LAST_ALLOC,  /* gc.allocated_bytes: what was allocated after the last collection */
	RTS_STATS_HEADING,     /* a line of the run-time system without numbers */
	RTS_STATS_LIST_END,    /* ` ]` */
	RTS_STATS_TEXT,        /* not the run-time system's statistics; blank lines too */
	RTS_STATS_CUT,         /* the last line, which the end of the file cut and which isn't whole without it */
};

struct rts_stats_record {
	enum rts_stats_what what;
	struct parse_text text; /* the line without its end */
	uint32_t n_readings;
	struct rts_reading readings[RTS_STATS_READINGS_MAX];
	struct rts_gc gc;
};

/* Zero it before the first byte. */
struct rts_stats_parser {
	uint64_t offset; /* of the next line, from the start of the stream */
	uint8_t in_long_line;
	uint8_t has_gcs; /* -S rows were met */
	uint8_t in_list;
};

/* Takes one line. is_last: nothing comes after these bytes. PARSE_OK: *ret is filled, *ret_used bytes are done with.
 * PARSE_MORE: the line isn't whole. PARSE_END: no bytes and is_last. PARSE_BAD: a line that begins as one of the
 * list's and isn't one (`rts_stats.pair`). Texts point into the buffer. */
enum parse_result rts_stats_next(struct rts_stats_parser *p, const char *at, size_t n, int is_last,
                                 struct rts_stats_record *ret, size_t *ret_used, struct parse_fault *ret_fault);

/* How sure, 0 to 100, that these first bytes of a file hold such statistics. Pure. */
unsigned rts_stats_sniff(const char *at, size_t n);

#endif
