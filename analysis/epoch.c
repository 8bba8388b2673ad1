/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/epoch.h"

#include "analysis/epoch_place.h"
#include "analysis/totals.h"
#include "store/query.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

int epoch_in_window(const struct epoch_place *p, int64_t t)
{
	return t >= p->out->from_ns && t < p->out->to_ns;
}

static int is_in_any(const struct epoch_place *p, int64_t t)
{
	for (uint64_t i = 0; i < p->end_shown; i++) {
		int64_t at = p->node->boundaries.at[i].time_ns;

		if (t >= at - p->before_ns && t < at + p->after_ns)
			return 1;
	}
	return 0;
}

int epoch_in_base(const struct epoch_place *p, int64_t t)
{
	return t >= p->begin_ns && t < p->end_ns && !is_in_any(p, t);
}

/* As epoch_base_next(), outside the windows of the boundaries from this one on. */
static int next_piece(const struct epoch_place *p, uint64_t first, int64_t *ret_from_ns, int64_t *to_ns)
{
	const struct epoch_spans *boundaries = &p->node->boundaries;
	int64_t from_ns = *to_ns;

	*to_ns = p->end_ns;
	for (uint64_t i = first; i < p->end_shown; i++) {
		int64_t begin_ns = boundaries->at[i].time_ns - p->before_ns;

		if (from_ns < begin_ns)
			*to_ns = begin_ns < *to_ns ? begin_ns : *to_ns;
		else if (from_ns < boundaries->at[i].time_ns + p->after_ns)
			from_ns = boundaries->at[i].time_ns + p->after_ns;
	}
	*ret_from_ns = from_ns;
	return from_ns < p->end_ns;
}

int epoch_base_next(const struct epoch_place *p, int64_t *ret_from_ns, int64_t *to_ns)
{
	return next_piece(p, 0, ret_from_ns, to_ns);
}

/* ---- Forge phases ---- */

static uint64_t count_above(const struct samples *s, double limit)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < s->n; i++)
		n += s->at[i].value > limit;
	return n;
}

static int phase(const struct epoch_place *p, int which)
{
	const struct epoch_spans *spans = &p->node->phases[which];
	struct epoch_phase *out = &p->out->phases[which];
	struct samples window = { 0 }, base = { 0 };
	int r = 0;

	*out = (struct epoch_phase){ .name = epoch_phase_names[which], .worst = NAN, .worst_slot = -1 };
	for (uint64_t i = 0; i < spans->n && r == 0; i++) {
		const struct epoch_span *s = &spans->at[i];
		double seconds = (double)s->duration_ns / 1e9;

		if (epoch_in_window(p, s->time_ns)) {
			r = samples_add_moment(&window, s->time_ns, seconds);
			if (!(seconds <= out->worst)) {
				out->worst = seconds;
				out->worst_slot = s->slot;
			}
		} else if (epoch_in_base(p, s->time_ns)) {
			r = samples_add_moment(&base, s->time_ns, seconds);
		}
	}
	out->n_window = window.n;
	out->n_base = base.n;
	out->window = samples_median(&window);
	out->base = samples_median(&base);
	out->effect = samples_effect(&window, &base, SAMPLES_MEDIAN);
	out->n_spikes = count_above(&window, fmax(10 * out->base, (double)p->slot_ns / 1e10));
	out->n_base_spikes = count_above(&base, fmax(10 * out->base, (double)p->slot_ns / 1e10));
	samples_done(&window);
	samples_done(&base);
	return r;
}

double epoch_overlap_s(const struct epoch_span *s, int64_t from_ns, int64_t to_ns)
{
	int64_t begin = s->time_ns > from_ns ? s->time_ns : from_ns, end = s->time_ns + s->duration_ns;

	end = end < to_ns ? end : to_ns;
	return end > begin ? (double)(end - begin) / 1e9 : 0;
}

/* ---- Slots, snapshots, silences ---- */

/* How many slots of a run of missed ones begin before a time. A run can be as long as its log says, so it is reckoned
 * and not counted. */
static int64_t slots_before(const struct epoch_place *p, const struct epoch_span *run, int64_t time_ns)
{
	int64_t n = run->value < (double)(INT64_MAX / 2) ? (int64_t)run->value : INT64_MAX / 2, before;

	if (time_ns <= run->time_ns)
		return 0;
	before = (time_ns - run->time_ns - 1) / p->slot_ns + 1;
	return before < n ? before : n;
}

static uint64_t slots_in(const struct epoch_place *p, const struct epoch_span *run, int64_t from_ns, int64_t to_ns)
{
	return (uint64_t)(slots_before(p, run, to_ns) - slots_before(p, run, from_ns));
}

/* Those of the two epochs that lie in no window. None is left out because a node starts there. */
static uint64_t slots_elsewhere(const struct epoch_place *p, const struct epoch_span *run)
{
	int64_t from_ns, to_ns = p->begin_ns;
	uint64_t n = 0;

	while (next_piece(p, p->first_shown, &from_ns, &to_ns))
		n += slots_in(p, run, from_ns, to_ns);
	return n;
}

/* A run of missed slots may reach into the window, or out of it: what lies inside is listed. */
static void missed(const struct epoch_place *p)
{
	const struct epoch_spans *spans = &p->node->missed;
	struct epoch_boundary *out = p->out;

	for (uint64_t i = 0; i < spans->n; i++) {
		const struct epoch_span *s = &spans->at[i];
		int64_t first = slots_before(p, s, out->from_ns), n = slots_before(p, s, out->to_ns) - first;

		if (slots_in(p, s, p->begin_ns, p->end_ns) > 0)
			out->n_missed_base += slots_elsewhere(p, s);
		out->n_missed += (uint64_t)n;
		if (n > 0 && out->n_missed_runs < EPOCH_MISSED_MAX)
			out->missed[out->n_missed_runs++] =
				(struct epoch_missed){ .first_slot = s->slot < 0 ? -1 : s->slot + first,
				                       .n = n,
				                       .time_ns = s->time_ns + first * p->slot_ns,
				                       .pause_s = NAN };
	}
}

static double longest_s(const struct epoch_place *p, const struct epoch_spans *spans, uint64_t *ret_n)
{
	double longest = 0;

	for (uint64_t i = 0; i < spans->n; i++) {
		double seconds = (double)spans->at[i].duration_ns / 1e9;

		if (epoch_overlap_s(&spans->at[i], p->out->from_ns, p->out->to_ns) <= 0)
			continue;
		++*ret_n;
		longest = seconds > longest ? seconds : longest;
	}
	return longest;
}

/* ---- Tenths of the epoch that begins here ---- */

int epoch_tenth(const struct epoch_place *p, int64_t t)
{
	if (t < p->out->time_ns || t >= p->out->time_ns + p->epoch_ns)
		return -1;
	return (int)((double)(t - p->out->time_ns) * EPOCH_TENTHS / (double)p->epoch_ns);
}

int64_t epoch_tenth_begin(const struct epoch_place *p, int tenth)
{
	return p->out->time_ns + p->epoch_ns / EPOCH_TENTHS * tenth +
	       (p->epoch_ns % EPOCH_TENTHS * tenth + EPOCH_TENTHS - 1) / EPOCH_TENTHS;
}

/* A tenth is seen when the log goes on to its end. */
static void see_tenths(const struct epoch_place *p)
{
	for (int i = 0; i < EPOCH_TENTHS; i++) {
		p->out->tenth_is_seen[i] = epoch_tenth_begin(p, i + 1) <= p->seen_ns + p->slot_ns;
		p->out->tenth_worst_loop_s[i] = NAN;
	}
}

/* A phase is the worst of each tenth that it lasts into: one that takes a whole tenth leaves no other to begin there.
 */
static void tenths_of_phase(const struct epoch_place *p, const struct epoch_span *s)
{
	int64_t end_ns = s->time_ns + s->duration_ns;
	int first = s->time_ns < p->out->time_ns ? 0 : epoch_tenth(p, s->time_ns);
	int last = epoch_tenth(p, end_ns);
	double seconds = (double)s->duration_ns / 1e9;

	if (first < 0 || end_ns < p->out->time_ns)
		return;
	for (int bin = first; bin <= (last < 0 ? EPOCH_TENTHS - 1 : last); bin++)
		if (p->out->tenth_is_seen[bin] && !(seconds <= p->out->tenth_worst_loop_s[bin]))
			p->out->tenth_worst_loop_s[bin] = seconds;
}

static void tenths(const struct epoch_place *p)
{
	struct epoch_boundary *out = p->out;

	see_tenths(p);
	for (uint64_t i = 0; i < p->node->missed.n; i++)
		for (int bin = 0; bin < EPOCH_TENTHS; bin++)
			out->tenth_missed[bin] += slots_in(p, &p->node->missed.at[i], epoch_tenth_begin(p, bin),
			                                   epoch_tenth_begin(p, bin + 1));
	for (int which = 0; which < EPOCH_PHASES; which++)
		for (uint64_t i = 0; i < p->node->phases[which].n; i++)
			tenths_of_phase(p, &p->node->phases[which].at[i]);
}

/* ---- One boundary, one node, all of them ---- */

static void widen(int64_t t, int64_t *first_ns, int64_t *last_ns)
{
	*first_ns = t < *first_ns ? t : *first_ns;
	*last_ns = t > *last_ns ? t : *last_ns;
}

/* From when to when the node was seen at all. */
static void seen(const struct epoch_node *node, int64_t *first_ns, int64_t *last_ns)
{
	const struct epoch_spans *starts = &node->phases[0];

	if (starts->n) {
		widen(starts->at[0].time_ns, first_ns, last_ns);
		widen(starts->at[starts->n - 1].time_ns + starts->at[starts->n - 1].duration_ns, first_ns, last_ns);
	}
	if (node->pauses.n) {
		widen(node->pauses.at[0].time_ns, first_ns, last_ns);
		widen(node->pauses.at[node->pauses.n - 1].time_ns, first_ns, last_ns);
	}
	if (node->gc_cpu.n) {
		widen(node->gc_cpu.at[0].time_ns, first_ns, last_ns);
		widen(node->gc_cpu.at[node->gc_cpu.n - 1].time_ns, first_ns, last_ns);
	}
}

/* An epoch that begins where the log does has no before, and one that begins where it ends has no after. */
static int has_both_sides(const struct epoch_node *node, uint64_t i)
{
	int64_t at = node->boundaries.at[i].time_ns, first_ns = at, last_ns = at;
	int64_t slot_ns = node->slot_ns ? node->slot_ns : 1000000000;

	seen(node, &first_ns, &last_ns);
	return (i > 0 || !node->phases[0].n || at > node->phases[0].at[0].time_ns) && last_ns >= at + slot_ns;
}

static int64_t at_most(int64_t value, int64_t most)
{
	return value < most ? value : most;
}

/* What the window may take of an epoch, in which another window may lie too: one part of so many. */
static int64_t part_of(const struct epoch_config *config, int has_other)
{
	return !config->is_asked ? 4 : has_other ? 2 : 1;
}

/* The window, and the two epochs that meet here. */
static struct epoch_place place_of(const struct epoch_node *node, const struct epoch_config *config, uint64_t i,
                                   struct epoch_boundary *out)
{
	const struct epoch_span *at = &node->boundaries.at[i];
	int64_t first_ns = at->time_ns, last_ns = at->time_ns;
	struct epoch_place p = { .node = node, .i = i, .out = out };

	seen(node, &first_ns, &last_ns);
	p.slot_ns = node->slot_ns ? node->slot_ns : 1000000000;
	p.seen_ns = last_ns;
	p.begin_ns = i ? node->boundaries.at[i - 1].time_ns : first_ns;
	p.end_ns = i + 1 < node->boundaries.n ? node->boundaries.at[i + 1].time_ns : last_ns + 1;
	p.epoch_ns = i + 1 < node->boundaries.n ? p.end_ns - at->time_ns
	             : node->epoch_ns           ? node->epoch_ns
	                                        : p.end_ns - at->time_ns;
	while (p.first_shown < i && !has_both_sides(node, p.first_shown))
		p.first_shown++;
	for (p.end_shown = node->boundaries.n; p.end_shown > i + 1 && !has_both_sides(node, p.end_shown - 1);)
		p.end_shown--;
	p.before_ns = at_most(config->before_slots * p.slot_ns,
	                      (at->time_ns - p.begin_ns) / part_of(config, i > p.first_shown));
	p.after_ns = at_most(config->after_slots * p.slot_ns, p.epoch_ns / part_of(config, i + 1 < p.end_shown));
	return p;
}

static int boundary(const struct epoch_node *node, const struct epoch_config *config, uint64_t i,
                    const struct epoch_forges *forges, struct epoch_boundary *out)
{
	const struct epoch_span *at = &node->boundaries.at[i];
	struct epoch_place p = place_of(node, config, i, out);
	int r = 0;

	*out = (struct epoch_boundary){ .run = node->run,
		                        .node = node->node,
		                        .epoch = (int64_t)at->value,
		                        .slot = -1,
		                        .time_ns = at->time_ns,
		                        .from_ns = at->time_ns - p.before_ns,
		                        .to_ns = at->time_ns + p.after_ns };
	for (int k = 0; k < EPOCH_PHASES && r == 0; k++)
		r = phase(&p, k);
	if (r == 0)
		r = epoch_gauges(&p);
	missed(&p);
	tenths(&p);
	epoch_collections(&p);
	out->snapshot_longest_s = longest_s(&p, &node->snapshots, &out->n_snapshots);
	out->silence_longest_s = longest_s(&p, &node->silences, &(uint64_t){ 0 });
	if (r == 0)
		r = epoch_first_block(&p, forges);
	epoch_obstacles(&p);
	epoch_sentence(&p);
	return r;
}

static int add_node(struct store *s, const struct epoch_config *config, const char *run, const char *node,
                    const struct epoch_forges *forges, struct epochs *ret, struct weir_error *reterr)
{
	struct epoch_node n;
	struct epoch_boundary *at;
	int r = epoch_node_read(s, run, node, &n, reterr);

	at = r == 0 ? reallocarray(ret->at, ret->n + n.boundaries.n + 1, sizeof(*at)) : NULL;
	if (r == 0 && !at)
		r = -ENOMEM;
	if (at)
		ret->at = at;
	for (uint64_t i = 0; i < n.boundaries.n && r == 0; i++) {
		if (!has_both_sides(&n, i))
			continue;
		r = boundary(&n, config, i, forges, &ret->at[ret->n]);
		ret->n += r == 0;
	}
	epoch_node_done(&n);
	return r;
}

/* The other nodes' adoptions of the first block say how long it took to this one. */
static void first_block_delays(struct epochs *e)
{
	for (uint32_t i = 0; i < e->n; i++) {
		double first = e->at[i].first_block_s;

		for (uint32_t k = 0; k < e->n; k++)
			if (e->at[k].time_ns == e->at[i].time_ns && !strcmp(e->at[k].run, e->at[i].run) &&
			    e->at[k].first_block_s < first)
				first = e->at[k].first_block_s;
		e->at[i].first_block_delay_s = e->at[i].first_block_s - first;
	}
}

static int add_nodes(struct store *s, const struct epoch_config *config, sqlite3_stmt *q, struct epochs *ret,
                     struct weir_error *reterr)
{
	struct epoch_forges forges = { 0 };
	const char *last_run = NULL;
	int r = 0, step = 1;

	while (r == 0 && (step = query_step(s, q, reterr)) > 0) {
		const char *run = epoch_name(&ret->names, (const char *)sqlite3_column_text(q, 0));
		const char *node = epoch_name(&ret->names, (const char *)sqlite3_column_text(q, 1));

		r = run && node ? 0 : -ENOMEM;
		if (r == 0 && run != last_run) {
			epoch_forges_done(&forges);
			r = epoch_forges_read(s, run, &ret->names, &forges, reterr);
			last_run = run;
		}
		if (r == 0)
			r = add_node(s, config, run, node, &forges, ret, reterr);
	}
	epoch_forges_done(&forges);
	return r < 0 ? r : step;
}

void epochs_done(struct epochs *e)
{
	for (uint64_t i = 0; i < e->names.n; i++)
		free(e->names.at[i]);
	free(e->names.at);
	free(e->at);
	*e = (struct epochs){ 0 };
}

int epochs_read(struct store *s, const struct epoch_config *config, struct epochs *ret, struct weir_error *reterr)
{
	sqlite3_stmt *q = NULL;
	int r = totals_keep(s, reterr);

	*ret = (struct epochs){ 0 };
	if (r == 0)
		r = query_prepare(
			s,
			"SELECT run, node FROM nodes WHERE (?1 IS NULL OR run = ?1) AND (?2 IS NULL OR node = ?2)"
			" ORDER BY run, node",
			&q, reterr);

	if (r < 0)
		return r;
	(void)sqlite3_bind_text(q, 1, config->run, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(q, 2, config->node, -1, SQLITE_STATIC);
	r = add_nodes(s, config, q, ret, reterr);
	(void)sqlite3_finalize(q);
	if (r == 0 && !ret->n)
		r = weir_fail(reterr, -ENOENT,
		              "epoch: the store: no epoch boundary in any node's log; it takes trace logs and the "
		              "genesis: `weir ingest RUN_DIR`");
	if (r < 0)
		epochs_done(ret);
	else
		first_block_delays(ret);
	return r;
}
