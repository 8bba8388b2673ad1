/* SPDX-License-Identifier: Apache-2.0 */
/* The first block of an epoch: applying it is where a boundary's work is done for good. */
#include "analysis/epoch_place.h"

#include "analysis/grow.h"
#include "store/query.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Who forged what ---- */

const char *epoch_name(struct epoch_names *names, const char *name)
{
	char **at;

	for (uint64_t i = 0; i < names->n; i++)
		if (strcmp(names->at[i], name) == 0)
			return names->at[i];
	at = grow(names->at, names->n, &names->n_room, sizeof(*at));
	if (!at)
		return NULL;
	names->at = at;
	at[names->n] = strdup(name);
	return at[names->n] ? at[names->n++] : NULL;
}

static int add_forged(struct epoch_forges *f, const struct epoch_forged *forged)
{
	struct epoch_forged *at = grow(f->at, f->n, &f->n_room, sizeof(*at));

	if (!at)
		return -ENOMEM;
	f->at = at;
	f->at[f->n++] = *forged;
	return forged->node ? 0 : -ENOMEM;
}

void epoch_forges_done(struct epoch_forges *f)
{
	free(f->at);
	*f = (struct epoch_forges){ 0 };
}

int epoch_forges_read(struct store *s, const char *run, struct epoch_names *names, struct epoch_forges *ret,
                      struct weir_error *reterr)
{
	static const char sql[] =
		"WITH said AS (SELECT DISTINCT node, metric, CAST(json_extract(attrs, '$.slot') AS INTEGER) AS slot, "
		"t_ns, "
		"dur_ns FROM spans WHERE run = ?1 AND metric IN ('cardano.forge.block', 'cardano.forge.adoption')"
		" AND json_extract(attrs, '$.slot') IS NOT NULL) SELECT b.node, b.slot, b.t_ns + b.dur_ns, a.dur_ns "
		"FROM"
		" said b LEFT JOIN said a ON a.node = b.node AND a.slot = b.slot AND a.metric = "
		"'cardano.forge.adoption'"
		" WHERE b.metric = 'cardano.forge.block' ORDER BY b.slot, 3";
	sqlite3_stmt *q;
	int r = query_prepare(s, sql, &q, reterr), step = 1;

	*ret = (struct epoch_forges){ 0 };
	if (r < 0)
		return r;
	(void)sqlite3_bind_text(q, 1, run, -1, SQLITE_STATIC);
	while (r == 0 && (step = query_step(s, q, reterr)) > 0) {
		int is_adopted = sqlite3_column_type(q, 3) != SQLITE_NULL;

		r = add_forged(ret,
		               &(struct epoch_forged){
				       .node = epoch_name(names, (const char *)sqlite3_column_text(q, 0)),
				       .slot = sqlite3_column_int64(q, 1),
				       .time_ns = sqlite3_column_int64(q, 2),
				       .adoption_s = is_adopted ? (double)sqlite3_column_int64(q, 3) / 1e9 : NAN });
	}
	(void)sqlite3_finalize(q);
	return r < 0 ? r : step;
}

/* The block of a slot; NULL: nobody's, or of a battle for the slot, where it isn't known which one is meant. */
static const struct epoch_forged *forged_in(const struct epoch_forges *f, int64_t slot)
{
	uint64_t low = 0, high = f->n;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (f->at[middle].slot < slot)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == f->n || f->at[low].slot != slot || (low + 1 < f->n && f->at[low + 1].slot == slot))
		return NULL;
	return &f->at[low];
}

/* ---- The first block ---- */

/* The epoch's first slot, from any slot whose beginning was seen. */
static int64_t first_slot(const struct epoch_place *p)
{
	const struct epoch_spans *starts = &p->node->phases[0];

	for (uint64_t i = 0; i < starts->n; i++)
		if (starts->at[i].slot >= 0 && starts->at[i].time_ns >= p->begin_ns)
			return starts->at[i].slot + (p->out->time_ns - starts->at[i].time_ns) / p->slot_ns;
	return -1;
}

/* By its slot where the log says it: a block of the epoch before can be adopted in this one. */
static const struct epoch_span *find_first(const struct epoch_place *p)
{
	const struct epoch_spans *adopted = &p->node->adopted;

	for (uint64_t i = 0; i < adopted->n; i++) {
		const struct epoch_span *s = &adopted->at[i];

		if (s->time_ns < p->out->time_ns)
			continue;
		if (s->time_ns >= p->end_ns)
			return NULL;
		if (s->slot < 0 || s->slot >= p->out->slot)
			return s;
	}
	return NULL;
}

/* How long blocks like the first one (the node's own, or others') take to be adopted here, and how many slots lie
 * between blocks, elsewhere; and the gap before the first one. */
static int compare_blocks(const struct epoch_place *p, const struct epoch_forges *forges,
                          const struct epoch_span *first)
{
	const struct epoch_spans *adopted = &p->node->adopted;
	struct epoch_first_block *out = &p->out->first_block;
	struct samples gaps = { 0 }, ways = { 0 };
	int is_own = out->forger == p->node->node;
	int64_t last_slot = -1;
	int r = 0;

	for (uint64_t i = 0; i < adopted->n && r == 0; i++) {
		const struct epoch_span *s = &adopted->at[i];
		const struct epoch_forged *by = forged_in(forges, s->slot);
		int is_elsewhere = s != first && epoch_in_base(p, s->time_ns);

		if (s->slot <= last_slot)
			continue;
		if (s == first && last_slot >= 0)
			out->gap_slots = s->slot - last_slot;
		else if (is_elsewhere && last_slot >= 0)
			r = samples_add_moment(&gaps, s->time_ns, (double)(s->slot - last_slot));
		if (r == 0 && is_elsewhere && by && (by->node == p->node->node) == is_own)
			r = samples_add_moment(&ways, s->time_ns, (double)(s->time_ns - by->time_ns) / 1e9);
		last_slot = s->slot;
	}
	out->gap_base_slots = samples_median(&gaps);
	out->propagation_base_s = samples_median(&ways);
	samples_done(&gaps);
	samples_done(&ways);
	return r;
}

int epoch_first_block(const struct epoch_place *p, const struct epoch_forges *forges)
{
	struct epoch_boundary *b = p->out;
	struct epoch_first_block *out = &b->first_block;
	const struct epoch_forged *by;
	const struct epoch_span *first;

	b->first_block_s = b->first_block_delay_s = NAN;
	*out = (struct epoch_first_block){ -1, NULL, NAN, NAN, NAN, NAN, -1, NAN };
	b->slot = first_slot(p);
	first = find_first(p);
	if (!first)
		return 0;
	b->first_block_s = (double)(first->time_ns - b->time_ns) / 1e9;
	out->slot = first->slot;
	by = first->slot < 0 ? NULL : forged_in(forges, first->slot);
	if (by) {
		out->forger = by->node;
		out->forging_s = (double)(by->time_ns - b->time_ns - (first->slot - b->slot) * p->slot_ns) / 1e9;
		out->adoption_s = by->adoption_s;
		out->propagation_s = (double)(first->time_ns - by->time_ns) / 1e9;
	}
	return first->slot < 0 ? 0 : compare_blocks(p, forges, first);
}

/* ---- What was in the way ---- */

static struct epoch_obstacle *obstacle_of(struct epoch_boundary *b, const char *name)
{
	for (uint32_t i = 0; i < b->n_obstacles; i++)
		if (strcmp(b->obstacles[i].name, name) == 0)
			return &b->obstacles[i];
	if (b->n_obstacles == EPOCH_OBSTACLES_MAX)
		return NULL;
	(void)snprintf(b->obstacles[b->n_obstacles].name, EPOCH_FROM_MAX, "%s", name);
	return &b->obstacles[b->n_obstacles++];
}

void epoch_obstacles(const struct epoch_place *p)
{
	for (uint64_t i = 0; i < p->node->n_hindrances; i++) {
		const struct epoch_hindrance *h = &p->node->hindrances[i];
		int is_in = epoch_in_window(p, h->time_ns), is_out = epoch_in_base(p, h->time_ns);
		struct epoch_obstacle *o = is_in || is_out ? obstacle_of(p->out, h->name) : NULL;

		if (o) {
			o->n_window += (uint64_t)is_in;
			o->n_base += (uint64_t)is_out;
		}
	}
}
