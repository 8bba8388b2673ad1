/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/samples.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

int samples_add(struct samples *s, int64_t time_ns, double value)
{
	if (s->n == s->n_room) {
		uint64_t n_room = s->n_room ? 2 * s->n_room : 256;
		struct sample *at = reallocarray(s->at, n_room, sizeof(*at));

		if (!at)
			return -ENOMEM;
		s->at = at;
		s->n_room = n_room;
	}
	s->at[s->n++] = (struct sample){ time_ns, value };
	return 0;
}

void samples_done(struct samples *s)
{
	free(s->at);
	*s = (struct samples){ 0 };
}

int samples_read(struct samples *s, sqlite3_stmt *query)
{
	int r = query ? 0 : -EINVAL, step = SQLITE_ROW;

	while (r == 0 && (step = sqlite3_step(query)) == SQLITE_ROW)
		if (sqlite3_column_type(query, 1) != SQLITE_NULL)
			r = samples_add(s, sqlite3_column_int64(query, 0), sqlite3_column_double(query, 1));
	(void)sqlite3_finalize(query);
	return r < 0 ? r : step == SQLITE_DONE ? 0 : -EIO;
}

/* Every n-th value, at most n_max of them; NULL: no memory, or none. */
static double *values(const struct samples *s, uint64_t n_max, size_t *ret_n)
{
	uint64_t stride = (s->n + n_max - 1) / n_max;
	double *v = s->n ? calloc(s->n / stride + 1, sizeof(*v)) : NULL;

	*ret_n = 0;
	for (uint64_t i = 0; v && i < s->n; i += stride)
		v[(*ret_n)++] = s->at[i].value;
	return v;
}

double samples_median(const struct samples *s)
{
	size_t n;
	double *v = values(s, s->n ? s->n : 1, &n), median = NAN;

	if (v) {
		gsl_sort(v, 1, n);
		median = gsl_stats_median_from_sorted_data(v, 1, n);
	}
	free(v);
	return median;
}

double samples_max(const struct samples *s)
{
	double most = NAN;

	for (uint64_t i = 0; i < s->n; i++)
		if (!(s->at[i].value <= most))
			most = s->at[i].value;
	return most;
}

double samples_sum(const struct samples *s)
{
	double sum = 0;

	for (uint64_t i = 0; i < s->n; i++)
		sum += s->at[i].value;
	return sum;
}

int samples_rates(const struct samples *counter, struct samples *ret)
{
	int r = 0;

	for (uint64_t i = 1; i < counter->n && r == 0; i++) {
		const struct sample *a = &counter->at[i - 1], *b = &counter->at[i];

		if (b->time_ns > a->time_ns && b->value >= a->value)
			r = samples_add(ret, b->time_ns,
			                (b->value - a->value) * 1e9 / (double)(b->time_ns - a->time_ns));
	}
	return r;
}

/* Neighbours are alike (a slow slot follows a slow slot, a heap grows), so whole stretches are drawn, around the end.
 */
static double resampled_median(gsl_rng *rng, const double *from, size_t n, double *room)
{
	size_t length = (size_t)ceil(cbrt((double)n));

	for (size_t i = 0; i < n;) {
		size_t at = gsl_rng_uniform_int(rng, n);

		for (size_t k = 0; k < length && i < n; k++)
			room[i++] = from[(at + k) % n];
	}
	return gsl_stats_median(room, 1, n);
}

static void bootstrap(const double *one, size_t n_one, const double *other, size_t n_other, struct samples_effect *ret)
{
	double room[SAMPLES_BOOTSTRAP_MAX + 1];
	double differences[SAMPLES_BOOTSTRAP_ROUNDS];
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	if (!rng)
		return;
	gsl_rng_set(rng, 1);
	for (int i = 0; i < SAMPLES_BOOTSTRAP_ROUNDS; i++)
		differences[i] = resampled_median(rng, one, n_one, room) - resampled_median(rng, other, n_other, room);
	gsl_sort(differences, 1, SAMPLES_BOOTSTRAP_ROUNDS);
	ret->low = gsl_stats_quantile_from_sorted_data(differences, 1, SAMPLES_BOOTSTRAP_ROUNDS, 0.025);
	ret->high = gsl_stats_quantile_from_sorted_data(differences, 1, SAMPLES_BOOTSTRAP_ROUNDS, 0.975);
	gsl_rng_free(rng);
}

struct samples_effect samples_effect(const struct samples *one, const struct samples *other)
{
	struct samples_effect effect = { samples_median(one) - samples_median(other), NAN, NAN };
	size_t n_one, n_other;
	double *a = values(one, SAMPLES_BOOTSTRAP_MAX, &n_one), *b = values(other, SAMPLES_BOOTSTRAP_MAX, &n_other);

	if (a && b && n_one >= SAMPLES_BOOTSTRAP_MIN && n_other >= SAMPLES_BOOTSTRAP_MIN)
		bootstrap(a, n_one, b, n_other, &effect);
	free(a);
	free(b);
	return effect;
}
