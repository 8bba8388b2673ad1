/* SPDX-License-Identifier: Apache-2.0 */
#include "store/builder.h"

#include "store/dictionary.h"

#include <errno.h>
#include <stdlib.h>

enum {
	ROWS_MIN = 8,
	BUCKETS_MIN = 256,
	SERIES_MIN = 64,
	FILL_CLASSES = 14, /* bit lengths of 0 .. BLOCK_ROWS_MAX */
};

/* The open block of one series. Column k of its rows starts at words + k * n_max. */
struct open_block {
	uint64_t *words;
	uint64_t *buckets;
	uint32_t n, n_max;
	uint32_t n_buckets, n_buckets_max;
	uint8_t kind;
	uint8_t n_columns;
};

struct builder {
	builder_flush *flush;
	struct builder_sink *sink;
	struct block_coder *coder;
	struct open_block *series;
	uint32_t n_series, n_series_max;
	uint64_t n_open_bytes;
	struct dictionary frames, stacks, attrs;
	int failed; /* the first error of flush */
};

/* ---- Life ---- */

struct builder *builder_new(builder_flush *flush, struct builder_sink *sink)
{
	struct builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->flush = flush;
	b->sink = sink;
	b->coder = block_coder_new();
	if (!b->coder || dictionary_init(&b->frames, BLOCK_FRAMES, BUILDER_FRAMES_MAX) < 0 ||
	    dictionary_init(&b->stacks, BLOCK_STACKS, BUILDER_STACKS_MAX) < 0 ||
	    dictionary_init(&b->attrs, BLOCK_ATTRS, BUILDER_ATTRS_MAX) < 0) {
		builder_free(b);
		return NULL;
	}
	return b;
}

static uint64_t open_bytes(const struct open_block *o)
{
	return ((uint64_t)o->n_max * o->n_columns + o->n_buckets_max) * sizeof(uint64_t);
}

static void release(struct builder *b, struct open_block *o)
{
	b->n_open_bytes -= open_bytes(o);
	free(o->words);
	free(o->buckets);
	o->words = o->buckets = NULL;
	o->n_max = o->n_buckets_max = 0;
}

void builder_free(struct builder *b)
{
	if (!b)
		return;
	for (uint32_t i = 0; i < b->n_series; i++)
		release(b, &b->series[i]);
	free(b->series);
	dictionary_done(&b->frames);
	dictionary_done(&b->stacks);
	dictionary_done(&b->attrs);
	block_coder_free(b->coder);
	free(b);
}

/* ---- Flushing ---- */

static int flush_rows(struct builder *b, const struct rows *rows, uint32_t series, uint32_t first_id)
{
	struct block block;
	int r;

	block_encode(b->coder, rows, series, first_id, &block);
	r = b->flush(b->sink, &block);
	if (r < 0)
		b->failed = r;
	return b->failed;
}

static int flush_dictionary(struct builder *b, struct dictionary *d)
{
	struct rows rows = dictionary_rows(d);
	uint32_t first_id = d->first_id;

	if (rows.n == 0)
		return b->failed;
	dictionary_next_block(d);
	return flush_rows(b, &rows, 0, first_id);
}

/* Stacks use frames. */
static int flush_stacks(struct builder *b)
{
	int r = flush_dictionary(b, &b->frames);

	return r < 0 ? r : flush_dictionary(b, &b->stacks);
}

static int flush_used_dictionaries(struct builder *b, uint8_t kind)
{
	if (kind == BLOCK_SPANS)
		return flush_dictionary(b, &b->attrs);
	if (kind == BLOCK_WEIGHTS_I64 || kind == BLOCK_WEIGHTS_F64)
		return flush_stacks(b);
	return 0;
}

static int flush_series(struct builder *b, struct open_block *o)
{
	struct rows rows = { .kind = o->kind, .n = o->n, .buckets = o->buckets, .n_buckets = o->n_buckets };
	int r;

	if (o->n == 0)
		return 0;
	r = flush_used_dictionaries(b, o->kind);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < o->n_columns; i++)
		rows.columns[i] = o->words + (size_t)i * o->n_max;
	o->n = 0;
	o->n_buckets = 0;
	return flush_rows(b, &rows, (uint32_t)(o - b->series) + 1, 0);
}

static uint32_t fill_class(const struct open_block *o)
{
	return o->n ? 32 - (uint32_t)__builtin_clz(o->n) : 0;
}

/* Empty blocks first, then the fullest, until half of the bound is free. */
static int relieve(struct builder *b)
{
	for (uint32_t class = FILL_CLASSES; class -- > 0;) {
		for (uint32_t i = 0; i < b->n_series; i++) {
			struct open_block *o = &b->series[i];
			int r;

			if (!o->words || (o->n && fill_class(o) != class))
				continue;
			r = flush_series(b, o);
			if (r < 0)
				return r;
			release(b, o);
		}
		if (b->n_open_bytes <= BUILDER_OPEN_BYTES_MAX / 2)
			return 0;
	}
	return 0;
}

int builder_finish(struct builder *b)
{
	int r = b->failed;

	for (uint32_t i = 0; i < b->n_series && r == 0; i++)
		r = flush_series(b, &b->series[i]);
	if (r == 0)
		r = flush_stacks(b);
	if (r == 0)
		r = flush_dictionary(b, &b->attrs);
	return r;
}

/* ---- Series ---- */

int builder_series(struct builder *b, uint32_t id, uint8_t shape, uint8_t type)
{
	enum block_kind kind = block_kind_of(shape, type);

	if (id != b->n_series + 1)
		return -EINVAL;
	if (b->n_series == b->n_series_max) {
		uint32_t n_max = b->n_series_max ? b->n_series_max * 2 : SERIES_MIN;
		struct open_block *series = reallocarray(b->series, n_max, sizeof(*series));

		if (!series)
			return -ENOMEM;
		b->series = series;
		b->n_series_max = n_max;
	}
	b->series[b->n_series++] =
		(struct open_block){ .kind = (uint8_t)kind, .n_columns = (uint8_t)block_columns(kind) };
	return 0;
}

static int grow_rows(struct builder *b, struct open_block *o)
{
	uint32_t n_max = o->n_max ? o->n_max * 2 : ROWS_MIN;
	uint64_t *words = reallocarray(NULL, (size_t)n_max * o->n_columns, sizeof(*words));

	if (!words)
		return -ENOMEM;
	for (uint32_t i = 0; i < o->n_columns && o->n; i++)
		memcpy(words + (size_t)i * n_max, o->words + (size_t)i * o->n_max, o->n * sizeof(*words));
	b->n_open_bytes += (uint64_t)(n_max - o->n_max) * o->n_columns * sizeof(*words);
	free(o->words);
	o->words = words;
	o->n_max = n_max;
	return 0;
}

static int grow_buckets(struct builder *b, struct open_block *o, uint32_t n_more)
{
	uint32_t n_max = o->n_buckets_max ? o->n_buckets_max : BUCKETS_MIN;
	uint64_t *buckets;

	while (n_max < o->n_buckets + n_more)
		n_max *= 2;
	buckets = reallocarray(o->buckets, n_max, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	b->n_open_bytes += (uint64_t)(n_max - o->n_buckets_max) * sizeof(*buckets);
	o->buckets = buckets;
	o->n_buckets_max = n_max;
	return 0;
}

/* Room for one more row with so many buckets. Relief may have flushed and released this very block. */
static int make_room(struct builder *b, struct open_block *o, uint32_t n_buckets)
{
	int r = b->failed;

	if (r == 0 && b->n_open_bytes > BUILDER_OPEN_BYTES_MAX)
		r = relieve(b);
	if (r == 0 && (o->n == BLOCK_ROWS_MAX || o->n_buckets + n_buckets > BLOCK_BUCKETS_MAX))
		r = flush_series(b, o);
	if (r == 0 && o->n == o->n_max)
		r = grow_rows(b, o);
	if (r == 0 && o->n_buckets + n_buckets > o->n_buckets_max)
		r = grow_buckets(b, o, n_buckets);
	return r;
}

static inline int open_row(struct builder *b, uint32_t series, uint32_t n_buckets, struct open_block **ret)
{
	struct open_block *o = &b->series[series - 1];

	*ret = o;
	return n_buckets || o->n == o->n_max ? make_room(b, o, n_buckets) : 0;
}

static uint64_t *cell(const struct open_block *o, uint32_t column)
{
	return &o->words[(size_t)column * o->n_max + o->n];
}

int builder_numbers(struct builder *b, const struct weir_number *at, uint64_t n)
{
	for (const struct weir_number *end = at + n; at < end; at++) {
		struct open_block *o;
		int r = open_row(b, at->series, 0, &o);

		if (r < 0)
			return r;
		*cell(o, NUMBER_TIME) = (uint64_t)at->time_ns;
		*cell(o, NUMBER_VALUE) = (uint64_t)at->value.i64;
		o->n++;
	}
	return b->failed;
}

static void add_histogram(struct open_block *o, const struct weir_histogram *h)
{
	*cell(o, HISTOGRAM_TIME) = (uint64_t)h->time_ns;
	*cell(o, HISTOGRAM_DURATION) = (uint64_t)h->duration_ns;
	*cell(o, HISTOGRAM_COUNT) = h->count;
	*cell(o, HISTOGRAM_ZERO) = h->n_zero;
	*cell(o, HISTOGRAM_SUM) = rows_word(h->sum);
	*cell(o, HISTOGRAM_MIN) = rows_word(h->min);
	*cell(o, HISTOGRAM_MAX) = rows_word(h->max);
	*cell(o, HISTOGRAM_SCALE) = (uint64_t)(int64_t)h->scale;
	*cell(o, HISTOGRAM_OFFSET) = (uint64_t)(int64_t)h->offset;
	*cell(o, HISTOGRAM_N_BUCKETS) = h->n_buckets;
	if (h->n_buckets)
		memcpy(o->buckets + o->n_buckets, h->buckets, h->n_buckets * sizeof(*h->buckets));
	o->n_buckets += h->n_buckets;
	o->n++;
}

int builder_histograms(struct builder *b, const struct weir_histogram *at, uint64_t n)
{
	for (const struct weir_histogram *end = at + n; at < end; at++) {
		struct open_block *o;
		int r = open_row(b, at->series, at->n_buckets, &o);

		if (r < 0)
			return r;
		add_histogram(o, at);
	}
	return b->failed;
}

int builder_spans(struct builder *b, const struct weir_span *at, uint64_t n)
{
	for (const struct weir_span *end = at + n; at < end; at++) {
		struct open_block *o;
		int r = open_row(b, at->series, 0, &o);

		if (r < 0)
			return r;
		*cell(o, SPAN_TIME) = (uint64_t)at->time_ns;
		*cell(o, SPAN_DURATION) = (uint64_t)at->duration_ns;
		*cell(o, SPAN_VALUE) = at->flags & WEIR_SPAN_HAS_VALUE ? rows_word(at->value) : 0;
		*cell(o, SPAN_TRACK) = at->track;
		*cell(o, SPAN_ATTRS) = at->attrs;
		*cell(o, SPAN_FLAGS) = at->flags;
		o->n++;
	}
	return b->failed;
}

int builder_weights(struct builder *b, const struct weir_weight *at, uint64_t n)
{
	for (const struct weir_weight *end = at + n; at < end; at++) {
		struct open_block *o;
		int r = open_row(b, at->series, 0, &o);

		if (r < 0)
			return r;
		*cell(o, WEIGHT_TIME) = (uint64_t)at->time_ns;
		*cell(o, WEIGHT_DURATION) = (uint64_t)at->duration_ns;
		*cell(o, WEIGHT_SELF) = at->flags & WEIR_WEIGHT_HAS_SELF ? (uint64_t)at->self.i64 : 0;
		*cell(o, WEIGHT_INCLUSIVE) = at->flags & WEIR_WEIGHT_HAS_INCLUSIVE ? (uint64_t)at->inclusive.i64 : 0;
		*cell(o, WEIGHT_STACK) = at->stack;
		*cell(o, WEIGHT_FLAGS) = at->flags;
		o->n++;
	}
	return b->failed;
}

/* ---- Dictionaries ---- */

static uint32_t add_texts(struct builder *b, struct dictionary *d, const struct weir_text *texts, uint32_t n_texts)
{
	uint64_t n_text = 0;
	int is_new;
	uint32_t id = b->failed ? 0 : dictionary_id(d, texts, n_texts, &is_new);

	if (!id || !is_new)
		return id;
	for (uint32_t i = 0; i < n_texts; i++)
		n_text += texts[i].n_bytes;
	if (dictionary_is_full(d, n_text) && flush_dictionary(b, d) < 0)
		return 0;
	dictionary_add_texts(d, texts, n_texts);
	return id;
}

uint32_t builder_frame(struct builder *b, const struct block_frame *frame)
{
	const struct weir_text texts[] = { frame->name, frame->module, frame->source };

	return add_texts(b, &b->frames, texts, FRAME_COLUMNS);
}

uint32_t builder_attrs(struct builder *b, struct weir_text attrs_json)
{
	return add_texts(b, &b->attrs, &attrs_json, ATTRS_COLUMNS);
}

uint32_t builder_stack(struct builder *b, const struct block_stack *stack)
{
	const uint64_t words[STACK_COLUMNS] = {
		[STACK_NATIVE_ID] = stack->native_id, [STACK_PARENT] = stack->parent, [STACK_FRAME] = stack->frame
	};
	const struct weir_text key = { (const char *)words, sizeof(words) };
	int is_new;
	uint32_t id = b->failed ? 0 : dictionary_id(&b->stacks, &key, 1, &is_new);

	if (!id || !is_new)
		return id;
	if (dictionary_is_full(&b->stacks, 0) && flush_stacks(b) < 0)
		return 0;
	dictionary_add_words(&b->stacks, words, STACK_COLUMNS);
	return id;
}
