/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-heap/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAMES_FIRST = 1024,
	TEXT_FIRST = 65536,
};

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 32;
}

static uint64_t word_at(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static uint64_t hash_of(const char *at, size_t n)
{
	uint64_t hash = n, word = 0;
	size_t i = 0;

	for (; n - i >= sizeof(word); i += sizeof(word))
		hash = mix(hash, word_at(at + i));
	/* The rest once more with some of what was before it: cheaper than a copy of unknown length. */
	if (n >= sizeof(word))
		return mix(hash, word_at(at + n - sizeof(word)));
	for (; i < n; i++)
		word = word << 8 | (unsigned char)at[i];
	return mix(hash, word);
}

static uint32_t *slot_of(const struct names *names, uint64_t hash, const char *at, size_t n)
{
	uint32_t mask = names->n_slots - 1;

	for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
		uint32_t number = names->slots[i];

		if (number == NAME_NONE || (names->names[number].hash == hash && names_is(names, number, at, n)))
			return &names->slots[i];
	}
}

uint32_t names_find(const struct names *names, const char *at, size_t n)
{
	return names->n_slots ? *slot_of(names, hash_of(at, n), at, n) : NAME_NONE;
}

int names_is(const struct names *names, uint32_t number, const char *at, size_t n)
{
	return number != NAME_NONE && names->names[number].n_bytes == n &&
	       memcmp(names->text + names->names[number].at, at, n) == 0;
}

static int grow_slots(struct names *names)
{
	struct names bigger = *names;

	bigger.n_slots = names->n_slots ? names->n_slots * 2 : NAMES_FIRST;
	bigger.slots = reallocarray(NULL, bigger.n_slots, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	memset(bigger.slots, 0xff, bigger.n_slots * sizeof(*bigger.slots));
	for (uint32_t i = 0; i < names->n_names; i++) {
		const struct name *name = &names->names[i];

		*slot_of(&bigger, name->hash, names->text + name->at, name->n_bytes) = i;
	}
	free(names->slots);
	*names = bigger;
	return 0;
}

static int grow_names(struct names *names)
{
	uint32_t n_room = names->n_names_room ? names->n_names_room * 2 : NAMES_FIRST;
	struct name *bigger = reallocarray(names->names, n_room, sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	names->names = bigger;
	names->n_names_room = n_room;
	return 0;
}

static int grow_text(struct names *names, size_t n)
{
	size_t n_room = names->n_bytes_room ? names->n_bytes_room * 2 : TEXT_FIRST;
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
	if (names->n_names == names->n_names_room && grow_names(names) < 0)
		return -ENOMEM;
	if (names->n_bytes_room - names->n_bytes < n + 1 && grow_text(names, n + 1) < 0)
		return -ENOMEM;
	*slot_of(names, hash, at, n) = names->n_names;
	names->names[names->n_names++] = (struct name){ hash, (uint32_t)names->n_bytes, (uint32_t)n, value, NAME_NONE };
	memcpy(names->text + names->n_bytes, at, n);
	names->n_bytes += n;
	return 0;
}

void names_done(struct names *names)
{
	free(names->text);
	free(names->names);
	free(names->slots);
	*names = (struct names){ 0 };
}
