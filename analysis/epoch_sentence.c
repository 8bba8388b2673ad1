/* SPDX-License-Identifier: Apache-2.0 */
/* What stands out at a boundary, in one sentence, and nothing when nothing does. Each rule asks for a sure difference
 * and for one that matters: of many comparisons one in twenty would be sure by chance. */
#include "analysis/epoch_place.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	SURE_MIN = 10, /* values on each side */
};

struct sentence {
	char *text;
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void say(struct sentence *to, const char *format, ...)
{
	size_t left = EPOCH_SENTENCE_MAX - to->n;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(to->text + to->n, left, format, args);
	va_end(args);
	to->n += n > 0 && (size_t)n < left ? (size_t)n : n > 0 ? left - 1 : 0;
}

/* Behind what was said before. */
static void next(struct sentence *to)
{
	if (to->n)
		say(to, "; ");
}

/* `629 ms`, for who reads it at a glance. */
static void say_span(struct sentence *to, double seconds)
{
	if (seconds >= 0.9995)
		say(to, "%.3g s", seconds);
	else if (seconds >= 0.9995e-3)
		say(to, "%.3g ms", 1e3 * seconds);
	else if (seconds >= 0.9995e-6)
		say(to, "%.3g us", 1e6 * seconds);
	else
		say(to, "%.3g ns", 1e9 * seconds);
}

static double slot_s(const struct epoch_place *p)
{
	return (double)p->slot_ns / 1e9;
}

static void say_missed(const struct epoch_place *p, struct sentence *to)
{
	const struct epoch_boundary *b = p->out;
	double missed_s = (double)b->n_missed * slot_s(p);

	if (!b->n_missed)
		return;
	say(to, "%llu slot%s missed from %lld on", (unsigned long long)b->n_missed, b->n_missed == 1 ? "" : "s",
	    (long long)b->missed[0].first_slot);
	if (b->missed_pause_s > 0.1 * missed_s)
		say(to, ", %.0f %% of their time collections", 100 * b->missed_pause_s / missed_s);
	if (b->n_missed_base)
		say(to, ", %llu elsewhere", (unsigned long long)b->n_missed_base);
}

/* Spikes that are more frequent than elsewhere: three, since one falls into the window by chance as often as not, or
 * one that takes a quarter of a slot; or one that outlasts a slot, wherever else there are some. */
static int has_spike(const struct epoch_place *p, const struct epoch_phase *f)
{
	double expected = 3 * (double)f->n_base_spikes * (double)f->n_window;
	int is_frequent = (double)f->n_spikes * (double)f->n_base > expected;

	return f->n_spikes && (f->worst > slot_s(p) || (is_frequent && (f->n_spikes >= 3 || f->worst > slot_s(p) / 4)));
}

/* Surely longer than elsewhere, at least twice as long, and long enough to matter to a slot. A median of a few is an
 * accident. */
static int is_shifted(const struct epoch_place *p, const struct epoch_phase *f)
{
	return f->n_window >= SURE_MIN && f->n_base >= SURE_MIN && f->effect.low > 0 && f->window > 2 * f->base &&
	       f->effect.difference > slot_s(p) / 50;
}

/* The worst of those that are longer, or have spikes. */
static void say_phase(const struct epoch_place *p, struct sentence *to)
{
	const struct epoch_phase *worst = NULL;

	for (int i = 0; i < EPOCH_PHASES; i++) {
		const struct epoch_phase *f = &p->out->phases[i];

		if ((is_shifted(p, f) || has_spike(p, f)) && (!worst || f->worst > worst->worst))
			worst = f;
	}
	if (!worst)
		return;
	next(to);
	say(to, "%s took ", worst->name);
	say_span(to, worst->worst);
	if (worst->worst_slot >= 0)
		say(to, " in slot %lld", (long long)worst->worst_slot);
	if (!worst->n_base)
		return;
	say(to, ", ");
	say_span(to, worst->base);
	say(to, " elsewhere");
}

static void say_collections(const struct epoch_place *p, struct sentence *to)
{
	const struct epoch_boundary *b = p->out;

	if (b->gc_share > 0.1 && b->gc_share > 2 * b->gc_share_base) {
		next(to);
		say(to, "collecting took %.0f %% of the time, %.0f %% elsewhere", 100 * b->gc_share,
		    100 * b->gc_share_base);
	} else if (b->has_pauses && b->pause_longest_s > slot_s(p) / 4) {
		next(to);
		say(to, "a collection took ");
		say_span(to, b->pause_longest_s);
	}
}

/* A heap that surely grew by half, or a rate that surely trebled, and by what matters. */
static void say_gauges(const struct epoch_place *p, struct sentence *to)
{
	for (int i = 0; i < EPOCH_GAUGES; i++) {
		const struct epoch_gauge *g = &p->out->gauges[i];

		if (!(g->effect.low > 0 && g->window > (g->is_rate ? 3 : 1.5) * g->base &&
		      g->effect.difference >= g->least))
			continue;
		next(to);
		say(to, "%s %.3g %s, %.3g %s", g->name, g->window, g->unit, g->base,
		    g->is_rate ? "elsewhere" : "before");
	}
}

static void say_snapshot(const struct epoch_place *p, struct sentence *to)
{
	if (p->out->n_snapshots && p->out->snapshot_longest_s > slot_s(p)) {
		next(to);
		say(to, "a ledger snapshot took ");
		say_span(to, p->out->snapshot_longest_s);
	}
}

/* More often than elsewhere for as long as it was looked: were it all the same when it happens, so many or more would
 * fall into the window less than once in twenty times. */
static void say_obstacles(const struct epoch_place *p, struct sentence *to)
{
	double window_s = (double)(p->out->to_ns - p->out->from_ns), base_s = 0;
	int64_t from_ns, to_ns = p->begin_ns;

	while (epoch_base_next(p, &from_ns, &to_ns))
		base_s += (double)(to_ns - from_ns);

	for (uint32_t i = 0; i < p->out->n_obstacles; i++) {
		const struct epoch_obstacle *o = &p->out->obstacles[i];

		if (!o->n_window || gsl_cdf_binomial_Q((unsigned)o->n_window - 1, window_s / (window_s + base_s),
		                                       (unsigned)(o->n_window + o->n_base)) > 0.05)
			continue;
		next(to);
		say(to, "%s %llu time%s, %llu elsewhere", o->name, (unsigned long long)o->n_window,
		    o->n_window == 1 ? "" : "s", (unsigned long long)o->n_base);
	}
}

/* A block that took a good part of a slot to get here, and ten times what others take. */
static void say_first_block(const struct epoch_place *p, struct sentence *to)
{
	const struct epoch_first_block *b = &p->out->first_block;

	if (!(b->propagation_s > slot_s(p) / 4 && b->propagation_s > 10 * b->propagation_base_s))
		return;
	next(to);
	say(to, "the epoch's first block was adopted ");
	say_span(to, b->propagation_s);
	say(to, " after it was forged, others after ");
	say_span(to, b->propagation_base_s);
}

void epoch_sentence(const struct epoch_place *p)
{
	struct sentence to = { p->out->sentence, 0 };

	say_missed(p, &to);
	say_phase(p, &to);
	say_collections(p, &to);
	say_obstacles(p, &to);
	say_first_block(p, &to);
	say_snapshot(p, &to);
	say_gauges(p, &to);
}
