/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cursor.h"

#include "store/plan.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static void forget_statements(struct cursor *c)
{
	(void)sqlite3_finalize(c->series);
	(void)sqlite3_finalize(c->blocks);
	c->series = c->blocks = NULL;
	free(c->plan);
	c->plan = NULL;
}

void cursor_done(struct cursor *c)
{
	forget_statements(c);
	block_coder_free(c->coder);
	lexicon_free(c->lexicon);
	segment_done(&c->segments);
	free(c->merged);
}

/* SQLite's own words about one of the cursor's statements. */
static int fail_statement(struct cursor *c, struct weir_error *reterr)
{
	(void)weir_fail(reterr, 0, "%s", sqlite3_errmsg(c->scope->db));
	return sqlite3_extended_errcode(c->scope->db);
}

/* ---- Statements ---- */

static int prepare_series(struct cursor *c, const char *which, const char *order)
{
	/* A source's series stand by metric, so sources come before series whatever the planner thinks. */
	char *text =
		sqlite3_mprintf("SELECT r.tag, n.name, c.name, m.name, m.unit, s.attrs, s.source, s.id"
	                        " FROM main.source o JOIN main.collector c ON c.id = o.collector"
	                        " JOIN main.run r ON r.id = o.run LEFT JOIN main.node n ON n.id = o.node"
	                        " CROSS JOIN main.series s ON s.source = o.id JOIN main.metric m ON m.id = s.metric"
	                        " WHERE o.status IS NOT NULL AND m.shape = %d%s%s%s%s",
	                        c->scope->shape, *which ? " AND " : "", which, *order ? " ORDER BY " : "", order);
	int code = text ? sqlite3_prepare_v2(c->scope->db, text, -1, &c->series, NULL) : SQLITE_NOMEM;

	sqlite3_free(text);
	return code;
}

static int prepare_blocks(struct cursor *c, const char *which)
{
	char *text = sqlite3_mprintf("SELECT b.number, b.kind, b.n_rows, b.t_min_ns, b.t_max_ns, b.v_min, b.v_max,"
	                             " b.v_sum, b.segment, b.start, b.n_bytes FROM main.block b"
	                             " WHERE b.source = ?%d AND b.series = ?%d%s%s"
	                             " ORDER BY b.t_min_ns, b.t_max_ns, b.number",
	                             PLAN_SOURCE, PLAN_SERIES, *which ? " AND " : "", which);
	int code = text ? sqlite3_prepare_v2(c->scope->db, text, -1, &c->blocks, NULL) : SQLITE_NOMEM;

	sqlite3_free(text);
	return code;
}

/* In a join the same plan comes again and again with other values. */
static int prepare(struct cursor *c, const char *plan)
{
	const char *parts[PLAN_PARTS];
	char *copy;
	int code;

	if (c->plan && strcmp(c->plan, plan) == 0)
		return SQLITE_OK;
	forget_statements(c);
	c->plan = strdup(plan);
	copy = strdup(plan);
	if (!c->plan || !copy) {
		free(copy);
		return SQLITE_NOMEM;
	}
	plan_split(copy, parts);
	code = prepare_series(c, parts[0], parts[1]);
	if (code == SQLITE_OK)
		code = prepare_blocks(c, parts[2]);
	free(copy);
	return code;
}

static int bind(sqlite3_stmt *statement, int n, sqlite3_value **values)
{
	int n_parameters = sqlite3_bind_parameter_count(statement), code = sqlite3_reset(statement);

	for (int i = 0; i < n && i < n_parameters && code == SQLITE_OK; i++)
		code = sqlite3_bind_value(statement, i + 1, values[i]);
	return code;
}

/* ---- Rows ---- */

static double column_summary(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL ? (double)NAN
	                                                             : sqlite3_column_double(statement, column);
}

static int fail_block(struct cursor *c, struct weir_error *reterr)
{
	(void)weir_fail(reterr, 0, "store: source %" PRId64 ": block %" PRId64 " of series %" PRId64 " is damaged",
	                (int64_t)sqlite3_column_int64(c->series, SERIES_SOURCE),
	                (int64_t)sqlite3_column_int64(c->blocks, 0),
	                (int64_t)sqlite3_column_int64(c->series, SERIES_ID));
	return SQLITE_CORRUPT;
}

static int decode_block(struct cursor *c, struct block *b, struct weir_error *reterr)
{
	int64_t n = sqlite3_column_int64(c->blocks, 10);
	int code;

	if (!c->coder)
		c->coder = block_coder_new();
	if (!c->coder)
		return SQLITE_NOMEM;
	c->segments.db = c->scope->db;
	code = segment_read(&c->segments, sqlite3_column_int64(c->blocks, 8), sqlite3_column_int64(c->blocks, 9), n,
	                    &b->bytes);
	b->n_bytes = (uint64_t)n;
	if (code == SQLITE_CORRUPT || (code == SQLITE_OK && block_decode(c->coder, b, c->wanted, &c->rows) < 0))
		return fail_block(c, reterr);
	c->scope->counts->n_decoded++;
	return code == SQLITE_OK ? code : fail_statement(c, reterr);
}

/* The block that the statement stands on. What the query does not look into is counted, not decoded. */
static int take_block(struct cursor *c, struct weir_error *reterr)
{
	struct block b = { .kind = (uint32_t)sqlite3_column_int64(c->blocks, 1),
		           .series = (uint32_t)sqlite3_column_int64(c->series, SERIES_ID),
		           .n_rows = (uint32_t)sqlite3_column_int64(c->blocks, 2),
		           .t_min_ns = sqlite3_column_int64(c->blocks, 3),
		           .t_max_ns = sqlite3_column_int64(c->blocks, 4),
		           .v_min = column_summary(c->blocks, 5),
		           .v_max = column_summary(c->blocks, 6),
		           .v_sum = column_summary(c->blocks, 7) };
	int64_t source = sqlite3_column_int64(c->series, SERIES_SOURCE);
	int64_t number = sqlite3_column_int64(c->blocks, 0);
	int code = SQLITE_OK;

	c->row = 0;
	c->bucket = 0;
	c->scope->counts->n_blocks++;
	if (b.kind < c->scope->kind_min || b.kind > c->scope->kind_max || b.n_rows < 1 || b.n_rows > BLOCK_ROWS_MAX)
		return fail_block(c, reterr);
	if (!c->wanted)
		c->rows = (struct rows){ .kind = b.kind, .n = b.n_rows };
	else if (c->source != source || c->number != number || c->needs != c->wanted)
		code = decode_block(c, &b, reterr);
	c->source = code == SQLITE_OK ? source : 0;
	c->number = number;
	c->needs = c->wanted;
	return code;
}

static int next_series(struct cursor *c, struct weir_error *reterr)
{
	int code = sqlite3_step(c->series);

	if (code == SQLITE_DONE) {
		c->is_end = 1;
		return SQLITE_OK;
	}
	if (code != SQLITE_ROW)
		return fail_statement(c, reterr);
	c->scope->counts->n_series++;
	(void)sqlite3_reset(c->blocks);
	(void)sqlite3_bind_int64(c->blocks, PLAN_SOURCE, sqlite3_column_int64(c->series, SERIES_SOURCE));
	(void)sqlite3_bind_int64(c->blocks, PLAN_SERIES, sqlite3_column_int64(c->series, SERIES_ID));
	return SQLITE_OK;
}

static int next_block(struct cursor *c, struct weir_error *reterr)
{
	int code = SQLITE_OK;

	while (code == SQLITE_OK && !c->is_end) {
		code = sqlite3_step(c->blocks);
		if (code == SQLITE_ROW)
			return take_block(c, reterr);
		code = code == SQLITE_DONE ? next_series(c, reterr) : fail_statement(c, reterr);
	}
	return code;
}

int cursor_start(struct cursor *c, const char *plan, uint32_t wanted, int n_values, sqlite3_value **values,
                 struct weir_error *reterr)
{
	int code = prepare(c, plan);

	if (code == SQLITE_OK)
		code = bind(c->series, n_values, values);
	if (code == SQLITE_OK)
		code = bind(c->blocks, n_values, values);
	if (code != SQLITE_OK)
		return fail_statement(c, reterr);
	c->wanted = wanted;
	c->is_end = 0;
	code = next_series(c, reterr);
	return code == SQLITE_OK ? next_block(c, reterr) : code;
}

int cursor_next(struct cursor *c, struct weir_error *reterr)
{
	if (c->rows.buckets)
		c->bucket += cursor_word(c, HISTOGRAM_N_BUCKETS);
	if (++c->row < c->rows.n)
		return SQLITE_OK;
	return next_block(c, reterr);
}

struct lexicon *cursor_lexicon(struct cursor *c)
{
	if (!c->lexicon)
		c->lexicon = lexicon_new(c->scope->db);
	if (c->lexicon)
		lexicon_use(c->lexicon, sqlite3_column_int64(c->series, SERIES_SOURCE));
	return c->lexicon;
}
