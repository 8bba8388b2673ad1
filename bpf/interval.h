/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_INTERVAL_H
#define BPF_INTERVAL_H

/* What a histogram that only grows (bpf/hist.h) gained since it was last read. Pure. */

#include <weir/host.h>

#include "bpf/hist.h"

/* The last reading, all CPUs together. All zeros before the first. */
struct interval_mark {
	uint64_t count;
	uint64_t sum;
	uint32_t slots[HIST_SLOTS];
};

struct interval_gain {
	uint64_t buckets[HIST_SLOTS];
	struct weir_histogram histogram; /* but for time and series; buckets points above */
};

/* hists: the first of n_cpus copies, n_stride bytes apart. interval: the one that has ended. Moves the mark; returns
 * how many values came. Where an edge was missed, a bucket's border stands in for the extreme. */
uint64_t interval_take(const struct hist *hists, unsigned n_cpus, size_t n_stride, uint64_t interval,
                       struct interval_mark *mark, struct interval_gain *ret);

/* Whether a value ever came. */
int interval_has_any(const struct hist *hists, unsigned n_cpus, size_t n_stride);

#endif
