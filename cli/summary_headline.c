/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/amount.h"
#include "cli/say.h"
#include "cli/summary.h"
#include "cli/table.h"

#include <math.h>
#include <stdio.h>

/* Columns of a table, and what heads them. A column that is empty on every node is left out. */
struct column {
	enum headline_figure figure;
	const char *head;
};

static const struct column runtime[] = {
	{ HEADLINE_WALL, "wall" },
	{ HEADLINE_CPU, "CPU" },
	{ HEADLINE_PRODUCTIVITY, "productivity" },
	{ HEADLINE_COLLECTIONS, "GCs" },
	{ HEADLINE_PAUSED, "GC time" },
	{ HEADLINE_PAUSED_SHARE, "of wall" },
	{ HEADLINE_PAUSE_LONGEST, "longest" },
	{ HEADLINE_HEAP, "heap peak" },
	{ HEADLINE_LIVE, "live" },
	{ HEADLINE_HEAP_PROFILE, "heap profile, peak" },
	{ HEADLINE_RESIDENT, "resident" },
	{ HEADLINE_ALLOCATED, "allocated" },
	{ HEADLINE_THREADS, "threads" },
	{ HEADLINE_CAPABILITIES, "caps" },
	{ HEADLINE_DAMAGES, "gaps" },
	{ HEADLINE_DAMAGED_BYTES, "bytes lost" },
};

static const struct column traffic[] = {
	{ HEADLINE_DISK_READ, "disk, read" },
	{ HEADLINE_DISK_WRITTEN, "written" },
	{ HEADLINE_NET_RECEIVED, "network, received" },
	{ HEADLINE_NET_SENT, "sent" },
};

static const struct column chain[] = {
	{ HEADLINE_EPOCHS, "epoch boundaries" }, { HEADLINE_SLOTS, "slots started" },
	{ HEADLINE_SLOTS_MISSED, "missed" },     { HEADLINE_LOOP_LONGEST, "longest phase" },
	{ HEADLINE_FORGED, "blocks forged" },    { HEADLINE_ADOPTED, "adopted" },
	{ HEADLINE_SILENCE, "longest silence" },
};

static const struct column cost[] = {
	{ HEADLINE_COST_CPU, "weir itself, CPU" },
	{ HEADLINE_COST_BPF, "in the kernel" },
	{ HEADLINE_COST_SHARE, "of a core" },
	{ HEADLINE_COST_MEMORY, "memory" },
};

enum {
	COLUMNS_MAX = sizeof(runtime) / sizeof(runtime[0]) + 1,
};

/* Damage is shown where there is some. */
static int says_something(const struct headline_node *node, enum headline_figure figure)
{
	double value = node->at[figure].value;

	return !isnan(value) && (value > 0 || (figure != HEADLINE_DAMAGES && figure != HEADLINE_DAMAGED_BYTES));
}

static int is_shown(const struct headline *h, enum headline_figure figure)
{
	for (uint32_t i = 0; i < h->n_nodes; i++)
		if (says_something(&h->nodes[i], figure))
			return 1;
	return 0;
}

static void put_figure(struct table *t, const struct headline_node *node, enum headline_figure figure)
{
	double value = node->at[figure].value;
	const char *unit = headline_words[figure].unit;
	char room[AMOUNT_MAX];

	if (isnan(value))
		table_put(t, TABLE_RIGHT, "-");
	else if (*unit == '1')
		table_put(t, TABLE_RIGHT, "%.1f %%", 100 * value);
	else if (*unit == '{')
		table_put(t, TABLE_RIGHT, "%s", amount_count(room, (uint64_t)value));
	else
		table_put(t, TABLE_RIGHT, "%s", amount_value(room, value, unit));
}

static int has_any(const struct headline_node *node, const struct column *columns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (says_something(node, columns[i].figure))
			return 1;
	return 0;
}

static int print_table(const struct headline *h, const struct column *columns, size_t n)
{
	const char *heads[COLUMNS_MAX] = { "node" };
	struct column shown[COLUMNS_MAX];
	uint32_t n_shown = 0;
	struct table *t;

	for (size_t i = 0; i < n; i++)
		if (is_shown(h, columns[i].figure)) {
			shown[n_shown] = columns[i];
			heads[++n_shown] = columns[i].head;
		}
	if (n_shown == 0)
		return 0;
	(void)putchar('\n');
	t = table_new(heads, n_shown + 1, 2);
	if (!t)
		return -1;
	for (uint32_t i = 0; i < h->n_nodes; i++) {
		if (!has_any(&h->nodes[i], columns, n))
			continue;
		table_put(t, TABLE_LEFT, "%s", h->nodes[i].node);
		for (uint32_t k = 0; k < n_shown; k++)
			put_figure(t, &h->nodes[i], shown[k].figure);
	}
	table_end(t);
	return 0;
}

static int read(struct store *s, const char *run, struct headline *ret)
{
	struct weir_error error = { "" };
	int result = headline_read(s, run, ret, &error);

	if (result < 0)
		say("summary: %s", error.text);
	return result;
}

int summary_print_headline(struct store *s, const char *run)
{
	struct headline h;
	int result = read(s, run, &h);

	if (result < 0)
		return result;
	if (print_table(&h, runtime, sizeof(runtime) / sizeof(runtime[0])) < 0 ||
	    print_table(&h, traffic, sizeof(traffic) / sizeof(traffic[0])) < 0 ||
	    print_table(&h, chain, sizeof(chain) / sizeof(chain[0])) < 0 ||
	    print_table(&h, cost, sizeof(cost) / sizeof(cost[0])) < 0) {
		say("summary: no memory");
		result = -1;
	}
	headline_done(&h);
	return result;
}

int summary_json_headline(struct store *s, const char *run, struct jsonout *j)
{
	struct headline h;
	int result = read(s, run, &h);

	if (result < 0)
		return result;
	jsonout_array(j, "headline");
	for (uint32_t i = 0; i < h.n_nodes; i++)
		for (int k = 0; k < HEADLINE_FIGURES; k++) {
			if (isnan(h.nodes[i].at[k].value))
				continue;
			jsonout_line(j);
			jsonout_text(j, "node", h.nodes[i].node);
			jsonout_text(j, "name", headline_words[k].name);
			jsonout_f64(j, "value", h.nodes[i].at[k].value);
			jsonout_text(j, "unit", headline_words[k].unit);
			jsonout_text(j, "collector", h.nodes[i].at[k].from[0] ? h.nodes[i].at[k].from : NULL);
			jsonout_end(j);
		}
	jsonout_end(j);
	headline_done(&h);
	return 0;
}
