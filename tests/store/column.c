/* SPDX-License-Identifier: Apache-2.0 */
#include "store/column.h"

#include "tests/support/bytes.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct column_coder *coder;
static uint64_t words[COLUMN_VALUES_MAX], back[COLUMN_VALUES_MAX];
static uint8_t bytes[COLUMN_VALUES_MAX * 9];
static uint64_t state = 88172645463325252U;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t bits(double v)
{
	uint64_t word;

	memcpy(&word, &v, sizeof(word));
	return word;
}

/* Encodes and decodes, against a page that nobody may read; returns the bytes. */
static uint64_t round_trip(uint32_t n, enum column_type type)
{
	uint64_t n_bytes = column_encode(coder, words, n, type, bytes);
	struct bytes guarded = bytes_guarded(bytes, n_bytes);

	assert_true(n_bytes <= column_bound(n));
	memset(back, 0xA5, n * sizeof(*back));
	assert_int_equal(column_decode(coder, guarded.at, n_bytes, n, back), n_bytes);
	assert_memory_equal(back, words, n * sizeof(*back));
	assert_int_equal(column_decode(coder, guarded.at, n_bytes, n, NULL), n_bytes);
	bytes_done(&guarded);
	return n_bytes;
}

static const uint64_t extremes[] = { 0,
	                             1,
	                             UINT64_MAX,
	                             (uint64_t)INT64_MAX,
	                             (uint64_t)INT64_MIN,
	                             (uint64_t)INT64_MIN + 1,
	                             UINT32_MAX,
	                             1ULL << 56,
	                             (1ULL << 57) - 1,
	                             0x7FF0000000000000U,
	                             0xFFF0000000000000U,
	                             0x8000000000000000U,
	                             0x7FF8000000000001U,
	                             0xFFF7FFFFFFFFFFFFU };

enum {
	N_EXTREMES = sizeof(extremes) / sizeof(extremes[0]),
};

static void extreme_words_in_any_order_come_back_bit_by_bit(void **unused)
{
	for (uint32_t n = 1; n < 400; n++)
		for (int type = COLUMN_INTEGERS; type <= COLUMN_DOUBLES; type++) {
			for (uint32_t i = 0; i < n; i++)
				words[i] = extremes[next_random() % N_EXTREMES];
			(void)round_trip(n, (enum column_type)type);
		}
}

static void random_words_of_every_width_come_back(void **unused)
{
	for (uint32_t width = 1; width <= 64; width++)
		for (uint32_t n = 1; n <= 1000; n += 111)
			for (int type = COLUMN_INTEGERS; type <= COLUMN_DOUBLES; type++) {
				for (uint32_t i = 0; i < n; i++)
					words[i] = next_random() >> (64 - width);
				(void)round_trip(n, (enum column_type)type);
			}
}

static void the_longest_column_comes_back(void **unused)
{
	for (uint32_t i = 0; i < COLUMN_VALUES_MAX; i++)
		words[i] = next_random();
	assert_true(round_trip(COLUMN_VALUES_MAX, COLUMN_INTEGERS) > (uint64_t)COLUMN_VALUES_MAX * 8);
}

static void regular_times_take_no_space(void **unused)
{
	for (uint32_t i = 0; i < 4096; i++)
		words[i] = 1700000000000000000U + i * 250000000ULL;
	assert_in_range(round_trip(4096, COLUMN_INTEGERS), 1, 20);
}

static void times_in_whole_microseconds_do_not_pay_for_nanoseconds(void **unused)
{
	for (uint32_t i = 0; i < 4096; i++)
		words[i] = 1700000000000000000U + (i * 1000000ULL + next_random() % 1024) * 1000;
	/* Two draws of 10 bits in a difference: 11 bits. */
	assert_in_range(round_trip(4096, COLUMN_INTEGERS), 1, 4096 * 12 / 8);
}

static void decimals_are_kept_as_integers(void **unused)
{
	for (uint32_t i = 0; i < 4096; i++)
		words[i] = bits((double)(next_random() % 10000) / 100);
	assert_in_range(round_trip(4096, COLUMN_DOUBLES), 1, 4096 * 14 / 8 + 128);
}

static void a_late_value_with_more_decimals_is_kept_too(void **unused)
{
	for (uint32_t i = 0; i < 4096; i++)
		words[i] = bits((double)(next_random() % 100));
	words[4095] = bits(0.125);
	assert_in_range(round_trip(4096, COLUMN_DOUBLES), 1, 4096 * 18 / 8);
}

/* Each breaks the rule that all values are decimals in its own way; every bit must be there still. */
static void what_is_almost_a_decimal_keeps_its_bits(void **unused)
{
	const double odd[] = { -0.0,       (double)NAN, (double)INFINITY, -(double)INFINITY, DBL_TRUE_MIN, DBL_MAX,
		               0x1p53 + 2, 0x1p51,      0x1p51 - 0.5,     0.1 + 0.2,         1.0 / 3,      1e-7,
		               1e22 };

	for (size_t k = 0; k < sizeof(odd) / sizeof(odd[0]); k++)
		for (uint32_t at = 0; at < 300; at += 299) {
			for (uint32_t i = 0; i < 300; i++)
				words[i] = bits((double)i / 100);
			words[at] = bits(odd[k]);
			(void)round_trip(300, COLUMN_DOUBLES);
		}
}

static void repeating_words_are_compressed(void **unused)
{
	for (uint32_t i = 0; i < 4096; i++)
		words[i] = i % 100 ? 7 : next_random() >> 20;
	assert_in_range(round_trip(4096, COLUMN_INTEGERS), 1, 1024);
}

static void every_cut_column_is_refused(void **unused)
{
	for (int kind = 0; kind < 4; kind++) {
		uint64_t n_bytes;

		for (uint32_t i = 0; i < 200; i++)
			words[i] = kind == 0   ? i
			           : kind == 1 ? next_random()
			           : kind == 2 ? i % 64 ? 0 : 1U << 30
			                       : i * i * 1000;
		n_bytes = column_encode(coder, words, 200, COLUMN_INTEGERS, bytes);
		for (uint64_t n = 0; n < n_bytes; n++) {
			struct bytes guarded = bytes_guarded(bytes, n);

			assert_int_equal(column_decode(coder, guarded.at, n, 200, back), -EBADMSG);
			bytes_done(&guarded);
		}
	}
}

static void a_column_of_another_length_is_refused_unless_nothing_is_stored(void **unused)
{
	uint64_t n_bytes;

	for (uint32_t i = 0; i < 1000; i++)
		words[i] = next_random();
	n_bytes = column_encode(coder, words, 1000, COLUMN_INTEGERS, bytes);
	assert_int_equal(column_decode(coder, bytes, n_bytes, 999, back), -EBADMSG);
	assert_int_equal(column_decode(coder, bytes, n_bytes, 1001, back), -EBADMSG);
}

static void random_bytes_are_words_or_refused(void **unused)
{
	uint32_t n_good = 0, n_bad = 0;

	for (int round = 0; round < 20000; round++) {
		uint64_t n = next_random() % 64;
		struct bytes guarded;
		int64_t used;

		for (uint64_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)next_random();
		guarded = bytes_guarded(bytes, n);
		used = column_decode(coder, guarded.at, n, 1 + (uint32_t)(next_random() % 300), back);
		assert_true(used == -EBADMSG || (used > 0 && (uint64_t)used <= n));
		n_good += used > 0;
		n_bad += used < 0;
		bytes_done(&guarded);
	}
	assert_true(n_good > 0 && n_bad > 0);
}

static int make(void **unused)
{
	coder = column_coder_new();
	return coder ? 0 : -1;
}

static int unmake(void **unused)
{
	column_coder_free(coder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extreme_words_in_any_order_come_back_bit_by_bit),
		cmocka_unit_test(random_words_of_every_width_come_back),
		cmocka_unit_test(the_longest_column_comes_back),
		cmocka_unit_test(regular_times_take_no_space),
		cmocka_unit_test(times_in_whole_microseconds_do_not_pay_for_nanoseconds),
		cmocka_unit_test(decimals_are_kept_as_integers),
		cmocka_unit_test(a_late_value_with_more_decimals_is_kept_too),
		cmocka_unit_test(what_is_almost_a_decimal_keeps_its_bits),
		cmocka_unit_test(repeating_words_are_compressed),
		cmocka_unit_test(every_cut_column_is_refused),
		cmocka_unit_test(a_column_of_another_length_is_refused_unless_nothing_is_stored),
		cmocka_unit_test(random_bytes_are_words_or_refused),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
