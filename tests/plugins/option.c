/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plugins/conformance/comma.h"

#define SECOND INT64_C(1000000000)

static const struct weir_option duration = {
	.name = "every", .type = WEIR_OPTION_DURATION, .min = 10000000, .max = 60 * SECOND
};
static const struct weir_option any_duration = { .name = "every", .type = WEIR_OPTION_DURATION };
static const struct weir_option size = { .name = "room", .type = WEIR_OPTION_SIZE };
static const struct weir_option whole = { .name = "depth", .type = WEIR_OPTION_INT, .min = -3, .max = 9 };
static const struct weir_option any_whole = { .name = "depth", .type = WEIR_OPTION_INT };
static const struct weir_option real = { .name = "share", .type = WEIR_OPTION_REAL };
static const struct weir_option yes_or_no = { .name = "all", .type = WEIR_OPTION_BOOL };
static const struct weir_option choice = { .name = "style", .type = WEIR_OPTION_CHOICE, .choices = "brief|full" };
static const struct weir_option text = { .name = "label", .type = WEIR_OPTION_TEXT };

struct taken {
	const struct weir_option *option;
	const char *text;
	int64_t value;
};

static void takes_values_of_each_type(void **state)
{
	static const struct taken cases[] = {
		{ &any_duration, "250ms", 250000000 },
		{ &any_duration, "1.5s", 1500000000 },
		{ &any_duration, "0", 0 },
		{ &any_duration, "7ns", 7 },
		{ &any_duration, "3us", 3000 },
		{ &any_duration, "2m", 120 * SECOND },
		{ &any_duration, "1.5h", 5400 * SECOND },
		{ &any_duration, "1d", 86400 * SECOND },
		{ &any_duration, "0.000000001s", 1 },
		{ &size, "4096", 4096 },
		{ &size, "4MiB", 4 << 20 },
		{ &size, "0.5KiB", 512 },
		{ &size, "0.25KiB", 256 },
		{ &size, "64kB", 64000 },
		{ &size, "1.5GB", 1500000000 },
		{ &size, "2TiB", INT64_C(2) << 40 },
		{ &size, "3B", 3 },
		{ &any_whole, "-12", -12 },
		{ &any_whole, "9223372036854775807", INT64_MAX },
		{ &any_whole, "-9223372036854775808", INT64_MIN },
		{ &yes_or_no, "true", 1 },
		{ &yes_or_no, "false", 0 },
		{ &choice, "full", 0 },
		{ &choice, "brief", 0 },
		{ &text, "", 0 },
	};
	struct weir_error error;
	union weir_value v;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (option_parse(cases[i].option, cases[i].text, &v, &error) != 0)
			fail_msg("%s: %s", cases[i].text, error.text);
		if (v.i64 != cases[i].value)
			fail_msg("%s: %lld", cases[i].text, (long long)v.i64);
	}
}

static void refuses_what_is_none(void **state)
{
	static const struct taken cases[] = {
		{ &any_duration, "250", 0 },
		{ &any_duration, "", 0 },
		{ &any_duration, "ms", 0 },
		{ &any_duration, "-1s", 0 },
		{ &any_duration, "1 s", 0 },
		{ &any_duration, "1.s", 0 },
		{ &any_duration, "1.5ns", 0 },
		{ &any_duration, "0.0000000001s", 0 },
		{ &any_duration, "1e3s", 0 },
		{ &any_duration, "9223372036854775808ns", 0 },
		{ &any_duration, "9223372037s", 0 },
		{ &any_duration, "1.2.3s", 0 },
		{ &any_duration, "1S", 0 },
		{ &size, "4mib", 0 },
		{ &size, "0.3KiB", 0 },
		{ &size, "-1", 0 },
		{ &any_whole, "1.0", 0 },
		{ &any_whole, "0x10", 0 },
		{ &any_whole, "9223372036854775808", 0 },
		{ &any_whole, "-9223372036854775809", 0 },
		{ &any_whole, "12k", 0 },
		{ &any_whole, "--1", 0 },
		{ &real, "nan", 0 },
		{ &real, "inf", 0 },
		{ &real, "1e999", 0 },
		{ &real, "0x1p3", 0 },
		{ &real, "1,5", 0 },
		{ &real, " 1", 0 },
		{ &real, "", 0 },
		{ &yes_or_no, "yes", 0 },
		{ &yes_or_no, "", 0 },
		{ &choice, "", 0 },
		{ &choice, "ful", 0 },
		{ &choice, "full|", 0 },
		{ &choice, "brief|full", 0 },
	};
	struct weir_error error;
	union weir_value v;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (option_parse(cases[i].option, cases[i].text, &v, &error) != -EINVAL)
			fail_msg("%s was taken", cases[i].text);
}

static void bounds_belong_to_the_range(void **state)
{
	static const struct taken inside[] = { { &whole, "-3", -3 },
		                               { &whole, "9", 9 },
		                               { &duration, "10ms", 10000000 },
		                               { &duration, "1m", 60 * SECOND } };
	static const struct taken outside[] = { { &whole, "-4", 0 },
		                                { &whole, "10", 0 },
		                                { &duration, "9.999999ms", 0 },
		                                { &duration, "60.000000001s", 0 } };
	union weir_value v;

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(option_parse(inside[i].option, inside[i].text, &v, NULL), 0);
		assert_int_equal(v.i64, inside[i].value);
		assert_int_equal(option_parse(outside[i].option, outside[i].text, &v, NULL), -EINVAL);
	}
}

static void a_refusal_names_option_value_and_what_fits(void **state)
{
	static const struct {
		const struct weir_option *option;
		const char *text, *sentence;
	} cases[] = {
		{ &duration, "5", "option: every: '5' is not a duration from 10ms to 1m" },
		{ &any_duration, "5", "option: every: '5' is not a duration like 250ms" },
		{ &size, "x", "option: room: 'x' is not a size like 4MiB" },
		{ &whole, "77", "option: depth: '77' is not a whole number from -3 to 9" },
		{ &real, "x", "option: share: 'x' is not a finite number" },
		{ &yes_or_no, "yes", "option: all: 'yes' is not true or false" },
		{ &choice, "long", "option: style: 'long' is not one of brief, full" },
	};
	struct weir_error error;
	union weir_value v;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(option_parse(cases[i].option, cases[i].text, &v, &error), -EINVAL);
		assert_string_equal(error.text, cases[i].sentence);
	}
}

static void a_type_from_the_future_is_another_matter(void **state)
{
	const struct weir_option o = { .name = "new", .type = WEIR_OPTION_CHOICE + 1 };
	struct weir_error error;
	union weir_value v;

	assert_int_equal(option_parse(&o, "1", &v, &error), -ENOTSUP);
	assert_null(option_type(o.type));
	assert_null(option_type(0));
}

static void what_is_written_can_be_read(void **state)
{
	static const int64_t values[] = { 0, 1, 999, 1000, 60 * SECOND, 1500000000, 86400 * SECOND, INT64_MAX };
	union weir_value v;
	char at[32];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_int_equal(
			option_parse(&any_duration, option_write(&any_duration, values[i], at, sizeof(at)), &v, NULL),
			0);
		assert_int_equal(v.i64, values[i]);
		assert_int_equal(option_parse(&size, option_write(&size, values[i], at, sizeof(at)), &v, NULL), 0);
		assert_int_equal(v.i64, values[i]);
	}
	assert_string_equal(option_write(&any_duration, 90 * SECOND, at, sizeof(at)), "90s");
	assert_string_equal(option_write(&size, 4 << 20, at, sizeof(at)), "4MiB");
	assert_string_equal(option_write(&any_whole, INT64_MIN, at, sizeof(at)), "-9223372036854775808");
}

static void an_unknown_name_is_answered_with_the_nearest(void **state)
{
	const struct weir_option options[] = { whole, duration, choice };
	const struct weir_collector c = { .name = "prof", .options = options, .n_options = 3 };
	const struct weir_collector bare = { .name = "prof" };
	struct weir_error error;

	assert_int_equal(option_row(&c, "style", &error), 2);
	assert_int_equal(option_row(&c, "dpeth", &error), -ENOENT);
	assert_string_equal(error.text, "option: dpeth: prof has no such option; nearest is depth");
	assert_int_equal(option_row(&c, "something", &error), -ENOENT);
	assert_string_equal(error.text, "option: something: prof has no such option; see: weir plugins show prof");
	assert_int_equal(option_row(&bare, "depth", &error), -ENOENT);
	assert_string_equal(error.text, "option: depth: prof has no options");
}

static void a_decimal_comma_changes_nothing(void **state)
{
	union weir_value v;

	if (!comma_locale()) {
		print_message("skipped: no locale with a comma\n");
		skip();
	}
	assert_int_equal(option_parse(&real, "1.5", &v, NULL), 0);
	assert_true(v.f64 > 1.49 && v.f64 < 1.51);
	assert_int_equal(option_parse(&real, "1,5", &v, NULL), -EINVAL);
	assert_int_equal(option_parse(&any_duration, "1.5s", &v, NULL), 0);
	assert_int_equal(v.i64, 1500000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_values_of_each_type),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(bounds_belong_to_the_range),
		cmocka_unit_test(a_refusal_names_option_value_and_what_fits),
		cmocka_unit_test(a_type_from_the_future_is_another_matter),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(an_unknown_name_is_answered_with_the_nearest),
		cmocka_unit_test(a_decimal_comma_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
