/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ingest.h"
#include "cli/say.h"
#include "cli/verbs.h"

#include <errno.h>
#include <getopt.h>

enum {
	INGEST_OUTPUT,
	INGEST_NODE,
	INGEST_RUN,
	INGEST_OPTION,
	INGEST_JOBS,
	INGEST_VERIFY,
	INGEST_LOCLI,
	INGEST_LOCLI_ONLY,
	INGEST_TRUE_IO,
	INGEST_DRY_RUN,
	INGEST_QUIET,
	INGEST_STALL,
	INGEST_FOLLOW,
	INGEST_FOR,
	INGEST_IN_PROCESS,

	WORKERS_MAX = 256,
};

static const struct page_option options[] = {
	[INGEST_OUTPUT] = { "output", "STORE", "the store to write or add to (RUN.weir)", 'o' },
	[INGEST_NODE] = { "node", "NODE", "all files are of this node", 0 },
	[INGEST_RUN] = { "run", "TAG", "call the run so", 0 },
	[INGEST_OPTION] = { "option", "C.NAME=VALUE", "an option of collector C; `weir plugins show C`", 'O' },
	[INGEST_JOBS] = { "jobs", "N", "workers at once (as many as cores)", 'j' },
	[INGEST_VERIFY] = { "verify", NULL, "hash again what is whole already, and read what has changed", 0 },
	[INGEST_LOCLI] = { "locli", NULL, "also write what locli reads into the run's analysis/", 0 },
	[INGEST_LOCLI_ONLY] = { "locli-only", NULL, "write only what locli reads: no store, and the logs read once",
	                        0 },
	[INGEST_TRUE_IO] = { "true-io", NULL, "with --locli: fill NetRd, NetWr and CentiBlkIO from what the store has",
	                     0 },
	[INGEST_DRY_RUN] = { "dry-run", NULL, "only say which file is whose", 0 },
	[INGEST_QUIET] = { "quiet", NULL, "no progress, no notes: only the last line when it isn't good", 'q' },
	[INGEST_STALL] = { "stall-timeout", "SECONDS", "end a worker that does nothing for so long (30)", 0 },
	[INGEST_FOLLOW] = { "follow", NULL, "read one file as it grows, until Ctrl-C", 0 },
	[INGEST_FOR] = { "for", "SECONDS", "follow a file or a stream no longer than this", 0 },
	[INGEST_IN_PROCESS] = { "in-process", NULL, "no workers, no sandbox: for debuggers", 0 },
};

const struct page ingest_page = {
	.verb = "ingest",
	.arguments = "PATH... [-o STORE] [--node NODE] [--run TAG] [--locli | --locli-only]",
	.about = "Reads a run directory, any other folder, or single files into a store. What is whole in the store\n"
		 "already is not read again; stop it at any time and run it again. PATH may also be one stream: - "
		 "(standard\n"
		 "input), a named pipe, a socket (its path, or tcp:HOST:PORT), or with --follow a file that grows.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.min_arguments = 1,
	.max_arguments = 10000,
};

static int take(struct ingest_request *r, int row, const char *argument)
{
	const struct page_place places[] = {
		[INGEST_OUTPUT] = { .text = &r->output },
		[INGEST_NODE] = { .text = &r->plan.node },
		[INGEST_RUN] = { .text = &r->plan.tag },
		[INGEST_VERIFY] = { .is_given = &r->has_verify },
		[INGEST_LOCLI] = { .is_given = &r->is_locli },
		[INGEST_LOCLI_ONLY] = { .is_given = &r->is_locli_only },
		[INGEST_TRUE_IO] = { .is_given = &r->is_true_io },
		[INGEST_DRY_RUN] = { .is_given = &r->is_dry },
		[INGEST_QUIET] = { .is_given = &r->is_quiet },
		[INGEST_STALL] = { .span_ns = &r->stall_ns },
		[INGEST_FOLLOW] = { .is_given = &r->is_following },
		[INGEST_FOR] = { .span_ns = &r->for_ns },
		[INGEST_IN_PROCESS] = { .is_given = &r->is_in_process },
	};

	if (row == INGEST_OPTION)
		return given_take(&r->options, "ingest", (char *)(uintptr_t)argument);
	if (row == INGEST_JOBS)
		return page_number(&ingest_page, "jobs", argument, 1, WORKERS_MAX, &r->n_workers);
	return page_put(&ingest_page, places, row, argument);
}

/* An empty name would make a node or a run that nobody can ask for. */
static int check_names(const struct ingest_request *r)
{
	if ((r->plan.node && !*r->plan.node) || (r->plan.tag && !*r->plan.tag)) {
		say("ingest: --node and --run: a name cannot be empty");
		return -EINVAL;
	}
	if (r->is_locli_only && (r->output || r->is_locli || r->is_true_io || r->has_verify)) {
		say("ingest: --locli-only: keeps no store, so there is no -o, --locli, --true-io or --verify");
		return -EINVAL;
	}
	if (r->is_true_io && !r->is_locli) {
		say("ingest: --true-io: is about what --locli writes; give both");
		return -EINVAL;
	}
	return 0;
}

int verb_ingest(int argc, char **argv)
{
	struct ingest_request r = { 0 };
	const char *argument;
	int row;

	while ((row = page_next(&ingest_page, argc, argv, &argument)) >= 0)
		if (take(&r, row, argument) < 0)
			return EXIT_MISUSE;
	if (row != PAGE_DONE)
		return page_exit(row);
	if (check_names(&r) < 0)
		return EXIT_MISUSE;
	r.plan.paths = (const char *const *)argv + optind;
	r.plan.n_paths = (uint32_t)(argc - optind);
	if (ingest_is_stream(&r))
		return ingest_stream(&r);
	return r.is_locli_only && !r.is_dry ? ingest_locli_only(&r) : ingest_run(&r);
}
