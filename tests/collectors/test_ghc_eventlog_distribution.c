/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collectors/ghc-eventlog/distribution.h"

/* By the definition: bucket j (counted from 0 here) holds the values in (2^((j-1)/8), 2^(j/8)]. v^8 <= 2^j, in long
 * division. */
static int is_at_most(uint64_t value, uint32_t bucket)
{
	long double power = 1;

	for (int i = 0; i < 8; i++)
		power *= (long double)value;
	for (uint32_t i = 0; i < bucket; i++)
		power /= 2;
	return power <= 1;
}

static void every_value_is_in_its_bucket(void **state)
{
	uint64_t seed = 88172645463325252;

	for (int i = 0; i < 200000; i++) {
		uint64_t value;
		uint32_t bucket;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		value = i < 5000 ? (uint64_t)i + 1 : seed >> (seed & 63);
		if (!value)
			continue;
		bucket = distribution_bucket(value);
		assert_true(bucket < DISTRIBUTION_BUCKETS);
		assert_true(is_at_most(value, bucket));
		assert_true(bucket == 0 || !is_at_most(value, bucket - 1));
	}
	assert_int_equal(distribution_bucket(1), 0);
	assert_int_equal(distribution_bucket(UINT64_MAX), DISTRIBUTION_BUCKETS - 1);
}

static void check_ends(const uint64_t *values, int n, uint64_t min, uint64_t max, uint64_t n_zero)
{
	struct distribution d = { 0 };
	uint64_t sum = 0;

	assert_false(d.is_used);
	for (int i = 0; i < n; i++) {
		distribution_add(&d, values[i]);
		assert_true(d.is_used);
		sum += values[i];
	}
	assert_int_equal(d.min, min);
	assert_int_equal(d.min + d.range, max);
	assert_int_equal(d.sum, sum);
	assert_int_equal(d.n_zero, n_zero);
}

static void the_least_and_the_greatest_are_known(void **state)
{
	static const uint64_t up[] = { 5, 6, UINT64_MAX }, down[] = { UINT64_MAX, 6, 5 }, same[] = { 7, 7, 7 },
			      zeros[] = { 0, 0 }, first_zero[] = { 0, 9, 3 }, last_zero[] = { 9, 3, 0 },
			      middle[] = { 1, 100, 50, 2, 99 };

	check_ends(up, 3, 5, UINT64_MAX, 0);
	check_ends(down, 3, 5, UINT64_MAX, 0);
	check_ends(same, 3, 7, 7, 0);
	check_ends(zeros, 2, 0, 0, 2);
	check_ends(first_zero, 3, 0, 9, 1);
	check_ends(last_zero, 3, 0, 9, 1);
	check_ends(middle, 5, 1, 100, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_and_the_greatest_are_known),
		cmocka_unit_test(every_value_is_in_its_bucket),
	};

	return cmocka_run_group_tests_name("ghc-eventlog-distribution", tests, NULL, NULL);
}
