/* SPDX-License-Identifier: Apache-2.0 */
/* The disk collector on processes that do what they are told, against what they did, /proc/PID/io and
 * /sys/block/X/stat.
 *
 * Submissions and system calls happen in the watched process and must be exact. Completions happen in whatever the
 * interrupt hit, and on some virtual machines a BPF program does not run in all of that, so a few may be missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/collectors/disk_work.h"
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	N_FLUSHED = 100,
	N_CHILDREN = 200,
	N_READS_EACH = 4,
	N_LOOP_READS = 400,
};

static void direct_reads_are_counted_to_the_byte_and_timed(void **state)
{
	const struct watching w = { .collector = "disk", .work = disk_read_directly };
	struct watched got = disk_watch(state, &w);

	assert_true(watched_is_on(&got, "tp_btf"));
	assert_int_equal(watched_gain(&got, "process.disk.io", "own direction=read"), DISK_FILE_BYTES);
	assert_int_equal(watched_gain(&got, "process.disk.operations", "own direction=read"), DISK_READS);
	assert_int_equal(watched_gain(&got, "process.disk.io.accounted", "own direction=read"), DISK_FILE_BYTES);
	assert_true(
		is_near(watched_count(&got, "process.disk.latency", "own direction=read"), DISK_READS, 0, disk_unseen));
	assert_true(is_near(watched_count(&got, "process.disk.queue_time", "own direction=read"), DISK_READS, 0,
	                    disk_unseen));
	assert_true((double)watched_sum(&got, "process.disk.latency", "own direction=read") > DISK_READS * 1000.0);
	/* Others use the disk too, and the two are not read at the same moment. */
	assert_true(is_near(watched_gain(&got, "disk.io", "direction=read"),
	                    watched_gain(&got, "system.disk.io", "direction=read"), 0,
	                    (1 << 20) + disk_unseen * DISK_BLOCK));
	assert_true(is_near(watched_gain(&got, "disk.operations", "direction=read"),
	                    watched_gain(&got, "system.disk.operations", "direction=read"), 0, 50 + disk_unseen));
	watched_done(&got);
}

static void write_directly(void *what)
{
	int fd = open(disk_file, O_WRONLY | O_DIRECT | O_CLOEXEC);
	void *block = disk_block();

	for (int i = 0; i < DISK_READS; i++)
		if (pwrite(fd, block, DISK_BLOCK, (off_t)((i * 7) % DISK_READS) * DISK_BLOCK) != DISK_BLOCK)
			_exit(1);
	free(block);
	(void)close(fd);
}

static void direct_writes_are_the_writers_at_once(void **state)
{
	const struct watching w = { .collector = "disk", .work = write_directly };
	struct watched got = disk_watch(state, &w);

	assert_int_equal(watched_gain(&got, "process.disk.io", "own direction=write"), DISK_FILE_BYTES);
	assert_int_equal(watched_gain(&got, "process.disk.operations", "own direction=write"), DISK_READS);
	assert_true(is_near(watched_gain(&got, "process.disk.io.accounted", "own direction=write"), DISK_FILE_BYTES, 0,
	                    16 * DISK_BLOCK));
	assert_true(is_near(watched_count(&got, "process.disk.latency", "own direction=write"), DISK_READS, 0,
	                    disk_unseen));
	assert_true(is_near(watched_gain(&got, "disk.operations", "direction=write"),
	                    watched_gain(&got, "system.disk.operations", "direction=write"), 0, 50 + disk_unseen));
	watched_done(&got);
}

/* What the kernel's own tracepoint tells others must stay theirs, whatever programs of ours hang on it. */
static void nobody_else_is_blinded(void **state)
{
	const struct watching w = { .collector = "disk", .work = disk_read_directly };
	struct disk_events events = disk_events_open("block_rq_complete");
	struct watched got = disk_watch(state, &w);

	assert_true(disk_events_close(&events) >= DISK_READS);
	watched_done(&got);
}

static void write_and_flush(void *what)
{
	int fd = open(disk_file, O_WRONLY | O_DIRECT | O_CLOEXEC);
	void *block = disk_block();

	for (int i = 0; i < N_FLUSHED; i++)
		if (pwrite(fd, block, DISK_BLOCK, (off_t)i * DISK_BLOCK) != DISK_BLOCK || fdatasync(fd) < 0)
			_exit(1);
	free(block);
	(void)close(fd);
}

/* A flush is seen three times: the data, the flush itself, and the empty request that waited for both. */
static void a_flush_is_one_operation(void **state)
{
	const struct watching w = { .collector = "disk", .work = write_and_flush };
	struct watched got = disk_watch(state, &w);

	assert_true(is_near(watched_gain(&got, "disk.operations", "direction=write"),
	                    watched_gain(&got, "system.disk.operations", "direction=write"), 0,
	                    N_FLUSHED / 4 + disk_unseen));
	/* A device without a cache of its own is not flushed. */
	if (watched_gain(&got, "system.disk.operations", "direction=flush") > 0)
		assert_true(is_near(watched_gain(&got, "disk.operations", "direction=flush"),
		                    watched_gain(&got, "system.disk.operations", "direction=flush"), 0,
		                    N_FLUSHED / 4 + disk_unseen));
	watched_done(&got);
}

/* ---- Devices above others ---- */

static void read_loop(void *what)
{
	int fd = open(disk_loop, O_RDONLY | O_DIRECT | O_CLOEXEC);
	void *block = disk_block();

	for (int i = 0; i < N_LOOP_READS; i++)
		if (pread(fd, block, DISK_BLOCK, (off_t)i * DISK_BLOCK) != DISK_BLOCK)
			_exit(1);
	free(block);
	(void)close(fd);
}

static void only_what_lies_below_others_is_counted_unless_asked(void **state)
{
	const struct lend_pair stacked = { "stacked", "true" };
	struct watching w = { .collector = "disk", .work = read_loop, .options = &stacked };
	char upper[64];
	int fd;

	disk_need(state);
	watch_needs_bpf();
	fd = disk_attach_loop();
	(void)snprintf(upper, sizeof(upper), "direction=read device=%s", disk_loop + strlen("/dev/"));
	for (w.n_options = 0; w.n_options < 2; w.n_options++) {
		struct watched got = disk_watch_seen(&w);
		int64_t n = watched_gain(&got, "disk.operations", upper);

		if (w.n_options == 0)
			assert_int_equal(n, -1);
		else
			assert_true(is_near(n, N_LOOP_READS, 0, disk_unseen));
		/* By the device's own thread. */
		assert_true(watched_gain(&got, "disk.operations", "direction=read") >= N_LOOP_READS - disk_unseen);
		watched_done(&got);
	}
	(void)close(fd);
}

/* ---- Processes ---- */

static void read_in_a_child(void *what)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		disk_read_directly(what);
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
}

static void children_are_followed_and_read_before_they_go(void **state)
{
	const struct watching w = { .collector = "disk", .work = read_in_a_child };
	struct watched got = disk_watch(state, &w);

	assert_int_equal(watched_gain(&got, "process.disk.io", "direction=read"), DISK_FILE_BYTES);
	assert_int_equal(watched_gain(&got, "process.disk.io", "own direction=read"), -1);
	watched_done(&got);
}

static void read_a_part(int which)
{
	int fd = open(disk_file, O_RDONLY | O_DIRECT | O_CLOEXEC);
	void *block = disk_block();

	for (int k = 0; k < N_READS_EACH; k++)
		if (pread(fd, block, DISK_BLOCK, (off_t)(which * N_READS_EACH + k) * DISK_BLOCK) != DISK_BLOCK)
			_exit(1);
	free(block);
	(void)close(fd);
}

static void read_in_many_children(void *what)
{
	watch_have_children(N_CHILDREN, read_a_part);
}

static void hundreds_that_come_and_go_between_two_polls_are_all_counted(void **state)
{
	const struct watching w = { .collector = "disk", .work = read_in_many_children };
	struct watched got = disk_watch(state, &w);

	/* The kernel may have no memory at hand for one of them. */
	assert_in_range(watched_gain(&got, "weir.lost", ""), 0, N_READS_EACH);
	assert_true(is_near(watched_gain(&got, "process.disk.io", "direction=read"),
	                    N_CHILDREN * N_READS_EACH * DISK_BLOCK, 0,
	                    watched_gain(&got, "weir.lost", "") * DISK_BLOCK));
	watched_done(&got);
}

static void nothing_is_lost_and_the_ledger_adds_up(void **state)
{
	const struct watching w = { .collector = "disk", .work = disk_read_directly };
	struct watched got = disk_watch(state, &w);

	assert_int_equal(watched_gain(&got, "weir.lost", ""), 0);
	assert_true(watched_says(&got, "{\"end\":\"ok\""));
	assert_true(watched_says(&got, "\"skipped\":0,\"bad\":0,\"lost\":0"));
	watched_done(&got);
}

static void of_nobody_the_devices_are_measured(void **state)
{
	const struct watching w = { .collector = "disk", .work = disk_read_directly, .is_without_target = 1 };
	struct watched got = disk_watch(state, &w);

	assert_true(watched_gain(&got, "disk.operations", "direction=read") >= DISK_READS - disk_unseen);
	assert_true(watched_count(&got, "disk.latency", "direction=read") >= DISK_READS - disk_unseen);
	assert_int_equal(watched_gain(&got, "process.disk.io", ""), -1);
	watched_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(direct_reads_are_counted_to_the_byte_and_timed),
		cmocka_unit_test(direct_writes_are_the_writers_at_once),
		cmocka_unit_test(nobody_else_is_blinded),
		cmocka_unit_test(a_flush_is_one_operation),
		cmocka_unit_test(only_what_lies_below_others_is_counted_unless_asked),
		cmocka_unit_test(children_are_followed_and_read_before_they_go),
		cmocka_unit_test(hundreds_that_come_and_go_between_two_polls_are_all_counted),
		cmocka_unit_test(of_nobody_the_devices_are_measured),
		cmocka_unit_test(nothing_is_lost_and_the_ledger_adds_up),
	};

	return cmocka_run_group_tests(tests, disk_make_file, disk_remove_file);
}
