/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/hp.h"
#include "tests/parsers/transcript.h"
#include "tests/support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD      "JOB \"p\"\nDATE \"Sat Nov 21 00:08 2026\"\nSAMPLE_UNIT \"seconds\"\nVALUE_UNIT \"bytes\"\n"
#define HEAD_SAID "JOB\tp\nDATE\tSat Nov 21 00:08 2026\nSAMPLE_UNIT\tseconds\nVALUE_UNIT\tbytes\n"

static void assert_said_n(const char *at, size_t n, const char *expected)
{
	char *said = hp_transcript(at, n, n, 1);

	assert_string_equal(said, expected);
	free(said);
}

static void assert_said(const char *text, const char *expected)
{
	assert_said_n(text, strlen(text), expected);
}

static void a_profile_is_its_header_and_its_samples(void **state)
{
	assert_said(HEAD "BEGIN_SAMPLE 0.000000\nEND_SAMPLE 0.000000\nBEGIN_SAMPLE 12.018099\n"
	                 "(311)main.n/main\t16\nMAIN\t160\nEND_SAMPLE 12.018099\nMARK 12.5\n",
	            HEAD_SAID "BEGIN\t0\nEND\t0\nBEGIN\t12018099000\nBAND\t(311)main.n/main\t16\nBAND\tMAIN\t160\n"
	                      "END\t12018099000\nMARK\t12500000000\nEND\n");
}

static void a_label_ends_at_the_last_tab(void **state)
{
	assert_said("BEGIN_SAMPLE 1\na\tb c\t7\n\t8\n\t\t9\nEND_SAMPLE 1\n",
	            "BEGIN\t1000000000\nBAND\ta\\x09b c\t7\nBAND\t\t8\nBAND\t\\x09\t9\nEND\t1000000000\nEND\n");
}

static void a_label_may_hold_newlines(void **state)
{
	assert_said("BEGIN_SAMPLE 1\n(3)two\nlines/main\t7\nx\t1\n(4)a\n\nb\tc\t2\nEND_SAMPLE 1\n",
	            "BEGIN\t1000000000\nBAND\t(3)two\\x0alines/main\t7\nBAND\tx\t1\nBAND\t(4)a\\x0a\\x0ab\\x09c\t2\n"
	            "END\t1000000000\nEND\n");
}

static void a_label_may_look_like_a_keyword(void **state)
{
	assert_said(
		"BEGIN_SAMPLE 1\nEND_SAMPLE 1\t7\nEND_SAMPLE x\tJOB \"\t8\nEND_SAMPLE 1\n",
		"BEGIN\t1000000000\nBAND\tEND_SAMPLE 1\t7\nBAND\tEND_SAMPLE x\\x09JOB \"\t8\nEND\t1000000000\nEND\n");
}

static void a_line_without_a_value_before_the_end_of_a_sample_is_bad(void **state)
{
	assert_said("BEGIN_SAMPLE 1\nx\t1\nno value\nno more\nEND_SAMPLE 1\nBEGIN_SAMPLE 2\nEND_SAMPLE 2\n",
	            "BEGIN\t1000000000\nBAND\tx\t1\nBAD\thp.line\t19\t17\nEND\t1000000000\nBEGIN\t2000000000\n"
	            "END\t2000000000\nEND\n");
}

static void a_job_may_hold_quotes_and_newlines(void **state)
{
	char room[32];
	const struct parse_text raw = { "a \"\"b\"\" c\"\"", 12 };

	assert_said("JOB \"p \"\"q\"\"\nr +RTS -hc\"\nDATE \"d\"\n", "JOB\tp \"\"q\"\"\\x0ar +RTS -hc\nDATE\td\nEND\n");
	assert_said("JOB \"p \"q\"\nr \"\nDATE \"d\"\n", "JOB\tp \"q\"\\x0ar \nDATE\td\nEND\n");
	assert_said("JOB \"p\nq\"\nSAMPLE_UNIT \"s\"\n", "JOB\tp\nBAD\thp.line\t7\t3\nSAMPLE_UNIT\ts\nEND\n");
	assert_said("JOB \"\nDATE \"d\"\n", "JOB\t\nDATE\td\nEND\n");
	assert_int_equal(hp_unquote(raw, room, sizeof(room)), 9);
	assert_memory_equal(room, "a \"b\" c\"", 8);
	assert_int_equal(hp_unquote(raw, room, 3), 3);
}

static void lines_may_end_in_cr_lf(void **state)
{
	assert_said("JOB \"p\"\r\nDATE \"d\"\r\nBEGIN_SAMPLE 0.5\r\na\t1\r\nb\r\nc\t2\r\nEND_SAMPLE 0.5\r\n",
	            "JOB\tp\nDATE\td\nBEGIN\t500000000\nBAND\ta\t1\nBAND\tb\\x0d\\x0ac\t2\nEND\t500000000\nEND\n");
}

static void a_cut_last_line_is_not_trusted(void **state)
{
	assert_said("BEGIN_SAMPLE 1\nx\t1", "BEGIN\t1000000000\nCUT\tx\\x091\nEND\n");
	assert_said("BEGIN_SAMPLE 1\nx\ny\t1", "BEGIN\t1000000000\nCUT\tx\\x0ay\\x091\nEND\n");
	assert_said("BEGIN_SAMPLE 1\nx\n", "BEGIN\t1000000000\nCUT\tx\\x0a\nEND\n");
	assert_said("BEGIN_SAMPLE 1.5", "CUT\tBEGIN_SAMPLE 1.5\nEND\n");
	assert_said("BEGIN_SAMPLE 1.25\nEND_SAMPLE 1.2", "BEGIN\t1250000000\nCUT\tEND_SAMPLE 1.2\nEND\n");
	assert_said("BEGIN_SAMPLE 1.25\nEND_SAMPLE 1.25", "BEGIN\t1250000000\nEND\t1250000000\nEND\n");
	assert_said("BEGIN_SAMPLE 1.25\nx\nEND_SAMPLE 1.25",
	            "BEGIN\t1250000000\nBAD\thp.line\t18\t2\nEND\t1250000000\nEND\n");
	assert_said("", "END\n");
}

static void what_is_no_heap_profile_is_bad_line_by_line(void **state)
{
	assert_said("hello\nx\t1\n\nBEGIN_SAMPLE 1\nEND_SAMPLE 1\nx\t1\n",
	            "BAD\thp.line\t0\t6\nBAD\thp.line\t6\t4\nBAD\thp.line\t10\t1\nBEGIN\t1000000000\nEND\t1000000000\n"
	            "BAD\thp.line\t39\t4\nEND\n");
}

static void times_are_exact_or_bad(void **state)
{
	assert_said("BEGIN_SAMPLE 0,123456789123\nBEGIN_SAMPLE -0.5\nBEGIN_SAMPLE 1000000000.999999\n",
	            "BEGIN\t123456789\nBEGIN\t-500000000\nBEGIN\t1000000000999999000\nEND\n");
	assert_said("BEGIN_SAMPLE 1000000001\nBEGIN_SAMPLE nan\nBEGIN_SAMPLE 1.5e3\nBEGIN_SAMPLE .5\nBEGIN_SAMPLE \n",
	            "BAD\thp.time\t0\t24\nBAD\thp.time\t24\t17\nBAD\thp.time\t41\t19\nBAD\thp.time\t60\t16\n"
	            "BAD\thp.time\t76\t14\nEND\n");
}

static void values_have_63_bits(void **state)
{
	assert_said("BEGIN_SAMPLE 1\na\t9223372036854775807\na\t9223372036854775808\na\t00000000000000000000009\n",
	            "BEGIN\t1000000000\nBAND\ta\t9223372036854775807\nBAD\thp.value\t37\t22\nBAND\ta\t9\nEND\n");
}

static void values_of_every_width_are_read_behind_labels_of_every_length(void **state)
{
	static const char digits[] = "1234567890123456789";

	for (int width = 1; width <= 19; width++)
		for (int n_label = 0; n_label < 20; n_label++) {
			char text[80], expected[120];

			(void)snprintf(text, sizeof(text), "BEGIN_SAMPLE 0\n%.*s\t%.*s\n", n_label,
			               "(12)abcdefghi99jklmn", width, digits);
			(void)snprintf(expected, sizeof(expected), "BEGIN\t0\nBAND\t%.*s\t%.*s\nEND\n", n_label,
			               "(12)abcdefghi99jklmn", width, digits);
			assert_said(text, expected);
		}
}

/* A text of `n` times `c` between two others. */
static char *filled(const char *before, char c, size_t n, const char *after, size_t *ret_n)
{
	size_t n_before = strlen(before), n_after = strlen(after);
	char *text = malloc(n_before + n + n_after + 1);

	assert_non_null(text);
	memcpy(text, before, n_before);
	memset(text + n_before, c, n);
	memcpy(text + n_before + n, after, n_after + 1);
	*ret_n = n_before + n + n_after;
	return text;
}

static enum parse_result second(const char *at, size_t n, struct hp_record *ret, struct parse_fault *ret_fault,
                                size_t *ret_used)
{
	struct hp_parser p = { 0 };

	assert_int_equal(hp_next(&p, at, n, 0, ret, ret_used, ret_fault), PARSE_OK);
	return hp_next(&p, at + *ret_used, n - *ret_used, 0, ret, ret_used, ret_fault);
}

static void a_label_has_64_kib_at_most(void **state)
{
	static const char *const forms[][2] = { { "BEGIN_SAMPLE 1\n", "\t5\n" }, { "BEGIN_SAMPLE 1\na\n", "\t5\n" } };

	for (size_t i = 0; i < 2; i++) {
		struct parse_fault fault;
		struct hp_record record;
		size_t n, n_used, n_label = HP_LABEL_MAX - 2 * i;
		char *text = filled(forms[i][0], 'x', n_label, forms[i][1], &n);

		assert_int_equal(second(text, n, &record, &fault, &n_used), PARSE_OK);
		assert_int_equal(record.text.n, HP_LABEL_MAX);
		free(text);
		text = filled(forms[i][0], 'x', n_label + 1, forms[i][1], &n);
		assert_int_equal(second(text, n, &record, &fault, &n_used), PARSE_BAD);
		assert_string_equal(fault.code, "hp.label");
		assert_int_equal(n_used, n - 15);
		free(text);
	}
}

/* What overlong texts give must not depend on the windows. */
static void an_overlong_line_is_passed_over_in_pieces(void **state)
{
	static const char *const forms[][2] = { { "BEGIN_SAMPLE 1\n", "x\t5\ny\t6\n" },
		                                { "BEGIN_SAMPLE 1\na\n", "x\t5\ny\t6\n" },
		                                { "BEGIN_SAMPLE 1\na\nb\n", "" },
		                                { "hello ", "\nBEGIN_SAMPLE 1\ny\t6\n" } };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n;
		char *text = filled(forms[i][0], 'x', 3 * HP_LABEL_MAX, forms[i][1], &n);
		char *whole = hp_transcript(text, n, n, 1);

		assert_non_null(strstr(whole, "BAD\thp.label\t"));
		for (size_t split = 0; split < n; split += 1021) {
			char *parts = hp_transcript(text, n, split, 1);

			assert_string_equal(parts, whole);
			free(parts);
		}
		if (forms[i][1][0])
			assert_non_null(strstr(whole, "BAND\ty\t6\nEND\n"));
		free(whole);
		free(text);
	}
}

static void the_end_of_job_is_looked_for_in_one_mib(void **state)
{
	for (size_t over = 0; over < 2; over++) {
		struct hp_parser p = { 0 };
		struct parse_fault fault;
		struct hp_record record;
		size_t n, n_used;
		char *text = filled("JOB \"a\n", 'x', HP_JOB_MAX - 9 + over, "\"\nDATE \"d\"\n", &n);

		assert_int_equal(hp_next(&p, text, n, 0, &record, &n_used, &fault), PARSE_OK);
		assert_int_equal(record.text.n, over ? 1 : HP_JOB_MAX - 7);
		free(text);
		memset(&p, 0, sizeof(p));
		text = filled("JOB \"", 'x', HP_JOB_MAX - 7 + over, "\"\nDATE \"d\"\n", &n);
		assert_int_equal(hp_next(&p, text, n, 0, &record, &n_used, &fault), over ? PARSE_BAD : PARSE_OK);
		assert_int_equal(hp_next(&p, text + n_used, n - n_used - 1, 0, &record, &n_used, &fault),
		                 over ? PARSE_BAD : PARSE_MORE);
		free(text);
	}
}

static void an_id_stands_in_parentheses(void **state)
{
	static const char *const without[] = {
		"", "(", "()", "(12", "(,)", "(1a)x", "MAIN", "(99999999999999999999)x"
	};
	struct parse_text rest;
	uint64_t id;

	assert_int_equal(hp_label_id((struct parse_text){ "(311)main.n/main", 16 }, &id, &rest), 1);
	assert_int_equal(id, 311);
	assert_int_equal(rest.n, 11);
	assert_int_equal(hp_label_id((struct parse_text){ "(4)", 3 }, &id, &rest), 1);
	assert_int_equal(rest.n, 0);
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		assert_int_equal(hp_label_id((struct parse_text){ without[i], strlen(without[i]) }, &id, &rest), 0);
}

static void every_prefix_asks_for_more_and_every_split_gives_the_same(void **state)
{
	static const char text[] = "JOB \"p \"\"q\"\nr\"\nDATE \"d\"\nBEGIN_SAMPLE 0.5\na\tb\t1\n(4)c\nd\t2\r\nstray\n"
				   "END_SAMPLE 0.5\nwhat\nBEGIN_SAMPLE x\nBEGIN_SAMPLE 1.5\nz\t99\nMARK 3\ny\t";

	assert_streams(hp_transcript, text, sizeof(text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_profile_is_its_header_and_its_samples),
		cmocka_unit_test(a_label_ends_at_the_last_tab),
		cmocka_unit_test(a_label_may_hold_newlines),
		cmocka_unit_test(a_label_may_look_like_a_keyword),
		cmocka_unit_test(a_line_without_a_value_before_the_end_of_a_sample_is_bad),
		cmocka_unit_test(a_job_may_hold_quotes_and_newlines),
		cmocka_unit_test(lines_may_end_in_cr_lf),
		cmocka_unit_test(a_cut_last_line_is_not_trusted),
		cmocka_unit_test(what_is_no_heap_profile_is_bad_line_by_line),
		cmocka_unit_test(times_are_exact_or_bad),
		cmocka_unit_test(values_have_63_bits),
		cmocka_unit_test(values_of_every_width_are_read_behind_labels_of_every_length),
		cmocka_unit_test(a_label_has_64_kib_at_most),
		cmocka_unit_test(an_overlong_line_is_passed_over_in_pieces),
		cmocka_unit_test(the_end_of_job_is_looked_for_in_one_mib),
		cmocka_unit_test(an_id_stands_in_parentheses),
		cmocka_unit_test(every_prefix_asks_for_more_and_every_split_gives_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
