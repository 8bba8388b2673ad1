/* SPDX-License-Identifier: Apache-2.0 */

/* What a run's tag says, where no document does: the workbench calls its runs
 *
 *     2026-11-21-02-05-db3f2-dev-ci-test-coay-sup-prof
 *     UTC, to the minute; commit; batch, without dashes; profile; era; backend; -prof: of a profiled build
 *
 * Source: cardano-node 0a21a743, nix/workbench/run.sh, op `allocate`.
 */

#include "runs/build.h"

#include <string.h>

enum {
	DATE_BYTES = 16,
	COMMIT_BYTES = 5,
	BACKEND_BYTES = 3,
};

static const struct {
	const char *code, *name;
} eras[] = {
	{ "byron", "byron" }, { "byon", "byron" },   { "shey", "shelley" }, { "alra", "allegra" },  { "mary", "mary" },
	{ "alzo", "alonzo" }, { "bage", "babbage" }, { "coay", "conway" },  { "dira", "dijkstra" },
};

/* A piece of the tag that has not been looked at. */
struct piece {
	const char *at;
	size_t n;
};

static int fits(struct piece text, const char *pattern)
{
	if (text.n != strlen(pattern))
		return 0;
	for (size_t i = 0; i < text.n; i++)
		if (pattern[i] == '0' ? text.at[i] < '0' || text.at[i] > '9' : text.at[i] != pattern[i])
			return 0;
	return 1;
}

/* What stands before the first dash; it and the dash are gone then. Empty: there is no dash. */
static struct piece take_first(struct piece *text)
{
	const char *dash = memchr(text->at, '-', text->n);
	struct piece first = { text->at, dash ? (size_t)(dash - text->at) : 0 };

	text->at += first.n + (dash != NULL);
	text->n -= first.n + (dash != NULL);
	return first;
}

static struct piece take_last(struct piece *text)
{
	const char *dash = memrchr(text->at, '-', text->n);
	struct piece last = { dash ? dash + 1 : text->at, dash ? text->n - (size_t)(dash + 1 - text->at) : 0 };

	text->n -= dash ? last.n + 1 : 0;
	return last;
}

static const char *era_of(struct piece code)
{
	for (size_t i = 0; i < sizeof(eras) / sizeof(eras[0]); i++)
		if (fits(code, eras[i].code))
			return eras[i].name;
	return NULL;
}

void tag_read(struct build *b, const char *tag)
{
	struct piece left = { tag, strlen(tag) }, batch, backend, commit;
	const char *era;
	int is_profiled = left.n > 5 && memcmp(tag + left.n - 5, "-prof", 5) == 0;

	if (is_profiled)
		build_fact_text(b, RUN_NONE, "run.profiled", "true");
	if (left.n <= DATE_BYTES || !fits((struct piece){ tag, DATE_BYTES + 1 }, "0000-00-00-00-00-"))
		return;
	left = (struct piece){ tag + DATE_BYTES + 1, left.n - DATE_BYTES - 1 - (is_profiled ? 5 : 0) };
	commit = take_first(&left);
	batch = take_first(&left);
	backend = take_last(&left);
	era = era_of(take_last(&left));
	if (commit.n != COMMIT_BYTES || batch.n == 0 || backend.n != BACKEND_BYTES || !era || left.n == 0)
		return;
	build_fact(b, RUN_NONE, "run.batch", batch.at, batch.n);
	build_fact(b, RUN_NONE, "run.profile", left.at, left.n);
	build_fact_text(b, RUN_NONE, "run.era", era);
	build_fact(b, RUN_NONE, "run.backend", backend.at, backend.n);
	if (b->run.n_components == 0)
		build_component(b, "cardano-node", "", build_text(b, commit.at, commit.n));
}
