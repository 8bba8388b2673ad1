/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_DICTIONARY_H
#define STORE_DICTIONARY_H

/* A dictionary of one source while it is built: rows get ids 1, 2, 3 …, equal ones the same, and gather in an open
 * block that its owner flushes.
 */

#include "store/block.h"
#include "store/intern.h"

struct dictionary {
	struct intern *ids;
	uint64_t *words; /* BLOCK_ROWS_MAX of each column */
	char *text;      /* BLOCK_TEXT_MAX; NULL: this kind has none */
	uint64_t n_text;
	uint32_t n;
	uint32_t first_id; /* of the open block */
	uint32_t id_max;
	uint8_t kind;
	uint8_t n_columns;
};

/* -ENOMEM; then dictionary_done() is still due. */
int dictionary_init(struct dictionary *d, enum block_kind kind, uint32_t id_max);
void dictionary_done(struct dictionary *d);

/* The id of a key. 0: id_max are given, or it has more than BLOCK_TEXT_MAX bytes. *ret_is_new: the caller makes room
 * and adds the row. */
uint32_t dictionary_id(struct dictionary *d, const struct weir_text *parts, uint32_t n_parts, int *ret_is_new);

/* Whether the open block must be flushed before a row with that much text is added. */
int dictionary_is_full(const struct dictionary *d, uint64_t n_text);
/* A row of texts (column i has the length of texts[i]), or of words. */
void dictionary_add_texts(struct dictionary *d, const struct weir_text *texts, uint32_t n_texts);
void dictionary_add_words(struct dictionary *d, const uint64_t *words, uint32_t n_words);

/* The open block's rows, borrowed; and a new open block after them. */
struct rows dictionary_rows(const struct dictionary *d);
void dictionary_next_block(struct dictionary *d);

#endif
