/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROF_REPORT_H
#define PROF_REPORT_H

/* The parts of a cost-centre report. */

#define TITLE      "\tSat Nov 21 00:08 2026 Time and Allocation Profiling Report  (Final)\n\n"
#define PROGRAM    "\t   zoo +RTS -p -RTS 300\n\n"
#define TIME       "\ttotal time  =        0.03 secs   (26 ticks @ 1000 us, 1 processor)\n"
#define ALLOC      "\ttotal alloc =  31,549,040 bytes  (excludes profiling overheads)\n\n"
#define TOP_HEAD   "COST CENTRE MODULE SRC           %time %alloc\n\n"
#define TOP        "feed.go     Zoo    Zoo.hs:1:2-3    3.8    2.9\n"
#define BAND       "\n\n                                                       individual      inherited\n"
#define HEAD       "COST CENTRE MODULE SRC              no.     entries  %time %alloc   %time %alloc\n\n"
#define MAIN_ROW   "MAIN        MAIN   <built-in>       154           0    0.0    0.0   100.0  100.0\n"
#define CAF_ROW    " CAF        Zoo    <entire-module>  302           0    3.8    2.9     3.8    2.9\n"
#define BEFORE_TOP TITLE PROGRAM TIME ALLOC TOP_HEAD
#define REPORT     BEFORE_TOP TOP BAND HEAD MAIN_ROW CAF_ROW

#endif
