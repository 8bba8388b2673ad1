/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_ENDING_H
#define PARSERS_ENDING_H

/* When a program ended whose report is written at its end, and when it had started. The report itself has no date; what
 * tells is, in this order,
 *
 *   the process's start, and as much later as the program says that it ran. Off by the kernel's tick, two at most.
 *   the file's modification time, unless it lies outside of the run: then the file was copied. Off by no more, if the
 *   report is the last thing in the file; what a program's stderr holds behind it came at an unknown time.
 *   the run's end.
 *
 * Pure.
 */

#include "parsers/result.h"

#define ENDING_UNKNOWN INT64_MIN

struct ending_facts { /* ns UTC, or ENDING_UNKNOWN */
	int64_t process_start_ns;
	int64_t run_start_ns;
	int64_t run_end_ns;
	int64_t mtime_ns;
};

struct ending {
	int64_t end_ns;   /* of the program; 0 when nothing was known */
	int64_t start_ns; /* the moment from which elapsed time counts; ENDING_UNKNOWN */
	int64_t error_ns; /* -1: not known */
	const char *tie;  /* what it was told by; NULL: nothing was known */
};

/* elapsed_ns: of the whole program, or ENDING_UNKNOWN. */
struct ending ending_make(const struct ending_facts *facts, int64_t elapsed_ns);

/* Seconds as nanoseconds; ENDING_UNKNOWN when they are out of all reason. */
int64_t ending_ns(double seconds);

/* Digits as nanoseconds; ENDING_UNKNOWN when they are none or too many. */
int64_t ending_fact(struct parse_text digits);

#endif
