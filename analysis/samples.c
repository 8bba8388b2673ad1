/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/samples.h"

#include "analysis/grow.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* What is drawn from, at most SAMPLES_BOOTSTRAP_MAX, and which place each has among them in order of value. */
struct draws {
	double values[SAMPLES_BOOTSTRAP_MAX], weights[SAMPLES_BOOTSTRAP_MAX], sorted[SAMPLES_BOOTSTRAP_MAX];
	size_t places[SAMPLES_BOOTSTRAP_MAX];
	size_t n;
};

static void draws_of(const struct samples *s, enum samples_statistic statistic, struct draws *ret)
{
	uint64_t stride = (s->n + SAMPLES_BOOTSTRAP_MAX - 1) / SAMPLES_BOOTSTRAP_MAX;
	size_t order[SAMPLES_BOOTSTRAP_MAX], n = 0;

	for (uint64_t i = 0; i < s->n; i += stride, n++) {
		uint64_t n_left = s->n - i;
		double over = mean(&s->at[i], n_left < stride ? n_left : stride, &ret->weights[n]);

		ret->values[n] = statistic == SAMPLES_MEAN ? over : s->at[i].value;
	}
	gsl_sort_index(order, ret->values, 1, n);
	for (size_t i = 0; i < n; i++) {
		ret->places[order[i]] = i;
		ret->sorted[i] = ret->values[order[i]];
	}
	ret->n = n;
}

/* How often each was drawn, by its place. Neighbours are alike (a slow slot follows a slow slot, a heap grows), so
 * whole stretches are drawn, around the end. */
static void draw(gsl_rng *rng, const struct draws *from, size_t length, uint32_t counts[SAMPLES_BOOTSTRAP_MAX])
{
	memset(counts, 0, from->n * sizeof(*counts));
	for (size_t n = 0; n < from->n;) {
		size_t at = gsl_rng_uniform_int(rng, from->n);

		for (size_t k = 0; k < length && n < from->n; k++, n++) {
			counts[from->places[at]]++;
			at = at + 1 < from->n ? at + 1 : 0;
		}
	}
}

static double drawn_median(const struct draws *from, const uint32_t counts[SAMPLES_BOOTSTRAP_MAX])
{
	size_t n = 0, low = 0, high;

	while (n + counts[low] <= (from->n - 1) / 2)
		n += counts[low++];
	for (high = low; n + counts[high] <= from->n / 2; high++)
		n += counts[high];
	return (from->sorted[low] + from->sorted[high]) / 2;
}

static double drawn_mean(const struct draws *from, const uint32_t counts[SAMPLES_BOOTSTRAP_MAX])
{
	double sum = 0, weight = 0;

	for (size_t i = 0; i < from->n; i++) {
		double w = from->weights[i] * counts[from->places[i]];

		sum += w * from->values[i];
		weight += w;
	}
	return sum / weight;
}

static double resampled(gsl_rng *rng, const struct draws *from, enum samples_statistic statistic)
{
	uint32_t counts[SAMPLES_BOOTSTRAP_MAX];

	draw(rng, from, (size_t)ceil(cbrt((double)from->n)), counts);
	return statistic == SAMPLES_MEAN ? drawn_mean(from, counts) : drawn_median(from, counts);
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
		struct draws a, b;

		draws_of(one, statistic, &a);
		draws_of(other, statistic, &b);
		bootstrap(&a, &b, statistic, &effect);
	}
	return effect;
}
