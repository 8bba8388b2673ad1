/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SOURCE_H
#define STORE_SOURCE_H

/* What the store does with sources by itself. */

#include "store/state.h"

/* Removes a source and all that it stored; in a transaction that has begun. */
int source_forget(struct store *s, int64_t source, struct weir_error *reterr);

/* What those that are kept have in memory. */
int source_write_kept(struct store *s, struct weir_error *reterr);

#endif
