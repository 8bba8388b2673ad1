/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_JSONTEXT_H
#define PARSERS_JSONTEXT_H

/* JSON text (RFC 8259) without a document: a cursor that validates what it passes and hands out views.
 *
 * It accepts exactly what jansson 2.14 accepts, with three exceptions: integers of any length, reals of any exponent,
 * and at most JSONTEXT_DEPTH_MAX levels. Values keep their written form: no unescaping, no conversion, no rounding,
 * until asked. Duplicate keys are all handed out; readers take the last.
 */

#include "parsers/result.h"

enum {
	JSONTEXT_DEPTH_MAX = 256,
};

enum jsontext_type {
	JSONTEXT_NONE = 0,
	JSONTEXT_OBJECT,
	JSONTEXT_ARRAY,
	JSONTEXT_STRING,
	JSONTEXT_NUMBER,
	JSONTEXT_TRUE,
	JSONTEXT_FALSE,
	JSONTEXT_NULL,
};

struct jsontext_value {
	struct parse_text raw; /* a string without its quotes; everything else as written */
	uint8_t type;          /* enum jsontext_type */
	uint8_t has_escape;    /* of a string: raw has a backslash */
};

/* A cursor over one whole text. A fault sticks: `reason` is set, `at` stands where it was met. */
struct jsontext_cursor {
	const char *at;
	const char *end;
	const char *reason;
	const struct jsontext_marks *marks; /* NULL: strings are looked at byte by byte */
};

struct jsontext_cursor jsontext_on(const char *at, size_t n);

enum {
	JSONTEXT_MARKED_MAX = 16 * 1024, /* bytes of a line that can be marked */
};

/* What one quick pass over a line finds: where it ends, and where its quotes are. Only of a line in which every byte of
 * every string stands for itself (no backslash, no control character, all ASCII), for there a quote is always a quote.
 */
struct jsontext_marks {
	const char *start;
	uint64_t quotes[JSONTEXT_MARKED_MAX / 64 + 1];
};

/* How many bytes are looked at together. */
enum jsontext_width {
	JSONTEXT_NOT_ASKED = 0,
	JSONTEXT_BY_1,
	JSONTEXT_BY_16,
	JSONTEXT_BY_32,
	JSONTEXT_BY_64,
};

/* The most that this processor can. It asks the processor, which takes a microsecond or two. */
enum jsontext_width jsontext_widest(void);

/* Marks the line that starts at `at`, up to its newline or n. Returns its length; `*ret_is_plain` says whether the
 * marks hold. A line that isn't plain or is longer than JSONTEXT_MARKED_MAX may have its end beyond what is returned:
 * then look for it. width: at most jsontext_widest(). */
size_t jsontext_mark_line(enum jsontext_width width, const char *at, size_t n, struct jsontext_marks *ret,
                          int *ret_is_plain);

/* The first quote at or after `at`, or NULL. */
static inline const char *jsontext_quote(const struct jsontext_marks *m, const char *at, const char *end)
{
	size_t offset = (size_t)(at - m->start), i = offset / 64, n = (size_t)(end - m->start) / 64;
	uint64_t word = m->quotes[i] >> (offset % 64);

	if (word)
		return at + __builtin_ctzll(word);
	while (++i <= n)
		if (m->quotes[i])
			return m->start + i * 64 + __builtin_ctzll(m->quotes[i]);
	return NULL;
}

/* The next value, whole and checked. PARSE_OK or PARSE_BAD. */
enum parse_result jsontext_value(struct jsontext_cursor *c, struct jsontext_value *ret);

/* Walks the members of an object or the elements of an array. `enter` wants the opening bracket next; then `member` or
 * `element` until PARSE_END, which has passed the closing bracket; after `key` the caller takes the value itself.
 * `is_first` is the walk's own; start it with 1. */
enum parse_result jsontext_enter(struct jsontext_cursor *c, char bracket);
enum parse_result jsontext_key(struct jsontext_cursor *c, int *is_first, struct jsontext_value *ret_key);
enum parse_result jsontext_member(struct jsontext_cursor *c, int *is_first, struct jsontext_value *ret_key,
                                  struct jsontext_value *ret);
enum parse_result jsontext_element(struct jsontext_cursor *c, int *is_first, struct jsontext_value *ret);

/* PARSE_OK when only white space is left. */
enum parse_result jsontext_finish(struct jsontext_cursor *c);

/* The next byte that is not white space, without passing it; 0 at the end. */
char jsontext_peek(struct jsontext_cursor *c);

/* Writes a string's text with its escapes undone; NULs can occur. Returns its length, which is at most raw.n; nothing
 * is written when it would exceed n_room. */
size_t jsontext_unescape(const struct jsontext_value *string, char *room, size_t n_room);

/* A number as an integer: 1 when it is one (also `2.0`, `1e3`) and fits, else 0. */
int jsontext_i64(const struct jsontext_value *number, int64_t *ret);
/* A number as the nearest double: 1, or 0 when the value is no number. Correctly rounded up to 19 digits and |exponent|
 * <= 22; otherwise within 2 ulp. */
int jsontext_f64(const struct jsontext_value *number, double *ret);

#endif
