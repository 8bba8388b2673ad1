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
	uint64_t n_zero, min, max; /* min and max mean nothing while there are no values */
	uint64_t sum;              /* modulo 2^64 */
	uint32_t buckets[DISTRIBUTION_BUCKETS];
	uint32_t is_used;
};

/* Within an octave, by the five bits behind the leading one: the bucket of the cell's lower end, and the boundary
 * inside the cell, above which it is one more. Values are normalised to [2^63, 2^64). */
extern const struct distribution_cell {
	uint64_t bound;
	uint32_t bucket;
} distribution_cells[32];

static inline uint32_t distribution_bucket(uint64_t value)
{
	int n_leading = __builtin_clzll(value);
	uint64_t mantissa = value << n_leading;
	const struct distribution_cell *cell = &distribution_cells[mantissa >> 58 & 31];

	/* A power of two is the upper end of the bucket before. */
	return (uint32_t)(63 - n_leading) * DISTRIBUTION_SUB + cell->bucket + (mantissa > cell->bound) +
	       (mantissa != (uint64_t)1 << 63);
}

static inline void distribution_add(struct distribution *d, uint64_t value)
{
	if (__builtin_expect(!d->is_used, 0)) {
		d->is_used = 1;
		d->min = d->max = value;
	}
	d->min = value < d->min ? value : d->min;
	d->max = value > d->max ? value : d->max;
	d->sum += value;
	if (__builtin_expect(value != 0, 1))
		d->buckets[distribution_bucket(value)]++;
	else
		d->n_zero++;
}

#endif
