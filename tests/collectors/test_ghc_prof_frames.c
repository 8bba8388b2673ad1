/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-prof/ghc_prof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static uint32_t n_frames;

static uint32_t count_frame(const struct weir_host *h, struct weir_text name, struct weir_text module,
                            struct weir_text source)
{
	return ++n_frames;
}

static const struct weir_host host = { .frame = count_frame };

static struct frame *get(struct frames *f, const char *label, const char *module, const char *source)
{
	return frames_get(f, &host, (struct weir_text){ label, strlen(label) },
	                  (struct weir_text){ module, strlen(module) }, (struct weir_text){ source, strlen(source) });
}

static void names_are_told_apart_wherever_they_differ(void **state)
{
	static const char *const names[][3] = {
		{ "a", "b", "c" },
		{ "ab", "", "c" },
		{ "", "ab", "c" },
		{ "a", "bc", "" },
		{ "abcdefgh", "M", "s" },
		{ "abcdefgi", "M", "s" },
		{ "abcdefg", "M", "s" },
		{ "abcdefghabcdefghabc", "M", "s" },
		{ "abcdefghabcdefghabd", "M", "s" },
		{ "a", "M", "one/path/that/is/long/Module.hs:(123,45)-(678,90)" },
		{ "a", "M", "two/path/that/is/long/Module.hs:(123,45)-(678,90)" },
		{ "", "", "" },
	};
	struct frames f = { 0 };
	uint32_t ids[12];

	n_frames = 0;
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 12; i++) {
			const struct frame *frame = get(&f, names[i][0], names[i][1], names[i][2]);

			assert_non_null(frame);
			if (round)
				assert_int_equal(frame->id, ids[i]);
			ids[i] = frame->id;
			assert_ptr_equal(frames_of(&f, frame->ref), frame);
		}
	}
	assert_int_equal(n_frames, 12);
	frames_done(&f);
}

static void there_are_1048576_cost_centres_at_most(void **state)
{
	struct frames f = { 0 };
	char label[16];

	n_frames = 0;
	for (uint32_t i = 0; i < FRAMES_MAX; i++) {
		(void)snprintf(label, sizeof(label), "%u", i);
		assert_non_null(get(&f, label, "M", ""));
	}
	assert_null(get(&f, "one more", "M", ""));
	assert_non_null(get(&f, "1048575", "M", ""));
	assert_int_equal(n_frames, FRAMES_MAX);
	frames_done(&f);
}

static void rows_of_the_top_table_are_compared_with_the_tree(void **state)
{
	struct frames f = { 0 };
	uint32_t a = get(&f, "a", "M", "")->ref, b = get(&f, "b", "M", "")->ref;

	for (uint32_t i = 0; i < 100; i++) {
		char label[16];

		(void)snprintf(label, sizeof(label), "%u", i);
		assert_int_equal(frames_add_top(&f, get(&f, label, "N", ""), 0, 0), 1);
	}
	assert_int_equal(frames_add_top(&f, frames_of(&f, a), 10, 5), 1);
	assert_int_equal(frames_add_top(&f, frames_of(&f, b), 7, 7), 1);
	frames_add_row(&f, frames_of(&f, a), 9, 3);
	frames_add_row(&f, frames_of(&f, a), 1, 2);
	frames_add_row(&f, frames_of(&f, b), 6, 8);
	frames_add_row(&f, get(&f, "not in the top table", "M", ""), 1, 1);
	assert_int_equal(frames_check(&f, 1), 1);
	assert_int_equal(frames_check(&f, 0), 0); /* rounded shares: 6 and 7 tenths may be the same */
	frames_add_row(&f, frames_of(&f, b), 1, 0);
	assert_int_equal(frames_check(&f, 1), 0);
	frames_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_told_apart_wherever_they_differ),
		cmocka_unit_test(there_are_1048576_cost_centres_at_most),
		cmocka_unit_test(rows_of_the_top_table_are_compared_with_the_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
