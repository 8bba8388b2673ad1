/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/folder.h"

/* Opens `path` of a folder with a/b/file in it, after `changed` got `mode`. */
static int open_with(const char *path, const char *changed, mode_t mode, struct weir_error *error)
{
	struct folder f = folder_new();
	char *real = NULL;
	int fd;

	error->text[0] = '\0';
	folder_write(&f, "a/b/file", "x");
	assert_int_equal(chmod(folder_path(&f, "a"), 0755), 0);
	assert_int_equal(chmod(folder_path(&f, "a/b"), 0755), 0);
	assert_int_equal(chmod(folder_path(&f, "a/b/file"), 0644), 0);
	folder_link(&f, "link", folder_path(&f, "a/b/file"));
	assert_int_equal(chmod(folder_path(&f, changed), mode), 0);
	fd = trusted_open(folder_path(&f, path), &real, error);
	if (fd >= 0) {
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		assert_string_equal(real, folder_path(&f, "a/b/file"));
		free(real);
		assert_int_equal(close(fd), 0);
		fd = 0;
	}
	folder_free(&f);
	return fd;
}

static void what_only_we_may_write_is_opened(void **state)
{
	struct weir_error e;

	assert_int_equal(open_with("a/b/file", "a", 0755, &e), 0);
	assert_int_equal(open_with("a/b/file", "a/b/file", 0400, &e), 0);
	assert_int_equal(open_with("link", "a", 0755, &e), 0);
}

static void what_others_may_write_is_refused_wherever_it_is(void **state)
{
	struct weir_error e;

	assert_int_equal(open_with("a/b/file", "a/b/file", 0664, &e), -EPERM);
	assert_int_equal(open_with("a/b/file", "a/b/file", 0646, &e), -EPERM);
	assert_int_equal(open_with("a/b/file", "a/b", 0775, &e), -EPERM);
	assert_non_null(strstr(e.text, "/a/b: chmod go-w"));
	assert_int_equal(open_with("a/b/file", "a", 0757, &e), -EPERM);
	assert_non_null(strstr(e.text, "others may write"));
	/* By another name it is the same file. */
	assert_int_equal(open_with("link", "a", 0757, &e), -EPERM);
}

static void a_sticky_folder_is_safe_when_it_is_roots(void **state)
{
	struct weir_error e;

	assert_int_equal(open_with("a/b/file", "a", 01777, &e), geteuid() == 0 ? 0 : -EPERM);
}

static void a_file_of_somebody_else_is_refused(void **state)
{
	struct folder f = folder_new();
	struct weir_error e;
	char *real;

	if (geteuid() != 0) {
		print_message("skipped: only root can give files away\n");
		folder_free(&f);
		skip();
	}
	folder_write(&f, "file", "x");
	assert_int_equal(chmod(f.path, 0755), 0);
	assert_int_equal(chmod(folder_path(&f, "file"), 0644), 0);
	assert_int_equal(chown(folder_path(&f, "file"), 12345, 0), 0);
	assert_int_equal(trusted_open(folder_path(&f, "file"), &real, &e), -EPERM);
	assert_non_null(strstr(e.text, "belongs to user 12345"));
	folder_free(&f);
}

static void only_regular_files_are_opened(void **state)
{
	struct folder f = folder_new();
	struct weir_error e;
	char *real;

	assert_int_equal(mkfifo(folder_path(&f, "fifo"), 0600), 0);
	folder_make(&f, "folder");
	assert_int_equal(trusted_open(folder_path(&f, "fifo"), &real, &e), -EINVAL);
	assert_int_equal(trusted_open(folder_path(&f, "folder"), &real, &e), -EINVAL);
	assert_int_equal(trusted_open(folder_path(&f, "nothing"), &real, &e), -ENOENT);
	assert_non_null(strstr(e.text, "nothing"));
	folder_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_only_we_may_write_is_opened),
		cmocka_unit_test(what_others_may_write_is_refused_wherever_it_is),
		cmocka_unit_test(a_sticky_folder_is_safe_when_it_is_roots),
		cmocka_unit_test(a_file_of_somebody_else_is_refused),
		cmocka_unit_test(only_regular_files_are_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
