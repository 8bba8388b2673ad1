/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "store/pending.h"
#include "store/query.h"
#include "tests/store/made.h"
#include "tests/store/made_source.h"
#include "tests/store/place.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TEXT(literal) ((struct weir_text){ (literal), sizeof(literal) - 1 })

static struct weir_error error;
static int64_t run, node, collector;

static int begin(void **state)
{
	error.text[0] = '\0';
	return place_begin(state);
}

/* A new store with a run, a node and a collector. */
static struct store *make_store(void)
{
	struct store *s = place_open(&place, STORE_CREATE);

	assert_int_equal(store_run(s, "run-1", &run, &error), 0);
	assert_int_equal(store_node(s, run, "node-0", &node, &error), 0);
	assert_int_equal(made_collector(s, "made", &collector, &error), 0);
	return s;
}

static int ingest(struct store *s, const char *path, uint64_t seed, uint32_t n)
{
	return made_ingest(s, &(struct made_source){ run, node, collector, path, seed, n }, &error);
}

static struct store_source_info info_of(const char *path)
{
	return (struct store_source_info){ run, node, collector, path, 100, 200, "{}" };
}

static struct store_source *begin_source(struct store *s, const char *path)
{
	const struct store_source_info info = info_of(path);
	struct store_source *source = NULL;

	assert_int_equal(store_source_begin(s, &info, &source, &error), 0);
	return source;
}

/* Rows in the tables that belong to sources. */
static int64_t count_owned(struct store *s)
{
	return place_ask(s, "SELECT (SELECT count(*) FROM main.source) + (SELECT count(*) FROM main.series)"
	                    " + (SELECT count(*) FROM main.block) + (SELECT count(*) FROM main.segment) + (SELECT "
	                    "count(*) FROM main.diag)"
	                    " + (SELECT count(*) FROM main.source_fact)");
}

static void a_closed_store_is_one_file(void **state)
{
	struct store *s = make_store();

	assert_int_equal(ingest(s, "a", 1, 5000), 0);
	assert_int_equal(store_commit(s, 1, &error), 0);
	assert_true(place_count(&place) > 1);
	store_close(s);
	assert_int_equal(place_count(&place), 1);
	s = place_open(&place, STORE_READ);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM numbers"), 10000);
	store_close(s);
	assert_int_equal(place_count(&place), 1);
}

static void the_file_says_what_it_is(void **state)
{
	char head[100];
	FILE *f;

	store_close(make_store());
	f = fopen(place.store, "rb");
	assert_non_null(f);
	assert_int_equal(fread(head, 1, sizeof(head), f), sizeof(head));
	(void)fclose(f);
	assert_memory_equal(head + 68, "weir", 4); /* SQLite file format, 1.3: application id */
	assert_memory_equal(head + 60, "\0\0\0\2", 4);
}

static void a_source_shows_only_after_its_end(void **state)
{
	struct store *s = make_store(), *reader;
	struct builder_sink sink = { begin_source(s, "a"), &error };
	struct builder *b = builder_new(made_flush, &sink);
	struct weir_number n = { .time_ns = 5, .value.i64 = 6, .series = 1 };

	assert_int_equal(made_series(b, &sink, 1, MADE_COUNTER, "{}"), 0);
	for (int i = 0; i <= PENDING_ROWS; i++, n.time_ns++) {
		assert_int_equal(builder_numbers(b, &n, 1), 0);
		assert_int_equal(builder_finish(b), 0);
	}
	assert_int_equal(store_source_fact(sink.source, "f", TEXT("v"), &error), 0);
	assert_int_equal(store_commit(s, 1, &error), 0);
	reader = place_open(&place, STORE_READ);
	assert_int_equal(place_ask(reader, "SELECT count(*) FROM main.block"), PENDING_ROWS);
	assert_int_equal(place_ask(reader, "SELECT (SELECT count(*) FROM numbers) + (SELECT count(*) FROM sources)"
	                                   " + (SELECT count(*) FROM facts) + (SELECT count(*) FROM totals)"),
	                 0);
	assert_int_equal(made_end(sink.source, 1, &error), 0);
	assert_int_equal(place_ask(reader, "SELECT count(*) FROM numbers"), 0);
	assert_int_equal(store_commit(s, 1, &error), 0);
	assert_int_equal(place_ask(reader, "SELECT count(value) FROM numbers WHERE value = 6"), PENDING_ROWS + 1);
	assert_int_equal(place_ask(reader, "SELECT (SELECT count(*) FROM sources) + (SELECT count(*) FROM facts)"), 2);
	store_close(reader);
	builder_free(b);
	store_close(s);
}

/* Sets of attributes around what may wait, and more series than may wait, of two metrics in turn. */
static void series_that_wait_are_all_written(void **state)
{
	static const uint32_t sizes[] = { 8, PENDING_TEXT_BYTES - 1, PENDING_TEXT_BYTES, PENDING_TEXT_BYTES + 1, 9 };
	static char attrs[PENDING_TEXT_BYTES + 2];
	uint32_t n_series = 2 * PENDING_SERIES + PENDING_ROWS + 3;
	struct store *s = make_store();
	struct store_source *source = begin_source(s, "a");
	int64_t n_bytes = 0;

	memset(attrs, 'x', sizeof(attrs));
	for (uint32_t i = 1; i <= n_series; i++) {
		uint32_t n = i <= sizeof(sizes) / sizeof(sizes[0]) ? sizes[i - 1] : i % 7;

		assert_int_equal(store_source_series(source, i, i % 2 ? MADE_COUNTER : MADE_GAUGE,
		                                     (struct weir_text){ attrs, n }, &error),
		                 0);
		n_bytes += n;
	}
	assert_int_equal(made_end(source, 0, &error), 0);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM main.series"), n_series);
	assert_int_equal(place_ask(s, "SELECT sum(length(attrs)) FROM main.series"), n_bytes);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM main.series s JOIN main.metric m ON m.id = s.metric"
	                              " WHERE (m.name = 'made.counter') = s.id % 2"),
	                 n_series);
	store_close(s);
}

static void an_aborted_source_leaves_nothing(void **state)
{
	struct store *s = make_store();
	struct builder_sink sink = { begin_source(s, "a"), &error };
	struct builder *b = builder_new(made_flush, &sink);
	struct weir_number n = { .series = 1 };

	assert_int_equal(made_series(b, &sink, 1, MADE_COUNTER, "{}"), 0);
	assert_int_equal(builder_numbers(b, &n, 1), 0);
	assert_int_equal(builder_finish(b), 0);
	assert_int_equal(store_commit(s, 1, &error), 0);
	store_source_abort(sink.source);
	assert_int_equal(count_owned(s), 0);
	store_source_abort(NULL);
	builder_free(b);
	store_close(s);
}

static void what_a_killed_writer_left_goes_when_the_next_one_opens(void **state)
{
	struct store *s;
	pid_t child = fork();

	if (child == 0) {
		s = make_store();
		(void)begin_source(s, "a");
		(void)ingest(s, "b", 3, 100);
		(void)store_commit(s, 1, &error);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	s = place_open(&place, STORE_READ);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM main.source"), 2);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM sources"), 1);
	store_close(s);
	s = place_open(&place, STORE_WRITE);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM main.source"), 1);
	store_close(s);
	assert_int_equal(place_count(&place), 1);
}

static void what_is_there_is_not_read_again(void **state)
{
	struct store *s = make_store();
	struct store_source_info info = info_of("a");
	uint8_t sha256[32];
	int64_t other;

	assert_int_equal(store_has(s, &info, NULL, &error), 0);
	assert_int_equal(made_end(begin_source(s, "a"), 1, &error), 0);
	assert_int_equal(store_has(s, &info, sha256, &error), 1);
	assert_memory_equal(sha256, "\1\2\3\0", 4);
	info.size_bytes++;
	assert_int_equal(store_has(s, &info, NULL, &error), 0);
	info = info_of("a");
	info.mtime_ns++;
	assert_int_equal(store_has(s, &info, NULL, &error), 0);
	info = info_of("a");
	info.options_json = "{\"x\":\"1\"}";
	assert_int_equal(store_has(s, &info, NULL, &error), 0);
	info = info_of("b");
	assert_int_equal(store_has(s, &info, NULL, &error), 0);
	info = info_of("a");
	info.node = 0;
	assert_int_equal(store_has(s, &info, NULL, &error), 0);
	info = info_of("a");
	assert_int_equal(made_collector(s, "other", &other, &error), 0);
	info.collector = other;
	assert_int_equal(store_has(s, &info, NULL, &error), 0);
	store_close(s);
}

static void a_partial_source_counts_as_read_and_a_failed_one_does_not(void **state)
{
	struct store *s = make_store();
	struct store_source_info info = info_of("a");
	struct store_source_result result = { .status = STORE_PARTIAL };

	assert_int_equal(store_source_end(begin_source(s, "a"), &result, &error), 0);
	assert_int_equal(store_has(s, &info, NULL, &error), 1);
	result.status = STORE_FAILED;
	assert_int_equal(store_source_end(begin_source(s, "a"), &result, &error), 0);
	assert_int_equal(store_has(s, &info, NULL, &error), 0);
	assert_string_equal(place_ask_text(s, "SELECT group_concat(status) FROM sources"), "failed");
	store_close(s);
}

static void a_new_reading_replaces_the_old_one_and_only_that(void **state)
{
	struct store *s = make_store();
	int64_t build, other_node;
	struct store_collector c = {
		.name = "made", .version = "2.0", .metrics = made_metrics, .n_metrics = MADE_METRICS
	};

	assert_int_equal(store_node(s, run, "node-1", &other_node, &error), 0);
	assert_int_equal(ingest(s, "a", 1, 300), 0);
	assert_int_equal(ingest(s, "b", 2, 10), 0);
	assert_int_equal(made_ingest(s, &(struct made_source){ run, other_node, collector, "a", 3, 10 }, &error), 0);
	assert_int_equal(made_ingest(s, &(struct made_source){ run, 0, collector, "a", 3, 10 }, &error), 0);
	assert_int_equal(ingest(s, "a", 4, 20), 0);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM sources"), 4);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM numbers WHERE node = 'node-0'"), 60);
	/* Another build of the same collector, too. */
	assert_int_equal(store_collector(s, &c, &build, &error), 0);
	assert_int_not_equal(build, collector);
	assert_int_equal(made_ingest(s, &(struct made_source){ run, node, build, "a", 4, 7 }, &error), 0);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM sources"), 4);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM numbers WHERE node = 'node-0'"), 34);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM numbers WHERE node IS NULL"), 20);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	store_close(s);
}

static void replacing_a_source_a_hundred_times_does_not_grow_the_file(void **state)
{
	struct store *s = make_store();
	struct stat before, after;
	int64_t owned;

	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(ingest(s, "a", i, 3000), 0);
	owned = count_owned(s);
	store_close(s);
	assert_int_equal(stat(place.store, &before), 0);
	s = place_open(&place, STORE_WRITE);
	for (uint64_t i = 3; i < 103; i++)
		assert_int_equal(ingest(s, "a", i, 3000), 0);
	assert_in_range(count_owned(s), owned - 5, owned + 5);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	store_close(s);
	assert_int_equal(stat(place.store, &after), 0);
	assert_in_range(after.st_size, 1, before.st_size + before.st_size / 8);
}

static struct weir_metric changed(struct weir_metric m, const char *unit)
{
	m.unit = unit;
	return m;
}

static void a_metric_means_the_same_for_all_collectors(void **state)
{
	struct store *s = make_store();
	const struct weir_metric metrics[] = {
		{ "own.metric", "1", "", "", WEIR_SHAPE_NUMBER, WEIR_KIND_GAUGE, WEIR_TYPE_I64, 0, 0, 0, { 0 } },
		changed(made_metrics[MADE_COUNTER], "s")
	};
	struct store_collector c = { .name = "other", .version = "0.9", .metrics = metrics, .n_metrics = 2 };
	int64_t id;

	assert_int_equal(store_collector(s, &c, &id, &error), -EINVAL);
	assert_non_null(strstr(error.text,
	                       "metric made.counter: other 0.9 declares it as number, counter, i64, unit `s`,"
	                       " and made 1.0, which is in the store, as number, counter, i64, unit `By`"));
	/* None of it is there. */
	assert_int_equal(place_ask(s, "SELECT count(*) FROM metrics WHERE name = 'own.metric'"), 0);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM main.collector"), 1);
	/* Its own collector may change it while there is no data, and not after. */
	c.name = "made";
	assert_int_equal(store_collector(s, &c, &id, &error), 0);
	assert_string_equal(place_ask_text(s, "SELECT unit FROM metrics WHERE name = 'made.counter'"), "s");
	assert_int_equal(made_collector(s, "made", &id, &error), 0);
	assert_int_equal(ingest(s, "a", 1, 1), 0);
	c.version = "0.91";
	assert_int_equal(store_collector(s, &c, &id, &error), -EINVAL);
	store_close(s);
}

static void what_does_not_fit_a_source_is_refused(void **state)
{
	struct store *s = make_store();
	struct store_source *source = begin_source(s, "a");
	struct block_coder *coder = block_coder_new();
	struct made_random random = { 1 };
	struct rows numbers = made_rows(&random, BLOCK_NUMBERS_I64, 5, 0),
		    stacks = made_rows(&random, BLOCK_STACKS, 5, 1);
	struct block block;

	assert_int_equal(store_source_series(source, 1, MADE_METRICS, TEXT("{}"), &error), -EINVAL);
	assert_int_equal(store_source_series(source, 2, MADE_COUNTER, TEXT("{}"), &error), -EINVAL);
	assert_int_equal(store_source_series(source, 1, MADE_GAUGE, TEXT("{}"), &error), 0);
	block_encode(coder, &numbers, 1, 0, &block);
	assert_int_equal(store_source_block(source, &block, &error), -EBADMSG); /* the gauge is of doubles */
	assert_int_equal(store_source_series(source, 2, MADE_COUNTER, TEXT("{}"), &error), 0);
	block_encode(coder, &numbers, 3, 0, &block);
	assert_int_equal(store_source_block(source, &block, &error), -EBADMSG);
	block_encode(coder, &numbers, 2, 0, &block);
	block.n_rows--;
	assert_int_equal(store_source_block(source, &block, &error), -EBADMSG);
	block.n_rows++;
	assert_int_equal(store_source_block(source, &block, &error), 0);
	block_encode(coder, &stacks, 0, 2, &block);
	assert_int_equal(store_source_block(source, &block, &error), -EBADMSG);
	block_encode(coder, &stacks, 0, 1, &block);
	assert_int_equal(store_source_block(source, &block, &error), 0);
	assert_int_equal(store_source_block(source, &block, &error), -EBADMSG);
	assert_int_equal(made_end(source, 5, &error), 0);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM numbers"), 5);
	made_rows_done(&numbers);
	made_rows_done(&stacks);
	block_coder_free(coder);
	store_close(s);
}

static void facts_and_parts_of_a_run_are_kept(void **state)
{
	struct store *s = make_store();
	int64_t again;

	assert_int_equal(store_run(s, "run-1", &again, &error), 0);
	assert_int_equal(again, run);
	assert_int_equal(store_node(s, run, "node-0", &again, &error), 0);
	assert_int_equal(again, node);
	assert_int_equal(store_fact(s, run, 0, "era", TEXT("babbage"), &error), 0);
	assert_int_equal(store_fact(s, run, 0, "era", TEXT("conway"), &error), 0);
	assert_int_equal(store_fact(s, run, node, "rts", TEXT("-N2"), &error), 0);
	assert_int_equal(store_fact(s, run, node, "gone", TEXT("x"), &error), 0);
	assert_int_equal(store_fact(s, run, node, "gone", TEXT(""), &error), 0);
	assert_int_equal(store_component(s, run, "node", "1.2", "abc", &error), 0);
	assert_int_equal(store_component(s, run, "cli", NULL, NULL, &error), 0);
	assert_int_equal(store_unclaimed(s, run, node, "key", 7, "keys: 1 file", &error), 0);
	assert_int_equal(store_unclaimed(s, run, 0, "x", 9, "no collector", &error), 0);
	assert_string_equal(place_ask_text(s, "SELECT group_concat(run || coalesce(node, '-') || name || value, ' ')"
	                                      " FROM (SELECT * FROM facts ORDER BY name)"),
	                    "run-1-eraconway run-1node-0rts-N2");
	assert_string_equal(place_ask_text(s, "SELECT group_concat(name || coalesce(version || \"commit\", '-'), ' ')"
	                                      " FROM (SELECT * FROM components ORDER BY name)"),
	                    "cli- node1.2abc");
	assert_string_equal(place_ask_text(s, "SELECT group_concat(coalesce(node, '-') || path || bytes || why, ' ')"
	                                      " FROM (SELECT * FROM unclaimed ORDER BY path)"),
	                    "node-0key7keys: 1 file -x9no collector");
	assert_int_equal(store_unclaimed_clear(s, run, &error), 0);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM unclaimed"), 0);
	store_close(s);
}

static void texts_that_are_no_utf8_come_back_as_they_are(void **state)
{
	struct store *s = make_store();
	sqlite3_stmt *statement;

	assert_int_equal(store_fact(s, run, 0, "odd", TEXT("a\xFF\0b"), &error), 0);
	assert_int_equal(query_prepare(s, "SELECT value FROM facts", &statement, &error), 0);
	assert_int_equal(query_step(s, statement, &error), 1);
	assert_int_equal(sqlite3_column_bytes(statement, 0), 4);
	assert_memory_equal(sqlite3_column_text(statement, 0), "a\xFF\0b", 4);
	(void)sqlite3_finalize(statement);
	store_close(s);
}

static void a_reader_cannot_change_anything(void **state)
{
	struct store *s;
	int64_t id;

	store_close(make_store());
	s = place_open(&place, STORE_READ);
	assert_int_equal(store_run(s, "new", &id, &error), -EINVAL);
	assert_int_equal(sqlite3_exec(query_db(s), "DELETE FROM main.run", NULL, NULL, NULL), SQLITE_READONLY);
	store_close(s);
}

int main(void)
{
#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, place_end)
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_closed_store_is_one_file),
		STORE_TEST(the_file_says_what_it_is),
		STORE_TEST(a_source_shows_only_after_its_end),
		STORE_TEST(series_that_wait_are_all_written),
		STORE_TEST(an_aborted_source_leaves_nothing),
		STORE_TEST(what_a_killed_writer_left_goes_when_the_next_one_opens),
		STORE_TEST(what_is_there_is_not_read_again),
		STORE_TEST(a_partial_source_counts_as_read_and_a_failed_one_does_not),
		STORE_TEST(a_new_reading_replaces_the_old_one_and_only_that),
		STORE_TEST(replacing_a_source_a_hundred_times_does_not_grow_the_file),
		STORE_TEST(a_metric_means_the_same_for_all_collectors),
		STORE_TEST(what_does_not_fit_a_source_is_refused),
		STORE_TEST(facts_and_parts_of_a_run_are_kept),
		STORE_TEST(texts_that_are_no_utf8_come_back_as_they_are),
		STORE_TEST(a_reader_cannot_change_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
