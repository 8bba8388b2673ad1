/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store/made_source.h"
#include "tests/store/place.h"

#include "store/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct place place;

static int begin(void **state)
{
	place_init(&place);
	return 0;
}

static int end(void **state)
{
	place_done(&place);
	return 0;
}

/* A store with two made sources, read back. */
static struct store *made(void)
{
	struct made_source what = { .path = "a.prof", .seed = 1, .n = 1000 };
	struct store *s = place_open(&place, STORE_CREATE);
	struct weir_error error;

	assert_int_equal(store_run(s, "r", &what.run, &error), 0);
	assert_int_equal(store_node(s, what.run, "n", &what.node, &error), 0);
	assert_int_equal(made_collector(s, "c", &what.collector, &error), 0);
	assert_int_equal(made_ingest(s, &what, &error), 0);
	what.path = "b.prof";
	what.seed = 2;
	assert_int_equal(made_ingest(s, &what, &error), 0);
	return s;
}

static void every_weight_finds_its_stack_and_that_has_its_names(void **state)
{
	struct store *s = made();

	assert_true(place_ask(s, "SELECT count(*) FROM weir_weights") > 0);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM weights"),
	                 place_ask(s,
	                           "SELECT count(*) FROM weir_weights w JOIN weir_stacks k USING (source_id, stack_id)"
	                           " WHERE w.name IS nullif(k.name, '') OR w.name = k.name"));
	assert_int_equal(place_ask(s, "SELECT count(DISTINCT source_id) FROM weir_stacks"), 2);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM weir_sources"), 2);
	store_close(s);
}

static void parents_come_before_children_and_depths_count_them(void **state)
{
	struct store *s = made();

	assert_int_equal(place_ask(s, "SELECT count(*) FROM weir_stacks WHERE parent_id >= stack_id"), 0);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM weir_stacks WHERE parent_id = 0 AND depth <> 1"), 0);
	assert_int_equal(
		place_ask(s, "WITH k AS MATERIALIZED (SELECT * FROM weir_stacks), p AS MATERIALIZED (SELECT * FROM k)"
	                     " SELECT count(*) FROM k JOIN p ON p.source_id = k.source_id AND"
	                     " p.stack_id = k.parent_id WHERE k.depth <> p.depth + 1"),
		0);
	assert_int_equal(place_ask(s, "SELECT max(depth) > 1 FROM weir_stacks"), 1);
	store_close(s);
}

static void one_source_is_had_without_the_others(void **state)
{
	struct store *s = made();
	int64_t second = place_ask(s, "SELECT max(source_id) FROM weir_sources");
	char sql[128];

	(void)snprintf(sql, sizeof(sql), "SELECT count(DISTINCT source_id) FROM weir_stacks WHERE source_id = %lld",
	               (long long)second);
	assert_int_equal(place_ask(s, sql), 1);
	(void)snprintf(sql, sizeof(sql), "SELECT min(source_id) FROM weir_stacks WHERE source_id = %lld",
	               (long long)second);
	assert_int_equal(place_ask(s, sql), second);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM weir_stacks WHERE source_id = 99"), 0);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM weir_stacks WHERE source_id = NULL"), 0);
	store_close(s);
}

static void rows_come_in_the_order_that_was_asked_for(void **state)
{
	struct store *s = made();

	assert_int_equal(place_ask(s, "SELECT stack_id FROM weir_stacks WHERE source_id = 1 ORDER BY stack_id"), 1);
	assert_true(place_ask(s, "SELECT stack_id FROM weir_stacks WHERE source_id = 1 ORDER BY stack_id DESC") > 1);
	assert_int_equal(place_ask(s, "SELECT source_id FROM weir_stacks ORDER BY source_id DESC, stack_id"), 2);
	store_close(s);
}

/* Ids change from file to file, and a kill changes them too. */
static void no_view_of_the_public_interface_has_ids(void **state)
{
	static const char *const views[] = { "numbers", "histograms", "spans", "weights", "sources", "diags", "facts" };
	struct store *s = made();
	char sql[128];

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		(void)snprintf(sql, sizeof(sql),
		               "SELECT count(*) FROM pragma_table_info('%s') WHERE name LIKE '%%_id' AND"
		               " name <> 'native_id'",
		               views[i]);
		assert_int_equal(place_ask(s, sql), 0);
	}
	store_close(s);
}

#define STACKS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		STACKS_TEST(every_weight_finds_its_stack_and_that_has_its_names),
		STACKS_TEST(parents_come_before_children_and_depths_count_them),
		STACKS_TEST(one_source_is_had_without_the_others),
		STACKS_TEST(rows_come_in_the_order_that_was_asked_for),
		STACKS_TEST(no_view_of_the_public_interface_has_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
