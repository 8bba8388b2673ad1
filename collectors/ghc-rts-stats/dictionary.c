/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-rts-stats/ghc_rts_stats.h"

#define NUMBER(n, u, k, t, b, h, w)                                                                                    \
	{                                                                                                              \
		.name = n, .unit = u, .brief = b, .help = h, .shape = WEIR_SHAPE_NUMBER, .kind = k, .type = t,         \
		.better = w, .range = WEIR_RANGE_FROM_ZERO                                                             \
	}
#define COUNTER(n, u, b, h, w) NUMBER(n, u, WEIR_KIND_COUNTER, WEIR_TYPE_I64, b, h, w)
#define GAUGE(n, u, b, h, w)   NUMBER(n, u, WEIR_KIND_GAUGE, WEIR_TYPE_I64, b, h, w)
#define SHARE(n, b, h, w)      NUMBER(n, "1", WEIR_KIND_GAUGE, WEIR_TYPE_F64, b, h, w)

const struct weir_metric rts_stats_metrics[ROW_COUNT] = {
	[ROW_GC_COUNT] = COUNTER("ghc.gc.count", "{collection}", "GCs", "Garbage collections, by generation.", -1),
	[ROW_GC_PARALLEL] = COUNTER("ghc.gc.count.parallel", "{collection}", "parallel GCs",
	                            "Garbage collections in which several threads took part.", 0),
	[ROW_GC_COPIED] = COUNTER("ghc.gc.copied", "By", "copied", "Bytes that garbage collections copied.", -1),
	[ROW_PAR_COPIED] = COUNTER("ghc.gc.copied.parallel", "By", "copied in parallel",
	                           "Bytes that parallel collections copied.", 0),
	[ROW_PAR_COPIED_MAX] = COUNTER("ghc.gc.copied.parallel.max", "By", "copied by the busiest",
	                               "Bytes that the busiest thread of each parallel collection copied.", -1),
	[ROW_PAR_COPIED_BALANCED] =
		COUNTER("ghc.gc.copied.parallel.balanced", "By", "copied in balance",
	                "Bytes that the threads of parallel collections copied up to an equal share each.", 1),
	[ROW_GC_CPU] = COUNTER(
		"ghc.gc.cpu.time", "ns", "GC CPU time",
		"CPU time of garbage collections, by generation; `phase` tells parts of the non-moving collector.", -1),
	[ROW_GC_ELAPSED] =
		COUNTER("ghc.gc.elapsed.time", "ns", "GC time",
	                "Time that garbage collections took, by generation; `phase` tells parts of the non-moving "
	                "collector.",
	                -1),
	[ROW_GC_PAUSE] = { .name = "ghc.gc.pause",
	                   .unit = "ns",
	                   .brief = "GC pause",
	                   .help = "A garbage collection; the value is the CPU time of its threads. Milliseconds, as "
	                           "-S writes it.",
	                   .shape = WEIR_SHAPE_SPAN,
	                   .kind = WEIR_KIND_GAUGE,
	                   .type = WEIR_TYPE_F64,
	                   .better = -1,
	                   .scale = WEIR_SCALE_LOG,
	                   .range = WEIR_RANGE_FROM_ZERO },
	[ROW_GC_PAUSE_MAX] =
		GAUGE("ghc.gc.pause.max", "ns", "longest GC pause", "The longest collection, by generation.", -1),
	[ROW_GC_PAUSE_AVG] =
		GAUGE("ghc.gc.pause.avg", "ns", "mean GC pause", "The mean of all collections, by generation.", -1),
	[ROW_WORK_BALANCE] =
		SHARE("ghc.gc.work_balance", "GC work balance",
	              "How evenly parallel collections shared their work: 0 one thread did all, 1 all the same.", 1),
	[ROW_ALLOCATED] = COUNTER("ghc.heap.allocated", "By", "allocated", "Bytes that the program allocated.", -1),
	[ROW_ALLOCATION_RATE] = GAUGE("ghc.heap.allocation_rate", "By/s", "allocation rate",
	                              "Bytes allocated a second of mutator CPU time.", -1),
	[ROW_LIVE] = GAUGE("ghc.heap.live", "By", "live",
	                   "Live bytes as of a collection; after a minor one this counts dead old data too.", -1),
	[ROW_LIVE_MAX] =
		GAUGE("ghc.heap.live.max", "By", "most live", "The most live bytes after a major collection.", -1),
	[ROW_LIVE_AVG] =
		GAUGE("ghc.heap.live.avg", "By", "mean live", "The mean of live bytes after major collections.", -1),
	[ROW_LIVE_CUMULATIVE] = COUNTER("ghc.heap.live.cumulative", "By", "live, summed",
	                                "The sum of live bytes after major collections.", -1),
	[ROW_LARGE_MAX] = GAUGE("ghc.heap.large_objects.max", "By", "most large objects",
	                        "The most bytes of large objects after a major collection.", -1),
	[ROW_COMPACT_MAX] = GAUGE("ghc.heap.compact.max", "By", "most compact regions",
	                          "The most bytes of compact regions after a major collection.", -1),
	[ROW_SLOP_MAX] = GAUGE("ghc.heap.slop.max", "By", "most slop", "The most bytes wasted inside of blocks.", -1),
	[ROW_SIZE_MAX] =
		GAUGE("ghc.heap.size.max", "By", "largest heap",
	              "The most bytes that the heap took of the operating system; whole MiB in -s and -t.", -1),
	[ROW_FRAGMENTATION] = GAUGE("ghc.heap.fragmentation", "By", "fragmentation",
	                            "Bytes of the heap lost between blocks at the end; whole MiB in -s.", -1),
	[ROW_PRODUCTIVITY] = SHARE("ghc.productivity", "productivity",
	                           "The mutator's share of all time, by CPU and by elapsed time.", 1),
	[ROW_CPU] = COUNTER(
		"process.cpu.time", "ns", "CPU time",
		"CPU time of the process by state: init, mutator, gc, exit and others; total is all of them.", -1),
	[ROW_ELAPSED] =
		COUNTER("process.elapsed.time", "ns", "elapsed time",
	                "Time of the process by state: init, mutator, gc, exit and others; total is all of them.", -1),
	[ROW_FAULTS] = COUNTER("process.paging.faults", "{fault}", "page faults",
	                       "Major page faults, in collections and between them.", -1),
	[ROW_SPARKS] = COUNTER("ghc.spark.count", "{spark}", "sparks", "Sparks by what became of them.", 0),
	[ROW_SPARKS_TOTAL] =
		COUNTER("ghc.spark.total", "{spark}", "all sparks", "Sparks made, dud and overflowed ones too.", 0),
	[ROW_TASKS] = GAUGE("ghc.task.count", "{task}", "tasks",
	                    "Operating system threads that ever ran Haskell, by kind.", 0),
	[ROW_WORKERS_MAX] =
		GAUGE("ghc.task.workers.max", "{task}", "most workers", "The most worker threads at once.", 0),
	[ROW_CAPABILITIES] =
		GAUGE("ghc.capability.count", "{capability}", "capabilities", "Capabilities at the end.", 0),
	[ROW_COUNTER] = COUNTER(
		"ghc.rts.counter", "1", "RTS counter",
		"Counters of the run-time system itself, by name: spins, yields, work sought in parallel GC.", 0),
};
