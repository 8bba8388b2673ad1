/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-heap/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLOTS_FIRST = 1024,
};

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 32;
}

static uint64_t hash_of(const char *at, size_t n)
{
	uint64_t hash = n, word;

	for (; n >= sizeof(word); n -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = mix(hash, word);
	}
	word = 0;
	memcpy(&word, at, n);
	return mix(hash, word);
}

static struct name *slot_of(const struct names *names, uint64_t hash, const char *at, size_t n)
{
	uint32_t mask = names->n_slots - 1;

	for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
		struct name *s = &names->slots[i];

		if (!s->is_used || (s->hash == hash && s->n_bytes == n && memcmp(names->text + s->at, at, n) == 0))
			return s;
	}
}

const struct name *names_find(const struct names *names, const char *at, size_t n)
{
	const struct name *s = names->n_slots ? slot_of(names, hash_of(at, n), at, n) : NULL;

	return s && s->is_used ? s : NULL;
}

static int grow_slots(struct names *names)
{
	struct names bigger = *names;

	bigger.n_slots = names->n_slots ? names->n_slots * 2 : SLOTS_FIRST;
	bigger.slots = calloc(bigger.n_slots, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < names->n_slots; i++) {
		const struct name *s = &names->slots[i];

		if (s->is_used)
			*slot_of(&bigger, s->hash, names->text + s->at, s->n_bytes) = *s;
	}
	free(names->slots);
	*names = bigger;
	return 0;
}

static int grow_text(struct names *names, size_t n)
{
	size_t n_room = names->n_bytes_room ? names->n_bytes_room * 2 : 65536;
	char *text;

	while (n_room < names->n_bytes + n)
		n_room *= 2;
	text = realloc(names->text, n_room);
	if (!text)
		return -ENOMEM;
	names->text = text;
	names->n_bytes_room = n_room;
	return 0;
}

int names_add(struct names *names, const char *at, size_t n, uint32_t value)
{
	uint64_t hash = hash_of(at, n);

	if (names->n_names == NAMES_MAX || n > NAMES_BYTES_MAX - names->n_bytes)
		return -E2BIG;
	if (names->n_names >= names->n_slots / 4 * 3 && grow_slots(names) < 0)
		return -ENOMEM;
	if (names->n_bytes_room - names->n_bytes < n + 1 && grow_text(names, n + 1) < 0)
		return -ENOMEM;
	*slot_of(names, hash, at, n) = (struct name){ hash, (uint32_t)names->n_bytes, (uint32_t)n, value, 1 };
	memcpy(names->text + names->n_bytes, at, n);
	names->n_bytes += n;
	names->n_names++;
	return 0;
}

void names_done(struct names *names)
{
	free(names->text);
	free(names->slots);
	*names = (struct names){ 0 };
}
