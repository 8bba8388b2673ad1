/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/distribution.h"

/* Bounds are floor(2^(63 + k/8)). */
const struct distribution_cell distribution_cells[32] = {
	{ 0x8000000000000000, 0 }, { 0xffffffffffffffff, 1 }, { 0x8b95c1e3ea8bd6e6, 1 }, { 0xffffffffffffffff, 2 },
	{ 0xffffffffffffffff, 2 }, { 0xffffffffffffffff, 2 }, { 0x9837f0518db8a96f, 2 }, { 0xffffffffffffffff, 3 },
	{ 0xffffffffffffffff, 3 }, { 0xa5fed6a9b15138ea, 3 }, { 0xffffffffffffffff, 4 }, { 0xffffffffffffffff, 4 },
	{ 0xffffffffffffffff, 4 }, { 0xb504f333f9de6484, 4 }, { 0xffffffffffffffff, 5 }, { 0xffffffffffffffff, 5 },
	{ 0xffffffffffffffff, 5 }, { 0xc5672a115506dadd, 5 }, { 0xffffffffffffffff, 6 }, { 0xffffffffffffffff, 6 },
	{ 0xffffffffffffffff, 6 }, { 0xd744fccad69d6af4, 6 }, { 0xffffffffffffffff, 7 }, { 0xffffffffffffffff, 7 },
	{ 0xffffffffffffffff, 7 }, { 0xffffffffffffffff, 7 }, { 0xeac0c6e7dd24392e, 7 }, { 0xffffffffffffffff, 8 },
	{ 0xffffffffffffffff, 8 }, { 0xffffffffffffffff, 8 }, { 0xffffffffffffffff, 8 }, { 0xffffffffffffffff, 8 },
};

void distribution_widen(struct distribution *d, uint64_t value)
{
	uint64_t max = d->min + d->range;

	if (!d->is_used || value < d->min)
		d->min = value;
	if (!d->is_used || value > max)
		max = value;
	d->range = max - d->min;
	d->is_used = 1;
}

void distribution_add_zero(struct distribution *d)
{
	d->n_zero++;
	d->is_used = 1;
}
