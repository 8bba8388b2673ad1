/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/epoch.h"

#include "cli/amount.h"
#include "cli/reader.h"
#include "cli/say.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "exports/jsonout.h"
#include "store/store.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	EPOCH_WINDOW,
	EPOCH_RUN,
	EPOCH_NODE,
	EPOCH_JSON,

	BEFORE_SLOTS = 60, /* the window's fallback: the part of an epoch that the workbench's analysis leaves out */
	AFTER_SLOTS = 200,
	PART_DEFAULT = 4, /* of short epochs */
	PART_ASKED = 2,
	WINDOW_SLOTS_MAX = 10000000,
};

static const struct page_option options[] = {
	[EPOCH_WINDOW] = { "window", "-60,+200",
	                   "slots around each boundary; where epochs are short at most a quarter of them unless asked "
	                   "for",
	                   0 },
	[EPOCH_RUN] = { "run", "TAG", "of one run only", 0 },
	[EPOCH_NODE] = { "node", "NAME", "of one node only", 0 },
	[EPOCH_JSON] = { "json", NULL, "as JSON (docs/json.md)", 0 },
};

const struct page epoch_page = {
	.verb = "epoch",
	.arguments = "STORE [--window -60,+200] [--run TAG] [--node NAME] [--json]",
	.about = "Shows how nodes behave around each epoch boundary, against the rest of the two epochs that meet "
		 "there:\n"
		 "missed slots, phases of the forge loop, collections, heap, CPU and disk. Says what stands out.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.min_arguments = 1,
	.max_arguments = 1,
};

/* ---- Text ---- */

static void put_seconds(struct table *t, double seconds)
{
	char room[AMOUNT_MAX];

	table_put(t, TABLE_RIGHT, "%s", isnan(seconds) ? "-" : amount_span(room, seconds * 1e9));
}

/* `-1.2 ms`: amount_span() is for lengths. */
static const char *signed_span(char room[AMOUNT_MAX], double seconds)
{
	char length[AMOUNT_MAX];

	(void)snprintf(room, AMOUNT_MAX, "%c%.40s", seconds < 0 ? '-' : '+', amount_span(length, fabs(seconds) * 1e9));
	return room;
}

static void put_effect_seconds(struct table *t, const struct samples_effect *e)
{
	char difference[AMOUNT_MAX], low[AMOUNT_MAX], high[AMOUNT_MAX];

	if (isnan(e->low))
		table_put(t, TABLE_RIGHT, "-");
	else
		table_put(t, TABLE_RIGHT, "%s [%s, %s]", signed_span(difference, e->difference),
		          signed_span(low, e->low), signed_span(high, e->high));
}

static void print_phases(const struct epoch_boundary *b)
{
	static const char *const heads[] = { "phase", "in the window", "elsewhere", "difference of medians [95 %]",
		                             "slots", "worst",         "in slot" };
	struct table *t = table_new(heads, 7, 4);

	for (int i = 0; t && i < EPOCH_PHASES; i++) {
		const struct epoch_phase *p = &b->phases[i];

		if (!p->n_window && !p->n_base)
			continue;
		table_put(t, TABLE_LEFT, "%s", p->name);
		put_seconds(t, p->window);
		put_seconds(t, p->base);
		put_effect_seconds(t, &p->effect);
		table_put(t, TABLE_RIGHT, "%llu/%llu", (unsigned long long)p->n_window, (unsigned long long)p->n_base);
		put_seconds(t, p->worst);
		if (p->worst_slot >= 0)
			table_put(t, TABLE_RIGHT, "%lld", (long long)p->worst_slot);
		else
			table_put(t, TABLE_RIGHT, "-");
	}
	if (t)
		table_end(t);
}

static void print_gauges(const struct epoch_boundary *b)
{
	static const char *const heads[] = { "", "at the boundary", "otherwise", "difference [95 %]", "" };
	struct table *t = table_new(heads, 5, 4);

	for (int i = 0; t && i < EPOCH_GAUGES; i++) {
		const struct epoch_gauge *g = &b->gauges[i];

		if (isnan(g->window) || isnan(g->base))
			continue;
		table_put(t, TABLE_LEFT, "%s", g->name);
		table_put(t, TABLE_RIGHT, "%.4g", g->window);
		table_put(t, TABLE_RIGHT, "%.4g", g->base);
		if (isnan(g->effect.low))
			table_put(t, TABLE_RIGHT, "%+.3g", g->effect.difference);
		else
			table_put(t, TABLE_RIGHT, "%+.3g [%+.3g, %+.3g]", g->effect.difference, g->effect.low,
			          g->effect.high);
		table_put(t, TABLE_LEFT, "%s, %s", g->unit,
		          g->is_rate ? "in the window and elsewhere" : "after and before");
	}
	if (t)
		table_end(t);
}

static void print_missed(const struct epoch_boundary *b)
{
	char room[AMOUNT_MAX];

	printf("    missed slots: %llu in the window, %llu elsewhere", (unsigned long long)b->n_missed,
	       (unsigned long long)b->n_missed_base);
	for (uint32_t i = 0; i < b->n_missed_runs; i++) {
		printf("%s%lld", i ? ", " : ": ", (long long)b->missed[i].first_slot);
		if (b->missed[i].n > 1)
			printf("-%lld", (long long)(b->missed[i].first_slot + b->missed[i].n - 1));
		if (b->missed[i].pause_s > 0)
			printf(" (GC %s)", amount_span(room, b->missed[i].pause_s * 1e9));
	}
	printf("%s\n", b->n_missed_runs == EPOCH_MISSED_MAX ? ", ..." : "");
}

static void print_pauses(const struct epoch_boundary *b, const char *base)
{
	char total[AMOUNT_MAX], longest[AMOUNT_MAX], slot[AMOUNT_MAX];

	printf("    garbage collection: %llu pauses, %s in all, longest %s; %.2f %% of the time, %s elsewhere (%s)\n",
	       (unsigned long long)b->n_pauses, amount_span(total, b->pause_total_s * 1e9),
	       amount_span(longest, b->pause_longest_s * 1e9), 100 * b->gc_share, base, b->gc_from);
	if (b->boundary_pause_s > 0 || b->missed_pause_s > 0)
		printf("                        %s of the epoch's first slot",
		       amount_span(slot, b->boundary_pause_s * 1e9));
	if (b->missed_pause_s > 0)
		printf(", %s of the missed slots", amount_span(total, b->missed_pause_s * 1e9));
	if (b->boundary_pause_s > 0 || b->missed_pause_s > 0)
		(void)putchar('\n');
}

static void print_collections(const struct epoch_boundary *b)
{
	char base[AMOUNT_MAX] = "not measured";

	if (!isnan(b->gc_share_base))
		(void)snprintf(base, sizeof(base), "%.2f %%", 100 * b->gc_share_base);
	if (!b->gc_from[0] || isnan(b->gc_share))
		printf("    garbage collection: not measured\n");
	else if (b->has_pauses)
		print_pauses(b, base);
	else
		printf("    garbage collection: CPU time of %.2f %% of a core, %s elsewhere (the node's own sums; "
		       "no pauses without an eventlog)\n",
		       100 * b->gc_share, base);
}

static void print_rest(const struct epoch_boundary *b)
{
	char first[AMOUNT_MAX], delay[AMOUNT_MAX];

	if (b->n_snapshots)
		printf("    ledger snapshots: %llu, longest %s\n", (unsigned long long)b->n_snapshots,
		       amount_span(first, b->snapshot_longest_s * 1e9));
	if (b->silence_longest_s > 0)
		printf("    longest silence of the log: %s\n", amount_span(first, b->silence_longest_s * 1e9));
	if (!isnan(b->first_block_s))
		printf("    first block: adopted %s after the boundary, %s after the first node\n",
		       amount_span(first, b->first_block_s * 1e9), amount_span(delay, b->first_block_delay_s * 1e9));
}

static void print_tenth(const char *head, const struct epoch_boundary *b,
                        void put(const struct epoch_boundary *b, int i))
{
	printf("%s", head);
	for (int i = 0; i < EPOCH_TENTHS; i++) {
		(void)putchar(' ');
		if (b->tenth_is_seen[i])
			put(b, i);
		else
			(void)putchar('-');
		(void)putchar(i + 1 < EPOCH_TENTHS ? ',' : '\n');
	}
}

static void put_worst(const struct epoch_boundary *b, int i)
{
	char room[AMOUNT_MAX];

	printf("%s", amount_span(room, b->tenth_worst_loop_s[i] * 1e9));
}

static void put_missed(const struct epoch_boundary *b, int i)
{
	printf("%llu", (unsigned long long)b->tenth_missed[i]);
}

static void put_collecting(const struct epoch_boundary *b, int i)
{
	if (isnan(b->tenth_gc_share[i]))
		(void)putchar('-');
	else
		printf("%.1f %%", 100 * b->tenth_gc_share[i]);
}

/* The epoch that begins here in ten parts: what of it is worst where. `-`: the log had ended. */
static void print_tenths(const struct epoch_boundary *b)
{
	print_tenth("    tenths of the epoch: worst phase", b, put_worst);
	print_tenth("                         missed      ", b, put_missed);
	if (b->gc_from[0])
		print_tenth("                         collecting  ", b, put_collecting);
}

static void print_boundary(const struct epoch_boundary *b, int is_new_epoch)
{
	char room[AMOUNT_MAX];

	if (is_new_epoch)
		printf("%s: epoch %lld begins %s\n", b->run, (long long)b->epoch, amount_time(room, b->time_ns));
	printf("  %s: %s\n", b->node, b->sentence[0] ? b->sentence : "nothing stands out");
	print_missed(b);
	print_phases(b);
	print_collections(b);
	print_gauges(b);
	print_rest(b);
	print_tenths(b);
	printf("\n");
}

static int by_epoch(const void *a, const void *b)
{
	const struct epoch_boundary *x = a, *y = b;
	int run = strcmp(x->run, y->run);

	if (run || x->epoch != y->epoch)
		return run ? run : x->epoch < y->epoch ? -1 : 1;
	return strcmp(x->node, y->node);
}

/* ---- JSON ---- */

static void json_effect(struct jsonout *j, const struct samples_effect *e)
{
	jsonout_f64(j, "difference", e->difference);
	jsonout_f64(j, "low", e->low);
	jsonout_f64(j, "high", e->high);
}

static void json_phases(struct jsonout *j, const struct epoch_boundary *b)
{
	jsonout_array(j, "phases");
	for (int i = 0; i < EPOCH_PHASES; i++) {
		const struct epoch_phase *p = &b->phases[i];

		jsonout_object(j, NULL);
		jsonout_text(j, "phase", p->name);
		jsonout_u64(j, "n_window", p->n_window);
		jsonout_u64(j, "n_base", p->n_base);
		jsonout_f64(j, "window_s", p->window);
		jsonout_f64(j, "base_s", p->base);
		json_effect(j, &p->effect);
		jsonout_f64(j, "worst_s", p->worst);
		if (p->worst_slot >= 0)
			jsonout_i64(j, "worst_slot", p->worst_slot);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void json_gauges(struct jsonout *j, const struct epoch_boundary *b)
{
	jsonout_array(j, "gauges");
	for (int i = 0; i < EPOCH_GAUGES; i++) {
		const struct epoch_gauge *g = &b->gauges[i];

		if (isnan(g->window) || isnan(g->base))
			continue;
		jsonout_object(j, NULL);
		jsonout_text(j, "name", g->name);
		jsonout_text(j, "unit", g->unit);
		jsonout_text(j, "collector", g->from);
		jsonout_bool(j, "is_rate", g->is_rate);
		jsonout_f64(j, g->is_rate ? "window" : "after", g->window);
		jsonout_f64(j, g->is_rate ? "base" : "before", g->base);
		json_effect(j, &g->effect);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void json_missed(struct jsonout *j, const struct epoch_boundary *b)
{
	jsonout_object(j, "missed");
	jsonout_u64(j, "window", b->n_missed);
	jsonout_u64(j, "base", b->n_missed_base);
	jsonout_array(j, "runs");
	for (uint32_t i = 0; i < b->n_missed_runs; i++) {
		jsonout_object(j, NULL);
		jsonout_i64(j, "first_slot", b->missed[i].first_slot);
		jsonout_i64(j, "slots", b->missed[i].n);
		if (b->has_pauses)
			jsonout_u64(j, "pauses", b->missed[i].n_pauses);
		jsonout_f64(j, "pause_s", b->missed[i].pause_s);
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_end(j);
}

static void json_collections(struct jsonout *j, const struct epoch_boundary *b)
{
	jsonout_object(j, "gc");
	jsonout_text(j, "from", b->gc_from[0] ? b->gc_from : NULL);
	if (b->has_pauses) {
		jsonout_u64(j, "pauses", b->n_pauses);
		jsonout_f64(j, "pause_total_s", b->pause_total_s);
		jsonout_f64(j, "pause_longest_s", b->pause_longest_s);
		jsonout_f64(j, "boundary_slot_pause_s", b->boundary_pause_s);
		jsonout_f64(j, "missed_slots_pause_s", b->missed_pause_s);
	}
	jsonout_f64(j, "share", b->gc_share);
	jsonout_f64(j, "share_base", b->gc_share_base);
	jsonout_end(j);
}

static void json_tenths(struct jsonout *j, const struct epoch_boundary *b)
{
	jsonout_array(j, "tenths");
	for (int i = 0; i < EPOCH_TENTHS; i++) {
		jsonout_object(j, NULL);
		if (b->tenth_is_seen[i])
			jsonout_u64(j, "missed", b->tenth_missed[i]);
		else
			jsonout_null(j, "missed");
		jsonout_f64(j, "worst_phase_s", b->tenth_worst_loop_s[i]);
		jsonout_f64(j, "gc_share", b->tenth_gc_share[i]);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void json_boundary(struct jsonout *j, const struct epoch_boundary *b)
{
	jsonout_object(j, NULL);
	jsonout_text(j, "run", b->run);
	jsonout_text(j, "node", b->node);
	jsonout_i64(j, "epoch", b->epoch);
	jsonout_i64(j, "t_ns", b->time_ns);
	jsonout_i64(j, "from_ns", b->from_ns);
	jsonout_i64(j, "to_ns", b->to_ns);
	jsonout_text(j, "stands_out", b->sentence[0] ? b->sentence : NULL);
	json_missed(j, b);
	json_phases(j, b);
	json_collections(j, b);
	json_gauges(j, b);
	jsonout_u64(j, "snapshots", b->n_snapshots);
	jsonout_f64(j, "snapshot_longest_s", b->n_snapshots ? b->snapshot_longest_s : NAN);
	jsonout_f64(j, "silence_longest_s", b->silence_longest_s > 0 ? b->silence_longest_s : NAN);
	jsonout_f64(j, "first_block_s", b->first_block_s);
	jsonout_f64(j, "first_block_delay_s", b->first_block_delay_s);
	json_tenths(j, b);
	jsonout_end(j);
}

/* ---- The verb ---- */

/* `-60,+200`: slots before and after. */
static int parse_window(const char *text, struct epoch_config *config)
{
	char *end, *comma;
	long long before = strtoll(text, &comma, 10), after = *comma == ',' ? strtoll(comma + 1, &end, 10) : 0;

	if (*comma != ',' || *end || before > 0 || after < 0 || before < -WINDOW_SLOTS_MAX ||
	    after > WINDOW_SLOTS_MAX || after - before < 1) {
		say("epoch: --window %s: not of the form -60,+200", text);
		return -1;
	}
	config->before_slots = -before;
	config->after_slots = after;
	config->part = PART_ASKED;
	return 0;
}

static int show(struct store *s, const char *path, const struct epoch_config *config, int is_json)
{
	struct weir_error error = { "" };
	struct epochs e;

	if (epochs_read(s, config, &e, &error) < 0) {
		say("%s", error.text[0] ? error.text : "epoch: no memory");
		return EXIT_FAILED;
	}
	if (is_json) {
		struct jsonout j = jsonout_on(stdout, 0);

		jsonout_object(&j, NULL);
		jsonout_text(&j, "store", path);
		jsonout_array(&j, "boundaries");
		for (uint32_t i = 0; i < e.n; i++)
			json_boundary(&j, &e.at[i]);
		jsonout_end(&j);
		jsonout_end(&j);
	} else {
		qsort(e.at, e.n, sizeof(*e.at), by_epoch);
		for (uint32_t i = 0; i < e.n; i++)
			print_boundary(&e.at[i], i == 0 || e.at[i].epoch != e.at[i - 1].epoch ||
			                                 strcmp(e.at[i].run, e.at[i - 1].run) != 0);
	}
	epochs_done(&e);
	return EXIT_ALL;
}

int verb_epoch(int argc, char **argv)
{
	struct epoch_config config = { .before_slots = BEFORE_SLOTS, .after_slots = AFTER_SLOTS, .part = PART_DEFAULT };
	const char *argument;
	int row, is_json = 0, code;
	struct store *s;

	while ((row = page_next(&epoch_page, argc, argv, &argument)) >= 0) {
		if (row == EPOCH_WINDOW && parse_window(argument, &config) < 0)
			return EXIT_MISUSE;
		if (row == EPOCH_RUN)
			config.run = argument;
		if (row == EPOCH_NODE)
			config.node = argument;
		is_json |= row == EPOCH_JSON;
	}
	if (row != PAGE_DONE)
		return page_exit(row);
	s = reader_open("epoch", argv[optind]);
	if (!s)
		return EXIT_FAILED;
	code = show(s, argv[optind], &config, is_json);
	store_close(s);
	return code;
}
