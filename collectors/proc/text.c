/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/proc/text.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int text_read(struct text *t, const char *path, ...)
{
	char full[PATH_MAX];
	va_list args;
	long n;

	va_start(args, path);
	(void)vsnprintf(full, sizeof(full), path, args);
	va_end(args);
	n = kept_read(&t->files, full, t->at, sizeof(t->at));
	t->n = n < 0 ? 0 : (size_t)n;
	t->is_cut = t->n == TEXT_BYTES_MAX;
	return n < 0 ? (int)n : 0;
}

void text_close(struct text *t)
{
	kept_close(&t->files);
}

static const char *number(const char *at, uint64_t *ret)
{
	uint64_t v = 0;

	for (; isdigit((unsigned char)*at); at++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*at - '0'), &v))
			v = UINT64_MAX / 10;
	*ret = v;
	return at;
}

const char *text_next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end && end[1] ? end + 1 : NULL;
}

int text_labelled(const struct text *t, const char *label, uint64_t *ret)
{
	size_t n = strlen(label);
	const char *at;

	for (const char *line = t->at; line; line = text_next_line(line)) {
		if (strncmp(line, label, n) != 0)
			continue;
		at = line + n;
		at += strspn(at, " \t");
		if (!isdigit((unsigned char)*at))
			return 0;
		at = number(at, ret);
		if (strncmp(at, " kB", 3) == 0 && __builtin_mul_overflow(*ret, 1024, ret))
			*ret = UINT64_MAX;
		return 1;
	}
	return 0;
}

uint32_t text_numbers(const char *line, uint64_t *ret, uint32_t n_max)
{
	uint32_t n = 0;

	while (n < n_max && *line && *line != '\n') {
		if (isdigit((unsigned char)*line))
			line = number(line, &ret[n++]);
		else
			line++;
	}
	return n;
}

int text_stat(const struct text *t, struct text_stat *ret)
{
	/* From field 4 on, the parent, as proc(5) counts. Negative ones (the terminal's group) are read without a sign
	 * and aren't used. */
	enum {
		FIRST = 4,
		LAST = 24
	};
	const char *at = strrchr(t->at, ')');
	uint64_t v[LAST + 1];

	if (!at || at[1] != ' ' || !at[2])
		return 0;
	ret->state = at[2];
	if (text_numbers(at + 3, v + FIRST, LAST - FIRST + 1) < LAST - FIRST + 1)
		return 0;
	ret->parent = v[4] < INT_MAX ? (pid_t)v[4] : 0;
	ret->faults[0] = v[10];
	ret->child_faults[0] = v[11];
	ret->faults[1] = v[12];
	ret->child_faults[1] = v[13];
	for (int i = 0; i < 2; i++) {
		ret->ticks[i] = v[14 + i];
		ret->child_ticks[i] = v[16 + i];
	}
	ret->n_threads = v[20];
	ret->start_ticks = v[22];
	ret->virtual_bytes = v[23];
	ret->resident_pages = v[24];
	return 1;
}
