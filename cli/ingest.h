/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_INGEST_H
#define CLI_INGEST_H

/* What the files of the verb share: what was asked for, what happens meanwhile, and how it ends. */

#include "cli/given.h"
#include "cli/plan.h"
#include "cli/progress.h"
#include "cli/store_path.h"
#include "plugins/session.h"

struct registry_listener {
	uint32_t n_left_out; /* collectors that could not be used */
};

struct ingest_request {
	struct plan_config plan;
	struct registry_listener collectors;
	const char *output;
	struct given options;
	int64_t n_workers, stall_ns, for_ns;
	int is_following;
	int has_verify, is_locli, is_locli_only, is_true_io, is_dry, is_quiet, is_in_process;
	char store_path[STORE_PATH_MAX];
};

struct session_listener {
	const struct plan *plan;
	struct progress progress;
	const struct ingest_request *request;
	const char *stream; /* of a stream: what it is called, and what came of it */
	struct session_outcome outcome;
	uint32_t n_said, n_unsaid;
	uint64_t n_rows, n_bytes;
};

/* All of it: an exit code. */
int ingest_run(struct ingest_request *r);

/* --locli-only: an exit code. */
int ingest_locli_only(struct ingest_request *r);

/* < 0: one is of no collector that there is, which was said. */
int ingest_check_options(const struct ingest_request *r, const struct registry *registry);

/* What is known of the runs, and all jobs, into the store. An exit code; what failed was said. */
int ingest_read(struct store *s, const struct ingest_request *r, const struct plan *plan, struct session_listener *l,
                struct session_totals *ret);

/* Prints what a collector complains of, beside the progress. */
void ingest_say_diag(struct session_listener *l, const char *path, const struct weir_diag *d);

/* What the registry has to say, but for notes. */
void ingest_hear(struct registry_listener *l, uint32_t severity, const char *sentence);

/* Whether it is about one stream and not about files; then ingest_stream() reads it. An exit code. */
int ingest_is_stream(const struct ingest_request *r);
int ingest_stream(struct ingest_request *r);

/* Which file is whose, a line each: collector, node, path; or `-`, path, why. */
void ingest_print_plan(const struct plan *plan);

void ingest_print_outcome(const struct ingest_request *r, const struct session_listener *l,
                          const struct session_totals *t, int64_t elapsed_ns);

/* What locli reads of a run's logs, and their checksums. With a store unless it is there and younger than they are
 * (--true-io: in any case); without one (NULL) the logs' ledgers and bad lines are said, too. An exit code.
 */
int ingest_write_logs(struct store *s, const struct ingest_request *r, const struct run *run);

/* --locli, for all runs that have a directory. An exit code. */
int ingest_write_locli(struct store *s, const struct ingest_request *r, const struct plan *plan);

/* The exit code, and for EXIT_INCOMPLETE the last line. */
int ingest_judge(struct store *s, const struct ingest_request *r, const struct plan *plan,
                 const struct session_listener *l);

#endif
