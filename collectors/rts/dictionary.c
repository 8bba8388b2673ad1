/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/rts/rts.h"

#include <string.h>

#include "bpf/rows.h"

const struct weir_metric rts_metrics[ROW_COUNT] = {
	[ROW_GC_PAUSE] = { .name = "ghc.gc.pause",
	                   .unit = "ns",
	                   .brief = "GC pause",
	                   .help = "A garbage collection, from when all capabilities have halted to its end; the value "
	                           "is "
	                           "the time before it that halting them took.",
	                   .shape = WEIR_SHAPE_SPAN,
	                   .kind = WEIR_KIND_GAUGE,
	                   .type = WEIR_TYPE_F64,
	                   .better = -1,
	                   .scale = WEIR_SCALE_LOG,
	                   .range = WEIR_RANGE_FROM_ZERO },
	[ROW_GC_SYNC] = ROWS_TIMES(
		"ghc.gc.sync", "GC sync",
		"Time from asking for a collection to its start, while the capabilities are being stopped.", -1),
	[ROW_GC_CONCURRENT] = { .name = "ghc.gc.concurrent",
	                        .unit = "ns",
	                        .brief = "concurrent GC",
	                        .help = "A phase of the non-moving collector: `cycle` runs beside the program, `sync` "
	                                "halts it.",
	                        .shape = WEIR_SHAPE_SPAN,
	                        .kind = WEIR_KIND_GAUGE,
	                        .type = WEIR_TYPE_F64,
	                        .range = WEIR_RANGE_FROM_ZERO },
	[ROW_GC_COUNT] =
		ROWS_COUNTER("ghc.gc.count", "{collection}", "GCs",
	                     "Garbage collections: by generation, as probes have seen them; with `counter` = `stats`, "
	                     "all of them, as the program itself counts.",
	                     -1),
	[ROW_GC_MAJOR] =
		ROWS_COUNTER("ghc.gc.count.major", "{collection}", "major GCs",
	                     "Garbage collections of the oldest generation, as the program itself counts.", -1),
	[ROW_GC_COPIED] =
		ROWS_COUNTER("ghc.gc.copied", "By", "GC copied",
	                     "Bytes that collections have copied: by generation, as probes have seen it; with "
	                     "`counter` = `stats`, as the program itself counts.",
	                     -1),
	[ROW_GC_PARALLEL_COPIED] = ROWS_COUNTER("ghc.gc.copied.parallel", "By", "copied in parallel",
	                                        "Bytes that parallel collections have copied.", 0),
	[ROW_GC_PARALLEL_MAX] =
		ROWS_COUNTER("ghc.gc.copied.parallel.max", "By", "copied by the busiest",
	                     "Bytes that the busiest thread of each parallel collection has copied.", -1),
	[ROW_GC_PARALLEL_BALANCED] = ROWS_COUNTER(
		"ghc.gc.copied.parallel.balanced", "By", "copied in balance",
		"Bytes that the threads of parallel collections have copied up to an equal share each.", 1),
	[ROW_HEAP_LIVE] =
		ROWS_GAUGE("ghc.heap.live", "By", "live",
	                   "Live bytes as of a collection; after a minor one this counts dead old data too.", -1),
	[ROW_HEAP_LIVE_MAX] =
		ROWS_GAUGE("ghc.heap.live.max", "By", "most live", "The most live bytes after a major collection.", -1),
	[ROW_HEAP_SLOP] = ROWS_GAUGE("ghc.heap.slop", "By", "GC slop",
	                             "Bytes of live blocks that hold nothing, after a collection.", -1),
	[ROW_HEAP_SIZE] =
		ROWS_GAUGE("ghc.heap.size", "By", "heap size", "Bytes of the megablocks that the heap has.", -1),
	[ROW_HEAP_SIZE_MAX] = ROWS_GAUGE("ghc.heap.size.max", "By", "largest heap",
	                                 "The most bytes that the heap took of the operating system.", -1),
	[ROW_HEAP_ALLOCATED] = ROWS_COUNTER("ghc.heap.allocated", "By", "allocated",
	                                    "Bytes that the program had allocated as of the last collection.", -1),
	[ROW_CAPABILITY_COUNT] =
		ROWS_GAUGE("ghc.capability.count", "{capability}", "capabilities", "Capabilities that are enabled.", 0),
	[ROW_CPU] = ROWS_COUNTER(
		"process.cpu.time", "ns", "CPU time",
		"CPU time of the process by state, as of the last collection: init and gc; total is all of it. "
		"Only of programs that collect statistics (+RTS -T, -s, -S).",
		-1),
	[ROW_ELAPSED] = ROWS_COUNTER(
		"process.elapsed.time", "ns", "elapsed time",
		"Time of the process by state, as of the last collection: init and gc; total is all of it. "
		"Only of programs that collect statistics (+RTS -T, -s, -S).",
		-1),
};

const struct weir_option rts_options[OPTION_COUNT] = {
	[OPTION_PROGRAM] = { .name = "program",
	                     .fallback = "",
	                     .help = "The Haskell program's file, when a script starts it or has started it.",
	                     .type = WEIR_OPTION_TEXT },
	[OPTION_SYMBOLS] = { .name = "symbols",
	                     .fallback = "",
	                     .help = "A file with the symbols of a program that was stripped: a copy from before, or "
	                             "its "
	                             "debug information.",
	                     .type = WEIR_OPTION_TEXT },
	[OPTION_PROBES] = { .name = "probes",
	                    .fallback = "true",
	                    .help = "Put probes into the program. Without them only its counters are read.",
	                    .type = WEIR_OPTION_BOOL },
};

uint32_t rts_series(const struct weir_host *h, enum row row, const char *key, const char *value)
{
	struct weir_attr attr;

	if (!key)
		return h->series(h, (uint32_t)row, NULL, 0);
	attr = (struct weir_attr){ { key, strlen(key) }, { value, strlen(value) } };
	return h->series(h, (uint32_t)row, &attr, 1);
}

void rts_fact(const struct weir_host *h, const char *name, const char *value)
{
	(void)h->fact(h, name, (struct weir_text){ value, strlen(value) });
}
