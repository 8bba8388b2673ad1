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
		assert_int_equal(samples_add(&s, (int64_t)i, values[i]), 0);
	return s;
}

/* A series that remembers `memory` of its last value, with mean `shift`. */
static struct samples series(gsl_rng *rng, size_t n, double memory, double shift)
{
	struct samples s = { 0 };
	double x = gsl_ran_gaussian(rng, 1 / sqrt(1 - memory * memory));

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(samples_add(&s, (int64_t)i, x + shift), 0);
		x = memory * x + gsl_ran_gaussian(rng, 1);
	}
	return s;
}

/* How often the interval holds the true difference. */
static double coverage(double memory, double shift)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus);
	int n_held = 0;

	gsl_rng_set(rng, 7);
	for (int i = 0; i < TRIALS; i++) {
		struct samples one = series(rng, N_ONE, memory, shift), other = series(rng, N_OTHER, memory, 0);
		struct samples_effect e = samples_effect(&one, &other);

		n_held += e.low <= shift && shift <= e.high;
		samples_done(&one);
		samples_done(&other);
	}
	gsl_rng_free(rng);
	return (double)n_held / TRIALS;
}

static void an_interval_of_independent_samples_holds_the_truth_as_often_as_it_says(void **state)
{
	double held = coverage(0, 3);

	/* 95 %, within what 200 trials can tell and percentiles of few samples lose. */
	assert_true(held > 0.89 && held < 0.995);
}

/* Drawn one by one, they hold it in 0.76 of the trials. */
static void an_interval_of_samples_that_depend_on_their_neighbours_is_wider(void **state)
{
	assert_true(coverage(0.7, 3) > 0.84);
}

static void fewer_than_six_samples_have_no_interval(void **state)
{
	const double five[] = { 1, 2, 3, 4, 5 }, six[] = { 10, 11, 12, 13, 14, 15 };
	struct samples a = of(six, 6), b = of(five, 5), c = of(six, 6);
	struct samples_effect few = samples_effect(&a, &b), enough = samples_effect(&a, &c);

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
	struct samples_effect first = samples_effect(&a, &b), second = samples_effect(&a, &b);

	assert_true(first.low == second.low && first.high == second.high && first.low < first.high);
	samples_done(&a);
	samples_done(&b);
	gsl_rng_free(rng);
}

static void rates_leave_out_where_a_counter_begins_anew(void **state)
{
	struct samples counter = { 0 }, rates = { 0 };

	assert_int_equal(samples_add(&counter, 0, 100), 0);
	assert_int_equal(samples_add(&counter, 2000000000, 300), 0);
	assert_int_equal(samples_add(&counter, 3000000000, 10), 0);
	assert_int_equal(samples_add(&counter, 3000000000, 20), 0);
	assert_int_equal(samples_add(&counter, 4000000000, 25), 0);
	assert_int_equal(samples_rates(&counter, &rates), 0);
	assert_int_equal(rates.n, 2);
	assert_true(rates.at[0].value == 100 && rates.at[0].time_ns == 2000000000);
	assert_true(rates.at[1].value == 5);
	samples_done(&counter);
	samples_done(&rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interval_of_independent_samples_holds_the_truth_as_often_as_it_says),
		cmocka_unit_test(an_interval_of_samples_that_depend_on_their_neighbours_is_wider),
		cmocka_unit_test(fewer_than_six_samples_have_no_interval),
		cmocka_unit_test(the_same_samples_give_the_same_interval),
		cmocka_unit_test(rates_leave_out_where_a_counter_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
