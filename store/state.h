/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

/* An open store, as the files that implement store/store.h share it. */

#include "store/lock.h"
#include "store/sql.h"
#include "store/statement.h"
#include "store/store.h"

struct store {
	sqlite3 *db;
	char *path;
	struct lock *lock;
	sqlite3_stmt *statements[N_STATEMENTS]; /* prepared when first used */
	int is_writer;
	int is_changed; /* since it was opened: without its seal until it is closed */
	int in_transaction;
	int64_t began_ns;     /* CLOCK_MONOTONIC, of the transaction */
	uint64_t n_pending;   /* bytes of blocks in it */
	int64_t next_segment; /* id */
	struct store_source *kept; /* those without an end yet whose blocks count: written before each commit */
	int failed; /* the first error that may have cost a part of a transaction; nothing is written after it */
	struct weir_error error; /* its sentence */
};

/* Begins a transaction where there is none. What every change starts with; fails when the store has failed. */
int store_begin(struct store *s, struct weir_error *reterr);

#endif
