/* SPDX-License-Identifier: Apache-2.0 */

/* Folding one source's values into the trees, and the means at the end. */

#include "analysis/profile_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static uint32_t count_times(struct tree *t)
{
	uint32_t n = t->n_times > 0;

	if (t->n_times > 1)
		qsort(t->times, t->n_times, sizeof(*t->times), by_time);
	for (uint32_t i = 1; i < t->n_times; i++)
		n += t->times[i] != t->times[i - 1];
	return n;
}

static void average_over_time(struct tree *t)
{
	uint32_t n = count_times(t);

	if (n < 2)
		return;
	t->profile.is_gauge = 1;
	for (uint32_t i = 0; i < t->n_values; i++) {
		t->self[i] /= n;
		t->inclusive[i] /= n;
	}
}

/* Children have larger ids than their parents, so one pass downwards sees every child before its parent. `below` sums
 * the children's inclusive values. */
static int complete_values(const struct profile_set *set, struct tree *t)
{
	double *below = calloc(t->n_values, sizeof(*below));

	if (!below)
		return -ENOMEM;
	for (uint32_t id = t->n_values - 1; id > 0; id--) {
		uint32_t parent = set->source.stacks[id].parent;

		/* A rounded percentage of a parent can be less than those of its children. */
		if ((t->has[id] & IS_SEEN) == HAS_INCLUSIVE)
			t->self[id] = t->inclusive[id] > below[id] ? t->inclusive[id] - below[id] : 0;
		if (!(t->has[id] & HAS_INCLUSIVE))
			t->inclusive[id] = t->self[id] + below[id];
		below[parent] += t->inclusive[id];
		t->has[parent] |= t->has[id] ? IS_NEEDED : 0;
	}
	t->inclusive[0] = below[0];
	free(below);
	return 0;
}

static int make_subject(struct profile_set *set, struct tree *t, struct profile_subject **ret)
{
	const char *run = atoms_bytes(set->names, set->source.run, NULL);
	const char *node = atoms_bytes(set->names, set->source.node, NULL);
	struct profile_subject *s;

	for (uint32_t i = 0; i < t->profile.n_subjects; i++) {
		s = &t->subjects[i];
		if (s->run == run && s->node == node && s->side == set->source.side) {
			*ret = s;
			return 0;
		}
	}
	if (t->profile.n_subjects == PROFILE_SUBJECTS_MAX)
		return -E2BIG;
	if (profile_room(&t->subjects, &t->n_subject_room, t->profile.n_subjects, sizeof(*t->subjects)) < 0)
		return -ENOMEM;
	s = &t->subjects[t->profile.n_subjects++];
	*s = (struct profile_subject){ .run = run, .node = node, .side = set->source.side };
	t->profile.n_sides_subjects[s->side]++;
	t->profile.subjects = t->subjects;
	*ret = s;
	return 0;
}

static void *widen(void *table, uint32_t n_old, uint32_t n_new, size_t size)
{
	void *wide = reallocarray(table, n_new, size);

	if (wide)
		memset((char *)wide + n_old * size, 0, (n_new - n_old) * size);
	return wide;
}

/* Room for all frames that there are now. */
static int widen_subject(struct profile_set *set, struct profile_subject *s)
{
	uint32_t n = atoms_count(set->frames) + 1, old = s->n_room;
	void *self, *inclusive, *is_seen;

	if (n <= old)
		return 0;
	set->n_cells += n - old;
	if (set->n_cells > PROFILE_CELLS_MAX)
		return -E2BIG;
	if (!(self = widen(s->self, old, n, sizeof(*s->self))))
		return -ENOMEM;
	s->self = self;
	if (!(inclusive = widen(s->inclusive, old, n, sizeof(*s->inclusive))))
		return -ENOMEM;
	s->inclusive = inclusive;
	if (!(is_seen = widen(s->is_seen, old, n, sizeof(*s->is_seen))))
		return -ENOMEM;
	s->is_seen = is_seen;
	s->n_room = n;
	return 0;
}

static int add_stack(struct tree *t, uint32_t parent, uint32_t frame, uint32_t *ret)
{
	uint32_t key[2] = { parent, frame };
	uint32_t id = atoms_id(t->children, key, sizeof(key));

	*ret = id;
	if (!id)
		return -ENOMEM;
	if (id < t->profile.n_stacks)
		return 0;
	if (profile_room(&t->stacks, &t->n_stack_room, id, sizeof(*t->stacks)) < 0)
		return -ENOMEM;
	t->stacks[id] =
		(struct profile_stack){ .parent = parent, .frame = frame, .depth = t->stacks[parent].depth + 1 };
	t->profile.n_stacks = id + 1;
	t->profile.stacks = t->stacks;
	return 0;
}

static int add_stacks(struct profile_set *set, struct tree *t, struct profile_subject *s)
{
	uint32_t *ids = calloc(t->n_values, sizeof(*ids)), side = set->source.side;
	int result = ids ? 0 : -ENOMEM;

	for (uint32_t i = 1; result == 0 && i < t->n_values; i++) {
		const struct source_stack *from = &set->source.stacks[i];

		if (!t->has[i])
			continue;
		result = add_stack(t, ids[from->parent], from->frame, &ids[i]);
		if (result < 0)
			break;
		t->stacks[ids[i]].self[side] += t->self[i];
		t->stacks[ids[i]].inclusive[side] += t->inclusive[i];
		s->self[from->frame] += t->self[i];
		s->total += t->self[i];
		s->is_seen[from->frame] = 1;
	}
	t->stacks[0].inclusive[side] += t->inclusive[0];
	free(ids);
	return result;
}

/* Inclusive values by frame: a frame that is on the way down already is part of what was counted there. */
static void add_outermost(struct profile_set *set, const struct tree *t, struct profile_subject *s)
{
	const struct source_stack *stacks = set->source.stacks;
	uint32_t *on_path = set->source.on_path, id = stacks[0].first_child;

	while (id) {
		if (on_path[stacks[id].frame]++ == 0 && t->has[id])
			s->inclusive[stacks[id].frame] += t->inclusive[id];
		if (stacks[id].first_child) {
			id = stacks[id].first_child;
			continue;
		}
		while (id) {
			on_path[stacks[id].frame]--;
			if (stacks[id].next_sibling) {
				id = stacks[id].next_sibling;
				break;
			}
			id = stacks[id].parent;
		}
	}
}

static int link_source(struct profile_set *set)
{
	uint32_t n_frames = atoms_count(set->frames) + 1;
	struct source_stack *stacks = set->source.stacks;

	if (set->source.n_path_room < n_frames) {
		uint32_t *on_path = calloc(n_frames, sizeof(*on_path));

		if (!on_path)
			return -ENOMEM;
		free(set->source.on_path);
		set->source.on_path = on_path;
		set->source.n_path_room = n_frames;
	}
	for (uint32_t id = set->source.n_stacks; id > 0; id--) {
		stacks[id].next_sibling = stacks[stacks[id].parent].first_child;
		stacks[stacks[id].parent].first_child = id;
	}
	return 0;
}

static int fold(struct profile_set *set, struct tree *t)
{
	struct profile_subject *s;
	int result;

	average_over_time(t);
	result = complete_values(set, t);
	if (result == 0)
		result = make_subject(set, t, &s);
	if (result == 0)
		result = widen_subject(set, s);
	if (result == 0)
		result = add_stacks(set, t, s);
	if (result == 0)
		add_outermost(set, t, s);
	return result;
}

int profile_source_end(struct profile_set *set, struct weir_error *reterr)
{
	int result = link_source(set);

	for (uint32_t i = 0; result == 0 && i < set->n_trees; i++)
		if (set->trees[i].n_values > 0)
			result = fold(set, &set->trees[i]);
	if (result == -E2BIG)
		return weir_fail(reterr, result, "profile: %s: too many nodes (%d) or cells (%d); choose with --node",
		                 set->metric, PROFILE_SUBJECTS_MAX, PROFILE_CELLS_MAX);
	return result < 0 ? weir_fail(reterr, result, "profile: %s: no memory", set->metric) : 0;
}

struct weighed {
	double inclusive;
	uint32_t stack;
};

static int by_weight(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;

	if (x->inclusive != y->inclusive)
		return x->inclusive < y->inclusive ? -1 : 1;
	return (x->stack < y->stack) - (x->stack > y->stack);
}

/* Lightest first, each before those that were linked already. */
static int link_children(struct tree *t)
{
	uint32_t n = t->profile.n_stacks - 1;
	struct weighed *all = calloc(n + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		all[i] = (struct weighed){ profile_both_sides(&t->profile, i + 1), i + 1 };
	qsort(all, n, sizeof(*all), by_weight);
	for (uint32_t i = 0; i < n; i++) {
		struct profile_stack *child = &t->stacks[all[i].stack], *parent = &t->stacks[child->parent];

		child->next_sibling = parent->first_child;
		parent->first_child = all[i].stack;
	}
	free(all);
	return 0;
}

static int finish(struct tree *t)
{
	for (uint32_t i = 0; i < t->profile.n_stacks; i++) {
		for (uint32_t side = 0; side < PROFILE_SIDES; side++) {
			uint32_t n = t->profile.n_sides_subjects[side];

			t->stacks[i].self[side] /= n > 0 ? n : 1;
			t->stacks[i].inclusive[side] /= n > 0 ? n : 1;
		}
	}
	return link_children(t);
}

/* What carries no attribute comes first: it is the program's own. */
static int by_attrs(const void *a, const void *b)
{
	const char *left = ((const struct tree *)a)->profile.attrs, *right = ((const struct tree *)b)->profile.attrs;
	size_t n_left = strlen(left), n_right = strlen(right);

	return n_left != n_right ? (n_left > n_right) - (n_left < n_right) : strcmp(left, right);
}

/* A subject's arrays may be shorter than the frames that came after it. */
int profile_set_finish(struct profile_set *set, struct weir_error *reterr)
{
	for (uint32_t i = 0; i < set->n_trees; i++) {
		struct tree *t = &set->trees[i];
		int result = 0;

		for (uint32_t j = 0; result == 0 && j < t->profile.n_subjects; j++)
			result = widen_subject(set, &t->subjects[j]);
		if (result == 0)
			result = finish(t);
		if (result < 0)
			return weir_fail(reterr, -ENOMEM, "profile: %s: no memory", set->metric);
	}
	if (set->n_trees)
		qsort(set->trees, set->n_trees, sizeof(*set->trees), by_attrs);
	return 0;
}
