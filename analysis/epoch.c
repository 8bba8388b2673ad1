/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/epoch.h"

#include "analysis/epoch_node.h"
#include "store/query.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

/* Where one boundary lies among the others of its node. */
struct place {
	const struct epoch_node *node;
	uint64_t i;                  /* of node->boundaries */
	int64_t begin_ns, end_ns;    /* the two epochs that meet here */
	int64_t before_ns, after_ns; /* the window, from the boundary */
	struct epoch_boundary *out;
};

static int in_window(const struct place *p, int64_t t)
{
	return t >= p->out->from_ns && t < p->out->to_ns;
}

/* Inside the two epochs and outside every window. */
static int in_base(const struct place *p, int64_t t)
{
	if (t < p->begin_ns || t >= p->end_ns)
		return 0;
	for (uint64_t i = 0; i < p->node->boundaries.n; i++) {
		int64_t at = p->node->boundaries.at[i].time_ns;

		if (t >= at - p->before_ns && t < at + p->after_ns)
			return 0;
	}
	return 1;
}

/* ---- Forge phases ---- */

static int phase(const struct place *p, int which)
{
	const struct epoch_spans *spans = &p->node->phases[which];
	struct epoch_phase *out = &p->out->phases[which];
	struct samples window = { 0 }, base = { 0 };
	int r = 0;

	*out = (struct epoch_phase){ .name = epoch_phase_names[which], .worst = NAN, .worst_slot = -1 };
	for (uint64_t i = 0; i < spans->n && r == 0; i++) {
		const struct epoch_span *s = &spans->at[i];
		double seconds = (double)s->duration_ns / 1e9;

		if (in_window(p, s->time_ns)) {
			r = samples_add(&window, s->time_ns, seconds);
			if (!(seconds <= out->worst)) {
				out->worst = seconds;
				out->worst_slot = s->slot;
			}
		} else if (in_base(p, s->time_ns)) {
			r = samples_add(&base, s->time_ns, seconds);
		}
	}
	out->n_window = window.n;
	out->n_base = base.n;
	out->window = samples_median(&window);
	out->base = samples_median(&base);
	out->effect = samples_effect(&window, &base);
	samples_done(&window);
	samples_done(&base);
	return r;
}

/* ---- Gauges and rates ---- */

/* A rate is compared inside and outside of the window, a gauge after and before the boundary within it. */
static int gauge(const struct place *p, int which)
{
	const struct epoch_gauge_row *row = &epoch_gauge_rows[which];
	const struct samples *all = &p->node->gauges[which];
	struct epoch_gauge *out = &p->out->gauges[which];
	struct samples one = { 0 }, other = { 0 };
	int r = 0;

	for (uint64_t i = 0; i < all->n && r == 0; i++) {
		int64_t t = all->at[i].time_ns;
		int is_one = row->is_rate ? in_window(p, t) : in_window(p, t) && t >= p->out->time_ns;
		int is_other = row->is_rate ? in_base(p, t) : in_window(p, t) && t < p->out->time_ns;

		if (is_one)
			r = samples_add(&one, t, all->at[i].value);
		else if (is_other)
			r = samples_add(&other, t, all->at[i].value);
	}
	*out = (struct epoch_gauge){ .name = row->name,
		                     .unit = row->unit,
		                     .is_rate = row->is_rate,
		                     .window = samples_median(&one),
		                     .base = samples_median(&other),
		                     .effect = samples_effect(&one, &other) };
	samples_done(&one);
	samples_done(&other);
	return r;
}

/* ---- Collections ---- */

static double overlap_s(const struct epoch_span *s, int64_t from, int64_t to)
{
	int64_t begin = s->time_ns > from ? s->time_ns : from, end = s->time_ns + s->duration_ns;

	end = end < to ? end : to;
	return end > begin ? (double)(end - begin) / 1e9 : 0;
}

static void pauses(const struct place *p)
{
	struct epoch_boundary *out = p->out;
	const struct epoch_spans *spans = &p->node->pauses;
	double all_s = 0;

	out->gc_from = "eventlog";
	for (uint64_t i = 0; i < spans->n; i++) {
		double inside = overlap_s(&spans->at[i], out->from_ns, out->to_ns);

		all_s += overlap_s(&spans->at[i], p->begin_ns, p->end_ns);
		if (inside <= 0)
			continue;
		out->n_pauses++;
		out->pause_total_s += inside;
		if ((double)spans->at[i].duration_ns / 1e9 > out->pause_longest_s)
			out->pause_longest_s = (double)spans->at[i].duration_ns / 1e9;
	}
	out->gc_share = out->pause_total_s * 1e9 / (double)(out->to_ns - out->from_ns);
	out->gc_share_base =
		(all_s - out->pause_total_s) * 1e9 / (double)(p->end_ns - p->begin_ns - (out->to_ns - out->from_ns));
}

/* The mean of a rate where `is_in` holds; NaN: no samples. */
static double mean(const struct place *p, const struct samples *s, int (*is_in)(const struct place *p, int64_t t))
{
	double sum = 0;
	uint64_t n = 0;

	for (uint64_t i = 0; i < s->n; i++)
		if (is_in(p, s->at[i].time_ns)) {
			sum += s->at[i].value;
			n++;
		}
	return n ? sum / (double)n : NAN;
}

static void collections(const struct place *p)
{
	p->out->gc_share = p->out->gc_share_base = NAN;
	if (p->node->pauses.n) {
		pauses(p);
	} else if (p->node->gc_cpu.n) {
		p->out->gc_from = "resources";
		p->out->gc_share = mean(p, &p->node->gc_cpu, in_window);
		p->out->gc_share_base = mean(p, &p->node->gc_cpu, in_base);
	}
}

/* ---- Slots, snapshots, silences ---- */

static void missed(const struct place *p)
{
	const struct epoch_spans *spans = &p->node->missed;
	struct epoch_boundary *out = p->out;

	for (uint64_t i = 0; i < spans->n; i++) {
		const struct epoch_span *s = &spans->at[i];

		if (!in_window(p, s->time_ns)) {
			out->n_missed_base += in_base(p, s->time_ns) ? (uint64_t)s->value : 0;
			continue;
		}
		out->n_missed += (uint64_t)s->value;
		if (out->n_missed_runs < EPOCH_MISSED_MAX)
			out->missed[out->n_missed_runs++] = (struct epoch_missed){ s->slot, (int64_t)s->value };
	}
}

static double longest_s(const struct place *p, const struct epoch_spans *spans, uint64_t *ret_n)
{
	double longest = 0;

	for (uint64_t i = 0; i < spans->n; i++) {
		double seconds = (double)spans->at[i].duration_ns / 1e9;

		if (overlap_s(&spans->at[i], p->out->from_ns, p->out->to_ns) <= 0)
			continue;
		++*ret_n;
		longest = seconds > longest ? seconds : longest;
	}
	return longest;
}

static void first_block(const struct place *p)
{
	const struct epoch_spans *spans = &p->node->adopted;

	p->out->first_block_s = p->out->first_block_delay_s = NAN;
	for (uint64_t i = 0; i < spans->n; i++)
		if (spans->at[i].time_ns >= p->out->time_ns && in_window(p, spans->at[i].time_ns)) {
			p->out->first_block_s = (double)(spans->at[i].time_ns - p->out->time_ns) / 1e9;
			return;
		}
}

/* ---- Tenths of the epoch that begins here ---- */

static int tenth(const struct place *p, int64_t t)
{
	int64_t length = p->end_ns - p->out->time_ns;

	if (length <= 0 || t < p->out->time_ns || t >= p->end_ns)
		return -1;
	return (int)((double)(t - p->out->time_ns) * EPOCH_TENTHS / (double)length);
}

static void tenths(const struct place *p)
{
	double gc[EPOCH_TENTHS] = { 0 };
	uint64_t n_gc[EPOCH_TENTHS] = { 0 };
	struct epoch_boundary *out = p->out;

	for (uint64_t i = 0; i < p->node->missed.n; i++) {
		int bin = tenth(p, p->node->missed.at[i].time_ns);

		if (bin >= 0)
			out->tenth_missed[bin] += (uint64_t)p->node->missed.at[i].value;
	}
	for (int which = 0; which < EPOCH_PHASES; which++)
		for (uint64_t i = 0; i < p->node->phases[which].n; i++) {
			const struct epoch_span *s = &p->node->phases[which].at[i];
			int bin = tenth(p, s->time_ns);

			if (bin >= 0 && (double)s->duration_ns / 1e9 > out->tenth_worst_loop_s[bin])
				out->tenth_worst_loop_s[bin] = (double)s->duration_ns / 1e9;
		}
	for (uint64_t i = 0; i < p->node->gc_cpu.n; i++) {
		int bin = tenth(p, p->node->gc_cpu.at[i].time_ns);

		if (bin >= 0) {
			gc[bin] += p->node->gc_cpu.at[i].value;
			n_gc[bin]++;
		}
	}
	for (int i = 0; i < EPOCH_TENTHS; i++)
		out->tenth_gc_share[i] = n_gc[i] ? gc[i] / (double)n_gc[i] : NAN;
}

/* ---- What stands out ---- */

/* A phase that is surely longer than elsewhere, at least twice as long, and long enough to matter to a slot; or one
 * whose worst takes a tenth of a slot and is ten times what is usual. */
static const struct epoch_phase *worst_phase(const struct place *p)
{
	const struct epoch_phase *worst = NULL;
	double slot_s = p->node->slot_ns ? (double)p->node->slot_ns / 1e9 : 1;

	for (int i = 0; i < EPOCH_PHASES; i++) {
		const struct epoch_phase *f = &p->out->phases[i];
		int is_shifted = f->effect.low > 0 && f->window > 2 * f->base && f->effect.difference > slot_s / 100;
		int is_spike = f->worst > slot_s / 10 && f->worst > 10 * f->base;

		if ((is_shifted || is_spike) && (!worst || f->worst > worst->worst))
			worst = f;
	}
	return worst;
}

static size_t append(char *to, size_t n, const char *text)
{
	int more = snprintf(to + n, EPOCH_SENTENCE_MAX - n, "%s", text);

	return n + (size_t)more < EPOCH_SENTENCE_MAX ? n + (size_t)more : EPOCH_SENTENCE_MAX - 1;
}

static void sentence(const struct place *p)
{
	const struct epoch_boundary *b = p->out;
	const struct epoch_phase *worst = worst_phase(p);
	char part[160];
	size_t n = 0;

	if (b->n_missed) {
		(void)snprintf(part, sizeof(part), "%llu slot%s missed from %lld on", (unsigned long long)b->n_missed,
		               b->n_missed == 1 ? "" : "s", (long long)b->missed[0].first_slot);
		n = append(p->out->sentence, n, part);
	}
	if (worst) {
		(void)snprintf(part, sizeof(part), "%s%s took %.3g s in slot %lld, %.2g s elsewhere", n ? "; " : "",
		               worst->name, worst->worst, (long long)worst->worst_slot, worst->base);
		n = append(p->out->sentence, n, part);
	}
	if (b->gc_share > 0.1 && b->gc_share > 2 * b->gc_share_base) {
		(void)snprintf(part, sizeof(part), "%scollecting took %.0f %% of the time, %.0f %% elsewhere",
		               n ? "; " : "", 100 * b->gc_share, 100 * b->gc_share_base);
		(void)append(p->out->sentence, n, part);
	}
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
	const struct epoch_spans *starts = &node->phases[0], *pauses_seen = &node->pauses;

	if (starts->n) {
		widen(starts->at[0].time_ns, first_ns, last_ns);
		widen(starts->at[starts->n - 1].time_ns, first_ns, last_ns);
	}
	if (pauses_seen->n) {
		widen(pauses_seen->at[0].time_ns, first_ns, last_ns);
		widen(pauses_seen->at[pauses_seen->n - 1].time_ns, first_ns, last_ns);
	}
	if (node->gc_cpu.n) {
		widen(node->gc_cpu.at[0].time_ns, first_ns, last_ns);
		widen(node->gc_cpu.at[node->gc_cpu.n - 1].time_ns, first_ns, last_ns);
	}
}

static int boundary(const struct epoch_node *node, const struct epoch_config *config, uint64_t i,
                    struct epoch_boundary *out)
{
	const struct epoch_span *at = &node->boundaries.at[i];
	int64_t slot_ns = node->slot_ns ? node->slot_ns : 1000000000, first_ns = at->time_ns, last_ns = at->time_ns;
	struct place p = { .node = node,
		           .i = i,
		           .before_ns = config->before_slots * slot_ns,
		           .after_ns = config->after_slots * slot_ns,
		           .out = out };
	int r = 0;

	seen(node, &first_ns, &last_ns);
	p.begin_ns = i ? node->boundaries.at[i - 1].time_ns : first_ns;
	p.end_ns = i + 1 < node->boundaries.n ? node->boundaries.at[i + 1].time_ns : last_ns + 1;
	/* Where epochs are short, half of each is left as the baseline. */
	if (p.before_ns > (at->time_ns - p.begin_ns) / 2)
		p.before_ns = (at->time_ns - p.begin_ns) / 2;
	if (p.after_ns > (p.end_ns - at->time_ns) / 2)
		p.after_ns = (p.end_ns - at->time_ns) / 2;
	*out = (struct epoch_boundary){ .run = node->run,
		                        .node = node->node,
		                        .epoch = (int64_t)at->value,
		                        .slot = -1,
		                        .time_ns = at->time_ns,
		                        .from_ns = at->time_ns - p.before_ns,
		                        .to_ns = at->time_ns + p.after_ns };
	for (int k = 0; k < EPOCH_PHASES && r == 0; k++)
		r = phase(&p, k);
	for (int k = 0; k < EPOCH_GAUGES && r == 0; k++)
		r = gauge(&p, k);
	missed(&p);
	collections(&p);
	out->snapshot_longest_s = longest_s(&p, &node->snapshots, &out->n_snapshots);
	out->silence_longest_s = longest_s(&p, &node->silences, &(uint64_t){ 0 });
	first_block(&p);
	tenths(&p);
	sentence(&p);
	return r;
}

static int add_node(struct store *s, const struct epoch_config *config, const char *run, const char *node,
                    struct epochs *ret, struct weir_error *reterr)
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
		/* An epoch that begins where the log does has no before. */
		if (i == 0 && n.phases[0].n && n.boundaries.at[0].time_ns <= n.phases[0].at[0].time_ns)
			continue;
		r = boundary(&n, config, i, &ret->at[ret->n]);
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

static const char *keep_name(struct epochs *e, const char *name)
{
	char **names = reallocarray(e->names, e->n_names + 1, sizeof(*names));

	if (!names)
		return NULL;
	e->names = names;
	e->names[e->n_names] = strdup(name);
	return e->names[e->n_names++];
}

static int add_nodes(struct store *s, const struct epoch_config *config, sqlite3_stmt *q, struct epochs *ret,
                     struct weir_error *reterr)
{
	int r = 0, step = 1;

	while (r == 0 && (step = query_step(s, q, reterr)) > 0) {
		const char *run = keep_name(ret, (const char *)sqlite3_column_text(q, 0));
		const char *node = keep_name(ret, (const char *)sqlite3_column_text(q, 1));

		r = run && node ? add_node(s, config, run, node, ret, reterr) : -ENOMEM;
	}
	return r < 0 ? r : step;
}

void epochs_done(struct epochs *e)
{
	for (uint32_t i = 0; i < e->n_names; i++)
		free(e->names[i]);
	free(e->names);
	free(e->at);
	*e = (struct epochs){ 0 };
}

int epochs_read(struct store *s, const struct epoch_config *config, struct epochs *ret, struct weir_error *reterr)
{
	sqlite3_stmt *q;
	int r = query_prepare(s,
	                      "SELECT run, node FROM nodes WHERE (?1 IS NULL OR run = ?1) AND (?2 IS NULL OR node = ?2)"
	                      " ORDER BY run, node",
	                      &q, reterr);

	*ret = (struct epochs){ 0 };
	if (r < 0)
		return r;
	(void)sqlite3_bind_text(q, 1, config->run, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(q, 2, config->node, -1, SQLITE_STATIC);
	r = add_nodes(s, config, q, ret, reterr);
	(void)sqlite3_finalize(q);
	if (r == 0 && !ret->n)
		r = weir_fail(
			reterr, -ENOENT,
			"epoch: the store: no epoch boundary in any node's log; it takes a trace log and the genesis");
	if (r < 0)
		epochs_done(ret);
	else
		first_block_delays(ret);
	return r;
}
