/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/sqlite_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

/* SQLite itself reads what was written, and checks every page of it. */

struct made {
	char path[64];
	FILE *file;
	struct sqlite_file *out;
};

static void begin(struct made *m)
{
	int fd;

	strcpy(m->path, "/tmp/weir-sqlite-file-XXXXXX");
	fd = mkstemp(m->path);
	assert_true(fd >= 0);
	m->file = fdopen(fd, "wb");
	m->out = sqlite_file_new(m->file);
	assert_non_null(m->out);
}

static sqlite3 *end(struct made *m)
{
	sqlite3 *db;
	sqlite3_stmt *check;

	assert_int_equal(sqlite_file_finish(m->out), 0);
	sqlite_file_free(m->out);
	assert_int_equal(fclose(m->file), 0);
	assert_int_equal(sqlite3_open(m->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "pragma integrity_check", -1, &check, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(check), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(check, 0), "ok");
	assert_int_equal(sqlite3_finalize(check), SQLITE_OK);
	return db;
}

static void forget(struct made *m, sqlite3 *db)
{
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(unlink(m->path), 0);
}

static int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;
	int64_t value;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	value = sqlite3_column_int64(s, 0);
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	return value;
}

static struct sqlite_file_value integer(int64_t v)
{
	return (struct sqlite_file_value){ .type = SQLITE_FILE_INTEGER, .integer = v };
}

static struct sqlite_file_value text(const char *at, size_t n)
{
	return (struct sqlite_file_value){ .type = SQLITE_FILE_TEXT, .bytes = { at, n } };
}

static void empty_tables_are_tables(void **state)
{
	struct made m;
	sqlite3 *db;

	begin(&m);
	assert_int_equal(sqlite_file_table(m.out, "a", "CREATE TABLE a (x INTEGER)"), 0);
	assert_int_equal(sqlite_file_table(m.out, "b", "CREATE TABLE b (y TEXT, z REAL)"), 1);
	db = end(&m);
	assert_int_equal(number(db, "select count(*) from a"), 0);
	assert_int_equal(number(db, "select count(*) from b"), 0);
	forget(&m, db);
}

static void every_value_comes_back(void **state)
{
	static const int64_t integers[] = { 0,
		                            1,
		                            -1,
		                            127,
		                            -128,
		                            128,
		                            32767,
		                            -32768,
		                            32768,
		                            8388607,
		                            -8388608,
		                            8388608,
		                            2147483647,
		                            -2147483648,
		                            2147483648,
		                            140737488355327,
		                            -140737488355328,
		                            140737488355328,
		                            INT64_MAX,
		                            INT64_MIN };
	struct made m;
	sqlite3 *db;
	sqlite3_stmt *s;

	begin(&m);
	(void)sqlite_file_table(m.out, "t", "CREATE TABLE t (i INTEGER, r REAL, s TEXT, b BLOB, n)");
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++)
		assert_int_equal(sqlite_file_row(m.out, 0,
		                                 (struct sqlite_file_value[]){
							 integer(integers[i]),
							 { .type = SQLITE_FILE_REAL, .real = (double)integers[i] / 3 },
							 text("größe", i % 8),
							 { .type = SQLITE_FILE_BLOB, .bytes = { "\0\1\2", 3 } },
							 { .type = SQLITE_FILE_NULL },
						 },
		                                 5),
		                 0);
	db = end(&m);
	assert_int_equal(sqlite3_prepare_v2(db, "select * from t order by rowid", -1, &s, NULL), SQLITE_OK);
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
		assert_int_equal(sqlite3_step(s), SQLITE_ROW);
		assert_int_equal(sqlite3_column_int64(s, 0), integers[i]);
		assert_true(sqlite3_column_double(s, 1) == (double)integers[i] / 3);
		assert_int_equal(sqlite3_column_bytes(s, 2), i % 8);
		assert_int_equal(sqlite3_column_bytes(s, 3), 3);
		assert_int_equal(sqlite3_column_type(s, 4), SQLITE_NULL);
	}
	assert_int_equal(sqlite3_step(s), SQLITE_DONE);
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	forget(&m, db);
}

/* Sizes around where a page is full, where a row leaves its page, and where its chain gets another page. */
static void rows_of_any_length_come_back(void **state)
{
	static const size_t sizes[] = { 0,     100,   30000,  65490,  65491,  65495,  65496,
		                        65497, 65498, 65499,  65500,  65501,  65502,  65536,
		                        73700, 73800, 131000, 131060, 139000, 200000, 1000000 };
	char *bytes = malloc(1000000);
	struct made m;
	sqlite3 *db;
	sqlite3_stmt *s;

	assert_non_null(bytes);
	for (size_t i = 0; i < 1000000; i++)
		bytes[i] = (char)('a' + i * 7 % 26);
	begin(&m);
	(void)sqlite_file_table(m.out, "t", "CREATE TABLE t (n INTEGER, s TEXT)");
	for (size_t i = 0; i < 3 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = sizes[i % (sizeof(sizes) / sizeof(sizes[0]))];

		assert_int_equal(sqlite_file_row(m.out, 0,
		                                 (struct sqlite_file_value[]){ integer((int64_t)n), text(bytes, n) },
		                                 2),
		                 0);
	}
	db = end(&m);
	assert_int_equal(sqlite3_prepare_v2(db, "select n, s from t", -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		assert_int_equal(sqlite3_column_bytes(s, 1), sqlite3_column_int64(s, 0));
		assert_memory_equal(sqlite3_column_text(s, 1), bytes, (size_t)sqlite3_column_int64(s, 0));
	}
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	assert_int_equal(number(db, "select count(*) from t"), 3 * sizeof(sizes) / sizeof(sizes[0]));
	forget(&m, db);
	free(bytes);
}

/* Enough leaves for two levels above them: a page of 64 KiB points at more than 5,000 others. */
static void a_tree_grows_as_high_as_it_must(void **state)
{
	enum {
		N_ROWS = 6100,
		N_LONG = 60000
	};
	char *bytes = calloc(1, N_LONG);
	struct made m;
	sqlite3 *db;

	assert_non_null(bytes);
	memset(bytes, 'x', N_LONG);
	begin(&m);
	(void)sqlite_file_table(m.out, "t", "CREATE TABLE t (n INTEGER, s TEXT)");
	(void)sqlite_file_table(m.out, "u", "CREATE TABLE u (n INTEGER)");
	for (int i = 0; i < N_ROWS; i++) {
		(void)sqlite_file_row(m.out, 0, (struct sqlite_file_value[]){ integer(i), text(bytes, N_LONG) }, 2);
		(void)sqlite_file_row(m.out, 1, (struct sqlite_file_value[]){ integer(i) }, 1);
	}
	db = end(&m);
	assert_int_equal(number(db, "select count(*) from t"), N_ROWS);
	assert_int_equal(number(db, "select sum(n) from t"), (int64_t)N_ROWS * (N_ROWS - 1) / 2);
	assert_int_equal(number(db, "select sum(n) from u"), (int64_t)N_ROWS * (N_ROWS - 1) / 2);
	assert_int_equal(number(db, "select n from t where rowid = 6000"), 5999);
	forget(&m, db);
	free(bytes);
}

static void a_value_beyond_the_bound_is_refused(void **state)
{
	struct made m;

	begin(&m);
	(void)sqlite_file_table(m.out, "t", "CREATE TABLE t (s TEXT)");
	assert_int_equal(
		sqlite_file_row(m.out, 0, (struct sqlite_file_value[]){ text("", SQLITE_FILE_VALUE_MAX + 1) }, 1), -7);
	assert_int_equal(sqlite_file_finish(m.out), -7); /* -E2BIG, and it stays */
	sqlite_file_free(m.out);
	(void)fclose(m.file);
	(void)unlink(m.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_tables_are_tables),
		cmocka_unit_test(every_value_comes_back),
		cmocka_unit_test(rows_of_any_length_come_back),
		cmocka_unit_test(a_tree_grows_as_high_as_it_must),
		cmocka_unit_test(a_value_beyond_the_bound_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
