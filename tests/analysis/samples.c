/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/samples.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include <cmocka.h>

enum {
	TRIALS = 200,
	N_ONE = 40,
	N_OTHER = 80,
};

static struct samples of(const double *values, size_t n)
{
	struct samples s = { 0 };

	for (size_t i = 0; i < n; i++)
		assert_int_equal(samples_add_moment(&s, (int64_t)i, values[i]), 0);
	return s;
}

/* A series that remembers `memory` of its last value, with mean `shift`. */
static struct samples series(gsl_rng *rng, size_t n, double memory, double shift)
{
	struct samples s = { 0 };
	double x = gsl_ran_gaussian(rng, 1 / sqrt(1 - memory * memory));

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(samples_add_moment(&s, (int64_t)i, x + shift), 0);
		x = memory * x + gsl_ran_gaussian(rng, 1);
	}
	return s;
}

/* How often the interval holds the true difference. */
static double coverage(double memory, double shift, enum samples_statistic statistic)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus);
	int n_held = 0;

	gsl_rng_set(rng, 7);
	for (int i = 0; i < TRIALS; i++) {
		struct samples one = series(rng, N_ONE, memory, shift), other = series(rng, N_OTHER, memory, 0);
		struct samples_effect e = samples_effect(&one, &other, statistic);

		n_held += e.low <= shift && shift <= e.high;
		samples_done(&one);
		samples_done(&other);
	}
	gsl_rng_free(rng);
	return (double)n_held / TRIALS;
}

static void an_interval_of_independent_samples_holds_the_truth_as_often_as_it_says(void **state)
{
	/* 95 %, within what 200 trials can tell and percentiles of few samples lose. */
	for (enum samples_statistic s = SAMPLES_MEDIAN; s <= SAMPLES_MEAN; s++) {
		double held = coverage(0, 3, s);

		assert_true(held > 0.89 && held < 0.995);
	}
}

/* Drawn one by one, they hold it in 0.76 of the trials, those of means in 0.62. */
static void an_interval_of_samples_that_depend_on_their_neighbours_is_wider(void **state)
{
	assert_true(coverage(0.7, 3, SAMPLES_MEDIAN) > 0.84);
	assert_true(coverage(0.7, 3, SAMPLES_MEAN) > 0.78);
}

static void fewer_than_six_samples_have_no_interval(void **state)
{
	const double five[] = { 1, 2, 3, 4, 5 }, six[] = { 10, 11, 12, 13, 14, 15 };
	struct samples a = of(six, 6), b = of(five, 5), c = of(six, 6);
	struct samples_effect few = samples_effect(&a, &b, SAMPLES_MEDIAN),
			      enough = samples_effect(&a, &c, SAMPLES_MEDIAN);

	assert_true(few.difference == 9.5);
	assert_true(isnan(few.low) && isnan(few.high));
	assert_true(enough.difference == 0 && enough.low <= 0 && enough.high >= 0);
	samples_done(&a);
	samples_done(&b);
	samples_done(&c);
}

static void the_same_samples_give_the_same_interval(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus);
	struct samples a = series(rng, 700, 0.3, 1), b = series(rng, 20, 0.3, 0);
	struct samples_effect first = samples_effect(&a, &b, SAMPLES_MEDIAN),
			      second = samples_effect(&a, &b, SAMPLES_MEDIAN);

	assert_true(first.low == second.low && first.high == second.high && first.low < first.high);
	samples_done(&a);
	samples_done(&b);
	gsl_rng_free(rng);
}

/* A hundred seconds in one look, and one second in each of ten: also where more are drawn from than there is room. */
static void a_mean_is_the_amount_by_the_time(void **state)
{
	struct samples rates = { 0 }, none = { 0 }, many = { 0 };
	struct samples_effect e;

	assert_int_equal(samples_add(&rates, &(struct sample){ 100, 1, 100 }), 0);
	for (int64_t i = 1; i <= 10; i++)
		assert_int_equal(samples_add(&rates, &(struct sample){ 100 + i, 12, 1 }), 0);
	assert_true(fabs(samples_mean(&rates) - 2) < 1e-12);
	assert_true(isnan(samples_mean(&none)));
	/* One in four is not 0: every fourth alone would be all or nothing. */
	for (int64_t i = 0; i < 4 * SAMPLES_BOOTSTRAP_MAX; i++)
		assert_int_equal(samples_add(&many, &(struct sample){ i, i % 4 ? 0 : 8, 1 }), 0);
	e = samples_effect(&many, &rates, SAMPLES_MEAN);
	assert_true(fabs(e.difference) < 1e-12);
	assert_true(e.low < 0 && e.high > 0);
	samples_done(&rates);
	samples_done(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interval_of_independent_samples_holds_the_truth_as_often_as_it_says),
		cmocka_unit_test(an_interval_of_samples_that_depend_on_their_neighbours_is_wider),
		cmocka_unit_test(fewer_than_six_samples_have_no_interval),
		cmocka_unit_test(the_same_samples_give_the_same_interval),
		cmocka_unit_test(a_mean_is_the_amount_by_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
