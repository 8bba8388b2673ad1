/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Fewer than 8 bytes, in loads of sizes that are known; those in the middle may come twice. */
static inline uint64_t tail(const char *at, size_t n)
{
	uint32_t first = 0, last = 0;

	if (n >= sizeof(first)) {
		memcpy(&first, at, sizeof(first));
		memcpy(&last, at + n - sizeof(last), sizeof(last));
	} else if (n) {
		first = (uint32_t)(uint8_t)at[0] << 8 | (uint8_t)at[n / 2];
		last = (uint8_t)at[n - 1];
	}
	return (uint64_t)first << 32 | last;
}

uint64_t texts_hash(const char *at, size_t n)
{
	uint64_t hash = n * 0x9e3779b97f4a7c15, word;

	for (; n >= sizeof(word); at += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = (hash ^ word) * 0xff51afd7ed558ccd;
		hash ^= hash >> 32;
	}
	hash = (hash ^ tail(at, n)) * 0xff51afd7ed558ccd;
	return hash ^ hash >> 32;
}

static inline uint64_t differ(const char *a, const char *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x ^ y;
}

/* Most are short: those are told apart without a call, in words that may overlap. */
static inline int is_same(const char *a, const char *b, size_t n)
{
	if (n > 32)
		return memcmp(a, b, n) == 0;
	if (n >= 16)
		return !(differ(a, b) | differ(a + 8, b + 8) | differ(a + n - 16, b + n - 16) |
		         differ(a + n - 8, b + n - 8));
	if (n >= 8)
		return !(differ(a, b) | differ(a + n - 8, b + n - 8));
	return tail(a, n) == tail(b, n);
}

static inline int is_text(const struct texts *t, uint32_t i, const char *at, size_t n)
{
	return i < t->by_hash.n && t->entries[i].n == n && is_same(t->text + t->entries[i].at, at, n);
}

/* What was said one after the other is often said so again. */
uint32_t texts_find(struct texts *t, const char *at, size_t n)
{
	uint32_t guess = t->by_hash.n ? t->entries[t->last].after : 0;
	const struct table_slot *slot;

	if (is_text(t, guess, at, n)) {
		t->last = guess;
	} else if (!is_text(t, t->last, at, n)) {
		slot = table_find(&t->by_hash, texts_hash(at, n));
		if (!slot || !is_text(t, slot->value, at, n))
			return 0;
		t->entries[t->last].after = slot->value;
		t->last = slot->value;
	}
	return t->entries[t->last].value;
}

static int reserve(struct texts *t, size_t n)
{
	size_t n_text_room = t->n_text_room ? t->n_text_room : 4096;
	uint32_t n_room = t->n_room ? 2 * t->n_room : 256;
	void *bigger;

	while (n_text_room < t->n_text + n)
		n_text_room *= 2;
	if (t->by_hash.n >= TEXTS_MAX || n_text_room > TEXTS_BYTES_MAX)
		return -E2BIG;
	if (n_text_room != t->n_text_room) {
		bigger = realloc(t->text, n_text_room);
		if (!bigger)
			return -ENOMEM;
		t->text = bigger;
		t->n_text_room = n_text_room;
	}
	if (t->by_hash.n == t->n_room) {
		bigger = reallocarray(t->entries, n_room, sizeof(*t->entries));
		if (!bigger)
			return -ENOMEM;
		t->entries = bigger;
		t->n_room = n_room;
	}
	return 0;
}

int texts_add(struct texts *t, const char *at, size_t n, uint32_t value)
{
	uint64_t hash = texts_hash(at, n);
	uint32_t i = t->by_hash.n;
	int r;

	if (table_find(&t->by_hash, hash))
		return -EEXIST;
	r = reserve(t, n);
	if (r == 0)
		r = table_add(&t->by_hash, hash, i);
	if (r < 0)
		return r;
	if (n)
		memcpy(t->text + t->n_text, at, n);
	t->entries[i] = (struct texts_entry){ (uint32_t)t->n_text, (uint32_t)n, value, i + 1 };
	t->n_text += n;
	return 0;
}

void texts_done(struct texts *t)
{
	table_done(&t->by_hash);
	free(t->entries);
	free(t->text);
	*t = (struct texts){ 0 };
}
