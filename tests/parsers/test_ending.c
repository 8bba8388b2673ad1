/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/ending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000000)
#define U ENDING_UNKNOWN

static void the_process_start_comes_first(void **state)
{
	const struct ending_facts f = { 100 * S, 90 * S, 200 * S, 151 * S };
	struct ending e = ending_make(&f, 50 * S);

	assert_int_equal(e.end_ns, 150 * S);
	assert_int_equal(e.start_ns, 100 * S);
	assert_int_equal(e.error_ns, 20000000);
	e = ending_make(&f, U);
	assert_int_equal(e.end_ns, 151 * S);
	assert_int_equal(e.start_ns, U);
}

static void a_process_that_ends_a_minute_after_its_file_is_another(void **state)
{
	struct ending_facts f = { 100 * S, U, U, 90 * S };
	struct ending e = ending_make(&f, 50 * S);

	assert_int_equal(e.end_ns, 150 * S);
	e = ending_make(&f, 51 * S);
	assert_int_equal(e.end_ns, 90 * S);
	assert_int_equal(e.start_ns, 39 * S);
}

static void a_file_of_another_time_than_its_run_was_copied(void **state)
{
	struct ending_facts f = { U, 100 * S, 200 * S, 800 * S };
	struct ending e = ending_make(&f, U);

	assert_int_equal(e.end_ns, 800 * S);
	assert_int_equal(e.error_ns, 10000000);
	f.mtime_ns++;
	e = ending_make(&f, U);
	assert_int_equal(e.end_ns, 200 * S);
	assert_int_equal(e.error_ns, -1);
	f.mtime_ns = 99 * S;
	f.run_end_ns = U;
	e = ending_make(&f, U);
	assert_int_equal(e.end_ns, 99 * S);
	assert_int_equal(e.error_ns, -1);
	assert_non_null(strstr(e.tie, "older"));
}

static void nothing_known_is_said_to_be_so(void **state)
{
	const struct ending_facts f = { U, U, U, U };

	assert_null(ending_make(&f, 50 * S).tie);
}

static int64_t fact(const char *digits)
{
	return ending_fact((struct parse_text){ digits, strlen(digits) });
}

static void numbers_have_bounds_that_sums_bear(void **state)
{
	assert_int_equal(ending_ns(1.5), 1500000000);
	assert_int_equal(ending_ns(0.0000000015), 2);
	assert_int_equal(ending_ns(-0.0000000015), -2);
	assert_true(ending_ns(999999999) != U);
	assert_int_equal(ending_ns(1000000000), U);
	assert_int_equal(ending_ns(-1000000000), U);
	assert_int_equal(ending_ns(0.0 / 0.0 * 1), U);
	assert_int_equal(fact("1795230300000000000"), 1795230300000000000);
	assert_int_equal(fact(""), U);
	assert_int_equal(fact("-1"), U);
	assert_int_equal(fact("9223372036854775807"), U);
	assert_int_equal(fact("99999999999999999999"), U);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_process_start_comes_first),
		cmocka_unit_test(a_process_that_ends_a_minute_after_its_file_is_another),
		cmocka_unit_test(a_file_of_another_time_than_its_run_was_copied),
		cmocka_unit_test(nothing_known_is_said_to_be_so),
		cmocka_unit_test(numbers_have_bounds_that_sums_bear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
