/* SPDX-License-Identifier: Apache-2.0 */
/* What the views give back of each shape. */
#include "store/lexicon.h"
#include "store/quantile.h"
#include "store/query.h"
#include "tests/store/made.h"
#include "tests/store/place.h"
#include "tests/store/viewed.h"
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

	viewed_source("a");
	viewed_series(1, MADE_COUNTER, "{\"a\":\"1\"}");
	viewed_series(2, MADE_GAUGE, "{}");
	for (uint32_t i = 0; i < N(integers); i++) {
		struct weir_number n[] = { { .time_ns = INT64_MIN + i, .value.i64 = integers[i], .series = 1 },
			                   { .time_ns = INT64_MAX - 100 + i, .value.f64 = doubles[i], .series = 2 } };

		assert_int_equal(builder_numbers(builder, n, 2), 0);
	}
	viewed_source_end();
	s = viewed_prepare(
		"SELECT run, node, collector, metric, unit, attrs, t_ns, value FROM numbers ORDER BY metric");
	for (uint32_t i = 0; i < N(integers); i++) {
		assert_int_equal(viewed_step(s), 1);
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

		assert_int_equal(viewed_step(s), 1);
		assert_true(sqlite3_column_int64(s, 6) == INT64_MAX - 100 + i);
		assert_int_equal(sqlite3_column_type(s, 7), isnan(doubles[i]) ? SQLITE_NULL : SQLITE_FLOAT);
		v = sqlite3_column_double(s, 7);
		assert_true(isnan(doubles[i]) || memcmp(&v, &doubles[i], sizeof(v)) == 0);
	}
	assert_int_equal(viewed_step(s), 0);
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

	viewed_source("a");
	viewed_series(1, MADE_LATENCY, "{}");
	assert_int_equal(builder_histograms(builder, h, 3), 0);
	viewed_source_end();
	s = viewed_prepare("SELECT t_ns, dur_ns, count, sum, min, max, p50, p90, p99 FROM histograms");
	assert_int_equal(viewed_step(s), 1);
	assert_int_equal(sqlite3_column_int64(s, 2), 0);
	for (int i = 4; i < 9; i++)
		assert_int_equal(sqlite3_column_type(s, i), SQLITE_NULL);
	assert_int_equal(viewed_step(s), 1);
	assert_int_equal(sqlite3_column_int64(s, 1), 7);
	assert_true(sqlite3_column_double(s, 3) == 20);
	assert_true(sqlite3_column_double(s, 6) > 1 && sqlite3_column_double(s, 6) <= 2);
	assert_true(sqlite3_column_double(s, 7) > 4 && sqlite3_column_double(s, 7) <= 7);
	assert_int_equal(viewed_step(s), 1);
	assert_true(sqlite3_column_double(s, 6) == 1.5 && sqlite3_column_double(s, 8) == 1.5);
	assert_int_equal(viewed_step(s), 0);
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

	viewed_source("a");
	viewed_series(1, MADE_PAUSE, "{\"b\":\"series\",\"d\":\"4\"}");
	spans[1].attrs = builder_attrs(builder, TEXT("{\"a\":\"1\",\"b\":\"own\",\"c\":\"\\\"\"}"));
	spans[2].attrs = builder_attrs(builder, TEXT("{}"));
	assert_int_equal(builder_spans(builder, spans, 3), 0);
	viewed_source_end();
	assert_string_equal(place_ask_text(store, "SELECT group_concat(t_ns || attrs || dur_ns || track ||"
	                                          " coalesce(value, '-'), ' ') FROM spans"),
	                    "1{\"b\":\"series\",\"d\":\"4\"}104- "
	                    "2{\"a\":\"1\",\"b\":\"own\",\"c\":\"\\\"\",\"d\":\"4\"}000.0 "
	                    "3{\"b\":\"series\",\"d\":\"4\"}50-");
}

/* ---- Weights ---- */

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

	viewed_source("a");
	viewed_series(1, MADE_TICKS, "{}");
	viewed_series(2, MADE_SHARE, "{}");
	w[0].stack = viewed_stack(0, "MAIN", "MAIN", "<built-in>", 1);
	w[1].stack = viewed_stack(w[0].stack, "", "", "", 0);
	w[2].stack = viewed_stack(w[1].stack, "go", "Main", "", 77);
	assert_int_equal(builder_weights(builder, w, 3), 0);
	viewed_source_end();
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
	viewed_source("a");
	viewed_series(1, MADE_TICKS, "{}");
	/* With its separator each takes 64 KiB: 16 of them are what a path holds. */
	for (uint32_t i = 0; i < LEXICON_PATH_MAX / (N_NAME + 1) + 1; i++) {
		w.stack = viewed_stack(w.stack, name, "", "", 0);
		assert_int_equal(builder_weights(builder, &w, 1), 0);
	}
	viewed_source_end();
	s = viewed_prepare("SELECT stack FROM weights");
	for (int i = 1; i <= LEXICON_PATH_MAX / (N_NAME + 1); i++) {
		assert_int_equal(viewed_step(s), 1);
		assert_int_equal(sqlite3_column_bytes(s, 0), i * (N_NAME + 1) - 1);
		assert_int_equal(sqlite3_column_text(s, 0)[0], 'x');
	}
	assert_int_equal(viewed_step(s), 1);
	assert_memory_equal(sqlite3_column_text(s, 0), "\xE2\x80\xA6;xxx", 7);
	assert_int_equal(sqlite3_column_bytes(s, 0), LEXICON_PATH_MAX - 1 + 4);
	(void)sqlite3_finalize(s);
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VIEWED_TEST(the_views_are_those_of_the_documentation),
		VIEWED_TEST(numbers_come_back_as_they_were),
		VIEWED_TEST(quantiles_are_within_a_buckets_width_of_the_values),
		VIEWED_TEST(a_histogram_without_values_has_no_quantiles),
		VIEWED_TEST(a_span_has_the_attributes_of_its_series_and_its_own),
		VIEWED_TEST(a_weight_has_its_path_from_the_root_and_its_own_frame),
		VIEWED_TEST(a_path_that_is_too_long_keeps_the_leafs_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
