/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/procfs.h"

#include <errno.h>
#include <string.h>

enum {
	STAT_START_TIME = 22 - 5, /* numbers after the parent's, which is the fourth field */
};

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n'))
		at++;
	return at;
}

/* NULL: there is no number, or it does not fit. */
static const char *take_number(const char *at, const char *end, uint64_t *ret)
{
	const char *start = at;

	for (*ret = 0; at < end && *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(*ret, 10, ret) || __builtin_add_overflow(*ret, (uint64_t)(*at - '0'), ret))
			return NULL;
	return at > start ? at : NULL;
}

unsigned procfs_numbers(const char *at, size_t n, uint64_t *ret, unsigned n_ret)
{
	const char *end = at + n;
	unsigned n_found = 0;
	uint64_t number;

	while (n_found < n_ret) {
		at = take_number(skip_blanks(at, end), end, &number);
		if (!at)
			break;
		ret[n_found++] = number;
	}
	return n_found;
}

int procfs_field(const char *at, size_t n, const char *name, uint64_t *ret)
{
	const char *end = at + n;
	size_t n_name = strlen(name);

	while (at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		const char *stop = line_end ? line_end : end;

		if ((size_t)(stop - at) > n_name && memcmp(at, name, n_name) == 0 && at[n_name] == ':')
			return take_number(skip_blanks(at + n_name + 1, stop), stop, ret) ? 0 : -ENOENT;
		at = stop + 1;
	}
	return -ENOENT;
}

static const char *after_name(const char *at, const char *end)
{
	for (const char *p = end; p > at; p--)
		if (p[-1] == ')')
			return p;
	return NULL;
}

/* Numbers that may be negative are of no interest here, but stand between those that are. */
static const char *skip_word(const char *at, const char *end)
{
	at = skip_blanks(at, end);
	while (at < end && *at != ' ' && *at != '\n')
		at++;
	return at;
}

int procfs_process(const char *at, size_t n, struct procfs_process *ret)
{
	const char *end = at + n, *rest = after_name(at, end);
	uint64_t pid, parent;

	if (!rest || !take_number(at, end, &pid) || pid > INT32_MAX)
		return -EBADMSG;
	rest = skip_blanks(rest, end);
	if (rest == end)
		return -EBADMSG;
	ret->state = *rest++;
	rest = take_number(skip_blanks(rest, end), end, &parent);
	if (!rest || parent > INT32_MAX)
		return -EBADMSG;
	for (int i = 0; i < STAT_START_TIME; i++)
		rest = skip_word(rest, end);
	if (!take_number(skip_blanks(rest, end), end, &ret->start_ticks))
		return -EBADMSG;
	ret->pid = (int32_t)pid;
	ret->parent = (int32_t)parent;
	return 0;
}
