/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

/* The tables of the file and how a file of an older version becomes one of this. What they mean for users is in
 * docs/schema.md; the views are in store/views.c.
 */

#include "store/sql.h"

enum {
	SCHEMA_APPLICATION_ID = 0x77656972, /* `weir`, in the file's header */
	SCHEMA_VERSION = 2,                 /* user_version */
};

/* What the file says of itself. */
struct schema_identity {
	int64_t application_id;
	int64_t version;
	int is_empty; /* no table at all: a new file */
};

int schema_identify(sqlite3 *db, const char *path, struct schema_identity *ret, struct weir_error *reterr);

/* -EBADMSG: not a weir store; -ENOTSUP: of a newer version, or, when it cannot be migrated (`is_reader`), of an older
 * one. */
int schema_check(const struct schema_identity *id, const char *path, int is_reader, struct weir_error *reterr);

/* Brings a file from version `from` to n_steps, where steps[i] are the statements that lead from version i to i + 1;
 * all of it or nothing. */
int schema_migrate(sqlite3 *db, const char *path, int64_t from, const char *const *steps, int64_t n_steps,
                   struct weir_error *reterr);

/* SCHEMA_VERSION steps; the first makes all tables in an empty file. */
extern const char *const schema_steps[];

#endif
