/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/epoch_place.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct pauses {
	uint64_t n;
	double total_s, longest_s;
};

/* Those that overlap [from, to). Pauses stop the whole program, so they are apart, and ends are in the order of starts.
 */
static struct pauses pauses_in(const struct epoch_spans *spans, int64_t from_ns, int64_t to_ns)
{
	struct pauses found = { 0 };
	uint64_t low = 0, high = spans->n;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (spans->at[middle].time_ns + spans->at[middle].duration_ns <= from_ns)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < spans->n && spans->at[low].time_ns < to_ns; low++) {
		double inside = epoch_overlap_s(&spans->at[low], from_ns, to_ns);

		if (inside <= 0)
			continue;
		found.n++;
		found.total_s += inside;
		found.longest_s = fmax(found.longest_s, (double)spans->at[low].duration_ns / 1e9);
	}
	return found;
}

/* Their share of the part of [from, to) in which somebody looked; both are added to. */
static void add_share(const struct epoch_node *node, int64_t from_ns, int64_t to_ns, double *paused_s, double *looked_s)
{
	from_ns = from_ns > node->pauses_first_ns ? from_ns : node->pauses_first_ns;
	to_ns = to_ns < node->pauses_last_ns ? to_ns : node->pauses_last_ns;
	if (to_ns <= from_ns)
		return;
	*paused_s += pauses_in(&node->pauses, from_ns, to_ns).total_s;
	*looked_s += (double)(to_ns - from_ns) / 1e9;
}

static double share_of_base(const struct epoch_place *p)
{
	int64_t from_ns, to_ns = p->begin_ns;
	double paused_s = 0, looked_s = 0;

	while (epoch_base_next(p, &from_ns, &to_ns))
		add_share(p->node, from_ns, to_ns, &paused_s, &looked_s);
	return looked_s > 0 ? paused_s / looked_s : (double)NAN;
}

static void missed_pauses(const struct epoch_place *p)
{
	struct epoch_boundary *out = p->out;

	for (uint32_t i = 0; i < out->n_missed_runs; i++) {
		struct epoch_missed *m = &out->missed[i];
		struct pauses in = pauses_in(&p->node->pauses, m->time_ns, m->time_ns + m->n * p->slot_ns);

		m->n_pauses = in.n;
		m->pause_s = in.total_s;
		out->missed_pause_s = (i ? out->missed_pause_s : 0) + in.total_s;
	}
}

static void tenth_pauses(const struct epoch_place *p)
{
	for (int i = 0; i < EPOCH_TENTHS; i++) {
		double paused_s = 0, looked_s = 0;

		if (p->out->tenth_is_seen[i])
			add_share(p->node, epoch_tenth_begin(p, i), epoch_tenth_begin(p, i + 1), &paused_s, &looked_s);
		p->out->tenth_gc_share[i] = looked_s > 0 ? paused_s / looked_s : (double)NAN;
	}
}

static void from_pauses(const struct epoch_place *p)
{
	struct epoch_boundary *out = p->out;
	struct pauses window = pauses_in(&p->node->pauses, out->from_ns, out->to_ns);
	double paused_s = 0, looked_s = 0;

	add_share(p->node, out->from_ns, out->to_ns, &paused_s, &looked_s);
	out->has_pauses = 1;
	(void)snprintf(out->gc_from, sizeof(out->gc_from), "%s",
	               strcmp(p->node->pauses_from, "ghc-eventlog") == 0 ? "eventlog" : p->node->pauses_from);
	out->n_pauses = window.n;
	out->pause_total_s = window.total_s;
	out->pause_longest_s = window.longest_s;
	out->gc_share = looked_s > 0 ? paused_s / looked_s : (double)NAN;
	out->gc_share_base = share_of_base(p);
	out->boundary_pause_s = pauses_in(&p->node->pauses, out->time_ns, out->time_ns + p->slot_ns).total_s;
	missed_pauses(p);
	tenth_pauses(p);
}

static int64_t middle(const struct sample *s)
{
	return s->time_ns - s->span_ns / 2;
}

/* Adds up CPU time and the time that it is of, of what lies where `is_in` holds; the share is of both. */
static double share(const struct epoch_place *p, int (*is_in)(const struct epoch_place *p, int64_t t))
{
	const struct samples *s = &p->node->gc_cpu;
	double collected = 0, looked = 0;

	for (uint64_t i = 0; i < s->n; i++)
		if (is_in(p, middle(&s->at[i]))) {
			collected += s->at[i].value * (double)s->at[i].span_ns;
			looked += (double)s->at[i].span_ns;
		}
	return looked > 0 ? collected / looked : (double)NAN;
}

static void tenth_sums(const struct epoch_place *p)
{
	const struct samples *s = &p->node->gc_cpu;
	double collected[EPOCH_TENTHS] = { 0 }, looked[EPOCH_TENTHS] = { 0 };

	for (uint64_t i = 0; i < s->n; i++) {
		int bin = epoch_tenth(p, middle(&s->at[i]));

		if (bin >= 0) {
			collected[bin] += s->at[i].value * (double)s->at[i].span_ns;
			looked[bin] += (double)s->at[i].span_ns;
		}
	}
	for (int i = 0; i < EPOCH_TENTHS; i++)
		p->out->tenth_gc_share[i] =
			looked[i] > 0 && p->out->tenth_is_seen[i] ? collected[i] / looked[i] : (double)NAN;
}

static void from_sums(const struct epoch_place *p)
{
	(void)snprintf(p->out->gc_from, sizeof(p->out->gc_from), "resources");
	p->out->gc_share = share(p, epoch_in_window);
	p->out->gc_share_base = share(p, epoch_in_base);
	tenth_sums(p);
}

/* Whether somebody who sees pauses looked at any of the window. */
static int saw_window(const struct epoch_place *p)
{
	return p->node->pauses_from[0] && p->node->pauses_first_ns < p->out->to_ns &&
	       p->node->pauses_last_ns > p->out->from_ns;
}

void epoch_collections(const struct epoch_place *p)
{
	p->out->gc_share = p->out->gc_share_base = p->out->boundary_pause_s = p->out->missed_pause_s = (double)NAN;
	for (int i = 0; i < EPOCH_TENTHS; i++)
		p->out->tenth_gc_share[i] = (double)NAN;
	if (saw_window(p))
		from_pauses(p);
	else if (p->node->gc_cpu.n)
		from_sums(p);
}
