/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/jsontext.h"
#include "tests/parsers/jsontext_oracle.h"
#include "tests/support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const texts[] = {
	"{}",
	"[]",
	"{\"a\":1}",
	" { \"a\" : [ 1 , 2.5e-3 , -0 ] , \"b\" : { } } ",
	"[true,false,null]",
	"\"\\u00e9\\ud83d\\ude00\\n\\/\\\"\"",
	"\"gr\303\266\303\237e \360\237\230\200\"",
	"[[[[[[]]]]]]",
	"12345678901234567890123",
	"2.98e-2",
	"0.1",
	"1e22",
	"123456789012345678e-30",
	"4.9e-324",
	"1.7976931348623157e308",
	"-9223372036854775808",
	"{\"a\":1,\"a\":2}",
	"\"\\u0000\"",
	"[1,2,3,{\"x\":[{\"y\":\"z\"}]}]",
	"3.141592653589793238462643383279502884197169399",
	/* and what isn't JSON */
	"",
	"{",
	"[",
	"\"",
	"{\"a\"}",
	"{\"a\":}",
	"{\"a\":1,}",
	"[1,]",
	"[,1]",
	"{,}",
	"01",
	"-",
	"1.",
	".5",
	"1e",
	"+1",
	"tru",
	"truex",
	"nul",
	"\"\\x\"",
	"\"\\u12\"",
	"\"\\ud800\"",
	"\"\\udc00\"",
	"\"\x01\"",
	"\"\xff\"",
	"\"\xc0\x80\"",
	"\"\xed\xa0\x80\"",
	"\"\xf4\x90\x80\x80\"",
	"\"\xe2\x82\"",
	"{}{}",
	"[1 2]",
	"{\"a\" 1}",
	"{1:2}",
	"[}",
	"{]",
	"'a'",
	"\xef\xbb\xbf{}",
	"NaN",
};

static void it_agrees_with_jansson(void **state)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *wrong = jsontext_oracle_disagreement(texts[i], strlen(texts[i]));

		if (wrong)
			fail_msg("%s: %s", texts[i], wrong);
	}
}

static uint32_t step(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Texts with one to four bytes changed stay close enough to JSON to reach every branch. */
static void it_agrees_with_jansson_on_garbled_texts(void **state)
{
	static const char alphabet[] = "{}[]:,\"\\u0123456789.eE+-truefalsn \n\x80\xc3\xed\xf0\xff\x01";
	uint32_t seed = 1;

	for (int round = 0; round < 200000; round++) {
		const char *text = texts[step(&seed) % (sizeof(texts) / sizeof(texts[0]))];
		char garbled[128];
		size_t n = strlen(text);
		const char *wrong;

		memcpy(garbled, text, n);
		for (uint32_t k = 0; n && k <= step(&seed) % 4; k++)
			garbled[step(&seed) % n] = alphabet[step(&seed) % (sizeof(alphabet) - 1)];
		wrong = jsontext_oracle_disagreement(garbled, n);
		if (wrong)
			fail_msg("%.*s: %s", (int)n, garbled, wrong);
	}
}

static void no_prefix_reads_past_its_end(void **state)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (size_t n = 0; n <= strlen(texts[i]); n++) {
			struct bytes b = bytes_guarded((const uint8_t *)texts[i], n);
			struct jsontext_cursor c = jsontext_on((const char *)b.at, n);
			struct jsontext_value v;

			(void)jsontext_value(&c, &v);
			assert_true(c.at <= c.end);
			bytes_done(&b);
		}
}

static enum parse_result nested(size_t depth)
{
	char *text = calloc(2, depth);
	struct jsontext_cursor c = jsontext_on(text, 2 * depth);
	struct jsontext_value v;
	enum parse_result r;

	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	r = jsontext_value(&c, &v);
	free(text);
	return r;
}

static void depth_is_bounded(void **state)
{
	assert_int_equal(nested(JSONTEXT_DEPTH_MAX), PARSE_OK);
	assert_int_equal(nested(JSONTEXT_DEPTH_MAX + 1), PARSE_BAD);
}

static int integer(const char *text, int64_t *ret)
{
	struct jsontext_cursor c = jsontext_on(text, strlen(text));
	struct jsontext_value v;

	assert_int_equal(jsontext_value(&c, &v), PARSE_OK);
	return jsontext_i64(&v, ret);
}

static void integers_are_exact_or_refused(void **state)
{
	int64_t i;

	assert_true(integer("9223372036854775807", &i) && i == INT64_MAX);
	assert_true(integer("-9223372036854775808", &i) && i == INT64_MIN);
	assert_false(integer("9223372036854775808", &i));
	assert_false(integer("-9223372036854775809", &i));
	assert_true(integer("9007199254740993", &i) && i == 9007199254740993);
	assert_true(integer("2.0", &i) && i == 2);
	assert_true(integer("1e3", &i) && i == 1000);
	assert_true(integer("-0", &i) && i == 0);
	assert_false(integer("2.5", &i));
	assert_false(integer("1e-1", &i));
	assert_false(integer("12345678901234567890123", &i));
}

static void marks_hold_only_for_plain_lines(void **state)
{
	struct jsontext_marks m;
	char line[200];
	int is_plain;

	for (enum jsontext_width w = JSONTEXT_BY_1; w <= jsontext_widest(); w++)
		for (size_t n = 2; n < sizeof(line); n++) {
			memset(line, 'a', sizeof(line));
			line[0] = line[n - 1] = '"';
			line[n] = '\n';
			assert_int_equal(jsontext_mark_line(w, line, n + 1, &m, &is_plain), n);
			assert_true(is_plain);
			assert_true(m.quotes[0] & 1);
			assert_true(m.quotes[(n - 1) / 64] >> ((n - 1) % 64) & 1);
			line[n / 2] = '\\';
			(void)jsontext_mark_line(w, line, n + 1, &m, &is_plain);
			assert_false(is_plain && n > 2);
			line[n / 2] = (char)0xc3;
			(void)jsontext_mark_line(w, line, n + 1, &m, &is_plain);
			assert_false(is_plain && n > 2);
		}
}

/* A second reading, byte by byte, of lines of random bytes that matter. */
static void marks_are_the_same_at_every_width(void **state)
{
	static const char bytes[] = "\"\"aaaa,:{}\\\n\t\x7f\x80\xff ";
	struct jsontext_marks m;
	unsigned seed = 1;

	for (int round = 0; round < 20000; round++) {
		char line[160];
		size_t n = (size_t)(round % 160) + 1, end = 0;

		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			line[i] = seed >> 16 & 7 ? 'a' : bytes[(seed >> 20) % (sizeof(bytes) - 1)];
		}
		while (end < n && line[end] != '\\' && (unsigned char)line[end] >= ' ' &&
		       (unsigned char)line[end] < 0x80)
			end++;
		for (enum jsontext_width w = JSONTEXT_BY_1; w <= jsontext_widest(); w++) {
			int is_plain;

			assert_int_equal(jsontext_mark_line(w, line, n, &m, &is_plain), end);
			assert_int_equal(is_plain, end == n || line[end] == '\n');
			for (size_t i = 0; i < end; i++)
				assert_int_equal(m.quotes[i / 64] >> (i % 64) & 1, line[i] == '"');
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_agrees_with_jansson),
		cmocka_unit_test(it_agrees_with_jansson_on_garbled_texts),
		cmocka_unit_test(no_prefix_reads_past_its_end),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(integers_are_exact_or_refused),
		cmocka_unit_test(marks_hold_only_for_plain_lines),
		cmocka_unit_test(marks_are_the_same_at_every_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
