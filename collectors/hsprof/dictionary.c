/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hsprof/dictionary.h"

#include "bpf/rows.h"

const struct weir_metric hsprof_metrics[ROW_COUNT] = {
	[ROW_SAMPLES] = { .name = "ghc.profile.samples",
	                  .unit = "{sample}",
	                  .brief = "call stack samples",
	                  .help = "Samples of where the program was and which functions it would return to.",
	                  .shape = WEIR_SHAPE_WEIGHT,
	                  .kind = WEIR_KIND_COUNTER,
	                  .type = WEIR_TYPE_I64,
	                  .better = -1,
	                  .range = WEIR_RANGE_FROM_ZERO },
	[ROW_TIME] = { .name = "ghc.profile.time",
	               .unit = "ns",
	               .brief = "CPU time by stack",
	               .help = "CPU time by call stack: samples times the time between two of a processor's.",
	               .shape = WEIR_SHAPE_WEIGHT,
	               .kind = WEIR_KIND_COUNTER,
	               .type = WEIR_TYPE_I64,
	               .better = -1,
	               .range = WEIR_RANGE_FROM_ZERO },
	[ROW_CPU] = ROWS_COUNTER("ghc.profile.cpu", "ns", "CPU time, accounted",
	                         "What /proc/PID/stat says of the sampled processes: their CPU time, and that of "
	                         "children they have waited for.",
	                         -1),
	[ROW_WALKS] =
		ROWS_COUNTER("ghc.profile.walks", "{sample}", "walked stacks",
	                     "Samples by the code they met and whether the stack could be followed to its end.", 0),
	[ROW_LOST] = ROWS_LOST,
	[ROW_FILL] = ROWS_MAP_FILL,
};

const struct weir_option hsprof_options[OPTION_COUNT] = {
	[OPTION_FREQUENCY] = { .name = "frequency",
	                       .fallback = "99",
	                       .help = "samples a second on each processor",
	                       .type = WEIR_OPTION_INT,
	                       .min = 1,
	                       .max = 10000 },
	[OPTION_SYMBOLS] = { .name = "symbols",
	                     .fallback = "",
	                     .help = "a file with the symbols of a program that was stripped of them",
	                     .type = WEIR_OPTION_TEXT },
	[OPTION_RUNG] = ROWS_RUNG("best|flat", "flat: no eBPF even where it can be had"),
};
