/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store/made_source.h"

#include "tests/store/made.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct weir_metric made_metrics[MADE_METRICS] = {
	[MADE_COUNTER] = { "made.counter",
	                   "By",
	                   "counter",
	                   "Counts up.",
	                   WEIR_SHAPE_NUMBER,
	                   WEIR_KIND_COUNTER,
	                   WEIR_TYPE_I64,
	                   0,
	                   WEIR_SCALE_LINEAR,
	                   WEIR_RANGE_FROM_ZERO,
	                   { 0 } },
	[MADE_GAUGE] = { "made.gauge",
	                 "%",
	                 "gauge",
	                 "Two decimals.",
	                 WEIR_SHAPE_NUMBER,
	                 WEIR_KIND_GAUGE,
	                 WEIR_TYPE_F64,
	                 -1,
	                 WEIR_SCALE_LINEAR,
	                 WEIR_RANGE_FREE,
	                 { 0 } },
	[MADE_LATENCY] = { "made.latency",
	                   "ns",
	                   "latency",
	                   "How long.",
	                   WEIR_SHAPE_HISTOGRAM,
	                   WEIR_KIND_GAUGE,
	                   WEIR_TYPE_F64,
	                   -1,
	                   WEIR_SCALE_LOG,
	                   WEIR_RANGE_FROM_ZERO,
	                   { 0 } },
	[MADE_PAUSE] = { "made.pause",
	                 "ns",
	                 "pause",
	                 "When it stood still.",
	                 WEIR_SHAPE_SPAN,
	                 WEIR_KIND_GAUGE,
	                 WEIR_TYPE_F64,
	                 -1,
	                 WEIR_SCALE_LOG,
	                 WEIR_RANGE_FROM_ZERO,
	                 { 0 } },
	[MADE_TICKS] = { "made.ticks",
	                 "{tick}",
	                 "ticks",
	                 "Where it was.",
	                 WEIR_SHAPE_WEIGHT,
	                 WEIR_KIND_GAUGE,
	                 WEIR_TYPE_I64,
	                 0,
	                 WEIR_SCALE_LINEAR,
	                 WEIR_RANGE_FROM_ZERO,
	                 { 0 } },
	[MADE_SHARE] = { "made.share",
	                 "1",
	                 "share",
	                 "Part of all.",
	                 WEIR_SHAPE_WEIGHT,
	                 WEIR_KIND_GAUGE,
	                 WEIR_TYPE_F64,
	                 0,
	                 WEIR_SCALE_LINEAR,
	                 WEIR_RANGE_ZERO_TO_ONE,
	                 { 0 } },
};

int made_collector(struct store *s, const char *name, int64_t *ret, struct weir_error *reterr)
{
	struct store_collector c = {
		.name = name, .version = "1.0", .abi_major = 1, .metrics = made_metrics, .n_metrics = MADE_METRICS
	};

	(void)snprintf((char *)c.sha256, sizeof(c.sha256), "%s", name);
	return store_collector(s, &c, ret, reterr);
}

int made_flush(struct builder_sink *sink, const struct block *block)
{
	int r = store_source_block(sink->source, block, sink->error);

	return r == 0 && sink->commits ? store_commit(sink->commits, 1, sink->error) : r;
}

int made_series(struct builder *b, struct builder_sink *sink, uint32_t id, uint32_t row, const char *attrs)
{
	int r = builder_series(b, id, made_metrics[row].shape, made_metrics[row].type);

	return r < 0 ? r
	             : store_source_series(sink->source, id, row, (struct weir_text){ attrs, strlen(attrs) },
	                                   sink->error);
}

static int make_series(struct builder *b, struct builder_sink *sink)
{
	int r = 0;

	for (uint32_t row = 0; row < MADE_METRICS && r == 0; row++)
		r = made_series(b, sink, row + 1, row,
		                row == MADE_PAUSE ? "{\"generation\":\"0\"}" : "{\"pid\":\"7\"}");
	return r == 0 ? made_series(b, sink, MADE_METRICS + 1, MADE_PAUSE, "{\"generation\":\"1\"}") : r;
}

static uint32_t make_stack(struct builder *b, struct made_random *r)
{
	uint32_t id = 0;
	char name[16];

	for (uint64_t depth = made_below(r, 6) + 1; depth; depth--) {
		struct block_frame frame = { { name, 0 }, { "Main", 4 }, { "", 0 } };

		frame.name.n_bytes = (uint64_t)snprintf(name, sizeof(name), "f%u", (unsigned)made_below(r, 30));
		id = builder_stack(b, &(struct block_stack){ 0, id, builder_frame(b, &frame) });
	}
	return id;
}

/* One observation of each metric. */
static int make_round(struct builder *b, struct made_random *r, int64_t i)
{
	const int64_t at = 1700000000000000000 + i * 1000000;
	const struct weir_number numbers[] = {
		{ .time_ns = at, .value.i64 = i * 1000 + (int64_t)made_below(r, 1000), .series = MADE_COUNTER + 1 },
		{ .time_ns = at, .value.f64 = (double)made_below(r, 10000) / 100, .series = MADE_GAUGE + 1 },
	};
	const uint64_t buckets[] = { made_below(r, 9), made_below(r, 9), 1 };
	const struct weir_histogram h = { .time_ns = at,
		                          .duration_ns = 1000000,
		                          .count = buckets[0] + buckets[1] + 1,
		                          .sum = 5,
		                          .min = 1,
		                          .max = 7.5,
		                          .buckets = buckets,
		                          .n_buckets = 3,
		                          .series = MADE_LATENCY + 1 };
	char json[40];
	const struct weir_text text = { json, (uint64_t)snprintf(json, sizeof(json), "{\"slot\":\"%u\"}",
		                                                 (unsigned)made_below(r, 5000)) };
	const struct weir_span span = { .time_ns = at,
		                        .duration_ns = (int64_t)made_below(r, 900000),
		                        .series = i % 3 ? MADE_PAUSE + 1 : MADE_METRICS + 1,
		                        .attrs = i % 2 ? builder_attrs(b, text) : 0,
		                        .track = (uint32_t)(i % 4),
		                        .value = 0.5,
		                        .flags = i % 5 ? 0 : WEIR_SPAN_HAS_VALUE };
	const uint32_t stack = make_stack(b, r);
	const struct weir_weight weights[] = {
		{ .time_ns = at,
		  .self.i64 = i,
		  .series = MADE_TICKS + 1,
		  .stack = stack,
		  .flags = WEIR_WEIGHT_HAS_SELF },
		{ .time_ns = at,
		  .self.f64 = 0.25,
		  .inclusive.f64 = 0.5,
		  .series = MADE_SHARE + 1,
		  .stack = stack,
		  .flags = WEIR_WEIGHT_HAS_SELF | WEIR_WEIGHT_HAS_INCLUSIVE },
	};
	int result = builder_numbers(b, numbers, 2);

	if (result == 0)
		result = builder_histograms(b, &h, 1);
	if (result == 0)
		result = builder_spans(b, &span, 1);
	return result == 0 ? builder_weights(b, weights, 2) : result;
}

static int make_all(struct builder *b, struct builder_sink *sink, const struct made_source *what)
{
	struct made_random random = { what->seed * 2 + 1 };
	const struct weir_diag diag = {
		.code = "made.odd", .message = { "odd", 3 }, .offset = what->seed, .count = 1, .severity = WEIR_NOTE
	};
	int r = make_series(b, sink);

	for (uint32_t i = 0; i < what->n && r == 0; i++)
		r = make_round(b, &random, i);
	if (r == 0)
		r = builder_finish(b);
	if (r == 0)
		r = store_source_fact(sink->source, "program.name", (struct weir_text){ "made", 4 }, sink->error);
	return r == 0 ? store_source_diag(sink->source, &diag, sink->error) : r;
}

int made_end(struct store_source *source, uint64_t n, struct weir_error *reterr)
{
	const struct store_source_result result = { .status = STORE_OK,
		                                    .ledger = { .n_read = n, .n_stored = n },
		                                    .sha256 = { 1, 2, 3 },
		                                    .has_sha256 = 1,
		                                    .clock = "made",
		                                    .clock_tie = "never",
		                                    .clock_error_ns = 5,
		                                    .reasons_json = "{}" };

	return store_source_end(source, &result, reterr);
}

int made_ingest(struct store *s, const struct made_source *what, struct weir_error *reterr)
{
	const struct store_source_info info = { .run = what->run,
		                                .node = what->node,
		                                .collector = what->collector,
		                                .path = what->path,
		                                .size_bytes = what->seed,
		                                .mtime_ns = (int64_t)what->seed,
		                                .options_json = "{}" };
	struct builder_sink sink = { .error = reterr, .commits = what->is_committing ? s : NULL };
	struct builder *b;
	int r = store_has(s, &info, NULL, reterr);

	if (r != 0)
		return r;
	r = store_source_begin(s, &info, &sink.source, reterr);
	if (r < 0)
		return r;
	b = builder_new(made_flush, &sink);
	r = b ? make_all(b, &sink, what) : -ENOMEM;
	builder_free(b);
	if (r < 0) {
		store_source_abort(sink.source);
		return r;
	}
	return made_end(sink.source, what->n, reterr);
}

int made_fill(struct store *s, uint32_t first, uint32_t n_sources, uint32_t n, struct weir_error *reterr)
{
	struct made_source what = { .n = n };
	char path[16];
	int r = store_run(s, "run", &what.run, reterr);

	if (r == 0)
		r = store_node(s, what.run, "node", &what.node, reterr);
	if (r == 0)
		r = made_collector(s, "made", &what.collector, reterr);
	for (uint32_t i = first; i < first + n_sources && r >= 0; i++) {
		(void)snprintf(path, sizeof(path), "%u.log", i);
		what.path = path;
		what.seed = i;
		r = made_ingest(s, &what, reterr);
		if (r >= 0)
			r = store_commit(s, 1, reterr);
	}
	return r;
}
