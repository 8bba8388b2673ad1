/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_PROF_JSON_H
#define PARSERS_PROF_JSON_H

/* The JSON form of GHC's time and allocation profile (`+RTS -pj`, GHC 8.4 and later, a `.prof` file too).
 *
 *     {
 *     "program": "zoo",
 *     "arguments": ["./zoo", "300"],
 *     "rts_arguments": ["-pj"],
 *     "end_time": "Sat Nov 21 00:08 2026",
 *     "initial_capabilities": 0,                          0: not threaded
 *     "total_time":        0.04,
 *     "total_ticks": 36,
 *     "tick_interval": 1000,                              microseconds
 *     "total_alloc":42637272,
 *     "cost_centres": [
 *     {"id": 189, "label": "MAIN", "module": "MAIN", "src_loc": "<built-in>", "is_caf": false}, {...}]
 *     ,
 *     "profile": {"id": 189, "entries": 0, "alloc": 832, "ticks": 0, "children": [{...,"children": []}
 *     ,{...}]}
 *     }
 *
 * With retainer profiling (`-hr -pj`) its censuses stand before it, and its sets behind: see retainer.h.
 *
 * `id` is the number of a cost centre; stacks have none. Costs are a stack's own. Source: rts/ProfilerReportJson.c of
 * 9.0 and 9.10.
 *
 * It is valid JSON only from 9.6 on: before, `"` and control characters stand in strings as they are (newlines to 8.8),
 * and `program` and `module` are never escaped. So a string ends where the text that GHC writes after it starts. A text
 * that doesn't start as GHC's does was written by another tool: there white space is free, and a string ends at its
 * quote. The order of keys is GHC's in both.
 *
 * Pure; one parser per text; texts of a record point into the buffer, as written.
 */

#include "parsers/retainer.h"

enum {
	PROF_JSON_HEADER_MAX = 16 << 20,   /* bytes up to the first cost centre */
	PROF_JSON_RECORD_MAX = 256 * 1024, /* bytes of a cost centre, or of a stack with what closes those before it */
	PROF_JSON_DEPTH_MAX = 64 * 1024,   /* stacks that are open at once, and one more */
};

enum prof_json_what {
	PROF_JSON_HEADER = 1,
	PROF_JSON_CENTRE,
	PROF_JSON_STACK,
	PROF_JSON_STALE,
	PROF_JSON_CENSUS,
	PROF_JSON_SET,
};

struct prof_json_header {
	struct parse_text program;
	struct parse_text arguments; /* what stands between the brackets: see prof_json_argument() */
	struct parse_text rts_arguments;
	struct parse_text end_time;
	uint64_t n_capabilities; /* 0: not threaded */
	uint64_t total_time_cs;
	uint64_t total_ticks;
	uint64_t tick_us;
	uint64_t total_alloc; /* bytes */
	uint8_t is_foreign;   /* not as GHC wrote it */
};

struct prof_json_centre {
	uint64_t id;
	struct parse_text label;
	struct parse_text module;
	struct parse_text source;
	uint8_t is_caf;
};

struct prof_json_stack {
	uint64_t centre;
	uint64_t entries;
	uint64_t alloc; /* bytes */
	uint64_t ticks;
	uint32_t depth;
};

struct prof_json_record {
	enum prof_json_what what;
	uint64_t offset;
	union {
		struct prof_json_header header;
		struct prof_json_centre centre;
		struct prof_json_stack stack;
		uint64_t n_stale; /* bytes */
		struct retainer_census census;
		struct retainer_set set;
	};
};

/* Zero it before the first call. Copyable. */
struct prof_json_parser {
	uint64_t offset;
	uint32_t depth; /* stacks that are open */
	uint8_t stage;
	uint8_t is_foreign; /* not as GHC wrote it */
	uint8_t is_inside;  /* a list of cost centres or stacks has had one */
};

/* As prof_next(). A fault passes over what is in order before it; then there is only PROF_JSON_STALE. Codes:
 * `prof.truncated`, the text ends inside a record; `prof.header`, this is no such profile; `prof.json`, what comes next
 * is not what GHC writes there; `prof.depth`; `prof.stale`, bytes after the end. Without a fault PARSE_END comes only
 * after the closing brace, or a set. */
enum parse_result prof_json_next(struct prof_json_parser *p, const char *at, size_t n, int is_last,
                                 struct prof_json_record *ret, size_t *ret_used, struct parse_fault *ret_fault);

/* Whether a `.prof` file is of this form, told by what stands behind white space and censuses: PARSE_OK, PARSE_BAD, or
 * PARSE_MORE, which it never says when is_last. *io_looked, 0 at first, is how much of it has been looked at. */
enum parse_result prof_is_json(const char *at, size_t n, int is_last, size_t *io_looked);

/* As prof_stop(). */
void prof_json_stop(struct prof_json_parser *p);

/* Takes the next argument off `rest`, without its quotes: 1, or 0 when there is none. */
int prof_json_argument(struct parse_text *rest, int is_foreign, struct parse_text *ret);

/* Undoes what GHC escapes. Returns the length, at most text.n; nothing is written when that exceeds n_room. What looks
 * like no escape stays as it is. */
size_t prof_json_unescape(struct parse_text text, char *room, size_t n_room);

#endif
