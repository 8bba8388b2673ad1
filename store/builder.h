/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_BUILDER_H
#define STORE_BUILDER_H

/* Turns the observations of one source into blocks. Lives in the worker, so that encoding costs each core its own
 * share. Memory is bounded: when the open blocks of all series hold more than BUILDER_OPEN_BYTES_MAX, the fullest are
 * flushed. Dictionaries (frames, stacks, attribute sets) are interned, each in at most INTERN_BYTES_MAX; their blocks
 * are flushed before any block that uses an id. Not thread-safe. It checks nothing that plugins/lend.c has checked
 * before (ids, shapes).
 */

#include "store/block.h"

enum {
	BUILDER_OPEN_BYTES_MAX = 32 << 20,
	BUILDER_STACKS_MAX = 1 << 24,
	BUILDER_FRAMES_MAX = 1 << 22,
	BUILDER_ATTRS_MAX = 1 << 24,
};

struct builder;
struct builder_sink; /* completed privately by who receives the blocks */

/* Takes one block; its bytes are borrowed until it returns. < 0 stops the builder: every later call returns it. */
typedef int builder_flush(struct builder_sink *sink, const struct block *block);

struct builder *builder_new(builder_flush *flush, struct builder_sink *sink); /* NULL: no memory */
void builder_free(struct builder *b); /* drops what was not flushed; NULL is fine */

/* Says that series `id` (1, 2, 3 … without gaps) has this shape and type. */
int builder_series(struct builder *b, uint32_t id, uint8_t shape, uint8_t type);

/* Interning: an id > 0, or 0: a bound was hit, or a block could not be flushed (builder_finish() says why). A frame's
 * texts together and attrs_json are at most BLOCK_TEXT_MAX bytes. attrs_json: canonical JSON, sorted keys. */
uint32_t builder_frame(struct builder *b, const struct block_frame *frame);
uint32_t builder_stack(struct builder *b, const struct block_stack *stack);
uint32_t builder_attrs(struct builder *b, struct weir_text attrs_json);

int builder_numbers(struct builder *b, const struct weir_number *at, uint64_t n);
int builder_histograms(struct builder *b, const struct weir_histogram *at, uint64_t n);
int builder_spans(struct builder *b, const struct weir_span *at, uint64_t n);
int builder_weights(struct builder *b, const struct weir_weight *at, uint64_t n);

/* Flushes everything that is open: at the end, and at each tick of a live source. */
int builder_finish(struct builder *b);

#endif
