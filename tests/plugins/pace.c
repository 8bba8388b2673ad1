/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

/* The next poll is in years. */
static const struct schedule distant = { .interval_ns = SECOND,
	                                 .coarse_ns = INT64_C(1000000000000000000),
	                                 .period_ns = INT64_C(3000000000000000000) };

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static void intervals_are_kept_and_missed_ones_are_left_out(void **state)
{
	const int64_t interval_ns = 20000000;
	struct pace p = pace_start(NULL, interval_ns, now_ns(), -1);
	int64_t first_ns = p.next_ns;

	pace_wait(&p);
	assert_int_equal(p.next_ns, first_ns + interval_ns);
	assert_true(now_ns() >= p.next_ns);
	p.next_ns -= 100 * interval_ns;
	pace_wait(&p);
	assert_int_equal((p.next_ns - first_ns) % interval_ns, 0);
	assert_true(now_ns() >= p.next_ns && p.next_ns > first_ns + interval_ns);
	assert_false(p.is_last);
}

/* Whenever they come up. */
static void sources_of_a_recording_poll_and_hand_over_together(void **state)
{
	const int64_t began_ns = now_ns() - 31 * SECOND / 10;
	struct pace early = pace_start(NULL, SECOND, began_ns, -1), late = early;
	int n_early = 0, n_late = 0;

	early.next_ns = began_ns;
	assert_int_equal(late.next_ns, began_ns + 3 * SECOND);
	for (; early.next_ns < began_ns + 20 * SECOND; early.next_ns += SECOND) {
		n_early += pace_is_time_to_hand_over(&early);
		if (early.next_ns < late.next_ns)
			continue;
		assert_int_equal(early.next_ns, late.next_ns);
		n_late += pace_is_time_to_hand_over(&late);
		assert_int_equal(n_early, n_late);
		late.next_ns += SECOND;
	}
	assert_int_equal(n_early, 4);
}

static void a_wait_ends_when_it_is_to_stop(void **state)
{
	int fd = eventfd(1, EFD_CLOEXEC);
	struct pace p = pace_start(&distant, SECOND, now_ns(), fd);

	pace_wait(&p);
	assert_true(p.is_last);
	(void)close(fd);
}

static void what_there_is_is_handed_over_before_a_long_wait(void **state)
{
	struct pace often = pace_start(NULL, SECOND, now_ns(), -1),
		    rarely = pace_start(NULL, PACE_HAND_OVER_NS, now_ns(), -1);
	struct pace scheduled = pace_start(&distant, SECOND, now_ns(), -1);

	assert_false(pace_is_time_to_hand_over(&often));
	often.handed_over_ns -= PACE_HAND_OVER_NS - SECOND;
	assert_true(pace_is_time_to_hand_over(&often));
	assert_false(pace_is_time_to_hand_over(&often));
	for (int i = 0; i < 2; i++) {
		assert_true(pace_is_time_to_hand_over(&rarely));
		assert_true(pace_is_time_to_hand_over(&scheduled));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intervals_are_kept_and_missed_ones_are_left_out),
		cmocka_unit_test(sources_of_a_recording_poll_and_hand_over_together),
		cmocka_unit_test(a_wait_ends_when_it_is_to_stop),
		cmocka_unit_test(what_there_is_is_handed_over_before_a_long_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
