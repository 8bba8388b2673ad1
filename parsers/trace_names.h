/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_TRACE_NAMES_H
#define PARSERS_TRACE_NAMES_H

/* How often each namespace and kind occurs, in memory of the caller's and of a fixed size. Each pair has a mark, so
 * that what depends on the names alone is worked out once for each pair and not for each line. */

#include "parsers/trace.h"

enum {
	TRACE_NAMES_MAX = 4096,           /* pairs; further ones are not kept */
	TRACE_NAMES_TEXT_MAX = 256 << 10, /* bytes of their names */
};

struct trace_name {
	uint64_t hash;
	uint64_t count;
	uint32_t ns_at, kind_at; /* in text */
	uint16_t n_ns, n_kind;
	uint16_t mark; /* the caller's; 0 in a new pair */
	uint16_t next; /* the pair that came after it the last time, counted from 1: a guess that is looked at first */
};

/* Zero it before the first line. Pairs are in the order in which they came. */
struct trace_names {
	uint32_t n_entries, n_text;
	uint32_t last;     /* the pair that was counted last, from 1 */
	uint64_t n_beyond; /* lines whose pair was not kept */
	uint16_t entry_of[2 * TRACE_NAMES_MAX];
	struct trace_name entries[TRACE_NAMES_MAX];
	char text[TRACE_NAMES_TEXT_MAX];
};

/* Counts the line's pair. NULL: it isn't kept. A count of 1 says that it is new. */
struct trace_name *trace_names_count(struct trace_names *names, struct parse_text ns, struct parse_text kind);

static inline struct parse_text trace_names_ns(const struct trace_names *names, const struct trace_name *name)
{
	return (struct parse_text){ names->text + name->ns_at, name->n_ns };
}

static inline struct parse_text trace_names_kind(const struct trace_names *names, const struct trace_name *name)
{
	return (struct parse_text){ names->text + name->kind_at, name->n_kind };
}

#endif
