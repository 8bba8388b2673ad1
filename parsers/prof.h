/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_PROF_H
#define PARSERS_PROF_H

/* The text of GHC's time and allocation profile (`+RTS -p -P -pa -Pa`, a `.prof` file). `-pj` is prof_json.h.
 *
 *     [retainer censuses]                                                     see retainer.h
 *     <TAB>Sat Nov 21 00:08 2026 Time and Allocation Profiling Report  (Final)
 *                                                                             header: written raw, without any quoting,
 *     <TAB>   prog +RTS -P -RTS arg1 arg2                                     so that an argument may hold newlines and
 *                                                                             text that looks like the lines below
 *     <TAB>total time  =        0.03 secs   (26 ticks @ 1000 us, 1 processor)
 *     <TAB>total alloc =  31,549,040 bytes  (excludes profiling overheads)
 *
 *     COST CENTRE MODULE SRC                      %time %alloc  ticks     bytes
 *                                                                             top table: one row a cost centre
 *     feed.go     Zoo    Zoo.hs:(11,5)-(12,35)      3.8    2.9      1    911200
 *
 *
 *                                                  individual      inherited
 *     COST CENTRE MODULE SRC            no.     entries  %time %alloc   %time %alloc  ticks     bytes
 *
 *     MAIN        MAIN   <built-in>     154           0    0.0    0.0   100.0  100.0      0       832
 *      CAF        Main   <entire-module> 302          0    0.0    0.0     3.8    7.3      0       160
 *     ...                                                                     tree: one row a stack, indented by depth
 *     [blank line, retainer sets]                                             see retainer.h
 *
 * `ticks` and `bytes` are absent with -p. Label, MODULE and SRC are padded to widths that the head line shows, counted
 * in code points; numbers are right-aligned and may outgrow their width. What differs between versions:
 *
 *     to 7.10      no SRC. `no.` is 6 wide with nothing before it: a long module and a long number touch.
 *     8.0 to 8.8   `entries` is 11 wide with nothing between it and `no.`: they can touch.
 *     from 9.0     every number has a space before it.
 *
 * A label can be empty, hold tabs, quotes, any UTF-8 and newlines; a row is then more than one line, and its columns
 * hold over all of it. SRC can hold spaces. Sources: rts/Profiling.c of 7.10 and 8.0, rts/ProfilerReport.c of 9.10.
 *
 * Two programs that wrote the same file leave the shorter report with the tail of the longer one behind it. So a row
 * that doesn't fit the columns, or is deeper than a child of the row before it, ends the report; what follows is stale.
 *
 * Pure; one parser per text; texts of a record point into the buffer.
 */

#include "parsers/retainer.h"

enum {
	PROF_HEADER_MAX =
		16 << 20, /* bytes from the first line to the tree's head within which arguments are untangled */
	PROF_ROW_MAX = 64 * 1024,   /* bytes of a row */
	PROF_DEPTH_MAX = 64 * 1024, /* the depth of a stack; MAIN is 0 */
};

enum prof_what {
	PROF_CENSUS = 1,
	PROF_HEADER,
	PROF_TOP,  /* a row of the top table */
	PROF_TREE, /* the tree's head: rows follow */
	PROF_ROW,  /* a row of the tree */
	PROF_SET,
	PROF_STALE, /* bytes after a fault */
};

struct prof_header {
	struct parse_text date;      /* `Sat Nov 21 00:08 2026`, local time */
	struct parse_text program;   /* its name, without a folder */
	struct parse_text rts_flags; /* what stands between +RTS and -RTS */
	struct parse_text arguments; /* as written: unquoted */
	uint64_t total_time_cs;      /* hundredths of seconds */
	uint64_t total_ticks;
	uint64_t tick_us;
	uint64_t total_alloc; /* bytes */
	uint64_t n_processors;
	uint8_t has_processors; /* not before 7.4 */
};

/* Shares are tenths of percent. */
struct prof_row {
	struct parse_text label;
	struct parse_text module;
	struct parse_text source; /* empty to 7.10 */
	uint64_t ticks;           /* of the row itself, when has_costs: the same for bytes */
	uint64_t bytes;
	uint32_t time;
	uint32_t alloc;
	/* Only in the tree: */
	uint64_t id;
	uint64_t entries;
	uint32_t time_inherited;
	uint32_t alloc_inherited;
	uint32_t depth;
	uint8_t is_depth_guess; /* the label is empty, so the indentation isn't seen: depth is the deepest possible */
};

struct prof_stale {
	uint64_t n_bytes;
	uint64_t n_lines;
};

struct prof_record {
	enum prof_what what;
	uint64_t offset; /* of the record, from the start of the text */
	union {
		struct prof_header header;
		struct prof_row row;
		struct prof_stale stale;
		struct retainer_census census;
		struct retainer_set set;
	};
};

/* Where columns start, in code points. */
struct prof_grid {
	uint32_t module_at;
	uint32_t source_at; /* 0: there is no SRC */
	uint32_t text_end;  /* where the last padded text column ends: numbers start there */
	uint32_t id_end;    /* where the widest `no.` ends; 0: not known (to 7.10) */
	uint8_t has_costs;
	uint8_t is_tree;
};

/* Zero it before the first call. Copyable. */
struct prof_parser {
	uint64_t offset; /* of the next byte, from the start of the text */
	struct prof_grid top;
	struct prof_grid tree;
	uint32_t n_depths; /* a row's depth must be less */
	uint8_t stage;
	uint8_t is_crlf;
	uint8_t is_glued; /* the first row of the tree shows the layout of 8.0 to 8.8 */
};

/* Takes the next record. is_last: nothing comes after these n bytes.
 *
 * PARSE_OK: ret is filled and *ret_used bytes are done with. PARSE_MORE: the record isn't whole. PARSE_END: the text is
 * done. PARSE_BAD: ret_fault says what and where. Codes: `prof.top`, a line of the top table, which *ret_used passes
 * over; the others pass over nothing, and after them there is only PROF_STALE: `prof.truncated`, the text ends inside a
 * record; `prof.header`, this is no report or its head can't be read; `prof.row`, `prof.depth`, `prof.set`, what comes
 * next isn't part of this report. */
enum parse_result prof_next(struct prof_parser *p, const char *at, size_t n, int is_last, struct prof_record *ret,
                            size_t *ret_used, struct parse_fault *ret_fault);

/* Says that what comes next isn't part of this report, for who sees that by other means: there is only PROF_STALE then.
 */
void prof_stop(struct prof_parser *p);

/* `Sat Nov 21 00:08 2026` as seconds since 1970 as if it were UTC: 1, or 0 when it is no such date. Years
 * 1970 to 2261: their nanoseconds fit. */
int prof_date(struct parse_text date, int64_t *ret_s);

enum {
	PROF_DATE_ZONES = 40,
};

/* Minutes east of UTC that are in use somewhere, summer times included (tz database 2025): a date has no time zone. */
extern const int16_t prof_date_zones[PROF_DATE_ZONES];

#endif
