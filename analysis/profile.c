/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/profile.h"

#include "analysis/atoms.h"
#include "analysis/profile_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

enum {
	ROOM_FIRST = 256,
};

struct profile_set *profile_set_new(const char *metric, const char *unit, enum profile_identity identity)
{
	struct profile_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->identity = identity;
	set->names = atoms_new();
	set->frames = atoms_new();
	if (set->names && set->frames) {
		uint32_t metric_id = atoms_id(set->names, metric, strlen(metric));
		uint32_t unit_id = atoms_id(set->names, unit, strlen(unit));

		set->metric = metric_id ? atoms_bytes(set->names, metric_id, NULL) : NULL;
		set->unit = unit_id ? atoms_bytes(set->names, unit_id, NULL) : NULL;
	}
	if (set->metric && set->unit)
		return set;
	profile_set_free(set);
	return NULL;
}

static void tree_done(struct tree *t)
{
	for (uint32_t i = 0; i < t->profile.n_subjects; i++) {
		free(t->subjects[i].self);
		free(t->subjects[i].inclusive);
		free(t->subjects[i].is_seen);
	}
	free(t->subjects);
	free(t->stacks);
	free(t->self);
	free(t->inclusive);
	free(t->has);
	free(t->times);
	atoms_free(t->children);
}

void profile_set_free(struct profile_set *set)
{
	if (!set)
		return;
	for (uint32_t i = 0; i < set->n_trees; i++)
		tree_done(&set->trees[i]);
	free(set->trees);
	free(set->frame_sources);
	free(set->source.stacks);
	free(set->source.on_path);
	atoms_free(set->names);
	atoms_free(set->frames);
	free(set);
}

int profile_room(void *ret_table, uint32_t *n_room, uint32_t n, size_t size)
{
	uint32_t more = *n_room ? 2 * *n_room : ROOM_FIRST;
	void *table;

	if (n < *n_room)
		return 0;
	memcpy(&table, ret_table, sizeof(table));
	if (more <= n)
		return -ENOMEM;
	table = reallocarray(table, more, size);
	if (!table)
		return -ENOMEM;
	memcpy(ret_table, &table, sizeof(table));
	*n_room = more;
	return 0;
}

static char *append(char *at, struct weir_text text)
{
	memcpy(at, &text.n_bytes, sizeof(text.n_bytes));
	if (text.n_bytes > 0)
		memcpy(at + sizeof(text.n_bytes), text.at, text.n_bytes);
	return at + sizeof(text.n_bytes) + text.n_bytes;
}

/* What makes a frame what it is, as bytes. */
static uint32_t identify(struct profile_set *set, struct weir_text name, struct weir_text module,
                         struct weir_text source)
{
	struct weir_text place = set->identity == PROFILE_BY_SOURCE ? source : (struct weir_text){ 0 };
	uint64_t n_key = 3 * sizeof(uint64_t) + module.n_bytes + name.n_bytes + place.n_bytes;
	char small[512], *key = n_key <= sizeof(small) ? small : malloc(n_key);
	uint32_t frame = 0;

	if (!key)
		return 0;
	(void)append(append(append(key, module), name), place);
	frame = atoms_id(set->frames, key, n_key);
	if (key != small)
		free(key);
	return frame;
}

uint32_t profile_source_frame(struct profile_set *set, struct weir_text name, struct weir_text module,
                              struct weir_text source)
{
	uint32_t n_before = atoms_count(set->frames), frame = identify(set, name, module, source);

	if (frame <= n_before)
		return frame;
	if (profile_room(&set->frame_sources, &set->n_frame_room, frame, sizeof(*set->frame_sources)) < 0)
		return 0;
	set->frame_sources[frame] = (struct frame_texts){ atoms_id(set->names, name.at, name.n_bytes),
		                                          atoms_id(set->names, module.at, module.n_bytes),
		                                          atoms_id(set->names, source.at, source.n_bytes) };
	return frame;
}

struct profile_frame profile_frame(const struct profile_set *set, uint32_t frame)
{
	const struct frame_texts *f = &set->frame_sources[frame];

	return (struct profile_frame){ atoms_bytes(set->names, f->name, NULL), atoms_bytes(set->names, f->module, NULL),
		                       atoms_bytes(set->names, f->source, NULL) };
}

uint32_t profile_frame_count(const struct profile_set *set)
{
	return atoms_count(set->frames);
}

int profile_source_begin(struct profile_set *set, const char *run, const char *node, uint32_t side,
                         struct weir_error *reterr)
{
	set->source.run = atoms_id(set->names, run, strlen(run));
	set->source.node = atoms_id(set->names, node, strlen(node));
	set->source.side = side;
	set->source.n_stacks = 0;
	for (uint32_t i = 0; i < set->n_trees; i++)
		set->trees[i].n_times = set->trees[i].n_values = 0;
	if (!set->source.run || !set->source.node)
		return weir_fail(reterr, -ENOMEM, "profile: %s: no memory", node);
	return 0;
}

int profile_source_stack(struct profile_set *set, uint32_t id, uint32_t parent, uint32_t frame)
{
	if (id != set->source.n_stacks + 1 || parent >= id || frame == 0 || frame > atoms_count(set->frames))
		return -EINVAL;
	if (profile_room(&set->source.stacks, &set->source.n_room, id, sizeof(*set->source.stacks)) < 0)
		return -ENOMEM;
	set->source.stacks[0] = (struct source_stack){ 0 };
	set->source.stacks[id] = (struct source_stack){ .parent = parent, .frame = frame };
	set->source.n_stacks = id;
	return 0;
}

static struct tree *tree_of(struct profile_set *set, struct weir_text attrs)
{
	uint32_t id = atoms_id(set->names, attrs.at, attrs.n_bytes);
	struct tree *t;

	for (uint32_t i = 0; id && i < set->n_trees; i++)
		if (set->trees[i].attrs == id)
			return &set->trees[i];
	if (!id || set->n_trees == PROFILE_MAX)
		return NULL;
	/* All at once, so that pointers to profiles stay good. */
	if (!set->trees)
		set->trees = calloc(PROFILE_MAX, sizeof(*set->trees));
	if (!set->trees)
		return NULL;
	t = &set->trees[set->n_trees];
	t->children = atoms_new();
	t->stacks = calloc(ROOM_FIRST, sizeof(*t->stacks));
	if (!t->children || !t->stacks) {
		tree_done(t);
		*t = (struct tree){ 0 };
		return NULL;
	}
	t->attrs = id;
	t->n_stack_room = ROOM_FIRST;
	t->profile = (struct profile){ .metric = set->metric,
		                       .unit = set->unit,
		                       .attrs = atoms_bytes(set->names, id, NULL),
		                       .is_share = strcmp(set->unit, "%") == 0,
		                       .stacks = t->stacks,
		                       .n_stacks = 1 };
	set->n_trees++;
	return t;
}

static int widen(void *ret_table, uint32_t n, size_t size)
{
	void *table;

	memcpy(&table, ret_table, sizeof(table));
	table = reallocarray(table, n, size);
	if (!table)
		return -ENOMEM;
	memcpy(ret_table, &table, sizeof(table));
	return 0;
}

/* The values of one source, by its own stack ids: all zero at first. */
static int make_values(struct profile_set *set, struct tree *t)
{
	uint32_t n = set->source.n_stacks + 1, old = t->n_values;

	if (old == n)
		return 0;
	if (t->n_value_room < n) {
		if (widen(&t->self, n, sizeof(*t->self)) < 0 || widen(&t->inclusive, n, sizeof(*t->inclusive)) < 0 ||
		    widen(&t->has, n, sizeof(*t->has)) < 0)
			return -ENOMEM;
		t->n_value_room = n;
	}
	memset(t->self + old, 0, (n - old) * sizeof(*t->self));
	memset(t->inclusive + old, 0, (n - old) * sizeof(*t->inclusive));
	memset(t->has + old, 0, (n - old) * sizeof(*t->has));
	t->n_values = n;
	return 0;
}

static int note_time(struct tree *t, int64_t time_ns)
{
	if (t->n_times > 0 && t->times[t->n_times - 1] == time_ns)
		return 0;
	if (profile_room(&t->times, &t->n_time_room, t->n_times, sizeof(*t->times)) < 0)
		return -ENOMEM;
	t->times[t->n_times++] = time_ns;
	return 0;
}

int profile_source_weight(struct profile_set *set, struct weir_text attrs, const struct profile_weight *weight)
{
	struct tree *t = tree_of(set, attrs);
	int result;

	if (weight->stack == 0 || weight->stack > set->source.n_stacks)
		return -EINVAL;
	if (!t)
		return set->n_trees == PROFILE_MAX ? -E2BIG : -ENOMEM;
	result = make_values(set, t);
	if (result == 0 && weight->duration_ns == 0)
		result = note_time(t, weight->time_ns);
	if (result < 0)
		return result;
	if (weight->has_self) {
		t->self[weight->stack] += weight->self;
		t->has[weight->stack] |= HAS_SELF;
	}
	if (weight->has_inclusive) {
		t->inclusive[weight->stack] += weight->inclusive;
		t->has[weight->stack] |= HAS_INCLUSIVE;
	}
	return 0;
}

uint32_t profile_set_count(const struct profile_set *set)
{
	return set->n_trees;
}

const struct profile *profile_set_at(const struct profile_set *set, uint32_t i)
{
	return &set->trees[i].profile;
}
