/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs share: amounts as people read them, the line of progress, options. */
#include "cli/amount.h"
#include "cli/page.h"
#include "cli/progress.h"
#include "cli/verbs.h"

#include <getopt.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void amounts_read_well(void **state)
{
	static const struct {
		double value;
		const char *unit, *text;
	} table[] = {
		{ 0, "By", "0 B" },
		{ 999, "By", "999 B" },
		{ 999.6, "By", "1.00 kB" },
		{ 1024, "By", "1.02 kB" },
		{ 99949, "By", "99.9 kB" },
		{ 123456789, "By", "123 MB" },
		{ -2500, "By", "-2.50 kB" },
		{ 9.2e18, "By", "9.20 EB" },
		{ 5e21, "By", "5000 EB" },
		{ 2316791179.0, "By/s", "2.32 GB/s" },
		{ 0, "ns", "0 ns" },
		{ 1500, "ns", "1.50 us" },
		{ 2.5, "ms", "2.50 ms" },
		{ 10000, "us", "10.0 ms" },
		{ 59.96, "s", "60.0 s" },
		{ 125, "s", "2 m 05 s" },
		{ 7265, "s", "2 h 01 m" },
		{ 12.345, "%", "12.35 %" },
		{ 1, "{tick}", "1 tick" },
		{ 1234567, "{tick}", "1,234,567 ticks" },
		{ 2, "{entry}", "2 entries" },
		{ 0.25, "1", "0.25" },
		{ 12, "", "12" },
		{ 12, "Cel", "12 Cel" },
		{ -1234, "1", "-1,234" },
		{ 1234.5, "1", "1,235" },
		{ 1e300, "1", "1e+300" },
	};
	char room[AMOUNT_MAX];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_string_equal(amount_value(room, table[i].value, table[i].unit), table[i].text);
	assert_string_equal(amount_value(room, (double)NAN, "By"), "-");
	assert_string_equal(amount_time(room, INT64_C(1795226760250000000)), "2026-11-21 02:06:00.250 UTC");
	assert_string_equal(amount_time(room, -1), "-1 ns");
	assert_string_equal(amount_count(room, UINT64_MAX), "18,446,744,073,709,551,615");
}

static void no_amount_is_longer_than_its_room(void **state)
{
	static const double values[] = { 0, 1, -1, 1e15, 1e16, -1e308, 1.7e308, 1e-308, 9.3e18, -9.3e18, INFINITY };
	static const char *const units[] = { "By",     "By/s", "ns",
		                             "s",      "%",    "1",
		                             "{tick}", "",     "{a long annotation of a unit, longer than all}" };
	char room[AMOUNT_MAX];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		for (size_t j = 0; j < sizeof(units) / sizeof(units[0]); j++)
			assert_true(strlen(amount_value(room, values[i], units[j])) < AMOUNT_MAX);
}

static void progress_has_bytes_rate_and_time_left(void **state)
{
	struct session_progress p = { .n_bytes_done = 250000000,
		                      .n_bytes_total = 1000000000,
		                      .n_sources_done = 3,
		                      .n_sources_total = 12,
		                      .elapsed_ns = INT64_C(2000000000) };
	char line[512];

	(void)progress_line(line, sizeof(line), &p, 100);
	assert_string_equal(line,
	                    "[=======>                      ] 250 MB of 1.00 GB, 3 of 12 files, 125 MB/s, 6.00 s left");
	for (int width = 1; width < 200; width++) {
		int n = progress_line(line, sizeof(line), &p, width);

		assert_int_equal(n, strlen(line));
		assert_true(n <= width || line[0] != '[');
	}
	p.n_bytes_done = p.n_bytes_total;
	(void)progress_line(line, sizeof(line), &p, 100);
	assert_null(strstr(line, "left"));
	assert_non_null(strstr(line, "[==============================]"));
	p = (struct session_progress){ 0 };
	(void)progress_line(line, sizeof(line), &p, 60);
	assert_non_null(strstr(line, "0 B of 0 B, 0 of 0 files"));
}

static const struct page_option options[] = {
	{ "alpha", NULL, "a switch", 'a' },
	{ "beta", "B", "with an argument", 'b' },
	{ "beat", NULL, "starts alike", 0 },
};

static const struct page page = {
	.verb = "test",
	.arguments = "X",
	.about = "",
	.options = options,
	.n_options = 3,
	.min_arguments = 1,
	.max_arguments = 1,
};

/* Reads a line of words; the rows as letters, `=` and the argument behind those that have one, `!` for misuse. */
static void read_line(char *ret, const char *words)
{
	char copy[256], *argv[16] = { (char[]){ "test" } }, *rest = copy;
	int argc = 1, row;
	const char *argument;

	(void)snprintf(copy, sizeof(copy), "%s", words);
	while (rest && argc < 15)
		argv[argc++] = strsep(&rest, " ");
	*ret = 0;
	optind = 0;
	while ((row = page_next(&page, argc, argv, &argument)) >= 0)
		ret += sprintf(ret, "%c%s%s", "abe"[row], argument ? "=" : "", argument ? argument : "");
	(void)sprintf(ret, "%s", row == PAGE_DONE ? "" : row == PAGE_HELP ? "?" : "!");
}

static void options_may_stand_anywhere_and_be_shortened(void **state)
{
	static const struct {
		const char *words, *read;
	} table[] = {
		{ "x", "" },        { "-a x", "a" },         { "x -a", "a" },        { "-ab 7 x", "ab=7" },
		{ "-b7 x", "b=7" }, { "--beta=7 x", "b=7" }, { "--bet 7 x", "b=7" }, { "--al x", "a" },
		{ "--be x", "!" },  { "--gamma x", "!" },    { "-g x", "!" },        { "x --beta", "!" },
		{ "x -b", "!" },    { "--alpha=1 x", "!" },  { "x y", "!" },         { "-a", "a!" },
		{ "-- -a", "" },    { "x --help", "?" },     { "-h", "?" },
	};
	char read[256];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		read_line(read, table[i].words);
		if (strcmp(read, table[i].read) != 0)
			fail_msg("%s: read as %s, not %s", table[i].words, read, table[i].read);
	}
}

static void numbers_and_durations_are_checked(void **state)
{
	static const struct {
		const char *text;
		int64_t ns; /* -1: refused */
	} durations[] = { { "90", INT64_C(90000000000) },
		          { "1.5s", 1500000000 },
		          { "250ms", 250000000 },
		          { "5m", INT64_C(300000000000) },
		          { "0", 0 },
		          { "-1", -1 },
		          { "", -1 },
		          { "5 s", -1 },
		          { "1e300", -1 },
		          { "nan", -1 },
		          { "inf", -1 },
		          { "5d", -1 } };
	int64_t n;

	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		assert_int_equal(page_duration(&page, "o", durations[i].text, &n) == 0, durations[i].ns >= 0);
		if (durations[i].ns >= 0)
			assert_int_equal(n, durations[i].ns);
	}
	assert_int_equal(page_number(&page, "o", "5", 1, 5, &n), 0);
	assert_int_equal(n, 5);
	assert_true(page_number(&page, "o", "6", 1, 5, &n) < 0);
	assert_true(page_number(&page, "o", "0", 1, 5, &n) < 0);
	assert_true(page_number(&page, "o", "5x", 1, 5, &n) < 0);
	assert_true(page_number(&page, "o", "99999999999999999999", 1, INT64_MAX, &n) < 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts_read_well),
		cmocka_unit_test(no_amount_is_longer_than_its_room),
		cmocka_unit_test(progress_has_bytes_rate_and_time_left),
		cmocka_unit_test(options_may_stand_anywhere_and_be_shortened),
		cmocka_unit_test(numbers_and_durations_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
