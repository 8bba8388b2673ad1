/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-prof/ghc_prof.h"

#define WEIGHT .shape = WEIR_SHAPE_WEIGHT, .range = WEIR_RANGE_FROM_ZERO
#define TOTAL  .shape = WEIR_SHAPE_NUMBER, .kind = WEIR_KIND_GAUGE, .range = WEIR_RANGE_FROM_ZERO

const struct weir_metric ghc_prof_metrics[ROW_END] = {
	[ROW_TICKS] = { "ghc.profile.ticks", "{tick}", "ticks", "Ticks of the profiling clock in a cost-centre stack.",
	                WEIGHT, .kind = WEIR_KIND_COUNTER, .type = WEIR_TYPE_I64, .better = -1 },
	[ROW_ALLOC] = { "ghc.profile.alloc", "By", "allocated", "Bytes that a cost-centre stack allocated on the heap.",
	                WEIGHT, .kind = WEIR_KIND_COUNTER, .type = WEIR_TYPE_I64, .better = -1 },
	[ROW_ENTRIES] = { "ghc.profile.entries", "{entry}", "entries", "How often a cost-centre stack was entered.",
	                  WEIGHT, .kind = WEIR_KIND_COUNTER, .type = WEIR_TYPE_I64 },
	[ROW_TIME_SHARE] = { "ghc.profile.time_share", "%", "time",
	                     "Share of the program's ticks, to a tenth, from reports without ticks.", WEIGHT,
	                     .kind = WEIR_KIND_GAUGE, .type = WEIR_TYPE_F64, .better = -1 },
	[ROW_ALLOC_SHARE] = { "ghc.profile.alloc_share", "%", "alloc",
	                      "Share of the program's allocation, to a tenth, from reports without bytes.", WEIGHT,
	                      .kind = WEIR_KIND_GAUGE, .type = WEIR_TYPE_F64, .better = -1 },
	[ROW_TOTAL_TIME] = { "ghc.profile.total_time", "ns", "profiled time",
	                     "Time in which the profiling clock ticked: ticks times interval, by processors.", TOTAL,
	                     .type = WEIR_TYPE_I64, .better = -1 },
	[ROW_TOTAL_TICKS] = { "ghc.profile.total_ticks", "{tick}", "all ticks",
	                      "Ticks of the profiling clock in all stacks.", TOTAL, .type = WEIR_TYPE_I64,
	                      .better = -1 },
	[ROW_TOTAL_ALLOC] = { "ghc.profile.total_alloc", "By", "all allocated",
	                      "Bytes that all stacks allocated on the heap.", TOTAL, .type = WEIR_TYPE_I64,
	                      .better = -1 },
	[ROW_TICK_INTERVAL] = { "ghc.profile.tick_interval", "ns", "tick",
	                        "Time between two ticks of the profiling clock.", TOTAL, .type = WEIR_TYPE_I64 },
	[ROW_PROCESSORS] = { "ghc.profile.processors", "{processor}", "processors",
	                     "Capabilities that the profiled time is divided by.", TOTAL, .type = WEIR_TYPE_I64 },
};
