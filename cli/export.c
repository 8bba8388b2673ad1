/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export.h"

#include "cli/amount.h"
#include "cli/metric.h"
#include "cli/reader.h"
#include "cli/rows.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "exports/replace.h"
#include "exports/timeline.h"
#include "store/store.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
	EXPORT_TO,
	EXPORT_OUTPUT,
	EXPORT_METRIC,
	EXPORT_NODE,
	EXPORT_RUN,
	EXPORT_COLLECTOR,
	EXPORT_AT,
	EXPORT_TRUE_IO,
};

static const struct page_option options[] = {
	[EXPORT_TO] = { "to", "chrome|csv|folded|locli|speedscope", "the format; see above", 0 },
	[EXPORT_OUTPUT] = { "output", "PATH", "where to; else stdout, for locli the run directory (.)", 'o' },
	[EXPORT_METRIC] = { "metric", "NAME", "which metric; profiles have a default, csv needs one", 'm' },
	[EXPORT_NODE] = { "node", "NODE", "of one node only", 0 },
	[EXPORT_RUN] = { "run", "TAG", "of one run only", 0 },
	[EXPORT_COLLECTOR] = { "collector", "NAME", "what one collector says, where several do", 0 },
	[EXPORT_AT] = { "at", "peak|end", "of a heap profile: where it is largest, or last, not the mean", 0 },
	[EXPORT_TRUE_IO] = { "true-io", NULL,
	                     "for locli: the run's logs, too, with NetRd, NetWr and CentiBlkIO as the store has them",
	                     0 },
};

const struct page export_page = {
	.verb = "export",
	.arguments =
		"STORE --to chrome|csv|folded|locli|speedscope [-o PATH] [--metric NAME] [--node NODE] [--true-io]",
	.about = "Writes what the store has in other tools' formats.\n\n"
		 "  chrome      what happened when, for https://ui.perfetto.dev and chrome://tracing: collections,\n"
		 "              threads, counters, messages, the forge loop, epoch boundaries\n"
		 "  csv         the rows of one metric, as its view has them\n"
		 "  folded      stacks for flame graphs, one a line; below the node's name when there are several\n"
		 "  locli       PATH/analysis/logs-NODE.flt.prof.json, and hlProfile in each\n"
		 "              PATH/analysis/log-manifest*.json, everything else in it kept; with\n"
		 "              --true-io all that `weir ingest --locli --true-io` makes of the run's logs, too\n"
		 "  speedscope  a profile for each node (https://www.speedscope.app)\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.min_arguments = 1,
	.max_arguments = 1,
};

typedef int export_format(struct store *s, struct export_request *r, FILE *file);

/* The shape of a metric is the name of its view, but for an s. */
static int find_view(struct store *s, const char *metric, char *ret, size_t size)
{
	sqlite3_stmt *q = reader_query(s, "export", "SELECT shape FROM metrics WHERE name = ?1",
	                               (const char *const[]){ metric }, 1);
	int result;

	if (!q)
		return -1;
	result = reader_step(q, "export");
	if (result > 0)
		(void)snprintf(ret, size, "%ss", reader_text(q, 0));
	else if (result == 0)
		say("export: %s: the store has no such metric; `weir dict` lists them", metric);
	(void)sqlite3_finalize(q);
	return result > 0 ? 0 : -1;
}

static int to_csv(struct store *s, struct export_request *r, FILE *file)
{
	char sql[256], view[32];
	sqlite3_stmt *q;
	int result;

	if (!r->choice.metric) {
		say("export: --to csv: needs --metric NAME; `weir dict STORE` lists them");
		return -1;
	}
	if (find_view(s, r->choice.metric, view, sizeof(view)) < 0)
		return -1;
	(void)snprintf(sql, sizeof(sql),
	               "SELECT * FROM %s WHERE metric = ?1 AND (?2 IS NULL OR run = ?2) AND (?3 IS NULL OR node = ?3)"
	               " AND (?4 IS NULL OR collector = ?4)",
	               view);
	q = reader_query(s, "export", sql,
	                 (const char *const[]){ r->choice.metric, r->choice.run, r->choice.node, r->choice.collector },
	                 4);
	if (!q)
		return -1;
	result = rows_csv(file, "export", q);
	(void)sqlite3_finalize(q);
	return result;
}

static void say_left_out(const struct timeline_result *result)
{
	char room[AMOUNT_MAX];

	for (uint32_t i = 0; i < result->n_left_out && i < TIMELINE_LEFT_OUT_MAX; i++)
		say("export: %s: %s is left out: its clock is %s%s", result->left_out[i].node,
		    result->left_out[i].collector,
		    result->left_out[i].clock_error_ns < 0 ? "not known" : "only known to within ",
		    result->left_out[i].clock_error_ns < 0
		            ? ""
		            : amount_span(room, (double)result->left_out[i].clock_error_ns));
	if (result->n_left_out > TIMELINE_LEFT_OUT_MAX)
		say("export: and %u more are left out for that", result->n_left_out - TIMELINE_LEFT_OUT_MAX);
}

static int to_chrome(struct store *s, struct export_request *r, FILE *file)
{
	struct timeline_choice choice = { .run = r->choice.run, .node = r->choice.node, .title = r->store_path };
	struct timeline_result result;
	struct weir_error error = { "" };

	if (timeline_write(s, &choice, file, &result, &error) < 0) {
		say("%s", error.text[0] ? error.text : "export: no memory");
		return -1;
	}
	say_left_out(&result);
	return 0;
}

/* A file is replaced when all of it was written, or not at all. */
static int run_format(struct store *s, struct export_request *r, export_format *format)
{
	struct replace out;
	struct weir_error error;
	int result;

	if (!r->output)
		return format(s, r, stdout) < 0 ? EXIT_FAILED : EXIT_ALL;
	if (replace_open_target(&out, r->output, &error) < 0) {
		say("%s", error.text);
		return EXIT_FAILED;
	}
	result = format(s, r, out.file);
	if (result == 0) {
		result = replace_commit(&out, &error);
		if (result < 0)
			say("%s", error.text);
	}
	replace_abort(&out);
	return result < 0 ? EXIT_FAILED : EXIT_ALL;
}

/* The run that is meant when only one can be. */
static int only_run(struct store *s, char *ret, size_t size)
{
	sqlite3_stmt *q = reader_query(s, "export", "SELECT run FROM runs ORDER BY run", NULL, 0);
	int n = 0, result;

	if (!q)
		return -1;
	while ((result = reader_step(q, "export")) > 0)
		if (n++ == 0)
			(void)snprintf(ret, size, "%s", reader_text(q, 0));
	(void)sqlite3_finalize(q);
	if (result == 0 && n != 1) {
		say("export: --to locli: the store has %d runs; choose one with --run", n);
		result = -1;
	}
	return result;
}

static int run_locli(struct store *s, const struct export_request *r)
{
	char run[METRIC_NAME_MAX];

	if (!r->choice.run && only_run(s, run, sizeof(run)) < 0)
		return EXIT_FAILED;
	if (r->is_true_io)
		return export_true_io(s, r, r->choice.run ? r->choice.run : run, r->output ? r->output : ".");
	return export_locli("export", s, r->choice.run ? r->choice.run : run, r->output ? r->output : ".", 0);
}

static const struct format {
	const char *name;
	export_format *format; /* NULL: many files, see run_locli() */
	int has_metric, has_node, has_collector, has_at, has_true_io;
} formats[] = {
	{ "chrome", to_chrome, .has_node = 1 },
	{ "csv", to_csv, .has_metric = 1, .has_node = 1, .has_collector = 1 },
	{ "folded", export_folded, 1, 1, 1, 1, 0 },
	{ "locli", NULL, .has_true_io = 1 },
	{ "speedscope", export_speedscope, 1, 1, 1, 1, 0 },
};

/* What would choose nothing is refused, so that nobody takes a whole for the part that was asked for. */
static int is_apt(const struct format *f, const struct export_request *r)
{
	const struct {
		const char *option;
		int is_given, is_taken;
	} table[] = {
		{ "metric", r->choice.metric != NULL, f->has_metric },
		{ "node", r->choice.node != NULL, f->has_node },
		{ "collector", r->choice.collector != NULL, f->has_collector },
		{ "at", r->choice.when != PROFILE_ALL, f->has_at },
		{ "true-io", r->is_true_io, f->has_true_io },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].is_given && !table[i].is_taken) {
			say("export: --to %s: takes no --%s", f->name, table[i].option);
			return 0;
		}
	return 1;
}

/* NULL: there is none, or it takes less than was given, and it was said. */
static const struct format *find_format(const struct export_request *r)
{
	for (size_t i = 0; r->format && i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, r->format) == 0)
			return is_apt(&formats[i], r) ? &formats[i] : NULL;
	say("export: --to %s: has to be one of chrome, csv, folded, locli, speedscope", r->format ? r->format : "");
	return NULL;
}

int verb_export(int argc, char **argv)
{
	struct export_request r = { 0 };
	const struct page_place places[] = { [EXPORT_TO] = { .text = &r.format },
		                             [EXPORT_OUTPUT] = { .text = &r.output },
		                             [EXPORT_METRIC] = { .text = &r.choice.metric },
		                             [EXPORT_NODE] = { .text = &r.choice.node },
		                             [EXPORT_RUN] = { .text = &r.choice.run },
		                             [EXPORT_COLLECTOR] = { .text = &r.choice.collector },
		                             [EXPORT_TRUE_IO] = { .is_given = &r.is_true_io } };
	const struct format *f;
	const char *argument;
	struct store *s;
	int row, code;

	while ((row = page_next(&export_page, argc, argv, &argument)) >= 0)
		if ((row == EXPORT_AT ? metric_when("export", argument, &r.choice.when)
		                      : page_put(&export_page, places, row, argument)) < 0)
			return EXIT_MISUSE;
	if (row != PAGE_DONE)
		return page_exit(row);
	f = find_format(&r);
	if (!f)
		return EXIT_MISUSE;
	r.store_path = argv[optind];
	s = reader_open("export", r.store_path);
	if (!s)
		return EXIT_FAILED;
	code = f->format ? run_format(s, &r, f->format) : run_locli(s, &r);
	store_close(s);
	return code;
}
