/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

/* What is known of the runs themselves, into the store: nodes, facts, components, the documents that said so (as
 * sources of a collector `run`), and what was left out. */

#include "cli/plan.h"
#include "store/store.h"

/* Ids that the store gave: of run i, and of its nodes. */
struct record_run {
	int64_t id;
	int64_t *nodes;
};

/* ret: an array of plan->n_runs, to be given to record_done(). */
int record_runs(struct store *s, const struct plan *plan, struct record_run **ret, struct weir_error *reterr);
void record_done(struct record_run *runs, uint32_t n);

#endif
