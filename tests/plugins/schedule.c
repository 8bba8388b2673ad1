/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* In seconds, which is what these times would be read in. */
static const struct schedule plain = { .interval_ns = 5 };
static const struct schedule windows = {
	.interval_ns = 1, .coarse_ns = 10, .first_ns = 1000, .period_ns = 600, .before_ns = 20, .after_ns = 60
};
static const struct schedule odd = {
	.interval_ns = 7, .coarse_ns = 100, .first_ns = 1003, .period_ns = 601, .before_ns = 20, .after_ns = 61
};

static void without_windows_it_is_every_multiple(void **state)
{
	assert_int_equal(schedule_next(&plain, 0), 5);
	assert_int_equal(schedule_next(&plain, 4), 5);
	assert_int_equal(schedule_next(&plain, 5), 10);
	assert_int_equal(schedule_next(&plain, -1), 0);
	assert_true(schedule_is_fine(&plain, 3));
}

static void it_is_coarse_between_and_fine_around(void **state)
{
	assert_int_equal(schedule_next(&windows, 500), 510);
	assert_int_equal(schedule_next(&windows, 975), 980);
	assert_int_equal(schedule_next(&windows, 980), 981);
	assert_int_equal(schedule_next(&windows, 1059), 1060);
	assert_int_equal(schedule_next(&windows, 1060), 1070);
	assert_int_equal(schedule_next(&windows, 1575), 1580);
	assert_int_equal(schedule_next(&windows, 1580), 1581);
	/* Nothing begins before the chain does: what would be a boundary then is none. */
	assert_int_equal(schedule_next(&windows, 400), 410);
}

static void its_windows_have_their_ends_and_their_middle(void **state)
{
	int has_start = 0, has_middle = 0, has_end = 0, n = 0;

	for (int64_t t = 1400; t < 1900; n++) {
		t = schedule_next(&odd, t);
		has_start += t == 1003 + 601 - 20;
		has_middle += t == 1003 + 601;
		has_end += t == 1003 + 601 + 61;
	}
	assert_int_equal(has_start, 1);
	assert_int_equal(has_middle, 1);
	assert_int_equal(has_end, 1);
	/* 81 in sevens, the rest of 500 in hundreds, and the three. */
	assert_in_range(n, 13, 22);
}

/* Against a second reading of the rule, moment by moment. */
static int is_in_a_window(const struct schedule *s, int64_t t)
{
	for (int64_t centre = s->first_ns; centre < 5000; centre += s->period_ns)
		if (t >= centre - s->before_ns && t <= centre + s->after_ns)
			return 1;
	return 0;
}

static void every_moment_is_judged_alike(void **state)
{
	const struct schedule *all[] = { &windows, &odd };

	for (int i = 0; i < 2; i++)
		for (int64_t t = 0; t < 4000; t++) {
			int64_t next = schedule_next(all[i], t);
			int64_t step = is_in_a_window(all[i], t + 1) ? all[i]->interval_ns : all[i]->coarse_ns;

			assert_int_equal(schedule_is_fine(all[i], t), is_in_a_window(all[i], t));
			assert_true(next > t && next <= t + step);
			/* No window is slept over. */
			for (int64_t between = t + 1; between < next; between++)
				assert_int_equal(is_in_a_window(all[i], between), is_in_a_window(all[i], t + 1));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_windows_it_is_every_multiple),
		cmocka_unit_test(it_is_coarse_between_and_fine_around),
		cmocka_unit_test(its_windows_have_their_ends_and_their_middle),
		cmocka_unit_test(every_moment_is_judged_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
