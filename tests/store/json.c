/* SPDX-License-Identifier: Apache-2.0 */
#include "store/json.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(literal) ((struct weir_text){ (literal), sizeof(literal) - 1 })
#define ATTR(k, v)    ((struct weir_attr){ TEXT(k), TEXT(v) })

static char memory[4096];

static struct json_out fresh(void)
{
	return (struct json_out){ memory, sizeof(memory), 0 };
}

static void is_text(const struct json_out *out, const char *text)
{
	assert_int_equal(out->n, strlen(text));
	assert_memory_equal(out->at, text, out->n);
}

static void is_written(struct weir_text in, const char *text)
{
	struct json_out out = fresh();

	json_put_string(&out, in);
	is_text(&out, text);
}

static void strings_are_escaped_as_short_as_json_allows(void **state)
{
	is_written(TEXT(""), "\"\"");
	is_written(TEXT("a/b c"), "\"a/b c\"");
	is_written(TEXT("q\"b\\"), "\"q\\\"b\\\\\"");
	is_written(TEXT("\b\f\n\r\t\x01\x1f\x7f"), "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
	is_written(TEXT("nul\0in"), "\"nul\\u0000in\"");
}

static void wellformed_utf8_passes(void **state)
{
	is_written(TEXT("é\u0800\uFFFF\U00010000\U0010FFFF"), "\"é\u0800\uFFFF\U00010000\U0010FFFF\"");
}

/* Unicode 15, table 3-8: each maximal subpart of an ill-formed sequence is one replacement. */
static void malformed_utf8_becomes_one_replacement_for_each_maximal_piece(void **state)
{
	is_written(TEXT("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
	           "\"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41\"");
	is_written(TEXT("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"),
	           "\"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41\"");
	is_written(TEXT("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
	           "\"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41\uFFFD\uFFFD\x42\"");
	is_written(TEXT("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), "\"\uFFFD\uFFFD\uFFFD\uFFFD\x41\"");
	is_written(TEXT("cut \xE2\x82"), "\"cut \uFFFD\"");
}

static void what_does_not_fit_is_counted_and_not_written(void **state)
{
	char small[8];
	struct json_out out = { small, 4, 0 };

	memset(small, '#', sizeof(small));
	json_put_string(&out, TEXT("abcdef"));
	assert_int_equal(out.n, 8);
	assert_memory_equal(small, "\"abc####", 8);
	json_put_i64(&out, INT64_MIN);
	assert_int_equal(out.n, 8 + 20);
	assert_memory_equal(small, "\"abc####", 8);
}

static void f64_is_written(double v, const char *text)
{
	struct json_out out = fresh();

	json_put_f64(&out, v);
	is_text(&out, text);
}

static void doubles_are_short_and_read_back_the_same(void **state)
{
	static const double values[] = { 0.1,           1.0 / 3, DBL_MAX, DBL_MIN, 4.9406564584124654e-324,
		                         -123456789.25, 1e22,    5e-7 };

	f64_is_written(0.1, "0.1");
	f64_is_written(-0.0, "-0");
	f64_is_written(NAN, "null");
	f64_is_written(INFINITY, "1e999");
	f64_is_written(-INFINITY, "-1e999");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct json_out out = fresh();

		json_put_f64(&out, values[i]);
		memory[out.n] = '\0';
		assert_true(strtod(memory, NULL) == values[i]);
	}
}

static void a_set_is_the_same_text_in_whatever_order_it_came(void **state)
{
	struct weir_attr attrs[] = { ATTR("b", "2"), ATTR("a.b", "1"), ATTR("a", "\"") };
	static const int orders[6][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 }
	};

	for (int i = 0; i < 6; i++) {
		struct weir_attr in[3] = { attrs[orders[i][0]], attrs[orders[i][1]], attrs[orders[i][2]] };
		struct json_out out = fresh();

		assert_int_equal(json_attrs(&out, in, 3), 0);
		is_text(&out, "{\"a\":\"\\\"\",\"a.b\":\"1\",\"b\":\"2\"}");
	}
}

static void the_empty_set_is_an_empty_object(void **state)
{
	struct json_out out = fresh();

	assert_int_equal(json_attrs(&out, NULL, 0), 0);
	is_text(&out, "{}");
}

static void a_key_twice_or_a_bad_key_is_refused_and_nothing_written(void **state)
{
	struct weir_attr twice[] = { ATTR("a", "1"), ATTR("b", "1"), ATTR("a", "1") };
	struct weir_attr bad[] = { ATTR("", "v"),   ATTR("a\"", "v"),  ATTR("a\\", "v"),
		                   ATTR("\n", "v"), ATTR("\x7f", "v"), ATTR("é", "v") };
	struct json_out out = fresh();

	assert_int_equal(json_attrs(&out, twice, 3), -EINVAL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(json_attrs(&out, &bad[i], 1), -EINVAL);
	assert_int_equal(out.n, 0);
}

static void a_set_of_the_most_attributes_passes_and_one_more_is_refused(void **state)
{
	struct weir_attr attrs[JSON_ATTRS_MAX + 1];
	char keys[JSON_ATTRS_MAX + 1][8];
	struct json_out out = fresh();

	for (int i = 0; i <= JSON_ATTRS_MAX; i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "k%02d", JSON_ATTRS_MAX - i);
		attrs[i] = (struct weir_attr){ { keys[i], 3 }, TEXT("v") };
	}
	assert_int_equal(json_attrs(&out, attrs, JSON_ATTRS_MAX), 0);
	assert_memory_equal(memory, "{\"k01\":\"v\",\"k02\":\"v\"", 20);
	assert_int_equal(json_attrs(&out, attrs, JSON_ATTRS_MAX + 1), -E2BIG);
}

static void merged(const char *below, const char *above, const char *text)
{
	struct json_out out = fresh();

	assert_int_equal(json_merge(&out, (struct weir_text){ below, strlen(below) },
	                            (struct weir_text){ above, strlen(above) }),
	                 0);
	is_text(&out, text);
}

static void merging_keeps_the_order_and_prefers_the_set_above(void **state)
{
	merged("{}", "{}", "{}");
	merged("{\"a\":\"1\"}", "{}", "{\"a\":\"1\"}");
	merged("{}", "{\"a\":\"1\"}", "{\"a\":\"1\"}");
	merged("{\"a\":\"1\",\"c\":\"1\"}", "{\"b\":\"2\",\"c\":\"2\",\"d\":\"2\"}",
	       "{\"a\":\"1\",\"b\":\"2\",\"c\":\"2\",\"d\":\"2\"}");
	merged("{\"a\":\"},\\\"b\\\":\"}", "{\"a.b\":\"\\\\\"}", "{\"a\":\"},\\\"b\\\":\",\"a.b\":\"\\\\\"}");
}

static void merging_refuses_what_is_not_canonical(void **state)
{
	static const char *const bad[] = { "",
		                           "{",
		                           "}",
		                           "[]",
		                           "{}x",
		                           "{,}",
		                           "{\"a\":\"1\",}",
		                           "{\"a\"}",
		                           "{\"a\":1}",
		                           "{\"a\":\"1\"",
		                           "{\"a\":\"1\\\"}",
		                           "{\"a\":\"1\"\"b\":\"2\"}",
		                           "{\"b\":\"1\",\"a\":\"1\"}",
		                           "{\"a\":\"1\",\"a\":\"1\"}",
		                           "{\"\":\"1\"}",
		                           "{\"a\\n\":\"1\"}",
		                           "{ \"a\":\"1\"}",
		                           "{\"" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		/* On the heap and to the byte, so that a read past the end is seen by ASan. */
		char *exact = malloc(strlen(bad[i]) + !bad[i][0]);
		struct weir_text text = { exact, strlen(bad[i]) };
		struct json_out out = fresh();

		memcpy(exact, bad[i], text.n_bytes);
		assert_int_equal(json_merge(&out, text, TEXT("{}")), -EBADMSG);
		assert_int_equal(json_merge(&out, TEXT("{\"a\":\"1\"}"), text), -EBADMSG);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_escaped_as_short_as_json_allows),
		cmocka_unit_test(wellformed_utf8_passes),
		cmocka_unit_test(malformed_utf8_becomes_one_replacement_for_each_maximal_piece),
		cmocka_unit_test(what_does_not_fit_is_counted_and_not_written),
		cmocka_unit_test(doubles_are_short_and_read_back_the_same),
		cmocka_unit_test(a_set_is_the_same_text_in_whatever_order_it_came),
		cmocka_unit_test(the_empty_set_is_an_empty_object),
		cmocka_unit_test(a_key_twice_or_a_bad_key_is_refused_and_nothing_written),
		cmocka_unit_test(a_set_of_the_most_attributes_passes_and_one_more_is_refused),
		cmocka_unit_test(merging_keeps_the_order_and_prefers_the_set_above),
		cmocka_unit_test(merging_refuses_what_is_not_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
