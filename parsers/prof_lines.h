/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_PROF_LINES_H
#define PARSERS_PROF_LINES_H

/* Lines of a `.prof` text, for the files that read it. What runs out of bytes says PARSE_MORE, also at the end of the
 * text: there prof_next() calls it truncated.
 */

#include "parsers/result.h"

#include <string.h>

/* What is left to read. */
struct prof_span {
	const char *at;
	const char *end;
};

static inline size_t left_in(const struct prof_span *s)
{
	return (size_t)(s->end - s->at);
}

static inline struct parse_text text_between(const char *at, const char *end)
{
	return (struct parse_text){ at, end > at ? (size_t)(end - at) : 0 };
}

/* Takes a line of less than n_max bytes, without its end. */
static inline enum parse_result take_line(struct prof_span *s, size_t n_max, struct parse_text *ret)
{
	size_t n = left_in(s);
	const char *newline = memchr(s->at, '\n', n < n_max ? n : n_max);

	if (!newline)
		return n < n_max ? PARSE_MORE : PARSE_BAD;
	*ret = text_between(s->at, newline > s->at && newline[-1] == '\r' ? newline - 1 : newline);
	s->at = newline + 1;
	return PARSE_OK;
}

/* Takes a blank line. PARSE_BAD: the next one isn't. */
static inline enum parse_result take_blank(struct prof_span *s)
{
	size_t n = left_in(s);

	if (n == 0 || (n == 1 && s->at[0] == '\r'))
		return PARSE_MORE;
	if (s->at[0] != '\n' && (s->at[0] != '\r' || s->at[1] != '\n'))
		return PARSE_BAD;
	s->at += s->at[0] == '\r' ? 2 : 1;
	return PARSE_OK;
}

#endif
