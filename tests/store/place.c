/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store/place.h"

#include "store/crc32.h"
#include "store/json.h"
#include "store/query.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct place place;

void place_init(struct place *p)
{
	p->folder = folder_new();
	(void)snprintf(p->store, sizeof(p->store), "%s/s.weir", p->folder.path);
}

void place_done(struct place *p)
{
	folder_free(&p->folder);
}

int place_begin(void **state)
{
	place_init(&place);
	return 0;
}

int place_end(void **state)
{
	place_done(&place);
	return 0;
}

const char *place_path(const struct place *p, const char *name)
{
	return folder_path(&p->folder, name);
}

uint32_t place_count(const struct place *p)
{
	DIR *d = opendir(p->folder.path);
	uint32_t n = 0;

	assert_non_null(d);
	for (const struct dirent *e = readdir(d); e; e = readdir(d))
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

struct store *place_open(const struct place *p, enum store_mode mode)
{
	struct weir_error error = { "" };
	struct store *s = NULL;

	if (store_open(p->store, mode, &s, &error) < 0)
		fail_msg("%s", error.text);
	return s;
}

static sqlite3_stmt *ask(struct store *s, const char *sql)
{
	struct weir_error error = { "" };
	sqlite3_stmt *statement;

	if (query_prepare(s, sql, &statement, &error) < 0 || query_step(s, statement, &error) < 0)
		fail_msg("%s: %s", sql, error.text);
	return statement;
}

int64_t place_ask(struct store *s, const char *sql)
{
	sqlite3_stmt *statement = ask(s, sql);
	int64_t v = sqlite3_column_int64(statement, 0);

	assert_true(sqlite3_data_count(statement) > 0);
	(void)sqlite3_finalize(statement);
	return v;
}

const char *place_ask_text(struct store *s, const char *sql)
{
	sqlite3_stmt *statement = ask(s, sql);
	static char texts[4][4096];
	static int next;
	char *text = texts[next++ % 4];

	assert_true(sqlite3_data_count(statement) > 0);
	(void)snprintf(text, 4096, "%s", (const char *)sqlite3_column_text(statement, 0));
	(void)sqlite3_finalize(statement);
	return text;
}

static int digest_view(struct store *s, const char *sql, int print, uint32_t *crc, struct weir_error *reterr)
{
	static char row[1 << 16];
	sqlite3_stmt *statement;
	int r = query_prepare(s, sql, &statement, reterr);

	if (r < 0)
		return r;
	while ((r = query_step(s, statement, reterr)) > 0) {
		struct json_out out = { row, sizeof(row), 0 };

		query_row_json(statement, &out);
		assert_true(out.n <= out.n_max);
		if (print)
			printf("%.*s\n", (int)out.n, row);
		*crc = crc32_add(*crc, (const uint8_t *)row, out.n);
	}
	(void)sqlite3_finalize(statement);
	return r;
}

int place_try_digest(struct store *s, int print, uint32_t *ret, struct weir_error *reterr)
{
	static const char *const views[] = {
		"SELECT * FROM numbers ORDER BY run, node, collector, metric, attrs, t_ns, value",
		"SELECT * FROM histograms ORDER BY run, node, collector, metric, attrs, t_ns, count, p50",
		"SELECT * FROM spans ORDER BY run, node, collector, metric, attrs, t_ns, dur_ns",
		"SELECT * FROM weights ORDER BY run, node, collector, metric, attrs, t_ns, stack, self",
		"SELECT * FROM sources ORDER BY run, node, collector, path",
		"SELECT * FROM diags ORDER BY run, node, collector, path, code, offset",
		"SELECT * FROM components ORDER BY run, name",
		"SELECT * FROM metrics ORDER BY name",
		"SELECT * FROM facts ORDER BY run, node, collector, path, name",
		"SELECT * FROM unclaimed ORDER BY run, node, path",
		"SELECT * FROM runs ORDER BY run",
		"SELECT * FROM nodes ORDER BY run, node",
		"SELECT * FROM totals ORDER BY run, node, collector, metric, attrs",
	};
	int r = 0;

	*ret = 0;
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]) && r == 0; i++)
		r = digest_view(s, views[i], print, ret, reterr);
	return r;
}

uint32_t place_digest(struct store *s, int print)
{
	struct weir_error error = { "" };
	uint32_t crc;

	if (place_try_digest(s, print, &crc, &error) < 0)
		fail_msg("%s", error.text);
	return crc;
}
