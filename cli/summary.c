/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/summary.h"

#include "cli/say.h"
#include "cli/verbs.h"
#include "store/store.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SUMMARY_RUN,
	SUMMARY_JSON,
};

static const struct page_option options[] = {
	[SUMMARY_RUN] = { "run", "TAG", "of one run only", 0 },
	[SUMMARY_JSON] = { "json", NULL, "as JSON (docs/json.md)", 0 },
};

const struct page summary_page = {
	.verb = "summary",
	.arguments = "STORE [--run TAG] [--json]",
	.about =
		"Shows what is in a store: runs and what is known of them, nodes, sources with their ledger, headline\n"
		"numbers, what was bad, and which files nobody claimed.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.min_arguments = 1,
	.max_arguments = 1,
};

static long long count_at(sqlite3_stmt *q, int column)
{
	return sqlite3_column_int64(q, column);
}

static const char *plural_at(sqlite3_stmt *q, int column)
{
	return count_at(q, column) == 1 ? "" : "s";
}

static int print_counts(struct store *s)
{
	sqlite3_stmt *q =
		reader_query(s, "summary",
	                     "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM nodes), count(*),"
	                     " count(*) FILTER (WHERE status = 'ok'), count(*) FILTER (WHERE status = 'partial'),"
	                     " count(*) FILTER (WHERE status = 'failed') FROM sources",
	                     NULL, 0);
	int result = q ? reader_step(q, "summary") : -1;

	if (result > 0)
		printf("%lld run%s, %lld node%s, %lld source%s: %lld ok, %lld partial, %lld failed\n", count_at(q, 0),
		       plural_at(q, 0), count_at(q, 1), plural_at(q, 1), count_at(q, 2), plural_at(q, 2),
		       count_at(q, 3), count_at(q, 4), count_at(q, 5));
	(void)sqlite3_finalize(q);
	return result < 0 ? -1 : 0;
}

static int print_runs(struct store *s, const char *run, struct jsonout *j)
{
	sqlite3_stmt *q = reader_query(s, "summary", "SELECT run FROM runs WHERE ?1 IS NULL OR run = ?1 ORDER BY run",
	                               (const char *const[]){ run }, 1);
	int n = 0, result = q ? 0 : -1;

	while (result == 0 && (result = reader_step(q, "summary")) > 0) {
		n++;
		result = j ? summary_json_run(s, reader_text(q, 0), j) : summary_print_run(s, reader_text(q, 0));
	}
	(void)sqlite3_finalize(q);
	if (result == 0 && n == 0 && run) {
		say("summary: %s: the store has no such run", run);
		return -1;
	}
	return result;
}

static int run_text(struct store *s, const char *path, const char *run)
{
	printf("%s: ", path);
	return print_counts(s) < 0 ? -1 : print_runs(s, run, NULL);
}

static int run_json(struct store *s, const char *path, const char *run)
{
	struct jsonout j = jsonout_on(stdout, 0);
	int result;

	jsonout_object(&j, NULL);
	jsonout_text(&j, "store", path);
	jsonout_array(&j, "runs");
	result = print_runs(s, run, &j);
	while (j.depth > 0)
		jsonout_end(&j);
	return result;
}

int verb_summary(int argc, char **argv)
{
	const char *argument, *run = NULL;
	int row, is_json = 0, result;
	struct store *s;

	while ((row = page_next(&summary_page, argc, argv, &argument)) >= 0) {
		if (row == SUMMARY_RUN)
			run = argument;
		else
			is_json = 1;
	}
	if (row != PAGE_DONE)
		return page_exit(row);
	s = reader_open("summary", argv[optind]);
	if (!s)
		return EXIT_FAILED;
	result = is_json ? run_json(s, argv[optind], run) : run_text(s, argv[optind], run);
	store_close(s);
	return result < 0 ? EXIT_FAILED : EXIT_ALL;
}
