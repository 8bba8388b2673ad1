/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/metric.h"

#include "cli/reader.h"
#include "cli/say.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Time, then allocation, then heap, then others; of those whatever is CPU time or counts samples first. */
static const char names_sql[] =
	"SELECT metric FROM totals WHERE shape = 'weight' AND (?1 IS NULL OR run = ?1) AND (?2 IS NULL OR node = ?2)"
	" AND (?3 IS NULL OR collector = ?3)"
	" GROUP BY metric ORDER BY CASE metric WHEN 'ghc.profile.ticks' THEN 1 WHEN 'ghc.profile.time' THEN 2"
	" WHEN 'ghc.profile.samples' THEN 3 WHEN 'ghc.profile.time_share' THEN 4 WHEN 'ghc.profile.alloc' THEN 6"
	" WHEN 'ghc.profile.alloc_share' THEN 7 WHEN 'ghc.heap.residency' THEN 8"
	" ELSE CASE WHEN min(unit) IN ('ns', 's', '{sample}', '{tick}') THEN 5 ELSE 9 END END, metric";

enum {
	LIST_MAX = 1024,
};

/* `alloc` is a part of `ghc.profile.alloc`, and of `ghc.profile.alloc_share`: a whole last word wins. */
static int fit(const char *name, const char *part)
{
	size_t n = strlen(name), n_part = strlen(part);

	if (strcmp(name, part) == 0)
		return 3;
	if (n > n_part && name[n - n_part - 1] == '.' && strcmp(name + n - n_part, part) == 0)
		return 2;
	return strstr(name, part) ? 1 : 0;
}

static int is_there(struct store *s, const char *verb, const char *metric)
{
	sqlite3_stmt *q = reader_query(s, verb, "SELECT 1 FROM totals WHERE shape = 'weight' AND metric = ?1 LIMIT 1",
	                               (const char *const[]){ metric }, 1);
	int is = q && reader_step(q, verb) > 0;

	(void)sqlite3_finalize(q);
	return is;
}

int metric_choose(struct store *s, struct store *other, const char *verb, const struct profile_choice *choice,
                  char *ret, size_t size)
{
	sqlite3_stmt *q = reader_query(s, verb, names_sql,
	                               (const char *const[]){ choice->run, choice->node, choice->collector }, 3);
	char list[LIST_MAX] = "";
	int best = 0, n_best = 0, result;

	if (!q)
		return -1;
	while ((result = reader_step(q, verb)) > 0) {
		const char *name = reader_text(q, 0);
		int how = choice->metric ? fit(name, choice->metric)
		                         : best == 0 && (!other || is_there(other, verb, name));
		size_t n = strlen(list);

		(void)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "", name);
		if (how > best) {
			best = how;
			n_best = 0;
			(void)snprintf(ret, size, "%s", name);
		}
		n_best += how == best && how > 0;
	}
	(void)sqlite3_finalize(q);
	if (result < 0)
		return -1;
	if (n_best == 1)
		return 0;
	if (!*list)
		say("%s: there are no profiles of what was asked for; `weir summary` shows what the store has", verb);
	else if (!choice->metric)
		say("%s: the stores have no profile in common; there are %s", verb, list);
	else
		say("%s: %s: %s; there are %s", verb, choice->metric,
		    n_best ? "several profiles are called so" : "no profile is called so", list);
	return -1;
}

int metric_when(const char *verb, const char *text, enum profile_when *ret)
{
	*ret = strcmp(text, "peak") == 0 ? PROFILE_PEAK : PROFILE_END;
	if (*ret == PROFILE_PEAK || strcmp(text, "end") == 0)
		return 0;
	say("%s: --at %s: has to be peak or end", verb, text);
	return -EINVAL;
}
