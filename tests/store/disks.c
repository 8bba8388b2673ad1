/* SPDX-License-Identifier: Apache-2.0 */
/* Disks that are full, or can only be read: a clear sentence, and nothing lost. */
#include "store/query.h"
#include "tests/store/made_source.h"
#include "tests/store/place.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct weir_error error;

/* A child in a mount namespace of its own, with a small disk on the place's folder; 77: cannot be had here. */
static int on_small_disk(const char *options, int (*work)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("tmpfs", place.folder.path, "tmpfs", 0, options) < 0)
			_exit(77);
		_exit(work());
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void skip_where_nothing_can_be_mounted(int result)
{
	if (result != 77)
		return;
	print_message("needs the right to mount, and a root that is a mount of its own\n");
	skip();
}

/* A count, without the assertions of the parent's process. */
static int64_t count(struct store *s, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t n = query_prepare(s, sql, &statement, &error);

	if (n == 0)
		n = query_step(s, statement, &error);
	if (n > 0)
		n = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return n;
}

static int complain(int code, int line)
{
	fprintf(stderr, "disks.c:%d: result %d: %s\n", line, code, error.text);
	return 1;
}

/* Fills until it fails, then whether the error is right and stays, and all that was committed is whole. */
static int fill_up(void)
{
	struct weir_error first;
	struct store *s;
	int64_t n_before = 0, n_after, id;
	int r = store_open(place.store, STORE_CREATE, &s, &error);

	for (uint32_t i = 0; r == 0 && i < 1000; i++) {
		r = made_fill(s, i, 1, 2000, &error);
		n_before = i;
	}
	if (r != -ENOSPC || !strstr(error.text, "no space left") || n_before == 0)
		return complain(r, __LINE__);
	first = error;
	if (store_run(s, "another", &id, &error) != -ENOSPC || strcmp(first.text, error.text) != 0)
		return complain(r, __LINE__);
	if (store_commit(s, 1, &error) != -ENOSPC)
		return complain(r, __LINE__);
	store_close(s);
	r = store_open(place.store, STORE_READ, &s, &error);
	if (r < 0)
		return complain(r, __LINE__);
	n_after = count(s, "SELECT count(*) FROM sources");
	if (n_after != n_before || count(s, "SELECT count(*) FROM numbers") != n_before * 4000 ||
	    count(s, "SELECT count(stack) FROM weights") != n_before * 4000)
		return complain((int)n_after, __LINE__);
	store_close(s);
	return 0;
}

static void a_full_disk_is_said_and_costs_only_what_was_not_committed(void **state)
{
	int r = on_small_disk("size=3m", fill_up);

	skip_where_nothing_can_be_mounted(r);
	assert_int_equal(r, 0);
}

static int fill_to_limit(void)
{
	const struct rlimit limit = { 1500000, 1500000 };

	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 77;
	return fill_up();
}

static void a_file_that_may_not_grow_is_a_full_disk(void **state)
{
	pid_t child = fork();
	uint32_t n;
	int status;
	struct store *s;

	if (child == 0)
		_exit(fill_to_limit());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	/* With room again the same file goes on. */
	s = place_open(&place, STORE_WRITE);
	n = (uint32_t)place_ask(s, "SELECT count(*) FROM sources");
	assert_true(n > 0);
	assert_int_equal(made_fill(s, n, 3, 2000, &error), 0);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM numbers"), (n + 3) * 4000);
	store_close(s);
	assert_int_equal(place_count(&place), 1);
}

static int read_only(void)
{
	struct store *s;
	int r;

	r = store_open(place.store, STORE_CREATE, &s, &error);
	if (r < 0 || made_fill(s, 0, 2, 300, &error) < 0)
		return complain(r, __LINE__);
	store_close(s);
	if (mount(NULL, place.folder.path, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
		return 77;
	r = store_open(place.store, STORE_READ, &s, &error);
	if (r < 0 || count(s, "SELECT count(*) FROM numbers") != 1200)
		return complain(r, __LINE__);
	store_close(s);
	r = store_open(place.store, STORE_WRITE, &s, &error);
	if (r != -EROFS || !strstr(error.text, "Read-only file system"))
		return complain(r, __LINE__);
	r = store_open(place_path(&place, "new.weir"), STORE_CREATE, &s, &error);
	return r == -EROFS ? 0 : complain(r, __LINE__);
}

static void a_store_on_a_read_only_disk_can_be_read(void **state)
{
	int r = on_small_disk("size=3m", read_only);

	skip_where_nothing_can_be_mounted(r);
	assert_int_equal(r, 0);
}

static int read_only_with_log(void)
{
	struct store *s;
	pid_t child = fork();
	int r;

	if (child == 0) {
		if (store_open(place.store, STORE_CREATE, &s, &error) < 0 || made_fill(s, 0, 1, 100, &error) < 0)
			_exit(1);
		_exit(0);
	}
	(void)waitpid(child, NULL, 0);
	if (mount(NULL, place.folder.path, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
		return 77;
	(void)unlink(place_path(&place, "s.weir-shm"));
	r = store_open(place.store, STORE_READ, &s, &error);
	if (r == 0) { /* SQLite may find a way to read the log; then all must be there. */
		r = count(s, "SELECT count(*) FROM numbers") == 200 ? 0 : 1;
		store_close(s);
		return r ? complain(r, __LINE__) : 0;
	}
	return strstr(error.text, "s.weir-wal, which belongs to it, cannot be read here") ? 0 : complain(r, __LINE__);
}

static void a_log_on_a_read_only_disk_is_never_overlooked(void **state)
{
	int r = on_small_disk("size=3m", read_only_with_log);

	skip_where_nothing_can_be_mounted(r);
	assert_int_equal(r, 0);
}

static int folder_without_permission(void)
{
	struct store *s;
	int r;

	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		return 77;
	r = store_open(place.store, STORE_READ, &s, &error);
	if (r < 0 || count(s, "SELECT count(*) FROM numbers") != 1200)
		return complain(r, __LINE__);
	store_close(s);
	r = store_open(place.store, STORE_WRITE, &s, &error);
	if (r != -EACCES)
		return complain(r, __LINE__);
	r = store_open(place_path(&place, "new.weir"), STORE_CREATE, &s, &error);
	return r == -EACCES && strstr(error.text, "Permission denied") ? 0 : complain(r, __LINE__);
}

static void someone_elses_store_can_be_read(void **state)
{
	struct store *s;
	pid_t child;
	int status;

	s = place_open(&place, STORE_CREATE);
	assert_int_equal(made_fill(s, 0, 2, 300, &error), 0);
	store_close(s);
	assert_int_equal(chmod(place.store, 0444), 0);
	assert_int_equal(chmod(place.folder.path, 0555), 0);
	child = fork();
	if (child == 0)
		_exit(folder_without_permission());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(chmod(place.folder.path, 0755), 0);
	assert_int_equal(place_count(&place), 1);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, place_begin, place_end)
	const struct CMUnitTest tests[] = {
		DISK_TEST(a_full_disk_is_said_and_costs_only_what_was_not_committed),
		DISK_TEST(a_file_that_may_not_grow_is_a_full_disk),
		DISK_TEST(a_store_on_a_read_only_disk_can_be_read),
		DISK_TEST(a_log_on_a_read_only_disk_is_never_overlooked),
		DISK_TEST(someone_elses_store_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
