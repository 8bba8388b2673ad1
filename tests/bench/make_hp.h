/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_MAKE_HP_H
#define BENCH_MAKE_HP_H

/* A heap profile by cost centre of any size, always the same for the same seed: a census each tenth of a second of some
 * hundred stacks, in an order of its own each time, with values that walk and bands that come and go. Labels have the
 * lengths of real ones.
 */

#include <stdint.h>
#include <stdio.h>

struct make_hp {
	uint64_t seed;
	uint32_t n_stacks; /* at most MAKE_HP_STACKS_MAX */
};

enum {
	MAKE_HP_STACKS_MAX = 4096,
};

/* Writes whole samples until at least n_bytes are out; returns how many bands. */
uint64_t make_hp(const struct make_hp *how, uint64_t n_bytes, FILE *to);

#endif
