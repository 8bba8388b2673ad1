/* SPDX-License-Identifier: Apache-2.0 */
/* --locli: the logs of a run that is ingested, and what is said of them where no store does. */
#include "cli/ingest.h"

#include "cli/run_logs.h"
#include "cli/say.h"
#include "cli/verbs.h"

#include <stdio.h>

enum {
	SAID_MAX = 20, /* bad lines that are printed */
};

static uint32_t first_file(const struct run_logs *l, uint32_t node)
{
	uint32_t n = 0;

	while (node--)
		n += l->nodes[node].n_files;
	return n;
}

static void say_ledgers(const struct run_logs *l)
{
	for (uint32_t i = 0; i < l->n_paths; i++) {
		const struct locli_log_file *f = &l->ledgers[i];

		if (f->is_whole)
			printf("%s: %llu lines read: %llu stored, %llu skipped, %llu bad\n", l->sums[i].path,
			       (unsigned long long)f->n_lines, (unsigned long long)f->n_traces,
			       (unsigned long long)f->n_skipped, (unsigned long long)f->n_bad);
	}
}

/* Each line that was bad, and how many of all. */
static int say_bad(const struct ingest_request *r, const struct run *run, const struct run_logs *l, uint32_t n_kept)
{
	uint64_t n_bad = 0, n_said = n_kept < SAID_MAX ? n_kept : SAID_MAX;
	uint32_t n_files = 0;

	for (uint32_t i = 0; i < l->n_paths; i++) {
		n_bad += l->ledgers[i].n_bad;
		n_files += l->ledgers[i].n_bad > 0;
	}
	if (!n_bad)
		return EXIT_ALL;
	for (uint32_t i = 0; i < n_said && !r->is_quiet; i++)
		say("ingest: %s: offset %llu: %s", l->sums[first_file(l, l->bad[i].node) + l->bad[i].file].path,
		    (unsigned long long)l->bad[i].offset, l->bad[i].reason);
	if (n_bad > n_said && !r->is_quiet)
		say("ingest: and %llu more; all are in the tables `error` of %s/analysis/logs-*.sqlite3",
		    (unsigned long long)(n_bad - n_said), run->root);
	say("ingest: %s: %llu line%s of %u log%s bad; all others are in analysis/", run->root,
	    (unsigned long long)n_bad, n_bad == 1 ? "" : "s", n_files, n_files == 1 ? " is" : "s are");
	return EXIT_INCOMPLETE;
}

static int write_logs(struct store *s, const struct ingest_request *r, const struct run *run, struct run_logs *l)
{
	const struct run_logs_request request = { .verb = "ingest",
		                                  .option = "--locli",
		                                  .n_workers = (uint32_t)r->n_workers,
		                                  .is_true_io = r->is_true_io,
		                                  .is_quiet = r->is_quiet };
	int code = run_logs_write(s, &request, run, l), bad;

	if (s)
		return code;
	if (!r->is_quiet)
		say_ledgers(l);
	bad = say_bad(r, run, l, l->report.n_bad);
	if (l->report.n_nodes == 0)
		return EXIT_FAILED;
	return bad != EXIT_ALL ? EXIT_INCOMPLETE : code;
}

int ingest_write_logs(struct store *s, const struct ingest_request *r, const struct run *run)
{
	struct weir_error error = { "" };
	struct run_logs l;
	int code = EXIT_ALL;

	if (run_logs_find(run, &l) < 0) {
		say("ingest: --locli: no memory");
		code = EXIT_INCOMPLETE;
	} else if (r->is_true_io && run_logs_measure(s, run, &l, &error) < 0) {
		say("ingest: --true-io: %s", error.text);
		code = EXIT_INCOMPLETE;
	} else if (!s && !l.n_nodes) {
		say("ingest: %s: no logs there: node-*/stdout*, node-*/node-[0-9]*.json", run->root);
		code = EXIT_INCOMPLETE;
	} else if (l.n_nodes && (!s || r->is_true_io || !run_logs_are_there(run, &l))) {
		code = write_logs(s, r, run, &l);
	}
	run_logs_done(&l);
	return code;
}
