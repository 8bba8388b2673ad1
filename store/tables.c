/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tables.h"

#include "store/json.h"
#include "store/lexicon.h"
#include "store/plan.h"
#include "store/quantile.h"

#include <weir/collector.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum {
	COLUMNS_MAX = 20,
	ATTRS_BYTES_MIN = 1024,
};

struct counts {
	int64_t n_series, n_blocks, n_decoded, n_paths;
};

struct table;

/* Per connection; owned by the modules. */
struct tables {
	struct counts counts;
	int n_users;
};

/* What a module is registered with. */
struct registration {
	const struct table *table;
	struct tables *tables;
};

struct vtab {
	sqlite3_vtab base;
	sqlite3 *db;
	const struct table *table;
	struct tables *tables;
};

/* The columns of the statement over series that follow the ones which rows show. */
enum series_column {
	SERIES_RUN,
	SERIES_NODE,
	SERIES_COLLECTOR,
	SERIES_METRIC,
	SERIES_UNIT,
	SERIES_ATTRS,
	SERIES_SOURCE,
	SERIES_ID,
};

struct cursor {
	sqlite3_vtab_cursor base;
	char *plan; /* as SQLite gave it; what the statements were made from */
	sqlite3_stmt *series, *blocks;
	struct block_coder *coder;
	struct lexicon *lexicon;
	struct rows rows;
	uint64_t bucket; /* where the buckets of the current row start */
	int64_t block;   /* whose rows they are; 0: none */
	uint32_t needs;  /* what is decoded of it */
	uint32_t wanted; /* what the query needs */
	uint32_t row;
	int is_end;
	char *merged; /* attributes */
	uint64_t n_merged_max;
};

static struct vtab *vtab_of(const struct cursor *c)
{
	return (struct vtab *)c->base.pVtab;
}

/* ---- Columns ---- */

/* Gives a cell of the current row; < 0: could not, and the sentence says why. */
typedef int give(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr);

struct column {
	const char *name;
	const char *type;
	give *give;
	uint32_t argument; /* a column of the statement over series, or of a block's rows; a quantile in percent */
	struct plan_column plan;
};

struct table {
	const char *name;
	int shape; /* WEIR_SHAPE_* */
	uint32_t kind_min, kind_max;
	int n_columns;
	struct column columns[COLUMNS_MAX];
};

static uint64_t word(const struct cursor *c, uint32_t column)
{
	return c->rows.columns[column][c->row];
}

static int give_series(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	const char *text = (const char *)sqlite3_column_text(c->series, (int)argument);

	/* The text goes with the next series; registers of a grouping query may outlive that. */
	if (text)
		sqlite3_result_text(to, text, sqlite3_column_bytes(c->series, (int)argument), SQLITE_TRANSIENT);
	return 0;
}

static int give_integer(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	sqlite3_result_int64(to, (sqlite3_int64)word(c, argument));
	return 0;
}

static int give_number(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	if (c->rows.kind == BLOCK_NUMBERS_F64 || c->rows.kind == BLOCK_WEIGHTS_F64)
		sqlite3_result_double(to, rows_double(word(c, argument)));
	else
		sqlite3_result_int64(to, (sqlite3_int64)word(c, argument));
	return 0;
}

static int give_span_value(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	if (word(c, SPAN_FLAGS) & WEIR_SPAN_HAS_VALUE)
		sqlite3_result_double(to, rows_double(word(c, argument)));
	return 0;
}

static int give_self(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	return word(c, WEIGHT_FLAGS) & WEIR_WEIGHT_HAS_SELF ? give_number(c, to, argument, reterr) : 0;
}

static int give_inclusive(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	return word(c, WEIGHT_FLAGS) & WEIR_WEIGHT_HAS_INCLUSIVE ? give_number(c, to, argument, reterr) : 0;
}

static int give_sum(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	sqlite3_result_double(to, rows_double(word(c, argument)));
	return 0;
}

static int give_extreme(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	if (word(c, HISTOGRAM_COUNT))
		sqlite3_result_double(to, rows_double(word(c, argument)));
	return 0;
}

static int give_quantile(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	const struct weir_histogram h = {
		.count = word(c, HISTOGRAM_COUNT),
		.n_zero = word(c, HISTOGRAM_ZERO),
		.min = rows_double(word(c, HISTOGRAM_MIN)),
		.max = rows_double(word(c, HISTOGRAM_MAX)),
		.buckets = c->rows.buckets + c->bucket,
		.n_buckets = (uint32_t)word(c, HISTOGRAM_N_BUCKETS),
		.scale = (int32_t)word(c, HISTOGRAM_SCALE),
		.offset = (int32_t)word(c, HISTOGRAM_OFFSET),
	};

	sqlite3_result_double(to, quantile(&h, argument / 100.0));
	return 0;
}

static void give_text(sqlite3_context *to, struct weir_text text, int is_optional)
{
	if (text.n_bytes || !is_optional)
		sqlite3_result_text64(to, text.at ? text.at : "", text.n_bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static struct lexicon *lexicon_of(struct cursor *c)
{
	if (!c->lexicon)
		c->lexicon = lexicon_new(vtab_of(c)->db);
	if (c->lexicon)
		lexicon_use(c->lexicon, sqlite3_column_int64(c->series, SERIES_SOURCE));
	return c->lexicon;
}

static int fail_memory(struct weir_error *reterr)
{
	return weir_fail(reterr, -ENOMEM, "store: no memory");
}

static int give_path(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	struct lexicon *l = lexicon_of(c);
	struct weir_text path = { 0 };
	int r = l ? lexicon_path(l, word(c, argument), &path, reterr) : fail_memory(reterr);

	if (r < 0)
		return r;
	vtab_of(c)->tables->counts.n_paths++;
	give_text(to, path, 0);
	return 0;
}

static int frame_of(struct cursor *c, struct block_frame *ret, struct weir_error *reterr)
{
	struct lexicon *l = lexicon_of(c);

	return l ? lexicon_frame(l, word(c, WEIGHT_STACK), ret, reterr) : fail_memory(reterr);
}

static int give_name(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	struct block_frame frame;
	int r = frame_of(c, &frame, reterr);

	if (r == 0)
		give_text(to, frame.name, 0);
	return r;
}

static int give_module(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	struct block_frame frame;
	int r = frame_of(c, &frame, reterr);

	if (r == 0)
		give_text(to, frame.module, 1);
	return r;
}

static int give_source(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	struct block_frame frame;
	int r = frame_of(c, &frame, reterr);

	if (r == 0)
		give_text(to, frame.source, 1);
	return r;
}

static int give_native_id(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	struct lexicon *l = lexicon_of(c);
	struct block_stack stack;
	int r = l ? lexicon_stack(l, word(c, argument), &stack, reterr) : fail_memory(reterr);

	if (r == 0 && stack.native_id)
		sqlite3_result_int64(to, (sqlite3_int64)stack.native_id);
	return r;
}

/* Both sets into c->merged, which grows to what it takes. */
static int merge(struct cursor *c, struct weir_text below, struct weir_text above, struct json_out *out)
{
	uint64_t n_most = below.n_bytes + above.n_bytes;

	if (n_most > c->n_merged_max) {
		char *larger = realloc(c->merged, n_most + ATTRS_BYTES_MIN);

		if (!larger)
			return -ENOMEM;
		c->merged = larger;
		c->n_merged_max = n_most + ATTRS_BYTES_MIN;
	}
	*out = (struct json_out){ c->merged, c->n_merged_max, 0 };
	return json_merge(out, below, above);
}

/* Those of the series and the span's own. */
static int give_span_attrs(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	struct weir_text below = { (const char *)sqlite3_column_text(c->series, SERIES_ATTRS), 0 }, above = { 0 };
	struct lexicon *l;
	struct json_out out;
	int r;

	if (word(c, argument) == 0)
		return give_series(c, to, SERIES_ATTRS, reterr);
	below.n_bytes = (uint64_t)sqlite3_column_bytes(c->series, SERIES_ATTRS);
	l = lexicon_of(c);
	r = l ? lexicon_attrs(l, word(c, argument), &above, reterr) : fail_memory(reterr);
	if (r < 0)
		return r;
	r = merge(c, below, above, &out);
	if (r < 0)
		return r == -ENOMEM ? fail_memory(reterr)
		                    : weir_fail(reterr, r, "store: source %" PRId64 ": damaged attributes",
		                                (int64_t)sqlite3_column_int64(c->series, SERIES_SOURCE));
	give_text(to, (struct weir_text){ out.at, out.n }, 0);
	return 0;
}

#define BIT(column) (1u << (column))

#define FROM_SERIES(head, expression, column)                                                                          \
	{                                                                                                              \
		head, "TEXT", give_series, column,                                                                     \
		{                                                                                                      \
			.series = expression                                                                           \
		}                                                                                                      \
	}
#define RUN       FROM_SERIES("run", "r.tag", SERIES_RUN)
#define NODE      FROM_SERIES("node", "n.name", SERIES_NODE)
#define COLLECTOR FROM_SERIES("collector", "c.name", SERIES_COLLECTOR)
#define METRIC    FROM_SERIES("metric", "m.name", SERIES_METRIC)
#define UNIT      FROM_SERIES("unit", "m.unit", SERIES_UNIT)
#define ATTRS                                                                                                          \
	{                                                                                                              \
		"attrs", "JSON TEXT", give_series, SERIES_ATTRS,                                                       \
		{                                                                                                      \
			.series = "s.attrs"                                                                            \
		}                                                                                                      \
	}

#define CELL(head, type, give, column, also)                                                                           \
	{                                                                                                              \
		head, type, give, column,                                                                              \
		{                                                                                                      \
			.needs = BIT(column) | (also)                                                                  \
		}                                                                                                      \
	}
#define TIME(column)                                                                                                   \
	{                                                                                                              \
		"t_ns", "INTEGER", give_integer, column,                                                               \
		{                                                                                                      \
			.least = "b.t_min_ns", .greatest = "b.t_max_ns", .is_time = 1, .needs = BIT(column)            \
		}                                                                                                      \
	}
#define SUMMARISED(head, type, give, column)                                                                           \
	{                                                                                                              \
		head, type, give, column,                                                                              \
		{                                                                                                      \
			.least = "b.v_min", .greatest = "b.v_max", .needs = BIT(column)                                \
		}                                                                                                      \
	}
#define QUANTILE(head, percent)                                                                                        \
	{                                                                                                              \
		head, "REAL", give_quantile, percent,                                                                  \
		{                                                                                                      \
			.needs = BIT(HISTOGRAM_COUNT) | BIT(HISTOGRAM_ZERO) | BIT(HISTOGRAM_MIN) |                     \
			         BIT(HISTOGRAM_MAX) | BIT(HISTOGRAM_SCALE) | BIT(HISTOGRAM_OFFSET) |                   \
			         BIT(HISTOGRAM_N_BUCKETS) | BLOCK_TAIL                                                 \
		}                                                                                                      \
	}

static const struct table all_tables[] = {
	{ "weir_numbers",
	  WEIR_SHAPE_NUMBER,
	  BLOCK_NUMBERS_I64,
	  BLOCK_NUMBERS_F64,
	  8,
	  { RUN, NODE, COLLECTOR, METRIC, UNIT, ATTRS, TIME(NUMBER_TIME),
	    SUMMARISED("value", "", give_number, NUMBER_VALUE) } },
	{ "weir_histograms",
	  WEIR_SHAPE_HISTOGRAM,
	  BLOCK_HISTOGRAMS,
	  BLOCK_HISTOGRAMS,
	  15,
	  { RUN, NODE, COLLECTOR, METRIC, UNIT, ATTRS, TIME(HISTOGRAM_TIME),
	    CELL("dur_ns", "INTEGER", give_integer, HISTOGRAM_DURATION, 0),
	    CELL("count", "INTEGER", give_integer, HISTOGRAM_COUNT, 0), CELL("sum", "REAL", give_sum, HISTOGRAM_SUM, 0),
	    CELL("min", "REAL", give_extreme, HISTOGRAM_MIN, BIT(HISTOGRAM_COUNT)),
	    CELL("max", "REAL", give_extreme, HISTOGRAM_MAX, BIT(HISTOGRAM_COUNT)), QUANTILE("p50", 50),
	    QUANTILE("p90", 90), QUANTILE("p99", 99) } },
	{ "weir_spans",
	  WEIR_SHAPE_SPAN,
	  BLOCK_SPANS,
	  BLOCK_SPANS,
	  9,
	  { RUN, NODE, COLLECTOR, METRIC, CELL("attrs", "JSON TEXT", give_span_attrs, SPAN_ATTRS, 0), TIME(SPAN_TIME),
	    SUMMARISED("dur_ns", "INTEGER", give_integer, SPAN_DURATION),
	    CELL("track", "INTEGER", give_integer, SPAN_TRACK, 0),
	    CELL("value", "REAL", give_span_value, SPAN_VALUE, BIT(SPAN_FLAGS)) } },
	{ "weir_weights",
	  WEIR_SHAPE_WEIGHT,
	  BLOCK_WEIGHTS_I64,
	  BLOCK_WEIGHTS_F64,
	  15,
	  { RUN, NODE, COLLECTOR, METRIC, UNIT, ATTRS, TIME(WEIGHT_TIME),
	    CELL("dur_ns", "INTEGER", give_integer, WEIGHT_DURATION, 0),
	    CELL("stack", "TEXT", give_path, WEIGHT_STACK, 0), CELL("name", "TEXT", give_name, WEIGHT_STACK, 0),
	    CELL("module", "TEXT", give_module, WEIGHT_STACK, 0), CELL("src", "TEXT", give_source, WEIGHT_STACK, 0),
	    CELL("self", "", give_self, WEIGHT_SELF, BIT(WEIGHT_FLAGS)),
	    CELL("inclusive", "", give_inclusive, WEIGHT_INCLUSIVE, BIT(WEIGHT_FLAGS)),
	    CELL("native_id", "INTEGER", give_native_id, WEIGHT_STACK, 0) } },
};

/* ---- Tables ---- */

static char *declaration(const struct table *t)
{
	sqlite3_str *text = sqlite3_str_new(NULL);

	for (int i = 0; i < t->n_columns; i++)
		sqlite3_str_appendf(text, "%s\"%s\" %s", i ? ", " : "CREATE TABLE x (", t->columns[i].name,
		                    t->columns[i].type);
	sqlite3_str_appendall(text, ")");
	return sqlite3_str_finish(text);
}

static int tables_connect(sqlite3 *db, void *aux, int n, const char *const *arguments, sqlite3_vtab **ret,
                          char **reterr)
{
	const struct registration *registration = aux;
	char *text = declaration(registration->table);
	int code = text ? sqlite3_declare_vtab(db, text) : SQLITE_NOMEM;
	struct vtab *v = code == SQLITE_OK ? calloc(1, sizeof(*v)) : NULL;

	sqlite3_free(text);
	if (!v)
		return code == SQLITE_OK ? SQLITE_NOMEM : code;
	v->db = db;
	v->table = registration->table;
	v->tables = registration->tables;
	*ret = &v->base;
	return SQLITE_OK;
}

static int tables_disconnect(sqlite3_vtab *base)
{
	free(base);
	return SQLITE_OK;
}

static int tables_plan(sqlite3_vtab *base, sqlite3_index_info *info)
{
	const struct table *t = ((struct vtab *)base)->table;
	struct plan_column columns[COLUMNS_MAX];

	for (int i = 0; i < t->n_columns; i++)
		columns[i] = t->columns[i].plan;
	return plan_make(info, columns, t->n_columns);
}

/* ---- Cursors ---- */

static int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
	struct cursor *c = calloc(1, sizeof(*c));

	if (!c)
		return SQLITE_NOMEM;
	*ret = &c->base;
	return SQLITE_OK;
}

static void forget_statements(struct cursor *c)
{
	(void)sqlite3_finalize(c->series);
	(void)sqlite3_finalize(c->blocks);
	c->series = c->blocks = NULL;
	free(c->plan);
	c->plan = NULL;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
	struct cursor *c = (struct cursor *)base;

	forget_statements(c);
	block_coder_free(c->coder);
	lexicon_free(c->lexicon);
	free(c->merged);
	free(c);
	return SQLITE_OK;
}

static int fail(struct cursor *c, int code, const struct weir_error *error)
{
	sqlite3_free(c->base.pVtab->zErrMsg);
	c->base.pVtab->zErrMsg = sqlite3_mprintf("%s", error->text);
	return code;
}

/* SQLite's own words about one of the cursor's statements. */
static int fail_statement(struct cursor *c)
{
	sqlite3 *db = vtab_of(c)->db;
	struct weir_error error;

	(void)weir_fail(&error, 0, "%s", sqlite3_errmsg(db));
	return fail(c, sqlite3_extended_errcode(db), &error);
}

static int code_of(int r)
{
	return r == -ENOMEM ? SQLITE_NOMEM : r == -EBADMSG ? SQLITE_CORRUPT : SQLITE_ERROR;
}

static int prepare_series(struct cursor *c, const char *which, const char *order)
{
	char *text = sqlite3_mprintf("SELECT r.tag, n.name, c.name, m.name, m.unit, s.attrs, s.source, s.id"
	                             " FROM main.series s JOIN main.metric m ON m.id = s.metric"
	                             " JOIN main.source o ON o.id = s.source"
	                             " JOIN main.collector c ON c.id = o.collector JOIN main.run r ON r.id = o.run"
	                             " LEFT JOIN main.node n ON n.id = o.node"
	                             " WHERE o.status IS NOT NULL AND m.shape = %d%s%s%s%s",
	                             vtab_of(c)->table->shape, *which ? " AND " : "", which, *order ? " ORDER BY " : "",
	                             order);
	int code = text ? sqlite3_prepare_v2(vtab_of(c)->db, text, -1, &c->series, NULL) : SQLITE_NOMEM;

	sqlite3_free(text);
	return code;
}

static int prepare_blocks(struct cursor *c, const char *which)
{
	char *text = sqlite3_mprintf("SELECT b.id, b.kind, b.n_rows, b.t_min_ns, b.t_max_ns, b.v_min, b.v_max, b.v_sum,"
	                             " b.bytes FROM main.block b WHERE b.source = ?%d AND b.series = ?%d%s%s"
	                             " ORDER BY b.t_min_ns, b.id",
	                             PLAN_SOURCE, PLAN_SERIES, *which ? " AND " : "", which);
	int code = text ? sqlite3_prepare_v2(vtab_of(c)->db, text, -1, &c->blocks, NULL) : SQLITE_NOMEM;

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

static int fail_block(struct cursor *c)
{
	struct weir_error error;

	(void)weir_fail(&error, 0, "store: source %" PRId64 ": block %" PRId64 " of series %" PRId64 " is damaged",
	                (int64_t)sqlite3_column_int64(c->series, SERIES_SOURCE),
	                (int64_t)sqlite3_column_int64(c->blocks, 0),
	                (int64_t)sqlite3_column_int64(c->series, SERIES_ID));
	return fail(c, SQLITE_CORRUPT, &error);
}

static int decode_block(struct cursor *c, const struct block *b)
{
	if (!c->coder)
		c->coder = block_coder_new();
	if (!c->coder)
		return SQLITE_NOMEM;
	if (block_decode(c->coder, b, c->wanted, &c->rows) < 0)
		return fail_block(c);
	vtab_of(c)->tables->counts.n_decoded++;
	return SQLITE_OK;
}

/* The block that the statement stands on. What the query does not look into is counted, not decoded. */
static int take_block(struct cursor *c)
{
	const struct table *t = vtab_of(c)->table;
	struct block b = { .kind = (uint32_t)sqlite3_column_int64(c->blocks, 1),
		           .series = (uint32_t)sqlite3_column_int64(c->series, SERIES_ID),
		           .n_rows = (uint32_t)sqlite3_column_int64(c->blocks, 2),
		           .t_min_ns = sqlite3_column_int64(c->blocks, 3),
		           .t_max_ns = sqlite3_column_int64(c->blocks, 4),
		           .v_min = column_summary(c->blocks, 5),
		           .v_max = column_summary(c->blocks, 6),
		           .v_sum = column_summary(c->blocks, 7) };
	int64_t id = sqlite3_column_int64(c->blocks, 0);
	int code = SQLITE_OK;

	c->row = 0;
	c->bucket = 0;
	vtab_of(c)->tables->counts.n_blocks++;
	if (b.kind < t->kind_min || b.kind > t->kind_max || b.n_rows < 1 || b.n_rows > BLOCK_ROWS_MAX)
		return fail_block(c);
	if (!c->wanted) {
		c->rows = (struct rows){ .kind = b.kind, .n = b.n_rows };
	} else if (c->block != id || c->needs != c->wanted) {
		b.bytes = sqlite3_column_blob(c->blocks, 8);
		b.n_bytes = (uint64_t)sqlite3_column_bytes(c->blocks, 8);
		code = decode_block(c, &b);
	}
	c->block = code == SQLITE_OK ? id : 0;
	c->needs = c->wanted;
	return code;
}

static int next_series(struct cursor *c)
{
	int code = sqlite3_step(c->series);

	if (code == SQLITE_DONE) {
		c->is_end = 1;
		return SQLITE_OK;
	}
	if (code != SQLITE_ROW)
		return fail_statement(c);
	vtab_of(c)->tables->counts.n_series++;
	(void)sqlite3_reset(c->blocks);
	(void)sqlite3_bind_int64(c->blocks, PLAN_SOURCE, sqlite3_column_int64(c->series, SERIES_SOURCE));
	(void)sqlite3_bind_int64(c->blocks, PLAN_SERIES, sqlite3_column_int64(c->series, SERIES_ID));
	return SQLITE_OK;
}

static int next_block(struct cursor *c)
{
	int code = SQLITE_OK;

	while (code == SQLITE_OK && !c->is_end) {
		code = sqlite3_step(c->blocks);
		if (code == SQLITE_ROW)
			return take_block(c);
		code = code == SQLITE_DONE ? next_series(c) : fail_statement(c);
	}
	return code;
}

static int cursor_filter(sqlite3_vtab_cursor *base, int needs, const char *plan, int n, sqlite3_value **values)
{
	struct cursor *c = (struct cursor *)base;
	int code = prepare(c, plan);

	if (code == SQLITE_OK)
		code = bind(c->series, n, values);
	if (code == SQLITE_OK)
		code = bind(c->blocks, n, values);
	if (code != SQLITE_OK)
		return fail_statement(c);
	c->wanted = (uint32_t)needs;
	c->is_end = 0;
	code = next_series(c);
	return code == SQLITE_OK ? next_block(c) : code;
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
	struct cursor *c = (struct cursor *)base;

	if (c->rows.buckets)
		c->bucket += word(c, HISTOGRAM_N_BUCKETS);
	if (++c->row < c->rows.n)
		return SQLITE_OK;
	return next_block(c);
}

static int cursor_is_end(sqlite3_vtab_cursor *base)
{
	return ((struct cursor *)base)->is_end;
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *to, int i)
{
	struct cursor *c = (struct cursor *)base;
	const struct column *column = &vtab_of(c)->table->columns[i];
	struct weir_error error;
	int r = column->give(c, to, column->argument, &error);

	if (r == 0)
		return SQLITE_OK;
	sqlite3_result_error(to, error.text, -1);
	sqlite3_result_error_code(to, code_of(r));
	return fail(c, code_of(r), &error);
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	struct cursor *c = (struct cursor *)base;

	*ret = c->block * BLOCK_ROWS_MAX + c->row;
	return SQLITE_OK;
}

/* ---- Registering ---- */

/* Without xCreate: the table is there under its module's name, and nowhere else. */
static const sqlite3_module module = {
	.iVersion = 1,
	.xConnect = tables_connect,
	.xBestIndex = tables_plan,
	.xDisconnect = tables_disconnect,
	.xOpen = cursor_open,
	.xClose = cursor_close,
	.xFilter = cursor_filter,
	.xNext = cursor_next,
	.xEof = cursor_is_end,
	.xColumn = cursor_column,
	.xRowid = cursor_rowid,
};

static void tables_release(struct tables *t)
{
	if (--t->n_users == 0)
		free(t);
}

static void registration_free(void *aux)
{
	struct registration *r = aux;

	tables_release(r->tables);
	free(r);
}

static void counts_free(void *aux)
{
	tables_release(aux);
}

static void give_counts(sqlite3_context *to, int n, sqlite3_value **values)
{
	const struct counts *c = &((const struct tables *)sqlite3_user_data(to))->counts;
	char text[160];

	(void)snprintf(text, sizeof(text),
	               "{\"series\":%" PRId64 ",\"blocks\":%" PRId64 ",\"decoded\":%" PRId64 ",\"paths\":%" PRId64 "}",
	               c->n_series, c->n_blocks, c->n_decoded, c->n_paths);
	sqlite3_result_text(to, text, -1, SQLITE_TRANSIENT);
}

static int register_table(sqlite3 *db, const struct table *table, struct tables *tables)
{
	struct registration *r = malloc(sizeof(*r));

	if (!r)
		return SQLITE_NOMEM;
	*r = (struct registration){ table, tables };
	tables->n_users++;
	/* Calls registration_free() when it fails, too. */
	return sqlite3_create_module_v2(db, table->name, &module, r, registration_free);
}

int tables_register(sqlite3 *db)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	int code;

	if (!tables)
		return SQLITE_NOMEM;
	tables->n_users = 2; /* this function and the one of SQL */
	code = sqlite3_create_function_v2(db, "weir_counts", 0, SQLITE_UTF8, tables, give_counts, NULL, NULL,
	                                  counts_free);
	for (size_t i = 0; i < sizeof(all_tables) / sizeof(all_tables[0]) && code == SQLITE_OK; i++)
		code = register_table(db, &all_tables[i], tables);
	tables_release(tables);
	return code;
}
