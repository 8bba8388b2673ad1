/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/metric.h"

#include "cli/reader.h"
#include "cli/say.h"

#include <stdio.h>

int metric_pick(struct store *s, const char *verb, const struct profile_choice *choice, char *ret, size_t size)
{
	sqlite3_stmt *q = reader_query(s, verb,
	                               "SELECT metric FROM totals WHERE shape = 'weight' AND (?1 IS NULL OR run = ?1) "
	                               "AND (?2 IS NULL OR node = ?2)"
	                               " GROUP BY metric ORDER BY CASE metric WHEN 'ghc.profile.ticks' THEN 1 WHEN "
	                               "'ghc.profile.time_share' THEN 2"
	                               " WHEN 'ghc.profile.alloc' THEN 3 WHEN 'ghc.profile.alloc_share' THEN 4 WHEN "
	                               "'ghc.heap.residency' THEN 5"
	                               " ELSE 6 END, metric",
	                               (const char *const[]){ choice->run, choice->node }, 2);
	int n = 0, result;

	if (!q)
		return -1;
	while ((result = reader_step(q, verb)) > 0)
		if (n++ == 0)
			(void)snprintf(ret, size, "%s", reader_text(q, 0));
	(void)sqlite3_finalize(q);
	if (result == 0 && n == 0)
		say("%s: there are no profiles of what was asked for; `weir summary` shows what the store has", verb);
	return result < 0 || n == 0 ? -1 : 0;
}
