/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reader.h"
#include "cli/rows.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "store/store.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
	SQL_JSON,
	SQL_CSV,
};

static const struct page_option options[] = {
	[SQL_JSON] = { "json", NULL, "an array of row objects", 0 },
	[SQL_CSV] = { "csv", NULL, "comma-separated values with a line of names", 0 },
};

const struct page sql_page = {
	.verb = "sql",
	.arguments = "STORE 'select ...' [--json|--csv]",
	.about = "Asks the store in SQL. Views: numbers, histograms, spans, weights, sources, diags, components,\n"
		 "metrics (docs/schema.md). Nothing can be changed. Prints a text table.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.min_arguments = 2,
	.max_arguments = 2,
};

/* Whether there is a second statement behind the one that was prepared. */
static int has_more(sqlite3_stmt *q, const char *text)
{
	const char *rest = text + strlen(sqlite3_sql(q));

	while (isspace((unsigned char)*rest) || *rest == ';')
		rest++;
	return *rest != 0;
}

static int run(struct store *s, const char *text, int format)
{
	sqlite3_stmt *q;
	int result;

	reader_lock(s);
	q = reader_query(s, "sql", text, NULL, 0);
	if (!q)
		return EXIT_FAILED;
	if (sqlite3_column_count(q) == 0 || has_more(q, text)) {
		say("sql: %s: %s", text, sqlite3_column_count(q) ? "one statement at a time" : "not a query");
		(void)sqlite3_finalize(q);
		return EXIT_FAILED;
	}
	if (format == SQL_JSON)
		result = rows_json(stdout, "sql", q);
	else if (format == SQL_CSV)
		result = rows_csv(stdout, "sql", q);
	else
		result = rows_table("sql", q);
	(void)sqlite3_finalize(q);
	return result < 0 ? EXIT_FAILED : EXIT_ALL;
}

int verb_sql(int argc, char **argv)
{
	const char *argument;
	int row, format = -1, code;
	struct store *s;

	while ((row = page_next(&sql_page, argc, argv, &argument)) >= 0)
		format = row;
	if (row != PAGE_DONE)
		return page_exit(row);
	s = reader_open("sql", argv[optind]);
	if (!s)
		return EXIT_FAILED;
	code = run(s, argv[optind + 1], format);
	store_close(s);
	return code;
}
