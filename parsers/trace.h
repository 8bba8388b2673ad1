/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_TRACE_H
#define PARSERS_TRACE_H

/* The lines of a node's log.
 *
 *     {"at":"2025-12-01T07:06:46.219044Z","ns":"Forge.Loop.StartLeadershipCheck",
 *      "data":{"kind":"TraceStartLeadershipCheck","slot":1},"sev":"Info","thread":"50","host":"node-0"}
 *
 * Read: the current machine format (hermod-tracing 481650fa, TraceMessage.hs) with its keys in any order, `ns` as a
 * string, an array of one or an array of several; the older iohk-monitoring lines, whose `data` may be wrapped
 * ({"credentials":…,"val":{…}}); and, each as what it is, everything that stands between: banners, text of the run-time
 * system, human-readable lines, `//` comments, blank lines, a last line that was cut.
 *
 * One call takes one line. The line is checked as JSON to its last byte. All views point into the buffer, but for `ns`
 * when it was written as an array of several, which points into the parser. Nothing of `data` is lost: its members are
 * handed out as written, and the ones beyond TRACE_MEMBERS_MAX are counted.
 */

#include "parsers/jsontext.h"

enum {
	TRACE_LINE_MAX = 16 << 20, /* bytes of one line; a longer one is bad */
	TRACE_MEMBERS_MAX = 48,    /* members of one `data` that are handed out */
	TRACE_NS_MAX = 512,        /* bytes of an `ns` that had to be joined */
};

enum trace_what {
	TRACE_MESSAGE = 1, /* a trace: everything below `what` is set */
	TRACE_OBJECT,      /* a JSON object that is no trace: `wrapped` may hold one */
	TRACE_TEXT,        /* a line that is not JSON: banner, run-time system, program */
	TRACE_HUMAN,       /* `[2026-07-01 10:00:00.1234Z][host:Ns](Info,50) text` */
	TRACE_COMMENT,
	TRACE_BLANK,
	TRACE_CUT, /* the last line, without its end, and not whole */
};

struct trace_member {
	struct parse_text key; /* as written */
	struct jsontext_value value;
};

struct trace_line {
	enum trace_what what;
	struct parse_text text; /* the whole line without its end */
	int64_t at_ns;          /* UTC */
	struct parse_text at;   /* as written */
	struct parse_text ns;   /* dotted */
	struct parse_text kind; /* of the payload; empty where it has none */
	struct parse_text sev;  /* empty where the line has none: the same for thread, host, pid */
	struct parse_text thread;
	struct parse_text host;
	struct parse_text pid;
	struct jsontext_value data;    /* as written; type JSONTEXT_NONE where there is none */
	struct jsontext_value payload; /* `data`, or `val` inside a wrapped one */
	struct jsontext_value wrapped; /* of TRACE_OBJECT: its `message`, a trace as a string, or JSONTEXT_NONE */
	uint32_t n_members;            /* of the payload, all of them */
	uint32_t n_ns_first;           /* bytes of the first name, where ns was an array of several */
	uint8_t ns_is_array;           /* 0: string, 1: array of one, 2: array of several */
	uint8_t has_thread_number;     /* thread was written as a number */
	struct trace_member members[TRACE_MEMBERS_MAX];
};

/* Zero it before the first line. */
struct trace_parser {
	uint64_t offset; /* of the next line, from the start of the stream */
	char minute[16]; /* the last `2025-12-01T07:06` that was converted, and what it gave */
	int64_t minute_s;
	uint32_t width; /* enum jsontext_width */
	char ns[TRACE_NS_MAX];
};

/* Takes the line that starts at `at`. is_last: nothing comes after these bytes.
 * PARSE_OK: ret is filled, *ret_used bytes are done with. PARSE_MORE: the line isn't whole. PARSE_END: no bytes and
 * is_last. PARSE_BAD: a line that starts like a trace and isn't one: ret->text and ret_fault are set, *ret_used bytes
 * are done with. */
enum parse_result trace_next(struct trace_parser *p, const char *at, size_t n, int is_last, struct trace_line *ret,
                             size_t *ret_used, struct parse_fault *ret_fault);

/* The member of the payload with this key; of several the last; NULL: none. Inline, so that a constant key is compared
 * without a call. */
static inline const struct jsontext_value *trace_member(const struct trace_line *line, const char *key)
{
	uint32_t i = line->n_members < TRACE_MEMBERS_MAX ? line->n_members : TRACE_MEMBERS_MAX;
	size_t n = __builtin_strlen(key);

	while (i--)
		if (line->members[i].key.n == n && !__builtin_memcmp(line->members[i].key.at, key, n))
			return &line->members[i].value;
	return NULL;
}

/* `2025-12-01T07:06:46.219044Z` (0 to 12 fraction digits, `T` or a space, `Z`) as nanoseconds UTC, cut below them. 1:
 * it was one. `p` remembers the minute. Years 1970 to 2261. */
int trace_time(struct trace_parser *p, struct parse_text text, int64_t *ret_ns);

#endif
