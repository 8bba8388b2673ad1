/* SPDX-License-Identifier: Apache-2.0 */
#include "store/block.h"

#include "store/crc32.h"
#include "tests/store/made.h"
#include "tests/support/bytes.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct block_coder *coder, *other;

static void every_kind_comes_back_bit_by_bit(void **state)
{
	struct made_random r = { 42 };
	static const uint32_t sizes[] = { 1, 2, 3, 17, 128, 129, 600, BLOCK_ROWS_MAX };

	for (uint32_t kind = 1; kind < BLOCK_KIND_COUNT; kind++)
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			struct rows rows = made_rows(&r, (enum block_kind)kind, sizes[k], 7), back;
			struct block block;

			block_encode(coder, &rows, 3, 7, &block);
			assert_in_range(block.n_bytes, 6, BLOCK_BYTES_MAX);
			assert_int_equal(block.n_rows, sizes[k]);
			assert_int_equal(block_check(&block), 0);
			assert_int_equal(block_decode(other, &block, BLOCK_ALL, &back), 0);
			assert_true(made_rows_same(&rows, &back));
			made_rows_done(&rows);
		}
}

static void the_largest_blocks_stay_within_their_bound(void **state)
{
	struct made_random r = { 1 };
	struct rows rows = made_rows(&r, BLOCK_HISTOGRAMS, BLOCK_ROWS_MAX, 1), back;
	struct block block;

	for (uint32_t c = 0; c < HISTOGRAM_COLUMNS; c++)
		for (uint32_t i = 0; i < rows.n; i++)
			rows.columns[c][i] =
				c == HISTOGRAM_N_BUCKETS ? BLOCK_BUCKETS_MAX / BLOCK_ROWS_MAX : made_u64(&r);
	rows.n_buckets = BLOCK_BUCKETS_MAX;
	rows.buckets = realloc(rows.buckets, BLOCK_BUCKETS_MAX * sizeof(uint64_t));
	for (uint32_t i = 0; i < BLOCK_BUCKETS_MAX; i++)
		rows.buckets[i] = made_u64(&r);
	block_encode(coder, &rows, 1, 0, &block);
	assert_in_range(block.n_bytes, 800000, BLOCK_BYTES_MAX);
	assert_int_equal(block_decode(other, &block, BLOCK_ALL, &back), 0);
	assert_true(made_rows_same(&rows, &back));
	made_rows_done(&rows);
}

static void only_the_columns_asked_for_are_decoded(void **state)
{
	struct made_random r = { 2 };
	struct rows rows = made_rows(&r, BLOCK_SPANS, 100, 1), back;
	struct block block;

	block_encode(coder, &rows, 1, 0, &block);
	assert_int_equal(block_decode(other, &block, 1 << SPAN_TIME | 1 << SPAN_TRACK, &back), 0);
	assert_memory_equal(back.columns[SPAN_TIME], rows.columns[SPAN_TIME], 100 * sizeof(uint64_t));
	assert_memory_equal(back.columns[SPAN_TRACK], rows.columns[SPAN_TRACK], 100 * sizeof(uint64_t));
	assert_null(back.columns[SPAN_DURATION]);
	assert_null(back.columns[SPAN_VALUE]);
	made_rows_done(&rows);
}

static void a_flipped_bit_anywhere_is_found(void **state)
{
	struct made_random r = { 3 };
	struct rows rows = made_rows(&r, BLOCK_WEIGHTS_F64, 20, 1), back;
	struct block block;
	uint8_t *copy;

	block_encode(coder, &rows, 1, 0, &block);
	copy = malloc(block.n_bytes);
	memcpy(copy, block.bytes, block.n_bytes);
	block.bytes = copy;
	for (uint64_t bit = 0; bit < block.n_bytes * 8; bit++) {
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(block_decode(other, &block, BLOCK_ALL, &back), -EBADMSG);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(block_decode(other, &block, BLOCK_ALL, &back), 0);
	free(copy);
	made_rows_done(&rows);
}

static void a_block_under_another_summary_is_found(void **state)
{
	struct made_random r = { 4 };
	struct rows rows = made_rows(&r, BLOCK_NUMBERS_I64, 20, 1);
	struct block block, changed[8];

	block_encode(coder, &rows, 1, 0, &block);
	for (int i = 0; i < 8; i++)
		changed[i] = block;
	changed[0].series++;
	changed[1].kind = BLOCK_NUMBERS_F64;
	changed[2].t_min_ns ^= 1;
	changed[3].t_max_ns ^= 1;
	changed[4].v_min = nextafter(block.v_min, -INFINITY);
	changed[5].v_max = 1;
	changed[6].v_sum = (double)NAN;
	changed[7].first_id = 1;
	for (int i = 0; i < 8; i++)
		assert_int_equal(block_check(&changed[i]), -EBADMSG);
	made_rows_done(&rows);
}

static void every_cut_block_is_refused(void **state)
{
	struct made_random r = { 5 };

	for (uint32_t kind = 1; kind < BLOCK_KIND_COUNT; kind++) {
		struct rows rows = made_rows(&r, (enum block_kind)kind, 9, 1), back;
		struct block block, cut;

		block_encode(coder, &rows, 1, 1, &block);
		for (uint64_t n = 0; n < block.n_bytes; n++) {
			struct bytes guarded = bytes_guarded(block.bytes, n);

			cut = block;
			cut.bytes = guarded.at;
			cut.n_bytes = n;
			if (n >= 5) { /* With a right CRC, so that the decoder itself is asked. */
				uint32_t crc = block_crc(&cut);

				memcpy(guarded.at + n - 4, &crc, 4);
			}
			assert_int_equal(block_decode(other, &cut, BLOCK_ALL, &back), -EBADMSG);
			bytes_done(&guarded);
		}
		made_rows_done(&rows);
	}
}

static void a_stack_whose_parent_is_not_older_is_refused(void **state)
{
	struct made_random r = { 6 };
	struct rows rows = made_rows(&r, BLOCK_STACKS, 9, 100), back;
	struct block block;

	rows.columns[STACK_PARENT][4] = 103;
	block_encode(coder, &rows, 0, 100, &block);
	assert_int_equal(block_decode(other, &block, BLOCK_ALL, &back), 0);
	rows.columns[STACK_PARENT][4] = 104;
	block_encode(coder, &rows, 0, 100, &block);
	assert_int_equal(block_decode(other, &block, BLOCK_ALL, &back), -EBADMSG);
	made_rows_done(&rows);
}

static void bounds_of_a_block_are_checked(void **state)
{
	struct made_random r = { 7 };
	struct rows rows = made_rows(&r, BLOCK_NUMBERS_I64, 1, 1);
	struct block block, bad;

	block_encode(coder, &rows, 1, 0, &block);
	bad = block;
	bad.n_rows = 0;
	assert_int_equal(block_check(&bad), -EBADMSG);
	bad.n_rows = BLOCK_ROWS_MAX + 1;
	assert_int_equal(block_check(&bad), -EBADMSG);
	bad = block;
	bad.kind = BLOCK_KIND_COUNT;
	assert_int_equal(block_check(&bad), -EBADMSG);
	bad.kind = 0;
	assert_int_equal(block_check(&bad), -EBADMSG);
	bad = block;
	bad.n_bytes = BLOCK_BYTES_MAX + 1;
	assert_int_equal(block_check(&bad), -EBADMSG);
	made_rows_done(&rows);
}

static void the_summary_is_that_of_the_rows(void **state)
{
	uint64_t times[] = { 50, (uint64_t)-7, 20 },
		 values[] = { rows_word(2.5), rows_word((double)NAN), rows_word(-4) };
	struct rows rows = { .kind = BLOCK_NUMBERS_F64, .n = 3, .columns = { times, values } };
	struct block block;

	block_encode(coder, &rows, 1, 0, &block);
	assert_int_equal(block.t_min_ns, -7);
	assert_int_equal(block.t_max_ns, 50);
	assert_true(block.v_min == -4 && block.v_max == 2.5 && block.v_sum == -1.5);
	values[0] = values[2] = values[1];
	block_encode(coder, &rows, 1, 0, &block);
	assert_true(isnan(block.v_min) && isnan(block.v_max) && isnan(block.v_sum));
}

static void the_summary_of_spans_ends_where_the_last_one_ends(void **state)
{
	uint64_t cells[SPAN_COLUMNS][2] = { { 10, 20 }, { 100, (uint64_t)INT64_MAX } };
	struct rows rows = { .kind = BLOCK_SPANS, .n = 2 };
	struct block block;

	for (uint32_t c = 0; c < SPAN_COLUMNS; c++)
		rows.columns[c] = cells[c];
	block_encode(coder, &rows, 1, 0, &block);
	assert_int_equal(block.t_min_ns, 10);
	assert_int_equal(block.t_max_ns, INT64_MAX);
	rows.n = 1;
	block_encode(coder, &rows, 1, 0, &block);
	assert_int_equal(block.t_max_ns, 110);
	assert_true(block.v_sum == 100);
}

static void the_summary_of_weights_counts_only_what_is_there(void **state)
{
	uint64_t cells[WEIGHT_COLUMNS][3] = { [WEIGHT_SELF] = { 5, 0, 7 },
		                              [WEIGHT_FLAGS] = { WEIR_WEIGHT_HAS_SELF, WEIR_WEIGHT_HAS_INCLUSIVE,
		                                                 WEIR_WEIGHT_HAS_SELF | WEIR_WEIGHT_HAS_INCLUSIVE } };
	struct rows rows = { .kind = BLOCK_WEIGHTS_I64, .n = 3 };
	struct block block;

	for (uint32_t c = 0; c < WEIGHT_COLUMNS; c++)
		rows.columns[c] = cells[c];
	block_encode(coder, &rows, 1, 0, &block);
	assert_true(block.v_min == 5 && block.v_max == 7 && block.v_sum == 12);
}

static void the_crc_is_that_of_rfc_3720_with_and_without_the_instruction(void **state)
{
	const uint8_t text[] = "123456789 and a tail";
	static uint8_t large[20000];

	assert_int_equal(crc32_add(0, text, 9), 0xE3069283);
	assert_int_equal(crc32_add(crc32_add(0, text, 3), text + 3, 17), crc32_add(0, text, 20));
	for (uint64_t n = 0; n <= 20; n++)
		assert_int_equal(crc32_add(7, text, n), crc32_add_portable(7, text, n));
	/* Around one and two of the stretches that are taken three at a time, and at each alignment. */
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (uint8_t)(i * 2654435761u >> 13);
	for (size_t n = 3064; n <= 3088; n++)
		assert_int_equal(crc32_add(n > 3076 ? 0xFFFFFFFF : 9, large + n % 8, n),
		                 crc32_add_portable(n > 3076 ? 0xFFFFFFFF : 9, large + n % 8, n));
	for (size_t n = 6140; n <= sizeof(large) - 8; n += 37)
		assert_int_equal(crc32_add(9, large + n % 8, n), crc32_add_portable(9, large + n % 8, n));
}

static int make(void **state)
{
	coder = block_coder_new();
	other = block_coder_new();
	return coder && other ? 0 : -1;
}

static int unmake(void **state)
{
	block_coder_free(coder);
	block_coder_free(other);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_comes_back_bit_by_bit),
		cmocka_unit_test(the_largest_blocks_stay_within_their_bound),
		cmocka_unit_test(only_the_columns_asked_for_are_decoded),
		cmocka_unit_test(a_flipped_bit_anywhere_is_found),
		cmocka_unit_test(a_block_under_another_summary_is_found),
		cmocka_unit_test(every_cut_block_is_refused),
		cmocka_unit_test(a_stack_whose_parent_is_not_older_is_refused),
		cmocka_unit_test(bounds_of_a_block_are_checked),
		cmocka_unit_test(the_summary_is_that_of_the_rows),
		cmocka_unit_test(the_summary_of_spans_ends_where_the_last_one_ends),
		cmocka_unit_test(the_summary_of_weights_counts_only_what_is_there),
		cmocka_unit_test(the_crc_is_that_of_rfc_3720_with_and_without_the_instruction),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
