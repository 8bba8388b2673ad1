/* SPDX-License-Identifier: Apache-2.0 */

/* What a profile says, frame by frame and child by child. */

#include "analysis/profile_private.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum value {
	VALUE_SELF,
	VALUE_INCLUSIVE,
};

/* Sorts values. Nothing measured: all NaN. */
static struct profile_spread spread_of(double *values, uint32_t n)
{
	struct profile_spread s = { NAN, NAN, NAN, NAN, NAN, 0, n };

	if (n == 0)
		return s;
	gsl_sort(values, 1, n);
	s.mean = gsl_stats_mean(values, 1, n);
	s.sd = n > 1 ? gsl_stats_sd(values, 1, n) : 0;
	s.min = values[0];
	s.median = gsl_stats_median_from_sorted_data(values, 1, n);
	s.max = values[n - 1];
	return s;
}

static double cell(const struct profile_subject *s, enum value value, uint32_t frame)
{
	return value == VALUE_SELF ? s->self[frame] : s->inclusive[frame];
}

static struct profile_spread spread(const struct profile *p, uint32_t side, enum value value, uint32_t frame,
                                    int is_share, double *room)
{
	struct profile_spread result;
	uint32_t n = 0, n_seen = 0;

	for (uint32_t i = 0; i < p->n_subjects; i++) {
		const struct profile_subject *s = &p->subjects[i];

		if (s->side != side)
			continue;
		n_seen += s->is_seen[frame];
		if (!is_share || p->is_share)
			room[n++] = cell(s, value, frame);
		else if (s->total > 0) /* of nothing there are no shares */
			room[n++] = 100 * cell(s, value, frame) / s->total;
	}
	result = spread_of(room, n);
	result.n_seen = n_seen;
	return result;
}

static int is_in(const struct profile *p, uint32_t frame)
{
	for (uint32_t i = 0; i < p->n_subjects; i++)
		if (p->subjects[i].is_seen[frame])
			return 1;
	return 0;
}

struct ordered {
	struct profile_row row;
	struct profile_frame frame;
	double key;
};

static int by_weight(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;
	int order;

	if (x->key != y->key)
		return x->key > y->key ? -1 : 1;
	order = strcmp(x->frame.module, y->frame.module);
	if (order == 0)
		order = strcmp(x->frame.name, y->frame.name);
	return order ? order : strcmp(x->frame.source, y->frame.source);
}

static double weight(const struct profile_row *row)
{
	double sum = 0;

	for (uint32_t side = 0; side < PROFILE_SIDES; side++)
		sum += row->self[side].n > 0 ? row->self[side].mean : 0;
	return sum;
}

static struct profile_row make_row(const struct profile *p, uint32_t frame, double *room)
{
	struct profile_row row = { .frame = frame };

	for (uint32_t side = 0; side < PROFILE_SIDES; side++) {
		row.self[side] = spread(p, side, VALUE_SELF, frame, 0, room);
		row.inclusive[side] = spread(p, side, VALUE_INCLUSIVE, frame, 0, room);
		row.self_share[side] = spread(p, side, VALUE_SELF, frame, 1, room);
		row.inclusive_share[side] = spread(p, side, VALUE_INCLUSIVE, frame, 1, room);
	}
	return row;
}

struct profile_row *profile_rows(const struct profile_set *set, const struct profile *p, uint32_t *ret_n)
{
	uint32_t n = 0, n_frames = profile_frame_count(set);
	struct ordered *rows = calloc((size_t)n_frames + 1, sizeof(*rows));
	double *room = calloc((size_t)p->n_subjects + 1, sizeof(*room));
	struct profile_row *result = calloc((size_t)n_frames + 1, sizeof(*result));

	*ret_n = 0;
	if (!rows || !room || !result) {
		free(result);
		result = NULL;
		goto done;
	}
	for (uint32_t frame = 1; frame <= n_frames; frame++) {
		if (!is_in(p, frame))
			continue;
		rows[n].row = make_row(p, frame, room);
		rows[n].frame = profile_frame(set, frame);
		rows[n].key = weight(&rows[n].row);
		n++;
	}
	if (n > 0)
		qsort(rows, n, sizeof(*rows), by_weight);
	for (uint32_t i = 0; i < n; i++)
		result[i] = rows[i].row;
	*ret_n = n;
done:
	free(rows);
	free(room);
	return result;
}

static double change(const struct profile_row *row)
{
	double from = row->self[0].n > 0 ? row->self[0].mean : 0, to = row->self[1].n > 0 ? row->self[1].mean : 0;

	return fabs(to - from);
}

static int by_change(const void *a, const void *b)
{
	double x = change(a), y = change(b);

	if (x != y)
		return x > y ? -1 : 1;
	return (((const struct profile_row *)a)->frame > ((const struct profile_row *)b)->frame) -
	       (((const struct profile_row *)a)->frame < ((const struct profile_row *)b)->frame);
}

void profile_rows_by_change(struct profile_row *rows, uint32_t n)
{
	if (n > 0)
		qsort(rows, n, sizeof(*rows), by_change);
}

double profile_both_sides(const struct profile *p, uint32_t stack)
{
	return p->stacks[stack].inclusive[0] + p->stacks[stack].inclusive[1];
}

static uint32_t if_heavy(const struct profile *p, uint32_t stack, double min)
{
	return stack && profile_both_sides(p, stack) >= min ? stack : 0;
}

uint32_t profile_next(const struct profile *p, uint32_t stack, double min)
{
	uint32_t next = if_heavy(p, p->stacks[stack].first_child, min);

	for (; stack && !next; stack = p->stacks[stack].parent)
		next = if_heavy(p, p->stacks[stack].next_sibling, min);
	return next;
}
