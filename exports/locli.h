/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_LOCLI_H
#define EXPORTS_LOCLI_H

/* The cost-centre profiles of a run, as the workbench's analysis (locli) reads them.
 *
 * One table a node, one row a cost centre, heaviest first:
 *
 *     {"peFunc": "tick", "peModule": "Ledger.X", "peSrcLoc": "src/X.hs:(10,1)-(20,5)", "peTime": 12.5, "peAlloc": 3.1}
 *
 * Percentages are the report's (of the totals of all cost centres that the report counts), from ticks and bytes where
 * the report has them. All cost centres are there, those of 0 too. locli tells functions apart by peFunc alone, so a
 * function whose name is not unique in the run is called `Module.name`, on every node alike.
 * Source: cardano-node bench/locli/src/Data/Profile.hs, nix/workbench/analyse/analyse.sh.
 *
 * Rows go to analysis/logs-NODE.flt.prof.json, an object a line (the workbench reads it with --slurpfile), and as array
 * hlProfile into rlHostLogs.NODE of each analysis/log-manifest*.json.
 */

#include "analysis/profile.h"

struct locli_row {
	const char *function; /* as locli is to call it */
	const char *module, *source;
	double time, alloc; /* percent */
};

struct locli_node {
	const char *name;
	struct locli_row *rows;
	uint32_t n_rows;
};

struct locli {
	struct locli_node *nodes; /* in order of first appearance */
	uint32_t n_nodes;
	char **made; /* names that were put together */
	uint32_t n_made;
};

/* What a run's profiles say of time and of allocation: up to two sets each, from exact values and from percentages. A
 * node's exact values win. Any of the four may be NULL; names are borrowed from the sets. */
struct locli_sets {
	const struct profile_set *ticks, *time_share, *alloc, *alloc_share;
};

int locli_new(const struct locli_sets *sets, struct locli **ret); /* -ENOMEM */
void locli_free(struct locli *l);

struct locli_report {
	uint32_t n_files;     /* logs-*.flt.prof.json written */
	uint32_t n_manifests; /* patched */
	int is_created;       /* there was no manifest; one was made */
	/* Nodes that no manifest has as hosts, for a message; "" when there are none. */
	char hostless[256];
};

/* Writes into folder/analysis, which is made when it isn't there. Each file is replaced at once or not at all. A
 * manifest that is not JSON stays as it is: -EBADMSG, after everything else has been written. now_ns: for the date of a
 * manifest that is made. */
int locli_write(const struct locli *l, const char *folder, int64_t now_ns, struct locli_report *ret,
                struct weir_error *reterr);

#endif
