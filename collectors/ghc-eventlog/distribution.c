/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/distribution.h"

/* Bounds are floor(2^(63 + k/8)). */
const struct distribution_cell distribution_cells[32] = {
	{ 0xffffffffffffffff, 0 }, { 0xffffffffffffffff, 0 }, { 0x8b95c1e3ea8bd6e6, 0 }, { 0xffffffffffffffff, 1 },
	{ 0xffffffffffffffff, 1 }, { 0xffffffffffffffff, 1 }, { 0x9837f0518db8a96f, 1 }, { 0xffffffffffffffff, 2 },
	{ 0xffffffffffffffff, 2 }, { 0xa5fed6a9b15138ea, 2 }, { 0xffffffffffffffff, 3 }, { 0xffffffffffffffff, 3 },
	{ 0xffffffffffffffff, 3 }, { 0xb504f333f9de6484, 3 }, { 0xffffffffffffffff, 4 }, { 0xffffffffffffffff, 4 },
	{ 0xffffffffffffffff, 4 }, { 0xc5672a115506dadd, 4 }, { 0xffffffffffffffff, 5 }, { 0xffffffffffffffff, 5 },
	{ 0xffffffffffffffff, 5 }, { 0xd744fccad69d6af4, 5 }, { 0xffffffffffffffff, 6 }, { 0xffffffffffffffff, 6 },
	{ 0xffffffffffffffff, 6 }, { 0xffffffffffffffff, 6 }, { 0xeac0c6e7dd24392e, 6 }, { 0xffffffffffffffff, 7 },
	{ 0xffffffffffffffff, 7 }, { 0xffffffffffffffff, 7 }, { 0xffffffffffffffff, 7 }, { 0xffffffffffffffff, 7 },
};
