/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as JSON, and what cannot be asked or read. */
#include "store/query.h"
#include "store/json.h"
#include "tests/store/place.h"
#include "tests/store/viewed.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_damaged_block_is_named(void **state)
{
	sqlite3_stmt *s;

	viewed_fill(1, 100);
	assert_int_equal(store_commit(store, 1, &error), 0);
	assert_int_equal(sqlite3_exec(query_db(store), "UPDATE main.segment SET bytes = zeroblob(length(bytes))", NULL,
	                              NULL, NULL),
	                 SQLITE_OK);
	s = viewed_prepare("SELECT value FROM numbers");
	assert_int_equal(query_step(store, s, &error), -EBADMSG);
	assert_string_equal(error.text, "store: source 1: block 0 of series 1 is damaged");
	(void)sqlite3_finalize(s);
	s = viewed_prepare("SELECT stack FROM weights");
	assert_int_equal(query_step(store, s, &error), -EBADMSG);
	(void)sqlite3_finalize(s);
	assert_int_equal(sqlite3_exec(query_db(store), "DELETE FROM main.segment", NULL, NULL, NULL), SQLITE_OK);
	s = viewed_prepare("SELECT value FROM numbers");
	assert_int_equal(query_step(store, s, &error), -EBADMSG);
	(void)sqlite3_finalize(s);
	assert_int_equal(sqlite3_exec(query_db(store), "UPDATE main.block SET n_rows = 4097", NULL, NULL, NULL),
	                 SQLITE_OK);
	s = viewed_prepare("SELECT count(*) FROM numbers");
	assert_int_equal(query_step(store, s, &error), -EBADMSG);
	(void)sqlite3_finalize(s);
}

static void a_weight_without_its_stack_is_damage(void **state)
{
	struct weir_weight w = { .series = 1, .stack = 5 };
	sqlite3_stmt *s;

	viewed_source("a");
	viewed_series(1, MADE_TICKS, "{}");
	(void)viewed_stack(0, "MAIN", "", "", 0);
	assert_int_equal(builder_weights(builder, &w, 1), 0);
	viewed_source_end();
	assert_int_equal(place_ask(store, "SELECT count(self) FROM weights"), 0);
	s = viewed_prepare("SELECT name FROM weights");
	assert_int_equal(query_step(store, s, &error), -EBADMSG);
	assert_string_equal(error.text, "store: source 1: its stacks are damaged after number 1");
	(void)sqlite3_finalize(s);
}

static void what_is_no_sql_is_said_with_its_place(void **state)
{
	sqlite3_stmt *s;

	assert_int_equal(query_prepare(store, "SELECT\n  absent FROM numbers", &s, &error), -EINVAL);
	assert_string_equal(error.text, "sql: line 2, column 3: no such column: absent");
	assert_null(s);
	assert_int_equal(query_prepare(store, "SELEC", &s, &error), -EINVAL);
	assert_string_equal(error.text, "sql: line 1, column 1: near \"SELEC\": syntax error");
	assert_int_equal(query_prepare(store, " -- nothing", &s, &error), -EINVAL);
	assert_int_equal(query_prepare(store, "SELECT 1; SELECT 2", &s, &error), -EINVAL);
	assert_int_equal(query_prepare(store, "SELECT 1 ; ", &s, &error), 0);
	(void)sqlite3_finalize(s);
}

static void a_row_is_a_json_object(void **state)
{
	char text[512];
	struct json_out out = { text, sizeof(text), 0 };
	static const char expected[] =
		"{\"attrs\":{\"pid\":\"7\"},\"reasons\":{\"bad\":{\"x\":1}},\"a\\\"b\":\"t\\n\",\"i\":-5,"
		"\"d\":0.5,\"n\":null,\"b\":\"00ff\",\"x\":1e999}";
	struct store_source_result result = { .status = STORE_OK, .reasons_json = "{\"bad\":{\"x\":1}}" };
	sqlite3_stmt *s;

	viewed_source("a");
	viewed_series(1, MADE_COUNTER, "{\"pid\":\"7\"}");
	assert_int_equal(builder_numbers(builder, &(struct weir_number){ .series = 1 }, 1), 0);
	assert_int_equal(builder_finish(builder), 0);
	assert_int_equal(store_source_end(sink.source, &result, &error), 0);
	builder_free(builder);
	s = viewed_prepare(
		"SELECT v.attrs, o.reasons, 't' || char(10) AS \"a\"\"b\", -5 AS i, 0.5 AS d, NULL AS n, x'00ff' AS b,"
		" 9e999 AS x FROM numbers v JOIN sources o ON o.run = v.run");
	assert_int_equal(viewed_step(s), 1);
	query_row_json(s, &out);
	assert_int_equal(out.n, strlen(expected));
	assert_memory_equal(text, expected, out.n);
	/* What does not fit is only counted. */
	out = (struct json_out){ text, 10, 0 };
	memset(text, '#', sizeof(text));
	query_row_json(s, &out);
	assert_int_equal(out.n, strlen(expected));
	assert_memory_equal(text + 10, "####", 4);
	(void)sqlite3_finalize(s);
}

static void damaged_attributes_are_text_and_not_json(void **state)
{
	char text[256];
	struct json_out out = { text, sizeof(text), 0 };
	static const char expected[] = "{\"attrs\":\"{\\\"a\\\":}\"}";
	sqlite3_stmt *s;

	viewed_source("a");
	viewed_series(1, MADE_COUNTER, "{\"a\":}");
	assert_int_equal(builder_numbers(builder, &(struct weir_number){ .series = 1 }, 1), 0);
	viewed_source_end();
	s = viewed_prepare("SELECT attrs FROM numbers");
	assert_int_equal(viewed_step(s), 1);
	query_row_json(s, &out);
	assert_int_equal(out.n, strlen(expected));
	assert_memory_equal(text, expected, out.n);
	(void)sqlite3_finalize(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VIEWED_TEST(a_damaged_block_is_named),
		VIEWED_TEST(a_weight_without_its_stack_is_damage),
		VIEWED_TEST(what_is_no_sql_is_said_with_its_place),
		VIEWED_TEST(a_row_is_a_json_object),
		VIEWED_TEST(damaged_attributes_are_text_and_not_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
