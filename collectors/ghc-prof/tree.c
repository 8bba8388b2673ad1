/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-prof/ghc_prof.h"

#include <errno.h>
#include <stdlib.h>

struct level {
	struct tree_row row;
	uint32_t stack;
	uint32_t n_children;
	uint64_t ticks[SCOPES], bytes[SCOPES]; /* of the row and all below it */
	uint64_t time, alloc;                  /* what the children inherit, as printed */
};

enum {
	LEVELS_FIRST = 64,
};

void tree_done(struct tree *t)
{
	free(t->levels);
	words_done(&t->ids);
}

int tree_is_repeated(struct tree *t, uint64_t id)
{
	uint64_t word = id / 64, bit = 1ull << id % 64;
	uint64_t *at;
	int is_repeated;

	if (id >= TREE_IDS_MAX)
		return 0;
	at = words_at(&t->ids, word);
	if (!at) {
		t->result = t->result < 0 ? t->result : -ENOMEM;
		return 0;
	}
	is_repeated = (*at & bit) != 0;
	*at |= bit;
	return is_repeated;
}

/* ---- Weights ---- */

static uint32_t series_of(struct tree *t, enum row row, enum scope scope)
{
	static const struct weir_attr system = { { "scope", 5 }, { "system", 6 } };
	uint32_t *series = &t->series[row][scope];

	if (!*series)
		*series = t->host->series(t->host, row, &system, scope == SCOPE_SYSTEM);
	return *series;
}

static void flush(struct tree *t, struct batch *b)
{
	if (b->n && t->result >= 0) {
		int r = t->host->weights(t->host, b->at, b->n);

		t->result = r < 0 ? r : t->result;
	}
	b->n = 0;
}

static struct weir_weight *next_weight(struct tree *t, struct batch *b, enum row row, const struct level *level)
{
	struct weir_weight *w;

	if (b->n == TREE_BATCH)
		flush(t, b);
	w = &b->at[b->n];
	*w = (struct weir_weight){ .time_ns = t->time_ns,
		                   .duration_ns = t->duration_ns,
		                   .series = series_of(t, row, level->row.is_system ? SCOPE_SYSTEM : SCOPE_PROGRAM),
		                   .stack = level->stack };
	b->n += w->stack != 0;
	return w;
}

static void put_i64(struct tree *t, struct batch *b, enum row row, const struct level *level, uint64_t self,
                    uint64_t inclusive, uint32_t flags)
{
	struct weir_weight *w = next_weight(t, b, row, level);

	w->self.i64 = self > INT64_MAX ? INT64_MAX : (int64_t)self;
	w->inclusive.i64 = inclusive > INT64_MAX ? INT64_MAX : (int64_t)inclusive;
	w->flags = flags;
}

static void put_share(struct tree *t, struct batch *b, enum row row, const struct level *level, uint32_t self,
                      uint32_t inclusive)
{
	struct weir_weight *w = next_weight(t, b, row, level);

	w->self.f64 = self / 10.0;
	w->inclusive.f64 = inclusive / 10.0;
	w->flags = WEIR_WEIGHT_HAS_SELF | WEIR_WEIGHT_HAS_INCLUSIVE;
}

/* ---- What is inherited ---- */

/* Whether a share printed to a tenth is that of this part. */
static int is_share_of(uint32_t tenths, uint64_t part, uint64_t total)
{
	double exact = total ? 1000.0 * (double)part / (double)total : 0;

	return exact - tenths <= 0.5 + 1e-6 && tenths - exact <= 0.5 + 1e-6;
}

/* Shares of `n` rows are each off by half a tenth at most. */
static int is_within(uint64_t tenths, uint64_t sum, uint64_t n)
{
	return 2 * (tenths > sum ? tenths - sum : sum - tenths) <= n;
}

static uint64_t both(const uint64_t *of)
{
	return of[SCOPE_PROGRAM] + of[SCOPE_SYSTEM];
}

/* A row all of whose children were read. */
static void check(struct tree *t, const struct level *level)
{
	const struct tree_row *row = &level->row;

	if (t->has_costs) {
		t->n_individual += !is_share_of(row->time, row->ticks, t->total_ticks) ||
		                   !is_share_of(row->alloc, row->bytes, t->total_bytes);
		t->n_inherited += !is_share_of(row->time_inherited, both(level->ticks), t->total_ticks) ||
		                  !is_share_of(row->alloc_inherited, both(level->bytes), t->total_bytes);
		return;
	}
	t->n_inherited += !is_within(row->time_inherited, row->time + level->time, level->n_children + 2) ||
	                  !is_within(row->alloc_inherited, row->alloc + level->alloc, level->n_children + 2);
}

static void add_costs(struct level *to, const struct level *from)
{
	for (int scope = 0; scope < SCOPES; scope++) {
		to->ticks[scope] += from->ticks[scope];
		to->bytes[scope] += from->bytes[scope];
	}
}

static void close_level(struct tree *t)
{
	struct level *level = &t->levels[--t->n_levels];
	enum scope scope = level->row.is_system ? SCOPE_SYSTEM : SCOPE_PROGRAM;

	if (t->has_shares)
		check(t, level);
	if (t->has_costs) {
		put_i64(t, &t->batches[0], ROW_TICKS, level, level->row.ticks, level->ticks[scope],
		        WEIR_WEIGHT_HAS_SELF | WEIR_WEIGHT_HAS_INCLUSIVE);
		put_i64(t, &t->batches[1], ROW_ALLOC, level, level->row.bytes, level->bytes[scope],
		        WEIR_WEIGHT_HAS_SELF | WEIR_WEIGHT_HAS_INCLUSIVE);
		if (t->n_levels)
			add_costs(level - 1, level);
	}
}

static int has_room(struct tree *t)
{
	uint32_t n_room = t->n_levels_room ? 2 * t->n_levels_room : LEVELS_FIRST;
	struct level *more;

	if (t->n_levels < t->n_levels_room)
		return 1;
	more = reallocarray(t->levels, n_room, sizeof(*more));
	if (!more) {
		t->result = t->result < 0 ? t->result : -ENOMEM;
		return 0;
	}
	t->levels = more;
	t->n_levels_room = n_room;
	return 1;
}

static void open_level(struct tree *t, const struct tree_row *row)
{
	struct level *level, *parent;
	enum scope scope;

	while (t->n_levels > row->depth)
		close_level(t);
	if (!has_room(t))
		return;
	level = &t->levels[t->n_levels];
	parent = t->n_levels ? level - 1 : NULL;
	*level = (struct level){ .row = *row };
	level->row.is_system |= parent && parent->row.is_system;
	level->stack = t->host->stack(t->host, parent ? parent->stack : 0, row->frame, row->id);
	scope = level->row.is_system ? SCOPE_SYSTEM : SCOPE_PROGRAM;
	level->ticks[scope] = row->ticks;
	level->bytes[scope] = row->bytes;
	if (parent) {
		parent->n_children++;
		parent->time += row->time_inherited;
		parent->alloc += row->alloc_inherited;
	}
	t->n_levels++;
	t->ticks[scope] += row->ticks;
	t->bytes[scope] += row->bytes;
	t->has_system |= level->row.is_system;
	t->n_rows++;
	put_i64(t, &t->batches[2], ROW_ENTRIES, level, row->entries, 0, WEIR_WEIGHT_HAS_SELF);
	if (t->has_shares && !t->has_costs) {
		put_share(t, &t->batches[0], ROW_TIME_SHARE, level, row->time, row->time_inherited);
		put_share(t, &t->batches[1], ROW_ALLOC_SHARE, level, row->alloc, row->alloc_inherited);
	}
}

/* ---- Rows without a label ---- */

/* What a row inherits and its children so far don't make up, in tenths of percent; numbers are each off by half of one.
 */
static int64_t lack_of(uint32_t inherited, uint32_t own, uint64_t children)
{
	return (int64_t)inherited - (int64_t)own - (int64_t)children;
}

static int lacks_children(const struct level *level)
{
	int64_t slack = (level->n_children + 2) / 2;

	return lack_of(level->row.time_inherited, level->row.time, level->time) > slack ||
	       lack_of(level->row.alloc_inherited, level->row.alloc, level->alloc) > slack;
}

/* Whether what a row inherits can be part of what its parent does, beside the parent's other children so far. */
static int has_room_for(const struct level *parent, const struct tree_row *row)
{
	int64_t slack = (parent->n_children + 3) / 2;

	return row->time_inherited <= lack_of(parent->row.time_inherited, parent->row.time, parent->time) + slack &&
	       row->alloc_inherited <= lack_of(parent->row.alloc_inherited, parent->row.alloc, parent->alloc) + slack;
}

/* The depth of a row whose indentation can't be seen. Its parent is one of those that are open and have room for what
 * it inherits: the one that it was numbered right after, or else the deepest that still lacks children, or else the
 * deepest. */
static uint32_t depth_of(const struct tree *t, const struct tree_row *row)
{
	uint32_t deepest = 0, lacking = 0;

	for (uint32_t depth = t->n_levels; depth > 0; depth--) {
		const struct level *parent = &t->levels[depth - 1];

		if (!has_room_for(parent, row))
			continue;
		if (parent->row.id + 1 == row->id)
			return depth;
		deepest = deepest ? deepest : depth;
		lacking = lacking || !lacks_children(parent) ? lacking : depth;
	}
	return lacking ? lacking : deepest ? deepest : t->n_levels;
}

void tree_add(struct tree *t, const struct tree_row *row)
{
	struct tree_row placed = *row;

	if (row->is_depth_guess) {
		placed.depth = depth_of(t, row);
		t->n_guessed++;
	}
	open_level(t, &placed);
}

int tree_finish(struct tree *t)
{
	while (t->n_levels)
		close_level(t);
	for (int i = 0; i < 3; i++)
		flush(t, &t->batches[i]);
	return t->result;
}
