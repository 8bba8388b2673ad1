/* SPDX-License-Identifier: Apache-2.0 */
#include "store/block.h"

#include "store/column.h"
#include "store/crc32.h"
#include "store/pack.h"
#include "store/summary.h"

#include <weir/collector.h>

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

enum {
	VERSION = 1,
	CRC_BYTES = 4,
	TEXT_HEAD_BYTES = 1 + 4 + 4,
	TEXT_ZSTD_LEVEL = 1,
	SUMMARY_BYTES = 4 * 4 + 5 * 8,
	COLUMN_BYTES_MAX = BLOCK_ROWS_MAX * 8 + 128,      /* column_bound(BLOCK_ROWS_MAX) */
	BUCKETS_BYTES_MAX = BLOCK_BUCKETS_MAX * 8 + 1024, /* column_bound(BLOCK_BUCKETS_MAX) */
	TEXT_BYTES_MAX = TEXT_HEAD_BYTES + BLOCK_TEXT_MAX,
};

_Static_assert(1 + HISTOGRAM_COLUMNS * COLUMN_BYTES_MAX + BUCKETS_BYTES_MAX + CRC_BYTES <= BLOCK_BYTES_MAX,
               "the largest block of histograms");
_Static_assert(1 + FRAME_COLUMNS * COLUMN_BYTES_MAX + TEXT_BYTES_MAX + CRC_BYTES <= BLOCK_BYTES_MAX,
               "the largest block of frames");
_Static_assert((int)BLOCK_BUCKETS_MAX <= (int)COLUMN_VALUES_MAX && (int)BLOCK_ROWS_MAX <= (int)COLUMN_VALUES_MAX,
               "columns hold a block");
_Static_assert((int)HISTOGRAM_COLUMNS <= (int)ROWS_COLUMNS_MAX, "the widest kind");

enum tail {
	TAIL_NONE,
	TAIL_BUCKETS,
	TAIL_TEXT,
};

#define BIT(column) (1u << (column))

/* What a kind's columns are; which of them hold doubles, which lengths in the tail, which fit in 32 bits unsigned. */
struct layout {
	uint32_t n_columns;
	enum tail tail;
	uint32_t doubles;
	uint32_t lengths;
	uint32_t narrow;
};

static const struct layout layouts[BLOCK_KIND_COUNT] = {
	[BLOCK_NUMBERS_I64] = { NUMBER_COLUMNS, TAIL_NONE, 0, 0, 0 },
	[BLOCK_NUMBERS_F64] = { NUMBER_COLUMNS, TAIL_NONE, BIT(NUMBER_VALUE), 0, 0 },
	[BLOCK_HISTOGRAMS] = { HISTOGRAM_COLUMNS, TAIL_BUCKETS,
	                       BIT(HISTOGRAM_SUM) | BIT(HISTOGRAM_MIN) | BIT(HISTOGRAM_MAX), BIT(HISTOGRAM_N_BUCKETS),
	                       BIT(HISTOGRAM_N_BUCKETS) },
	[BLOCK_SPANS] = { SPAN_COLUMNS, TAIL_NONE, BIT(SPAN_VALUE), 0,
	                  BIT(SPAN_TRACK) | BIT(SPAN_ATTRS) | BIT(SPAN_FLAGS) },
	[BLOCK_WEIGHTS_I64] = { WEIGHT_COLUMNS, TAIL_NONE, 0, 0, BIT(WEIGHT_STACK) | BIT(WEIGHT_FLAGS) },
	[BLOCK_WEIGHTS_F64] = { WEIGHT_COLUMNS, TAIL_NONE, BIT(WEIGHT_SELF) | BIT(WEIGHT_INCLUSIVE), 0,
	                        BIT(WEIGHT_STACK) | BIT(WEIGHT_FLAGS) },
	[BLOCK_FRAMES] = { FRAME_COLUMNS, TAIL_TEXT, 0, BIT(FRAME_N_NAME) | BIT(FRAME_N_MODULE) | BIT(FRAME_N_SOURCE),
	                   BIT(FRAME_N_NAME) | BIT(FRAME_N_MODULE) | BIT(FRAME_N_SOURCE) },
	[BLOCK_STACKS] = { STACK_COLUMNS, TAIL_NONE, 0, 0, BIT(STACK_PARENT) | BIT(STACK_FRAME) },
	[BLOCK_ATTRS] = { ATTRS_COLUMNS, TAIL_TEXT, 0, BIT(ATTRS_N), BIT(ATTRS_N) },
};

enum block_kind block_kind_of(uint32_t shape, uint32_t type)
{
	int is_double = type == WEIR_TYPE_F64;

	switch (shape) {
	case WEIR_SHAPE_HISTOGRAM:
		return BLOCK_HISTOGRAMS;
	case WEIR_SHAPE_SPAN:
		return BLOCK_SPANS;
	case WEIR_SHAPE_WEIGHT:
		return is_double ? BLOCK_WEIGHTS_F64 : BLOCK_WEIGHTS_I64;
	default:
		return is_double ? BLOCK_NUMBERS_F64 : BLOCK_NUMBERS_I64;
	}
}

uint32_t block_columns(enum block_kind kind)
{
	return layouts[kind].n_columns;
}

int block_has_text(enum block_kind kind)
{
	return layouts[kind].tail == TAIL_TEXT;
}

struct block_coder {
	struct column_coder *columns;
	ZSTD_CCtx *zstd_in;
	ZSTD_DCtx *zstd_out;
	uint64_t words[ROWS_COLUMNS_MAX][BLOCK_ROWS_MAX];
	uint64_t buckets[BLOCK_BUCKETS_MAX];
	char text[BLOCK_TEXT_MAX];
	uint8_t bytes[BLOCK_BYTES_MAX];
};

struct block_coder *block_coder_new(void)
{
	struct block_coder *c = malloc(sizeof(*c));

	if (!c)
		return NULL;
	c->columns = column_coder_new();
	c->zstd_in = ZSTD_createCCtx();
	c->zstd_out = ZSTD_createDCtx();
	if (!c->columns || !c->zstd_in || !c->zstd_out) {
		block_coder_free(c);
		return NULL;
	}
	return c;
}

void block_coder_free(struct block_coder *c)
{
	if (!c)
		return;
	column_coder_free(c->columns);
	(void)ZSTD_freeCCtx(c->zstd_in);
	(void)ZSTD_freeDCtx(c->zstd_out);
	free(c);
}

/* ---- Little-endian ---- */

static void put_u32(uint8_t *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* ---- The CRC ---- */

uint32_t block_crc(const struct block *b)
{
	uint8_t summary[SUMMARY_BYTES];
	const uint32_t ids[] = { b->kind, b->series, b->first_id, b->n_rows };
	const uint64_t words[] = { (uint64_t)b->t_min_ns, (uint64_t)b->t_max_ns, rows_word(summary_plain(b->v_min)),
		                   rows_word(summary_plain(b->v_max)), rows_word(summary_plain(b->v_sum)) };

	for (uint32_t i = 0; i < 4; i++)
		put_u32(summary + i * 4, ids[i]);
	for (uint32_t i = 0; i < 5; i++)
		put_u64(summary + 16 + i * 8, words[i]);
	return crc32_add(crc32_add(0, summary, sizeof(summary)), b->bytes, b->n_bytes - CRC_BYTES);
}

int block_check(const struct block *b)
{
	if (b->kind < 1 || b->kind >= BLOCK_KIND_COUNT || b->n_rows < 1 || b->n_rows > BLOCK_ROWS_MAX)
		return -EBADMSG;
	if (b->n_bytes < 1 + CRC_BYTES || b->n_bytes > BLOCK_BYTES_MAX || b->bytes[0] != VERSION)
		return -EBADMSG;
	return get_u32(b->bytes + b->n_bytes - CRC_BYTES) == block_crc(b) ? 0 : -EBADMSG;
}

/* ---- Encoding ---- */

static uint64_t encode_text(struct block_coder *c, const struct rows *rows, uint8_t *at)
{
	size_t n = ZSTD_compressCCtx(c->zstd_in, at + TEXT_HEAD_BYTES, rows->n_text, rows->text, rows->n_text,
	                             TEXT_ZSTD_LEVEL);

	/* It must fit in less than the text itself, so an error is the normal answer for what does not compress. */
	at[0] = !ZSTD_isError(n) && n < rows->n_text;
	if (!at[0]) {
		n = rows->n_text;
		if (n)
			memcpy(at + TEXT_HEAD_BYTES, rows->text, n);
	}
	put_u32(at + 1, (uint32_t)rows->n_text);
	put_u32(at + 5, (uint32_t)n);
	return TEXT_HEAD_BYTES + n;
}

static uint64_t encode_tail(struct block_coder *c, const struct rows *rows, uint8_t *at)
{
	switch (layouts[rows->kind].tail) {
	case TAIL_BUCKETS:
		return rows->n_buckets ? column_encode(c->columns, rows->buckets, (uint32_t)rows->n_buckets,
		                                       COLUMN_INTEGERS, at)
		                       : 0;
	case TAIL_TEXT:
		return encode_text(c, rows, at);
	default:
		return 0;
	}
}

void block_encode(struct block_coder *c, const struct rows *rows, uint32_t series, uint32_t first_id, struct block *ret)
{
	const struct layout *layout = &layouts[rows->kind];
	uint64_t n = 1;

	*ret = (struct block){ .kind = rows->kind, .series = series, .first_id = first_id, .n_rows = rows->n };
	summary_make(rows, ret);
	c->bytes[0] = VERSION;
	for (uint32_t i = 0; i < layout->n_columns; i++)
		n += column_encode(c->columns, rows->columns[i], rows->n,
		                   layout->doubles & BIT(i) ? COLUMN_DOUBLES : COLUMN_INTEGERS, c->bytes + n);
	n += encode_tail(c, rows, c->bytes + n);
	ret->bytes = c->bytes;
	ret->n_bytes = n + CRC_BYTES;
	put_u32(c->bytes + n, block_crc(ret));
}

/* ---- Decoding ---- */

struct reader {
	struct block_coder *coder;
	const struct block *block;
	const struct layout *layout;
	uint64_t n_used;
	uint64_t n_end; /* where the CRC starts */
};

static int is_within(const uint64_t *words, uint32_t n, uint64_t max)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < n; i++)
		bits |= words[i] > max;
	return !bits;
}

static int decode_column(struct reader *r, uint32_t column, int is_wanted, struct rows *ret)
{
	uint64_t *words = is_wanted ? r->coder->words[column] : NULL;
	int64_t n = column_decode(r->coder->columns, r->block->bytes + r->n_used, r->n_end - r->n_used,
	                          r->block->n_rows, words);

	if (n < 0)
		return (int)n;
	r->n_used += (uint64_t)n;
	ret->columns[column] = words;
	if (words && r->layout->narrow & BIT(column) && !is_within(words, ret->n, UINT32_MAX))
		return -EBADMSG;
	return 0;
}

static uint64_t sum_of_lengths(const struct layout *layout, const struct rows *rows)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < layout->n_columns; i++)
		for (uint32_t k = 0; layout->lengths & BIT(i) && k < rows->n; k++)
			sum += rows->columns[i][k];
	return sum;
}

static int decode_buckets(struct reader *r, struct rows *ret)
{
	int64_t n = 0;

	ret->n_buckets = sum_of_lengths(r->layout, ret);
	if (ret->n_buckets > BLOCK_BUCKETS_MAX)
		return -EBADMSG;
	if (ret->n_buckets)
		n = column_decode(r->coder->columns, r->block->bytes + r->n_used, r->n_end - r->n_used,
		                  (uint32_t)ret->n_buckets, r->coder->buckets);
	if (n < 0)
		return (int)n;
	r->n_used += (uint64_t)n;
	ret->buckets = r->coder->buckets;
	return 0;
}

static int decode_text(struct reader *r, struct rows *ret)
{
	const uint8_t *at = r->block->bytes + r->n_used, *stored = at + TEXT_HEAD_BYTES;
	uint64_t n_stored, n_left = r->n_end - r->n_used;

	if (n_left < TEXT_HEAD_BYTES || at[0] > 1)
		return -EBADMSG;
	ret->n_text = get_u32(at + 1);
	n_stored = get_u32(at + 5);
	if (n_left - TEXT_HEAD_BYTES < n_stored || ret->n_text > BLOCK_TEXT_MAX ||
	    ret->n_text != sum_of_lengths(r->layout, ret))
		return -EBADMSG;
	ret->text = r->coder->text;
	r->n_used += TEXT_HEAD_BYTES + n_stored;
	if (at[0] == 1)
		return ZSTD_decompressDCtx(r->coder->zstd_out, ret->text, ret->n_text, stored, n_stored) == ret->n_text
		               ? 0
		               : -EBADMSG;
	if (n_stored != ret->n_text)
		return -EBADMSG;
	memcpy(ret->text, stored, n_stored);
	return 0;
}

static int decode_tail(struct reader *r, struct rows *ret)
{
	int result = 0;

	if (r->layout->tail == TAIL_BUCKETS)
		result = decode_buckets(r, ret);
	else if (r->layout->tail == TAIL_TEXT)
		result = decode_text(r, ret);
	return result == 0 && r->n_used != r->n_end ? -EBADMSG : result;
}

/* What a query relies on beyond the widths of columns. */
static int check_rows(const struct block *b, const struct rows *rows)
{
	if (rows->kind == BLOCK_STACKS && rows->columns[STACK_PARENT])
		for (uint32_t i = 0; i < rows->n; i++)
			if (rows->columns[STACK_PARENT][i] >= (uint64_t)b->first_id + i)
				return -EBADMSG;
	if (rows->kind == BLOCK_HISTOGRAMS && rows->columns[HISTOGRAM_N_BUCKETS] &&
	    !is_within(rows->columns[HISTOGRAM_N_BUCKETS], rows->n, WEIR_BUCKETS_MAX))
		return -EBADMSG;
	return 0;
}

int block_decode(struct block_coder *c, const struct block *block, uint32_t columns, struct rows *ret)
{
	struct reader r = { .coder = c, .block = block, .n_used = 1, .n_end = block->n_bytes - CRC_BYTES };
	int result = block_check(block);

	if (result < 0)
		return result;
	r.layout = &layouts[block->kind];
	*ret = (struct rows){ .kind = block->kind, .n = block->n_rows };
	for (uint32_t i = 0; i < r.layout->n_columns; i++) {
		result = decode_column(&r, i, (columns & BIT(i)) != 0, ret);
		if (result < 0)
			return result;
	}
	result = check_rows(block, ret);
	if (result == 0 && columns & BLOCK_TAIL)
		result = decode_tail(&r, ret);
	return result;
}
