/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_DISTRIBUTION_H
#define GHC_EVENTLOG_DISTRIBUTION_H

/* Values >= 0 into the buckets of an exponential histogram, eight an octave (scale 3), exactly as
 * include/weir/host.h defines them. Zero it before the first value. */

#include <stdint.h>

enum {
	DISTRIBUTION_SCALE = 3,
	DISTRIBUTION_SUB = 1 << DISTRIBUTION_SCALE,
	DISTRIBUTION_BUCKETS = 64 * DISTRIBUTION_SUB + 1,
	DISTRIBUTION_OFFSET = -1, /* the first bucket's: (2^(-1/8), 1] */
};

struct distribution {
	uint64_t n_zero;
	uint64_t min, range; /* the greatest lies so far above the least; both mean nothing while there are no values */
	uint64_t sum;        /* modulo 2^64 */
	uint32_t buckets[DISTRIBUTION_BUCKETS];
	uint32_t is_used;
};

/* Within an octave, by the five bits behind the leading one: the bucket of what stands first in the cell, and the
 * boundary inside the cell, above which it is one more. Values are normalised to [2^63, 2^64). The first cell's
 * boundary is its lower end: a power of two is the upper end of the bucket before. */
extern const struct distribution_cell {
	uint64_t bound;
	uint32_t bucket;
} distribution_cells[32];

static inline uint32_t distribution_bucket(uint64_t value)
{
	uint32_t octave = 63 ^ (uint32_t)__builtin_clzll(value);
	uint64_t mantissa = value << (63 ^ octave);
	const struct distribution_cell *cell = &distribution_cells[mantissa >> 58 & 31];

	return octave * DISTRIBUTION_SUB + cell->bucket + (mantissa > cell->bound);
}

/* A value beyond those that there have been; before the first, that is any but 0. */
void distribution_widen(struct distribution *d, uint64_t value);
void distribution_add_zero(struct distribution *d);

static inline void distribution_add(struct distribution *d, uint64_t value)
{
	if (__builtin_expect(value - d->min > d->range, 0))
		distribution_widen(d, value);
	d->sum += value;
	if (__builtin_expect(value != 0, 1))
		d->buckets[distribution_bucket(value)]++;
	else
		distribution_add_zero(d);
}

#endif
