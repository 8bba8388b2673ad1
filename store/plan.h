/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_PLAN_H
#define STORE_PLAN_H

/* How a virtual table answers a query. SQLite offers what the query says of columns; what can be used becomes text for
 * the two statements that a cursor runs, one over series and one over the blocks of a series. The text travels in the
 * plan's idxStr, so EXPLAIN QUERY PLAN shows it:
 *
 *     m.name = ?1 AND r.tag = ?2 | n.name | b.t_max_ns >= ?3
 *     which series               | order  | which blocks
 */

#include "store/sql.h"

#include <stdint.h>

/* What a column means for a plan. */
struct plan_column {
	const char *series; /* its expression in the statement over series; NULL: it has none */
	/* The least and the greatest value that a row of a block may have in it, in the statement over blocks; NULL:
	 * not known. `is_time`: of integers, exact; else REAL and rounded. */
	const char *least, *greatest;
	int is_time;
	uint32_t needs; /* columns of a block's rows to decode for it */
};

/* Of xBestIndex: idxNum will be the union of the needs of all columns used. A code of SQLite. */
int plan_make(sqlite3_index_info *info, const struct plan_column *columns, int n_columns);

enum {
	PLAN_PARTS = 3,
	PLAN_SOURCE = 101, /* parameters of the statement over blocks; a plan's own are ?1 .. ?100 */
	PLAN_SERIES = 102,
};

/* Takes idxStr apart, in place. */
void plan_split(char *plan, const char *ret[PLAN_PARTS]);

#endif
