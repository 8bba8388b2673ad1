/* SPDX-License-Identifier: Apache-2.0 */
#include "store/seal.h"

#include "store/crc32.h"
#include "store/pack.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum {
	SUM_BYTES = 4096,
};

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
	"SELECT * FROM main.series ORDER BY source, metric, id",
	"SELECT * FROM main.block ORDER BY source, series, t_min_ns, t_max_ns, number",
	"SELECT tag, id FROM main.run INDEXED BY sqlite_autoindex_run_1",
	"SELECT run, name, id FROM main.node INDEXED BY sqlite_autoindex_node_1",
	"SELECT name, version, sha256, id FROM main.collector INDEXED BY sqlite_autoindex_collector_1",
	"SELECT name, id FROM main.metric INDEXED BY sqlite_autoindex_metric_1",
	"SELECT metric, collector, row FROM main.declared INDEXED BY declared_metric",
	"SELECT run, node, path, id FROM main.source INDEXED BY source_path",
	"SELECT node, id FROM main.source INDEXED BY source_node",
	"SELECT source, id FROM main.diag INDEXED BY diag_source",
	"SELECT source, id FROM main.segment INDEXED BY segment_source",
	NULL,
};

/* What is to be checksummed next: a call for each word would take longer than its checksum. */
struct sum {
	uint32_t crc;
	uint32_t n;
	uint8_t bytes[SUM_BYTES];
};

static uint32_t sum_crc(struct sum *sum)
{
	sum->crc = crc32_add(sum->crc, sum->bytes, sum->n);
	sum->n = 0;
	return sum->crc;
}

static void add_word(struct sum *sum, uint64_t word)
{
	if (sum->n > SUM_BYTES - sizeof(word))
		(void)sum_crc(sum);
	put_u64(sum->bytes + sum->n, word);
	sum->n += sizeof(word);
}

static void add_bytes(struct sum *sum, const void *at, uint32_t n)
{
	if (n <= SUM_BYTES - sum->n) {
		memcpy(sum->bytes + sum->n, at, n);
		sum->n += n;
	} else {
		sum->crc = crc32_add(sum_crc(sum), at, n);
	}
}

static void add_value(struct sum *sum, sqlite3_value *value)
{
	int type = sqlite3_value_type(value), n = 0;
	double real;
	uint64_t word = 0;

	switch (type) {
	case SQLITE_INTEGER:
		word = (uint64_t)sqlite3_value_int64(value);
		break;
	case SQLITE_FLOAT:
		real = sqlite3_value_double(value);
		memcpy(&word, &real, sizeof(word));
		break;
	case SQLITE_TEXT:
	case SQLITE_BLOB:
		n = sqlite3_value_bytes(value);
		word = (uint64_t)n;
		break;
	default:
		break;
	}
	add_word(sum, (uint64_t)type);
	add_word(sum, word);
	if (n > 0)
		add_bytes(sum, sqlite3_value_blob(value), (uint32_t)n);
}

static int add_rows(sqlite3 *db, const char *path, const char *query, struct sum *sum, struct weir_error *reterr)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(db, query, -1, &s, NULL), n = s ? sqlite3_column_count(s) : 0, r = 0;

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(s);
		/* A column's value is as good as a copy: the store's connections have no mutex, and an extension is
		 * loaded under it. */
		for (int i = 0; code == SQLITE_ROW && i < n; i++)
			add_value(sum, sqlite3_column_value(s, i));
	}
	add_word(sum, 0);
	if (code != SQLITE_DONE)
		r = sql_fail(reterr, db, path);
	(void)sqlite3_finalize(s);
	return r;
}

static int digest(sqlite3 *db, const char *path, uint32_t *ret, struct weir_error *reterr)
{
	struct sum sum = { .crc = 0 };
	int r = 0;

	for (uint32_t i = 0; seal_queries[i] && r == 0; i++)
		r = add_rows(db, path, seal_queries[i], &sum, reterr);
	*ret = sum_crc(&sum);
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
