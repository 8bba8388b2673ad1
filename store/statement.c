/* SPDX-License-Identifier: Apache-2.0 */
#include "store/statement.h"

#include "store/state.h"

#include <errno.h>

#define FOUR(row)   row ", " row ", " row ", " row
#define MANY(row)   FOUR(FOUR(row))
#define SERIES_INTO "INSERT INTO main.series (source, metric, id, attrs) VALUES "
#define SERIES_ROW  "(?, ?, ?, ?)"
#define BLOCK_INTO                                                                                                     \
	"INSERT INTO main.block (source, series, t_min_ns, t_max_ns, number, kind, first_id, n_rows, v_min, v_max,"    \
	" v_sum, segment, start, n_bytes) VALUES "
#define BLOCK_ROW "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

static const char *const texts[N_STATEMENTS] = {
	[RUN_FIND] = "SELECT id FROM main.run WHERE tag = ?1",
	[RUN_ADD] = "INSERT INTO main.run (tag) VALUES (?1)",
	[NODE_FIND] = "SELECT id FROM main.node WHERE run = ?1 AND name = ?2",
	[NODE_ADD] = "INSERT INTO main.node (run, name) VALUES (?1, ?2)",
	[FACT_PUT] = "INSERT OR REPLACE INTO main.fact (run, node, name, value) VALUES (?1, ?2, ?3, ?4)",
	[FACT_DELETE] = "DELETE FROM main.fact WHERE run = ?1 AND node = ?2 AND name = ?3",
	[COMPONENT_PUT] =
		"INSERT OR REPLACE INTO main.component (run, name, version, revision) VALUES (?1, ?2, ?3, ?4)",
	[UNCLAIMED_PUT] = "INSERT OR REPLACE INTO main.unclaimed (run, node, path, bytes, why)"
			  " VALUES (?1, ?2, ?3, ?4, ?5)",
	[UNCLAIMED_CLEAR] = "DELETE FROM main.unclaimed WHERE run = ?1",
	[COLLECTOR_FIND] = "SELECT id FROM main.collector WHERE name = ?1 AND version = ?2 AND sha256 = ?3",
	[COLLECTOR_ADD] = "INSERT INTO main.collector (name, version, sha256, abi_major, abi_minor)"
			  " VALUES (?1, ?2, ?3, ?4, ?5)",
	[METRIC_FIND] = "SELECT id, shape, kind, type, unit FROM main.metric WHERE name = ?1",
	[METRIC_ADD] = "INSERT INTO main.metric (name, shape, kind, type, unit) VALUES (?1, ?2, ?3, ?4, ?5)",
	[METRIC_UPDATE] = "UPDATE main.metric SET shape = ?2, kind = ?3, type = ?4, unit = ?5 WHERE id = ?1",
	/* Those of other names first: the same collector may change its mind while no data depends on it. */
	[METRIC_OTHER_COLLECTOR] = "SELECT c.name, c.version FROM main.declared d JOIN main.collector c"
				   " ON c.id = d.collector WHERE d.metric = ?1 ORDER BY c.name = ?2, c.id LIMIT 1",
	[METRIC_IS_USED] = "SELECT 1 FROM main.source o CROSS JOIN main.series s ON s.source = o.id AND s.metric = ?1"
			   " LIMIT 1",
	[DECLARED_PUT] = "INSERT OR REPLACE INTO main.declared (collector, row, metric, better, scale, range, brief,"
			 " help) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[DECLARED_LIST] = "SELECT d.metric, m.shape, m.type FROM main.declared d JOIN main.metric m ON m.id = d.metric"
			  " WHERE d.collector = ?1 ORDER BY d.row",
	/* A status beyond 2 is one that has failed. */
	[SOURCE_HAS] = "SELECT sha256 FROM main.source WHERE run = ?1 AND node IS ?2 AND collector = ?3 AND path = ?4"
		       " AND bytes = ?5 AND mtime_ns = ?6 AND options = ?7 AND status <= 2",
	[SOURCE_ADD] = "INSERT INTO main.source (run, node, collector, path, bytes, mtime_ns, options)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[SOURCE_END] = "UPDATE main.source SET status = ?2, sha256 = ?3, clock = ?4, clock_tie = ?5,"
		       " clock_error_ns = ?6, n_read = ?7, n_stored = ?8, n_skipped = ?9, n_bad = ?10, n_lost = ?11,"
		       " reasons = ?12, t_first_ns = ?13, t_last_ns = ?14 WHERE id = ?1",
	[SOURCE_OLDER] = "SELECT o.id FROM main.source o JOIN main.collector c ON c.id = o.collector"
			 " JOIN main.source n ON n.run = o.run AND n.node IS o.node AND n.path = o.path"
			 " JOIN main.collector d ON d.id = n.collector"
			 " WHERE n.id = ?1 AND o.id <> n.id AND c.name = d.name AND o.status IS NOT NULL",
	[SERIES_ADD] = SERIES_INTO SERIES_ROW,
	[SERIES_ADD_MANY] = SERIES_INTO MANY(SERIES_ROW),
	[BLOCK_ADD] = BLOCK_INTO BLOCK_ROW,
	[BLOCK_ADD_MANY] = BLOCK_INTO MANY(BLOCK_ROW),
	[SEGMENT_ADD] = "INSERT INTO main.segment (id, source, bytes) VALUES (?1, ?2, ?3)",
	[SEGMENT_LAST] = "SELECT max(id) FROM main.segment",
	[SOURCE_FACT_PUT] = "INSERT OR REPLACE INTO main.source_fact (source, name, value) VALUES (?1, ?2, ?3)",
	[DIAG_ADD] = "INSERT INTO main.diag (source, severity, code, offset, count, input, message)"
		     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[DIAG_REMOVE] = "DELETE FROM main.diag WHERE source = ?1 AND code = ?2",
	[FORGET_BLOCKS] = "DELETE FROM main.block WHERE source = ?1",
	[FORGET_SEGMENTS] = "DELETE FROM main.segment WHERE source = ?1",
	[FORGET_SERIES] = "DELETE FROM main.series WHERE source = ?1",
	[FORGET_DIAGS] = "DELETE FROM main.diag WHERE source = ?1",
	[FORGET_FACTS] = "DELETE FROM main.source_fact WHERE source = ?1",
	[FORGET_SOURCE] = "DELETE FROM main.source WHERE id = ?1",
	[UNFINISHED_LIST] = "SELECT id FROM main.source WHERE status IS NULL",
};

static int bind(sqlite3_stmt *statement, int i, const struct cell *c)
{
	switch (c->type) {
	case CELL_INTEGER:
		return sqlite3_bind_int64(statement, i, c->integer);
	case CELL_REAL:
		return sqlite3_bind_double(statement, i, c->real);
	case CELL_TEXT:
		return sqlite3_bind_text64(statement, i, c->at, c->n, SQLITE_STATIC, SQLITE_UTF8);
	case CELL_BYTES:
		return sqlite3_bind_blob64(statement, i, c->at, c->n, SQLITE_STATIC);
	default:
		return sqlite3_bind_null(statement, i);
	}
}

static int prepare(struct store *s, enum statement id)
{
	if (s->statements[id])
		return SQLITE_OK;
	return sqlite3_prepare_v3(s->db, texts[id], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[id], NULL);
}

void statement_done(struct store *s, enum statement id)
{
	if (!s->statements[id])
		return;
	(void)sqlite3_reset(s->statements[id]);
	(void)sqlite3_clear_bindings(s->statements[id]);
}

/* A change that failed may have rolled the whole transaction back, so nothing can be built on it any more. */
static int fail(struct store *s, enum statement id, struct weir_error *reterr)
{
	int r = sql_fail(reterr, s->db, s->path);

	if (r != -EINVAL && s->statements[id] && !sqlite3_stmt_readonly(s->statements[id]) && !s->failed) {
		s->failed = r;
		(void)sql_fail(&s->error, s->db, s->path);
	}
	statement_done(s, id);
	return r;
}

int statement_next(struct store *s, enum statement id, struct weir_error *reterr)
{
	int code = sqlite3_step(s->statements[id]);

	if (code == SQLITE_ROW)
		return 1;
	if (code != SQLITE_DONE)
		return fail(s, id, reterr);
	statement_done(s, id);
	return 0;
}

int statement_run(struct store *s, enum statement id, const struct cell *cells, int n_cells, struct weir_error *reterr)
{
	int code = prepare(s, id);

	for (int i = 0; i < n_cells && code == SQLITE_OK; i++)
		code = bind(s->statements[id], i + 1, &cells[i]);
	if (code != SQLITE_OK)
		return fail(s, id, reterr);
	return statement_next(s, id, reterr);
}

int64_t statement_integer(struct store *s, enum statement id, int column)
{
	return sqlite3_column_int64(s->statements[id], column);
}

const char *statement_text(struct store *s, enum statement id, int column)
{
	const unsigned char *text = sqlite3_column_text(s->statements[id], column);

	return text ? (const char *)text : "";
}

uint64_t statement_bytes(struct store *s, enum statement id, int column, void *ret, uint64_t n)
{
	const void *at = sqlite3_column_blob(s->statements[id], column);
	uint64_t n_there = (uint64_t)sqlite3_column_bytes(s->statements[id], column);

	if (n_there < n)
		n = n_there;
	if (n)
		memcpy(ret, at, n);
	return n_there;
}
