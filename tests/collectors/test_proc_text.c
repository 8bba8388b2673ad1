/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/proc/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct text text;

static void set(const char *at)
{
	text.n = (size_t)snprintf(text.at, sizeof(text.at), "%s", at);
}

#define NUMBERS                                                                                                        \
	" S 7 1 1 0 -1 4194304 11 12 13 14 15 16 17 18 20 0 3 0 987654 8192000 250 18446744073709551615 1 1 0 0 0\n"

static void a_stat_is_told_by_its_last_bracket(void **state)
{
	static const char *const names[] = { "1 (sh)" NUMBERS, "1 (a) S 1 (b)" NUMBERS, "1 (\n) Z 9)" NUMBERS };
	struct text_stat s;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		set(names[i]);
		assert_true(text_stat(&text, &s));
		assert_int_equal(s.state, 'S');
		assert_int_equal(s.parent, 7);
		assert_int_equal(s.faults[0], 11);
		assert_int_equal(s.child_faults[0], 12);
		assert_int_equal(s.faults[1], 13);
		assert_int_equal(s.child_faults[1], 14);
		assert_int_equal(s.ticks[0], 15);
		assert_int_equal(s.ticks[1], 16);
		assert_int_equal(s.child_ticks[0], 17);
		assert_int_equal(s.child_ticks[1], 18);
		assert_int_equal(s.n_threads, 3);
		assert_int_equal(s.start_ticks, 987654);
		assert_int_equal(s.virtual_bytes, 8192000);
		assert_int_equal(s.resident_pages, 250);
	}
}

static void every_prefix_of_a_stat_is_none_until_it_is_whole(void **state)
{
	static const char whole[] = "1 (sh)" NUMBERS;
	const char *end = strstr(whole, " 250 ") + 4;
	struct text_stat s;
	char prefix[sizeof(whole)];

	for (const char *at = whole; at < end; at++) {
		(void)snprintf(prefix, (size_t)(at - whole) + 1, "%s", whole);
		set(prefix);
		/* A number that is cut looks like a smaller one. */
		if (at < strstr(whole, " 250 ") + 2)
			assert_false(text_stat(&text, &s));
	}
}

static void a_label_stands_at_the_start_of_its_line(void **state)
{
	uint64_t n = 7;

	set("nonvoluntary_ctxt_switches:\t5\nvoluntary_ctxt_switches:\t6\nVmHWM:\t    12 kB\nName:\tx\n");
	assert_true(text_labelled(&text, "voluntary_ctxt_switches:", &n));
	assert_int_equal(n, 6);
	assert_true(text_labelled(&text, "VmHWM:", &n));
	assert_int_equal(n, 12 * 1024);
	assert_false(text_labelled(&text, "Name:", &n));
	assert_false(text_labelled(&text, "VmRSS:", &n));
	set("");
	assert_false(text_labelled(&text, "VmHWM:", &n));
}

static void numbers_stop_at_the_line_and_do_not_wrap(void **state)
{
	uint64_t n[4];

	assert_int_equal(text_numbers("a 1 b2,3\n4", n, 4), 3);
	assert_int_equal(n[2], 3);
	assert_int_equal(text_numbers("1 2 3", n, 2), 2);
	assert_int_equal(text_numbers("99999999999999999999999", n, 1), 1);
	assert_true(n[0] > (uint64_t)1 << 60);
	set("x: 18446744073709551615 kB\n");
	assert_true(text_labelled(&text, "x:", n));
	assert_true(n[0] > (uint64_t)1 << 60);
}

static void a_file_has_as_many_bytes_as_the_bound(void **state)
{
	char path[] = "/tmp/weir-text-XXXXXX", byte = 'x';
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, TEXT_BYTES_MAX - 1), 0);
	assert_int_equal(text_read(&text, "%s", path), 0);
	assert_int_equal(text.n, TEXT_BYTES_MAX - 1);
	assert_false(text.is_cut);
	assert_int_equal(pwrite(fd, &byte, 1, TEXT_BYTES_MAX), 1);
	assert_int_equal(text_read(&text, "%s", path), 0);
	assert_int_equal(text.n, TEXT_BYTES_MAX);
	assert_true(text.is_cut);
	(void)close(fd);
	(void)unlink(path);
	assert_int_equal(text_read(&text, "%s", path), -ENOENT);
	assert_int_equal(text.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stat_is_told_by_its_last_bracket),
		cmocka_unit_test(every_prefix_of_a_stat_is_none_until_it_is_whole),
		cmocka_unit_test(a_label_stands_at_the_start_of_its_line),
		cmocka_unit_test(numbers_stop_at_the_line_and_do_not_wrap),
		cmocka_unit_test(a_file_has_as_many_bytes_as_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
