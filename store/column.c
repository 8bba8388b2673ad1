/* SPDX-License-Identifier: Apache-2.0 */
#include "store/column.h"

#include "store/pack.h"
#include "store/predict.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <zstd.h>

enum {
	HEAD_BYTES_MAX = 1 + 10 + 16 + 16,
	SMALL = 32,       /* packed bytes that no further effort makes worth it */
	PLANES_GAIN = 32, /* the part of the packed size that must be won, since packed ones are read much faster */
	ZSTD_LEVEL = 1,   /* higher ones take several times as long for a few percent */
};

enum storage {
	STORAGE_NOTHING,
	STORAGE_PACKED,
	STORAGE_PLANES,
};

static const double powers[COLUMN_DECIMALS_MAX + 1] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6 };

/* A column's head, decoded or to be encoded. */
struct head {
	struct prediction prediction;
	enum storage storage;
	int decimals;  /* -1: none */
	uint64_t unit; /* 1: none */
	uint64_t origin;
	uint64_t n_payload;
};

struct column_coder {
	ZSTD_CCtx *zstd_in;
	ZSTD_DCtx *zstd_out;
	uint64_t words[COLUMN_VALUES_MAX]; /* scaled by decimals or unit */
	uint64_t residuals[COLUMN_VALUES_MAX];
	uint8_t bytes[COLUMN_VALUES_MAX * 8 + COLUMN_VALUES_MAX / PACK_GROUP + PACK_SLACK]; /* planes or packed */
};

struct column_coder *column_coder_new(void)
{
	struct column_coder *c = malloc(sizeof(*c));

	if (!c)
		return NULL;
	c->zstd_in = ZSTD_createCCtx();
	c->zstd_out = ZSTD_createDCtx();
	if (!c->zstd_in || !c->zstd_out) {
		column_coder_free(c);
		return NULL;
	}
	return c;
}

void column_coder_free(struct column_coder *c)
{
	if (!c)
		return;
	(void)ZSTD_freeCCtx(c->zstd_in);
	(void)ZSTD_freeDCtx(c->zstd_out);
	free(c);
}

uint64_t column_bound(uint32_t n)
{
	return HEAD_BYTES_MAX + (uint64_t)n * 8 + n / PACK_GROUP + 1 + PACK_SLACK;
}

/* ---- Decimals and units ---- */

static int is_decimal(double v, uint32_t k, uint64_t *ret)
{
	double scaled = v * powers[k], back;
	int64_t whole;

	/* Below 2^51 the product's rounding cannot reach the next integer. NaN fails the comparison. */
	if (!(fabs(scaled) < 0x1p51))
		return 0;
	whole = (int64_t)rint(scaled);
	back = (double)whole / powers[k];
	*ret = (uint64_t)whole;
	return memcmp(&back, &v, sizeof(v)) == 0;
}

/* Scales into c->words, beginning with k decimals; returns the decimals that were needed, or -1. */
static int scale_decimals(struct column_coder *c, const uint64_t *words, uint32_t n, int k)
{
	double v;

	for (uint32_t i = 0; i < n; i++) {
		memcpy(&v, &words[i], sizeof(v));
		while (!is_decimal(v, (uint32_t)k, &c->words[i]))
			if (++k > COLUMN_DECIMALS_MAX)
				return -1;
	}
	return k;
}

static int find_decimals(struct column_coder *c, const uint64_t *words, uint32_t n)
{
	int k = scale_decimals(c, words, n, 0);

	/* What came before the first value with k decimals was scaled by less. */
	return k > 0 && scale_decimals(c, words, n, k) != k ? -1 : k;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static uint64_t find_unit(const uint64_t *words, uint32_t n)
{
	uint64_t unit = 0;

	for (uint32_t i = 1; i < n && unit != 1; i++) {
		int64_t d = (int64_t)(words[i] - words[0]);
		uint64_t size = d < 0 ? 0 - (uint64_t)d : (uint64_t)d;

		if (unit == 0 || size % unit)
			unit = gcd(size, unit);
	}
	/* INT64_MIN / -1 and units beyond int64 aside: nothing is gained there. */
	return unit > 1 && unit <= INT64_MAX ? unit : 1;
}

static void divide(struct column_coder *c, const uint64_t *words, uint32_t n, uint64_t origin, uint64_t unit)
{
	for (uint32_t i = 0; i < n; i++)
		c->words[i] = (uint64_t)((int64_t)(words[i] - origin) / (int64_t)unit);
}

static void undo_scales(const struct head *h, uint32_t n, uint64_t *words)
{
	if (h->unit != 1)
		for (uint32_t i = 0; i < n; i++)
			words[i] = words[i] * h->unit + h->origin;
	for (uint32_t i = 0; i < n && h->decimals >= 0; i++) {
		double v = (double)(int64_t)words[i] / powers[h->decimals];

		memcpy(&words[i], &v, sizeof(v));
	}
}

/* ---- Storage ---- */

static void split_planes(const uint64_t *words, uint32_t n, uint32_t n_planes, uint8_t *planes)
{
	for (uint32_t p = 0; p < n_planes; p++)
		for (uint32_t i = 0; i < n; i++)
			planes[(uint64_t)p * n + i] = (uint8_t)(words[i] >> 8 * p);
}

static void join_planes(const uint8_t *planes, uint32_t n, uint32_t n_planes, uint64_t *ret)
{
	memset(ret, 0, (uint64_t)n * sizeof(*ret));
	for (uint32_t p = 0; p < n_planes; p++)
		for (uint32_t i = 0; i < n; i++)
			ret[i] |= (uint64_t)planes[(uint64_t)p * n + i] << 8 * p;
}

/* Writes the residuals as planes when that takes fewer than n_max bytes; 0: it doesn't. */
static uint64_t store_planes(struct column_coder *c, uint64_t bits, uint32_t n, uint8_t *at, uint64_t n_max)
{
	uint32_t n_planes = (64 - (uint32_t)__builtin_clzll(bits) + 7) / 8;
	size_t n_frame;

	if (n_max < SMALL)
		return 0;
	split_planes(c->residuals, n, n_planes, c->bytes);
	at[0] = (uint8_t)n_planes;
	n_frame = ZSTD_compressCCtx(c->zstd_in, at + 1, n_max - 1, c->bytes, (uint64_t)n_planes * n, ZSTD_LEVEL);
	return ZSTD_isError(n_frame) ? 0 : 1 + n_frame;
}

static int load_planes(struct column_coder *c, const uint8_t *at, uint64_t n_at, uint32_t n)
{
	uint64_t n_raw;

	if (n_at < 1 || at[0] < 1 || at[0] > 8)
		return -EBADMSG;
	n_raw = (uint64_t)at[0] * n;
	if (ZSTD_decompressDCtx(c->zstd_out, c->bytes, n_raw, at + 1, n_at - 1) != n_raw)
		return -EBADMSG;
	join_planes(c->bytes, n, at[0], c->residuals);
	return 0;
}

static int load_packed(struct column_coder *c, const uint8_t *at, uint64_t n_at, uint32_t n)
{
	if (n_at > sizeof(c->bytes) - PACK_SLACK)
		return -EBADMSG;
	memcpy(c->bytes, at, n_at);
	memset(c->bytes + n_at, 0, PACK_SLACK);
	return pack_read(c->bytes, n_at, n, c->residuals);
}

static int load_residuals(struct column_coder *c, const struct head *h, const uint8_t *payload, uint32_t n)
{
	n = predict_n_residuals(h->prediction.kind, n);
	switch (h->storage) {
	case STORAGE_NOTHING:
		memset(c->residuals, 0, (uint64_t)n * sizeof(*c->residuals));
		return h->n_payload ? -EBADMSG : 0;
	case STORAGE_PACKED:
		return load_packed(c, payload, h->n_payload, n);
	default:
		return load_planes(c, payload, h->n_payload, n);
	}
}

/* ---- Heads ---- */

static uint64_t put_words(uint8_t *at, const uint64_t *words, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		put_u64(at + i * 8, words[i]);
	return (uint64_t)n * 8;
}

static uint64_t put_head(uint8_t *at, const struct head *h)
{
	uint64_t n = 1, rest = h->n_payload;
	uint32_t has_unit = h->unit != 1;

	at[0] = (uint8_t)(h->prediction.kind | has_unit << 2 | h->storage << 3 | (uint32_t)(h->decimals + 1) << 5);
	for (; rest >= 0x80; rest >>= 7)
		at[n++] = (uint8_t)(rest | 0x80);
	at[n++] = (uint8_t)rest;
	if (has_unit)
		n += put_words(at + n, (const uint64_t[]){ h->unit, h->origin }, 2);
	return n + put_words(at + n, h->prediction.first, predict_n_first(h->prediction.kind));
}

/* Bytes of the varint, or -EBADMSG. */
static int64_t get_varint(const uint8_t *at, uint64_t n_at, uint64_t *ret)
{
	uint32_t n = 0;

	*ret = 0;
	do {
		if (n == n_at || n == 5)
			return -EBADMSG;
		*ret |= (uint64_t)(at[n] & 0x7F) << 7 * n;
	} while (at[n++] & 0x80);
	return n;
}

static uint64_t get_words(const uint8_t *at, uint64_t *words, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		words[i] = get_u64(at + i * 8);
	return (uint64_t)n * 8;
}

/* Bytes of the head; the payload is within n_at. */
static int64_t get_head(const uint8_t *at, uint64_t n_at, struct head *h)
{
	uint64_t n = 1, n_words, scale[2] = { 1, 0 };
	int64_t n_varint;

	if (n_at < 1)
		return -EBADMSG;
	*h = (struct head){ .prediction.kind = at[0] & 3, .storage = at[0] >> 3 & 3, .decimals = (at[0] >> 5) - 1 };
	n_varint = get_varint(at + 1, n_at - 1, &h->n_payload);
	if (n_varint < 0 || h->storage > STORAGE_PLANES)
		return -EBADMSG;
	n += (uint64_t)n_varint;
	n_words = predict_n_first(h->prediction.kind) + (at[0] & 4 ? 2 : 0);
	if (n_at - n < n_words * 8 || n_at - n - n_words * 8 < h->n_payload)
		return -EBADMSG;
	if (at[0] & 4)
		n += get_words(at + n, scale, 2);
	h->unit = scale[0];
	h->origin = scale[1];
	return (int64_t)(n + get_words(at + n, h->prediction.first, predict_n_first(h->prediction.kind)));
}

/* ---- Columns ---- */

/* Predicts, by units when all words are multiples of one; the residuals are in c->residuals then. */
static uint64_t predict_column(struct column_coder *c, const uint64_t *words, uint32_t n, struct head *h,
                               uint64_t *ret_union)
{
	uint64_t n_packed;

	h->prediction = predict_best(words, n, c->residuals, ret_union, &n_packed);
	if (n_packed <= SMALL)
		return n_packed;
	h->unit = find_unit(words, n);
	if (h->unit == 1)
		return n_packed;
	h->origin = words[0];
	divide(c, words, n, h->origin, h->unit);
	h->prediction = predict_best(c->words, n, c->residuals, ret_union, &n_packed);
	return n_packed;
}

uint64_t column_encode(struct column_coder *c, const uint64_t *words, uint32_t n, enum column_type type, uint8_t *at)
{
	struct head h = { .decimals = type == COLUMN_DOUBLES ? find_decimals(c, words, n) : -1, .unit = 1 };
	uint8_t *payload = at + HEAD_BYTES_MAX; /* moved to its place when its size is known */
	uint64_t n_packed, bits, n_head;

	n_packed = predict_column(c, h.decimals >= 0 ? c->words : words, n, &h, &bits);
	n = predict_n_residuals(h.prediction.kind, n);
	if (bits) {
		h.storage = STORAGE_PLANES;
		h.n_payload = store_planes(c, bits, n, payload, n_packed - n_packed / PLANES_GAIN);
	}
	if (bits && !h.n_payload) {
		h.storage = STORAGE_PACKED;
		h.n_payload = pack_write(c->residuals, n, payload);
	}
	n_head = put_head(at, &h);
	memmove(at + n_head, payload, h.n_payload);
	return n_head + h.n_payload;
}

int64_t column_decode(struct column_coder *c, const uint8_t *at, uint64_t n_at, uint32_t n, uint64_t *ret)
{
	struct head h;
	int64_t n_head = get_head(at, n_at, &h);

	if (n_head < 0)
		return n_head;
	if (ret) {
		if (load_residuals(c, &h, at + n_head, n) < 0)
			return -EBADMSG;
		predict_restore(&h.prediction, c->residuals, n, ret);
		undo_scales(&h, n, ret);
	}
	return n_head + (int64_t)h.n_payload;
}
