/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_SQLITE_FILE_H
#define EXPORTS_SQLITE_FILE_H

/* Writes an SQLite database of tables that are only ever appended to, a page after the other, without SQLite: rows cost
 * what their bytes cost. What it writes is an ordinary database (file format 4, UTF-8, pages of 64 KiB); SQLite's own
 * integrity_check is its test.
 * Source: https://www.sqlite.org/fileformat2.html.
 *
 * Errors stick: every call after the first one that failed does nothing and returns it.
 */

#include <stdint.h>
#include <stdio.h>

enum {
	SQLITE_FILE_TABLES_MAX = 16,
	SQLITE_FILE_COLUMNS_MAX = 16,
	SQLITE_FILE_SQL_MAX = 512,        /* bytes of one CREATE TABLE */
	SQLITE_FILE_VALUE_MAX = 32 << 20, /* bytes of one text or blob */
};

enum sqlite_file_type {
	SQLITE_FILE_NULL = 0,
	SQLITE_FILE_INTEGER,
	SQLITE_FILE_REAL,
	SQLITE_FILE_TEXT,
	SQLITE_FILE_BLOB,
};

struct sqlite_file_value {
	enum sqlite_file_type type;
	union {
		int64_t integer;
		double real;
		struct {
			const char *at;
			size_t n;
		} bytes;
	};
};

struct sqlite_file;

/* `file` is empty, and stays the caller's. NULL: no memory. */
struct sqlite_file *sqlite_file_new(FILE *file);
void sqlite_file_free(struct sqlite_file *f); /* NULL is fine */

/* A table and the statement that makes it, without IF NOT EXISTS. Its number, from 0; or < 0. All before the first row.
 */
int sqlite_file_table(struct sqlite_file *f, const char *name, const char *sql);

/* Appends a row. 0 or a negative errno: -E2BIG for a value beyond the bound. */
int sqlite_file_row(struct sqlite_file *f, int table, const struct sqlite_file_value *values, unsigned n_values);

/* The same in two steps, for who makes the cell (exports/sqlite_record.h) where its columns are known: room for
 * SQLITE_CELL_SHORT bytes and the row's number, or NULL where sqlite_file_row() has to see to it; then how many bytes
 * the cell has taken.
 */
uint8_t *sqlite_file_room(struct sqlite_file *f, int table, uint64_t *ret_rowid);
void sqlite_file_took(struct sqlite_file *f, int table, size_t n);

/* Ends the tables and writes the first page. The file is whole when it is flushed. */
int sqlite_file_finish(struct sqlite_file *f);

#endif
