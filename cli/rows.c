/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rows.h"

#include "cli/say.h"
#include "cli/table.h"
#include "exports/csv.h"
#include "store/json.h"
#include "store/query.h"

#include <stdlib.h>
#include <string.h>

struct room {
	char *at;
	uint64_t n_max;
};

/* One row as JSON, in room that grows; NULL: no memory. */
static const char *row_json(sqlite3_stmt *q, struct room *room, uint64_t *ret_n)
{
	struct json_out out = { .at = room->at, .n_max = room->n_max };
	char *more;

	query_row_json(q, &out);
	if (out.n > out.n_max) {
		more = realloc(room->at, out.n);
		if (!more)
			return NULL;
		*room = (struct room){ more, out.n };
		out = (struct json_out){ .at = room->at, .n_max = room->n_max };
		query_row_json(q, &out);
	}
	*ret_n = out.n;
	return room->at;
}

int rows_json(FILE *file, const char *verb, sqlite3_stmt *q)
{
	struct room room = { 0 };
	uint64_t n_rows = 0, n;
	const char *row;
	int result;

	(void)fputc('[', file);
	while ((result = reader_step(q, verb)) > 0) {
		row = row_json(q, &room, &n);
		if (!row) {
			say("%s: no memory for a row", verb);
			result = -1;
			break;
		}
		(void)fputs(n_rows++ ? ",\n" : "\n", file);
		(void)fwrite(row, 1, n, file);
	}
	(void)fputs(n_rows ? "\n]\n" : "]\n", file);
	free(room.at);
	return result;
}

static char *hex(sqlite3_stmt *q, int column)
{
	const uint8_t *at = sqlite3_column_blob(q, column);
	size_t n = (size_t)sqlite3_column_bytes(q, column);
	char *text = malloc(2 * n + 1);

	for (size_t i = 0; text && i < n; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", at[i]);
	if (text)
		text[2 * n] = 0;
	return text;
}

static void put_csv(FILE *file, sqlite3_stmt *q, int i)
{
	int type = sqlite3_column_type(q, i);
	char *blob;

	if (type == SQLITE_TEXT) {
		csv_cell(file, i == 0, reader_bytes(q, i));
	} else if (type == SQLITE_BLOB) {
		blob = hex(q, i);
		csv_plain(file, i == 0, blob ? blob : "");
		free(blob);
	} else {
		csv_plain(file, i == 0, reader_text(q, i));
	}
}

int rows_csv(FILE *file, const char *verb, sqlite3_stmt *q)
{
	int n = sqlite3_column_count(q), result;

	for (int i = 0; i < n; i++) {
		const char *name = sqlite3_column_name(q, i);

		csv_cell(file, i == 0, (struct weir_text){ name, strlen(name) });
	}
	csv_end(file);
	while ((result = reader_step(q, verb)) > 0) {
		for (int i = 0; i < n; i++)
			put_csv(file, q, i);
		csv_end(file);
	}
	return result;
}

static void put_cell(struct table *t, sqlite3_stmt *q, int i)
{
	int type = sqlite3_column_type(q, i);
	char *blob = type == SQLITE_BLOB ? hex(q, i) : NULL;

	table_cell(t, type == SQLITE_INTEGER || type == SQLITE_FLOAT ? TABLE_RIGHT : TABLE_LEFT,
	           blob ? (struct weir_text){ blob, strlen(blob) } : reader_bytes(q, i));
	free(blob);
}

int rows_table(const char *verb, sqlite3_stmt *q)
{
	const char *heads[TABLE_COLUMNS_MAX];
	int n = sqlite3_column_count(q), result;
	struct table *t;

	if (n > TABLE_COLUMNS_MAX) {
		say("%s: %d columns: a table takes at most %d; try --json or --csv", verb, n, TABLE_COLUMNS_MAX);
		return -1;
	}
	for (int i = 0; i < n; i++)
		heads[i] = sqlite3_column_name(q, i);
	t = table_new(heads, (uint32_t)n, 0);
	if (!t) {
		say("%s: no memory", verb);
		return -1;
	}
	while ((result = reader_step(q, verb)) > 0)
		for (int i = 0; i < n; i++)
			put_cell(t, q, i);
	table_end(t);
	return result;
}
