/* SPDX-License-Identifier: Apache-2.0 */
#include "store/query.h"

#include "store/json.h"
#include "store/state.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>

sqlite3 *query_db(struct store *s)
{
	return s->db;
}

static int fail(sqlite3 *db, const char *sql, struct weir_error *reterr)
{
	int offset = sqlite3_error_offset(db);
	int line = 1, column = 1;

	if (offset < 0)
		return weir_fail(reterr, -EINVAL, "sql: %s", sqlite3_errmsg(db));
	for (int i = 0; i < offset && sql[i]; i++) {
		column = sql[i] == '\n' ? 1 : column + 1;
		line += sql[i] == '\n';
	}
	return weir_fail(reterr, -EINVAL, "sql: line %d, column %d: %s", line, column, sqlite3_errmsg(db));
}

static int has_more(const char *tail)
{
	while (isspace((unsigned char)*tail) || *tail == ';')
		tail++;
	return *tail != '\0';
}

int query_prepare(struct store *s, const char *sql, sqlite3_stmt **ret, struct weir_error *reterr)
{
	const char *tail;

	*ret = NULL;
	if (sqlite3_prepare_v2(s->db, sql, -1, ret, &tail) != SQLITE_OK)
		return fail(s->db, sql, reterr);
	if (!*ret)
		return weir_fail(reterr, -EINVAL, "sql: there is no statement");
	if (!has_more(tail))
		return 0;
	(void)sqlite3_finalize(*ret);
	*ret = NULL;
	return weir_fail(reterr, -EINVAL, "sql: one statement at a time");
}

int query_step(struct store *s, sqlite3_stmt *statement, struct weir_error *reterr)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : sql_fail(reterr, s->db, s->path);
}

/* ---- Rows as JSON ---- */

static void put_bytes(struct json_out *out, const uint8_t *at, uint64_t n)
{
	static const char digits[] = "0123456789abcdef";

	json_put_raw(out, (struct weir_text){ "\"", 1 });
	for (uint64_t i = 0; i < n; i++) {
		const char pair[2] = { digits[at[i] >> 4], digits[at[i] & 15] };

		json_put_raw(out, (struct weir_text){ pair, 2 });
	}
	json_put_raw(out, (struct weir_text){ "\"", 1 });
}

static int is_json_column(sqlite3_stmt *statement, int column)
{
	const char *type = sqlite3_column_decltype(statement, column);

	return type && strncmp(type, "JSON", 4) == 0;
}

static int sqlite_says_json(sqlite3 *db, struct weir_text text)
{
	sqlite3_stmt *statement = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(db, "SELECT json_valid(?1)", -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_bind_text64(statement, 1, text.at, text.n_bytes, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		r = sqlite3_column_int(statement, 0);
	(void)sqlite3_finalize(statement);
	return r;
}

/* What is in the file may be damaged; only what is certainly JSON goes out as such. Sets of attributes are by far the
 * most, and quickly checked. */
static int is_json(sqlite3_stmt *statement, int column, struct weir_text text)
{
	struct json_out nowhere = { 0 };

	if (!is_json_column(statement, column))
		return 0;
	return json_merge(&nowhere, text, (struct weir_text){ "{}", 2 }) == 0 ||
	       sqlite_says_json(sqlite3_db_handle(statement), text);
}

static void put_text(struct json_out *out, sqlite3_stmt *statement, int column)
{
	struct weir_text text = { (const char *)sqlite3_column_text(statement, column), 0 };

	text.n_bytes = (uint64_t)sqlite3_column_bytes(statement, column);
	if (is_json(statement, column, text))
		json_put_raw(out, text);
	else
		json_put_string(out, text);
}

static void put_cell(struct json_out *out, sqlite3_stmt *statement, int column)
{
	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_INTEGER:
		json_put_i64(out, sqlite3_column_int64(statement, column));
		break;
	case SQLITE_FLOAT:
		json_put_f64(out, sqlite3_column_double(statement, column));
		break;
	case SQLITE_TEXT:
		put_text(out, statement, column);
		break;
	case SQLITE_BLOB:
		put_bytes(out, sqlite3_column_blob(statement, column),
		          (uint64_t)sqlite3_column_bytes(statement, column));
		break;
	default:
		json_put_raw(out, (struct weir_text){ "null", 4 });
	}
}

void query_row_json(sqlite3_stmt *statement, struct json_out *out)
{
	json_put_raw(out, (struct weir_text){ "{", 1 });
	for (int i = 0; i < sqlite3_column_count(statement); i++) {
		const char *name = sqlite3_column_name(statement, i);

		if (i)
			json_put_raw(out, (struct weir_text){ ",", 1 });
		json_put_string(out, (struct weir_text){ name ? name : "", name ? strlen(name) : 0 });
		json_put_raw(out, (struct weir_text){ ":", 1 });
		put_cell(out, statement, i);
	}
	json_put_raw(out, (struct weir_text){ "}", 1 });
}
