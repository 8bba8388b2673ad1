/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/atoms.h"

#include <stdlib.h>
#include <string.h>

enum {
	SLAB_BYTES = 256 * 1024,
	SLOTS_FIRST = 1024,
};

struct slab {
	struct slab *next;
	size_t n, n_max;
	char at[];
};

struct entry {
	const char *at;
	size_t n;
	uint64_t hash;
};

struct atoms {
	struct slab *slabs;
	struct entry *entries; /* of id i: entries[i - 1] */
	uint32_t *slots;       /* ids; 0: free. A power of two of them, at most half full */
	uint32_t n, n_room, n_slots;
	int has_no_memory;
};

/* FNV-1a, and the finaliser of MurmurHash3, whose low bits are good. */
static uint64_t hash_of(const void *at, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ ((const uint8_t *)at)[i]) * UINT64_C(0x100000001b3);
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	return h;
}

struct atoms *atoms_new(void)
{
	struct atoms *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->slots = calloc(SLOTS_FIRST, sizeof(*t->slots));
	if (!t->slots) {
		free(t);
		return NULL;
	}
	t->n_slots = SLOTS_FIRST;
	return t;
}

void atoms_free(struct atoms *t)
{
	struct slab *next;

	if (!t)
		return;
	for (struct slab *s = t->slabs; s; s = next) {
		next = s->next;
		free(s);
	}
	free(t->entries);
	free(t->slots);
	free(t);
}

static uint32_t *slot_of(const struct atoms *t, const void *at, size_t n, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (t->n_slots - 1);

	while (t->slots[i]) {
		const struct entry *e = &t->entries[t->slots[i] - 1];

		if (e->hash == hash && e->n == n && (n == 0 || memcmp(e->at, at, n) == 0))
			break;
		i = (i + 1) & (t->n_slots - 1);
	}
	return &t->slots[i];
}

static int grow_slots(struct atoms *t)
{
	uint32_t *slots, n_slots = 2 * t->n_slots;

	slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return -1;
	for (uint32_t id = 1; id <= t->n; id++) {
		uint32_t i = (uint32_t)t->entries[id - 1].hash & (n_slots - 1);

		while (slots[i])
			i = (i + 1) & (n_slots - 1);
		slots[i] = id;
	}
	free(t->slots);
	t->slots = slots;
	t->n_slots = n_slots;
	return 0;
}

static int grow_entries(struct atoms *t)
{
	uint32_t n_room = t->n_room ? 2 * t->n_room : SLOTS_FIRST / 2;
	struct entry *entries = reallocarray(t->entries, n_room, sizeof(*entries));

	if (!entries)
		return -1;
	t->entries = entries;
	t->n_room = n_room;
	return 0;
}

static const char *keep(struct atoms *t, const void *at, size_t n)
{
	size_t n_max = n + 1 > SLAB_BYTES ? n + 1 : SLAB_BYTES;
	struct slab *s = t->slabs;
	char *copy;

	if (!s || s->n_max - s->n < n + 1) {
		s = malloc(sizeof(*s) + n_max);
		if (!s)
			return NULL;
		*s = (struct slab){ .next = t->slabs, .n_max = n_max };
		t->slabs = s;
	}
	copy = s->at + s->n;
	if (n > 0)
		memcpy(copy, at, n);
	copy[n] = 0;
	s->n += n + 1;
	return copy;
}

uint32_t atoms_id(struct atoms *t, const void *at, size_t n)
{
	uint64_t hash = hash_of(at, n);
	uint32_t *slot = slot_of(t, at, n, hash);
	const char *copy;

	if (*slot || t->has_no_memory)
		return *slot;
	t->has_no_memory = (t->n == t->n_room && grow_entries(t) < 0) || (2 * t->n >= t->n_slots && grow_slots(t) < 0);
	copy = t->has_no_memory ? NULL : keep(t, at, n);
	if (!copy) {
		t->has_no_memory = 1;
		return 0;
	}
	t->entries[t->n++] = (struct entry){ copy, n, hash };
	*slot_of(t, at, n, hash) = t->n;
	return t->n;
}

uint32_t atoms_find(const struct atoms *t, const void *at, size_t n)
{
	return *slot_of(t, at, n, hash_of(at, n));
}

const char *atoms_bytes(const struct atoms *t, uint32_t id, size_t *ret_n)
{
	const struct entry *e = &t->entries[id - 1];

	if (ret_n)
		*ret_n = e->n;
	return e->at;
}

uint32_t atoms_count(const struct atoms *t)
{
	return t->n;
}
