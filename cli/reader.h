/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_READER_H
#define CLI_READER_H

/* A store that a verb reads. Every failure is said; the caller only passes on the exit code. */

#include <sqlite3.h>
#include <weir/host.h>

struct store;

/* NULL: said why. */
struct store *reader_open(const char *verb, const char *path);

/* Makes the connection refuse everything but reading. */
void reader_lock(struct store *s);

/* A prepared statement over the views, or NULL after saying why. texts: parameters ?1, ?2 …, borrowed; NULL ones are
 * NULL. */
sqlite3_stmt *reader_query(struct store *s, const char *verb, const char *sql, const char *const *texts,
                           uint32_t n_texts);

/* 1: a row, 0: no more, < 0: failed, and said. */
int reader_step(sqlite3_stmt *q, const char *verb);

/* A column's text, "" for NULL; valid until the next step. */
const char *reader_text(sqlite3_stmt *q, int column);
struct weir_text reader_bytes(sqlite3_stmt *q, int column);
/* A column's number; NaN for NULL. */
double reader_f64(sqlite3_stmt *q, int column);

#endif
