/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/profile.h"
#include "exports/jsonout.h"

#include <math.h>
#include <stdlib.h>

static void put_spread(struct jsonout *j, const char *key, const struct profile_spread *s)
{
	jsonout_object(j, key);
	jsonout_f64(j, "mean", s->mean);
	jsonout_f64(j, "sd", s->sd);
	jsonout_f64(j, "min", s->min);
	jsonout_f64(j, "median", s->median);
	jsonout_f64(j, "max", s->max);
	jsonout_u64(j, "seen", s->n_seen);
	jsonout_u64(j, "nodes", s->n);
	jsonout_end(j);
}

static void put_frame(struct jsonout *j, const struct profile_set *set, uint32_t frame)
{
	struct profile_frame f = profile_frame(set, frame);

	jsonout_text(j, "name", f.name);
	jsonout_text(j, "module", f.module);
	jsonout_text(j, "src", f.source);
}

static void put_side(struct jsonout *j, const char *key, const struct profile_row *row, uint32_t side)
{
	if (key)
		jsonout_object(j, key);
	put_spread(j, "self", &row->self[side]);
	put_spread(j, "inclusive", &row->inclusive[side]);
	put_spread(j, "self_share", &row->self_share[side]);
	put_spread(j, "inclusive_share", &row->inclusive_share[side]);
	if (key)
		jsonout_end(j);
}

/* NaN, which is null, where there is nothing to be relative to. */
static double relative(double from, double to)
{
	return from != 0 ? (to - from) / from : (double)NAN;
}

static void put_change(struct jsonout *j, double self[2], double inclusive[2])
{
	jsonout_object(j, "change");
	jsonout_f64(j, "self", self[1] - self[0]);
	jsonout_f64(j, "self_relative", relative(self[0], self[1]));
	jsonout_f64(j, "inclusive", inclusive[1] - inclusive[0]);
	jsonout_f64(j, "inclusive_relative", relative(inclusive[0], inclusive[1]));
	jsonout_end(j);
}

static void put_row(struct jsonout *j, const struct profile_view *view, const struct profile_row *row)
{
	jsonout_line(j);
	put_frame(j, view->set, row->frame);
	if (view->is_diff) {
		put_side(j, "from", row, 0);
		put_side(j, "to", row, 1);
		put_change(j, (double[]){ row->self[0].mean, row->self[1].mean },
		           (double[]){ row->inclusive[0].mean, row->inclusive[1].mean });
	} else {
		put_side(j, NULL, row, 0);
	}
	jsonout_end(j);
}

static void put_flat(struct jsonout *j, const struct profile_view *view, const struct profile *p)
{
	uint32_t n;
	struct profile_row *rows = profile_rows(view->set, p, &n);

	if (rows && view->is_diff)
		profile_rows_by_change(rows, n);
	if (view->n_top > 0 && n > view->n_top)
		n = view->n_top;
	jsonout_array(j, "flat");
	for (uint32_t i = 0; rows && i < n; i++)
		put_row(j, view, &rows[i]);
	jsonout_end(j);
	free(rows);
}

static void put_values(struct jsonout *j, const char *key, const struct profile_stack *s, uint32_t side)
{
	if (key)
		jsonout_object(j, key);
	jsonout_f64(j, "self", s->self[side]);
	jsonout_f64(j, "inclusive", s->inclusive[side]);
	if (key)
		jsonout_end(j);
}

static void put_stack(struct jsonout *j, const struct profile_view *view, const struct profile *p, uint32_t stack)
{
	const struct profile_stack *s = &p->stacks[stack];

	jsonout_line(j);
	jsonout_u64(j, "id", stack);
	jsonout_u64(j, "parent", s->parent);
	jsonout_u64(j, "depth", s->depth);
	put_frame(j, view->set, s->frame);
	if (view->is_diff) {
		put_values(j, "from", s, 0);
		put_values(j, "to", s, 1);
		put_change(j, (double[]){ s->self[0], s->self[1] }, (double[]){ s->inclusive[0], s->inclusive[1] });
	} else {
		put_values(j, NULL, s, 0);
	}
	jsonout_end(j);
}

static void put_tree(struct jsonout *j, const struct profile_view *view, const struct profile *p)
{
	double total = p->is_share ? 100 : profile_both_sides(p, 0), min = view->min_percent * total / 100;

	jsonout_array(j, "tree");
	for (uint32_t stack = profile_next(p, 0, min); stack; stack = profile_next(p, stack, min))
		put_stack(j, view, p, stack);
	jsonout_end(j);
}

static void put_nodes(struct jsonout *j, const struct profile_view *view, const struct profile *p)
{
	jsonout_array(j, "nodes");
	for (uint32_t i = 0; i < p->n_subjects; i++) {
		jsonout_object(j, NULL);
		jsonout_text(j, "run", p->subjects[i].run);
		jsonout_text(j, "node", p->subjects[i].node);
		if (view->is_diff)
			jsonout_text(j, "side", p->subjects[i].side ? "to" : "from");
		jsonout_f64(j, "total", p->subjects[i].total);
		jsonout_end(j);
	}
	jsonout_end(j);
}

void profile_print_json(const struct profile_view *view)
{
	struct jsonout j = jsonout_on(stdout, 0);

	jsonout_object(&j, NULL);
	jsonout_array(&j, "profiles");
	for (uint32_t i = 0; i < profile_set_count(view->set); i++) {
		const struct profile *p = profile_set_at(view->set, i);

		jsonout_object(&j, NULL);
		jsonout_text(&j, "metric", p->metric);
		jsonout_text(&j, "unit", p->unit);
		jsonout_json(&j, "attrs", p->attrs);
		jsonout_text(&j, "over_time",
		             view->when == PROFILE_PEAK  ? "peak"
		             : view->when == PROFILE_END ? "end"
		             : p->is_gauge               ? "mean"
		                                         : "sum");
		put_nodes(&j, view, p);
		put_flat(&j, view, p);
		if (view->is_tree)
			put_tree(&j, view, p);
		jsonout_end(&j);
	}
	jsonout_end(&j);
	jsonout_end(&j);
}
