/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_RTS_COMMAND_H
#define PARSERS_RTS_COMMAND_H

/* How GHC's run-time system was called, as it says itself.
 *
 *     './prog' 'an argument' +RTS '-tstats.txt' '--machine-readable' <NL>    first line of -s, -t, -S and -r files
 *     ./prog an argument +RTS -tstats.txt --machine-readable <NL>           the same up to GHC 8.0
 *     prog an argument +RTS -hc -i0.1                                       JOB of a heap profile
 *
 * Nothing in it is quoted reliably: quotes in arguments stay as they are, and so do newlines. What stands behind the
 * last `+RTS` are the run-time system's flags, wherever they stood on the command line.
 */

#include "parsers/result.h"

enum {
	RTS_COMMAND_MAX = 1 << 20, /* bytes of a first line, with the newlines in its arguments */
};

struct rts_command {
	struct parse_text program, arguments, flags; /* parts of the text, as written */
	int has_rts;                                 /* `+RTS` was there */
};

/* The command line that the text begins with. PARSE_OK: *ret_n bytes with the newline. PARSE_MORE: more is needed to
 * tell. PARSE_END: it doesn't begin with one. */
enum parse_result rts_command_line(const char *at, size_t n, int is_last, size_t *ret_n);

/* Splits a command line; trailing blanks and the newline don't matter. */
struct rts_command rts_command_split(struct parse_text text);

/* Takes the next word off the text: in quotes or up to a blank. Returns 0 when there is none; the quotes are not part
 * of the word. */
int rts_command_word(struct parse_text *text, struct parse_text *ret_word);

/* The words with single spaces between them; those that hold a blank keep their quotes. Returns the length, at most
 * n_room. */
size_t rts_command_plain(struct parse_text text, char *room, size_t n_room);

#endif
