/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/epoch_place.h"

#include <stdio.h>

/* What a gauge said last before the boundary. Some are only told when something happens, as the live heap by
 * collections, and stay until the next time. */
static int keep_last(const struct epoch_place *p, const struct samples *all, struct samples *before)
{
	const struct sample *last = NULL;

	for (uint64_t i = 0; i < all->n; i++)
		if (all->at[i].time_ns >= p->begin_ns && all->at[i].time_ns < p->out->time_ns)
			last = &all->at[i];
	return last ? samples_add(before, last) : 0;
}

/* A rate is compared inside and outside of the window, where the middle of its time lies; a gauge after and before the
 * boundary within it. */
static int sort_samples(const struct epoch_place *p, const struct epoch_gauge_row *row, const struct samples *all,
                        struct samples *one, struct samples *other)
{
	int r = 0;

	for (uint64_t i = 0; i < all->n && r == 0; i++) {
		int64_t t = all->at[i].time_ns - all->at[i].span_ns / 2;
		int is_in = epoch_in_window(p, t), is_after = t >= p->out->time_ns;

		if (row->is_rate ? is_in : is_in && is_after)
			r = samples_add(one, &all->at[i]);
		else if (row->is_rate ? epoch_in_base(p, t) : is_in)
			r = samples_add(other, &all->at[i]);
	}
	return r == 0 && !row->is_rate && one->n && !other->n ? keep_last(p, all, other) : r;
}

/* What a process wrote in a second of its own is no less written: of amounts the mean, of all else the median. */
static int gauge(const struct epoch_place *p, int which)
{
	const struct epoch_gauge_row *row = &epoch_gauge_rows[which];
	enum samples_statistic statistic = row->is_rate && !row->is_histogram ? SAMPLES_MEAN : SAMPLES_MEDIAN;
	double (*of)(const struct samples *) = statistic == SAMPLES_MEAN ? samples_mean : samples_median;
	struct epoch_gauge *out = &p->out->gauges[which];
	struct samples one = { 0 }, other = { 0 };
	int r = sort_samples(p, row, &p->node->gauges[which], &one, &other);

	*out = (struct epoch_gauge){ .name = row->name,
		                     .unit = row->unit,
		                     .is_rate = row->is_rate,
		                     .window = of(&one),
		                     .base = of(&other),
		                     .least = row->least,
		                     .effect = samples_effect(&one, &other, statistic) };
	(void)snprintf(out->from, sizeof(out->from), "%s", p->node->gauges_from[which]);
	samples_done(&one);
	samples_done(&other);
	return r;
}

int epoch_gauges(const struct epoch_place *p)
{
	int r = 0;

	for (int which = 0; which < EPOCH_GAUGES && r == 0; which++)
		r = gauge(p, which);
	return r;
}
