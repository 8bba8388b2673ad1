/* SPDX-License-Identifier: Apache-2.0 */
/* The loadable extension in the plain sqlite3 program. */
#include "tests/store/made_source.h"
#include "tests/store/place.h"
#include "tests/support/sanitized.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct weir_error error;

static void make_store(void)
{
	struct store *s = place_open(&place, STORE_CREATE);

	assert_int_equal(made_fill(s, 3, 1, 500, &error), 0);
	store_close(s);
}

/* What the program prints, on both outputs; "" when there is no such program. */
static const char *run(const char *command)
{
	static char text[4096];
	FILE *f = popen(command, "re");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)pclose(f);
	return text;
}

static int has_sqlite3(void)
{
	if (!IS_SANITIZED && *run("command -v sqlite3"))
		return 1;
	printf("skipped: %s\n",
	       IS_SANITIZED ? "a sanitized object does not load into a program that is not" : "sqlite3 is not here");
	return 0;
}

static const char *ask(const char *file, const char *sql)
{
	char command[2048];

	(void)snprintf(command, sizeof(command), "sqlite3 '%s' '.load %s' \"%s\" 2>&1", file, STORE_EXTENSION_PATH,
	               sql);
	return run(command);
}

static void plain_sqlite3_sees_the_same_views(void **state)
{
	static const char sql[] = "SELECT group_concat(x, ' ') FROM (SELECT metric || value AS x FROM numbers"
				  " ORDER BY metric, t_ns LIMIT 20)";
	char expected[4096];
	struct store *s;

	if (!has_sqlite3())
		skip();
	make_store();
	s = place_open(&place, STORE_READ);
	(void)snprintf(expected, sizeof(expected), "%.4000s\n", place_ask_text(s, sql));
	assert_string_equal(ask(place.store, sql), expected);
	assert_string_equal(ask(place.store, "SELECT count(stack), count(DISTINCT name) > 3 FROM weights"), "1000|1\n");
	assert_string_equal(ask(place.store, "SELECT count(p99) FROM histograms; SELECT max(attrs) > '{' FROM spans"),
	                    "500\n1\n");
	assert_string_equal(ask(place.store, "SELECT status FROM sources"), "ok\n");
	store_close(s);
	assert_int_equal(place_count(&place), 1);
}

static void a_file_that_is_no_store_is_said(void **state)
{
	if (!has_sqlite3())
		skip();
	assert_non_null(strstr(ask(place_path(&place, "other.db"), "SELECT 1"), "not a weir store"));
}

static void it_exports_its_entry_and_needs_no_sqlite(void **state)
{
	char command[1024];
	const char *text;

	if (!*run("command -v nm"))
		skip();
	(void)snprintf(command, sizeof(command), "nm -D --defined-only --format=posix '%s' | cut -d' ' -f1",
	               STORE_EXTENSION_PATH);
	text = run(command);
	if (!strstr(text, "asan"))
		assert_string_equal(text, "sqlite3_weirstore_init\n");
	(void)snprintf(command, sizeof(command), "nm -D --undefined-only '%s' | grep sqlite3_", STORE_EXTENSION_PATH);
	assert_string_equal(run(command), "");
}

int main(void)
{
#define EXTENSION_TEST(name) cmocka_unit_test_setup_teardown(name, place_begin, place_end)
	const struct CMUnitTest tests[] = {
		EXTENSION_TEST(plain_sqlite3_sees_the_same_views),
		EXTENSION_TEST(a_file_that_is_no_store_is_said),
		EXTENSION_TEST(it_exports_its_entry_and_needs_no_sqlite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
