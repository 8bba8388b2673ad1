/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/label.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct label_value whole(const char *text, size_t n_expected)
{
	struct label_value v;

	assert_int_equal(label_whole(text, text + strlen(text), &v), n_expected);
	return v;
}

static struct label_value number(const char *text, size_t n_expected)
{
	struct label_value v;

	assert_int_equal(label_number(text, text + strlen(text), &v), n_expected);
	return v;
}

static void a_whole_number_may_have_its_thousands_set_off(void **state)
{
	assert_int_equal(whole("62598544", 8).i64, 62598544);
	assert_int_equal(whole("62,598,544 bytes", 10).i64, 62598544);
	assert_int_equal(whole("12,34", 2).i64, 12);
	assert_int_equal(whole("12,3456", 2).i64, 12);
	assert_int_equal(whole("51, 0 par", 2).i64, 51);
	(void)whole(",1", 0);
	(void)whole("", 0);
}

static void eighteen_digits_are_a_number_and_nineteen_are_none(void **state)
{
	assert_int_equal(whole("999999999999999999", 18).i64, 999999999999999999);
	assert_true(whole("999999999999999999", 18).is_finite);
	assert_false(whole("1999999999999999999", 19).is_finite);
	assert_false(number("1999999999999999999.5", 21).is_finite);
	assert_true(number("1.9999999999999999999", 21).is_finite);
}

static void a_number_has_a_point_or_a_comma(void **state)
{
	assert_true(number("0.022s", 5).f64 == 0.022);
	assert_true(number("0,022s", 5).f64 == 0.022);
	assert_true(number("-12.5", 5).f64 == -12.5);
	assert_true(number("1112550", 7).is_whole);
	assert_int_equal(number("-3", 2).i64, -3);
	assert_false(number("1.0", 3).is_whole);
	assert_true(number("7.", 1).f64 == 7);
}

static void nan_and_inf_are_numbers_without_a_value(void **state)
{
	assert_false(number("nans", 3).is_finite);
	assert_false(number("-nan", 4).is_finite);
	assert_false(number("inf", 3).is_finite);
	assert_false(number("-infs", 4).is_finite);
	(void)number("no", 0);
}

static void a_label_is_found_behind_foreign_text(void **state)
{
	static const char line[] = "progress 12%     1,024 bytes copied during GC";
	struct label_value v[LABEL_VALUES_MAX];
	unsigned n;

	assert_non_null(label_find((struct parse_text){ line, sizeof(line) - 1 }, " bytes copied",
	                           "# bytes copied during GC", v, &n));
	assert_int_equal(n, 1);
	assert_int_equal(v[0].i64, 1024);
	assert_null(label_find((struct parse_text){ line, sizeof(line) - 2 }, " bytes copied",
	                       "# bytes copied during GC", v, &n));
}

static void a_second_place_is_tried_when_the_first_does_not_fit(void **state)
{
	static const char line[] = "GC! GC time 0.5s (nans elapsed)";
	struct label_value v[LABEL_VALUES_MAX];
	unsigned n;

	assert_non_null(
		label_find((struct parse_text){ line, sizeof(line) - 1 }, "GC", "GC time @s (~@s elapsed)", v, &n));
	assert_int_equal(n, 2);
	assert_true(v[0].f64 == 0.5);
	assert_false(v[1].is_finite);
}

static void a_pattern_has_ten_values_at_most(void **state)
{
	static const char line[] = "1 2 3 4 5 6 7 8 9 10 11";
	struct label_value v[LABEL_VALUES_MAX];
	unsigned n;

	assert_non_null(label_match(line, line + sizeof(line) - 1, "# # # # # # # # # #", v, &n));
	assert_int_equal(n, LABEL_VALUES_MAX);
	assert_null(label_match(line, line + sizeof(line) - 1, "# # # # # # # # # # #", v, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_number_may_have_its_thousands_set_off),
		cmocka_unit_test(eighteen_digits_are_a_number_and_nineteen_are_none),
		cmocka_unit_test(a_number_has_a_point_or_a_comma),
		cmocka_unit_test(nan_and_inf_are_numbers_without_a_value),
		cmocka_unit_test(a_label_is_found_behind_foreign_text),
		cmocka_unit_test(a_second_place_is_tried_when_the_first_does_not_fit),
		cmocka_unit_test(a_pattern_has_ten_values_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
