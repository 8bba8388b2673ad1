/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/retainer.h"
#include "tests/support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct parse_text text_of(const char *text)
{
	return (struct parse_text){ text, strlen(text) };
}

static void assert_text(struct parse_text text, const char *expected)
{
	assert_int_equal(text.n, strlen(expected));
	assert_memory_equal(text.at, expected, text.n);
}

static enum parse_result set_of(const char *text, int is_last, struct retainer_set *ret, size_t *ret_used)
{
	return retainer_set_next(text, strlen(text), is_last, ret, ret_used);
}

static void a_set_ends_where_another_one_starts_or_the_text_ends(void **state)
{
	static const char two[] = "SET 2 = {<A.b}\n}>}\nSET 3 = {<>}\n";
	struct retainer_set set;
	size_t n_used;

	assert_int_equal(set_of(two, 1, &set, &n_used), PARSE_OK);
	assert_int_equal(set.id, 2);
	assert_text(set.stacks, "<A.b}\n}>");
	assert_int_equal(set_of(two + n_used, 0, &set, &n_used), PARSE_MORE);
	assert_int_equal(set_of(two + n_used, 1, &set, &n_used), PARSE_OK);
	assert_int_equal(set.id, 3);
	assert_text(set.stacks, "<>");
	assert_int_equal(n_used, 13);
	assert_int_equal(set_of("SET 2 = {<A.b>}\r\nSET 3", 0, &set, &n_used), PARSE_OK);
	assert_int_equal(n_used, 17);
}

static void what_is_no_set_is_bad(void **state)
{
	static const char *const bad[] = { "SIT 2 = {<>}\n",
		                           "SET x = {<>}\n",
		                           "SET 2 = <>\n",
		                           "SET 2 = {<>\n",
		                           "SET 99999999999999999999 = {<>}\n",
		                           "\n" };
	struct retainer_set set;
	size_t n_used;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(set_of(bad[i], 1, &set, &n_used), PARSE_BAD);
	assert_int_equal(set_of("SET 2 = {<>}", 1, &set, &n_used), PARSE_BAD);
}

static void a_set_has_1_mib_at_most(void **state)
{
	char *text = malloc(RETAINER_SET_MAX + 1);
	struct retainer_set set;
	size_t n_used;

	assert_non_null(text);
	memset(text, 'x', RETAINER_SET_MAX + 1);
	memcpy(text, "SET 2 = {<", 10);
	for (size_t over = 0; over < 2; over++) {
		memcpy(text + RETAINER_SET_MAX - 3 + over, ">}\n", 3);
		assert_int_equal(retainer_set_next(text, RETAINER_SET_MAX + over, 1, &set, &n_used),
		                 over ? PARSE_BAD : PARSE_OK);
		assert_int_equal(retainer_set_next(text, RETAINER_SET_MAX - 1 + over, 0, &set, &n_used),
		                 over ? PARSE_BAD : PARSE_MORE);
	}
	free(text);
}

static void a_census_line_has_256_bytes_at_most(void **state)
{
	char text[RETAINER_LINE_MAX + 64];
	struct retainer_census census;
	size_t n_used;

	for (size_t over = 0; over < 2; over++) {
		memset(text, '0', sizeof(text));
		memcpy(text, "Retainer Profiling: ", 20);
		memcpy(text + RETAINER_LINE_MAX - 23 + over, "1, at 0.000001 seconds\n", 23);
		memcpy(text + RETAINER_LINE_MAX + over, "\tAverage number of visits per object = 1.310341\n", 48);
		assert_int_equal(retainer_census_next(text, RETAINER_LINE_MAX + 48 + over, &census, &n_used),
		                 over ? PARSE_BAD : PARSE_OK);
	}
}

static void stacks_are_told_apart_by_what_no_label_holds(void **state)
{
	struct parse_text rest = text_of("<A.b>,<c>, <>, <Main.x,Main.y>"), stack;

	assert_int_equal(retainer_stack(&rest, &stack), 1);
	assert_text(stack, "A.b>,<c");
	assert_int_equal(retainer_stack(&rest, &stack), 1);
	assert_text(stack, "");
	assert_int_equal(retainer_stack(&rest, &stack), 1);
	assert_text(stack, "Main.x,Main.y");
	assert_int_equal(retainer_stack(&rest, &stack), 0);
}

static void centres_are_split_after_capitalised_names(void **state)
{
	static const char *const expected[][2] = {
		{ "GHC.IO.Handle.FD", "CAF" },
		{ "Main", "main.\\.t" },
		{ "Main", "|>|..+." },
		{ "A", "," },
		{ "A", "x,y.z" },
		{ "Z\xc3\xb6", "\xce\xbb" },
		{ "", "odd" },
		{ "Main", "Foo" },
		{ "Main", "" },
	};
	struct parse_text
		rest = text_of("GHC.IO.Handle.FD.CAF,Main.main.\\.t,Main.|>|..+.,A.,,A.x,y.z,Z\xc3\xb6.\xce\xbb,odd"),
		module, label;

	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(retainer_centre(&rest, &module, &label), 1);
		assert_text(module, expected[i][0]);
		assert_text(label, i == 5 ? "\xce\xbb,odd" : expected[i][1]);
	}
	assert_int_equal(retainer_centre(&rest, &module, &label), 0);
	rest = text_of("odd");
	assert_int_equal(retainer_centre(&rest, &module, &label), 1);
	assert_text(module, "");
	assert_text(label, "odd");
	rest = text_of("Main.Foo,Main.");
	assert_int_equal(retainer_centre(&rest, &module, &label), 1);
	assert_text(module, "Main");
	assert_text(label, "Foo,Main.");
}

static void a_census_before_the_zero_of_time_is_negative(void **state)
{
	static const char census[] = "Retainer Profiling: 3, at -0.000338 seconds\n"
				     "\tAverage number of visits per object = 1.866307\n";
	struct retainer_census c;
	size_t n_used;

	assert_int_equal(retainer_census_next(census, sizeof(census) - 1, &c, &n_used), PARSE_OK);
	assert_int_equal(c.at_us, -338);
}

/* Every cut of every text asks for more or is bad, and reads nothing beyond. */
static void every_cut_is_noticed(void **state)
{
	static const char census[] = "Retainer Profiling: 0, at 0.020716 seconds\n\tMax auxiliary stack size = 677\n"
				     "\tAverage number of visits per object = 1.310341\n";
	static const char set[] = "SET 3 = {<Main.t,Main.f,Main.main>, <>}\n",
			  title[] = "\nRetainer sets created during profiling:\n";
	size_t n_used;

	for (size_t i = 0; i < sizeof(census) - 1; i++) {
		struct bytes b = bytes_guarded((const uint8_t *)census, i);
		struct retainer_census c;

		assert_int_equal(retainer_census_next((const char *)b.at, i, &c, &n_used), PARSE_MORE);
		bytes_done(&b);
	}
	for (size_t i = 0; i < sizeof(set) - 1; i++) {
		struct bytes b = bytes_guarded((const uint8_t *)set, i);
		struct retainer_set s;

		assert_int_equal(retainer_set_next((const char *)b.at, i, 0, &s, &n_used), PARSE_MORE);
		assert_int_equal(retainer_set_next((const char *)b.at, i, 1, &s, &n_used), PARSE_BAD);
		bytes_done(&b);
	}
	for (size_t i = 0; i < sizeof(title) - 1; i++) {
		struct bytes b = bytes_guarded((const uint8_t *)title, i);

		assert_int_equal(retainer_title((const char *)b.at, i, &n_used), PARSE_MORE);
		bytes_done(&b);
	}
	assert_int_equal(retainer_title(title, sizeof(title) - 1, &n_used), PARSE_OK);
	assert_int_equal(n_used, sizeof(title) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_ends_where_another_one_starts_or_the_text_ends),
		cmocka_unit_test(what_is_no_set_is_bad),
		cmocka_unit_test(a_set_has_1_mib_at_most),
		cmocka_unit_test(a_census_before_the_zero_of_time_is_negative),
		cmocka_unit_test(a_census_line_has_256_bytes_at_most),
		cmocka_unit_test(stacks_are_told_apart_by_what_no_label_holds),
		cmocka_unit_test(centres_are_split_after_capitalised_names),
		cmocka_unit_test(every_cut_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
