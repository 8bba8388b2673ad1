/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

/* The rows of one block, column by column. Every cell is a 64-bit word: an integer (signed ones as two's complement) or
 * the bits of a double. Beside the columns some kinds have a tail: the buckets of all histograms one after the other,
 * or the texts of a dictionary's rows (name, module, source, then the next row's).
 */

#include <stdint.h>
#include <string.h>

enum {
	ROWS_COLUMNS_MAX = 10,
};

enum rows_number {
	NUMBER_TIME,
	NUMBER_VALUE,
	NUMBER_COLUMNS,
};

enum rows_histogram {
	HISTOGRAM_TIME,
	HISTOGRAM_DURATION,
	HISTOGRAM_COUNT,
	HISTOGRAM_ZERO,
	HISTOGRAM_SUM,
	HISTOGRAM_MIN,
	HISTOGRAM_MAX,
	HISTOGRAM_SCALE,
	HISTOGRAM_OFFSET,
	HISTOGRAM_N_BUCKETS,
	HISTOGRAM_COLUMNS,
};

enum rows_span {
	SPAN_TIME,
	SPAN_DURATION,
	SPAN_VALUE, /* 0 without WEIR_SPAN_HAS_VALUE */
	SPAN_TRACK,
	SPAN_ATTRS,
	SPAN_FLAGS,
	SPAN_COLUMNS,
};

enum rows_weight {
	WEIGHT_TIME,
	WEIGHT_DURATION,
	WEIGHT_SELF, /* 0 without WEIR_WEIGHT_HAS_SELF */
	WEIGHT_INCLUSIVE,
	WEIGHT_STACK,
	WEIGHT_FLAGS,
	WEIGHT_COLUMNS,
};

enum rows_frame {
	FRAME_N_NAME,
	FRAME_N_MODULE,
	FRAME_N_SOURCE,
	FRAME_COLUMNS,
};

enum rows_stack {
	STACK_NATIVE_ID,
	STACK_PARENT,
	STACK_FRAME,
	STACK_COLUMNS,
};

enum rows_attrs {
	ATTRS_N,
	ATTRS_COLUMNS,
};

struct rows {
	uint32_t kind; /* enum block_kind */
	uint32_t n;
	uint64_t *columns[ROWS_COLUMNS_MAX];
	uint64_t *buckets;
	uint64_t n_buckets;
	char *text;
	uint64_t n_text;
};

static inline double rows_double(uint64_t word)
{
	double v;

	memcpy(&v, &word, sizeof(v));
	return v;
}

static inline uint64_t rows_word(double v)
{
	uint64_t word;

	memcpy(&word, &v, sizeof(word));
	return word;
}

#endif
