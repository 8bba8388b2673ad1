/* SPDX-License-Identifier: Apache-2.0 */
#include "store/query.h"

#include "store/json.h"
#include "store/lexicon.h"
#include "store/quantile.h"
#include "tests/store/made.h"
#include "tests/store/made_source.h"
#include "tests/store/place.h"
#include "tests/support/bytes.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(literal) ((struct weir_text){ (literal), sizeof(literal) - 1 })
#define N(array)      (sizeof(array) / sizeof((array)[0]))

static struct place place;
static struct weir_error error;
static struct store *store;
static int64_t run, node, collector;
static struct builder_sink sink;
static struct builder *builder;

static int begin(void **state)
{
	place_init(&place);
	error.text[0] = '\0';
	store = place_open(&place, STORE_CREATE);
	assert_int_equal(store_run(store, "run-1", &run, &error), 0);
	assert_int_equal(store_node(store, run, "node-0", &node, &error), 0);
	assert_int_equal(made_collector(store, "made", &collector, &error), 0);
	return 0;
}

static int end(void **state)
{
	store_close(store);
	place_done(&place);
	return 0;
}

static void begin_source(const char *path)
{
	const struct store_source_info info = { run, node, collector, path, 1, 1, "{}" };

	sink = (struct builder_sink){ .error = &error };
	assert_int_equal(store_source_begin(store, &info, &sink.source, &error), 0);
	builder = builder_new(made_flush, &sink);
	assert_non_null(builder);
}

static void end_source(void)
{
	assert_int_equal(builder_finish(builder), 0);
	assert_int_equal(made_end(sink.source, 1, &error), 0);
	builder_free(builder);
}

static void series(uint32_t id, uint32_t metric, const char *attrs)
{
	assert_int_equal(made_series(builder, &sink, id, metric, attrs), 0);
}

static sqlite3_stmt *prepare(const char *sql)
{
	sqlite3_stmt *statement;

	if (query_prepare(store, sql, &statement, &error) < 0)
		fail_msg("%s", error.text);
	return statement;
}

static int step(sqlite3_stmt *statement)
{
	int r = query_step(store, statement, &error);

	if (r < 0)
		fail_msg("%s", error.text);
	return r;
}

/* ---- Columns ---- */

/* docs/schema.md: | `view` | columns | */
static void the_views_are_those_of_the_documentation(void **state)
{
	struct bytes page = bytes_read(WEIR_SOURCE_ROOT "/docs/schema.md");
	char view[64], columns[512], sql[256];
	uint32_t n_views = 0;

	page.at[page.n - 1] = '\0';
	for (char *line = strtok((char *)page.at, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "| `%63[a-z]` | %511[^|]", view, columns) != 2)
			continue;
		columns[strlen(columns) - 1] = '\0';
		(void)snprintf(sql, sizeof(sql), "SELECT group_concat(name, ', ') FROM pragma_table_info('%s', 'temp')",
		               view);
		assert_string_equal(place_ask_text(store, sql), columns);
		n_views++;
	}
	assert_int_equal(n_views,
	                 place_ask(store, "SELECT count(*) FROM temp.sqlite_schema WHERE type = 'view' AND name"
	                                  " NOT LIKE 'weir%'"));
	bytes_done(&page);
}

/* ---- Numbers ---- */

static void numbers_come_back_as_they_were(void **state)
{
	static const int64_t integers[] = { 0, 1, -1, INT64_MAX, INT64_MIN, INT64_MAX, 1LL << 53, (1LL << 53) + 1 };
	const double doubles[] = { 0.1, -0.0, (double)INFINITY, -(double)INFINITY, 5e-324, 1e308, (double)NAN, 12.25 };
	sqlite3_stmt *s;

	begin_source("a");
	series(1, MADE_COUNTER, "{\"a\":\"1\"}");
	series(2, MADE_GAUGE, "{}");
	for (uint32_t i = 0; i < N(integers); i++) {
		struct weir_number n[] = { { .time_ns = INT64_MIN + i, .value.i64 = integers[i], .series = 1 },
			                   { .time_ns = INT64_MAX - 100 + i, .value.f64 = doubles[i], .series = 2 } };

		assert_int_equal(builder_numbers(builder, n, 2), 0);
	}
	end_source();
	s = prepare("SELECT run, node, collector, metric, unit, attrs, t_ns, value FROM numbers ORDER BY metric");
	for (uint32_t i = 0; i < N(integers); i++) {
		assert_int_equal(step(s), 1);
		assert_string_equal(sqlite3_column_text(s, 0), "run-1");
		assert_string_equal(sqlite3_column_text(s, 1), "node-0");
		assert_string_equal(sqlite3_column_text(s, 2), "made");
		assert_string_equal(sqlite3_column_text(s, 3), "made.counter");
		assert_string_equal(sqlite3_column_text(s, 4), "By");
		assert_string_equal(sqlite3_column_text(s, 5), "{\"a\":\"1\"}");
		assert_true(sqlite3_column_int64(s, 6) == INT64_MIN + i);
		assert_int_equal(sqlite3_column_type(s, 7), SQLITE_INTEGER);
		assert_true(sqlite3_column_int64(s, 7) == integers[i]);
	}
	for (uint32_t i = 0; i < N(doubles); i++) {
		double v;

		assert_int_equal(step(s), 1);
		assert_true(sqlite3_column_int64(s, 6) == INT64_MAX - 100 + i);
		assert_int_equal(sqlite3_column_type(s, 7), isnan(doubles[i]) ? SQLITE_NULL : SQLITE_FLOAT);
		v = sqlite3_column_double(s, 7);
		assert_true(isnan(doubles[i]) || memcmp(&v, &doubles[i], sizeof(v)) == 0);
	}
	assert_int_equal(step(s), 0);
	(void)sqlite3_finalize(s);
}

/* ---- Histograms ---- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* OpenTelemetry, "ExponentialHistogram": (base^i, base^(i+1)]; found by looking, not by a logarithm. */
static int32_t bucket_of(double v, int32_t scale)
{
	int32_t i = -3000;

	while (v > exp2(ldexp(i + 1.0, -scale)))
		i++;
	return i;
}

static void quantiles_are_within_a_buckets_width_of_the_values(void **state)
{
	struct made_random random = { 9 };
	static uint64_t buckets[WEIR_BUCKETS_MAX];
	static double values[2000];

	for (int32_t scale = 0; scale <= 4; scale++) {
		struct weir_histogram h = { .scale = scale,
			                    .buckets = buckets,
			                    .n_buckets = WEIR_BUCKETS_MAX,
			                    .offset = -1000,
			                    .series = 1,
			                    .count = N(values) };
		double width = exp2(ldexp(1, -scale));

		memset(buckets, 0, sizeof(buckets));
		for (uint32_t i = 0; i < N(values); i++) {
			values[i] = i % 10 ? exp((double)made_below(&random, 9000) / 1000) : 0;
			if (values[i] > 0)
				buckets[bucket_of(values[i], scale) - h.offset]++;
			else
				h.n_zero++;
		}
		qsort(values, N(values), sizeof(values[0]), by_size);
		h.max = values[N(values) - 1];
		for (double q = 0.01; q < 1; q += 0.01) {
			double exact = values[(size_t)(ceil(q * N(values))) - 1], v = quantile(&h, q);

			if (exact == 0)
				assert_true(v == 0);
			else if (v > exact * width * 1.000001 || v < exact / width * 0.999999)
				fail_msg("scale %d, q %g: %g is not near %g", scale, q, v, exact);
		}
		assert_true(quantile(&h, 1) <= h.max);
	}
}

static void a_histogram_without_values_has_no_quantiles(void **state)
{
	const uint64_t buckets[] = { 4, 0, 4 };
	struct weir_histogram h[] = { { .time_ns = 1, .series = 1 },
		                      { .time_ns = 2,
		                        .duration_ns = 7,
		                        .series = 1,
		                        .count = 9,
		                        .n_zero = 1,
		                        .sum = 20,
		                        .min = 0,
		                        .max = 7,
		                        .buckets = buckets,
		                        .n_buckets = 3,
		                        .offset = 0 },
		                      { .time_ns = 3,
		                        .series = 1,
		                        .count = 4,
		                        .sum = 6,
		                        .min = 1.5,
		                        .max = 1.5,
		                        .buckets = buckets,
		                        .n_buckets = 1 } };
	sqlite3_stmt *s;

	begin_source("a");
	series(1, MADE_LATENCY, "{}");
	assert_int_equal(builder_histograms(builder, h, 3), 0);
	end_source();
	s = prepare("SELECT t_ns, dur_ns, count, sum, min, max, p50, p90, p99 FROM histograms");
	assert_int_equal(step(s), 1);
	assert_int_equal(sqlite3_column_int64(s, 2), 0);
	for (int i = 4; i < 9; i++)
		assert_int_equal(sqlite3_column_type(s, i), SQLITE_NULL);
	assert_int_equal(step(s), 1);
	assert_int_equal(sqlite3_column_int64(s, 1), 7);
	assert_true(sqlite3_column_double(s, 3) == 20);
	assert_true(sqlite3_column_double(s, 6) > 1 && sqlite3_column_double(s, 6) <= 2);
	assert_true(sqlite3_column_double(s, 7) > 4 && sqlite3_column_double(s, 7) <= 7);
	assert_int_equal(step(s), 1);
	assert_true(sqlite3_column_double(s, 6) == 1.5 && sqlite3_column_double(s, 8) == 1.5);
	assert_int_equal(step(s), 0);
	(void)sqlite3_finalize(s);
}

/* ---- Spans ---- */

static void a_span_has_the_attributes_of_its_series_and_its_own(void **state)
{
	struct weir_span spans[3] = {
		{ .time_ns = 1, .duration_ns = 10, .series = 1, .track = 4 },
		{ .time_ns = 2, .duration_ns = 0, .series = 1, .value = 0, .flags = WEIR_SPAN_HAS_VALUE },
		{ .time_ns = 3, .duration_ns = 5, .series = 1 }
	};

	begin_source("a");
	series(1, MADE_PAUSE, "{\"b\":\"series\",\"d\":\"4\"}");
	spans[1].attrs = builder_attrs(builder, TEXT("{\"a\":\"1\",\"b\":\"own\",\"c\":\"\\\"\"}"));
	spans[2].attrs = builder_attrs(builder, TEXT("{}"));
	assert_int_equal(builder_spans(builder, spans, 3), 0);
	end_source();
	assert_string_equal(place_ask_text(store, "SELECT group_concat(t_ns || attrs || dur_ns || track ||"
	                                          " coalesce(value, '-'), ' ') FROM spans"),
	                    "1{\"b\":\"series\",\"d\":\"4\"}104- "
	                    "2{\"a\":\"1\",\"b\":\"own\",\"c\":\"\\\"\",\"d\":\"4\"}000.0 "
	                    "3{\"b\":\"series\",\"d\":\"4\"}50-");
}

/* ---- Weights ---- */

static uint32_t stack(uint32_t parent, const char *name, const char *module, const char *source, uint64_t native_id)
{
	const struct block_frame frame = { { name, strlen(name) },
		                           { module, strlen(module) },
		                           { source, strlen(source) } };

	return builder_stack(builder, &(struct block_stack){ native_id, parent, builder_frame(builder, &frame) });
}

static void a_weight_has_its_path_from_the_root_and_its_own_frame(void **state)
{
	struct weir_weight w[] = {
		{ .time_ns = 1, .duration_ns = 2, .series = 1, .self.i64 = 3, .flags = WEIR_WEIGHT_HAS_SELF },
		{ .time_ns = 1, .duration_ns = 2, .series = 1, .inclusive.i64 = 4, .flags = WEIR_WEIGHT_HAS_INCLUSIVE },
		{ .time_ns = 1,
		  .series = 2,
		  .self.f64 = 0.5,
		  .inclusive.f64 = 1,
		  .flags = WEIR_WEIGHT_HAS_SELF | WEIR_WEIGHT_HAS_INCLUSIVE },
	};

	begin_source("a");
	series(1, MADE_TICKS, "{}");
	series(2, MADE_SHARE, "{}");
	w[0].stack = stack(0, "MAIN", "MAIN", "<built-in>", 1);
	w[1].stack = stack(w[0].stack, "", "", "", 0);
	w[2].stack = stack(w[1].stack, "go", "Main", "", 77);
	assert_int_equal(builder_weights(builder, w, 3), 0);
	end_source();
	assert_string_equal(
		place_ask_text(
			store,
			"SELECT group_concat(stack || '|' || name || '|' || coalesce(module, '-') || '|' ||"
			" coalesce(src, '-') || '|' || coalesce(self, '-') || '|' || coalesce(inclusive, '-')"
			" || '|' || coalesce(native_id, '-'), ' ') FROM (SELECT * FROM weights ORDER BY unit DESC)"),
		"MAIN|MAIN|MAIN|<built-in>|3|-|1 MAIN;||-|-|-|4|- MAIN;;go|go|Main|-|0.5|1.0|77");
}

static void a_path_that_is_too_long_keeps_the_leafs_end(void **state)
{
	enum {
		N_NAME = 64 * 1024 - 1
	};
	struct weir_weight w = { .series = 1 };
	char *name = malloc(N_NAME + 1);
	sqlite3_stmt *s;

	memset(name, 'x', N_NAME);
	name[N_NAME] = '\0';
	begin_source("a");
	series(1, MADE_TICKS, "{}");
	/* With its separator each takes 64 KiB: 16 of them are what a path holds. */
	for (uint32_t i = 0; i < LEXICON_PATH_MAX / (N_NAME + 1) + 1; i++) {
		w.stack = stack(w.stack, name, "", "", 0);
		assert_int_equal(builder_weights(builder, &w, 1), 0);
	}
	end_source();
	s = prepare("SELECT stack FROM weights");
	for (int i = 1; i <= LEXICON_PATH_MAX / (N_NAME + 1); i++) {
		assert_int_equal(step(s), 1);
		assert_int_equal(sqlite3_column_bytes(s, 0), i * (N_NAME + 1) - 1);
		assert_int_equal(sqlite3_column_text(s, 0)[0], 'x');
	}
	assert_int_equal(step(s), 1);
	assert_memory_equal(sqlite3_column_text(s, 0), "\xE2\x80\xA6;xxx", 7);
	assert_int_equal(sqlite3_column_bytes(s, 0), LEXICON_PATH_MAX - 1 + 4);
	(void)sqlite3_finalize(s);
	free(name);
}

/* ---- What is decoded ---- */

static void fill(uint32_t n_nodes, uint32_t n)
{
	for (uint32_t i = 0; i < n_nodes; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "node-%u", i);
		assert_int_equal(store_node(store, run, name, &node, &error), 0);
		assert_int_equal(
			made_ingest(store, &(struct made_source){ run, node, collector, "a", i, n, 0 }, &error), 0);
	}
}

static int64_t count(const char *what)
{
	char sql[64];

	(void)snprintf(sql, sizeof(sql), "SELECT weir_counts() ->> '$.%s'", what);
	return place_ask(store, sql);
}

struct effort {
	const char *sql;
	int64_t n_series, n_blocks, n_decoded, n_paths;
};

static void a_query_decodes_only_what_it_needs(void **state)
{
	/* Of each metric 10000 rows, so 3 blocks, on each of 4 nodes; row i is at 1700000000 s + i ms. */
	static const struct effort efforts[] = {
		{ "SELECT count(*), sum(value) FROM numbers", 8, 24, 24, 0 },
		{ "SELECT count(*), sum(value) FROM numbers WHERE metric = 'made.gauge'", 4, 12, 12, 0 },
		{ "SELECT count(*), sum(value) FROM numbers WHERE metric = 'made.gauge' AND node = 'node-2'", 1, 3, 3,
		  0 },
		{ "SELECT count(*), sum(value) FROM numbers WHERE metric IN ('made.gauge', 'none')", 4, 12, 12, 0 },
		{ "SELECT count(*), sum(value) FROM numbers WHERE metric LIKE '%COUNT%'", 4, 12, 12, 0 },
		{ "SELECT count(*), sum(value) FROM numbers WHERE metric GLOB '*.g*' AND node > 'node-1'", 2, 6, 6, 0 },
		{ "SELECT count(*), sum(value) FROM numbers WHERE run = 'another'", 0, 0, 0, 0 },
		{ "SELECT count(*), sum(value) FROM numbers WHERE unit = '%' AND attrs = '{\"pid\":\"7\"}'", 4, 12, 12,
		  0 },
		{ "SELECT count(*), sum(value) FROM numbers WHERE t_ns < 1700000000001000000", 8, 8, 8, 0 },
		{ "SELECT count(*), sum(value) FROM numbers WHERE t_ns >= 1700000009000000000", 8, 8, 8, 0 },
		{ "SELECT count(*), sum(value) FROM numbers WHERE t_ns BETWEEN 1700000005000000000 AND "
		  "1700000006000000000",
		  8, 8, 8, 0 },
		{ "SELECT count(*), sum(value) FROM numbers WHERE t_ns = 5", 8, 0, 0, 0 },
		{ "SELECT count(*), sum(value) FROM numbers WHERE value > 9000000", 8, 4, 4, 0 },
		{ "SELECT count(*) FROM numbers", 8, 24, 0, 0 },
		{ "SELECT count(*) FROM numbers WHERE metric = 'made.gauge' GROUP BY node", 4, 12, 0, 0 },
		{ "SELECT sum(dur_ns) FROM spans WHERE dur_ns > 5000000", 8, 0, 0, 0 },
		{ "SELECT sum(self) FROM weights", 8, 24, 24, 0 },
		{ "SELECT sum(self), max(name) FROM weights WHERE metric = 'made.ticks'", 4, 12, 12, 0 },
		{ "SELECT stack FROM weights WHERE metric = 'made.ticks' AND node = 'node-0' LIMIT 3", 1, 1, 1, 3 },
		{ "SELECT count(*) FROM (SELECT stack, self FROM weights WHERE node = 'node-0')", 2, 6, 0, 0 },
		{ "SELECT value FROM numbers LIMIT 1", 1, 1, 1, 0 },
		{ "SELECT count(*), sum(sum) FROM totals", 0, 0, 0, 0 },
	};

	fill(4, 10000);
	for (size_t i = 0; i < N(efforts); i++) {
		const struct effort *e = &efforts[i];
		int64_t n_series = count("series"), n_blocks = count("blocks"), n_decoded = count("decoded"),
			n_paths = count("paths");
		sqlite3_stmt *s = prepare(e->sql);

		while (step(s))
			;
		(void)sqlite3_finalize(s);
		if (count("series") - n_series != e->n_series || count("blocks") - n_blocks != e->n_blocks ||
		    count("decoded") - n_decoded != e->n_decoded || count("paths") - n_paths != e->n_paths)
			fail_msg("%s: %lld series, %lld blocks, %lld decoded, %lld paths", e->sql,
			         (long long)(count("series") - n_series), (long long)(count("blocks") - n_blocks),
			         (long long)(count("decoded") - n_decoded), (long long)(count("paths") - n_paths));
	}
}

static const char *plan_of(const char *sql)
{
	static char text[2048];
	char explain[1024];
	sqlite3_stmt *s;
	size_t n = 0;

	(void)snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", sql);
	s = prepare(explain);
	for (text[0] = '\0'; step(s);)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\n", (const char *)sqlite3_column_text(s, 3));
	(void)sqlite3_finalize(s);
	return text;
}

static void groups_of_series_need_no_sorting(void **state)
{
	assert_string_equal(
		plan_of("SELECT node, metric, avg(value) FROM numbers WHERE t_ns > 5 GROUP BY node, metric"),
		"SCAN weir_numbers VIRTUAL TABLE INDEX 3: | n.name, m.name | b.t_max_ns >= ?1\n");
	assert_string_equal(plan_of("SELECT * FROM spans WHERE metric = 'x' ORDER BY run DESC, node"),
	                    "SCAN weir_spans VIRTUAL TABLE INDEX 63:m.name = ?1 | r.tag DESC, n.name | \n");
	assert_non_null(strstr(plan_of("SELECT * FROM numbers ORDER BY node, t_ns"), "USE TEMP B-TREE"));
}

static void neither_series_nor_blocks_are_sorted_by_hand(void **state)
{
	/* What store/cursor.c runs inside; a sorter there would copy every block. */
	assert_null(
		strstr(plan_of("SELECT b.number, b.segment FROM main.block b WHERE b.source = 1 AND b.series = 2 AND"
	                       " b.t_max_ns >= 5 ORDER BY b.t_min_ns, b.t_max_ns, b.number"),
	               "TEMP"));
	assert_null(strstr(plan_of("SELECT first_id FROM main.block WHERE source = 1 AND series = 0 AND kind = 7"
	                           " ORDER BY t_min_ns, t_max_ns, number"),
	                   "TEMP"));
}

/* ---- What is found ---- */

/* The same condition over the view and over a plain table of all its rows must find the same. */
static void conditions_find_what_they_find_in_a_plain_table(void **state)
{
	static const char *const conditions[] = {
		"metric = 'made.gauge'",
		"metric = 5",
		"metric <> 'made.gauge'",
		"metric > 'made.d' AND metric <= 'made.gauge'",
		"metric = 'MADE.GAUGE'",
		"metric = 'MADE.GAUGE' COLLATE NOCASE",
		"metric LIKE 'MADE.G%'",
		"metric NOT LIKE 'MADE.G%'",
		"metric LIKE 'made!.%' ESCAPE '!'",
		"metric GLOB 'made.[a-d]*'",
		"metric IN ('made.gauge', 'made.counter', 'x')",
		"metric NOT IN ('made.gauge')",
		"metric IS NULL",
		"node IS NULL",
		"node IS NOT NULL",
		"node IS 'node-1'",
		"node IS NOT 'node-1'",
		"node = NULL",
		"node IN (SELECT node FROM nodes WHERE node > 'node-0')",
		"run || node = 'run-1node-1'",
		"t_ns > 1700000000500000000",
		"t_ns >= 1700000000500000000.5",
		"t_ns = 1700000000500000000",
		"t_ns < '1700000000500000000'",
		"t_ns > 'x'",
		"t_ns < 'x'",
		"t_ns IS 1700000000500000000",
		"t_ns BETWEEN 1700000000100000000 AND 1700000000200000000",
		"t_ns IN (1700000000500000000, 3)",
		"t_ns % 7 = 0",
		"t_ns = NULL",
		"t_ns < NULL",
		"t_ns IS NULL",
		"t_ns > -1e300",
		"t_ns < 1e300",
		"value > 50",
		"value >= 99.99",
		"value < -1",
		"value = 50.25",
		"value BETWEEN 10 AND 11",
		"value > 'x'",
		"value < 'x'",
		"value < x'00'",
		"value > NULL",
		"value IS NULL",
		"value IN (1, 2, 3, 50.25)",
		"value > 50 AND metric = 'made.counter'",
		"metric = 'made.gauge' OR value > 900000",
		"(metric = 'made.gauge' OR node = 'node-0') AND t_ns < 1700000000100000000",
		"attrs = '{\"pid\":\"7\"}'",
		"attrs ->> '$.pid' = '7'",
		"unit IN ('%', 'By') AND node = 'node-1'",
		"metric = (SELECT name FROM metrics ORDER BY name LIMIT 1)",

		"EXISTS (SELECT 1 FROM nodes n WHERE n.node = v.node AND n.node <> 'node-0')",
	};
	char sql[1024];

	fill(3, 900);
	assert_int_equal(
		sqlite3_exec(query_db(store), "CREATE TEMP TABLE plain AS SELECT * FROM numbers", NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(place_ask(store, "SELECT count(*) FROM plain"), 5400);
	for (size_t i = 0; i < N(conditions); i++) {
		(void)snprintf(sql, sizeof(sql),
		               "SELECT (SELECT count(*) || ' ' || ifnull(sum(t_ns %% 1000003), 0) || ' ' ||"
		               " ifnull(sum(CAST(value * 100 AS INTEGER)), 0) FROM numbers v WHERE %s) = (SELECT "
		               "count(*) || ' ' ||"
		               " ifnull(sum(t_ns %% 1000003), 0) || ' ' || ifnull(sum(CAST(value * 100 AS INTEGER)), "
		               "0) FROM plain v WHERE %s)",
		               conditions[i], conditions[i]);
		if (place_ask(store, sql) != 1)
			fail_msg("%s", conditions[i]);
	}
}

static void orders_and_groups_are_those_of_a_plain_table(void **state)
{
	static const char *const ends[] = {
		"SELECT node, metric, count(*) FROM % GROUP BY node, metric",
		"SELECT metric, node, max(value) FROM % GROUP BY metric, node ORDER BY metric DESC, node",
		"SELECT DISTINCT node FROM % ORDER BY node DESC",
		"SELECT DISTINCT metric, attrs FROM % ORDER BY 1, 2",
		"SELECT node, t_ns, value FROM % ORDER BY node DESC, t_ns DESC, value LIMIT 50",
		"SELECT node, metric, t_ns FROM % ORDER BY t_ns, node, metric LIMIT 7 OFFSET 3",
		"SELECT metric, count(*) FROM % WHERE metric IN ('made.gauge', 'made.counter') GROUP BY metric ORDER "
		"BY metric",
		"SELECT a.node, count(*) FROM % a JOIN nodes b ON a.node = b.node GROUP BY a.node ORDER BY a.node",
		"SELECT x.node, count(*) FROM nodes x JOIN % a ON a.node = x.node AND a.metric = 'made.gauge' GROUP BY "
		"1 ORDER BY 1",
		"SELECT count(*) FROM % a JOIN % b ON a.node = b.node AND a.t_ns = b.t_ns AND a.metric < b.metric"
		" WHERE a.t_ns < 1700000000010000000",
	};

	fill(3, 300);
	assert_int_equal(
		sqlite3_exec(query_db(store), "CREATE TEMP TABLE plain AS SELECT * FROM numbers", NULL, NULL, NULL),
		SQLITE_OK);
	for (size_t i = 0; i < N(ends); i++) {
		char sql[2][512];
		sqlite3_stmt *s[2];

		for (int k = 0; k < 2; k++) {
			size_t n = 0;

			for (const char *c = ends[i]; *c; c++)
				n += (size_t)(*c == '%' ? snprintf(sql[k] + n, sizeof(sql[k]) - n,
				                                   k ? "plain" : "numbers")
				                        : snprintf(sql[k] + n, sizeof(sql[k]) - n, "%c", *c));
			s[k] = prepare(sql[k]);
		}
		for (int more = 1; more;) {
			more = step(s[0]);
			assert_int_equal(step(s[1]), more);
			for (int c = 0; more && c < sqlite3_column_count(s[0]); c++)
				assert_string_equal(sqlite3_column_text(s[0], c), sqlite3_column_text(s[1], c));
		}
		(void)sqlite3_finalize(s[0]);
		(void)sqlite3_finalize(s[1]);
	}
}

static void totals_are_those_of_the_rows(void **state)
{
	fill(2, 5000);
	assert_int_equal(
		place_ask(store,
	                  "SELECT count(*) FROM totals t JOIN (SELECT node, metric, count(*) AS n, min(t_ns) AS a, "
	                  "max(t_ns) AS b,"
	                  " min(value) AS lo, max(value) AS hi, sum(value) AS s FROM numbers GROUP BY node, metric) v"
	                  " ON t.node = v.node AND t.metric = v.metric WHERE t.n = v.n AND t.t_first_ns = v.a AND"
	                  " t.t_last_ns = v.b AND t.min = v.lo AND t.max = v.hi AND abs(t.sum - v.s) < 1e-6 * v.s"),
		4);
	assert_int_equal(place_ask(store, "SELECT sum(n) FROM totals WHERE shape = 'weight'"),
	                 place_ask(store, "SELECT count(*) FROM weights"));
}

static void a_metric_of_two_collectors_is_one_row(void **state)
{
	struct weir_metric words = made_metrics[MADE_GAUGE];
	struct store_collector c = { .name = "a-first", .version = "1", .metrics = &words, .n_metrics = 1 };
	int64_t id;

	words.help = "Said first.";
	assert_int_equal(store_collector(store, &c, &id, &error), 0);
	c.version = "2";
	words.help = "Said better.";
	assert_int_equal(store_collector(store, &c, &id, &error), 0);
	assert_string_equal(
		place_ask_text(store, "SELECT name || ' ' || shape || ' ' || kind || ' ' || unit || ' ' || better"
	                              " || ' ' || short || ' ' || help || ' ' || collector || ' ' || type || ' ' ||"
	                              " scale || ' ' || range FROM metrics WHERE name = 'made.gauge'"),
		"made.gauge number gauge % -1 gauge Said better. a-first,made f64 lin free");
	assert_int_equal(place_ask(store, "SELECT count(*) FROM metrics"), MADE_METRICS);
}

/* ---- Errors ---- */

static void a_damaged_block_is_named(void **state)
{
	sqlite3_stmt *s;

	fill(1, 100);
	assert_int_equal(store_commit(store, 1, &error), 0);
	assert_int_equal(sqlite3_exec(query_db(store), "UPDATE main.segment SET bytes = zeroblob(length(bytes))", NULL,
	                              NULL, NULL),
	                 SQLITE_OK);
	s = prepare("SELECT value FROM numbers");
	assert_int_equal(query_step(store, s, &error), -EBADMSG);
	assert_string_equal(error.text, "store: source 1: block 0 of series 1 is damaged");
	(void)sqlite3_finalize(s);
	s = prepare("SELECT stack FROM weights");
	assert_int_equal(query_step(store, s, &error), -EBADMSG);
	(void)sqlite3_finalize(s);
	assert_int_equal(sqlite3_exec(query_db(store), "DELETE FROM main.segment", NULL, NULL, NULL), SQLITE_OK);
	s = prepare("SELECT value FROM numbers");
	assert_int_equal(query_step(store, s, &error), -EBADMSG);
	(void)sqlite3_finalize(s);
	assert_int_equal(sqlite3_exec(query_db(store), "UPDATE main.block SET n_rows = 4097", NULL, NULL, NULL),
	                 SQLITE_OK);
	s = prepare("SELECT count(*) FROM numbers");
	assert_int_equal(query_step(store, s, &error), -EBADMSG);
	(void)sqlite3_finalize(s);
}

static void a_weight_without_its_stack_is_damage(void **state)
{
	struct weir_weight w = { .series = 1, .stack = 5 };
	sqlite3_stmt *s;

	begin_source("a");
	series(1, MADE_TICKS, "{}");
	(void)stack(0, "MAIN", "", "", 0);
	assert_int_equal(builder_weights(builder, &w, 1), 0);
	end_source();
	assert_int_equal(place_ask(store, "SELECT count(self) FROM weights"), 0);
	s = prepare("SELECT name FROM weights");
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

	begin_source("a");
	series(1, MADE_COUNTER, "{\"pid\":\"7\"}");
	assert_int_equal(builder_numbers(builder, &(struct weir_number){ .series = 1 }, 1), 0);
	assert_int_equal(builder_finish(builder), 0);
	assert_int_equal(store_source_end(sink.source, &result, &error), 0);
	builder_free(builder);
	s = prepare(
		"SELECT v.attrs, o.reasons, 't' || char(10) AS \"a\"\"b\", -5 AS i, 0.5 AS d, NULL AS n, x'00ff' AS b,"
		" 9e999 AS x FROM numbers v JOIN sources o ON o.run = v.run");
	assert_int_equal(step(s), 1);
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

	begin_source("a");
	series(1, MADE_COUNTER, "{\"a\":}");
	assert_int_equal(builder_numbers(builder, &(struct weir_number){ .series = 1 }, 1), 0);
	end_source();
	s = prepare("SELECT attrs FROM numbers");
	assert_int_equal(step(s), 1);
	query_row_json(s, &out);
	assert_int_equal(out.n, strlen(expected));
	assert_memory_equal(text, expected, out.n);
	(void)sqlite3_finalize(s);
}

int main(void)
{
#define VIEWS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		VIEWS_TEST(the_views_are_those_of_the_documentation),
		VIEWS_TEST(numbers_come_back_as_they_were),
		VIEWS_TEST(quantiles_are_within_a_buckets_width_of_the_values),
		VIEWS_TEST(a_histogram_without_values_has_no_quantiles),
		VIEWS_TEST(a_span_has_the_attributes_of_its_series_and_its_own),
		VIEWS_TEST(a_weight_has_its_path_from_the_root_and_its_own_frame),
		VIEWS_TEST(a_path_that_is_too_long_keeps_the_leafs_end),
		VIEWS_TEST(a_query_decodes_only_what_it_needs),
		VIEWS_TEST(groups_of_series_need_no_sorting),
		VIEWS_TEST(neither_series_nor_blocks_are_sorted_by_hand),
		VIEWS_TEST(conditions_find_what_they_find_in_a_plain_table),
		VIEWS_TEST(orders_and_groups_are_those_of_a_plain_table),
		VIEWS_TEST(totals_are_those_of_the_rows),
		VIEWS_TEST(a_metric_of_two_collectors_is_one_row),
		VIEWS_TEST(a_damaged_block_is_named),
		VIEWS_TEST(a_weight_without_its_stack_is_damage),
		VIEWS_TEST(what_is_no_sql_is_said_with_its_place),
		VIEWS_TEST(a_row_is_a_json_object),
		VIEWS_TEST(damaged_attributes_are_text_and_not_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
