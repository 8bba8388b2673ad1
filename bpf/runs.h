/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_RUNS_H
#define BPF_RUNS_H

/* What a collector's programs cost, as they count it themselves (runs.bpf.h) and collectors/self reads it. Compiles for
 * both sides. */

#include <linux/types.h>

/* An array of one struct runs for each processor. */
#define RUNS_MAP      weir_runs
#define RUNS_MAP_NAME "weir_runs"

enum {
	RUNS_PROGRAMS_MAX = 32, /* of one object */
	RUNS_NAME_MAX = 16,     /* BPF_OBJ_NAME_LEN */
	RUNS_EACH = 61,         /* so many runs are all timed, and then one of so many */
	RUNS_LONG_NS = 65536,   /* a run that took longer was interrupted, and stands for itself alone */
};

struct runs_count {
	__u64 n_runs;
	__u64 next_timed; /* the run, by number, that is timed next */
	__u64 time_ns;    /* those that were timed stand for those that weren't */
	char name[RUNS_NAME_MAX];
	__u64 reserved[3];
};

_Static_assert(sizeof(struct runs_count) == 64, "the layout that both compilers see");

struct runs {
	struct runs_count of[RUNS_PROGRAMS_MAX];
};

#endif
