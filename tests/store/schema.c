/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema.h"

#include "tests/store/made_source.h"
#include "tests/store/place.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct weir_error error;
static sqlite3 *db;

static int begin(void **state)
{
	place_init(&place);
	error.text[0] = '\0';
	return sqlite3_open(place.store, &db);
}

static int end(void **state)
{
	(void)sqlite3_close(db);
	place_done(&place);
	return 0;
}

static int64_t ask(const char *sql)
{
	int64_t v;

	assert_int_equal(sql_integer(db, place.store, sql, &v, &error), 0);
	return v;
}

static void a_new_file_gets_all_tables_and_its_identity(void **state)
{
	struct schema_identity id;

	assert_int_equal(schema_identify(db, place.store, &id, &error), 0);
	assert_true(id.is_empty);
	assert_int_equal(schema_check(&id, place.store, 0, &error), 0);
	assert_int_equal(schema_check(&id, place.store, 1, &error), -EBADMSG);
	assert_int_equal(schema_migrate(db, place.store, 0, schema_steps, SCHEMA_VERSION, &error), 0);
	assert_int_equal(schema_identify(db, place.store, &id, &error), 0);
	assert_false(id.is_empty);
	assert_int_equal(id.version, SCHEMA_VERSION);
	assert_int_equal(id.application_id, SCHEMA_APPLICATION_ID);
	assert_int_equal(schema_check(&id, place.store, 1, &error), 0);
	/* Once more does nothing. */
	assert_int_equal(schema_migrate(db, place.store, id.version, schema_steps, SCHEMA_VERSION, &error), 0);
}

/* A made-up past: version 0 had one table with a name and a value in one text; two steps take it apart. */
static const char *const made_steps[] = {
	"CREATE TABLE fact2 (name TEXT, value TEXT);"
	"INSERT INTO fact2 SELECT substr(text, 1, instr(text, '=') - 1), substr(text, instr(text, '=') + 1) FROM fact;"
	"DROP TABLE fact; ALTER TABLE fact2 RENAME TO fact",
	"ALTER TABLE fact ADD COLUMN node INTEGER NOT NULL DEFAULT 0",
	"CREATE TABLE extra (x); INSERT INTO nowhere VALUES (1)",
};

static void make_version_0(void)
{
	assert_int_equal(sql_run(db, place.store,
	                         "CREATE TABLE fact (text); INSERT INTO fact VALUES ('era=conway'), ('a=b=c')", &error),
	                 0);
}

static void an_older_file_keeps_its_data_step_by_step(void **state)
{
	make_version_0();
	assert_int_equal(schema_migrate(db, place.store, 0, made_steps, 1, &error), 0);
	assert_int_equal(ask("PRAGMA user_version"), 1);
	assert_int_equal(ask("SELECT count(*) FROM fact WHERE (name, value) IN (('era', 'conway'), ('a', 'b=c'))"), 2);
	assert_int_equal(schema_migrate(db, place.store, 1, made_steps, 2, &error), 0);
	assert_int_equal(ask("PRAGMA user_version"), 2);
	assert_int_equal(ask("SELECT count(*) FROM fact WHERE node = 0"), 2);
}

static void several_steps_go_at_once(void **state)
{
	make_version_0();
	assert_int_equal(schema_migrate(db, place.store, 0, made_steps, 2, &error), 0);
	assert_int_equal(ask("SELECT count(*) FROM fact WHERE node = 0 AND value = 'conway'"), 1);
	assert_int_equal(ask("PRAGMA application_id"), SCHEMA_APPLICATION_ID);
}

static void a_step_that_fails_undoes_them_all(void **state)
{
	make_version_0();
	assert_int_equal(schema_migrate(db, place.store, 0, made_steps, 3, &error), -EINVAL);
	assert_non_null(strstr(error.text, "no such table: nowhere"));
	assert_int_equal(ask("PRAGMA user_version"), 0);
	assert_int_equal(ask("SELECT count(*) FROM fact WHERE text = 'era=conway'"), 1);
	assert_int_equal(ask("SELECT count(*) FROM sqlite_schema"), 1);
}

/* What a weir of version 1 left, without its seal: the same rows in the tables of that time. */
static void make_version_1(const char *path)
{
	static const char *const tables[] = { "run",       "node",   "fact",     "component",   "unclaimed",
		                              "collector", "metric", "declared", "source_fact", "diag",
		                              "segment",   "block",  "source" };
	char sql[512];

	assert_int_equal(schema_migrate(db, place.store, 0, schema_steps, 1, &error), 0);
	(void)snprintf(sql, sizeof(sql), "ATTACH '%s' AS new", path);
	assert_int_equal(sql_run(db, path, sql, &error), 0);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		(void)snprintf(sql, sizeof(sql), "INSERT INTO main.%s SELECT * FROM new.%s", tables[i], tables[i]);
		assert_int_equal(sql_run(db, path, sql, &error), 0);
	}
	assert_int_equal(sql_run(db, path,
	                         "INSERT INTO main.series SELECT source, id, metric, attrs FROM new.series;"
	                         "INSERT INTO main.seal VALUES (1, 0); DETACH new",
	                         &error),
	                 0);
}

static void a_store_of_version_1_shows_the_same(void **state)
{
	struct place other;
	const struct made_source what = { 1, 1, 1, "3.log", 3, 500, 0 }; /* what made_fill() makes */
	struct store *s;
	uint32_t digest;

	place_init(&other);
	s = place_open(&other, STORE_CREATE);
	assert_int_equal(made_fill(s, 3, 1, 500, &error), 0);
	digest = place_digest(s, 0);
	store_close(s);
	make_version_1(other.store);
	assert_int_equal(store_open(place.store, STORE_READ, &s, &error), -ENOTSUP);
	s = place_open(&place, STORE_CREATE);
	assert_int_equal(place_digest(s, 0), digest);
	assert_int_equal(made_ingest(s, &what, &error), 1);
	store_close(s);
	s = place_open(&place, STORE_READ);
	assert_int_equal(place_digest(s, 0), digest);
	store_close(s);
	place_done(&other);
}

static void versions_that_do_not_fit_are_refused_with_what_to_do(void **state)
{
	struct schema_identity id = { .application_id = SCHEMA_APPLICATION_ID, .version = SCHEMA_VERSION + 7 };

	assert_int_equal(schema_check(&id, "x.weir", 0, &error), -ENOTSUP);
	assert_string_equal(error.text, "store: x.weir: version 9, and this weir reads up to 2: use a newer weir");
	id.version = SCHEMA_VERSION - 1;
	assert_int_equal(schema_check(&id, "x.weir", 0, &error), 0);
	assert_int_equal(schema_check(&id, "x.weir", 1, &error), -ENOTSUP);
	assert_non_null(strstr(error.text, "version 1, and this weir reads 2: `weir ingest"));
	id.application_id = 5;
	assert_int_equal(schema_check(&id, "x.weir", 0, &error), -EBADMSG);
}

int main(void)
{
#define SCHEMA_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		SCHEMA_TEST(a_new_file_gets_all_tables_and_its_identity),
		SCHEMA_TEST(an_older_file_keeps_its_data_step_by_step),
		SCHEMA_TEST(several_steps_go_at_once),
		SCHEMA_TEST(a_step_that_fails_undoes_them_all),
		SCHEMA_TEST(a_store_of_version_1_shows_the_same),
		SCHEMA_TEST(versions_that_do_not_fit_are_refused_with_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
