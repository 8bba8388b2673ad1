/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/trace_names.h"

#include <string.h>

static inline uint64_t word_at(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* Sixteen bytes at a time, of which the last ones overlap. Only for a table in memory, so any good mixing does. */
static inline uint64_t hash_text(struct parse_text t, uint64_t hash)
{
	const uint64_t first = 0x9e3779b97f4a7c15u, second = 0xc2b2ae3d27d4eb4fu;
	size_t i = 0;

	hash ^= (uint64_t)t.n << 56;
	for (; t.n - i > 16; i += 16) {
		hash = ((hash ^ word_at(t.at + i)) * first) ^ (word_at(t.at + i + 8) * second);
		hash ^= hash >> 32;
	}
	if (t.n >= 8) {
		hash ^= t.n >= 16 ? word_at(t.at + t.n - 16) : word_at(t.at);
		hash = hash * first ^ word_at(t.at + t.n - 8) * second;
	} else {
		for (; i < t.n; i++)
			hash = (hash ^ (unsigned char)t.at[i]) * first;
	}
	return hash ^ hash >> 29;
}

/* As memcmp() == 0, without a call: names are some tens of bytes. The last sixteen may overlap those before. */
static inline int is_same_text(const char *a, const char *b, size_t n)
{
	if (n < 16)
		return !memcmp(a, b, n);
	for (size_t i = 0; i < n - 16; i += 16)
		if (memcmp(a + i, b + i, 16))
			return 0;
	return !memcmp(a + n - 16, b + n - 16, 16);
}

static inline int is_same(const struct trace_names *names, const struct trace_name *e, struct parse_text ns,
                          struct parse_text kind)
{
	return e->n_ns == ns.n && e->n_kind == kind.n && is_same_text(names->text + e->ns_at, ns.at, ns.n) &&
	       (!kind.n || is_same_text(names->text + e->kind_at, kind.at, kind.n));
}

static uint32_t add_text(struct trace_names *names, struct parse_text t)
{
	uint32_t at = names->n_text;

	if (t.n)
		memcpy(names->text + at, t.at, t.n);
	names->n_text += (uint32_t)t.n;
	return at;
}

static struct trace_name *add(struct trace_names *names, size_t place, uint64_t hash, struct parse_text ns,
                              struct parse_text kind)
{
	struct trace_name *e = &names->entries[names->n_entries];

	if (names->n_entries == TRACE_NAMES_MAX || ns.n > UINT16_MAX || kind.n > UINT16_MAX ||
	    ns.n + kind.n > sizeof(names->text) - names->n_text) {
		names->n_beyond++;
		return NULL;
	}
	*e = (struct trace_name){ .hash = hash, .count = 1, .n_ns = (uint16_t)ns.n, .n_kind = (uint16_t)kind.n };
	e->ns_at = add_text(names, ns);
	e->kind_at = add_text(names, kind);
	names->entry_of[place] = (uint16_t)++names->n_entries;
	return e;
}

static struct trace_name *find_or_add(struct trace_names *names, struct parse_text ns, struct parse_text kind)
{
	enum {
		N_PLACES = sizeof(names->entry_of) / sizeof(names->entry_of[0])
	};
	uint64_t hash = hash_text(kind, hash_text(ns, 0));
	size_t place = hash % N_PLACES;

	for (; names->entry_of[place]; place = (place + 1) % N_PLACES) {
		struct trace_name *e = &names->entries[names->entry_of[place] - 1];

		if (e->hash == hash && is_same(names, e, ns, kind)) {
			e->count++;
			return e;
		}
	}
	return add(names, place, hash, ns, kind);
}

struct trace_name *trace_names_count(struct trace_names *names, struct parse_text ns, struct parse_text kind)
{
	struct trace_name *last = names->last ? &names->entries[names->last - 1] : NULL, *e;

	if (last && last->next && is_same(names, &names->entries[last->next - 1], ns, kind)) {
		names->last = last->next;
		names->entries[names->last - 1].count++;
		return &names->entries[names->last - 1];
	}
	e = find_or_add(names, ns, kind);
	names->last = e ? (uint32_t)(e - names->entries) + 1 : 0;
	if (last && e)
		last->next = (uint16_t)names->last;
	return e;
}
