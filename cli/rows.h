/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

/* The rows of a query, on a stream. Each returns < 0 after saying what failed. */

#include "cli/reader.h"

#include <stdio.h>

/* An array of row objects, one a line. Columns of attributes are objects, bytes are hexadecimal text. */
int rows_json(FILE *file, const char *verb, sqlite3_stmt *q);
/* RFC 4180, names first; NULL is empty. */
int rows_csv(FILE *file, const char *verb, sqlite3_stmt *q);
/* A table on stdout. */
int rows_table(const char *verb, sqlite3_stmt *q);

#endif
