/* SPDX-License-Identifier: Apache-2.0 */
/* The pure half of the collector rts: events, as the kernel's side would hand them over, to observations. */
#include "collectors/rts/rts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A host that remembers what it was told. */
enum {
	KEPT_MAX = 64,
};

struct heard {
	struct weir_host host; /* first: what the collector's side points to */
	struct weir_span spans[KEPT_MAX];
	struct weir_number numbers[KEPT_MAX];
	struct weir_histogram histogram;
	uint64_t n_spans, n_numbers, n_histograms, tallies[5];
	uint32_t rows[KEPT_MAX], n_series;
	char attrs[KEPT_MAX][64];
	double buckets_sum;
};

static struct heard *heard_of(const struct weir_host *h)
{
	return (struct heard *)(uintptr_t)h;
}

static uint32_t hear_series(const struct weir_host *h, uint32_t row, const struct weir_attr *attrs, uint32_t n)
{
	struct heard *e = heard_of(h);
	size_t at = 0;

	assert_true(e->n_series < KEPT_MAX);
	e->rows[e->n_series] = row;
	for (uint32_t i = 0; i < n; i++)
		at += (size_t)snprintf(e->attrs[e->n_series] + at, sizeof(e->attrs[0]) - at, "%.*s=%.*s ",
		                       (int)attrs[i].key.n_bytes, attrs[i].key.at, (int)attrs[i].value.n_bytes,
		                       attrs[i].value.at);
	return ++e->n_series;
}

static int hear_spans(const struct weir_host *h, const struct weir_span *at, uint64_t n)
{
	struct heard *e = heard_of(h);

	memcpy(e->spans + e->n_spans, at, n * sizeof(*at));
	e->n_spans += n;
	return WEIR_OK;
}

static int hear_numbers(const struct weir_host *h, const struct weir_number *at, uint64_t n)
{
	struct heard *e = heard_of(h);

	memcpy(e->numbers + e->n_numbers, at, n * sizeof(*at));
	e->n_numbers += n;
	return WEIR_OK;
}

static int hear_histograms(const struct weir_host *h, const struct weir_histogram *at, uint64_t n)
{
	struct heard *e = heard_of(h);

	e->histogram = at[n - 1];
	e->n_histograms += n;
	e->buckets_sum = 0;
	for (uint32_t i = 0; i < at->n_buckets; i++)
		e->buckets_sum += (double)at->buckets[i];
	return WEIR_OK;
}

static void hear_tally(const struct weir_host *h, uint32_t kind, uint64_t n, const char *reason)
{
	heard_of(h)->tallies[kind] += n;
}

static int set_up(void **state)
{
	struct heard *e = calloc(1, sizeof(*e));

	if (!e)
		return -1;
	e->host = (struct weir_host){ .size = sizeof(struct weir_host),
		                      .series = hear_series,
		                      .spans = hear_spans,
		                      .numbers = hear_numbers,
		                      .histograms = hear_histograms,
		                      .tally = hear_tally };
	*state = e;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static struct rts_event collection(uint32_t generation)
{
	return (struct rts_event){ .asked_ns = 900,
		                   .start_ns = 1000,
		                   .end_ns = 1500,
		                   .live_words = 10,
		                   .copied_words = 7,
		                   .slop_words = 3,
		                   .generation = generation,
		                   .n_threads = 2,
		                   .kind = RTS_COLLECTION };
}

static int64_t last_of(const struct heard *e, uint32_t row)
{
	for (uint64_t i = e->n_numbers; i > 0; i--)
		if (e->rows[e->numbers[i - 1].series - 1] == row)
			return e->numbers[i - 1].value.i64;
	return -1;
}

static void a_collection_is_a_pause_and_what_it_left(void **state)
{
	struct heard *e = *state;
	struct pauses p = { .host = &e->host, .utc_offset_ns = 1000000 };
	struct rts_event event = collection(1);

	assert_int_equal(pauses_take(&p, &event), WEIR_OK);
	assert_int_equal(pauses_take(&p, &event), WEIR_OK);
	assert_int_equal(e->n_spans, 2);
	assert_int_equal(e->spans[0].time_ns, 1001000);
	assert_int_equal(e->spans[0].duration_ns, 500);
	assert_true(e->spans[0].flags == WEIR_SPAN_HAS_VALUE && e->spans[0].value == 100);
	assert_int_equal(e->rows[e->spans[0].series - 1], ROW_GC_PAUSE);
	assert_string_equal(e->attrs[e->spans[0].series - 1], "generation=1 mode=parallel ");
	assert_int_equal(last_of(e, ROW_GC_COUNT), 2);
	assert_int_equal(last_of(e, ROW_GC_COPIED), 2 * 7 * 8);
	assert_int_equal(last_of(e, ROW_HEAP_LIVE), 80);
	assert_int_equal(last_of(e, ROW_HEAP_SLOP), 24);
	assert_int_equal(e->numbers[0].time_ns, 1001500);
	assert_true(e->tallies[WEIR_READ] == 2 && e->tallies[WEIR_STORED] == 2);
}

static void what_was_not_asked_for_has_no_time_to_halt(void **state)
{
	struct heard *e = *state;
	struct pauses p = { .host = &e->host };
	struct rts_event event = collection(0);

	event.asked_ns = 0;
	event.n_threads = 0;
	assert_int_equal(pauses_take(&p, &event), WEIR_OK);
	assert_int_equal(e->spans[0].flags, 0);
	assert_string_equal(e->attrs[e->spans[0].series - 1], "generation=0 ");
	assert_int_equal(pauses_end(&p, 100), WEIR_OK);
	assert_int_equal(e->n_histograms, 0);
}

/* The non-moving collector's own sum can be below 0, which reads as close to 2^64. */
static void slop_below_nothing_is_not_said(void **state)
{
	struct heard *e = *state;
	struct pauses p = { .host = &e->host };
	struct rts_event event = collection(0);

	event.slop_words = (uint64_t)-93;
	assert_int_equal(pauses_take(&p, &event), WEIR_OK);
	assert_int_equal(e->n_spans, 1);
	assert_int_equal(last_of(e, ROW_HEAP_SLOP), -1);
	assert_int_equal(last_of(e, ROW_HEAP_LIVE), 80);
}

static void what_no_kernel_says_is_bad(void **state)
{
	struct heard *e = *state;
	struct pauses p = { .host = &e->host };
	struct rts_event wrong[5];

	for (unsigned i = 0; i < 5; i++)
		wrong[i] = collection(0);
	wrong[0].generation = GENERATIONS_MAX;
	wrong[1].end_ns = 999;
	wrong[2].asked_ns = 1001;
	wrong[3].live_words = (uint64_t)1 << 57;
	wrong[4].start_ns = wrong[4].asked_ns = 0;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(pauses_take(&p, &wrong[i]), WEIR_OK);
	assert_int_equal(e->n_spans + e->n_numbers, 0);
	assert_true(e->tallies[WEIR_READ] == 5 && e->tallies[WEIR_BAD] == 5);
	wrong[0].generation = GENERATIONS_MAX - 1;
	assert_int_equal(pauses_take(&p, &wrong[0]), WEIR_OK);
	assert_int_equal(e->n_spans, 1);
}

static void phases_of_the_non_moving_collector_are_spans_of_their_own(void **state)
{
	struct heard *e = *state;
	struct pauses p = { .host = &e->host };
	struct rts_event cycle = { .start_ns = 10, .end_ns = 30, .kind = RTS_CONCURRENT };
	struct rts_event sync = { .start_ns = 20, .end_ns = 25, .kind = RTS_SYNC };

	assert_int_equal(pauses_take(&p, &cycle), WEIR_OK);
	assert_int_equal(pauses_take(&p, &sync), WEIR_OK);
	assert_string_equal(e->attrs[e->spans[0].series - 1], "phase=cycle ");
	assert_string_equal(e->attrs[e->spans[1].series - 1], "phase=sync ");
	assert_int_equal(e->rows[e->spans[0].series - 1], ROW_GC_CONCURRENT);
	assert_int_equal(e->spans[1].duration_ns, 5);
}

/* Against the definition: bucket i of scale 3 has the values in (2^((offset+i)/8), 2^((offset+i+1)/8)]. */
static void halts_are_distributed_as_the_contract_defines(void **state)
{
	struct heard *e = *state;
	struct pauses p = { .host = &e->host, .since_ns = 5 };
	static const uint64_t values[] = { 0, 1, 2, 3, 1023, 1024, 1025, 123456789 };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct rts_event event = collection(0);

		event.asked_ns = 1000;
		event.start_ns = 1000 + values[i];
		event.end_ns = 1000000000;
		assert_int_equal(pauses_take(&p, &event), WEIR_OK);
	}
	assert_int_equal(pauses_end(&p, 105), WEIR_OK);
	assert_true(e->histogram.time_ns == 5 && e->histogram.duration_ns == 100);
	assert_int_equal(e->histogram.count, 8);
	assert_int_equal(e->histogram.n_zero, 2);
	assert_true(e->buckets_sum == 6 && e->histogram.min == 0 && e->histogram.max == 123456789);
	assert_int_equal(e->histogram.offset, 7); /* 2 is the upper end of (2^(7/8), 2^(8/8)] */
	/* 2^26.879: floor(26.879 * 8) = 215 */
	assert_int_equal(e->histogram.offset + (int32_t)e->histogram.n_buckets - 1, 215);
	assert_int_equal(pauses_end(&p, 205), WEIR_OK);
	assert_int_equal(e->n_histograms, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_collection_is_a_pause_and_what_it_left),
		TEST(what_was_not_asked_for_has_no_time_to_halt),
		TEST(slop_below_nothing_is_not_said),
		TEST(what_no_kernel_says_is_bad),
		TEST(phases_of_the_non_moving_collector_are_spans_of_their_own),
		TEST(halts_are_distributed_as_the_contract_defines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
