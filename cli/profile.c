/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/profile.h"

#include "analysis/profile_load.h"
#include "cli/metric.h"
#include "cli/reader.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "store/store.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PROFILE_METRIC,
	PROFILE_AT,
	PROFILE_TOP,
	PROFILE_TREE,
	PROFILE_MIN,
	PROFILE_NODE,
	PROFILE_RUN,
	PROFILE_COLLECTOR,
	PROFILE_DIFF,
	PROFILE_JSON,
};

static const struct page_option options[] = {
	[PROFILE_METRIC] = { "metric", "NAME", "which weights: ticks, alloc, heap.residency ..., or a whole name",
	                     'm' },
	[PROFILE_AT] = { "at", "peak|end", "of a heap profile: where it is largest, or last, not the mean", 0 },
	[PROFILE_TOP] = { "top", "N", "rows of the flat table (30); 0: all", 'n' },
	[PROFILE_TREE] = { "tree", NULL, "the tree of stacks", 't' },
	[PROFILE_MIN] = { "min", "PERCENT", "leave out lighter stacks of the tree (1)", 0 },
	[PROFILE_NODE] = { "node", "NODE", "of one node only", 0 },
	[PROFILE_RUN] = { "run", "TAG", "of one run only", 0 },
	[PROFILE_COLLECTOR] = { "collector", "NAME", "what one collector says, where several do", 0 },
	[PROFILE_DIFF] = { "diff", "STORE2", "what changed from STORE to STORE2, by names", 0 },
	[PROFILE_JSON] = { "json", NULL, "as JSON (docs/json.md); all rows unless --top is given", 0 },
};

const struct page profile_page = {
	.verb = "profile",
	.arguments = "STORE [--metric NAME] [--at peak|end] [--top N] [--tree] [--node NODE] [--diff STORE2] [--json]",
	.about = "Shows where time, allocation or heap went: by cost centre, or as a tree of stacks. Stacks of all\n"
		 "sources are merged by module and name; over several nodes there is a mean and a range, and a node\n"
		 "that was measured and hasn't a stack counts as 0.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.min_arguments = 1,
	.max_arguments = 1,
};

enum {
	TOP_DEFAULT = 30,
	UNIT_MAX = 64,
};

struct request {
	struct profile_choice choice;
	const char *other; /* store to compare with */
	int64_t n_top;
	double min_percent;
	int is_tree, is_json;
};

static void print_others(struct store *s, const struct request *r)
{
	sqlite3_stmt *q = reader_query(
		s, "profile",
		"SELECT metric, count(DISTINCT run || '/' || node) FROM totals WHERE shape = 'weight' AND"
		" metric <> ?1 AND (?2 IS NULL OR run = ?2) AND (?3 IS NULL OR node = ?3)"
		" AND (?4 IS NULL OR collector = ?4) GROUP BY metric ORDER BY metric",
		(const char *const[]){ r->choice.metric, r->choice.run, r->choice.node, r->choice.collector }, 4);
	int n = 0;

	if (!q)
		return;
	while (reader_step(q, "profile") > 0)
		printf("%s%s (%s node%s)", n++ ? ", " : "\nalso, with --metric: ", reader_text(q, 0), reader_text(q, 1),
		       sqlite3_column_int64(q, 1) == 1 ? "" : "s");
	if (n > 0)
		(void)putchar('\n');
	(void)sqlite3_finalize(q);
}

static struct profile_set *load(struct store *from, struct store *to, const struct request *r)
{
	char unit[UNIT_MAX], other_unit[UNIT_MAX];
	struct profile_set *set = NULL;
	struct weir_error error;
	uint32_t n, n_all = 0;
	int result = profile_unit(from, r->choice.metric, unit, sizeof(unit), &error);

	if (result == 0 && to)
		result = profile_unit(to, r->choice.metric, other_unit, sizeof(other_unit), &error);
	if (result == 0 && to && strcmp(unit, other_unit) != 0) {
		say("profile: %s: %s in one store and %s in the other", r->choice.metric, unit, other_unit);
		return NULL;
	}
	if (result == 0)
		set = profile_set_new(r->choice.metric, unit, r->choice.identity);
	if (set) {
		result = profile_load(from, &r->choice, 0, set, &n, &error);
		n_all += n;
		if (result == 0 && to) {
			result = profile_load(to, &r->choice, 1, set, &n, &error);
			n_all += n;
		}
		if (result == 0)
			result = profile_set_finish(set, &error);
	}
	if (result == 0 && set && n_all > 0)
		return set;
	say("%s", result < 0 ? error.text
	          : set && r->choice.when != PROFILE_ALL
	                  ? "profile: --at is for heap profiles: this metric has no values at points in time"
	          : set ? "profile: no source of that run and node has the metric"
	                : "no memory");
	profile_set_free(set);
	return NULL;
}

static void show(struct store *s, const struct request *r, const struct profile_set *set)
{
	struct profile_view view = { .set = set,
		                     .is_diff = r->other != NULL,
		                     .n_top = (uint32_t)(r->n_top >= 0 ? r->n_top
		                                         : r->is_json  ? 0
		                                                       : TOP_DEFAULT),
		                     .min_percent = r->min_percent >= 0 ? r->min_percent
		                                    : r->is_json        ? 0
		                                                        : 1,
		                     .when = r->choice.when,
		                     .is_tree = r->is_tree };

	if (r->is_json) {
		profile_print_json(&view);
		return;
	}
	for (uint32_t i = 0; i < profile_set_count(set); i++) {
		if (i > 0)
			(void)putchar('\n');
		profile_print(&view, profile_set_at(set, i));
	}
	print_others(s, r);
}

/* One run is of one build, as far as anybody can tell. */
static enum profile_identity identity(struct store *s, const struct request *r)
{
	sqlite3_stmt *q = reader_query(s, "profile", "SELECT count(*) FROM runs", NULL, 0);
	int is_one = r->choice.run || (q && reader_step(q, "profile") > 0 && sqlite3_column_int64(q, 0) == 1);

	(void)sqlite3_finalize(q);
	return is_one && !r->other ? PROFILE_BY_SOURCE : PROFILE_BY_NAME;
}

static int run(struct store *from, struct store *to, struct request *r)
{
	char metric[METRIC_NAME_MAX];
	struct profile_set *set;

	r->choice.identity = identity(from, r);
	if (metric_choose(from, to, "profile", &r->choice, metric, sizeof(metric)) < 0)
		return EXIT_FAILED;
	r->choice.metric = metric;
	set = load(from, to, r);
	if (!set)
		return EXIT_FAILED;
	show(from, r, set);
	profile_set_free(set);
	return EXIT_ALL;
}

static int take(struct request *r, int row, const char *argument)
{
	const struct page_place places[] = { [PROFILE_METRIC] = { .text = &r->choice.metric },
		                             [PROFILE_TREE] = { .is_given = &r->is_tree },
		                             [PROFILE_NODE] = { .text = &r->choice.node },
		                             [PROFILE_RUN] = { .text = &r->choice.run },
		                             [PROFILE_COLLECTOR] = { .text = &r->choice.collector },
		                             [PROFILE_DIFF] = { .text = &r->other },
		                             [PROFILE_JSON] = { .is_given = &r->is_json } };
	char *end;

	switch (row) {
	case PROFILE_AT:
		return metric_when("profile", argument, &r->choice.when);
	case PROFILE_TOP:
		return page_number(&profile_page, "top", argument, 0, INT32_MAX, &r->n_top);
	case PROFILE_MIN:
		r->min_percent = strtod(argument, &end);
		if (end != argument && !*end && r->min_percent >= 0 && r->min_percent <= 100)
			return 0;
		say("profile: --min %s: not a percentage", argument);
		return -EINVAL;
	default:
		return page_put(&profile_page, places, row, argument);
	}
}

int verb_profile(int argc, char **argv)
{
	struct request r = { .n_top = -1, .min_percent = -1 };
	struct store *from, *to = NULL;
	const char *argument;
	int row, code;

	while ((row = page_next(&profile_page, argc, argv, &argument)) >= 0)
		if (take(&r, row, argument) < 0)
			return EXIT_MISUSE;
	if (row != PAGE_DONE)
		return page_exit(row);
	from = reader_open("profile", argv[optind]);
	if (from && r.other)
		to = reader_open("profile", r.other);
	code = from && (to || !r.other) ? run(from, to, &r) : EXIT_FAILED;
	store_close(to);
	store_close(from);
	return code;
}
