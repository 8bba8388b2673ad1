/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

/* The four shapes as virtual tables, `weir_numbers`, `weir_histograms`, `weir_spans` and `weir_weights`: a row for each
 * observation of every source that has ended.
 *
 * A query chooses series by what it says of run, node, collector, metric, unit and attrs; then blocks by what it says
 * of times (and of numbers' values and spans' durations), from what stands beside their bytes; and only of those blocks
 * the columns that it needs are decoded. Names of stacks are looked up only when asked for. The function weir_counts()
 * says how much of this was done on a connection so far, as JSON.
 */

#include "store/sql.h"

/* A code of SQLite. */
int tables_register(sqlite3 *db);

#endif
