/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/series_table.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/lend.h"

enum {
	ROOM_FIRST = 64,
};

void series_table_init(struct series_table *t)
{
	*t = (struct series_table){ 0 };
}

void series_table_done(struct series_table *t)
{
	for (uint32_t i = 0; i < t->n_entries; i++)
		free((char *)t->entries[i].attrs_json.at);
	free(t->entries);
	free(t->slots);
	series_table_init(t);
}

/* FNV-1a, 64 bits. Source: draft-eastlake-fnv. */
static uint64_t hash_of(uint32_t metric_row, struct weir_text text)
{
	uint64_t h = 0xcbf29ce484222325u ^ metric_row;

	for (uint64_t i = 0; i < text.n_bytes; i++)
		h = (h ^ (unsigned char)text.at[i]) * 0x100000001b3u;
	return h ^ h >> 32;
}

static int is_equal(const struct series_entry *e, uint64_t hash, uint32_t metric_row, struct weir_text text)
{
	return e->hash == hash && e->metric_row == metric_row && e->attrs_json.n_bytes == text.n_bytes &&
	       memcmp(e->attrs_json.at, text.at, text.n_bytes) == 0;
}

uint32_t series_table_find(const struct series_table *t, uint32_t metric_row, struct weir_text attrs_json)
{
	uint64_t hash = hash_of(metric_row, attrs_json);
	uint32_t i;

	if (!t->n_slots)
		return 0;
	for (i = (uint32_t)hash & (t->n_slots - 1); t->slots[i]; i = (i + 1) & (t->n_slots - 1))
		if (is_equal(&t->entries[t->slots[i] - 1], hash, metric_row, attrs_json))
			return t->slots[i];
	return 0;
}

static void place(struct series_table *t, uint32_t id)
{
	uint32_t i = (uint32_t)t->entries[id - 1].hash & (t->n_slots - 1);

	while (t->slots[i])
		i = (i + 1) & (t->n_slots - 1);
	t->slots[i] = id;
}

static int grow(struct series_table *t)
{
	uint32_t n_room = t->n_room ? t->n_room * 2 : ROOM_FIRST;
	struct series_entry *entries = reallocarray(t->entries, n_room, sizeof(*entries));
	uint32_t *slots;

	if (!entries)
		return 0;
	t->entries = entries;
	slots = calloc((size_t)n_room * 2, sizeof(*slots));
	if (!slots)
		return 0;
	free(t->slots);
	t->slots = slots;
	t->n_slots = n_room * 2;
	t->n_room = n_room;
	for (uint32_t id = 1; id <= t->n_entries; id++)
		place(t, id);
	return 1;
}

uint32_t series_table_add(struct series_table *t, uint32_t metric_row, struct weir_text attrs_json)
{
	struct series_entry *e;
	char *copy;

	if (t->n_entries == LEND_SERIES_MAX || attrs_json.n_bytes > SERIES_TABLE_TEXT_MAX - t->n_text)
		return 0;
	if (t->n_entries == t->n_room && !grow(t))
		return 0;
	copy = malloc(attrs_json.n_bytes + 1);
	if (!copy)
		return 0;
	memcpy(copy, attrs_json.at, attrs_json.n_bytes);
	e = &t->entries[t->n_entries++];
	*e = (struct series_entry){ hash_of(metric_row, attrs_json), { copy, attrs_json.n_bytes }, metric_row };
	t->n_text += attrs_json.n_bytes;
	place(t, t->n_entries);
	return t->n_entries;
}

void series_table_drop(struct series_table *t)
{
	struct series_entry *e = &t->entries[t->n_entries - 1];
	uint32_t i = (uint32_t)e->hash & (t->n_slots - 1);

	while (t->slots[i] != t->n_entries)
		i = (i + 1) & (t->n_slots - 1);
	t->slots[i] = 0;
	t->n_text -= e->attrs_json.n_bytes;
	free((char *)e->attrs_json.at);
	t->n_entries--;
}
