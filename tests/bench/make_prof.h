/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_MAKE_PROF_H
#define BENCH_MAKE_PROF_H

/* A cost-centre report of any size, always the same for the same seed: some thousand cost centres of a few hundred
 * modules, names and sources as long as real ones, stacks up to some dozen deep, few of them with costs. Columns, sums
 * and shares are what GHC 9 would have written.
 */

#include <stdint.h>
#include <stdio.h>

enum make_prof_form {
	MAKE_PROF_SHARES, /* -p */
	MAKE_PROF_COSTS,  /* -P */
	MAKE_PROF_JSON,   /* -pj */
};

/* 0: it was written. */
int make_prof(uint64_t seed, uint32_t n_stacks, enum make_prof_form form, FILE *to);

#endif
