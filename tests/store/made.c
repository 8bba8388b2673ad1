/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store/made.h"

#include <stdlib.h>
#include <string.h>

uint64_t made_u64(struct made_random *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return r->state * 0x2545F4914F6CDD1DU;
}

uint64_t made_below(struct made_random *r, uint64_t n)
{
	return made_u64(r) % n;
}

enum cell {
	CELL_ANY, /* any word, often an extreme one */
	CELL_U32,
	CELL_LENGTH, /* of text or buckets */
	CELL_FLAGS,
	CELL_SCALE,
	CELL_PARENT,
};

static const enum cell cells[BLOCK_KIND_COUNT][ROWS_COLUMNS_MAX] = {
	[BLOCK_HISTOGRAMS] = { [HISTOGRAM_SCALE] = CELL_SCALE, [HISTOGRAM_N_BUCKETS] = CELL_LENGTH },
	[BLOCK_SPANS] = { [SPAN_TRACK] = CELL_U32, [SPAN_ATTRS] = CELL_U32, [SPAN_FLAGS] = CELL_FLAGS },
	[BLOCK_WEIGHTS_I64] = { [WEIGHT_STACK] = CELL_U32, [WEIGHT_FLAGS] = CELL_FLAGS },
	[BLOCK_WEIGHTS_F64] = { [WEIGHT_STACK] = CELL_U32, [WEIGHT_FLAGS] = CELL_FLAGS },
	[BLOCK_FRAMES] = { CELL_LENGTH, CELL_LENGTH, CELL_LENGTH },
	[BLOCK_STACKS] = { [STACK_PARENT] = CELL_PARENT, [STACK_FRAME] = CELL_U32 },
	[BLOCK_ATTRS] = { CELL_LENGTH },
};

static const uint32_t n_columns[BLOCK_KIND_COUNT] = {
	[BLOCK_NUMBERS_I64] = NUMBER_COLUMNS,   [BLOCK_NUMBERS_F64] = NUMBER_COLUMNS,
	[BLOCK_HISTOGRAMS] = HISTOGRAM_COLUMNS, [BLOCK_SPANS] = SPAN_COLUMNS,
	[BLOCK_WEIGHTS_I64] = WEIGHT_COLUMNS,   [BLOCK_WEIGHTS_F64] = WEIGHT_COLUMNS,
	[BLOCK_FRAMES] = FRAME_COLUMNS,         [BLOCK_STACKS] = STACK_COLUMNS,
	[BLOCK_ATTRS] = ATTRS_COLUMNS,
};

static uint64_t any_word(struct made_random *r)
{
	static const uint64_t extremes[] = { 0,
		                             UINT64_MAX,
		                             (uint64_t)INT64_MAX,
		                             (uint64_t)INT64_MIN,
		                             0x7FF8000000000123U,
		                             0x8000000000000000U,
		                             0x7FF0000000000000U };
	uint64_t choice = made_below(r, 16);

	if (choice < sizeof(extremes) / sizeof(extremes[0]))
		return extremes[choice];
	return made_u64(r) >> made_below(r, 64);
}

static uint64_t cell(struct made_random *r, enum cell kind, uint32_t i, uint32_t first_id)
{
	switch (kind) {
	case CELL_U32:
		return made_u64(r) >> (32 + made_below(r, 32));
	case CELL_LENGTH:
		return made_below(r, 14);
	case CELL_FLAGS:
		return made_below(r, 4);
	case CELL_SCALE:
		return made_below(r, 31) - 10;
	case CELL_PARENT:
		return made_below(r, (uint64_t)first_id + i);
	default:
		return any_word(r);
	}
}

static void fill_tail(struct made_random *r, struct rows *rows)
{
	uint64_t sum = 0;

	for (uint32_t c = 0; c < n_columns[rows->kind]; c++)
		for (uint32_t i = 0; cells[rows->kind][c] == CELL_LENGTH && i < rows->n; i++)
			sum += rows->columns[c][i];
	if (rows->kind == BLOCK_HISTOGRAMS) {
		rows->n_buckets = sum;
		rows->buckets = malloc((sum + 1) * sizeof(uint64_t));
		for (uint64_t i = 0; i < sum; i++)
			rows->buckets[i] = made_below(r, 3) ? made_below(r, 100) : made_u64(r);
	} else if (sum) {
		rows->n_text = sum;
		rows->text = malloc(sum);
		for (uint64_t i = 0; i < sum; i++)
			rows->text[i] = made_below(r, 4) ? (char)('a' + made_below(r, 5)) : (char)made_u64(r);
	}
}

struct rows made_rows(struct made_random *r, enum block_kind kind, uint32_t n, uint32_t first_id)
{
	struct rows rows = { .kind = kind, .n = n };

	for (uint32_t c = 0; c < n_columns[kind]; c++) {
		rows.columns[c] = malloc(n * sizeof(uint64_t));
		for (uint32_t i = 0; i < n; i++)
			rows.columns[c][i] = cell(r, cells[kind][c], i, first_id);
	}
	fill_tail(r, &rows);
	return rows;
}

void made_rows_done(struct rows *rows)
{
	for (uint32_t c = 0; c < ROWS_COLUMNS_MAX; c++)
		free(rows->columns[c]);
	free(rows->buckets);
	free(rows->text);
}

static int is_same(const void *a, const void *b, uint64_t n)
{
	return n == 0 || memcmp(a, b, n) == 0;
}

int made_rows_same(const struct rows *a, const struct rows *b)
{
	if (a->kind != b->kind || a->n != b->n || a->n_buckets != b->n_buckets || a->n_text != b->n_text)
		return 0;
	for (uint32_t c = 0; c < n_columns[a->kind]; c++)
		if (!is_same(a->columns[c], b->columns[c], a->n * sizeof(uint64_t)))
			return 0;
	return is_same(a->buckets, b->buckets, a->n_buckets * sizeof(uint64_t)) && is_same(a->text, b->text, a->n_text);
}

int made_block(const uint8_t *at, uint64_t n, struct block *ret)
{
	uint8_t *bytes = malloc(n);
	uint32_t crc;

	*ret = (struct block){
		.kind = at[0], .n_rows = at[1] | (uint32_t)at[2] << 8, .bytes = bytes, .n_bytes = n - 1
	};
	ret->first_id = at[3] | (uint32_t)at[4] << 8;
	if (!bytes)
		return 0;
	memcpy(bytes, at + 5, n - 5);
	crc = block_crc(ret);
	for (int i = 0; i < 4; i++)
		bytes[n - 5 + (uint64_t)i] = (uint8_t)(crc >> 8 * i);
	return 1;
}

void made_block_done(struct block *block)
{
	free((uint8_t *)(uintptr_t)block->bytes);
}
