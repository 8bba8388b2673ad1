/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ingest.h"

#include "cli/amount.h"
#include "cli/export.h"
#include "cli/reader.h"
#include "cli/say.h"
#include "cli/verbs.h"

#include <errno.h>
#include <stdio.h>

static void print_line(const char *who, const char *first, const char *second)
{
	printf("  %s\t", who);
	say_word(stdout, first);
	(void)putchar('\t');
	say_word(stdout, second);
	(void)putchar('\n');
}

static void print_run(const struct plan *plan, uint32_t i)
{
	const struct run *run = plan->runs[i].run;

	printf("run ");
	say_word(stdout, run->tag);
	printf(" (%s)\n", run->layout);
	for (uint32_t j = 0; j < run->n_documents; j++) {
		uint32_t node = run->documents[j].node;

		print_line("run", node == RUN_NONE ? "" : run->nodes[node].name, run->documents[j].path);
	}
	for (uint32_t j = 0; j < plan->n_jobs; j++)
		if (plan->jobs[j].run == i)
			print_line(plan->jobs[j].collector->name, run->nodes[plan->jobs[j].node].name,
			           plan_path(plan, j));
	for (uint32_t j = 0; j < plan->n_orphans; j++)
		if (plan->orphans[j].run == i)
			print_line("-", run->files[plan->orphans[j].source].path, plan->orphans[j].why);
	for (uint32_t j = 0; j < run->n_leftovers; j++)
		print_line("-", run->leftovers[j].path, run->leftovers[j].why);
}

void ingest_print_plan(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_runs; i++)
		print_run(plan, i);
}

struct losses {
	uint64_t n_partial, n_failed; /* sources of these runs that the store has */
	uint64_t n_left;              /* files and folders that could not be looked at */
};

/* Asked of the store and not of this session alone: what was skipped because it had been read before may be partial. */
static int count_losses(struct store *s, const struct plan *plan, struct losses *ret)
{
	*ret = (struct losses){ 0 };
	for (uint32_t i = 0; i < plan->n_runs; i++) {
		const struct run *run = plan->runs[i].run;
		sqlite3_stmt *q = reader_query(s, "ingest",
		                               "SELECT count(*) FILTER (WHERE status = 'partial'),"
		                               " count(*) FILTER (WHERE status = 'failed') FROM sources WHERE run = ?1",
		                               (const char *const[]){ run->tag }, 1);

		if (!q || reader_step(q, "ingest") <= 0) {
			(void)sqlite3_finalize(q);
			return -EIO;
		}
		ret->n_partial += (uint64_t)sqlite3_column_int64(q, 0);
		ret->n_failed += (uint64_t)sqlite3_column_int64(q, 1);
		(void)sqlite3_finalize(q);
		for (uint32_t j = 0; j < run->n_leftovers; j++)
			ret->n_left += run->leftovers[j].is_loss != 0;
	}
	for (uint32_t i = 0; i < plan->n_orphans; i++)
		ret->n_left += plan->orphans[i].is_loss != 0;
	return 0;
}

void ingest_print_outcome(const struct ingest_request *r, const struct session_listener *l,
                          const struct session_totals *t, int64_t elapsed_ns)
{
	char rows[AMOUNT_MAX], bytes[AMOUNT_MAX], time[AMOUNT_MAX];
	uint32_t n = t->n_ok + t->n_partial + t->n_failed;

	if (r->is_quiet)
		return;
	printf("%s: %u file%s read", r->store_path, n, n == 1 ? "" : "s");
	if (t->n_skipped > 0)
		printf(", %u were there already", t->n_skipped);
	printf("; %s observations from %s in %s\n", amount_count(rows, l->n_rows),
	       amount_bytes(bytes, (double)l->n_bytes), amount_span(time, (double)elapsed_ns));
}

/* A folder that was mistaken for a run's, most likely. */
static int has_sources(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_runs; i++)
		if (plan->runs[i].run->n_documents > 0)
			return 1;
	return plan->n_jobs > 0;
}

int ingest_judge(struct store *s, const struct ingest_request *r, const struct plan *plan,
                 const struct session_listener *l)
{
	struct losses losses;

	if (count_losses(s, plan, &losses) < 0)
		return EXIT_FAILED;
	if (l->n_unsaid > 0)
		say("ingest: and %u more; all are in the store", l->n_unsaid);
	if (r->collectors.n_left_out > 0)
		say("ingest: %s: %u collector%s left out: what only they read is missing; `weir summary` lists it",
		    r->store_path, r->collectors.n_left_out, r->collectors.n_left_out == 1 ? " was" : "s were");
	if (losses.n_partial + losses.n_failed + losses.n_left > 0)
		say("ingest: %s: %llu source%s partial, %llu failed, %llu files or folders not looked at; `weir "
		    "summary` says what and where",
		    r->store_path, (unsigned long long)losses.n_partial, losses.n_partial == 1 ? "" : "s",
		    (unsigned long long)losses.n_failed, (unsigned long long)losses.n_left);
	else if (!has_sources(plan))
		say("ingest: %s: no collector reads anything there; `weir plugins list` says what they read",
		    r->plan.paths[0]);
	else if (r->collectors.n_left_out == 0)
		return EXIT_ALL;
	return EXIT_INCOMPLETE;
}

int ingest_write_locli(struct store *s, const struct ingest_request *r, const struct plan *plan)
{
	int worst = EXIT_ALL;

	for (uint32_t i = 0; r->is_locli && i < plan->n_runs; i++) {
		const struct run *run = plan->runs[i].run;
		int code;

		if (!run->root) {
			say("ingest: --locli: %s: loose files have no run directory; `weir export --to locli -o`",
			    run->tag);
			code = EXIT_INCOMPLETE;
		} else {
			code = ingest_write_logs(s, r, run);
			if (code != EXIT_ALL)
				worst = EXIT_INCOMPLETE;
			code = export_locli("ingest", s, run->tag, run->root, r->is_quiet);
		}
		/* The profiles are in the store all the same. */
		if (code != EXIT_ALL)
			worst = EXIT_INCOMPLETE;
	}
	if (worst != EXIT_ALL)
		say("ingest: --locli: not all of it could be written or filled in; the lines above say what");
	return worst;
}
