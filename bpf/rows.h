/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_ROWS_H
#define BPF_ROWS_H

/* Rows of live collectors' tables that are the same in each, and short forms of the frequent ones. */

#include <weir/collector.h>

#define ROWS_NUMBER(n, u, b, h, k, w)                                                                                  \
	{                                                                                                              \
		.name = n, .unit = u, .brief = b, .help = h, .shape = WEIR_SHAPE_NUMBER, .kind = k,                    \
		.type = WEIR_TYPE_I64, .better = w, .range = WEIR_RANGE_FROM_ZERO                                      \
	}
#define ROWS_COUNTER(n, u, b, h, w) ROWS_NUMBER(n, u, b, h, WEIR_KIND_COUNTER, w)
#define ROWS_GAUGE(n, u, b, h, w)   ROWS_NUMBER(n, u, b, h, WEIR_KIND_GAUGE, w)
#define ROWS_TIMES(n, b, h, w)                                                                                         \
	{                                                                                                              \
		.name = n, .unit = "ns", .brief = b, .help = h, .shape = WEIR_SHAPE_HISTOGRAM,                         \
		.kind = WEIR_KIND_GAUGE, .type = WEIR_TYPE_F64, .better = w, .scale = WEIR_SCALE_LOG,                  \
		.range = WEIR_RANGE_FROM_ZERO                                                                          \
	}

/* What bpf/gauge.h says. */
#define ROWS_LOST ROWS_COUNTER("weir.lost", "{event}", "lost", "Events that found no room, by cause.", -1)
#define ROWS_MAP_FILL                                                                                                  \
	{                                                                                                              \
		.name = "weir.map.fill", .unit = "1", .brief = "map fill", .help = "How full a map in the kernel is.", \
		.shape = WEIR_SHAPE_NUMBER, .kind = WEIR_KIND_GAUGE, .type = WEIR_TYPE_F64, .better = -1,              \
		.range = WEIR_RANGE_ZERO_TO_ONE                                                                        \
	}
#define ROWS_SKEW                                                                                                      \
	ROWS_GAUGE("weir.snapshot.skew", "ns", "skew",                                                                 \
	           "From the first to the last thing read in one look: its numbers are no further apart than this.",   \
	           -1)

/* The option that bpf/live.h's live_climb asks for. */
#define ROWS_RUNG(c, h)                                                                                                \
	{                                                                                                              \
		.name = "rung", .fallback = "best", .choices = c, .help = h, .type = WEIR_OPTION_CHOICE                \
	}

#endif
