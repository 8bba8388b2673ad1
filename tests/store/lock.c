/* SPDX-License-Identifier: Apache-2.0 */
/* Who may write to a store, and when. */
#include "tests/store/made_source.h"
#include "tests/store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct weir_error error;

/* With something in it that is not committed yet. */
static struct store *make_store(void)
{
	struct store *s = place_open(&place, STORE_CREATE);
	int64_t run;

	assert_int_equal(store_run(s, "run", &run, &error), 0);
	return s;
}

static void a_second_writer_is_refused_and_told_who_has_it(void **state)
{
	struct store *s = make_store(), *second;
	char expected[2 * sizeof(place.store)];
	pid_t child;
	int status;

	(void)snprintf(expected, sizeof(expected), "store: %s: process %d is writing to it", place.store,
	               (int)getpid());
	assert_int_equal(store_open(place.store, STORE_WRITE, &second, &error), -EBUSY);
	assert_string_equal(error.text, expected);
	child = fork();
	if (child == 0) {
		int r = store_open(place.store, STORE_CREATE, &second, &error);

		_exit(r == -EBUSY && strcmp(error.text, expected) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	store_close(s);
	s = place_open(&place, STORE_WRITE);
	store_close(s);
}

/* As a worker that outlives its killed host by a moment; in a process group of its own, as a shell's jobs are, so that
 * the number of the dead one stays taken. */
static void the_children_of_a_dead_writer_are_waited_for(void **state)
{
	pid_t child;
	int status;

	store_close(make_store());
	child = fork();
	if (child == 0) {
		struct store *s;

		(void)setpgid(0, 0);
		if (store_open(place.store, STORE_WRITE, &s, &error) < 0)
			_exit(1);
		if (fork() == 0)
			(void)poll(NULL, 0, 200);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	store_close(place_open(&place, STORE_WRITE));
}

/* Record locks of this process on the store, as the kernel lists them. */
static uint32_t count_record_locks(void)
{
	FILE *f = fopen("/proc/locks", "re");
	struct stat st;
	char line[256], inode[32];
	uint32_t n = 0;
	int pid;

	assert_non_null(f);
	assert_int_equal(stat(place.store, &st), 0);
	(void)snprintf(inode, sizeof(inode), ":%" PRIu64 " ", (uint64_t)st.st_ino);
	while (fgets(line, sizeof(line), f))
		n += sscanf(line, "%*s POSIX %*s %*s %d", &pid) == 1 && pid == getpid() && strstr(line, inode);
	(void)fclose(f);
	return n;
}

static void other_stores_of_this_process_leave_sqlites_locks_alone(void **state)
{
	struct store *s = make_store(), *other = NULL;

	assert_int_equal(store_commit(s, 1, &error), 0);
	if (count_record_locks() == 0) {
		store_close(s);
		skip();
	}
	other = place_open(&place, STORE_READ);
	store_close(other);
	assert_true(count_record_locks() > 0);
	assert_int_equal(store_open(place.store, STORE_WRITE, &other, &error), -EBUSY);
	assert_true(count_record_locks() > 0);
	store_close(s);
	assert_int_equal(count_record_locks(), 0);
}

static void descriptors_are_closed_with_the_last_store(void **state)
{
	struct store *s = make_store(), *other;
	int first = open("/dev/null", O_RDONLY | O_CLOEXEC), last;

	for (int i = 0; i < 5; i++) {
		other = place_open(&place, STORE_READ);
		store_close(other);
	}
	store_close(s);
	(void)close(first);
	last = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(last <= first);
	(void)close(last);
}

int main(void)
{
#define LOCK_TEST(name) cmocka_unit_test_setup_teardown(name, place_begin, place_end)
	const struct CMUnitTest tests[] = {
		LOCK_TEST(a_second_writer_is_refused_and_told_who_has_it),
		LOCK_TEST(the_children_of_a_dead_writer_are_waited_for),
		LOCK_TEST(other_stores_of_this_process_leave_sqlites_locks_alone),
		LOCK_TEST(descriptors_are_closed_with_the_last_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
