/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/samples.h"

#include "analysis/grow.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

int samples_add(struct samples *s, const struct sample *one)
{
	struct sample *at = grow(s->at, s->n, &s->n_room, sizeof(*at));

	if (!at)
		return -ENOMEM;
	s->at = at;
	s->at[s->n++] = *one;
	return 0;
}

int samples_add_moment(struct samples *s, int64_t time_ns, double value)
{
	return samples_add(s, &(struct sample){ .time_ns = time_ns, .value = value });
}

void samples_done(struct samples *s)
{
	free(s->at);
	*s = (struct samples){ 0 };
}

int samples_read(struct samples *s, sqlite3_stmt *query)
{
	int r = query ? 0 : -EINVAL, step = SQLITE_ROW, has_span = sqlite3_column_count(query) > 2;

	while (r == 0 && (step = sqlite3_step(query)) == SQLITE_ROW)
		if (sqlite3_column_type(query, 1) != SQLITE_NULL)
			r = samples_add(s,
			                &(struct sample){ .time_ns = sqlite3_column_int64(query, 0),
			                                  .value = sqlite3_column_double(query, 1),
			                                  .span_ns = has_span ? sqlite3_column_int64(query, 2) : 0 });
	(void)sqlite3_finalize(query);
	return r < 0 ? r : step == SQLITE_DONE ? 0 : -EIO;
}

static double weight(const struct sample *s)
{
	return s->span_ns > 0 ? (double)s->span_ns : 1;
}

static double mean(const struct sample *at, uint64_t n, double *ret_weight)
{
	double sum = 0;

	*ret_weight = 0;
	for (uint64_t i = 0; i < n; i++) {
		sum += at[i].value * weight(&at[i]);
		*ret_weight += weight(&at[i]);
	}
	return sum / *ret_weight;
}

double samples_mean(const struct samples *s)
{
	double all;

	return s->n ? mean(s->at, s->n, &all) : NAN;
}

double samples_median(const struct samples *s)
{
	double *v = s->n ? calloc(s->n, sizeof(*v)) : NULL, median = NAN;

	for (uint64_t i = 0; v && i < s->n; i++)
		v[i] = s->at[i].value;
	if (v)
		median = gsl_stats_median(v, 1, s->n);
	free(v);
	return median;
}

/* What is drawn from, and drawn: at most SAMPLES_BOOTSTRAP_MAX. */
struct draws {
	double values[SAMPLES_BOOTSTRAP_MAX], weights[SAMPLES_BOOTSTRAP_MAX];
	size_t n;
};

static struct draws draws_of(const struct samples *s, enum samples_statistic statistic)
{
	uint64_t stride = (s->n + SAMPLES_BOOTSTRAP_MAX - 1) / SAMPLES_BOOTSTRAP_MAX;
	struct draws d = { .n = 0 };

	for (uint64_t i = 0; i < s->n; i += stride, d.n++) {
		uint64_t n_left = s->n - i;
		double over = mean(&s->at[i], n_left < stride ? n_left : stride, &d.weights[d.n]);

		d.values[d.n] = statistic == SAMPLES_MEAN ? over : s->at[i].value;
	}
	return d;
}

/* Neighbours are alike (a slow slot follows a slow slot, a heap grows), so whole stretches are drawn, around the end.
 */
static double resampled(gsl_rng *rng, const struct draws *from, enum samples_statistic statistic)
{
	size_t length = (size_t)ceil(cbrt((double)from->n));
	struct draws drawn;

	for (drawn.n = 0; drawn.n < from->n;) {
		size_t at = gsl_rng_uniform_int(rng, from->n);

		for (size_t k = 0; k < length && drawn.n < from->n; k++, drawn.n++) {
			drawn.values[drawn.n] = from->values[(at + k) % from->n];
			drawn.weights[drawn.n] = from->weights[(at + k) % from->n];
		}
	}
	return statistic == SAMPLES_MEAN ? gsl_stats_wmean(drawn.weights, 1, drawn.values, 1, drawn.n)
	                                 : gsl_stats_median(drawn.values, 1, drawn.n);
}

static void bootstrap(const struct draws *one, const struct draws *other, enum samples_statistic statistic,
                      struct samples_effect *ret)
{
	double differences[SAMPLES_BOOTSTRAP_ROUNDS];
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	if (!rng)
		return;
	gsl_rng_set(rng, 1);
	for (int i = 0; i < SAMPLES_BOOTSTRAP_ROUNDS; i++) {
		double a = resampled(rng, one, statistic);

		differences[i] = a - resampled(rng, other, statistic);
	}
	gsl_sort(differences, 1, SAMPLES_BOOTSTRAP_ROUNDS);
	ret->low = gsl_stats_quantile_from_sorted_data(differences, 1, SAMPLES_BOOTSTRAP_ROUNDS, 0.025);
	ret->high = gsl_stats_quantile_from_sorted_data(differences, 1, SAMPLES_BOOTSTRAP_ROUNDS, 0.975);
	gsl_rng_free(rng);
}

struct samples_effect samples_effect(const struct samples *one, const struct samples *other,
                                     enum samples_statistic statistic)
{
	double (*of)(const struct samples *) = statistic == SAMPLES_MEAN ? samples_mean : samples_median;
	struct samples_effect effect = { of(one) - of(other), NAN, NAN };

	if (one->n >= SAMPLES_BOOTSTRAP_MIN && other->n >= SAMPLES_BOOTSTRAP_MIN) {
		struct draws a = draws_of(one, statistic), b = draws_of(other, statistic);

		bootstrap(&a, &b, statistic, &effect);
	}
	return effect;
}
