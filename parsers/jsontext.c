/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/jsontext.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

struct jsontext_cursor jsontext_on(const char *at, size_t n)
{
	return (struct jsontext_cursor){ .at = at, .end = at + n };
}

static enum parse_result fault(struct jsontext_cursor *c, const char *reason)
{
	if (!c->reason)
		c->reason = reason;
	return PARSE_BAD;
}

static inline void skip_space(struct jsontext_cursor *c)
{
	if (c->at<c->end && * c->at> ' ')
		return;
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
		c->at++;
}

char jsontext_peek(struct jsontext_cursor *c)
{
	skip_space(c);
	return c->at < c->end ? *c->at : 0;
}

/* ---- Strings ---- */

#if defined(__SSE2__)
/* Passes 16 bytes at a time as long as none of them is a quote, a backslash, a control character or beyond ASCII.
 * Signed comparison puts the bytes from 0x80 below the space, where the control characters are. */
static inline const char *skip_plain(const char *at, const char *end)
{
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');

	for (; end - at >= 16; at += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i stop = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)),
		                            _mm_cmplt_epi8(v, space));
		int mask = _mm_movemask_epi8(stop);

		if (mask)
			return at + __builtin_ctz((unsigned)mask);
	}
	return at;
}
#else
static inline const char *skip_plain(const char *at, const char *end)
{
	(void)end;
	return at;
}
#endif

static inline int is_continuation(const char *at, const char *end)
{
	return at < end && ((unsigned char)*at & 0xc0) == 0x80;
}

/* The length of the well-formed UTF-8 sequence at `at` (Unicode 15, table 3-7), or 0. */
static unsigned utf8_length(const char *at, const char *end)
{
	unsigned char b = (unsigned char)at[0];
	unsigned char second = end - at > 1 ? (unsigned char)at[1] : 0;

	if (b < 0xc2 || b > 0xf4 || !is_continuation(at + 1, end))
		return 0;
	if (b < 0xe0)
		return 2;
	if ((b == 0xe0 && second < 0xa0) || (b == 0xed && second > 0x9f) || (b == 0xf0 && second < 0x90) ||
	    (b == 0xf4 && second > 0x8f) || !is_continuation(at + 2, end))
		return 0;
	if (b < 0xf0)
		return 3;
	return is_continuation(at + 3, end) ? 4 : 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four hexadecimal digits of an escape, or -1. */
static int hex4(const char *at, const char *end)
{
	int value = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(at[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* The length of the escape at `at` (a backslash), surrogate pairs in one; or 0. */
static unsigned escape_length(const char *at, const char *end)
{
	int high, low;

	if (end - at < 2)
		return 0;
	if (at[1] != 'u')
		return memchr("\"\\/bfnrt", at[1], 8) ? 2 : 0;
	high = hex4(at + 2, end);
	if (high < 0 || (high >= 0xdc00 && high <= 0xdfff))
		return 0;
	if (high < 0xd800 || high > 0xdbff)
		return 6;
	if (end - at < 12 || at[6] != '\\' || at[7] != 'u')
		return 0;
	low = hex4(at + 8, end);
	return low >= 0xdc00 && low <= 0xdfff ? 12 : 0;
}

/* Passes a string whose opening quote is next, byte by byte. */
static enum parse_result string_bytewise(struct jsontext_cursor *c, struct jsontext_value *ret)
{
	const char *start = c->at + 1, *at = start;
	uint8_t has_escape = 0;

	for (;;) {
		unsigned length;

		at = skip_plain(at, c->end);
		if (at >= c->end)
			break;
		if (*at == '"') {
			*ret = (struct jsontext_value){ { start, (size_t)(at - start) }, JSONTEXT_STRING, has_escape };
			c->at = at + 1;
			return PARSE_OK;
		}
		if (*at == '\\') {
			has_escape = 1;
			length = escape_length(at, c->end);
		} else if ((unsigned char)*at >= 0x80) {
			length = utf8_length(at, c->end);
		} else {
			length = (unsigned char)*at >= 0x20;
		}
		if (!length) {
			c->at = at;
			return fault(c, *at == '\\'                ? "bad escape in a string"
			                : (unsigned char)*at < ' ' ? "control character in a string"
			                                           : "not UTF-8");
		}
		at += length;
	}
	c->at = c->end;
	return fault(c, "string without its closing quote");
}

/* Passes a string whose opening quote is next. */
static inline enum parse_result string(struct jsontext_cursor *c, struct jsontext_value *ret)
{
	const char *start = c->at + 1, *quote;

	if (!c->marks)
		return string_bytewise(c, ret);
	quote = jsontext_quote(c->marks, start, c->end);
	if (!quote) {
		c->at = c->end;
		return fault(c, "string without its closing quote");
	}
	*ret = (struct jsontext_value){ { start, (size_t)(quote - start) }, JSONTEXT_STRING, 0 };
	c->at = quote + 1;
	return PARSE_OK;
}

static size_t put_utf8(unsigned point, char *to)
{
	if (point < 0x80) {
		to[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		to[0] = (char)(0xc0 | point >> 6);
		to[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		to[0] = (char)(0xe0 | point >> 12);
		to[1] = (char)(0x80 | (point >> 6 & 0x3f));
		to[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | point >> 18);
	to[1] = (char)(0x80 | (point >> 12 & 0x3f));
	to[2] = (char)(0x80 | (point >> 6 & 0x3f));
	to[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

/* Undoes the escape at `at`, already checked; returns how many bytes it wrote. */
static size_t unescape_one(const char *at, unsigned n_escape, char *to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	unsigned point;

	if (n_escape == 2) {
		to[0] = into[strchr(from, at[1]) - from];
		return 1;
	}
	point = (unsigned)hex4(at + 2, at + 6);
	if (n_escape == 12)
		point = 0x10000 + ((point - 0xd800) << 10) + ((unsigned)hex4(at + 8, at + 12) - 0xdc00);
	return put_utf8(point, to);
}

size_t jsontext_unescape(const struct jsontext_value *s, char *room, size_t n_room)
{
	const char *at = s->raw.at, *end = at + s->raw.n;
	size_t n = 0;

	if (s->raw.n > n_room)
		return s->raw.n;
	while (at < end) {
		const char *backslash = memchr(at, '\\', (size_t)(end - at));
		size_t n_plain = (size_t)((backslash ? backslash : end) - at);

		memmove(room + n, at, n_plain);
		n += n_plain;
		at += n_plain;
		if (backslash) {
			unsigned n_escape = escape_length(at, end);

			n += unescape_one(at, n_escape, room + n);
			at += n_escape;
		}
	}
	return n;
}

/* ---- Numbers and words ---- */

static inline const char *skip_digits(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

static enum parse_result number(struct jsontext_cursor *c, struct jsontext_value *ret)
{
	const char *start = c->at, *at = start, *digits;

	if (*at == '-')
		at++;
	digits = at;
	at = skip_digits(at, c->end);
	if (at == digits || (*digits == '0' && at > digits + 1))
		goto bad;
	if (at < c->end && *at == '.') {
		digits = ++at;
		at = skip_digits(at, c->end);
		if (at == digits)
			goto bad;
	}
	if (at < c->end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < c->end && (*at == '+' || *at == '-'))
			at++;
		digits = at;
		at = skip_digits(at, c->end);
		if (at == digits)
			goto bad;
	}
	*ret = (struct jsontext_value){ { start, (size_t)(at - start) }, JSONTEXT_NUMBER, 0 };
	c->at = at;
	return PARSE_OK;
bad:
	c->at = at;
	return fault(c, "malformed number");
}

static enum parse_result word(struct jsontext_cursor *c, struct jsontext_value *ret)
{
	static const struct {
		const char *text;
		uint8_t n, type;
	} words[] = { { "true", 4, JSONTEXT_TRUE }, { "false", 5, JSONTEXT_FALSE }, { "null", 4, JSONTEXT_NULL } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *end = c->at + words[i].n;

		if (c->end - c->at < words[i].n || memcmp(c->at, words[i].text, words[i].n))
			continue;
		/* jansson takes a run of letters as one word. */
		if (end < c->end && (((*end | 0x20) >= 'a' && (*end | 0x20) <= 'z')))
			break;
		*ret = (struct jsontext_value){ { c->at, words[i].n }, words[i].type, 0 };
		c->at = end;
		return PARSE_OK;
	}
	return fault(c, "neither a value nor a bracket");
}

static inline enum parse_result scalar(struct jsontext_cursor *c, struct jsontext_value *ret)
{
	if (*c->at == '"')
		return string(c, ret);
	if (*c->at == '-' || (*c->at >= '0' && *c->at <= '9'))
		return number(c, ret);
	return word(c, ret);
}

/* ---- Nesting ---- */

/* The levels that are open, one bit each: set where it is an object. */
struct levels {
	uint64_t is_object[JSONTEXT_DEPTH_MAX / 64];
	unsigned n;
};

static inline int in_object(const struct levels *l)
{
	return (int)(l->is_object[(l->n - 1) / 64] >> ((l->n - 1) % 64) & 1);
}

static inline int push(struct levels *l, int is_object)
{
	uint64_t bit = (uint64_t)1 << (l->n % 64);

	if (l->n == JSONTEXT_DEPTH_MAX)
		return 0;
	if (is_object)
		l->is_object[l->n / 64] |= bit;
	else
		l->is_object[l->n / 64] &= ~bit;
	l->n++;
	return 1;
}

static enum parse_result key(struct jsontext_cursor *c, struct jsontext_value *ret)
{
	if (jsontext_peek(c) != '"')
		return fault(c, "no key where one must be");
	if (string(c, ret) != PARSE_OK)
		return PARSE_BAD;
	if (jsontext_peek(c) != ':')
		return fault(c, "no colon after a key");
	c->at++;
	return PARSE_OK;
}

/* After a value inside brackets: passes closing brackets and one comma. PARSE_OK: another value follows in the
 * innermost open level; PARSE_END: none is open any more. */
static enum parse_result after_value(struct jsontext_cursor *c, struct levels *l)
{
	while (l->n) {
		char next = jsontext_peek(c);
		struct jsontext_value unused;

		if (next == ',') {
			c->at++;
			return in_object(l) ? key(c, &unused) : PARSE_OK;
		}
		if (next != (in_object(l) ? '}' : ']'))
			return fault(c, "neither a comma nor the closing bracket after a value");
		c->at++;
		l->n--;
	}
	return PARSE_END;
}

/* Opens a bracket that is next. PARSE_OK: a value follows; PARSE_END: it was empty and is closed again. */
static enum parse_result open_bracket(struct jsontext_cursor *c, struct levels *l)
{
	int is_object = *c->at++ == '{';
	struct jsontext_value unused;

	if (!push(l, is_object))
		return fault(c, "nested deeper than 256 levels");
	if (jsontext_peek(c) == (is_object ? '}' : ']')) {
		c->at++;
		l->n--;
		return PARSE_END;
	}
	return is_object ? key(c, &unused) : PARSE_OK;
}

/* An object or array, whose bracket is next. */
static enum parse_result compound(struct jsontext_cursor *c, struct jsontext_value *ret)
{
	const char *start = c->at;
	struct levels levels;
	enum parse_result r;

	levels.n = 0;
	do {
		char next = jsontext_peek(c);
		struct jsontext_value unused;

		if (!next && c->at >= c->end)
			return fault(c, "ends inside a value");
		if (next == '{' || next == '[')
			r = open_bracket(c, &levels);
		else
			r = scalar(c, &unused) == PARSE_OK ? PARSE_END : PARSE_BAD;
		if (r == PARSE_END)
			r = after_value(c, &levels);
	} while (r == PARSE_OK);
	if (r == PARSE_BAD)
		return r;
	*ret = (struct jsontext_value){ { start, (size_t)(c->at - start) },
		                        *start == '{' ? JSONTEXT_OBJECT : JSONTEXT_ARRAY,
		                        0 };
	return PARSE_OK;
}

enum parse_result jsontext_value(struct jsontext_cursor *c, struct jsontext_value *ret)
{
	char next = jsontext_peek(c);

	if (c->reason)
		return PARSE_BAD;
	if (c->at >= c->end)
		return fault(c, "ends where a value must be");
	return next == '{' || next == '[' ? compound(c, ret) : scalar(c, ret);
}

enum parse_result jsontext_enter(struct jsontext_cursor *c, char bracket)
{
	if (c->reason)
		return PARSE_BAD;
	if (jsontext_peek(c) != bracket)
		return fault(c, bracket == '{' ? "not an object" : "not an array");
	c->at++;
	return PARSE_OK;
}

/* Passes what stands before the next member or element. PARSE_OK: one follows; PARSE_END: the bracket is closed. */
static inline enum parse_result step(struct jsontext_cursor *c, int *is_first, char closing)
{
	char next = jsontext_peek(c);

	if (c->reason)
		return PARSE_BAD;
	if (next == closing) {
		c->at++;
		return PARSE_END;
	}
	if (*is_first) {
		*is_first = 0;
		return PARSE_OK;
	}
	if (next != ',')
		return fault(c, "neither a comma nor the closing bracket after a value");
	c->at++;
	return jsontext_peek(c) == closing ? fault(c, "comma before a closing bracket") : PARSE_OK;
}

enum parse_result jsontext_key(struct jsontext_cursor *c, int *is_first, struct jsontext_value *ret_key)
{
	enum parse_result r = step(c, is_first, '}');

	return r == PARSE_OK ? key(c, ret_key) : r;
}

enum parse_result jsontext_member(struct jsontext_cursor *c, int *is_first, struct jsontext_value *ret_key,
                                  struct jsontext_value *ret)
{
	enum parse_result r = jsontext_key(c, is_first, ret_key);

	return r == PARSE_OK ? jsontext_value(c, ret) : r;
}

enum parse_result jsontext_element(struct jsontext_cursor *c, int *is_first, struct jsontext_value *ret)
{
	enum parse_result r = step(c, is_first, ']');

	return r == PARSE_OK ? jsontext_value(c, ret) : r;
}

enum parse_result jsontext_finish(struct jsontext_cursor *c)
{
	if (c->reason)
		return PARSE_BAD;
	skip_space(c);
	return c->at == c->end ? PARSE_OK : fault(c, "something follows the value");
}
