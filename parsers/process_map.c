/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/process_map.h"

#include <string.h>

static int digit(char c, unsigned base)
{
	int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

	return d < (int)base ? d : -1;
}

static int take_number(struct parse_text *rest, unsigned base, uint64_t *ret)
{
	size_t i = 0;

	*ret = 0;
	for (; i < rest->n && digit(rest->at[i], base) >= 0; i++)
		if (__builtin_mul_overflow(*ret, base, ret) ||
		    __builtin_add_overflow(*ret, (uint64_t)digit(rest->at[i], base), ret))
			return 0;
	rest->at += i;
	rest->n -= i;
	return i > 0;
}

static int take_char(struct parse_text *rest, char c)
{
	if (rest->n == 0 || rest->at[0] != c)
		return 0;
	rest->at++;
	rest->n--;
	return 1;
}

static int take_field(struct parse_text *rest, struct parse_text *ret)
{
	const char *end = memchr(rest->at, ' ', rest->n);

	if (!end || end == rest->at)
		return 0;
	*ret = (struct parse_text){ rest->at, (size_t)(end - rest->at) };
	rest->n -= ret->n + 1;
	rest->at = end + 1;
	return 1;
}

static int read_line(struct parse_text rest, struct process_map *ret)
{
	struct parse_text rights, device;

	if (!take_number(&rest, 16, &ret->start) || !take_char(&rest, '-') || !take_number(&rest, 16, &ret->end) ||
	    !take_char(&rest, ' ') || !take_field(&rest, &rights) || rights.n != 4 ||
	    !take_number(&rest, 16, &ret->offset) || !take_char(&rest, ' ') || !take_field(&rest, &device) ||
	    !take_number(&rest, 10, &ret->inode) || ret->end <= ret->start)
		return 0;
	while (take_char(&rest, ' '))
		;
	ret->path = rest;
	ret->is_executable = rights.at[2] == 'x';
	ret->is_private = rights.at[3] == 'p';
	return 1;
}

enum parse_result process_map_next(const char *at, size_t n, struct process_map *ret, size_t *ret_used)
{
	const char *end = n ? memchr(at, '\n', n) : NULL;

	if (n == 0)
		return PARSE_END;
	if (!end)
		return PARSE_MORE;
	*ret_used = (size_t)(end - at) + 1;
	return read_line((struct parse_text){ at, (size_t)(end - at) }, ret) ? PARSE_OK : PARSE_BAD;
}
