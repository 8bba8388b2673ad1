/* SPDX-License-Identifier: Apache-2.0 */
/* Made live sources that counted things twice: which increases are compared. */
#include "analysis/counterpart.h"
#include "analysis/headline.h"
#include "store/store.h"
#include "tests/store/place.h"
#include "tests/store/written.h"

#include <weir/collector.h>
#include <weir/fail.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
	GC_COUNT,
	ON_CPU,
	ACCOUNTED,
	THREAD_CPU,
	CONNECTION,
	TCP,
	ROWS,
};

#define SECOND  INT64_C(1000000000)
#define ZERO_NS (INT64_C(1700000000) * SECOND)

#define COUNTER(metric_name, metric_unit, metric_shape)                                                                \
	{                                                                                                              \
		.name = metric_name, .unit = metric_unit, .brief = "b", .help = "h", .shape = metric_shape,            \
		.kind = WEIR_KIND_COUNTER, .type = WEIR_TYPE_I64                                                       \
	}

static const struct weir_metric rows[ROWS] = {
	[GC_COUNT] = COUNTER("ghc.gc.count", "{collection}", WEIR_SHAPE_NUMBER),
	[ON_CPU] = { .name = "sched.on_cpu",
	             .unit = "ns",
	             .brief = "b",
	             .help = "h",
	             .shape = WEIR_SHAPE_HISTOGRAM,
	             .type = WEIR_TYPE_F64 },
	[ACCOUNTED] = COUNTER("sched.on_cpu.accounted", "ns", WEIR_SHAPE_NUMBER),
	[THREAD_CPU] = COUNTER("thread.cpu.time", "ns", WEIR_SHAPE_NUMBER),
	[CONNECTION] = COUNTER("connection.io", "By", WEIR_SHAPE_NUMBER),
	[TCP] = COUNTER("tcp.bytes", "By", WEIR_SHAPE_NUMBER),
};

struct series {
	uint32_t id, row;
	const char *attrs;
};

struct point {
	uint32_t series;
	int second;
	int64_t value;
};

static void put(struct builder *b, const struct series *series, const struct point *p)
{
	const uint64_t one = 1;

	if (rows[series[p->series - 1].row].shape == WEIR_SHAPE_NUMBER)
		assert_int_equal(builder_numbers(b,
		                                 &(struct weir_number){ .time_ns = ZERO_NS + p->second * SECOND,
		                                                        .value.i64 = p->value,
		                                                        .series = p->series },
		                                 1),
		                 0);
	else
		assert_int_equal(builder_histograms(b,
		                                    &(struct weir_histogram){ .time_ns = ZERO_NS + p->second * SECOND,
		                                                              .duration_ns = SECOND,
		                                                              .count = 1,
		                                                              .sum = (double)p->value,
		                                                              .min = (double)p->value,
		                                                              .max = (double)p->value,
		                                                              .buckets = &one,
		                                                              .n_buckets = 1,
		                                                              .series = p->series },
		                                    1),
		                 0);
}

static void put_source(struct store *s, const char *collector, const struct series *series, uint32_t n_series,
                       const struct point *points, uint32_t n_points)
{
	struct builder_sink w;

	written_begin(&w, s, "made", "node-0", collector, rows, ROWS);
	for (uint32_t i = 0; i < n_series; i++)
		written_series(&w, series[i].id, series[i].row, series[i].attrs);
	for (uint32_t i = 0; i < n_points; i++)
		put(w.builder, series, &points[i]);
	written_end(&w, 0);
}

#define PUT(s, collector, series, points)                                                                              \
	put_source(s, collector, series, sizeof(series) / sizeof((series)[0]), points,                                 \
	           sizeof(points) / sizeof((points)[0]))

/* weir came when the program had collected 100 times; the program's counter is read at seconds 1 and 3. */
static void put_collections(struct store *s)
{
	static const struct series series[] = { { 1, GC_COUNT, "{\"generation\":\"0\"}" },
		                                { 2, GC_COUNT, "{\"generation\":\"1\"}" },
		                                { 3, GC_COUNT, "{\"counter\":\"stats\"}" } };
	static const struct point points[] = { { 1, 0, 1 }, { 3, 1, 101 }, { 1, 2, 2 },  { 2, 2, 1 },
		                               { 1, 3, 3 }, { 3, 3, 104 }, { 1, 4, 40 }, { 2, 4, 41 } };

	PUT(s, "rts", series, points);
}

/* A thread that was there, one that came, and one that has gone; at the end only one can still be read. */
static void put_threads(struct store *s)
{
	static const struct series series[] = { { 1, ON_CPU, "{}" },
		                                { 2, ACCOUNTED, "{\"thread.id\":\"1\"}" },
		                                { 3, ACCOUNTED, "{\"thread.id\":\"2\"}" },
		                                { 4, ACCOUNTED, "{\"thread.id\":\"3\"}" },
		                                { 5, THREAD_CPU, "{\"thread.id\":\"1\"}" },
		                                { 6, THREAD_CPU, "{\"thread.id\":\"2\"}" },
		                                { 7, THREAD_CPU, "{\"thread.id\":\"3\"}" } };
	static const struct point points[] = {
		{ 2, 0, 1000 }, { 4, 0, 0 },    { 1, 0, 300 }, /* each second's histogram */
		{ 2, 1, 1200 }, { 4, 1, 100 },  { 1, 1, 250 }, /* is of what comes after it */
		{ 2, 2, 1400 }, { 3, 2, 50 },   { 1, 2, 70 },  { 2, 3, 1450 }, { 3, 3, 70 },
		{ 1, 3, 999 },  { 2, 4, 1500 }, { 7, 1, 100 }, { 6, 3, 70 },   { 5, 4, 1500 },
	};

	PUT(s, "sched", series, points);
}

/* A connection that is older than weir, and was first met in second 2. */
static void put_connections(struct store *s)
{
	static const struct series series[] = {
		{ 1, CONNECTION, "{\"direction\":\"transmit\",\"socket\":\"1\",\"transport\":\"tcp\"}" },
		{ 2, TCP, "{\"direction\":\"transmit\",\"socket\":\"1\",\"transport\":\"tcp\"}" },
		{ 3, CONNECTION, "{\"direction\":\"transmit\",\"socket\":\"2\",\"transport\":\"tcp\"}" },
		{ 4, TCP, "{\"direction\":\"transmit\",\"socket\":\"2\",\"transport\":\"tcp\"}" },
		{ 5, CONNECTION, "{\"direction\":\"transmit\",\"socket\":\"3\",\"transport\":\"udp\"}" }
	};
	static const struct point points[] = { { 1, 0, 10 },   { 2, 0, 11 },  { 5, 0, 0 },    { 1, 2, 40 },
		                               { 2, 2, 41 },   { 3, 2, 100 }, { 4, 2, 9000 }, { 3, 3, 160 },
		                               { 4, 3, 9064 }, { 1, 3, 40 },  { 2, 3, 41 },   { 5, 3, 77 } };

	PUT(s, "net", series, points);
}

static int begin(void **state)
{
	struct weir_error error;
	struct store *s;
	int64_t run;

	place_init(&place);
	s = place_open(&place, STORE_CREATE);
	put_collections(s);
	put_threads(s);
	put_connections(s);
	assert_int_equal(store_run(s, "other", &run, &error), 0);
	store_close(s);
	return 0;
}

static void assert_pair(const char *name, double ours, double theirs)
{
	struct store *s = place_open(&place, STORE_READ);
	struct weir_error error = { "" };
	struct counterparts c;
	int n_found = 0;

	if (counterparts_read(s, "made", &c, &error) < 0)
		fail_msg("%s", error.text);
	for (uint32_t i = 0; i < c.n; i++)
		if (strcmp(c.at[i].name, name) == 0) {
			n_found++;
			assert_string_equal(c.at[i].node, "node-0");
			assert_true(c.at[i].ours == ours);
			assert_true(c.at[i].theirs == theirs);
		}
	assert_int_equal(n_found, 1);
	counterparts_done(&c);
	store_close(s);
}

static void what_came_before_the_first_and_after_the_last_reading_does_not_count(void **state)
{
	assert_pair("gc_count", 3, 3);
}

static void of_a_thread_that_came_all_counts_and_of_one_that_was_there_what_was_new(void **state)
{
	assert_pair("on_cpu", 300 + 250 + 70, 400 + 50 + 70 + 100);
}

static void of_a_connection_all_since_it_was_first_met_counts(void **state)
{
	assert_pair("tcp_sent", 30 + 60, 30 + 64);
}

static void what_was_not_counted_twice_is_not_compared(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct weir_error error = { "" };
	struct counterparts c;

	assert_int_equal(counterparts_read(s, "made", &c, &error), 0);
	assert_int_equal(c.n, 3);
	counterparts_done(&c);
	assert_int_equal(counterparts_read(s, "other", &c, &error), 0);
	assert_int_equal(c.n, 0);
	counterparts_done(&c);
	store_close(s);
}

/* There are no pauses to count, and collections by generation are not to be added to all of them. */
static void the_programs_own_count_of_collections_is_the_headline(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct weir_error error = { "" };
	struct headline h;

	assert_int_equal(headline_read(s, "made", &h, &error), 0);
	assert_int_equal(h.n_nodes, 1);
	assert_true(h.nodes[0].at[HEADLINE_COLLECTIONS].value == 104);
	assert_string_equal(h.nodes[0].at[HEADLINE_COLLECTIONS].from, "rts");
	assert_true(h.nodes[0].at[HEADLINE_CPU].value == 1500 + 70 + 100);
	headline_done(&h);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_came_before_the_first_and_after_the_last_reading_does_not_count),
		cmocka_unit_test(of_a_thread_that_came_all_counts_and_of_one_that_was_there_what_was_new),
		cmocka_unit_test(of_a_connection_all_since_it_was_first_met_counts),
		cmocka_unit_test(what_was_not_counted_twice_is_not_compared),
		cmocka_unit_test(the_programs_own_count_of_collections_is_the_headline),
	};

	return cmocka_run_group_tests(tests, begin, place_end);
}
