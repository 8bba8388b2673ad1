/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_MAKE_LOG_H
#define BENCH_MAKE_LOG_H

/* A node's log of any size, always the same for the same seed: a slot a second with its forge loop, a block each
 * twentieth slot on average, `Resources` each second, and between them what makes up most of a benchmark's log: mempool
 * and transaction traffic, block fetch and chain sync, peers. Lines have the lengths and members of real ones.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct make_log {
	uint64_t seed;
	int64_t start_s; /* UTC */
	const char *host;
	uint32_t txs_per_slot; /* each gives three lines */
};

/* Writes whole lines until at least n_bytes are out; returns how many lines. */
uint64_t make_log(const struct make_log *how, uint64_t n_bytes, FILE *to);

#endif
