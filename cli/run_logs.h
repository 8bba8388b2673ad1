/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_RUN_LOGS_H
#define CLI_RUN_LOGS_H

/* The logs of a run's nodes, as `wb analyse prepare` finds them (node-N/stdout* and node-N/node-[0-9]*.json), and what
 * locli reads of them: for each verb that writes it.
 */

#include "exports/locli_log.h"
#include "exports/locli_sums.h"
#include "runs/run.h"

struct locli_io;
struct store;

struct run_logs {
	struct locli_log_node *nodes;
	struct locli_io **io;
	const char **names; /* as the store calls the nodes; borrowed */
	uint64_t *n_filled; /* of each node's `Resources` */
	uint32_t n_nodes;
	uint32_t n_measured; /* nodes that the store has measurements of */
	char **paths;        /* of all nodes' files; a node's lie beside each other */
	struct locli_sum *sums;
	struct locli_log_file *ledgers;
	uint32_t n_paths;
	struct locli_log_bad *bad;
	int64_t newest_ns;
	struct locli_log_report report;
};

struct run_logs_request {
	const char *verb, *option; /* for what is said */
	uint32_t n_workers;        /* 0: one for each core */
	int is_true_io, is_quiet;
};

int run_logs_is_log(const char *path);

/* -ENOMEM. To be released in any case; the run has to outlive it. */
int run_logs_find(const struct run *run, struct run_logs *ret);
void run_logs_done(struct run_logs *l);

/* Loads what the store measured of each node, by its name: what --true-io fills in. */
int run_logs_measure(struct store *s, const struct run *run, struct run_logs *l, struct weir_error *reterr);

/* All files for locli but the profiles, and the logs' checksums: those of the store; without one (NULL) those of what
 * was read, and then what each file was is in the ledgers and `bad`. An exit code: with --true-io what was not measured
 * makes it EXIT_INCOMPLETE. Says what was written, and what not.
 */
int run_logs_write(struct store *s, const struct run_logs_request *r, const struct run *run, struct run_logs *l);

/* Whether that is there and younger than every log: then nothing has to be made again, as in the workbench. */
int run_logs_are_there(const struct run *run, const struct run_logs *l);

#endif
