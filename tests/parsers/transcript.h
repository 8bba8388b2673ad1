/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

/* What a parser says of some bytes, a line a record, so that two readings can be compared as texts: whole and split,
 * ours and that of another program.
 */

#include <stddef.h>
#include <stdio.h>

#include "parsers/result.h"

/* Hands the parser first `split` bytes, then the rest of what it left; `is_last` is 0 for a stream that will go on. The
 * text is to be freed. Its last line is END or MORE. */
typedef char *transcript(const char *at, size_t n, size_t split, int is_last);

transcript hp_transcript;
transcript eventlog_transcript;
transcript rts_stats_transcript;
transcript ticky_transcript;
transcript prof_transcript;
transcript prof_json_transcript;

/* The text with everything but printable ASCII as \xNN. */
void transcript_text(FILE *out, struct parse_text text);

/* Fails the test unless every prefix gives the beginning of the whole transcript and then asks for more, and every
 * split gives the whole one. Each prefix stands before a page that nobody may read. */
void assert_streams(transcript *of, const char *at, size_t n);

#endif
