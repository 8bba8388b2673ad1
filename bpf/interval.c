/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/interval.h"

#include <math.h>

static const struct hist *copy_of(const struct hist *hists, unsigned cpu, size_t n_stride)
{
	return (const struct hist *)((const char *)hists + cpu * n_stride);
}

static uint64_t last_interval(const struct hist *h)
{
	return h->edges[0].interval > h->edges[1].interval ? h->edges[0].interval : h->edges[1].interval;
}

int interval_has_any(const struct hist *hists, unsigned n_cpus, size_t n_stride)
{
	for (unsigned cpu = 0; cpu < n_cpus; cpu++)
		if (last_interval(copy_of(hists, cpu, n_stride)))
			return 1;
	return 0;
}

/* Whether nothing came in this interval, nor so late in the one before that it was not yet whole when it was read. */
static int is_quiet(const struct hist *hists, unsigned n_cpus, size_t n_stride, uint64_t interval)
{
	for (unsigned cpu = 0; cpu < n_cpus; cpu++)
		if (last_interval(copy_of(hists, cpu, n_stride)) + 1 >= interval)
			return 0;
	return 1;
}

/* Slots are read while they grow, so their sum is the count: a separately read one could differ. */
static void take_slots(const struct hist *hists, unsigned n_cpus, size_t n_stride, struct interval_mark *mark,
                       uint64_t *ret_gains)
{
	for (unsigned slot = 0; slot < HIST_SLOTS; slot++) {
		uint32_t now = 0;

		for (unsigned cpu = 0; cpu < n_cpus; cpu++)
			now += copy_of(hists, cpu, n_stride)->slots[slot];
		ret_gains[slot] = now - mark->slots[slot];
		mark->slots[slot] = now;
		mark->count += ret_gains[slot];
	}
}

static double border(int bucket)
{
	return exp2((double)bucket / (1 << HIST_SCALE));
}

static void take_edges(const struct hist *hists, unsigned n_cpus, size_t n_stride, uint64_t interval, double *min,
                       double *max)
{
	double lowest = *min, highest = *max, seen_min = highest, seen_max = lowest;
	int has_seen = 0;

	for (unsigned cpu = 0; cpu < n_cpus; cpu++) {
		const struct hist_edge *edge = &copy_of(hists, cpu, n_stride)->edges[interval & 1];

		if (edge->interval != interval)
			continue;
		has_seen = 1;
		seen_min = fmin(seen_min, (double)edge->min);
		seen_max = fmax(seen_max, (double)edge->max);
	}
	if (!has_seen)
		return;
	/* A value that came between raising the interval and reading has its edge in the next one. */
	*min = fmax(lowest, seen_min);
	*max = fmin(highest, seen_max);
	if (*max < *min)
		*max = highest;
}

uint64_t interval_take(const struct hist *hists, unsigned n_cpus, size_t n_stride, uint64_t interval,
                       struct interval_mark *mark, struct interval_gain *ret)
{
	struct weir_histogram *h = &ret->histogram;
	uint64_t gains[HIST_SLOTS], count = mark->count, sum = 0;
	unsigned first = HIST_SLOTS, last = 0;

	if (is_quiet(hists, n_cpus, n_stride, interval)) {
		*h = (struct weir_histogram){ .buckets = ret->buckets, .scale = HIST_SCALE };
		return 0;
	}
	take_slots(hists, n_cpus, n_stride, mark, gains);
	for (unsigned cpu = 0; cpu < n_cpus; cpu++)
		sum += copy_of(hists, cpu, n_stride)->sum;
	*h = (struct weir_histogram){ .count = mark->count - count,
		                      .n_zero = gains[0],
		                      .sum = (double)(sum - mark->sum),
		                      .buckets = ret->buckets,
		                      .scale = HIST_SCALE };
	/* A sum that has run ahead of its slots goes to the interval of its count. */
	if (h->count)
		mark->sum = sum;
	for (unsigned slot = 1; slot < HIST_SLOTS; slot++) {
		if (!gains[slot])
			continue;
		first = first == HIST_SLOTS ? slot : first;
		last = slot;
	}
	if (first == HIST_SLOTS)
		return h->count;
	h->n_buckets = last - first + 1;
	h->offset = (int32_t)first - 2;
	for (unsigned slot = first; slot <= last; slot++)
		ret->buckets[slot - first] = gains[slot];
	h->min = gains[0] ? 0 : floor(border(h->offset));
	/* The last slot has no upper border. */
	h->max = last == HIST_SLOTS - 1 ? fmax(border((int)last - 2), h->sum) : border((int)last - 1);
	take_edges(hists, n_cpus, n_stride, interval, &h->min, &h->max);
	return h->count;
}
