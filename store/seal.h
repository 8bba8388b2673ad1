/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

/* Whether a store is as its last writer left it. SQLite has no checksums; blocks have their own (store/block.h), but a
 * flipped bit in a name, a fact, a ledger or an index would change what a view shows, or hide it. So a writer that is done
 * leaves a CRC of all tables and indexes but for the blocks' bytes, and who opens the file next computes it again.
 *
 * A store is without a seal while it is written, after its writer was killed, and when somebody took the seal off to
 * change something by hand: then nothing is known, and nothing is said.
 */

#include "store/sql.h"

/* -EBADMSG when there is a seal and it does not fit. Sees one state of the file, even while another writes. */
int seal_check(sqlite3 *db, const char *path, struct weir_error *reterr);

/* In a transaction: what it changes is without a seal from its commit on. */
int seal_remove(sqlite3 *db, const char *path, struct weir_error *reterr);

/* In a transaction: seals what the store is with it. */
int seal_write(sqlite3 *db, const char *path, struct weir_error *reterr);

/* What is covered, a query each, NULL at the end. */
extern const char *const seal_queries[];

#endif
