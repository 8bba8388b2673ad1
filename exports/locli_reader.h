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
	struct locli_log_file *files; /* of the node, in shared memory; NULL: not wanted */
	uint64_t n_bytes, n_newlines, n_stored, n_counted, n_errors, n_resources, n_filled;
	char first_at[LOCLI_AT_MAX], last_at[LOCLI_AT_MAX]; /* as written; "" when there is none */
	int result;                                         /* 0, or a negative errno and */
	char message[LOCLI_MESSAGE_MAX];
	uint32_t n_bad;
	struct locli_log_bad bad[LOCLI_LOG_BAD_MAX]; /* the first ones */
};

/* Writes logs-NODE.flt.json, logs-NODE.tracefreq.json and logs-NODE.sqlite3 into the folder, and the node's lines for
 * hash-timeline.json into timeline_fd. All of ret but `files` is zero before. */
void locli_read_node(const char *folder, const struct locli_log_node *node, int64_t now_ns, int timeline_fd,
                     struct locli_read *ret);

#endif
