/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export.h"

#include "analysis/profile_load.h"
#include "cli/amount.h"
#include "cli/metric.h"
#include "cli/reader.h"
#include "cli/rows.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "exports/profile_out.h"
#include "exports/replace.h"
#include "exports/timeline.h"
#include "store/store.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	EXPORT_TO,
	EXPORT_OUTPUT,
	EXPORT_METRIC,
	EXPORT_NODE,
	EXPORT_RUN,
	EXPORT_COLLECTOR,
	EXPORT_AT,
};

static const struct page_option options[] = {
	[EXPORT_TO] = { "to", "chrome|csv|folded|locli|speedscope", "the format; see above", 0 },
	[EXPORT_OUTPUT] = { "output", "PATH", "where to; else stdout, for locli the run directory (.)", 'o' },
	[EXPORT_METRIC] = { "metric", "NAME", "which metric; profiles have a default, csv needs one", 'm' },
	[EXPORT_NODE] = { "node", "NODE", "of one node only", 0 },
	[EXPORT_RUN] = { "run", "TAG", "of one run only", 0 },
	[EXPORT_COLLECTOR] = { "collector", "NAME", "of a profile: what one collector says, where several do", 0 },
	[EXPORT_AT] = { "at", "peak|end", "of a heap profile: where it is largest, or last, not the mean", 0 },
};

const struct page export_page = {
	.verb = "export",
	.arguments = "STORE --to chrome|csv|folded|locli|speedscope [-o PATH] [--metric NAME] [--node NODE]",
	.about = "Writes what the store has in other tools' formats.\n\n"
		 "  chrome      what happened when, for https://ui.perfetto.dev and chrome://tracing: collections,\n"
		 "              threads, counters, messages, the forge loop, epoch boundaries\n"
		 "  csv         the rows of one metric, as its view has them\n"
		 "  folded      stacks for flame graphs, one a line; below the node's name when there are several\n"
		 "  locli       PATH/analysis/logs-NODE.flt.prof.json, and hlProfile in each\n"
		 "              PATH/analysis/log-manifest*.json, everything else in it kept\n"
		 "  speedscope  a profile for each node (https://www.speedscope.app)\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.min_arguments = 1,
	.max_arguments = 1,
};

struct request {
	struct profile_choice choice;
	const char *format, *output, *store_path, *at;
	char metric[METRIC_NAME_MAX];
};

/* A node that has the metric. */
struct subject {
	char *run, *node;
};

struct subjects {
	struct subject *at;
	uint32_t n;
};

typedef int export_format(struct store *s, struct request *r, FILE *file);

static void subjects_done(struct subjects *list)
{
	for (uint32_t i = 0; i < list->n; i++) {
		free(list->at[i].run);
		free(list->at[i].node);
	}
	free(list->at);
	*list = (struct subjects){ 0 };
}

static int add_subject(struct subjects *list, const char *run, const char *node)
{
	struct subject *more = reallocarray(list->at, list->n + 1, sizeof(*more));

	if (!more)
		return -1;
	list->at = more;
	more[list->n] = (struct subject){ strdup(run), strdup(node) };
	if (!more[list->n].run || !more[list->n].node) {
		free(more[list->n].run);
		free(more[list->n].node);
		return -1;
	}
	list->n++;
	return 0;
}

static int find_subjects(struct store *s, const struct profile_choice *choice, struct subjects *ret)
{
	sqlite3_stmt *q =
		reader_query(s, "export",
	                     "SELECT DISTINCT run, node FROM totals WHERE metric = ?1 AND (?2 IS NULL OR run = ?2)"
	                     " AND (?3 IS NULL OR node = ?3) ORDER BY run, node",
	                     (const char *const[]){ choice->metric, choice->run, choice->node }, 3);
	int result;

	*ret = (struct subjects){ 0 };
	if (!q)
		return -1;
	while ((result = reader_step(q, "export")) > 0) {
		if (add_subject(ret, reader_text(q, 0), reader_text(q, 1)) < 0) {
			say("export: no memory");
			result = -1;
			break;
		}
	}
	(void)sqlite3_finalize(q);
	if (result == 0 && ret->n == 0) {
		say("export: %s: no node has it; `weir summary` shows what the store has", choice->metric);
		result = -1;
	}
	if (result < 0)
		subjects_done(ret);
	return result;
}

/* What is done with one node's profiles. name: of the node, unique in the export. */
struct writing {
	FILE *file;
	struct speedscope *speedscope;
	int has_many;
};
typedef int write_profiles(struct writing *w, const struct profile_set *set, const char *name);

static int write_folded(struct writing *w, const struct profile_set *set, const char *name)
{
	for (uint32_t i = 0; i < profile_set_count(set); i++)
		folded_write(w->file, set, profile_set_at(set, i), w->has_many ? name : NULL);
	return 0;
}

static int write_speedscope(struct writing *w, const struct profile_set *set, const char *name)
{
	char *title;
	int result = 0;

	for (uint32_t i = 0; i < profile_set_count(set) && result == 0; i++) {
		const struct profile *p = profile_set_at(set, i);
		int has_attrs = strcmp(p->attrs, "{}") != 0;

		if (asprintf(&title, "%s: %s%s%s", name, p->metric, has_attrs ? " " : "", has_attrs ? p->attrs : "") <
		    0)
			return -1;
		result = speedscope_profile(w->speedscope, set, p, title);
		free(title);
	}
	return result;
}

static int has_runs(const struct subjects *list)
{
	for (uint32_t i = 1; i < list->n; i++)
		if (strcmp(list->at[i].run, list->at[0].run) != 0)
			return 1;
	return 0;
}

static int write_one(struct store *s, const struct request *r, const struct subject *of, int has_run, struct writing *w,
                     write_profiles *write)
{
	struct profile_choice choice = { .metric = r->choice.metric,
		                         .run = of->run,
		                         .node = of->node,
		                         .collector = r->choice.collector,
		                         .when = r->choice.when,
		                         .identity = PROFILE_BY_SOURCE };
	struct profile_set *set;
	struct weir_error error;
	char *name;
	int result = profile_set_load(s, &choice, &set, &error);

	if (result < 0) {
		say("export: %s", error.text);
		return result;
	}
	if (!set)
		return 0;
	result = asprintf(&name, "%s%s%s", has_run ? of->run : "", has_run ? "/" : "", of->node);
	if (result >= 0) {
		result = write(w, set, name);
		free(name);
	}
	if (result < 0)
		say("export: no memory");
	profile_set_free(set);
	return result;
}

/* Node by node, so that only one node's profile is in memory. */
static int write_nodes(struct store *s, struct request *r, struct writing *w, write_profiles *write)
{
	struct subjects list;
	int result;

	if (find_subjects(s, &r->choice, &list) < 0)
		return -1;
	w->has_many = list.n > 1;
	result = 0;
	for (uint32_t i = 0; i < list.n && result == 0; i++)
		result = write_one(s, r, &list.at[i], has_runs(&list), w, write);
	subjects_done(&list);
	return result;
}

static int pick(struct store *s, struct request *r)
{
	if ((r->choice.metric ? metric_find : metric_pick)(s, "export", &r->choice, r->metric, sizeof(r->metric)) < 0)
		return -1;
	r->choice.metric = r->metric;
	return 0;
}

static int to_folded(struct store *s, struct request *r, FILE *file)
{
	struct writing w = { .file = file };

	return pick(s, r) < 0 ? -1 : write_nodes(s, r, &w, write_folded);
}

static int to_speedscope(struct store *s, struct request *r, FILE *file)
{
	struct writing w = { .file = file };
	int result;

	if (pick(s, r) < 0)
		return -1;
	w.speedscope = speedscope_begin(file, r->store_path);
	if (!w.speedscope) {
		say("export: no memory");
		return -1;
	}
	result = write_nodes(s, r, &w, write_speedscope);
	speedscope_end(w.speedscope);
	return result;
}

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

static int to_csv(struct store *s, struct request *r, FILE *file)
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
	               "SELECT * FROM %s WHERE metric = ?1 AND (?2 IS NULL OR run = ?2) AND (?3 IS NULL OR node = ?3)",
	               view);
	q = reader_query(s, "export", sql, (const char *const[]){ r->choice.metric, r->choice.run, r->choice.node }, 3);
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

static int to_chrome(struct store *s, struct request *r, FILE *file)
{
	struct timeline_choice choice = { .run = r->choice.run, .node = r->choice.node, .title = r->store_path };
	struct timeline_result result;
	struct weir_error error = { "" };

	if (r->choice.metric) {
		say("export: --to chrome: takes no --metric");
		return -1;
	}
	if (timeline_write(s, &choice, file, &result, &error) < 0) {
		say("%s", error.text[0] ? error.text : "export: no memory");
		return -1;
	}
	say_left_out(&result);
	return 0;
}

/* A file is replaced when all of it was written, or not at all. */
static int run_format(struct store *s, struct request *r, export_format *format)
{
	struct replace out;
	struct weir_error error;
	int result;

	if (!r->output)
		return format(s, r, stdout) < 0 ? EXIT_FAILED : EXIT_ALL;
	if (replace_open(&out, r->output, &error) < 0) {
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

static int run_locli(struct store *s, const struct request *r)
{
	char run[METRIC_NAME_MAX];

	if (r->choice.node || r->choice.metric) {
		say("export: --to locli: writes all nodes of a run; --node and --metric choose nothing here");
		return EXIT_MISUSE;
	}
	if (!r->choice.run && only_run(s, run, sizeof(run)) < 0)
		return EXIT_FAILED;
	return export_locli("export", s, r->choice.run ? r->choice.run : run, r->output ? r->output : ".", 0);
}

static const struct {
	const char *name;
	export_format *format; /* NULL: many files, see run_locli() */
} formats[] = {
	{ "chrome", to_chrome },         { "csv", to_csv }, { "folded", to_folded }, { "locli", NULL },
	{ "speedscope", to_speedscope },
};

static int run(struct store *s, struct request *r)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, r->format) == 0)
			return formats[i].format ? run_format(s, r, formats[i].format) : run_locli(s, r);
	return EXIT_MISUSE;
}

static int is_format(const char *name)
{
	for (size_t i = 0; name && i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return 1;
	say("export: --to %s: has to be one of chrome, csv, folded, locli, speedscope", name ? name : "");
	return 0;
}

static int is_when(const char *text, enum profile_when *ret)
{
	*ret = !text ? PROFILE_ALL : strcmp(text, "peak") == 0 ? PROFILE_PEAK : PROFILE_END;
	if (!text || strcmp(text, "peak") == 0 || strcmp(text, "end") == 0)
		return 1;
	say("export: --at %s: has to be peak or end", text);
	return 0;
}

int verb_export(int argc, char **argv)
{
	struct request r = { 0 };
	const char **places[] = { [EXPORT_TO] = &r.format,
		                  [EXPORT_OUTPUT] = &r.output,
		                  [EXPORT_METRIC] = &r.choice.metric,
		                  [EXPORT_NODE] = &r.choice.node,
		                  [EXPORT_RUN] = &r.choice.run,
		                  [EXPORT_COLLECTOR] = &r.choice.collector,
		                  [EXPORT_AT] = &r.at };
	const char *argument;
	struct store *s;
	int row, code;

	while ((row = page_next(&export_page, argc, argv, &argument)) >= 0)
		*places[row] = argument;
	if (row != PAGE_DONE)
		return page_exit(row);
	if (!is_format(r.format) || !is_when(r.at, &r.choice.when))
		return EXIT_MISUSE;
	r.store_path = argv[optind];
	s = reader_open("export", r.store_path);
	if (!s)
		return EXIT_FAILED;
	code = run(s, &r);
	store_close(s);
	return code;
}
