/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/profile.h"

#include <stdlib.h>

struct level {
	uint32_t *children;
	uint32_t n, next;
};

struct profile_walk {
	const struct profile *p;
	struct level *levels;
	uint32_t n_levels, n_room;
	double min_inclusive;
};

static int enter(struct profile_walk *w, uint32_t stack)
{
	struct level level = { 0 };

	level.children = profile_children(w->p, stack, &level.n);
	if (!level.children)
		return 0;
	if (w->n_levels == w->n_room) {
		uint32_t n_room = w->n_room ? 2 * w->n_room : 64;
		struct level *more = reallocarray(w->levels, n_room, sizeof(*more));

		if (!more) {
			free(level.children);
			return -1;
		}
		w->levels = more;
		w->n_room = n_room;
	}
	w->levels[w->n_levels++] = level;
	return 0;
}

struct profile_walk *profile_walk_new(const struct profile *p, double min_inclusive)
{
	struct profile_walk *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct profile_walk){ .p = p, .min_inclusive = min_inclusive };
	if (enter(w, 0) == 0)
		return w;
	profile_walk_free(w);
	return NULL;
}

uint32_t profile_walk_next(struct profile_walk *w, uint32_t *ret_depth)
{
	while (w->n_levels > 0) {
		struct level *level = &w->levels[w->n_levels - 1];
		uint32_t stack = level->next < level->n ? level->children[level->next++] : 0;
		const struct profile_stack *s = &w->p->stacks[stack];

		/* Heaviest first: after one that is too light there is nothing more on this level. */
		if (stack == 0 || s->inclusive[0] + s->inclusive[1] < w->min_inclusive) {
			free(level->children);
			w->n_levels--;
			continue;
		}
		*ret_depth = w->n_levels;
		if (enter(w, stack) < 0)
			return 0;
		return stack;
	}
	return 0;
}

void profile_walk_free(struct profile_walk *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < w->n_levels; i++)
		free(w->levels[i].children);
	free(w->levels);
	free(w);
}
