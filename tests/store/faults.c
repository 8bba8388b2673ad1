/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are not as they should be: a clear sentence, and nothing lost. */
#include "store/query.h"
#include "store/schema.h"
#include "tests/store/made.h"
#include "tests/store/made_source.h"
#include "tests/store/place.h"
#include "tests/support/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct weir_error error;

static int begin(void **state)
{
	error.text[0] = '\0';
	return place_begin(state);
}

static void make_store(void)
{
	struct store *s = place_open(&place, STORE_CREATE);

	assert_int_equal(made_fill(s, 0, 2, 300, &error), 0);
	store_close(s);
}

static void write_file(const char *path, const void *at, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(at, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* ---- Not a store ---- */

static void is_refused(enum store_mode mode, int code, const char *words)
{
	struct store *s = NULL;
	char start[sizeof(place.store) + 16];

	(void)snprintf(start, sizeof(start), "store: %s: ", place.store);
	assert_int_equal(store_open(place.store, mode, &s, &error), code);
	assert_memory_equal(error.text, start, strlen(start));
	if (!strstr(error.text, words))
		fail_msg("`%s` without `%s`", error.text, words);
}

static void another_programs_file_is_refused_and_left_as_it_is(void **state)
{
	static const enum store_mode modes[] = { STORE_READ, STORE_WRITE, STORE_CREATE };
	static const char words[] =
		"this is a text, and a long one at that; longer than a header of a hundred bytes is, "
		"so that SQLite looks at it";
	struct bytes before, after;
	sqlite3 *db;

	for (int kind = 0; kind < 2; kind++) {
		if (kind == 0) {
			write_file(place.store, words, strlen(words));
		} else {
			(void)unlink(place.store);
			assert_int_equal(sqlite3_open(place.store, &db), SQLITE_OK);
			assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
			(void)sqlite3_close(db);
		}
		before = bytes_read(place.store);
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			is_refused(modes[i], -EBADMSG, "not a weir store");
		after = bytes_read(place.store);
		assert_int_equal(before.n, after.n);
		assert_memory_equal(before.at, after.at, before.n);
		assert_int_equal(place_count(&place), 1);
		bytes_done(&before);
		bytes_done(&after);
	}
}

static void what_is_no_file_is_refused(void **state)
{
	is_refused(STORE_READ, -ENOENT, "No such file");
	is_refused(STORE_WRITE, -ENOENT, "No such file");
	assert_int_equal(mkfifo(place.store, 0600), 0);
	is_refused(STORE_READ, -EBADMSG, "not a regular file");
	assert_int_equal(unlink(place.store), 0);
	assert_int_equal(mkdir(place.store, 0700), 0);
	is_refused(STORE_READ, -EBADMSG, "not a regular file");
	is_refused(STORE_CREATE, -EBADMSG, "not a regular file");
	assert_int_equal(rmdir(place.store), 0);
	write_file(place.store, "", 0);
	is_refused(STORE_READ, -EBADMSG, "empty");
	/* An empty file is a store that is about to be. */
	store_close(place_open(&place, STORE_CREATE));
	store_close(place_open(&place, STORE_READ));
}

static void a_store_in_a_folder_that_is_not_there_is_refused(void **state)
{
	struct store *s;

	assert_int_equal(store_open(place_path(&place, "no/s.weir"), STORE_CREATE, &s, &error), -ENOENT);
	assert_int_equal(place_count(&place), 0);
}

static void set_version(int version)
{
	char text[64];
	sqlite3 *db;

	(void)snprintf(text, sizeof(text), "PRAGMA user_version = %d", version);
	assert_int_equal(sqlite3_open(place.store, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

static void a_newer_store_is_refused_with_both_versions(void **state)
{
	make_store();
	set_version(SCHEMA_VERSION + 1);
	is_refused(STORE_READ, -ENOTSUP, "version 3, and this weir reads up to 2: use a newer weir");
	is_refused(STORE_CREATE, -ENOTSUP, "version 3");
	set_version(SCHEMA_VERSION);
	store_close(place_open(&place, STORE_READ));
}

/* Removed, and another file in its place. */
static void a_store_that_is_gone_is_no_success(void **state)
{
	for (int is_replaced = 0; is_replaced < 2; is_replaced++) {
		struct store *s = place_open(&place, STORE_CREATE);

		assert_int_equal(made_fill(s, 0, 1, 100, &error), 0);
		assert_int_equal(unlink(place.store), 0);
		if (is_replaced)
			write_file(place.store, "another", 7);
		assert_int_equal(made_fill(s, 1, 1, 100, &error), -ESTALE);
		assert_non_null(strstr(error.text, "s.weir: it was removed or replaced while it was written"));
		assert_int_equal(store_commit(s, 1, &error), -ESTALE);
		store_close(s);
		(void)unlink(place.store);
		(void)unlink(place_path(&place, "s.weir-wal"));
		(void)unlink(place_path(&place, "s.weir-shm"));
	}
}

static void paths_that_sqlite_takes_for_something_else_are_paths(void **state)
{
	static const char *const names[] = { ":memory:", "file:x.weir", "a?immutable=1", "b%41#c d.weir" };
	char here[1024];

	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(place.folder.path), 0);
	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct store *s;

		assert_int_equal(store_open(names[i], STORE_CREATE, &s, &error), 0);
		store_close(s);
		assert_int_equal(place_count(&place), i + 1);
		assert_int_equal(access(names[i], F_OK), 0);
	}
	assert_int_equal(chdir(here), 0);
}

/* ---- Others at the same file ---- */

static void a_reader_sees_commits_while_a_writer_works(void **state)
{
	struct store *s = place_open(&place, STORE_CREATE), *reader;

	assert_int_equal(made_fill(s, 0, 1, 50, &error), 0);
	reader = place_open(&place, STORE_READ);
	assert_int_equal(place_ask(reader, "SELECT count(*) FROM numbers"), 100);
	assert_int_equal(made_fill(s, 1, 1, 50, &error), 0);
	assert_int_equal(place_ask(reader, "SELECT count(*) FROM numbers"), 200);
	/* Whoever closes last leaves one file. */
	store_close(s);
	assert_int_equal(place_ask(reader, "SELECT count(*) FROM numbers"), 200);
	store_close(reader);
	assert_int_equal(place_count(&place), 1);
}

/* ---- Damage ---- */

/* All of it through the views: 0 and a digest, or an error with a sentence. */
static int read_all(uint32_t *ret_n)
{
	static const char *const queries[] = { "SELECT count(*), sum(value), max(attrs) FROM numbers",
		                               "SELECT count(*), sum(p50), sum(p99), max(attrs) FROM histograms",
		                               "SELECT count(*), sum(dur_ns), max(attrs) FROM spans",
		                               "SELECT count(*), max(stack), max(module), sum(self) FROM weights",
		                               "SELECT count(*), max(path), sum(read) FROM sources",
		                               "SELECT count(*), max(message) FROM diags",
		                               "SELECT count(*), max(help) FROM metrics",
		                               "SELECT count(*), max(value) FROM facts",
		                               "SELECT count(*), sum(n) FROM totals" };
	struct store *s;
	sqlite3_stmt *statement;
	int r = store_open(place.store, STORE_READ, &s, &error);

	*ret_n = 0;
	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]) && r >= 0; i++) {
		r = query_prepare(s, queries[i], &statement, &error);
		if (r < 0)
			break;
		r = query_step(s, statement, &error);
		if (r > 0)
			*ret_n += (uint32_t)sqlite3_column_int64(statement, 0);
		(void)sqlite3_finalize(statement);
	}
	store_close(s);
	return r;
}

static void must_be_said_well(int r)
{
	if (strncmp(error.text, "store: ", 7) != 0 && strncmp(error.text, "sql: ", 5) != 0)
		fail_msg("result %d with `%s`", r, error.text);
}

static void flipped_bits_in_every_page_never_crash_and_are_said(void **state)
{
	struct made_random random = { 77 };
	struct bytes good;
	uint32_t n_all, n, n_said = 0, n_silent = 0;

	make_store();
	assert_true(read_all(&n_all) >= 0);
	good = bytes_read(place.store);
	for (size_t page = 0; page < good.n; page += 4096)
		for (int region = 0; region < 8; region++) {
			size_t at = page + (size_t)region * 512 + made_below(&random, 512);
			uint8_t bit = (uint8_t)(1 << made_below(&random, 8));
			int r;

			good.at[at] ^= bit;
			write_file(place.store, good.at, good.n);
			good.at[at] ^= bit;
			r = read_all(&n);
			n_said += r < 0;
			n_silent += r >= 0 && n != n_all;
			if (r < 0)
				must_be_said_well(r);
			(void)unlink(place_path(&place, "s.weir-wal"));
			(void)unlink(place_path(&place, "s.weir-shm"));
		}
	printf("%u of %zu flips were said, %u lost rows in silence\n", n_said, good.n / 512, n_silent);
	assert_true(n_said > 0);
	assert_int_equal(n_silent, 0);
	bytes_done(&good);
}

static void a_cut_store_is_said_or_whole(void **state)
{
	struct bytes good;
	uint32_t n_all, n;

	make_store();
	assert_true(read_all(&n_all) >= 0);
	good = bytes_read(place.store);
	for (size_t n_left = 1; n_left < good.n; n_left += 1500) {
		int r;

		write_file(place.store, good.at, n_left);
		r = read_all(&n);
		if (r >= 0)
			fail_msg("%zu of %zu bytes give %u of %u rows and no error", n_left, good.n, n, n_all);
		must_be_said_well(r);
		(void)unlink(place_path(&place, "s.weir-wal"));
		(void)unlink(place_path(&place, "s.weir-shm"));
	}
	bytes_done(&good);
}

int main(void)
{
#define FAULT_TEST(name) cmocka_unit_test_setup_teardown(name, begin, place_end)
	const struct CMUnitTest tests[] = {
		FAULT_TEST(another_programs_file_is_refused_and_left_as_it_is),
		FAULT_TEST(what_is_no_file_is_refused),
		FAULT_TEST(a_store_in_a_folder_that_is_not_there_is_refused),
		FAULT_TEST(a_newer_store_is_refused_with_both_versions),
		FAULT_TEST(a_store_that_is_gone_is_no_success),
		FAULT_TEST(paths_that_sqlite_takes_for_something_else_are_paths),
		FAULT_TEST(a_reader_sees_commits_while_a_writer_works),
		FAULT_TEST(flipped_bits_in_every_page_never_crash_and_are_said),
		FAULT_TEST(a_cut_store_is_said_or_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
