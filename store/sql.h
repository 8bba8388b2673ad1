/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SQL_H
#define STORE_SQL_H

/* SQLite's results as ours. The same sources are compiled into the library, which calls SQLite, and into the loadable
 * extension, which gets SQLite's functions from whoever loads it.
 */

#ifdef STORE_EXTENSION
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3
#else
#include <sqlite3.h>
#endif

#include <weir/fail.h>

/* The negative errno that stands for what SQLite says last of this connection, with a sentence about `path`. */
int sql_fail(struct weir_error *reterr, sqlite3 *db, const char *path);

/* Runs statements without results. */
int sql_run(sqlite3 *db, const char *path, const char *text, struct weir_error *reterr);

/* The first column of the first row, as an integer; no row: 0. */
int sql_integer(sqlite3 *db, const char *path, const char *text, int64_t *ret, struct weir_error *reterr);

#endif
