/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof.h"
#include "tests/parsers/prof_report.h"
#include "tests/parsers/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A row of n bytes before its newline. */
static char *row_of(size_t n, size_t *ret_n)
{
	static const char start[] = BEFORE_TOP BAND HEAD MAIN_ROW, label[] = " CAF        Zoo    ",
			  end[] = " 302           0    3.8    2.9     3.8    2.9\n";
	char *text = malloc(sizeof(start) + n + 1), *to = text;

	assert_non_null(text);
	to = mempcpy(to, start, sizeof(start) - 1);
	to = mempcpy(to, label, sizeof(label) - 1);
	memset(to, 'x', n + 1 - (sizeof(label) - 1) - (sizeof(end) - 1));
	to += n + 1 - (sizeof(label) - 1) - (sizeof(end) - 1);
	to = mempcpy(to, end, sizeof(end) - 1);
	*ret_n = (size_t)(to - text);
	return text;
}

static void a_row_has_64_kib_at_most(void **state)
{
	for (size_t over = 0; over < 2; over++) {
		size_t n;
		char *text = row_of(PROF_ROW_MAX - 1 + over, &n);
		char *said = prof_transcript(text, n, n, 1);

		if (over)
			assert_non_null(strstr(said, "BAD\tprof.row\t"));
		else
			assert_null(strstr(said, "BAD"));
		free(said);
		/* and without its newline it isn't waited for beyond that */
		said = prof_transcript(text, n - 1, n - 1, 0);
		assert_true((strstr(said, "BAD\tprof.row\t") != NULL) == over);
		free(said);
		free(text);
	}
}

static void a_stack_is_65535_deep_at_most(void **state)
{
	struct prof_parser p = { 0 };
	struct prof_record record;
	struct parse_fault fault;
	size_t n_used;

	for (uint32_t over = 0; over < 2; over++) {
		static char room[PROF_DEPTH_MAX * 2];
		int n;

		p = (struct prof_parser){ .stage = 2, .n_depths = PROF_DEPTH_MAX + over };
		p.tree =
			(struct prof_grid){ .module_at = 4, .source_at = 6, .text_end = 8, .id_end = 10, .is_tree = 1 };
		n = snprintf(room, sizeof(room), "    M S   1           2    3.8    2.9     3.8    2.9\n");
		assert_int_equal(prof_next(&p, room, (size_t)n, 1, &record, &n_used, &fault),
		                 over ? PARSE_BAD : PARSE_OK);
		if (over)
			assert_string_equal(fault.code, "prof.depth");
		else
			assert_int_equal(record.row.depth, PROF_DEPTH_MAX - 1);
	}
}

/* Arguments of so many bytes, of which the fake totals are the first. */
static char *header_of(size_t n, size_t *ret_n)
{
	static const char start[] = TITLE "\t   p +RTS -p -RTS ", end[] = "\n\n" TIME ALLOC TOP_HEAD BAND,
			  head[] = HEAD MAIN_ROW;
	char *text = malloc(n + sizeof(head)), *to;

	assert_non_null(text);
	memset(text, 'x', n);
	memcpy(text, start, sizeof(start) - 1);
	to = mempcpy(text + n - (sizeof(end) - 1), end, sizeof(end) - 1);
	to = mempcpy(to, head, sizeof(head) - 1);
	*ret_n = (size_t)(to - text);
	return text;
}

static void a_header_is_untangled_within_16_mib(void **state)
{
	static const size_t n_head =
		sizeof("COST CENTRE MODULE SRC              no.     entries  %time %alloc   %time %alloc\n") - 1;

	/* Text that goes on is waited for as long as the tree's head can still come into sight; at the bound it's
	 * enough. */
	for (size_t over = 0; over < 2; over++) {
		struct prof_parser p = { 0 };
		struct prof_record record;
		struct parse_fault fault;
		size_t n, n_used;
		char *text = header_of(PROF_HEADER_MAX - n_head + over, &n);

		assert_int_equal(prof_next(&p, text, PROF_HEADER_MAX - n_head - 1, 0, &record, &n_used, &fault),
		                 PARSE_MORE);
		assert_int_equal(prof_next(&p, text, PROF_HEADER_MAX + over, 0, &record, &n_used, &fault), PARSE_OK);
		assert_int_equal(record.header.total_ticks, 26);
		free(text);
	}
}

static void endless_arguments_are_no_header(void **state)
{
	size_t n = PROF_HEADER_MAX + 1, n_used;
	char *text = malloc(n);

	assert_non_null(text);
	memset(text, 'x', n);
	memcpy(text, TITLE "\t   ", sizeof(TITLE "\t   ") - 1);
	for (size_t over = 0; over < 2; over++) {
		struct prof_parser p = { 0 };
		struct prof_record record;
		struct parse_fault fault = { 0, "", "" };

		assert_int_equal(prof_next(&p, text, PROF_HEADER_MAX + over, 0, &record, &n_used, &fault),
		                 over ? PARSE_BAD : PARSE_MORE);
		assert_string_equal(fault.code, over ? "prof.header" : "");
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_has_64_kib_at_most),
		cmocka_unit_test(a_stack_is_65535_deep_at_most),
		cmocka_unit_test(a_header_is_untangled_within_16_mib),
		cmocka_unit_test(endless_arguments_are_no_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
