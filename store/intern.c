/* SPDX-License-Identifier: Apache-2.0 */
#include "store/intern.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

enum {
	SLOTS_MIN = 256,
	KEYS_BYTES_MIN = 4096,
};

/* 0 in id: free. */
struct slot {
	uint64_t key; /* where it is in keys */
	uint32_t hash;
	uint32_t id;
};

/* Open addressing, at most half full. A key in `keys` is its parts, each a length of 8 bytes and its bytes. */
struct intern {
	struct slot *slots;
	char *keys;
	uint64_t n_slots; /* a power of two */
	uint64_t n_used;
	uint64_t n_keys, n_keys_max;
	uint64_t seed;
};

static uint64_t new_seed(void)
{
	const void *random = (const void *)getauxval(AT_RANDOM); /* 16 bytes from the kernel, at every exec */
	uint64_t seed = 0;

	if (random)
		memcpy(&seed, random, sizeof(seed));
	return seed;
}

struct intern *intern_new(void)
{
	struct intern *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->seed = new_seed();
	t->n_slots = SLOTS_MIN;
	t->n_keys_max = KEYS_BYTES_MIN;
	t->slots = calloc(t->n_slots, sizeof(*t->slots));
	t->keys = malloc(t->n_keys_max);
	if (!t->slots || !t->keys) {
		intern_free(t);
		return NULL;
	}
	return t;
}

void intern_free(struct intern *t)
{
	if (!t)
		return;
	free(t->slots);
	free(t->keys);
	free(t);
}

__extension__ typedef unsigned __int128 product_u128;

static uint64_t mix(uint64_t a, uint64_t b)
{
	product_u128 product = (product_u128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_text(uint64_t hash, struct weir_text text)
{
	const uint64_t odd = 0x9E3779B97F4A7C15; /* 2^64 / golden ratio */
	uint64_t word, n = text.n_bytes;

	hash ^= n;
	for (; n >= sizeof(word); n -= sizeof(word), text.at += sizeof(word)) {
		memcpy(&word, text.at, sizeof(word));
		hash = mix(hash ^ word, odd);
	}
	word = 0;
	if (n)
		memcpy(&word, text.at, n);
	return mix(hash ^ word, odd);
}

static int is_key(const char *key, const struct weir_text *parts, uint32_t n_parts)
{
	uint64_t n;

	for (uint32_t i = 0; i < n_parts; i++) {
		memcpy(&n, key, sizeof(n));
		if (n != parts[i].n_bytes || (n && memcmp(key + sizeof(n), parts[i].at, n) != 0))
			return 0;
		key += sizeof(n) + n;
	}
	return 1;
}

static struct slot *find(struct intern *t, uint32_t hash, const struct weir_text *parts, uint32_t n_parts)
{
	uint64_t i = hash & (t->n_slots - 1);

	while (t->slots[i].id && (t->slots[i].hash != hash || !is_key(t->keys + t->slots[i].key, parts, n_parts)))
		i = (i + 1) & (t->n_slots - 1);
	return &t->slots[i];
}

static void forget(struct intern *t)
{
	memset(t->slots, 0, t->n_slots * sizeof(*t->slots));
	t->n_used = t->n_keys = 0;
}

static int grow_slots(struct intern *t)
{
	struct slot *slots = calloc(t->n_slots * 2, sizeof(*slots));
	uint64_t mask = t->n_slots * 2 - 1;

	if (!slots)
		return 0;
	for (uint64_t i = 0; i < t->n_slots; i++) {
		uint64_t k = t->slots[i].hash & mask;

		if (!t->slots[i].id)
			continue;
		while (slots[k].id)
			k = (k + 1) & mask;
		slots[k] = t->slots[i];
	}
	free(t->slots);
	t->slots = slots;
	t->n_slots *= 2;
	return 1;
}

static int grow_keys(struct intern *t, uint64_t n_needed)
{
	uint64_t n_max = t->n_keys_max;
	char *keys;

	while (n_max < n_needed)
		n_max += n_max / 2;
	keys = realloc(t->keys, n_max);
	if (!keys)
		return 0;
	t->keys = keys;
	t->n_keys_max = n_max;
	return 1;
}

/* Whether there is room for a key of n_key bytes, if need be after forgetting all others. */
static int make_room(struct intern *t, uint64_t n_key)
{
	int wants_slots = (t->n_used + 1) * 2 > t->n_slots, wants_keys = t->n_keys + n_key > t->n_keys_max;
	uint64_t n_slot_bytes = t->n_slots * sizeof(*t->slots) * (wants_slots ? 2 : 1);
	uint64_t n_key_bytes = wants_keys ? (t->n_keys + n_key) * 3 / 2 : t->n_keys_max;

	if (n_slot_bytes + n_key_bytes <= INTERN_BYTES_MAX && (!wants_slots || grow_slots(t)) &&
	    (!wants_keys || grow_keys(t, t->n_keys + n_key)))
		return 1;
	forget(t);
	return n_key <= t->n_keys_max;
}

static void add(struct intern *t, uint32_t hash, const struct weir_text *parts, uint32_t n_parts, uint32_t id)
{
	struct slot *slot = find(t, hash, parts, n_parts);

	*slot = (struct slot){ .key = t->n_keys, .hash = hash, .id = id };
	t->n_used++;
	for (uint32_t i = 0; i < n_parts; i++) {
		memcpy(t->keys + t->n_keys, &parts[i].n_bytes, sizeof(parts[i].n_bytes));
		t->n_keys += sizeof(parts[i].n_bytes);
		if (parts[i].n_bytes)
			memcpy(t->keys + t->n_keys, parts[i].at, parts[i].n_bytes);
		t->n_keys += parts[i].n_bytes;
	}
}

uint32_t intern_id(struct intern *t, const struct weir_text *parts, uint32_t n_parts, uint32_t next)
{
	uint64_t hash = t->seed, n_key = 0;
	const struct slot *slot;

	for (uint32_t i = 0; i < n_parts; i++) {
		hash = hash_text(hash, parts[i]);
		n_key += sizeof(parts[i].n_bytes) + parts[i].n_bytes;
	}
	slot = find(t, (uint32_t)hash, parts, n_parts);
	if (slot->id)
		return slot->id;
	if (next && make_room(t, n_key))
		add(t, (uint32_t)hash, parts, n_parts, next);
	return next;
}
