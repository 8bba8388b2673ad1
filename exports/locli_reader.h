/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_LOCLI_READER_H
#define EXPORTS_LOCLI_READER_H

/* One node's log files, read once for everything that is made of them. Runs in a process of its own. */

#include "exports/locli_log.h"

enum {
	LOCLI_AT_MAX = 40,
	LOCLI_MESSAGE_MAX = 512,
};

/* What the process that reads a node tells the one that writes the manifests; in shared memory. */
struct locli_read {
	uint64_t n_bytes, n_newlines, n_stored, n_counted, n_errors, n_resources, n_filled;
	char first_at[LOCLI_AT_MAX], last_at[LOCLI_AT_MAX]; /* as written; "" when there is none */
	int result;                                         /* 0, or a negative errno and */
	char message[LOCLI_MESSAGE_MAX];
};

/* Writes logs-NODE.flt.json, logs-NODE.tracefreq.json, logs-NODE.sqlite3 and logs-NODE.timeline (lines for
 * hash-timeline.json) into the folder. */
void locli_read_node(const char *folder, const struct locli_log_node *node, int64_t now_ns, struct locli_read *ret);

#endif
