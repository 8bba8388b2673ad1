/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/plugins/stage.h"

#include "store/query.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void stage_open_store(struct stage *s)
{
	if (s->store)
		return;
	if (store_open(folder_path(&s->folder, "test.weir"), STORE_CREATE, &s->store, &s->error) < 0)
		fail_msg("%s", s->error.text);
	assert_int_equal(store_run(s->store, "run", &s->run, &s->error), 0);
	assert_int_equal(store_node(s->store, s->run, "node", &s->node, &s->error), 0);
	s->config.store = s->store;
}

void stage_close_store(struct stage *s)
{
	store_close(s->store);
	s->store = NULL;
}

struct stage stage_new(void)
{
	static const char *const no_folder[] = { NULL };
	struct registry_config config = { .folders = no_folder };
	struct stage s = { .folder = folder_new() };

	stage_open_store(&s);
	assert_int_equal(registry_open(&config, &s.registry, &s.error), 0);
	s.config = (struct session_config){
		.store = s.store, .n_workers = 2, .stall_timeout_ns = 30000000000, .memory_max = UINT64_C(2) << 30
	};
	return s;
}

void stage_done(struct stage *s)
{
	stage_close_store(s);
	registry_close(s->registry);
	folder_free(&s->folder);
}

void stage_write_lines(struct stage *s, const char *path, uint32_t n, uint32_t n_before)
{
	FILE *f = fopen(folder_path(&s->folder, path), "we");

	assert_non_null(f);
	for (uint32_t i = 0; i < n; i++) {
		if (i == n_before)
			(void)fputs("boom\n", f);
		(void)fprintf(f, "line %u%s\n", i, i % 7 == 0 ? " and a bit more" : "");
	}
	assert_int_equal(fclose(f), 0);
}

const struct registry_collector *stage_collector(struct stage *s, const char *fixture)
{
	const struct registry_collector *c = registry_find(s->registry, fixture);
	char path[512];

	if (c)
		return c;
	(void)snprintf(path, sizeof(path), "%s/%s.so", FIXTURE_DIR, fixture);
	if (registry_add(s->registry, path, &c, &s->error) < 0)
		fail_msg("%s", s->error.text);
	return c;
}

struct session_job stage_job(struct stage *s, const char *fixture, const char *path)
{
	return (struct session_job){ .collector = stage_collector(s, fixture),
		                     .run = s->run,
		                     .node = s->node,
		                     .file = folder_path(&s->folder, path),
		                     .path = path };
}

int stage_run(struct stage *s, const char *const *pairs)
{
	struct session *session;
	struct session_job job;
	int r;

	stage_open_store(s);
	assert_int_equal(session_new(&s->config, &session, &s->error), 0);
	for (; *pairs; pairs += 2) {
		job = stage_job(s, pairs[0], pairs[1]);
		if (session_add(session, &job, NULL, &s->error) < 0)
			fail_msg("%s", s->error.text);
	}
	s->error.text[0] = '\0';
	r = session_run(session, &s->totals, &s->error);
	session_free(session);
	return r;
}

/* The text of all rows; to be freed. */
static char *rows_of(struct stage *s, const char *sql)
{
	size_t n = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &n);
	sqlite3_stmt *statement;
	int r;

	if (query_prepare(s->store, sql, &statement, &s->error) < 0)
		fail_msg("%s: %s", sql, s->error.text);
	while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const unsigned char *value = sqlite3_column_text(statement, i);

			(void)fprintf(out, "%s%s", i ? "|" : "", value ? (const char *)value : "");
		}
		(void)fputc('\n', out);
	}
	if (r != SQLITE_DONE)
		fail_msg("%s: %s", sql, sqlite3_errmsg(query_db(s->store)));
	(void)sqlite3_finalize(statement);
	(void)fclose(out);
	return text;
}

const char *stage_query(struct stage *s, const char *format, ...)
{
	static char *text;
	char sql[2048];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(sql, sizeof(sql), format, args);
	va_end(args);
	free(text);
	text = rows_of(s, sql);
	return text;
}

int64_t stage_count(struct stage *s, const char *format, ...)
{
	char sql[2048];
	char *text;
	int64_t n;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(sql, sizeof(sql), format, args);
	va_end(args);
	text = rows_of(s, sql);
	n = strtoll(text, NULL, 10);
	free(text);
	return n;
}

char *stage_dump(struct stage *s, const char *collector)
{
	static const char *const queries[] = {
		"SELECT run, node, metric, unit, attrs, t_ns, value FROM numbers WHERE collector = '%s' ORDER BY "
		"metric, "
		"attrs, t_ns, value",
		"SELECT run, node, metric, attrs, t_ns, dur_ns, track, value FROM spans WHERE collector = '%s' ORDER "
		"BY "
		"metric, attrs, t_ns, dur_ns, track",
		"SELECT run, node, metric, attrs, t_ns, dur_ns, stack, module, src, self, inclusive, native_id FROM "
		"weights "
		"WHERE collector = '%s' ORDER BY metric, attrs, t_ns, stack, native_id",
		"SELECT path, bytes, sha256, status, read, stored, skipped, bad, lost, clock, clock_error_ns FROM "
		"sources "
		"WHERE collector = '%s' ORDER BY path",
		"SELECT path, severity, code, offset, count, message FROM diags WHERE collector = '%s' ORDER BY path, "
		"code, "
		"message",
		"SELECT path, name, value FROM facts WHERE collector = '%s' ORDER BY path, name",
	};
	size_t n = 0;
	char *text = NULL, *part;
	FILE *out = open_memstream(&text, &n);
	char sql[512];

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		(void)snprintf(sql, sizeof(sql), "%.*s%s%s", (int)(strstr(queries[i], "%s") - queries[i]), queries[i],
		               collector, strstr(queries[i], "%s") + 2);
		part = rows_of(s, sql);
		(void)fprintf(out, "%s--\n", part);
		free(part);
	}
	(void)fclose(out);
	return text;
}
