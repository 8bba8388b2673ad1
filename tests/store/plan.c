/* SPDX-License-Identifier: Apache-2.0 */
/* What a query finds, and what it reads for that. */
#include "store/query.h"
#include "tests/store/made.h"
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

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* ---- What is decoded ---- */

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

	viewed_fill(4, 10000);
	for (size_t i = 0; i < N(efforts); i++) {
		const struct effort *e = &efforts[i];
		int64_t n_series = count("series"), n_blocks = count("blocks"), n_decoded = count("decoded"),
			n_paths = count("paths");
		sqlite3_stmt *s = viewed_prepare(e->sql);

		while (viewed_step(s))
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
	s = viewed_prepare(explain);
	for (text[0] = '\0'; viewed_step(s);)
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

/* With a plain table of all its rows. */
static void fill_plain(uint32_t n_nodes, uint32_t n)
{
	viewed_fill(n_nodes, n);
	assert_int_equal(
		sqlite3_exec(query_db(store), "CREATE TEMP TABLE plain AS SELECT * FROM numbers", NULL, NULL, NULL),
		SQLITE_OK);
}

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

	fill_plain(3, 900);
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

	fill_plain(3, 300);
	for (size_t i = 0; i < N(ends); i++) {
		char sql[2][512];
		sqlite3_stmt *s[2];

		for (int k = 0; k < 2; k++) {
			size_t n = 0;

			for (const char *c = ends[i]; *c; c++)
				n += (size_t)(*c == '%' ? snprintf(sql[k] + n, sizeof(sql[k]) - n,
				                                   k ? "plain" : "numbers")
				                        : snprintf(sql[k] + n, sizeof(sql[k]) - n, "%c", *c));
			s[k] = viewed_prepare(sql[k]);
		}
		for (int more = 1; more;) {
			more = viewed_step(s[0]);
			assert_int_equal(viewed_step(s[1]), more);
			for (int c = 0; more && c < sqlite3_column_count(s[0]); c++)
				assert_string_equal(sqlite3_column_text(s[0], c), sqlite3_column_text(s[1], c));
		}
		(void)sqlite3_finalize(s[0]);
		(void)sqlite3_finalize(s[1]);
	}
}

static void totals_are_those_of_the_rows(void **state)
{
	viewed_fill(2, 5000);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		VIEWED_TEST(a_query_decodes_only_what_it_needs),
		VIEWED_TEST(groups_of_series_need_no_sorting),
		VIEWED_TEST(neither_series_nor_blocks_are_sorted_by_hand),
		VIEWED_TEST(conditions_find_what_they_find_in_a_plain_table),
		VIEWED_TEST(orders_and_groups_are_those_of_a_plain_table),
		VIEWED_TEST(totals_are_those_of_the_rows),
		VIEWED_TEST(a_metric_of_two_collectors_is_one_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
