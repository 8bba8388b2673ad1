/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/ipe.h"

#include "parsers/cursor.h"

enum {
	HEAD_BYTES_9_6 = 24,
	ENTRY_BYTES_9_6 = 40,
	ENTRY_BYTES_9_10 = 24,
};

/* Where the one has a flag the other has a pointer. */
void ipe_node(const uint8_t *at, uint64_t address, struct ipe_node *ret)
{
	struct cursor c = cursor_on(at, IPE_NODE_BYTES);
	uint64_t second;

	(void)cursor_le64(&c);
	second = cursor_le64(&c);
	*ret = (struct ipe_node){ .n = cursor_le64(&c) };
	if (second > 1) {
		ret->texts_at = second;
		ret->entries_at = address + HEAD_BYTES_9_6;
		if (__builtin_mul_overflow(ret->n, ENTRY_BYTES_9_6, &ret->n_entry_bytes))
			ret->n_entry_bytes = UINT64_MAX;
		return;
	}
	ret->is_compressed = (uint8_t)second;
	ret->tables_at = cursor_le64(&c);
	ret->entries_at = cursor_le64(&c);
	ret->n_entry_bytes = cursor_le64(&c);
	ret->texts_at = cursor_le64(&c);
	ret->n_text_bytes = cursor_le64(&c);
	(void)cursor_le32(&c);
	ret->module = cursor_le32(&c);
}

enum parse_result ipe_entry(const struct ipe_node *node, const uint8_t *entries, size_t n, size_t index,
                            struct ipe_entry *ret)
{
	size_t n_bytes = node->tables_at ? ENTRY_BYTES_9_10 : ENTRY_BYTES_9_6;
	struct cursor c;

	*ret = (struct ipe_entry){ .module = node->module };
	if (index >= n / n_bytes)
		return PARSE_MORE;
	c = cursor_on(entries + index * n_bytes, n_bytes);
	if (!node->tables_at)
		ret->table = cursor_le64(&c);
	ret->name = cursor_le32(&c);
	if (node->tables_at)
		ret->type = cursor_le32(&c);
	else
		ret->type_text = cursor_le32(&c);
	(void)cursor_le32(&c);
	ret->label = cursor_le32(&c);
	if (!node->tables_at)
		ret->module = cursor_le32(&c);
	ret->file = cursor_le32(&c);
	ret->place = cursor_le32(&c);
	return PARSE_OK;
}
