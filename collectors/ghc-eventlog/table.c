/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/table.h"

#include <errno.h>
#include <stdlib.h>

enum {
	SLOTS_FIRST = 64,
};

static void put(struct table *t, uint64_t key, uint32_t value)
{
	uint32_t i = table_home(t, key);

	while (t->slots[i].is_used)
		i = (i + 1) & (t->n_slots - 1);
	t->slots[i] = (struct table_slot){ key, value, 1 };
	t->n++;
}

static int grow(struct table *t)
{
	struct table bigger = { .n_slots = t->n_slots ? 2 * t->n_slots : SLOTS_FIRST };

	if (!bigger.n_slots)
		return -ENOMEM;
	bigger.slots = calloc(bigger.n_slots, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->n_slots; i++)
		if (t->slots[i].is_used)
			put(&bigger, t->slots[i].key, t->slots[i].value);
	free(t->slots);
	*t = bigger;
	return 0;
}

int table_add(struct table *t, uint64_t key, uint32_t value)
{
	int r = t->n + 1 > t->n_slots / 4 * 3 ? grow(t) : 0;

	if (r < 0)
		return r;
	put(t, key, value);
	return 0;
}

/* Closes the hole, so that no search ends at it too early. */
void table_remove(struct table *t, uint64_t key)
{
	struct table_slot *slot = table_find(t, key);
	uint32_t hole, i;

	if (!slot)
		return;
	hole = (uint32_t)(slot - t->slots);
	for (i = (hole + 1) & (t->n_slots - 1); t->slots[i].is_used; i = (i + 1) & (t->n_slots - 1)) {
		uint32_t home = table_home(t, t->slots[i].key);

		if (((i - home) & (t->n_slots - 1)) < ((i - hole) & (t->n_slots - 1)))
			continue;
		t->slots[hole] = t->slots[i];
		hole = i;
	}
	t->slots[hole].is_used = 0;
	t->n--;
}

void table_done(struct table *t)
{
	free(t->slots);
	*t = (struct table){ 0 };
}
