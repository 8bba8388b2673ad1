/* SPDX-License-Identifier: Apache-2.0 */
/* Columns and dates. */
#include "parsers/prof.h"
#include "parsers/prof_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void columns_are_code_points(void **state)
{
	static const char text[] = "abc\xc3\xb6"
				   "def\xe8\xa8\x88ghijklmnopqrstuvw\xf0\x9f\x9a\x80xyz          ";
	size_t n = sizeof(text) - 1, n_columns = 0;

	for (size_t from = 0; from < 20; from++) {
		size_t column = 0;

		for (size_t i = from; i <= n; i++) {
			size_t plain = 0;

			if (i == n || (text[i] & 0xc0) != 0x80)
				assert_int_equal(scan_column(text + from, n - from, column++), i - from);
			for (size_t k = from; k < i; k++)
				plain += (text[k] & 0xc0) != 0x80;
			assert_int_equal(scan_columns(text + from, i - from), plain);
			n_columns = plain;
		}
		assert_int_equal(scan_column(text + from, n - from, n_columns + 1), SIZE_MAX);
		assert_int_equal(scan_trim(text + from, n - from), n - 10 - from);
	}
	for (size_t i = 0; i <= 40; i++) {
		char line[64];

		memset(line, ' ', sizeof(line));
		line[i] = 'x';
		assert_int_equal(scan_indent(line, 41), i < 41 ? i : 41);
		assert_int_equal(scan_trim(line, 41), i + 1);
		assert_int_equal(scan_indent(line, i), i);
		assert_int_equal(scan_trim(line, i), 0);
	}
}

static void dates_are_minutes(void **state)
{
	static const struct {
		const char *text;
		int64_t s;
	} good[] = { { "Sat Nov 21 00:08 2026", 1795219680 },
		     { "Thu Jan  1 00:00 1970", 0 },
		     { "Tue Feb 29 23:59 2028", 1835481540 },
		     { "Tue Dec 31 23:59 2261", 9214646340 } };
	static const char *const bad[] = { "",
		                           "Sat Nov 21 00:08",
		                           "Sat Nom 21 00:08 2026",
		                           "Sat Nov 00 00:08 2026",
		                           "Sat Nov 21 24:08 2026",
		                           "Sat Nov 21 00:60 2026",
		                           "Sat Nov 21 00:08 1969",
		                           "Wed Jan  1 00:00 2262",
		                           "Sat Feb 29 00:08 2026",
		                           "Sat Nov 31 00:08 2026",
		                           "Sat Nov 21 0x:08 2026",
		                           "Sat.Nov 21 00:08 2026" };
	int64_t s;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(prof_date((struct parse_text){ good[i].text, strlen(good[i].text) }, &s), 1);
		assert_int_equal(s, good[i].s);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(prof_date((struct parse_text){ bad[i], strlen(bad[i]) }, &s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_code_points),
		cmocka_unit_test(dates_are_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
