/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_JSON_H
#define PARSERS_JSON_H

/* JSON text (RFC 8259) without a document: a cursor that validates what it passes and hands out views.
 *
 * It accepts exactly what jansson 2.14 accepts, with three exceptions: integers of any length, reals of any exponent,
 * and at most JSON_DEPTH_MAX levels. Values keep their written form: no unescaping, no conversion, no rounding, until
 * asked. Duplicate keys are all handed out; readers take the last.
 */

#include "parsers/result.h"

enum {
	JSON_DEPTH_MAX = 256,
};

enum json_type {
	JSON_NONE = 0,
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
};

struct json_value {
	struct parse_text raw; /* a string without its quotes; everything else as written */
	uint8_t type;          /* enum json_type */
	uint8_t has_escape;    /* of a string: raw has a backslash */
};

/* A cursor over one whole text. A fault sticks: `reason` is set, `at` stands where it was met. */
struct json_cursor {
	const char *at;
	const char *end;
	const char *reason;
	const struct json_marks *marks; /* NULL: strings are looked at byte by byte */
};

struct json_cursor json_on(const char *at, size_t n);

enum {
	JSON_MARKED_MAX = 16 * 1024, /* bytes of a line that can be marked */
};

/* What one quick pass over a line finds: where it ends, and where its quotes are. Only of a line in which every byte of
 * every string stands for itself (no backslash, no control character, all ASCII), for there a quote is always a quote.
 */
struct json_marks {
	const char *start;
	uint64_t quotes[JSON_MARKED_MAX / 64 + 1];
};

/* Marks the line that starts at `at`, up to its newline or n. Returns its length; `*ret_is_plain` says whether the
 * marks hold. A line that isn't plain or is longer than JSON_MARKED_MAX may have its end beyond what is returned: then
 * look for it. */
size_t json_mark_line(const char *at, size_t n, struct json_marks *ret, int *ret_is_plain);

/* The next value, whole and checked. PARSE_OK or PARSE_BAD. */
enum parse_result json_value(struct json_cursor *c, struct json_value *ret);

/* Walks the members of an object or the elements of an array. `enter` wants the opening bracket next; then `member` or
 * `element` until PARSE_END, which has passed the closing bracket. `is_first` is the walk's own; start it with 1. */
enum parse_result json_enter(struct json_cursor *c, char bracket);
enum parse_result json_key(struct json_cursor *c, int *is_first, struct json_value *ret_key);
enum parse_result json_member(struct json_cursor *c, int *is_first, struct json_value *ret_key, struct json_value *ret);
enum parse_result json_element(struct json_cursor *c, int *is_first, struct json_value *ret);

/* PARSE_OK when only white space is left. */
enum parse_result json_finish(struct json_cursor *c);

/* The next byte that is not white space, without passing it; 0 at the end. */
char json_peek(struct json_cursor *c);

/* Writes a string's text with its escapes undone; NULs can occur. Returns its length, which is at most raw.n; nothing
 * is written when it would exceed n_room. */
size_t json_unescape(const struct json_value *string, char *room, size_t n_room);

/* A number as an integer: 1 when it is one (also `2.0`, `1e3`) and fits, else 0. */
int json_i64(const struct json_value *number, int64_t *ret);
/* A number as the nearest double: 1, or 0 when the value is no number. Correctly rounded up to 19 digits and |exponent|
 * <= 22; otherwise within 2 ulp. */
int json_f64(const struct json_value *number, double *ret);

#endif
