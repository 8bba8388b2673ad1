/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/profile_out.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum {
	THOUSANDTHS = 1000,
};

#define VALUE_MAX (INT64_C(1) << 62)

static void put(FILE *file, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		(void)fputc(c == ';' ? ':' : c < ' ' || c == 0x7f ? '?' : c, file);
	}
}

static void put_frame(FILE *file, const struct profile_set *set, uint32_t frame)
{
	struct profile_frame f = profile_frame(set, frame);

	put(file, f.module);
	if (*f.module && *f.name)
		(void)fputc('.', file);
	put(file, *f.module || *f.name ? f.name : "?");
}

static void put_stack(FILE *file, const struct profile_set *set, const struct profile *p, uint32_t stack,
                      uint32_t *path)
{
	uint32_t n = 0;

	for (; stack; stack = p->stacks[stack].parent)
		path[n++] = p->stacks[stack].frame;
	while (n-- > 0) {
		put_frame(file, set, path[n]);
		if (n > 0)
			(void)fputc(';', file);
	}
}

static long long whole(double value)
{
	return value >= (double)VALUE_MAX ? VALUE_MAX : value > 0 ? llround(value) : 0;
}

int folded_write(FILE *file, const struct profile_set *set, const struct profile *p, const char *root)
{
	uint32_t depth = 1, *path;

	for (uint32_t i = 1; i < p->n_stacks; i++)
		depth = p->stacks[i].depth > depth ? p->stacks[i].depth : depth;
	path = calloc(depth, sizeof(*path));
	if (!path)
		return -ENOMEM;
	for (uint32_t i = 1; i < p->n_stacks; i++) {
		long long value = whole(p->stacks[i].self[0] * (p->is_share ? THOUSANDTHS : 1));

		if (value <= 0)
			continue;
		if (root) {
			put(file, root);
			(void)fputc(';', file);
		}
		put_stack(file, set, p, i, path);
		fprintf(file, " %lld\n", value);
	}
	free(path);
	return 0;
}
