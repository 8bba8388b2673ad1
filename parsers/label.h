/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_LABEL_H
#define PARSERS_LABEL_H

/* Numbers in text, found by the words around them. The reports of GHC's run-time system are written for people: their
 * lines come and go with versions and flags, and other programs write between them. So a line is told by its label,
 * wherever it stands.
 *
 * A pattern is text in which
 *     space   stands for one or more blanks
 *     ~       for any number of blanks
 *     #       for a whole number, thousands set off by commas or not
 *     @       for a number with a fraction, point or comma; `nan` and `inf` too
 * and every other character for itself.
 */

#include "parsers/result.h"

enum {
	LABEL_VALUES_MAX = 10, /* of one pattern */
};

struct label_value {
	int64_t i64; /* of a whole number that fits, else 0 */
	double f64;  /* the nearest to what is written, up to 15 digits */
	uint8_t is_whole;
	uint8_t is_finite; /* 0: `nan`, `inf`, or more digits than any number here has */
};

/* Matches a pattern at `at`. Returns where the match ends and how many values there were, or NULL. */
const char *label_match(const char *at, const char *end, const char *pattern, struct label_value *ret, unsigned *ret_n);

/* Finds a pattern in a line. `anchor` is the text in it that is looked for first: the pattern's own beginning, or what
 * stands right behind a number that it begins with. */
const char *label_find(struct parse_text line, const char *anchor, const char *pattern, struct label_value *ret,
                       unsigned *ret_n);

/* Which groups of four bytes a text holds, roughly: it may say one more, never one less. Looking a line over once
 * spares looking for each label in it. */
struct label_groups {
	uint64_t bits[32];
};

void label_groups_of(struct parse_text text, struct label_groups *ret);
/* Whether the text may hold this one, which has four bytes at least. */
int label_may_hold(const struct label_groups *groups, const char *word);

/* The line that the bytes begin with, without its end: how many bytes it takes; 0: it isn't whole. A longer line than
 * n_max bytes comes in pieces, which have no end. is_last: nothing comes after these bytes. */
size_t label_line(const char *at, size_t n, size_t n_max, int is_last, struct parse_text *ret_line, int *ret_is_ended);

/* Reads what `#` or `@` stand for, from the beginning of the text. Returns the number of bytes, 0: there is none. */
size_t label_whole(const char *at, const char *end, struct label_value *ret);
size_t label_number(const char *at, const char *end, struct label_value *ret);

#endif
