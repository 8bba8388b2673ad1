/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_TABLE_H
#define GHC_EVENTLOG_TABLE_H

/* Numbers with a number each: an open hash table that can also forget. Zero it before the first call. */

#include <stddef.h>
#include <stdint.h>

struct table_slot {
	uint64_t key;
	uint32_t value;
	uint32_t is_used;
};

struct table {
	struct table_slot *slots; /* a power of two of them, at most three quarters used */
	uint32_t n, n_slots;
};

static inline uint32_t table_home(const struct table *t, uint64_t key)
{
	uint64_t mixed = (key ^ key >> 32) * 0x9e3779b97f4a7c15;

	return (uint32_t)(mixed >> 32) & (t->n_slots - 1);
}

/* NULL: it isn't there. Good until the next change. */
static inline struct table_slot *table_find(const struct table *t, uint64_t key)
{
	if (!t->n)
		return NULL;
	for (uint32_t i = table_home(t, key); t->slots[i].is_used; i = (i + 1) & (t->n_slots - 1))
		if (t->slots[i].key == key)
			return &t->slots[i];
	return NULL;
}

/* Adds what isn't there. 0 or -ENOMEM. */
int table_add(struct table *t, uint64_t key, uint32_t value);
void table_remove(struct table *t, uint64_t key);
void table_done(struct table *t);

#endif
