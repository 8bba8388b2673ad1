/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

/* What a program costs that runs to its end. */

struct program_cost {
	double s, cpu_s; /* of it and all its children */
	double peak_mb;  /* of memory of the largest of them */
};

/* Runs it in a folder, with its output in a file there; NULL: nowhere. Ends this program when it fails; weir may say
 * that something was odd (3). */
struct program_cost program_run(const char *folder, const char *const argv[], const char *output);

#endif
