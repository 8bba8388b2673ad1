/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/trace_names.h"

#include <string.h>

/* Eight bytes at a time; the last ones overlap. Only for a table in memory, so any good mixing does. */
static uint64_t hash_text(struct parse_text t, uint64_t hash)
{
	uint64_t word = 0;
	size_t i = 0;

	for (; t.n - i >= 8; i += 8) {
		memcpy(&word, t.at + i, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	word = 0;
	if (t.n >= 8)
		memcpy(&word, t.at + t.n - 8, 8);
	else if (t.n)
		memcpy(&word, t.at, t.n);
	hash = (hash ^ word ^ (uint64_t)t.n << 56) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}

static int is_same(const struct trace_names *names, const struct trace_name *e, uint64_t hash, struct parse_text ns,
                   struct parse_text kind)
{
	return e->hash == hash && e->n_ns == ns.n && e->n_kind == kind.n &&
	       !memcmp(names->text + e->ns_at, ns.at, ns.n) &&
	       (!kind.n || !memcmp(names->text + e->kind_at, kind.at, kind.n));
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

struct trace_name *trace_names_count(struct trace_names *names, struct parse_text ns, struct parse_text kind)
{
	enum {
		N_PLACES = sizeof(names->entry_of) / sizeof(names->entry_of[0])
	};
	uint64_t hash = hash_text(kind, hash_text(ns, 0));
	size_t place = hash % N_PLACES;

	for (; names->entry_of[place]; place = (place + 1) % N_PLACES) {
		struct trace_name *e = &names->entries[names->entry_of[place] - 1];

		if (is_same(names, e, hash, ns, kind)) {
			e->count++;
			return e;
		}
	}
	return add(names, place, hash, ns, kind);
}
