/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

/* What a parser says of some bytes, a line a record, so that two readings can be compared as texts: whole and split,
 * ours and that of another program.
 */

#include <stddef.h>
#include <stdio.h>

#include "parsers/retainer.h"

/* Hands the parser first `split` bytes, then the rest of what it left; `is_last` is 0 for a stream that will go on. The
 * text is to be freed. Its last line is END or MORE. */
typedef char *transcript(const char *at, size_t n, size_t split, int is_last);

transcript hp_transcript;
transcript eventlog_transcript;
transcript rts_stats_transcript;
transcript ticky_transcript;
transcript prof_transcript;
transcript prof_json_transcript;

/* How a parser is asked: it reads one record and, at PARSE_OK, writes its line. `reader` is its state. */
struct transcript_reader {
	enum parse_result (*step)(void *reader, const char *at, size_t n, int is_last, FILE *out, size_t *ret_used,
	                          struct parse_fault *fault);
	void (*say_end)(const void *reader, FILE *out); /* before the last line; NULL: nothing */
};

char *transcript_read(const struct transcript_reader *how, void *reader, const char *at, size_t n, size_t split,
                      int is_last);

/* The text with everything but printable ASCII as \xNN. */
void transcript_text(FILE *out, struct parse_text text);
/* What retainer profiling writes into reports of either form, a line each. */
void transcript_census(FILE *out, const struct retainer_census *census);
void transcript_set(FILE *out, const struct retainer_set *set);

/* Fails the test unless every prefix gives the beginning of the whole transcript and then asks for more, and every
 * split gives the whole one. Each prefix stands before a page that nobody may read. */
void assert_streams(transcript *of, const char *at, size_t n);

#endif
