/* SPDX-License-Identifier: Apache-2.0 */
#include "store/seal.h"

#include "store/crc32.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* INDEXED BY makes SQLite read the index and nothing else; NOT INDEXED or the primary key's order, the table. */
const char *const seal_queries[] = {
	"SELECT type, name, tbl_name, sql FROM main.sqlite_schema WHERE tbl_name NOT LIKE 'sqlite_%'",
	"SELECT * FROM main.run NOT INDEXED",
	"SELECT * FROM main.node NOT INDEXED",
	"SELECT * FROM main.fact ORDER BY run, node, name",
	"SELECT * FROM main.component ORDER BY run, name",
	"SELECT * FROM main.unclaimed ORDER BY run, node, path",
	"SELECT * FROM main.collector NOT INDEXED",
	"SELECT * FROM main.metric NOT INDEXED",
	"SELECT * FROM main.declared ORDER BY collector, row",
	"SELECT * FROM main.source NOT INDEXED",
	"SELECT * FROM main.source_fact ORDER BY source, name",
	"SELECT * FROM main.diag NOT INDEXED",
	"SELECT * FROM main.series ORDER BY source, id",
	"SELECT * FROM main.block ORDER BY source, series, t_min_ns, t_max_ns, number",
	"SELECT tag, id FROM main.run INDEXED BY sqlite_autoindex_run_1",
	"SELECT run, name, id FROM main.node INDEXED BY sqlite_autoindex_node_1",
	"SELECT name, version, sha256, id FROM main.collector INDEXED BY sqlite_autoindex_collector_1",
	"SELECT name, id FROM main.metric INDEXED BY sqlite_autoindex_metric_1",
	"SELECT metric, collector, row FROM main.declared INDEXED BY declared_metric",
	"SELECT run, node, path, id FROM main.source INDEXED BY source_path",
	"SELECT node, id FROM main.source INDEXED BY source_node",
	"SELECT source, id FROM main.diag INDEXED BY diag_source",
	"SELECT metric, source, id FROM main.series INDEXED BY series_metric",
	"SELECT source, id FROM main.segment INDEXED BY segment_source",
	NULL,
};

static uint32_t add_word(uint32_t crc, uint64_t word)
{
	uint8_t bytes[sizeof(word)];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(word >> 8 * i);
	return crc32_add(crc, bytes, sizeof(bytes));
}

static uint32_t add_bytes(uint32_t crc, const void *at, int n)
{
	return n > 0 ? crc32_add(crc, at, (uint64_t)n) : crc;
}

static uint32_t add_column(uint32_t crc, sqlite3_stmt *s, int column)
{
	int type = sqlite3_column_type(s, column), n = 0;
	double real;
	uint64_t word = 0;

	switch (type) {
	case SQLITE_INTEGER:
		word = (uint64_t)sqlite3_column_int64(s, column);
		break;
	case SQLITE_FLOAT:
		real = sqlite3_column_double(s, column);
		memcpy(&word, &real, sizeof(word));
		break;
	case SQLITE_TEXT:
	case SQLITE_BLOB:
		n = sqlite3_column_bytes(s, column);
		word = (uint64_t)n;
		break;
	default:
		break;
	}
	crc = add_word(add_word(crc, (uint64_t)type), word);
	return n ? add_bytes(crc, sqlite3_column_blob(s, column), n) : crc;
}

static int add_rows(sqlite3 *db, const char *path, const char *query, uint32_t *crc, struct weir_error *reterr)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(db, query, -1, &s, NULL), r = 0;

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(s);
		for (int i = 0; code == SQLITE_ROW && i < sqlite3_column_count(s); i++)
			*crc = add_column(*crc, s, i);
	}
	*crc = add_word(*crc, 0);
	if (code != SQLITE_DONE)
		r = sql_fail(reterr, db, path);
	(void)sqlite3_finalize(s);
	return r;
}

static int digest(sqlite3 *db, const char *path, uint32_t *ret, struct weir_error *reterr)
{
	int r = 0;

	*ret = 0;
	for (uint32_t i = 0; seal_queries[i] && r == 0; i++)
		r = add_rows(db, path, seal_queries[i], ret, reterr);
	return r;
}

static int compare(sqlite3 *db, const char *path, struct weir_error *reterr)
{
	int64_t is_sealed, crc;
	uint32_t now;
	int r = sql_integer(db, path, "SELECT count(*) FROM main.seal", &is_sealed, reterr);

	if (r == 0)
		r = sql_integer(db, path, "SELECT crc FROM main.seal", &crc, reterr);
	if (r < 0 || !is_sealed)
		return r;
	r = digest(db, path, &now, reterr);
	if (r == 0 && crc != now)
		r = weir_fail(
			reterr, -EBADMSG,
			"store: %s: damaged: names, facts, ledgers or indexes are not what was written: ingest into a "
			"new store (to read it all the same: sqlite3 %s 'DELETE FROM seal')",
			path, path);
	return r;
}

int seal_check(sqlite3 *db, const char *path, struct weir_error *reterr)
{
	int r = sql_run(db, path, "SAVEPOINT seal", reterr);

	if (r < 0)
		return r;
	r = compare(db, path, reterr);
	(void)sqlite3_exec(db, "RELEASE seal", NULL, NULL, NULL);
	return r;
}

int seal_remove(sqlite3 *db, const char *path, struct weir_error *reterr)
{
	return sql_run(db, path, "DELETE FROM main.seal", reterr);
}

int seal_write(sqlite3 *db, const char *path, struct weir_error *reterr)
{
	char text[64];
	uint32_t crc;
	int r = digest(db, path, &crc, reterr);

	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "INSERT INTO main.seal VALUES (1, %" PRIu32 ")", crc);
	return sql_run(db, path, text, reterr);
}
