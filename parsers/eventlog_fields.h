/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_EVENTLOG_FIELDS_H
#define PARSERS_EVENTLOG_FIELDS_H

/* What is in the payloads of an eventlog's records: one const table, by tag, of all types that GHC 6.12 to 9.14, Eden,
 * Mercury and ghc-events-perf write.
 *
 * Types only ever grew at their end, so a shorter payload is an older runtime's (its last fields are absent) and a
 * longer one a newer's (what follows is passed over). The one exception is a field that changed its width: the block
 * size of a non-moving census, in the table under the wider form.
 */

#include <string.h>

#include "parsers/eventlog.h"

enum eventlog_field_kind {
	EVENTLOG_U8 = 1,
	EVENTLOG_U16,
	EVENTLOG_U32,
	EVENTLOG_U64,
	EVENTLOG_CENSUS_SIZE,  /* bytes: u16, or in payloads of 13 bytes u8, a power of two */
	EVENTLOG_CSTRING,      /* up to a NUL that must be there */
	EVENTLOG_TEXT,         /* all that is left */
	EVENTLOG_TEXT_BUT_U32, /* all that is left but the last 4 bytes */
	EVENTLOG_TEXTS,        /* all that is left: NUL-separated, perhaps without the last NUL */
	EVENTLOG_U32S,         /* as many as the number before says, each big-endian */
	EVENTLOG_BYTES,        /* all that is left, of any kind */
};

enum {
	EVENTLOG_FIELDS_MAX = 10,
};

/* Where samples have their bytes, depths and labels. */
enum {
	EVENTLOG_SAMPLE_BYTES_AT = 1,
	EVENTLOG_SAMPLE_LABEL_AT = 9,
	EVENTLOG_HEAP_DEPTH_AT = 9,
	EVENTLOG_TIME_TICK_AT = 4,
	EVENTLOG_TIME_DEPTH_AT = 12,
};

struct eventlog_field {
	const char *name;
	uint8_t kind;
	uint8_t is_optional; /* and so are all after it */
};

struct eventlog_type {
	const char *name; /* lower case, words with `_` */
	struct eventlog_field fields[EVENTLOG_FIELDS_MAX];
};

/* Numbers are in `number`; texts, bytes and lists in `text`, which points into the payload. The other is not set. */
struct eventlog_value {
	uint64_t number;
	struct parse_text text;
};

struct eventlog_values {
	uint32_t n; /* fields that are there */
	struct eventlog_value at[EVENTLOG_FIELDS_MAX];
};

/* NULL: a type that is not in the table. */
const struct eventlog_type *eventlog_type(uint32_t tag);

/* PARSE_OK with the values in the order of the table. PARSE_BAD: the payload is too short, or a text doesn't end.
 * PARSE_END: the type is not in the table. */
enum parse_result eventlog_values(const struct eventlog_event *e, struct eventlog_values *ret);

/* Samples are most of a profile's log: the same values as eventlog_values() gives, without its table. ret_number: of a
 * heap sample its bytes, of a time sample the number of its tick. 0: malformed. */
static inline int eventlog_sample_stack(const struct eventlog_event *e, uint64_t *ret_number,
                                        struct parse_text *ret_ids)
{
	int is_time = e->tag == EVENTLOG_PROF_SAMPLE_COST_CENTRE;
	uint32_t at = is_time ? EVENTLOG_TIME_DEPTH_AT : EVENTLOG_HEAP_DEPTH_AT;

	if (e->n_payload <= at || e->n_payload - at - 1 < 4U * e->payload[at])
		return 0;
	*ret_number = eventlog_u64(e->payload + (is_time ? EVENTLOG_TIME_TICK_AT : EVENTLOG_SAMPLE_BYTES_AT));
	*ret_ids = (struct parse_text){ (const char *)e->payload + at + 1, 4U * e->payload[at] };
	return 1;
}

static inline int eventlog_sample_label(const struct eventlog_event *e, uint64_t *ret_bytes,
                                        struct parse_text *ret_label)
{
	const char *at = (const char *)e->payload + EVENTLOG_SAMPLE_LABEL_AT;
	size_t n = e->n_payload > EVENTLOG_SAMPLE_LABEL_AT ? e->n_payload - (size_t)EVENTLOG_SAMPLE_LABEL_AT : 0;
	const char *nul = n ? memchr(at, 0, n) : NULL;

	if (!nul)
		return 0;
	*ret_bytes = eventlog_u64(e->payload + EVENTLOG_SAMPLE_BYTES_AT);
	*ret_label = (struct parse_text){ at, (size_t)(nul - at) };
	return 1;
}

/* The next text of EVENTLOG_TEXTS; 0: there is none. `rest` moves on. */
int eventlog_next_text(struct parse_text *rest, struct parse_text *ret);

#endif
