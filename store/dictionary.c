/* SPDX-License-Identifier: Apache-2.0 */
#include "store/dictionary.h"

#include <errno.h>
#include <stdlib.h>

int dictionary_init(struct dictionary *d, enum block_kind kind, uint32_t id_max)
{
	*d = (struct dictionary){
		.kind = (uint8_t)kind, .n_columns = (uint8_t)block_columns(kind), .id_max = id_max, .first_id = 1
	};
	d->ids = intern_new();
	d->words = reallocarray(NULL, (size_t)d->n_columns * BLOCK_ROWS_MAX, sizeof(*d->words));
	d->text = block_has_text(kind) ? malloc(BLOCK_TEXT_MAX) : NULL;
	return d->ids && d->words && (d->text || !block_has_text(kind)) ? 0 : -ENOMEM;
}

void dictionary_done(struct dictionary *d)
{
	intern_free(d->ids);
	free(d->words);
	free(d->text);
}

uint32_t dictionary_id(struct dictionary *d, const struct weir_text *parts, uint32_t n_parts, int *ret_is_new)
{
	uint32_t next = d->first_id + d->n, id;
	uint64_t n_text = 0;

	*ret_is_new = 0;
	for (uint32_t i = 0; i < n_parts; i++)
		n_text += parts[i].n_bytes;
	if (n_text > BLOCK_TEXT_MAX)
		return 0;
	id = intern_id(d->ids, parts, n_parts, next <= d->id_max ? next : 0);
	*ret_is_new = id == next;
	return id;
}

int dictionary_is_full(const struct dictionary *d, uint64_t n_text)
{
	return d->n == BLOCK_ROWS_MAX || d->n_text + n_text > BLOCK_TEXT_MAX;
}

void dictionary_add_texts(struct dictionary *d, const struct weir_text *texts, uint32_t n_texts)
{
	for (uint32_t i = 0; i < n_texts; i++) {
		d->words[(size_t)i * BLOCK_ROWS_MAX + d->n] = texts[i].n_bytes;
		if (texts[i].n_bytes)
			memcpy(d->text + d->n_text, texts[i].at, texts[i].n_bytes);
		d->n_text += texts[i].n_bytes;
	}
	d->n++;
}

void dictionary_add_words(struct dictionary *d, const uint64_t *words, uint32_t n_words)
{
	for (uint32_t i = 0; i < n_words; i++)
		d->words[(size_t)i * BLOCK_ROWS_MAX + d->n] = words[i];
	d->n++;
}

struct rows dictionary_rows(const struct dictionary *d)
{
	struct rows rows = { .kind = d->kind, .n = d->n, .text = d->text, .n_text = d->n_text };

	for (uint32_t i = 0; i < d->n_columns; i++)
		rows.columns[i] = d->words + (size_t)i * BLOCK_ROWS_MAX;
	return rows;
}

void dictionary_next_block(struct dictionary *d)
{
	d->first_id += d->n;
	d->n = 0;
	d->n_text = 0;
}
