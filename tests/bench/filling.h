/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_FILLING_H
#define BENCH_FILLING_H

/* Files of one kind into a new store through the host, and what that takes. */

#include "plugins/registry.h"
#include "tests/support/folder.h"

struct filling {
	const struct folder *folder; /* has the files `<kind>0`, `<kind>1` …; the store comes into it, too */
	const struct registry_collector *collector;
	const char *kind;
	uint32_t n_files, n_workers;
	int is_in_process;
};

/* Seconds: of a clock, and of processors. The store's closing is in it, the removal of an older one isn't. */
struct filling_cost {
	double clock, host, workers;
};

struct filling_cost filling_run(const struct filling *f);
/* The least of each of some rounds: a busy machine adds to all of them. */
struct filling_cost filling_best(const struct filling *f, uint32_t n_rounds);

/* n times a 16-byte record of a time and a value, for points.so: regular times with some jitter, a level that walks. */
void filling_write_points(const struct folder *folder, const char *name, uint64_t n);

__attribute__((noreturn)) void filling_die(const char *what);

#endif
