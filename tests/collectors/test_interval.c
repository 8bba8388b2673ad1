/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/interval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/family.h"
#include "bpf/kept.h"
#include "parsers/procfs.h"

enum {
	N_CHILDREN = FAMILY_MAX + 100, /* their list is longer than a page */
};

/* The contract's definition, by logarithms: bucket i is (2^(i/4), 2^((i+1)/4)]. */
static uint32_t slot_by_definition(uint64_t v)
{
	return v ? (uint32_t)((int)ceill(4 * log2l((long double)v)) - 1 + 2) : 0;
}

static void values_go_where_the_contract_says(void **state)
{
	for (uint64_t v = 0; v < 300000; v++)
		assert_int_equal(hist_slot(v), slot_by_definition(v));
	/* Around each power of two and each quarter between them. */
	for (int quarter = 72; quarter < 4 * 39; quarter++)
		for (int64_t by = -2; by <= 2; by++) {
			uint64_t v = (uint64_t)(floorl(exp2l((long double)quarter / 4)) + (long double)by);

			assert_int_equal(hist_slot(v), slot_by_definition(v));
		}
}

static void what_is_too_large_goes_to_the_last_slot(void **state)
{
	assert_int_equal(hist_slot(1ULL << 39), HIST_SLOTS - 3);
	assert_int_equal(hist_slot(1ULL << 40), HIST_SLOTS - 1);
	assert_int_equal(hist_slot(UINT64_MAX), HIST_SLOTS - 1);
}

static struct hist cpus[2];
static struct interval_mark mark;
static struct interval_gain gain;

static uint64_t take(uint64_t interval)
{
	return interval_take(cpus, 2, sizeof(cpus[0]), interval, &mark, &gain);
}

static int start(void **state)
{
	memset(cpus, 0, sizeof(cpus));
	memset(&mark, 0, sizeof(mark));
	return 0;
}

static void an_interval_is_what_came_in_it_on_all_cpus(void **state)
{
	const struct weir_histogram *h = &gain.histogram;

	hist_add(&cpus[0], 5, 1);
	hist_add(&cpus[1], 1000, 1);
	assert_int_equal(take(1), 2);
	assert_true(h->sum == 1005 && h->min == 5 && h->max == 1000);
	hist_add(&cpus[1], 70, 2);
	hist_add(&cpus[1], 60, 2);
	hist_add(&cpus[0], 0, 2);
	assert_int_equal(take(2), 3);
	assert_int_equal(h->n_zero, 1);
	assert_true(h->sum == 130 && h->min == 0 && h->max == 70);
	assert_int_equal(h->offset, (int)ceil(4 * log2(60)) - 1);
	assert_int_equal(h->n_buckets, 2);
	assert_int_equal(h->buckets[0] + h->buckets[1], 2);
	assert_int_equal(take(3), 0);
}

static void a_missed_edge_is_bounded_by_its_bucket(void **state)
{
	const struct weir_histogram *h = &gain.histogram;

	hist_add(&cpus[0], 100, 2);
	assert_int_equal(take(1), 1);
	assert_true(h->min <= 100 && h->max >= 100 && h->min > 80 && h->max < 120);
}

static void a_process_may_be_called_anything(void **state)
{
	static const char stat[] = "42 (a) R 9 (b) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9 9\n";
	struct procfs_process p;

	assert_int_equal(procfs_process(stat, sizeof(stat) - 1, &p), 0);
	assert_int_equal(p.pid, 42);
	assert_int_equal(p.parent, 7);
	assert_int_equal(p.state, 'S');
	assert_int_equal(p.start_ticks, 123456);
	/* The number is the last that is read, so only the last digits may be missing. */
	for (size_t n = 0; n < sizeof(stat) - 1 - strlen("123456 9 9\n"); n++)
		assert_int_equal(procfs_process(stat, n, &p), -EBADMSG);
}

static void numbers_end_where_they_do_not_fit(void **state)
{
	static const char text[] = "  1 18446744073709551615\n18446744073709551616 4";
	uint64_t n[4];

	assert_int_equal(procfs_numbers(text, sizeof(text) - 1, n, 4), 2);
	assert_true(n[0] == 1 && n[1] == UINT64_MAX);
	assert_int_equal(procfs_numbers(text, sizeof(text) - 1, n, 1), 1);
}

static void a_field_is_found_by_its_whole_name(void **state)
{
	static const char io[] = "rchar: 1\ncancelled_write_bytes: 3\nwrite_bytes: 2\nread_bytes";
	uint64_t n = 0;

	assert_int_equal(procfs_field(io, sizeof(io) - 1, "write_bytes", &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(procfs_field(io, sizeof(io) - 1, "read_bytes", &n), -ENOENT);
	assert_int_equal(procfs_field(io, sizeof(io) - 1, "bytes", &n), -ENOENT);
}

static void a_family_keeps_who_lost_its_parent_and_lets_go_who_ended(void **state)
{
	static struct family f;
	int hold[2], told[2];
	pid_t parent;
	char c;

	assert_int_equal(pipe(hold), 0);
	assert_int_equal(pipe(told), 0);
	parent = fork();
	if (parent == 0) {
		(void)close(hold[1]);
		if (fork() == 0) {
			(void)!write(told[1], "x", 1);
			(void)!read(hold[0], &c, 1);
			_exit(0);
		}
		(void)!read(hold[0], &c, 1);
		_exit(0);
	}
	(void)close(hold[0]);
	assert_int_equal(read(told[0], &c, 1), 1);
	assert_int_equal(family_init(&f, parent), 0);
	assert_int_equal(f.n, 2);
	assert_int_equal(family_look(&f), 2);
	/* One of the two takes the byte, and the other lives on. */
	assert_int_equal(write(hold[1], "x", 1), 1);
	while (family_look(&f) == 2)
		continue;
	assert_int_equal(family_look(&f), 1);
	assert_int_equal(f.n, 1);
	(void)close(hold[1]);
	while (family_look(&f))
		continue;
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_int_equal(family_init(&f, parent), -ESRCH);
}

static void what_is_kept_open_says_what_is_so_now(void **state)
{
	static struct kept files;
	char path[32], text[512], other[KEPT_PATH_MAX + 8];
	int hold[2];
	pid_t child;

	assert_int_equal(pipe(hold), 0);
	child = fork();
	if (child == 0) {
		(void)close(hold[1]);
		(void)!read(hold[0], text, 1);
		_exit(0);
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/comm", child);
	assert_true(kept_read(&files, path, text, sizeof(text)) > 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", child);
	assert_true(kept_read(&files, path, text, sizeof(text)) > 0);
	assert_int_equal(kept_read(&files, path, text, 5), 4);
	assert_int_equal(strlen(text), 4);
	/* It ends: what is open says so, and there is nothing under its name. */
	(void)close(hold[1]);
	(void)close(hold[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_in_range(-kept_read(&files, path, text, sizeof(text)), 1, 4095);
	assert_int_equal(text[0], '\0');
	/* The longest name that is kept, and one beyond it, are read alike. */
	for (unsigned n = KEPT_PATH_MAX - 1; n <= KEPT_PATH_MAX; n++) {
		memset(other, '/', sizeof(other));
		memcpy(other, "/proc", 5);
		(void)strcpy(other + n - 4, "stat");
		for (int i = 0; i < 2; i++)
			assert_true(kept_read(&files, other, text, sizeof(text)) > 0 && text[0] == 'c');
	}
	kept_close(&files);
}

static void *have_a_child_and_its_child(void *data)
{
	int *hold = data;
	char c;

	if (fork() == 0) {
		(void)close(hold[1]);
		(void)fork();
		(void)!read(hold[0], &c, 1);
		_exit(0);
	}
	/* Children of a thread that ends are another's. */
	(void)!read(hold[2], &c, 1);
	return NULL;
}

static void a_family_has_what_threads_start_with_and_without_the_kernels_lists(void **state)
{
	static struct family f;
	int hold[4];
	pthread_t thread;

	assert_int_equal(pipe(hold), 0);
	assert_int_equal(pipe(hold + 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, have_a_child_and_its_child, hold), 0);
	do
		assert_int_equal(family_init(&f, getpid()), 0);
	while (f.n < 3);
	f.has_lists = 0;
	f.n = 1;
	assert_int_equal(family_look(&f), 3);
	(void)close(hold[1]);
	while (family_look(&f) > 1)
		continue;
	(void)close(hold[3]);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void a_file_of_the_kernels_is_read_whole(void **state)
{
	static char text[64 * 1024];

	assert_int_equal(family_read("/proc/kallsyms", text, sizeof(text)), sizeof(text) - 1);
	assert_int_equal(strlen(text), sizeof(text) - 1);
	assert_int_equal(family_read("/proc/kallsyms/none", text, sizeof(text)), -ENOTDIR);
}

static void every_child_of_a_process_with_very_many_is_of_the_family(void **state)
{
	static struct family f;
	int hold[2];

	assert_int_equal(pipe(hold), 0);
	for (int i = 0; i < N_CHILDREN; i++)
		if (fork() == 0) {
			char c;

			(void)close(hold[1]);
			(void)!read(hold[0], &c, 1);
			_exit(0);
		}
	assert_int_equal(family_init(&f, getpid()), 0);
	assert_int_equal(f.n, FAMILY_MAX);
	assert_int_equal(f.n_left_out, 1 + N_CHILDREN - FAMILY_MAX);
	(void)close(hold[1]);
	for (int i = 0; i < N_CHILDREN; i++)
		(void)wait(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_go_where_the_contract_says),
		cmocka_unit_test(what_is_too_large_goes_to_the_last_slot),
		cmocka_unit_test_setup(an_interval_is_what_came_in_it_on_all_cpus, start),
		cmocka_unit_test_setup(a_missed_edge_is_bounded_by_its_bucket, start),
		cmocka_unit_test(a_process_may_be_called_anything),
		cmocka_unit_test(numbers_end_where_they_do_not_fit),
		cmocka_unit_test(a_field_is_found_by_its_whole_name),
		cmocka_unit_test(a_file_of_the_kernels_is_read_whole),
		cmocka_unit_test(every_child_of_a_process_with_very_many_is_of_the_family),
		cmocka_unit_test(a_family_keeps_who_lost_its_parent_and_lets_go_who_ended),
		cmocka_unit_test(what_is_kept_open_says_what_is_so_now),
		cmocka_unit_test(a_family_has_what_threads_start_with_and_without_the_kernels_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
