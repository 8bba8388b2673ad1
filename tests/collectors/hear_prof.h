/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COLLECTORS_HEAR_PROF_H
#define COLLECTORS_HEAR_PROF_H

/* Cost-centre reports that tests put together, and what the collector says of them. */

#include "tests/collectors/hear.h"

/* Half a minute after 03:48 of 2026-11-21, the minute of the reports of 9.0. */
static const struct lend_pair mtime[] = { { "file.mtime_ns", "1795232910000000000" } };

static inline struct heard hear_with(const char *report, const struct lend_pair *context, uint32_t n_context)
{
	return hear_text(&(struct hearing){
		.collector = "ghc-prof", .text = report, .context = context, .n_context = n_context });
}

static inline struct heard hear(const char *report)
{
	return hear_with(report, mtime, 1);
}

#define TITLE "\tSat Nov 21 00:08 2026 Time and Allocation Profiling Report  (Final)\n\n"
#define FRONT(flags, ticks, bytes)                                                                                     \
	TITLE "\t   zoo +RTS " flags " -RTS 300\n\n"                                                                   \
	      "\ttotal time  =        0.10 secs   (" ticks " ticks @ 1000 us, 1 processor)\n"                          \
	      "\ttotal alloc = " bytes " bytes  (excludes profiling overheads)\n\n"
#define TOP_COSTS   "COST CENTRE MODULE SRC     %time %alloc  ticks     bytes\n\n"
#define TOP_SHARES  "COST CENTRE MODULE SRC     %time %alloc\n\n"
#define BAND        "\n\n                                                   individual      inherited\n"
#define HEAD_COSTS  "COST CENTRE MODULE SRC          no.     entries  %time %alloc   %time %alloc  ticks     bytes\n\n"
#define HEAD_SHARES "COST CENTRE MODULE SRC          no.     entries  %time %alloc   %time %alloc\n\n"
/* A row: label with its indentation, padded to 11; no. of 3 digits; entries of 11 columns; shares; costs. */
#define ROW(label, no, entries, shares, costs) label " Main   <built-in>   " no " " entries shares costs "\n"
#define MAIN_ROW                               ROW("MAIN       ", "100", "          0", "    0.0    0.0   100.0  100.0", "      0         0")
#define HALF(label, no, entries)               ROW(label, no, entries, "   50.0   50.0    50.0   50.0", "     50       800")
#define TREE_COSTS                             BAND HEAD_COSTS MAIN_ROW
#define COSTS                                  FRONT("-P", "100", "1,600") TOP_COSTS TREE_COSTS
#define SHARED(label, no, entries, shares)     ROW(label, no, entries, shares, "")
#define SHARES                                                                                                         \
	FRONT("-p", "100", "1,600")                                                                                    \
	TOP_SHARES BAND HEAD_SHARES SHARED("MAIN       ", "100", "          0", "    0.0    0.0   100.0  100.0")

#endif
