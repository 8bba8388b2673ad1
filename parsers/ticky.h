/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_TICKY_H
#define PARSERS_TICKY_H

/* Ticky-ticky reports, `prog.ticky` (`+RTS -r`; rts/Ticky.c of GHC 7.10 to 9.14).
 *
 *     './zoo' '300' +RTS '-r'                                     command line, as in rts_command.h
 *     ENTERS: 340612  of which 340612 (100.0%) direct to the entry code
 *           80986 ( 23.8%) thunks                                 sums of the counters below
 *     …
 *         Entries      Alloc    Alloc'd  Non-void Arguments      STG Name
 *     -----------------------------------------------------------------------
 *             300       9600         16   2 ii                   $wgo{v s9KU} (main@main:Main) in s9Li
 *     …
 *     **************************************************
 *          256218 ALLOC_HEAP_ctr                                  every counter by its name
 *               0 ENT_PERM_IND_ctr requires +RTS -Z               not measured
 *
 * Numbers are right-aligned in columns 11 or 12 wide and have no space between them when they fill one: the heading
 * tells where columns end. Names are in no encoding (Latin-1 up to U+00FF, cut above), hold spaces and go to the line's
 * end.
 */

#include "parsers/label.h"
#include "parsers/rts_command.h"

enum {
	TICKY_LINE_MAX = 64 * 1024, /* bytes of a line; a longer one is bad */
	TICKY_SUMS_MAX = 4,         /* of one line */
};

enum ticky_what {
	TICKY_COMMAND = 1, /* text: the command line */
	TICKY_SUMS,        /* n_sums of them */
	TICKY_ROW,         /* row */
	TICKY_COUNTER,     /* name, value; is_measured */
	TICKY_HEADING,     /* a line of the format without numbers, or with numbers that other lines have too */
	TICKY_TEXT,        /* a line that is none of the format's; blank lines too */
	TICKY_CUT,         /* the last line, which the end of the file cut */
};

struct ticky_sum {
	const char *name; /* dotted: `enters.thunks` */
	int64_t value;
};

/* A closure's counters. */
struct ticky_row {
	int64_t entries;
	int64_t alloc_bytes;  /* by its code */
	int64_t allocd_bytes; /* of closures of this kind, by whatever code */
	uint64_t arity;
	struct parse_text arguments; /* a letter each, as GHC chooses them */
	struct parse_text name;      /* all of it: `$wgo{v s9KU} (main@main:Main) in s9Li` */
	struct parse_text closure;   /* `$wgo{v s9KU}`, with its module if it is exported: `Main.main1{v r9FB}` */
	struct parse_text module;    /* `main@main:Main`; empty where the name doesn't tell */
};

struct ticky_record {
	enum ticky_what what;
	struct parse_text text; /* the line without its end */
	struct ticky_sum sums[TICKY_SUMS_MAX];
	uint32_t n_sums;
	struct ticky_row row;
	struct parse_text name; /* of a counter */
	int64_t value;
	int is_measured;
};

/* Zero it before the first byte. */
struct ticky_parser {
	uint64_t offset; /* of the next line, from the start of the stream */
	uint32_t column_ends[3];
	uint32_t name_column;
	uint8_t part;    /* of the report */
	uint8_t section; /* of its first part */
	uint8_t in_long_line;
};

/* Takes one line. is_last: nothing comes after these bytes. PARSE_OK: *ret is filled, *ret_used bytes are done with.
 * PARSE_MORE: the line isn't whole. PARSE_END: no bytes and is_last. PARSE_BAD: `ticky.row` (a row of the table that
 * isn't one), `ticky.line` (a line beyond TICKY_LINE_MAX, in pieces). Texts point into the buffer. */
enum parse_result ticky_next(struct ticky_parser *p, const char *at, size_t n, int is_last, struct ticky_record *ret,
                             size_t *ret_used, struct parse_fault *ret_fault);

/* A counter's name into the closure and its module. A local name has its module behind it: `go{v s5TP} (Main) (fun) in
 * s5TN`; an exported one in front: `Main.main1{v r5OP} (fun)`. Parts of the name; the module is empty where it tells
 * none. */
void ticky_split(struct parse_text name, struct parse_text *ret_closure, struct parse_text *ret_module);

/* How sure, 0 to 100, that these first bytes of a file are such a report. Pure. */
unsigned ticky_sniff(const char *at, size_t n);

#endif
