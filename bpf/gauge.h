/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_GAUGE_H
#define BPF_GAUGE_H

/* What a live collector says of itself at each poll: what it lost and why, how full its maps are, and how far apart in
 * time what it read is. The caller's memory, all 0 at first but for the rows. */

#include "bpf/outbox.h"

enum {
	GAUGE_CAUSES_MAX = 16,
	GAUGE_MAPS_MAX = 8,
};

struct gauge {
	uint32_t row_lost, row_fill, row_skew; /* of the collector's metrics */
	struct gauge_cause {
		const char *name;
		uint64_t told;
		uint32_t series;
	} causes[GAUGE_CAUSES_MAX];
	struct gauge_map {
		const char *name;
		uint32_t series;
	} maps[GAUGE_MAPS_MAX];
	uint32_t skew;     /* series */
	uint64_t begin_ns; /* CLOCK_MONOTONIC */
};

/* total: since the start. What came since the last poll is tallied as lost. Names live as long as the gauge. */
void gauge_lost(struct gauge *g, struct outbox *o, const char *cause, uint64_t total);
void gauge_fill(struct gauge *g, struct outbox *o, const char *map, uint64_t n, uint64_t n_max);

/* Around everything that one poll reads. */
void gauge_begin(struct gauge *g);
void gauge_end(struct gauge *g, struct outbox *o, const char *collector);

#endif
