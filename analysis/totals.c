/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/totals.h"

#include "store/query.h"

static int run(struct store *s, const char *sql, struct weir_error *reterr)
{
	sqlite3_stmt *q;
	int result = query_prepare(s, sql, &q, reterr);

	if (result < 0)
		return result;
	result = query_step(s, q, reterr);
	(void)sqlite3_finalize(q);
	return result < 0 ? result : 0;
}

int totals_keep(struct store *s, struct weir_error *reterr)
{
	/* A reader's connection refuses to write, to its own temporary tables too; the store itself is not touched. */
	static const char *const statements[] = {
		"PRAGMA query_only = OFF",
		"CREATE TEMP TABLE IF NOT EXISTS kept_totals AS SELECT * FROM totals",
		"CREATE INDEX IF NOT EXISTS temp.kept_totals_place ON kept_totals (run, node, metric)",
		"PRAGMA query_only = ON",
	};
	int result = 0;

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && result == 0; i++)
		result = run(s, statements[i], reterr);
	return result;
}
