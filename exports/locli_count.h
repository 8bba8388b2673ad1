/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_LOCLI_COUNT_H
#define EXPORTS_LOCLI_COUNT_H

/* How often each `ns:kind` occurs in a node's log, counted in two ways at once: as locli does for its database, and as
 * the workbench's analysis does with jq for logs-NODE.tracefreq.json.
 */

#include "exports/jsonout.h"
#include "exports/locli_db.h"
#include "parsers/trace_names.h"

enum {
	LOCLI_COUNT_RULE = 0xff,      /* in a name's mark: what locli_rule() says of it */
	LOCLI_COUNT_TIMELINE = 0x100, /* its lines belong into hash-timeline.json */
};

/* Zero it before the first line. */
struct locli_count {
	struct trace_names names;              /* as locli counts them */
	uint64_t n_refused[TRACE_NAMES_MAX];   /* of a name's lines: errors to locli */
	uint64_t n_elsewhere[TRACE_NAMES_MAX]; /* of a name's lines: jq calls them by a name of `others` */
	struct trace_names others;
};

/* Counts a trace for both; returns its mark. *ret_name: for locli_count_refuse(); NULL when its name isn't kept. */
uint32_t locli_count_trace(struct locli_count *c, const struct trace_line *line, struct trace_name **ret_name);
/* The trace that was counted is an error to locli. */
void locli_count_refuse(struct locli_count *c, const struct trace_name *name);
/* An object that is no trace, which jq counts all the same. */
void locli_count_object(struct locli_count *c, const struct trace_line *line);

/* jq's, as members of the object that has been begun. */
void locli_count_put(const struct locli_count *c, struct jsonout *j);
/* locli's, in the order of their names. *ret_sum: of all. */
int locli_count_store(const struct locli_count *c, struct locli_db *db, uint64_t *ret_sum);

#endif
