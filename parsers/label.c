/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/label.h"

#include <string.h>

enum {
	DIGITS_MAX = 18, /* that 63 bits hold, whatever they are */
};

static const double powers[DIGITS_MAX + 1] = { 1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
	                                       1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18 };

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int starts(const char *at, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - at) >= n && memcmp(at, word, n) == 0;
}

/* A comma with three digits behind it and no fourth. */
static int is_thousands(const char *at, const char *end)
{
	return end - at > 3 && *at == ',' && is_digit(at[1]) && is_digit(at[2]) && is_digit(at[3]) &&
	       (end - at == 4 || !is_digit(at[4]));
}

size_t label_whole(const char *at, const char *end, struct label_value *ret)
{
	const char *start = at;
	unsigned n = 0;

	*ret = (struct label_value){ 0 };
	for (; at < end && (is_digit(*at) || (n && is_thousands(at, end))); at++)
		if (is_digit(*at) && n++ < DIGITS_MAX)
			ret->i64 = ret->i64 * 10 + (*at - '0');
	ret->is_whole = ret->is_finite = n <= DIGITS_MAX;
	if (!ret->is_whole)
		ret->i64 = 0;
	ret->f64 = (double)ret->i64;
	return (size_t)(at - start);
}

static size_t odd_number(const char *at, const char *end, struct label_value *ret)
{
	static const char *const words[] = { "nan", "-nan", "inf", "-inf" };

	*ret = (struct label_value){ 0 };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (starts(at, end, words[i]))
			return strlen(words[i]);
	return 0;
}

size_t label_number(const char *at, const char *end, struct label_value *ret)
{
	const char *start = at;
	int is_negative = at < end && *at == '-';
	unsigned n = 0, n_fraction = 0;
	int64_t digits = 0;

	at += is_negative;
	if (at == end || !is_digit(*at))
		return odd_number(start, end, ret);
	for (; at < end && is_digit(*at); at++)
		if (n++ < DIGITS_MAX)
			digits = digits * 10 + (*at - '0');
	if (end - at > 1 && (*at == '.' || *at == ',') && is_digit(at[1]))
		for (at++; at < end && is_digit(*at); at++, n++)
			if (n < DIGITS_MAX) {
				digits = digits * 10 + (*at - '0');
				n_fraction++;
			}
	*ret = (struct label_value){ .is_finite = n - n_fraction <= DIGITS_MAX,
		                     .is_whole = n <= DIGITS_MAX && !n_fraction };
	digits = is_negative ? -digits : digits;
	ret->i64 = ret->is_whole ? digits : 0;
	ret->f64 = ret->is_finite ? (double)digits / powers[n_fraction] : 0;
	return (size_t)(at - start);
}

static const char *match_value(const char *at, const char *end, char kind, struct label_value *ret, unsigned *n)
{
	size_t n_bytes;

	if (*n == LABEL_VALUES_MAX)
		return NULL;
	n_bytes = kind == '#' ? label_whole(at, end, &ret[*n]) : label_number(at, end, &ret[*n]);
	*n += n_bytes > 0;
	return n_bytes ? at + n_bytes : NULL;
}

const char *label_match(const char *at, const char *end, const char *pattern, struct label_value *ret, unsigned *ret_n)
{
	*ret_n = 0;
	for (; at && *pattern; pattern++) {
		const char *start = at;

		if (*pattern == '#' || *pattern == '@') {
			at = match_value(at, end, *pattern, ret, ret_n);
		} else if (*pattern == ' ' || *pattern == '~') {
			while (at < end && is_blank(*at))
				at++;
			if (at == start && *pattern == ' ')
				return NULL;
		} else {
			at = at < end && *at == *pattern ? at + 1 : NULL;
		}
	}
	return at;
}

/* Where the number that ends at `end` may start. */
static const char *number_start(const char *line, const char *end)
{
	const char *at = end;

	while (at > line && (is_digit(at[-1]) || at[-1] == ',' || at[-1] == '.' || at[-1] == '-'))
		at--;
	while (at < end && (*at == ',' || *at == '.'))
		at++;
	if (at == end && end - line >= 3 && (starts(end - 3, end, "nan") || starts(end - 3, end, "inf")))
		at -= 3;
	return at;
}

static uint32_t group_at(const char *at)
{
	uint32_t group;

	memcpy(&group, at, sizeof(group));
	return group * 0x9e3779b1u >> 21;
}

void label_groups_of(struct parse_text text, struct label_groups *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i + 4 <= text.n; i++) {
		uint32_t group = group_at(text.at + i);

		ret->bits[group / 64] |= (uint64_t)1 << group % 64;
	}
}

int label_may_hold(const struct label_groups *groups, const char *word)
{
	uint32_t group = group_at(word);

	return groups->bits[group / 64] >> group % 64 & 1;
}

size_t label_line(const char *at, size_t n, size_t n_max, int is_last, struct parse_text *ret_line, int *ret_is_ended)
{
	size_t n_looked = n < n_max ? n : n_max;
	const char *newline = memchr(at, '\n', n_looked);

	*ret_is_ended = newline != NULL;
	*ret_line = (struct parse_text){ at, newline ? (size_t)(newline - at) : n_looked };
	if (newline) {
		ret_line->n -= ret_line->n && newline[-1] == '\r';
		return (size_t)(newline - at) + 1;
	}
	return n_looked == n_max || is_last ? n_looked : 0;
}

const char *label_find(struct parse_text line, const char *anchor, const char *pattern, struct label_value *ret,
                       unsigned *ret_n)
{
	const char *end = line.at + line.n, *at = line.at;
	int is_behind = *pattern == '#' || *pattern == '@';

	while (at && (at = memmem(at, (size_t)(end - at), anchor, strlen(anchor)))) {
		const char *start = is_behind ? number_start(line.at, at) : at;
		const char *next = label_match(start, end, pattern, ret, ret_n);

		if (next)
			return next;
		at++;
	}
	return NULL;
}
