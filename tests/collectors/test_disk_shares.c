/* SPDX-License-Identifier: Apache-2.0 */
/* What devices did for processes: nothing is counted twice, and nothing goes with a process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "collectors/disk/shares.h"

static const struct disk_device_key reads = { 1, DISK_OP_READ }, writes = { 1, DISK_OP_WRITE };

static struct disk_shares shares;

static int forget_all(void **state)
{
	memset(&shares, 0, sizeof(shares));
	return 0;
}

/* Of one operation. */
static struct disk_device done(uint64_t n_bytes, uint64_t latency, uint64_t interval)
{
	struct disk_device d = { .n_bytes = n_bytes, .n_operations = 1 };

	hist_add(&d.latency, latency, interval);
	hist_add(&d.queue, 0, interval);
	return d;
}

static void add(void (*how)(struct disk_shares *, struct disk_device_key, const struct disk_device *),
                struct disk_device_key key, struct disk_device d)
{
	how(&shares, key, &d);
}

static void each_reading_begins_with_whom_was_let_go(void **state)
{
	for (int i = 0; i < 3; i++) {
		disk_shares_begin(&shares);
		add(disk_shares_add, reads, done(10, 5, 1));
		assert_int_equal(disk_shares_of(&shares, reads)->all.n_bytes, 10);
	}
	add(disk_shares_keep, reads, done(30, 5, 1));
	disk_shares_begin(&shares);
	assert_int_equal(disk_shares_of(&shares, reads)->all.n_bytes, 30);
	add(disk_shares_add, reads, done(1, 5, 2));
	assert_int_equal(disk_shares_of(&shares, reads)->all.n_bytes, 31);
	assert_int_equal(disk_shares_of(&shares, reads)->all.n_operations, 2);
}

static void directions_are_kept_apart(void **state)
{
	add(disk_shares_add, reads, done(10, 5, 1));
	assert_null(disk_shares_of(&shares, writes));
	add(disk_shares_add, writes, done(20, 5, 1));
	assert_int_equal(disk_shares_of(&shares, reads)->all.n_bytes, 10);
	assert_int_equal(disk_shares_of(&shares, writes)->all.n_bytes, 20);
}

static void histograms_of_all_are_one(void **state)
{
	const struct disk_device *all;

	add(disk_shares_add, reads, done(1, 100, 6));
	add(disk_shares_add, reads, done(1, 7, 6));
	add(disk_shares_add, reads, done(1, 9, 6));
	all = &disk_shares_of(&shares, reads)->all;
	assert_int_equal(all->latency.sum, 116);
	assert_int_equal(all->latency.slots[hist_slot(100)], 1);
	assert_int_equal(all->latency.slots[hist_slot(7)] + all->latency.slots[hist_slot(9)], 2);
	assert_int_equal(all->queue.slots[0], 3);
	assert_int_equal(all->latency.edges[0].min, 7);
	assert_int_equal(all->latency.edges[0].max, 100);
	assert_int_equal(all->latency.edges[1].interval, 0);
}

static void edges_are_of_the_latest_interval(void **state)
{
	const struct hist_edge *edge;

	add(disk_shares_add, reads, done(1, 50, 6));
	add(disk_shares_add, reads, done(1, 500, 8));
	add(disk_shares_add, reads, done(1, 5, 6));
	edge = &disk_shares_of(&shares, reads)->all.latency.edges[0];
	assert_int_equal(edge->interval, 8);
	assert_int_equal(edge->min, 500);
	assert_int_equal(edge->max, 500);
}

static void what_there_is_no_room_for_is_counted_once(void **state)
{
	for (uint32_t i = 0; i < DISK_DEVICES_MAX; i++)
		add(disk_shares_add, (struct disk_device_key){ i, 0 }, done(1, 5, 1));
	assert_int_equal(shares.n_unplaced, 0);
	for (int i = 0; i < 3; i++) {
		disk_shares_begin(&shares);
		add(disk_shares_add, (struct disk_device_key){ DISK_DEVICES_MAX, 0 }, done(1, 5, 1));
		assert_int_equal(shares.n_unplaced, 1);
	}
	add(disk_shares_keep, (struct disk_device_key){ DISK_DEVICES_MAX, 0 }, done(1, 5, 1));
	disk_shares_begin(&shares);
	assert_int_equal(shares.n_unplaced, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_reading_begins_with_whom_was_let_go, forget_all),
		cmocka_unit_test_setup(directions_are_kept_apart, forget_all),
		cmocka_unit_test_setup(histograms_of_all_are_one, forget_all),
		cmocka_unit_test_setup(edges_are_of_the_latest_interval, forget_all),
		cmocka_unit_test_setup(what_there_is_no_room_for_is_counted_once, forget_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
