/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/counterpart.h"
#include "cli/amount.h"
#include "cli/say.h"
#include "cli/summary.h"
#include "cli/table.h"

#include <math.h>
#include <stdio.h>

static int read(struct store *s, const char *run, struct counterparts *ret)
{
	struct weir_error error = { "" };
	int result = counterparts_read(s, run, ret, &error);

	if (result < 0)
		say("summary: %s", error.text);
	return result;
}

static void put_amount(struct table *t, double value, const char *unit)
{
	char room[AMOUNT_MAX];

	if (*unit == '{')
		table_put(t, TABLE_RIGHT, "%s%s", value < 0 ? "-" : "", amount_count(room, (uint64_t)fabs(value)));
	else
		table_put(t, TABLE_RIGHT, "%s%s", value < 0 ? "-" : "", amount_value(room, fabs(value), unit));
}

static void put_difference(struct table *t, const struct counterpart *c)
{
	double share = 100 * (c->ours - c->theirs) / c->theirs;

	if (c->ours == c->theirs)
		table_put(t, TABLE_RIGHT, "none");
	else if (c->theirs == 0)
		put_amount(t, c->ours, c->unit);
	else if (fabs(share) < 0.005)
		table_put(t, TABLE_RIGHT, "%s0.01 %%", share < 0 ? "> -" : "< ");
	else
		table_put(t, TABLE_RIGHT, "%+.2f %%", share);
}

/* What nobody counted anything of says nothing. */
static int says_something(const struct counterpart *c)
{
	return c->ours != 0 || c->theirs != 0;
}

static void print_each(const struct counterparts *c, struct table *t)
{
	for (uint32_t i = 0; i < c->n; i++) {
		if (!says_something(&c->at[i]))
			continue;
		table_put(t, TABLE_LEFT, "%s", c->at[i].node);
		table_put(t, TABLE_LEFT, "%s", c->at[i].what);
		table_put(t, TABLE_LEFT, "%s", c->at[i].collector);
		put_amount(t, c->at[i].ours, c->at[i].unit);
		put_amount(t, c->at[i].theirs, c->at[i].unit);
		put_difference(t, &c->at[i]);
		table_put(t, TABLE_LEFT, "%s", c->at[i].against);
	}
}

int summary_print_counterparts(struct store *s, const char *run)
{
	static const char *const heads[] = { "node", "what", "collector", "weir", "other", "difference", "counted by" };
	struct counterparts c;
	struct table *t;
	uint32_t n = 0;
	int result = read(s, run, &c);

	if (result < 0)
		return result;
	for (uint32_t i = 0; i < c.n; i++)
		n += (uint32_t)says_something(&c.at[i]);
	if (n > 0) {
		printf("\n  counted twice: by weir, and by the kernel or the program, over the same time\n");
		t = table_new(heads, sizeof(heads) / sizeof(heads[0]), 2);
		if (t)
			print_each(&c, t);
		else
			say("summary: no memory");
		result = t ? 0 : -1;
		table_end(t);
	}
	counterparts_done(&c);
	return result;
}

int summary_json_counterparts(struct store *s, const char *run, struct jsonout *j)
{
	struct counterparts c;
	int result = read(s, run, &c);

	if (result < 0)
		return result;
	jsonout_array(j, "counterparts");
	for (uint32_t i = 0; i < c.n; i++) {
		jsonout_line(j);
		jsonout_text(j, "node", c.at[i].node);
		jsonout_text(j, "name", c.at[i].name);
		jsonout_text(j, "collector", c.at[i].collector);
		jsonout_text(j, "unit", c.at[i].unit);
		jsonout_f64(j, "ours", c.at[i].ours);
		jsonout_f64(j, "theirs", c.at[i].theirs);
		jsonout_text(j, "against", c.at[i].against);
		jsonout_end(j);
	}
	jsonout_end(j);
	counterparts_done(&c);
	return 0;
}
