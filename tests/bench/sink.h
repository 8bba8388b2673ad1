/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_SINK_H
#define BENCH_SINK_H

/* What a collector costs by itself: it runs in this process, over bytes in memory, against the host's real checks
 * (plugins/lend.h) and a receiver that counts what it gets and drops it.
 */

#include "plugins/lend.h"

struct sink_counts {
	uint64_t n_rows; /* observations */
	uint64_t n_diags;
	struct lend_ledger ledger;
};

/* Runs a collector of the build tree over the bytes, in windows of 1 MiB as the host gives them. Ends the program when
 * it cannot. */
struct sink_counts sink_run(const char *collector, const uint8_t *at, uint64_t n_bytes, const struct lend_pair *context,
                            uint32_t n_context);

/* Seconds of a clock that only goes forward. */
double sink_now(void);

#endif
