/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_HP_H
#define PARSERS_HP_H

/* Heap profiles, `prog.hp` (`+RTS -h…`; rts/ProfHeap.c of GHC 6.10 to 9.14, read and MARK as utils/hp2ps/HpFile.c).
 *
 *     JOB "prog arg +RTS -hc -i0.1"          quotes doubled, newlines of arguments as they are
 *     DATE "Sat Nov 21 00:08 2026"           local time, minutes
 *     SAMPLE_UNIT "seconds"
 *     VALUE_UNIT "bytes"
 *     BEGIN_SAMPLE 0.018099                  seconds of mutator CPU time
 *     (311)main.n/main<TAB>16                a band: label, bytes
 *     END_SAMPLE 0.018099
 *     MARK 0.5                               never by the run-time system
 *
 * A label may hold anything, tabs and newlines too (texts of cost centres): the value is what stands behind the last
 * tab of the line, and a line of a sample without one is the beginning of a label that goes on in the next. A keyword
 * counts only as a whole line, and a band line is never one. Lines may end in CR LF. The last sample of a killed
 * program can lack its end: telling a whole sample from a cut one is the reader's matter, as samples are unbounded.
 */

#include "parsers/result.h"

enum {
	HP_LABEL_MAX = 64 * 1024, /* bytes of one label; a longer one is bad */
	HP_JOB_MAX = 1 << 20,     /* bytes in which the end of JOB is looked for; then its first line is all of it */
};

enum hp_what {
	HP_JOB = 1,     /* text: between the quotes, as written */
	HP_DATE,        /* text */
	HP_SAMPLE_UNIT, /* text */
	HP_VALUE_UNIT,  /* text */
	HP_BEGIN,       /* time_ns */
	HP_BAND,        /* text: the label; value */
	HP_END,         /* time_ns */
	HP_MARK,        /* time_ns */
	HP_CUT,         /* text: the last line, which the end of the file cut; nothing in it can be trusted */
};

struct hp_record {
	enum hp_what what;
	struct parse_text text; /* points into the buffer */
	int64_t time_ns;        /* since the program's start, in mutator CPU time */
	int64_t value;
};

/* Zero it before the first byte. */
struct hp_parser {
	uint64_t offset;  /* of the next record, from the start of the stream */
	int64_t begin_ns; /* of the sample that is open */
	uint8_t in_sample;
	uint8_t in_long_line; /* the rest of a line that was too long comes next */
};

/* is_last: nothing comes after these bytes. PARSE_OK: *ret is filled, *ret_used bytes are done with. PARSE_MORE: the
 * record isn't whole. PARSE_END: no bytes and is_last. PARSE_BAD: *ret_fault is filled, *ret_used bytes are to be
 * passed over: `hp.line` (nothing that stands in a heap profile), `hp.value` (a number beyond 63 bits), `hp.time` (no
 * time that can be), `hp.label` (a line beyond HP_LABEL_MAX or HP_JOB_MAX, in pieces). */
enum parse_result hp_next(struct hp_parser *p, const char *at, size_t n, int is_last, struct hp_record *ret,
                          size_t *ret_used, struct parse_fault *ret_fault);

/* JOB's text with doubled quotes made single. Returns its length; at most n_room bytes are written. */
size_t hp_unquote(struct parse_text text, char *room, size_t n_room);

/* Splits `(311)main.n/main` into 311 and `main.n/main`: 1 when the label has such a number in front. */
int hp_label_id(struct parse_text label, uint64_t *ret_id, struct parse_text *ret_rest);

#endif
