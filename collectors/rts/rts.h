/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RTS_RTS_H
#define RTS_RTS_H

/* The parts of the collector `rts`: GHC's run-time system as it runs, of a program that was built and started for
 * nothing of the kind.
 *
 *     runtime    where the run-time system lies: process, file, symbols, memory
 *     probes     BPF at the entries of its statistics functions       (privileged half)
 *     pauses     what the probes said, to observations                (pure half)
 *     counters   its variables in the process's memory, to observations
 *     flags      what it was told to do, to facts
 *     ladder     which of these can be had here, and why not more
 */

#include <weir/collector.h>

#include "bpf/rts.h"
#include "collectors/program/process.h"
#include "parsers/rts_memory.h"

enum row {
	ROW_GC_PAUSE = 0,
	ROW_GC_SYNC,
	ROW_GC_CONCURRENT,
	ROW_GC_COUNT,
	ROW_GC_MAJOR,
	ROW_GC_COPIED,
	ROW_GC_PARALLEL_COPIED,
	ROW_GC_PARALLEL_MAX,
	ROW_GC_PARALLEL_BALANCED,
	ROW_HEAP_LIVE,
	ROW_HEAP_LIVE_MAX,
	ROW_HEAP_SLOP,
	ROW_HEAP_SIZE,
	ROW_HEAP_SIZE_MAX,
	ROW_HEAP_ALLOCATED,
	ROW_CAPABILITY_COUNT,
	ROW_CPU,
	ROW_ELAPSED,
	ROW_COUNT,
};

extern const struct weir_metric rts_metrics[ROW_COUNT];

enum option {
	OPTION_PROGRAM = 0,
	OPTION_SYMBOLS,
	OPTION_PROBES,
	OPTION_COUNT,
};

extern const struct weir_option rts_options[OPTION_COUNT];

enum {
	RTS_TEXT_MAX = 512,
	GENERATIONS_MAX = 32,
};

/* A series with no attribute (key NULL) or one. */
uint32_t rts_series(const struct weir_host *h, enum row row, const char *key, const char *value);
void rts_fact(const struct weir_host *h, const char *name, const char *value);

/* ---- runtime ---- */

enum symbol {
	SYMBOL_GC_ASKED = 0,
	SYMBOL_GC_START,
	SYMBOL_GC_END,
	SYMBOL_CONCURRENT_START,
	SYMBOL_CONCURRENT_END,
	SYMBOL_SYNC_START,
	SYMBOL_SYNC_END,
	SYMBOL_STATS,
	SYMBOL_CAPABILITIES,
	SYMBOL_MEGABLOCKS,
	SYMBOL_ARGUMENT_COUNT,
	SYMBOL_ARGUMENTS,
	SYMBOL_FLAGS,
	SYMBOL_PROFILED,
	SYMBOL_COUNT,
};

struct runtime {
	struct process process; /* pid 0: it has yet to be started by one of root's tree */
	pid_t root;
	struct image *image;
	struct image_symbol symbols[SYMBOL_COUNT];
	uint64_t bias;
	int memory_fd; /* -1: not to be had (yet) */
	int stat_fd;   /* of the process, or of root as long as there is none */
};

/* What the user and the host say of it; NULL: nothing. */
struct runtime_hints {
	const char *exe;     /* what root is about to run */
	const char *program; /* what one of root's tree will run, or runs */
	const char *symbols; /* a file that has the symbols */
};

/* Finds the run-time system in the tree of process `root`. */
int runtime_open(struct runtime *rt, pid_t root, const struct runtime_hints *hints, struct weir_error *reterr);
/* Looks whether the program that was expected runs by now: 1 when its process is known, or 0. Who has lost the right to
 * see what others run has to be told by runtime_adopt(). */
int runtime_meet(struct runtime *rt);
/* Takes a process that runs the file for the one that was expected when it is of the tree: 1, or 0. */
int runtime_adopt(struct runtime *rt, pid_t pid);
/* Looks where it lies and opens the memory, when that wasn't possible before: 0, -EAGAIN (the process isn't there yet),
 * or why not. */
int runtime_reach(struct runtime *rt);
/* Bytes of a variable: 0, or -errno. -ESRCH: the process is gone. */
int runtime_read(const struct runtime *rt, enum symbol symbol, void *room, size_t n);
int runtime_read_at(const struct runtime *rt, uint64_t address, void *room, size_t n);
int runtime_is_threaded(const struct runtime *rt);
void runtime_close(struct runtime *rt);

/* ---- probes ---- */

struct probes;
struct pauses;

/* why: at least RTS_TEXT_MAX bytes, filled when the result is < 0. */
int probes_open(const struct runtime *rt, struct probes **ret, char *why, char *remedy);
/* Hands what the program has said since the last time to pauses_take(): 0, or what that returned. */
int probes_drain(struct probes *p, struct runtime *rt, struct pauses *pauses);
/* Events that could not be said, since the start. */
uint64_t probes_lost(const struct probes *p);
/* How many of the collections' three probes the kernel single-steps. */
unsigned probes_slow(const struct probes *p);
void probes_close(struct probes *p); /* NULL is fine */

/* ---- pauses ---- */

enum {
	SYNC_SCALE = 3, /* eight buckets an octave */
	SYNC_BUCKETS = 64 << SYNC_SCALE,
};

struct pauses {
	const struct weir_host *host;
	int64_t utc_offset_ns; /* UTC less CLOCK_MONOTONIC */
	int64_t since_ns;      /* where the interval of the distribution starts, UTC */
	struct {
		uint64_t n, copied_bytes;
		uint32_t count_series, copied_series, pause_series[3]; /* by mode: not known, sequential, parallel */
	} generations[GENERATIONS_MAX];
	uint32_t live_series, slop_series, sync_series, phase_series[2];
	struct {
		uint64_t count, n_zero, buckets[SYNC_BUCKETS];
		double sum, min, max;
	} sync;
};

/* One event, from the kernel or from a test. < 0: the host's. */
int pauses_take(struct pauses *p, const struct rts_event *e);
/* One of a process that isn't looked at. */
void pauses_skip(struct pauses *p);
/* Ends the interval: the distribution of what it took to halt the program. */
int pauses_end(struct pauses *p, int64_t now_ns);

/* ---- counters ---- */

struct counters {
	const struct weir_host *host;
	struct rts_memory last;
	uint64_t last_megablocks;
	uint32_t last_capabilities;
	uint8_t has_last, is_refused, has_probes;
	uint32_t series[32];
};

/* Reads the variables and says what has changed: 0, or -errno when the memory can't be read. */
int counters_poll(struct counters *c, const struct runtime *rt, int64_t now_ns);

/* ---- flags ---- */

/* What the program was started with, as facts: 1 said, 0 it isn't known yet. */
int flags_tell(const struct weir_host *h, const struct runtime *rt);

/* ---- ladder ---- */

struct ladder {
	int has_probes, has_memory;
	char why_no_probes[RTS_TEXT_MAX], remedy[RTS_TEXT_MAX], why_no_memory[RTS_TEXT_MAX];
};

void ladder_tell(const struct weir_host *h, const struct ladder *l);

#endif
