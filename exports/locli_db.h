/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_LOCLI_DB_H
#define EXPORTS_LOCLI_DB_H

/* The log database of one node, as `locli prepare-db` writes it: the same tables in the same order, the same columns
 * and values. It is written beside its place and moved there when it is whole. Source: cardano-node 0a21a743,
 * bench/locli/src/Cardano/Unlog/{BackendDB,LogObjectDB}.hs.
 */

#include "exports/locli_line.h"

#include <weir/host.h>

struct locli_db;

int locli_db_open(const char *path, struct locli_db **ret, struct weir_error *reterr);
void locli_db_close(struct locli_db *db); /* what was not finished is gone; NULL is fine */

/* A line that locli interprets. */
int locli_db_put(struct locli_db *db, const struct trace_line *line, const struct locli_object *object);
/* A line that it doesn't understand, whole. */
int locli_db_error(struct locli_db *db, const char *why, struct parse_text line);

struct locli_summary {
	const char *node;
	uint64_t n_lines;                  /* sum of the frequencies */
	double first_s, last_s, created_s; /* POSIX */
};

/* A frequency, to be given in order of names. */
int locli_db_frequency(struct locli_db *db, const char *name, uint64_t count);
/* Ends it and moves it into place. The first error of any call comes back here, with its sentence; db must still be
 * closed. */
int locli_db_finish(struct locli_db *db, const struct locli_summary *summary, struct weir_error *reterr);

#endif
