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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_is_in_its_bucket),
	};

	return cmocka_run_group_tests_name("ghc-eventlog-distribution", tests, NULL, NULL);
}
