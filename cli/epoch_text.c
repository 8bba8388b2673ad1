/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/amount.h"
#include "cli/epoch.h"
#include "cli/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

static int is_known(const struct epoch_gauge *g)
{
	return !isnan(g->window) && !isnan(g->base);
}

static void print_gauges(const struct epoch_boundary *b)
{
	static const char *const heads[] = { "", "at the boundary", "otherwise", "difference [95 %]", "" };
	struct table *t = NULL;

	for (int i = 0; i < EPOCH_GAUGES; i++) {
		const struct epoch_gauge *g = &b->gauges[i];

		if (!is_known(g))
			continue;
		if (!t)
			t = table_new(heads, 5, 4);
		if (!t)
			return;
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

/* Who forged it, and how long it took to come here. */
static void print_forger(const struct epoch_boundary *b)
{
	const struct epoch_first_block *f = &b->first_block;
	char room[AMOUNT_MAX];

	if (f->slot >= 0)
		printf("                 of slot %lld", (long long)f->slot);
	if (f->forger) {
		printf(", forged by %s", f->forger);
		if (f->forging_s >= 0)
			printf(" %s into the slot", amount_span(room, f->forging_s * 1e9));
		if (strcmp(f->forger, b->node) == 0 && !isnan(f->adoption_s))
			printf(", adopted after %s", amount_span(room, f->adoption_s * 1e9));
		else if (f->propagation_s >= 0)
			printf(", here after %s", amount_span(room, f->propagation_s * 1e9));
		if (f->propagation_s >= 0 && !isnan(f->propagation_base_s))
			printf(" (others after %s)", amount_span(room, f->propagation_base_s * 1e9));
	}
	if (f->gap_slots >= 0)
		printf("; %lld slots after the block before it", (long long)f->gap_slots);
	if (f->gap_slots >= 0 && !isnan(f->gap_base_slots))
		printf(" (others after %.3g)", f->gap_base_slots);
	if (f->slot >= 0)
		(void)putchar('\n');
}

static void print_first_block(const struct epoch_boundary *b)
{
	char first[AMOUNT_MAX], delay[AMOUNT_MAX];

	if (isnan(b->first_block_s))
		return;
	printf("    first block: adopted %s after the boundary", amount_span(first, b->first_block_s * 1e9));
	if (b->first_block_delay_s > 0)
		printf(", %s after the first node", amount_span(delay, b->first_block_delay_s * 1e9));
	(void)putchar('\n');
	print_forger(b);
}

static void print_obstacles(const struct epoch_boundary *b)
{
	for (uint32_t i = 0; i < b->n_obstacles; i++)
		printf("%s%s %llu in the window, %llu elsewhere%s", i ? "; " : "    in the way: ", b->obstacles[i].name,
		       (unsigned long long)b->obstacles[i].n_window, (unsigned long long)b->obstacles[i].n_base,
		       i + 1 == b->n_obstacles ? "\n" : "");
}

static void print_rest(const struct epoch_boundary *b)
{
	char first[AMOUNT_MAX];

	if (b->n_snapshots)
		printf("    ledger snapshots: %llu, longest %s\n", (unsigned long long)b->n_snapshots,
		       amount_span(first, b->snapshot_longest_s * 1e9));
	if (b->silence_longest_s > 0)
		printf("    longest silence of the log: %s\n", amount_span(first, b->silence_longest_s * 1e9));
	print_obstacles(b);
	print_first_block(b);
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

	printf("%s", isnan(b->tenth_worst_loop_s[i]) ? "-" : amount_span(room, b->tenth_worst_loop_s[i] * 1e9));
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

void epoch_print(const struct epoch_boundary *b, int is_new_epoch)
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
