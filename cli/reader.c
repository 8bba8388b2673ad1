/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reader.h"

#include "cli/say.h"
#include "store/query.h"
#include "store/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct store *reader_open(const char *verb, const char *path)
{
	struct weir_error error;
	struct store *s;

	if (store_open(path, STORE_READ, &s, &error) < 0) {
		say("%s: %s", verb, error.text);
		return NULL;
	}
	return s;
}

static int authorize(void *nothing, int action, const char *first, const char *second, const char *database,
                     const char *trigger)
{
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return second && strcmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
	case SQLITE_PRAGMA:
		/* With a value it sets something; table_info and its like are how one looks around. */
		return !second || strncmp(first, "table_", 6) == 0 ? SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

void reader_lock(struct store *s)
{
	(void)sqlite3_set_authorizer(query_db(s), authorize, NULL);
}

sqlite3_stmt *reader_query(struct store *s, const char *verb, const char *sql, const char *const *texts,
                           uint32_t n_texts)
{
	struct weir_error error;
	sqlite3_stmt *q;

	if (query_prepare(s, sql, &q, &error) < 0) {
		say("%s: %s", verb, error.text);
		return NULL;
	}
	for (uint32_t i = 0; i < n_texts; i++)
		if (texts[i])
			(void)sqlite3_bind_text(q, (int)i + 1, texts[i], -1, SQLITE_STATIC);
	return q;
}

int reader_step(sqlite3_stmt *q, const char *verb)
{
	int result = sqlite3_step(q);

	if (result == SQLITE_ROW)
		return 1;
	if (result == SQLITE_DONE)
		return 0;
	say("%s: %s", verb, sqlite3_errmsg(sqlite3_db_handle(q)));
	return -1;
}

const char *reader_text(sqlite3_stmt *q, int column)
{
	const unsigned char *text = sqlite3_column_text(q, column);

	return text ? (const char *)text : "";
}

struct weir_text reader_bytes(sqlite3_stmt *q, int column)
{
	const char *text = reader_text(q, column);

	return (struct weir_text){ text, (uint64_t)sqlite3_column_bytes(q, column) };
}

double reader_f64(sqlite3_stmt *q, int column)
{
	return sqlite3_column_type(q, column) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(q, column);
}
