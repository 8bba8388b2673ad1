/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

/* Reading a store, through the views that are its public interface (docs/schema.md). The same virtual tables and
 * functions are in the loadable extension for plain sqlite3.
 */

#include "store/sql.h"

#include <weir/host.h>

/* Beside the views there is what joins with a source's dictionaries (store/lexicon.h), for who wants trees of stacks and
 * not joined names. It is no part of the public interface: ids differ from file to file.
 *
 *     weir_sources(source_id, run, node, collector, path)
 *     weir_weights(…, source_id, stack_id)
 *
 * A constraint `source_id = ?` is cheap.
 */

struct store;
struct json_out;

/* Registers the virtual tables, the views' functions and the temporary views on a connection. path: for sentences. */
int query_register(sqlite3 *db, const char *path, struct weir_error *reterr);

/* The connection of an open store, with everything registered; borrowed. For prepared statements over the views. */
sqlite3 *query_db(struct store *s);

/* Prepares one statement; -EINVAL with SQLite's own words and the place in the text when it can't. Finalize with
 * sqlite3_finalize().
 */
int query_prepare(struct store *s, const char *sql, sqlite3_stmt **ret, struct weir_error *reterr);

/* One step: 1: there is a row, 0: done, else an error with its sentence (-EBADMSG: the store is damaged). */
int query_step(struct store *s, sqlite3_stmt *statement, struct weir_error *reterr);

/* The row as a JSON object, columns in order. Attributes and reasons are objects themselves; bytes are hexadecimal
 * text. What was written is good when out->n <= out->n_max; else give it that much and call again. */
void query_row_json(sqlite3_stmt *statement, struct json_out *out);

#endif
