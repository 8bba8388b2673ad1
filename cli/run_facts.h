/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_RUN_FACTS_H
#define CLI_RUN_FACTS_H

/* What is known of the runs themselves, into the store: nodes, facts, components, the documents that said so (as
 * sources of a collector `run`), and what was left out. */

#include "cli/plan.h"
#include "store/store.h"

/* Ids that the store gave: of run i, and of its nodes. */
struct run_facts_ids {
	int64_t id;
	int64_t *nodes;
};

/* ret: an array of plan->n_runs, to be given to run_facts_done(). */
int run_facts_put(struct store *s, const struct plan *plan, struct run_facts_ids **ret, struct weir_error *reterr);
void run_facts_done(struct run_facts_ids *runs, uint32_t n);

#endif
