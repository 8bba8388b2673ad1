/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_STACKS_H
#define STORE_STACKS_H

/* The virtual table `weir_stacks`: each source's prefix tree of stacks, a row a stack, parents before children. For who
 * wants trees and not joined names. Columns: source_id, stack_id, parent_id (0: a root), native_id, depth (1 for
 * roots), name, module, src.
 */

#include "store/sql.h"

/* A code of SQLite. */
int stacks_register(sqlite3 *db);

#endif
