/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/plugins/lent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int take_input(struct lend_receiver *r, uint32_t input, uint64_t n_used, struct weir_chunk *ret)
{
	*ret = (struct weir_chunk){ .at = (const uint8_t *)"abc", .n_bytes = 3 - n_used, .is_last = 1 };
	return n_used == 3 ? WEIR_END : WEIR_OK;
}

static int64_t take_now(struct lend_receiver *r)
{
	return 42;
}

static int take_series(struct lend_receiver *r, uint32_t id, uint32_t metric_row, struct weir_text attrs_json)
{
	if (r->fails)
		return r->fails;
	(void)snprintf(r->last_attrs, sizeof(r->last_attrs), "%.*s", (int)attrs_json.n_bytes, attrs_json.at);
	r->n_series = id;
	return 0;
}

static uint32_t take_frame(struct lend_receiver *r, struct weir_text name, struct weir_text module,
                           struct weir_text source)
{
	memcpy(r->last_text, name.at, name.n_bytes);
	r->last_text_bytes = name.n_bytes;
	return r->fails ? 0 : (uint32_t)++r->n_ids;
}

static uint32_t take_stack(struct lend_receiver *r, uint32_t parent, uint32_t frame, uint64_t native_id)
{
	return (uint32_t)++r->n_ids;
}

static uint32_t take_attrs(struct lend_receiver *r, struct weir_text attrs_json)
{
	(void)take_series(r, (uint32_t)r->n_series, 0, attrs_json);
	return (uint32_t)++r->n_ids;
}

static int take_numbers(struct lend_receiver *r, const struct weir_number *at, uint64_t n)
{
	r->n_rows += n;
	return r->fails;
}

static int take_histograms(struct lend_receiver *r, const struct weir_histogram *at, uint64_t n)
{
	r->n_rows += n;
	return r->fails;
}

static int take_spans(struct lend_receiver *r, const struct weir_span *at, uint64_t n)
{
	r->n_rows += n;
	return r->fails;
}

static int take_weights(struct lend_receiver *r, const struct weir_weight *at, uint64_t n)
{
	r->n_rows += n;
	return r->fails;
}

static int take_fact(struct lend_receiver *r, const char *name, struct weir_text value)
{
	memcpy(r->last_text, value.at, value.n_bytes);
	r->last_text_bytes = value.n_bytes;
	(void)snprintf(r->last_fact, sizeof(r->last_fact), "%s", name);
	return 0;
}

static int take_clock(struct lend_receiver *r, const struct weir_clock *clock)
{
	return 0;
}

static int take_diag(struct lend_receiver *r, const struct weir_diag *diag)
{
	(void)snprintf(r->last_code, sizeof(r->last_code), "%s", diag->code);
	(void)snprintf(r->last_message, sizeof(r->last_message), "%.*s", (int)diag->message.n_bytes, diag->message.at);
	r->last_count = diag->count;
	r->last_severity = diag->severity;
	r->last_input = diag->input;
	r->n_diags++;
	return 0;
}

const struct lend_ops lent_ops = {
	.input = take_input,
	.now = take_now,
	.series = take_series,
	.frame = take_frame,
	.stack = take_stack,
	.attrs = take_attrs,
	.numbers = take_numbers,
	.histograms = take_histograms,
	.spans = take_spans,
	.weights = take_weights,
	.fact = take_fact,
	.clock = take_clock,
	.diag = take_diag,
};

static const struct weir_metric metrics[N_ROWS] = {
	[ROW_INTEGER] = { "a.integer",
	                  "1",
	                  "i",
	                  "h",
	                  WEIR_SHAPE_NUMBER,
	                  WEIR_KIND_GAUGE,
	                  WEIR_TYPE_I64,
	                  0,
	                  0,
	                  0,
	                  { 0 } },
	[ROW_REAL] = { "a.real", "1", "r", "h", WEIR_SHAPE_NUMBER, WEIR_KIND_GAUGE, WEIR_TYPE_F64, 0, 0, 0, { 0 } },
	[ROW_HISTOGRAM] = { "a.histogram", "ns", "h", "h", WEIR_SHAPE_HISTOGRAM, 0, 0, 0, 0, 0, { 0 } },
	[ROW_SPAN] = { "a.span", "ns", "s", "h", WEIR_SHAPE_SPAN, 0, 0, 0, 0, 0, { 0 } },
	[ROW_WEIGHT] = { "a.weight", "By", "w", "h", WEIR_SHAPE_WEIGHT, 0, WEIR_TYPE_F64, 0, 0, 0, { 0 } },
};

static const struct weir_option options[] = {
	{ .name = "depth", .fallback = "3", .type = WEIR_OPTION_INT, .min = 1, .max = 9 },
	{ .name = "label", .fallback = "none", .type = WEIR_OPTION_TEXT },
	{ .name = "share", .fallback = "0.5", .type = WEIR_OPTION_REAL },
};

static const char *const companions[] = { "{stem}.other" };

const struct weir_collector lent_collector = { .name = "test",
	                                       .metrics = metrics,
	                                       .n_metrics = N_ROWS,
	                                       .options = options,
	                                       .n_options = 3,
	                                       .companions = companions,
	                                       .n_companions = 1 };

int lent_begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct lend_config config = { .collector = &lent_collector, .ops = &lent_ops, .receiver = &f->receiver };

	if (lend_new(&config, &f->lend, NULL) < 0)
		return -1;
	f->h = lend_host(f->lend);
	*state = f;
	return 0;
}

int lent_end(void **state)
{
	struct fixture *f = *state;

	lend_free(f->lend);
	free(f);
	return 0;
}
