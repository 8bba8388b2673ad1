/* SPDX-License-Identifier: Apache-2.0 */
#include "store/builder.h"

#include "store/intern.h"
#include "tests/store/made.h"

#include <weir/collector.h>

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(literal) ((struct weir_text){ (literal), sizeof(literal) - 1 })

/* Decodes what it gets and keeps what the tests ask about. */
struct builder_sink {
	struct block_coder *coder;
	uint64_t n_blocks[BLOCK_KIND_COUNT], n_rows[BLOCK_KIND_COUNT];
	uint64_t n_dictionary[BLOCK_KIND_COUNT]; /* rows of dictionaries so far */
	int64_t *last;                           /* by series: the value that came last, when they count up */
	uint64_t n_out_of_order, n_unknown_ids;
	int64_t value;
	char text[64];
	int result;
};

static void see_ids(struct builder_sink *s, const uint64_t *ids, uint32_t n, enum block_kind of)
{
	for (uint32_t i = 0; i < n; i++)
		s->n_unknown_ids += ids[i] > s->n_dictionary[of];
}

static void see_numbers(struct builder_sink *s, uint32_t series, const struct rows *rows)
{
	for (uint32_t i = 0; i < rows->n; i++) {
		s->value = (int64_t)rows->columns[NUMBER_VALUE][i];
		if (s->last && s->value != ++s->last[series])
			s->n_out_of_order++;
	}
}

static int keep(struct builder_sink *s, const struct block *block)
{
	struct rows rows;

	if (s->result < 0)
		return s->result;
	assert_int_equal(block_decode(s->coder, block, BLOCK_ALL, &rows), 0);
	s->n_blocks[block->kind]++;
	s->n_rows[block->kind] += block->n_rows;
	if (block->kind >= BLOCK_FRAMES) {
		assert_int_equal(block->first_id, s->n_dictionary[block->kind] + 1);
		s->n_dictionary[block->kind] += block->n_rows;
		if (rows.n_text && rows.n_text < sizeof(s->text))
			memcpy(s->text, rows.text, rows.n_text);
	}
	if (block->kind == BLOCK_NUMBERS_I64)
		see_numbers(s, block->series, &rows);
	if (block->kind == BLOCK_SPANS)
		see_ids(s, rows.columns[SPAN_ATTRS], rows.n, BLOCK_ATTRS);
	if (block->kind == BLOCK_WEIGHTS_I64)
		see_ids(s, rows.columns[WEIGHT_STACK], rows.n, BLOCK_STACKS);
	if (block->kind == BLOCK_STACKS)
		see_ids(s, rows.columns[STACK_FRAME], rows.n, BLOCK_FRAMES);
	return 0;
}

static struct builder_sink sink;

static struct builder *begin(void)
{
	struct builder *b;

	block_coder_free(sink.coder);
	sink = (struct builder_sink){ .coder = block_coder_new() };
	b = builder_new(keep, &sink);
	assert_non_null(b);
	return b;
}

static void numbers_come_out_as_they_went_in(void **state)
{
	struct builder *b = begin();
	enum {
		N_SERIES = 7,
		N_POINTS = 10000
	};

	sink.last = calloc(N_SERIES + 1, sizeof(*sink.last));
	for (uint32_t id = 1; id <= N_SERIES; id++)
		assert_int_equal(builder_series(b, id, WEIR_SHAPE_NUMBER, WEIR_TYPE_I64), 0);
	for (int64_t i = 1; i <= N_POINTS; i++)
		for (uint32_t id = 1; id <= N_SERIES; id++) {
			struct weir_number n = { .time_ns = i, .value.i64 = i, .series = id };

			assert_int_equal(builder_numbers(b, &n, 1), 0);
		}
	assert_int_equal(sink.n_blocks[BLOCK_NUMBERS_I64], N_SERIES * (N_POINTS / BLOCK_ROWS_MAX));
	assert_int_equal(builder_finish(b), 0);
	assert_int_equal(sink.n_rows[BLOCK_NUMBERS_I64], N_SERIES * N_POINTS);
	assert_int_equal(sink.n_blocks[BLOCK_NUMBERS_I64], N_SERIES * (N_POINTS / BLOCK_ROWS_MAX + 1));
	assert_int_equal(sink.n_out_of_order, 0);
	assert_int_equal(builder_finish(b), 0);
	assert_int_equal(sink.n_rows[BLOCK_NUMBERS_I64], N_SERIES * N_POINTS);
	free(sink.last);
	builder_free(b);
}

static void series_are_declared_without_gaps(void **state)
{
	struct builder *b = begin();

	assert_int_equal(builder_series(b, 2, WEIR_SHAPE_NUMBER, WEIR_TYPE_I64), -EINVAL);
	assert_int_equal(builder_series(b, 1, WEIR_SHAPE_NUMBER, WEIR_TYPE_I64), 0);
	assert_int_equal(builder_series(b, 1, WEIR_SHAPE_NUMBER, WEIR_TYPE_I64), -EINVAL);
	builder_free(b);
}

static void the_same_thing_gets_the_same_id(void **state)
{
	struct builder *b = begin();
	struct block_frame f = { TEXT("go"), TEXT("Main"), TEXT("Main.hs:1") };
	struct block_frame shifted = { TEXT("goM"), TEXT("ain"), TEXT("Main.hs:1") };
	struct block_stack s = { 0, 0, 1 }, named = { 17, 0, 1 };

	assert_int_equal(builder_frame(b, &f), 1);
	assert_int_equal(builder_frame(b, &shifted), 2);
	assert_int_equal(builder_frame(b, &f), 1);
	assert_int_equal(builder_stack(b, &s), 1);
	assert_int_equal(builder_stack(b, &named), 2);
	assert_int_equal(builder_stack(b, &s), 1);
	assert_int_equal(builder_attrs(b, TEXT("{\"a\":\"1\"}")), 1);
	assert_int_equal(builder_attrs(b, TEXT("{}")), 2);
	assert_int_equal(builder_attrs(b, TEXT("{\"a\":\"1\"}")), 1);
	assert_int_equal(builder_finish(b), 0);
	assert_int_equal(sink.n_rows[BLOCK_FRAMES], 2);
	assert_int_equal(sink.n_rows[BLOCK_STACKS], 2);
	assert_int_equal(sink.n_rows[BLOCK_ATTRS], 2);
	assert_memory_equal(sink.text, "{\"a\":\"1\"}{}", 11);
	builder_free(b);
}

static void a_hundred_thousand_keys_keep_their_ids(void **state)
{
	struct builder *b = begin();
	char name[16];

	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 1; i <= 100000; i++) {
			struct block_frame f = { { name, 0 }, { NULL, 0 }, { NULL, 0 } };

			f.name.n_bytes = (uint64_t)snprintf(name, sizeof(name), "%u", i);
			if (builder_frame(b, &f) != i)
				fail_msg("frame %u has another id in pass %d", i, pass);
		}
	assert_int_equal(builder_finish(b), 0);
	assert_int_equal(sink.n_rows[BLOCK_FRAMES], 100000);
	builder_free(b);
}

static void dictionaries_are_flushed_before_what_uses_them(void **state)
{
	struct builder *b = begin();

	assert_int_equal(builder_series(b, 1, WEIR_SHAPE_SPAN, WEIR_TYPE_F64), 0);
	assert_int_equal(builder_series(b, 2, WEIR_SHAPE_WEIGHT, WEIR_TYPE_I64), 0);
	for (uint32_t i = 0; i < 30000; i++) {
		char text[32];
		struct weir_text json = { text, (uint64_t)snprintf(text, sizeof(text), "{\"slot\":\"%u\"}", i / 3) };
		struct block_frame frame = { { text, json.n_bytes }, { NULL, 0 }, { NULL, 0 } };
		struct block_stack stack = { .parent = i % 50, .frame = builder_frame(b, &frame) };
		struct weir_span span = { .time_ns = i, .series = 1, .attrs = builder_attrs(b, json) };
		struct weir_weight weight = { .series = 2, .stack = builder_stack(b, &stack) };

		assert_true(span.attrs > 0 && stack.frame > 0 && weight.stack > 0);
		assert_int_equal(builder_spans(b, &span, 1), 0);
		assert_int_equal(builder_weights(b, &weight, 1), 0);
	}
	assert_int_equal(builder_finish(b), 0);
	assert_int_equal(sink.n_rows[BLOCK_SPANS], 30000);
	assert_int_equal(sink.n_rows[BLOCK_WEIGHTS_I64], 30000);
	assert_int_equal(sink.n_rows[BLOCK_ATTRS], 10000);
	assert_int_equal(sink.n_unknown_ids, 0);
	builder_free(b);
}

static void histograms_are_split_before_their_buckets_burst_a_block(void **state)
{
	struct builder *b = begin();
	uint64_t *buckets = calloc(WEIR_BUCKETS_MAX, sizeof(*buckets));
	struct weir_histogram h = { .series = 1, .buckets = buckets, .n_buckets = WEIR_BUCKETS_MAX };
	uint64_t per_block = BLOCK_BUCKETS_MAX / WEIR_BUCKETS_MAX;

	buckets[WEIR_BUCKETS_MAX - 1] = UINT64_MAX;
	assert_int_equal(builder_series(b, 1, WEIR_SHAPE_HISTOGRAM, WEIR_TYPE_F64), 0);
	for (uint64_t i = 0; i < per_block * 3 + 1; i++)
		assert_int_equal(builder_histograms(b, &h, 1), 0);
	assert_int_equal(sink.n_rows[BLOCK_HISTOGRAMS], per_block * 3);
	assert_int_equal(builder_finish(b), 0);
	assert_int_equal(sink.n_rows[BLOCK_HISTOGRAMS], per_block * 3 + 1);
	assert_int_equal(sink.n_blocks[BLOCK_HISTOGRAMS], 4);
	builder_free(b);
	free(buckets);
}

static void texts_beyond_a_block_are_refused(void **state)
{
	struct builder *b = begin();
	char *text = malloc(BLOCK_TEXT_MAX + 1);
	struct weir_text most = { text, BLOCK_TEXT_MAX }, more = { text, BLOCK_TEXT_MAX + 1 };

	memset(text, 'x', BLOCK_TEXT_MAX + 1);
	assert_int_equal(builder_attrs(b, TEXT("{}")), 1);
	assert_int_equal(builder_attrs(b, most), 2);
	assert_int_equal(builder_attrs(b, more), 0);
	assert_int_equal(builder_finish(b), 0);
	assert_int_equal(sink.n_rows[BLOCK_ATTRS], 2);
	builder_free(b);
	free(text);
}

static void memory_stays_bounded_with_a_hundred_thousand_series(void **state)
{
	struct builder *b = begin();
	enum {
		N_SERIES = 100000,
		N_ROUNDS = 60
	};
	/* Columns, series table, coder (two zstd contexts among it), dictionaries. */
	const size_t bound = BUILDER_OPEN_BYTES_MAX + N_SERIES * 2 * 48 + (24 << 20);
	size_t before, most = 0;

	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	sink.last = calloc(N_SERIES + 1, sizeof(*sink.last));
	for (uint32_t id = 1; id <= N_SERIES; id++)
		assert_int_equal(builder_series(b, id, WEIR_SHAPE_NUMBER, WEIR_TYPE_I64), 0);
	for (int64_t i = 1; i <= N_ROUNDS; i++) {
		size_t now;

		for (uint32_t id = 1; id <= N_SERIES; id++) {
			struct weir_number n = { .time_ns = i, .value.i64 = i, .series = id };

			if (builder_numbers(b, &n, 1) < 0)
				fail();
		}
		now = mallinfo2().uordblks + mallinfo2().hblkhd;
		most = now > most ? now : most;
	}
	assert_int_equal(builder_finish(b), 0);
	assert_int_equal(sink.n_rows[BLOCK_NUMBERS_I64], (uint64_t)N_SERIES * N_ROUNDS);
	assert_int_equal(sink.n_out_of_order, 0);
	/* Under a sanitizer mallinfo2() says nothing. */
	if (most)
		assert_in_range(most - before, 0, bound);
	/* The bound must not be had by writing a block for every few points. */
	assert_in_range(sink.n_blocks[BLOCK_NUMBERS_I64], 1, (uint64_t)N_SERIES * N_ROUNDS / 6);
	free(sink.last);
	builder_free(b);
}

static void a_failed_flush_stops_everything(void **state)
{
	struct builder *b = begin();
	struct weir_number n = { .series = 1 };
	int r = 0;

	sink.result = -ENOSPC;
	assert_int_equal(builder_series(b, 1, WEIR_SHAPE_NUMBER, WEIR_TYPE_I64), 0);
	for (int i = 0; i < BLOCK_ROWS_MAX; i++)
		assert_int_equal(builder_numbers(b, &n, 1), 0);
	r = builder_numbers(b, &n, 1);
	assert_int_equal(r, -ENOSPC);
	sink.result = 0;
	assert_int_equal(builder_numbers(b, &n, 1), -ENOSPC);
	assert_int_equal(builder_attrs(b, TEXT("{}")), 0);
	assert_int_equal(builder_finish(b), -ENOSPC);
	assert_int_equal(sink.n_rows[BLOCK_NUMBERS_I64], 0);
	builder_free(b);
}

static void a_table_that_is_full_forgets_and_goes_on(void **state)
{
	struct intern *t = intern_new();
	size_t n_text = 1 << 20;
	char *text = malloc(n_text);
	struct weir_text part = { text, n_text };
	uint32_t next = 1;

	assert_non_null(t);
	memset(text, 'x', n_text);
	for (int i = 0; i < 3 * (INTERN_BYTES_MAX >> 20); i++) {
		memcpy(text, &i, sizeof(i));
		assert_int_equal(intern_id(t, &part, 1, next), next);
		assert_int_equal(intern_id(t, &part, 1, next + 1), next);
		next++;
	}
	assert_true(mallinfo2().uordblks + mallinfo2().hblkhd < (size_t)INTERN_BYTES_MAX + (32 << 20));
	assert_int_equal(intern_id(t, &part, 1, 0), next - 1);
	memset(text, 'y', n_text);
	assert_int_equal(intern_id(t, &part, 1, 0), 0);
	intern_free(t);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_come_out_as_they_went_in),
		cmocka_unit_test(series_are_declared_without_gaps),
		cmocka_unit_test(the_same_thing_gets_the_same_id),
		cmocka_unit_test(a_hundred_thousand_keys_keep_their_ids),
		cmocka_unit_test(dictionaries_are_flushed_before_what_uses_them),
		cmocka_unit_test(histograms_are_split_before_their_buckets_burst_a_block),
		cmocka_unit_test(texts_beyond_a_block_are_refused),
		cmocka_unit_test(memory_stays_bounded_with_a_hundred_thousand_series),
		cmocka_unit_test(a_failed_flush_stops_everything),
		cmocka_unit_test(a_table_that_is_full_forgets_and_goes_on),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	block_coder_free(sink.coder);
	return failed;
}
