/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shapes.h"

#include "store/json.h"
#include "store/quantile.h"

#include <weir/collector.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum {
	ATTRS_BYTES_MIN = 1024,
};

static int give_series(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	const char *text = (const char *)sqlite3_column_text(c->series, (int)argument);

	/* The text goes with the next series; registers of a grouping query may outlive that. */
	if (text)
		sqlite3_result_text(to, text, sqlite3_column_bytes(c->series, (int)argument), SQLITE_TRANSIENT);
	return 0;
}

static int give_id(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	sqlite3_result_int64(to, sqlite3_column_int64(c->series, (int)argument));
	return 0;
}

static int give_integer(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	sqlite3_result_int64(to, (sqlite3_int64)cursor_word(c, argument));
	return 0;
}

static int give_number(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	if (c->rows.kind == BLOCK_NUMBERS_F64 || c->rows.kind == BLOCK_WEIGHTS_F64)
		sqlite3_result_double(to, rows_double(cursor_word(c, argument)));
	else
		sqlite3_result_int64(to, (sqlite3_int64)cursor_word(c, argument));
	return 0;
}

static int give_span_value(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	if (cursor_word(c, SPAN_FLAGS) & WEIR_SPAN_HAS_VALUE)
		sqlite3_result_double(to, rows_double(cursor_word(c, argument)));
	return 0;
}

static int give_self(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	return cursor_word(c, WEIGHT_FLAGS) & WEIR_WEIGHT_HAS_SELF ? give_number(c, to, argument, reterr) : 0;
}

static int give_inclusive(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	return cursor_word(c, WEIGHT_FLAGS) & WEIR_WEIGHT_HAS_INCLUSIVE ? give_number(c, to, argument, reterr) : 0;
}

static int give_sum(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	sqlite3_result_double(to, rows_double(cursor_word(c, argument)));
	return 0;
}

static int give_extreme(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	if (cursor_word(c, HISTOGRAM_COUNT))
		sqlite3_result_double(to, rows_double(cursor_word(c, argument)));
	return 0;
}

static int give_quantile(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	const struct weir_histogram h = {
		.count = cursor_word(c, HISTOGRAM_COUNT),
		.n_zero = cursor_word(c, HISTOGRAM_ZERO),
		.min = rows_double(cursor_word(c, HISTOGRAM_MIN)),
		.max = rows_double(cursor_word(c, HISTOGRAM_MAX)),
		.buckets = c->rows.buckets + c->bucket,
		.n_buckets = (uint32_t)cursor_word(c, HISTOGRAM_N_BUCKETS),
		.scale = (int32_t)cursor_word(c, HISTOGRAM_SCALE),
		.offset = (int32_t)cursor_word(c, HISTOGRAM_OFFSET),
	};

	sqlite3_result_double(to, quantile(&h, argument / 100.0));
	return 0;
}

static void give_text(sqlite3_context *to, struct weir_text text, int is_optional)
{
	if (text.n_bytes || !is_optional)
		sqlite3_result_text64(to, text.at ? text.at : "", text.n_bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static int fail_memory(struct weir_error *reterr)
{
	return weir_fail(reterr, -ENOMEM, "store: no memory");
}

static int give_path(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	struct lexicon *l = cursor_lexicon(c);
	struct weir_text path = { 0 };
	int r = l ? lexicon_path(l, cursor_word(c, argument), &path, reterr) : fail_memory(reterr);

	if (r < 0)
		return r;
	c->scope->counts->n_paths++;
	give_text(to, path, 0);
	return 0;
}

/* argument: FRAME_N_*, of the text. */
static int give_frame(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	struct lexicon *l = cursor_lexicon(c);
	struct block_frame f;
	int r = l ? lexicon_frame(l, cursor_word(c, WEIGHT_STACK), &f, reterr) : fail_memory(reterr);

	if (r == 0)
		give_text(to, (struct weir_text[]){ f.name, f.module, f.source }[argument], argument != FRAME_N_NAME);
	return r;
}

static int give_native_id(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr)
{
	struct lexicon *l = cursor_lexicon(c);
	struct block_stack stack;
	int r = l ? lexicon_stack(l, cursor_word(c, argument), &stack, reterr) : fail_memory(reterr);

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

	if (cursor_word(c, argument) == 0)
		return give_series(c, to, SERIES_ATTRS, reterr);
	below.n_bytes = (uint64_t)sqlite3_column_bytes(c->series, SERIES_ATTRS);
	l = cursor_lexicon(c);
	r = l ? lexicon_attrs(l, cursor_word(c, argument), &above, reterr) : fail_memory(reterr);
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
#define SOURCE_ID                                                                                                      \
	{                                                                                                              \
		"source_id", "INTEGER", give_id, SERIES_SOURCE,                                                        \
		{                                                                                                      \
			.series = "o.id"                                                                               \
		}                                                                                                      \
	}
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
#define FRAME(head, part)                                                                                              \
	{                                                                                                              \
		head, "TEXT", give_frame, part,                                                                        \
		{                                                                                                      \
			.needs = BIT(WEIGHT_STACK)                                                                     \
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

const struct shape shapes[SHAPES] = {
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
	  17,
	  { RUN, NODE, COLLECTOR, METRIC, UNIT, ATTRS, TIME(WEIGHT_TIME),
	    CELL("dur_ns", "INTEGER", give_integer, WEIGHT_DURATION, 0),
	    CELL("stack", "TEXT", give_path, WEIGHT_STACK, 0), FRAME("name", FRAME_N_NAME),
	    FRAME("module", FRAME_N_MODULE), FRAME("src", FRAME_N_SOURCE),
	    CELL("self", "", give_self, WEIGHT_SELF, BIT(WEIGHT_FLAGS)),
	    CELL("inclusive", "", give_inclusive, WEIGHT_INCLUSIVE, BIT(WEIGHT_FLAGS)),
	    CELL("native_id", "INTEGER", give_native_id, WEIGHT_STACK, 0), SOURCE_ID,
	    CELL("stack_id", "INTEGER", give_integer, WEIGHT_STACK, 0) } },
};
