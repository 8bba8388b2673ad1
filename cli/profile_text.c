/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/amount.h"
#include "cli/profile.h"
#include "cli/say.h"
#include "cli/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	INDENT_MAX = 48, /* columns; deeper stacks stand below each other, with their depth in front */
};

static void put_amount(struct table *t, double value, const char *unit)
{
	char room[AMOUNT_MAX];

	table_put(t, TABLE_RIGHT, "%s", amount_value(room, value, unit));
}

static void put_percent(struct table *t, double value)
{
	if (isnan(value))
		table_put(t, TABLE_RIGHT, "-");
	else
		table_put(t, TABLE_RIGHT, "%.1f", value);
}

static void put_range(struct table *t, const struct profile_spread *s)
{
	if (isnan(s->min))
		table_put(t, TABLE_RIGHT, "-");
	else
		table_put(t, TABLE_RIGHT, "%.1f..%.1f", s->min, s->max);
}

static void put_frame(struct table *t, struct profile_frame f)
{
	table_put(t, TABLE_LEFT, "%s", f.name);
	table_put(t, TABLE_LEFT, "%s", f.module);
	table_put(t, TABLE_LEFT, "%s", f.source);
}

static double total_of(const struct profile *p, uint32_t side)
{
	return p->stacks[0].inclusive[side];
}

/* A total's spread over the nodes of a side. */
static void print_total(const struct profile *p, uint32_t side, enum profile_when when, const char *lead)
{
	char mean[AMOUNT_MAX], least[AMOUNT_MAX], most[AMOUNT_MAX];
	double min = INFINITY, max = -INFINITY, sum = 0;
	uint32_t n = p->n_sides_subjects[side];

	for (uint32_t i = 0; i < p->n_subjects; i++) {
		if (p->subjects[i].side != side)
			continue;
		min = fmin(min, p->subjects[i].total);
		max = fmax(max, p->subjects[i].total);
		sum += p->subjects[i].total;
	}
	if (n == 0) {
		printf("%sno node has it\n", lead);
		return;
	}
	printf("%s%s", lead, amount_value(mean, sum / n, p->unit));
	if (n > 1)
		printf(" a node (%u nodes, %s to %s)", n, amount_value(least, min, p->unit),
		       amount_value(most, max, p->unit));
	printf("%s\n", when == PROFILE_PEAK  ? ", where it is largest"
	               : when == PROFILE_END ? ", at its end"
	               : p->is_gauge         ? ", mean over time"
	                                     : "");
}

static void print_head(const struct profile_view *view, const struct profile *p)
{
	printf("%s%s%s\n", p->metric, strcmp(p->attrs, "{}") ? " " : "", strcmp(p->attrs, "{}") ? p->attrs : "");
	print_total(p, 0, view->when, view->is_diff ? "from: " : "total: ");
	if (view->is_diff)
		print_total(p, 1, view->when, "to:   ");
}

static void print_flat(const struct profile_view *view, const struct profile *p, const struct profile_row *rows,
                       uint32_t n)
{
	static const char *const one[] = { "self %", "incl %", "self", "name", "module", "source" };
	static const char *const many[] = { "self %", "range", "incl %", "self", "name", "module", "source" };
	int has_range = p->n_subjects > 1;
	struct table *t = has_range ? table_new(many, 7, 0) : table_new(one, 6, 0);

	for (uint32_t i = 0; t && i < n; i++) {
		put_percent(t, rows[i].self_share[0].mean);
		if (has_range)
			put_range(t, &rows[i].self_share[0]);
		put_percent(t, rows[i].inclusive_share[0].mean);
		put_amount(t, rows[i].self[0].mean, p->unit);
		put_frame(t, profile_frame(view->set, rows[i].frame));
	}
	table_end(t);
}

/* A side that no node has is not a side of zeros. */
static double mean_of(const struct profile_spread *s)
{
	return s->n > 0 ? s->mean : (double)NAN;
}

static void put_change(struct table *t, double from, double to, const char *unit)
{
	char room[AMOUNT_MAX];
	double change = to - from;

	put_amount(t, from, unit);
	put_amount(t, to, unit);
	if (isnan(change))
		table_put(t, TABLE_RIGHT, "-");
	else
		table_put(t, TABLE_RIGHT, "%s%s", change > 0 ? "+" : "", amount_value(room, change, unit));
	if (isnan(change))
		table_put(t, TABLE_RIGHT, "-");
	else if (from == 0)
		table_put(t, TABLE_RIGHT, "%s", to > 0 ? "new" : "0.0 %");
	else if (to == 0)
		table_put(t, TABLE_RIGHT, "gone");
	else
		table_put(t, TABLE_RIGHT, "%+.1f %%", 100 * change / from);
}

static void print_diff(const struct profile_view *view, const struct profile *p, const struct profile_row *rows,
                       uint32_t n)
{
	static const char *const heads[] = { "from", "to", "change", "relative", "name", "module", "source" };
	struct table *t = table_new(heads, 7, 0);

	for (uint32_t i = 0; t && i < n; i++) {
		put_change(t, mean_of(&rows[i].self[0]), mean_of(&rows[i].self[1]), p->unit);
		put_frame(t, profile_frame(view->set, rows[i].frame));
	}
	table_end(t);
}

/* Rows come by change, so those that didn't stand at the end. */
static uint32_t count_changed(const struct profile_row *rows, uint32_t n)
{
	while (n > 0 && rows[n - 1].self[0].mean == rows[n - 1].self[1].mean)
		n--;
	return n;
}

static void print_rows(const struct profile_view *view, const struct profile *p)
{
	uint32_t n, n_shown;
	struct profile_row *rows = profile_rows(view->set, p, &n);

	if (!rows) {
		say("profile: no memory");
		return;
	}
	if (view->is_diff) {
		profile_rows_by_change(rows, n);
		n = count_changed(rows, n);
	}
	n_shown = view->n_top > 0 && view->n_top < n ? view->n_top : n;
	if (view->is_diff && n == 0)
		printf("no difference\n");
	else if (view->is_diff)
		print_diff(view, p, rows, n_shown);
	else
		print_flat(view, p, rows, n_shown);
	if (n_shown < n)
		printf("and %u more: --top 0 shows all\n", n - n_shown);
	free(rows);
}

static void put_stack(struct table *t, struct profile_frame f, uint32_t depth)
{
	uint32_t indent = 2 * (depth - 1);

	if (indent > INDENT_MAX)
		table_put(t, TABLE_LEFT, "%*s%u: %s%s%s", INDENT_MAX, "", depth, f.name, *f.module ? "  " : "",
		          f.module);
	else
		table_put(t, TABLE_LEFT, "%*s%s%s%s", (int)indent, "", f.name, *f.module ? "  " : "", f.module);
}

static double percent(const struct profile *p, double value, uint32_t side)
{
	double total = total_of(p, side);

	return p->is_share ? value : total > 0 ? 100 * value / total : (double)NAN;
}

static void print_tree(const struct profile_view *view, const struct profile *p)
{
	static const char *const plain[] = { "incl %", "self %", "incl", "stack" };
	static const char *const diff[] = { "from", "to", "change", "relative", "stack" };
	double total = p->is_share ? 100 : total_of(p, 0) + total_of(p, 1), min = view->min_percent * total / 100;
	struct table *t = view->is_diff ? table_new(diff, 5, 0) : table_new(plain, 4, 0);

	for (uint32_t stack = profile_next(p, 0, min); t && stack; stack = profile_next(p, stack, min)) {
		const struct profile_stack *s = &p->stacks[stack];

		if (view->is_diff) {
			put_change(t, s->inclusive[0], s->inclusive[1], p->unit);
		} else {
			put_percent(t, percent(p, s->inclusive[0], 0));
			put_percent(t, percent(p, s->self[0], 0));
			put_amount(t, s->inclusive[0], p->unit);
		}
		put_stack(t, profile_frame(view->set, s->frame), s->depth);
	}
	table_end(t);
	if (view->min_percent > 0)
		printf("stacks of %g %% and more: --min 0 shows all\n", view->min_percent);
}

void profile_print(const struct profile_view *view, const struct profile *p)
{
	print_head(view, p);
	(void)putchar('\n');
	if (view->is_tree)
		print_tree(view, p);
	else
		print_rows(view, p);
}
