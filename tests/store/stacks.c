/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store/made_source.h"
#include "tests/store/place.h"

#include "store/lexicon.h"
#include "store/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A store with two made sources, read back. */
static struct store *made(void)
{
	struct store *s = place_open(&place, STORE_CREATE);
	struct weir_error error;

	assert_int_equal(made_fill(s, 1, 2, 1000, &error), 0);
	return s;
}

/* The columns that join with a source's dictionaries, held against what the view makes of them. */
static void every_weight_finds_its_stack_and_that_has_its_names(void **state)
{
	struct store *s = made();
	struct lexicon *l = lexicon_new(query_db(s));
	struct weir_error error;
	sqlite3_stmt *q;
	int n = 0;

	assert_int_equal(
		query_prepare(s, "SELECT source_id, stack_id, coalesce(name, ''), stack FROM weir_weights", &q, &error),
		0);
	while (query_step(s, q, &error) > 0) {
		uint64_t id = (uint64_t)sqlite3_column_int64(q, 1);
		struct block_frame frame;
		struct weir_text path;

		lexicon_use(l, sqlite3_column_int64(q, 0));
		assert_int_equal(lexicon_frame(l, id, &frame, &error), 0);
		assert_int_equal(frame.name.n_bytes, sqlite3_column_bytes(q, 2));
		assert_memory_equal(frame.name.at, sqlite3_column_text(q, 2), frame.name.n_bytes);
		assert_int_equal(lexicon_path(l, id, &path, &error), 0);
		assert_int_equal(path.n_bytes, sqlite3_column_bytes(q, 3));
		n++;
	}
	assert_true(n > 1000);
	(void)sqlite3_finalize(q);
	lexicon_free(l);
	store_close(s);
}

static void all_stacks_of_a_source_can_be_counted_and_parents_come_first(void **state)
{
	struct store *s = made();
	struct lexicon *l = lexicon_new(query_db(s));
	struct block_stack stack;
	struct weir_error error;
	uint64_t n;

	for (int64_t source = 1; source <= 2; source++) {
		lexicon_use(l, source);
		assert_int_equal(lexicon_count(l, &n, &error), 0);
		assert_true(n >= (uint64_t)place_ask(s, "SELECT max(stack_id) FROM weir_weights WHERE source_id = 1"));
		for (uint64_t id = 1; id <= n; id++) {
			assert_int_equal(lexicon_stack(l, id, &stack, &error), 0);
			assert_true(stack.parent < id);
		}
		assert_true(lexicon_stack(l, n + 1, &stack, &error) < 0);
	}
	lexicon_free(l);
	store_close(s);
}

static void one_source_is_had_without_the_others(void **state)
{
	struct store *s = made();

	assert_int_equal(place_ask(s, "SELECT count(*) FROM weir_sources"), 2);
	assert_int_equal(place_ask(s, "SELECT min(source_id) FROM weir_weights WHERE source_id = 2"), 2);
	assert_int_equal(place_ask(s, "SELECT max(source_id) FROM weir_weights WHERE source_id = 1"), 1);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM weir_weights WHERE source_id = 99"), 0);
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

#define STACKS_TEST(name) cmocka_unit_test_setup_teardown(name, place_begin, place_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		STACKS_TEST(every_weight_finds_its_stack_and_that_has_its_names),
		STACKS_TEST(all_stacks_of_a_source_can_be_counted_and_parents_come_first),
		STACKS_TEST(one_source_is_had_without_the_others),
		STACKS_TEST(no_view_of_the_public_interface_has_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
