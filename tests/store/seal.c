/* SPDX-License-Identifier: Apache-2.0 */
/* What changes a store behind its writer's back is seen. */
#include "store/seal.h"

#include "store/query.h"
#include "tests/store/made.h"
#include "tests/store/made_source.h"
#include "tests/store/place.h"
#include "tests/support/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	N_FLIPS = 1000,
};

static struct weir_error error;

static int begin(void **state)
{
	error.text[0] = '\0';
	return place_begin(state);
}

/* Something in every table. */
static void fill(struct store *s)
{
	const struct weir_diag diag = {
		.severity = WEIR_WARNING, .code = "made.odd", .offset = 5, .count = 1, .message = { "odd", 3 }
	};
	struct store_source *source;
	int64_t run, node, collector;

	assert_int_equal(store_run(s, "run", &run, &error), 0);
	assert_int_equal(store_node(s, run, "node-0", &node, &error), 0);
	assert_int_equal(store_fact(s, run, node, "era", (struct weir_text){ "conway", 6 }, &error), 0);
	assert_int_equal(store_component(s, run, "cardano-node", "10.6.1", "db3f21a990", &error), 0);
	assert_int_equal(store_unclaimed(s, run, node, "notes.txt", 19, "no collector", &error), 0);
	assert_int_equal(made_collector(s, "made", &collector, &error), 0);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(
			made_ingest(s,
		                    &(struct made_source){ run, node, collector, i ? "1.log" : "0.log", i + 1, 40, 0 },
		                    &error),
			0);
	assert_int_equal(store_source_begin(s, &(struct store_source_info){ run, node, collector, "2.log", 9, 9, "{}" },
	                                    &source, &error),
	                 0);
	assert_int_equal(store_source_fact(source, "program", (struct weir_text){ "cardano-node", 12 }, &error), 0);
	assert_int_equal(store_source_diag(source, &diag, &error), 0);
	assert_int_equal(made_end(source, 0, &error), 0);
}

static void make_store(void)
{
	struct store *s = place_open(&place, STORE_CREATE);

	fill(s);
	store_close(s);
}

static void change(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(place.store, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int64_t n_seals(void)
{
	struct store *s = place_open(&place, STORE_READ);
	int64_t n = place_ask(s, "SELECT count(*) FROM main.seal");

	store_close(s);
	return n;
}

/* ---- What it covers ---- */

static int is_covered(const char *name)
{
	char as_table[128], as_index[128];

	(void)snprintf(as_table, sizeof(as_table), " FROM main.%s ", name);
	(void)snprintf(as_index, sizeof(as_index), " INDEXED BY %s", name);
	for (uint32_t i = 0; seal_queries[i]; i++) {
		const char *at = strstr(seal_queries[i], as_index);

		if ((strncmp(seal_queries[i], "SELECT * ", 9) == 0 && strstr(seal_queries[i], as_table)) ||
		    (at && at[strlen(as_index)] == '\0'))
			return 1;
	}
	return 0;
}

static void every_table_and_index_is_covered_and_has_rows(void **state)
{
	int n = 0;
	sqlite3_stmt *q;
	struct store *s;

	make_store();
	s = place_open(&place, STORE_READ);
	/* A table without row ids is its primary key's index. */
	assert_int_equal(
		query_prepare(s,
	                      "SELECT name, type FROM main.sqlite_schema WHERE name NOT IN ('seal', 'segment') AND NOT"
	                      " (sql IS NULL AND tbl_name IN (SELECT tbl_name FROM main.sqlite_schema WHERE sql LIKE"
	                      " '%WITHOUT ROWID'))",
	                      &q, &error),
		0);
	for (; query_step(s, q, &error) > 0; n++) {
		const char *name = (const char *)sqlite3_column_text(q, 0);
		char sql[128];

		if (!is_covered(name))
			fail_msg("%s is not covered", name);
		(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM main.%s", name);
		if (strcmp((const char *)sqlite3_column_text(q, 1), "table") == 0 && place_ask(s, sql) == 0)
			fail_msg("%s is empty here", name);
	}
	(void)sqlite3_finalize(q);
	for (uint32_t i = 0; seal_queries[i]; i++)
		n--;
	/* And what says what the tables are. */
	assert_int_equal(n + 1, 0);
	store_close(s);
}

/* ---- When it is there ---- */

static void a_store_is_sealed_when_its_writer_is_done_and_not_before(void **state)
{
	struct store *s = place_open(&place, STORE_CREATE);

	fill(s);
	assert_int_equal(store_commit(s, 1, &error), 0);
	assert_int_equal(n_seals(), 0);
	store_close(s);
	assert_int_equal(n_seals(), 1);
	store_close(place_open(&place, STORE_WRITE));
	assert_int_equal(n_seals(), 1);
}

static void a_killed_writer_leaves_no_seal_and_the_next_one_seals(void **state)
{
	struct store *s;
	int64_t run;
	pid_t child;
	int status;

	make_store();
	child = fork();
	if (child == 0) {
		if (store_open(place.store, STORE_WRITE, &s, NULL) < 0 || store_run(s, "another", &run, NULL) < 0 ||
		    store_commit(s, 1, NULL) < 0)
			_exit(1);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(n_seals(), 0);
	s = place_open(&place, STORE_WRITE);
	assert_int_equal(store_run(s, "a third", &run, &error), 0);
	store_close(s);
	assert_int_equal(n_seals(), 1);
}

/* ---- What it finds ---- */

static void a_change_is_refused_by_readers_and_writers_until_the_seal_is_taken_off(void **state)
{
	static const enum store_mode modes[] = { STORE_READ, STORE_WRITE, STORE_CREATE };
	struct store *s;

	make_store();
	change("UPDATE fact SET value = 'babbage'");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(store_open(place.store, modes[i], &s, &error), -EBADMSG);
		assert_non_null(
			strstr(error.text, "damaged: names, facts, ledgers or indexes are not what was written"));
	}
	change("DELETE FROM seal");
	s = place_open(&place, STORE_READ);
	assert_string_equal(place_ask_text(s, "SELECT value FROM facts WHERE name = 'era'"), "babbage");
	store_close(s);
}

static void a_row_less_and_a_row_more_are_changes(void **state)
{
	static const char *const sql[] = {
		"DELETE FROM diag",
		"DELETE FROM block WHERE number = 0",
		"INSERT INTO run VALUES (77, '')",
		"UPDATE source SET n_bad = NULL, n_lost = 0 WHERE id = 1",
		"UPDATE block SET v_sum = -v_sum WHERE series = 1",
	};
	struct store *s;

	for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
		make_store();
		change(sql[i]);
		assert_int_equal(store_open(place.store, STORE_READ, &s, &error), -EBADMSG);
		assert_int_equal(unlink(place.store), 0);
	}
}

static void write_flipped(const struct bytes *b, uint64_t bit)
{
	int fd = open(place.store, O_WRONLY | O_CLOEXEC);
	uint8_t byte = (uint8_t)(b->at[bit / 8] ^ 1 << bit % 8);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
	assert_int_equal(close(fd), 0);
}

static void restore(const struct bytes *b)
{
	int fd = open(place.store, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, b->at, b->n), b->n);
	assert_int_equal(close(fd), 0);
	(void)unlink(place_path(&place, "s.weir-wal"));
	(void)unlink(place_path(&place, "s.weir-shm"));
}

/* 1: refused or an error, 0: every view as it was; a view that shows something else fails the test. */
static int is_seen(uint32_t expected, uint64_t bit)
{
	struct store *s;
	uint32_t found;
	int r = store_open(place.store, STORE_READ, &s, &error);

	if (r < 0)
		return 1;
	r = place_try_digest(s, 0, &found, &error);
	store_close(s);
	if (r == 0 && found != expected)
		fail_msg("bit %llu of byte %llu changes a view in silence", (unsigned long long)bit % 8,
		         (unsigned long long)bit / 8);
	return r < 0;
}

static void a_flipped_bit_never_changes_a_view_in_silence(void **state)
{
	struct made_random random = { 20261121 };
	struct bytes b;
	struct store *s;
	uint32_t expected, n_seen = 0;

	make_store();
	s = place_open(&place, STORE_READ);
	expected = place_digest(s, 0);
	store_close(s);
	b = bytes_read(place.store);
	for (uint32_t i = 0; i < N_FLIPS; i++) {
		uint64_t bit = made_below(&random, (uint64_t)b.n * 8);

		while (b.at[bit / 8] == 0) /* most of the rest is free space */
			bit = made_below(&random, (uint64_t)b.n * 8);
		write_flipped(&b, bit);
		n_seen += (uint32_t)is_seen(expected, bit);
		restore(&b);
	}
	/* Not all: SQLite leaves old bytes where it frees something. */
	assert_true(n_seen > N_FLIPS / 2);
	bytes_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_table_and_index_is_covered_and_has_rows, begin, place_end),
		cmocka_unit_test_setup_teardown(a_store_is_sealed_when_its_writer_is_done_and_not_before, begin,
		                                place_end),
		cmocka_unit_test_setup_teardown(a_killed_writer_leaves_no_seal_and_the_next_one_seals, begin,
		                                place_end),
		cmocka_unit_test_setup_teardown(a_change_is_refused_by_readers_and_writers_until_the_seal_is_taken_off,
		                                begin, place_end),
		cmocka_unit_test_setup_teardown(a_row_less_and_a_row_more_are_changes, begin, place_end),
		cmocka_unit_test_setup_teardown(a_flipped_bit_never_changes_a_view_in_silence, begin, place_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
