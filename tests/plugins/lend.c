/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/lend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/name.h"
#include "plugins/series_table.h"

/* ---- A receiver that remembers ---- */

struct lend_receiver {
	char last_attrs[1024], last_fact[512];
	char last_code[160], last_message[5000], last_text[70000];
	uint64_t last_count, last_text_bytes;
	uint32_t last_severity, last_input;
	uint64_t n_rows, n_diags, n_ids, n_series;
	int fails; /* what observations and series return */
};

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

static const struct lend_ops ops = {
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

/* ---- A collector's tables ---- */

enum {
	ROW_INTEGER,
	ROW_REAL,
	ROW_HISTOGRAM,
	ROW_SPAN,
	ROW_WEIGHT,
	N_ROWS,
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

static const struct weir_collector collector = { .name = "test",
	                                         .metrics = metrics,
	                                         .n_metrics = N_ROWS,
	                                         .options = options,
	                                         .n_options = 3,
	                                         .companions = companions,
	                                         .n_companions = 1 };

struct fixture {
	struct lend_receiver receiver;
	struct lend *lend;
	const struct weir_host *h;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct lend_config config = { .collector = &collector, .ops = &ops, .receiver = &f->receiver };

	if (lend_new(&config, &f->lend, NULL) < 0)
		return -1;
	f->h = lend_host(f->lend);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	lend_free(f->lend);
	free(f);
	return 0;
}

static struct weir_text text(const char *s)
{
	return name_text(s);
}

static uint32_t series_of(struct fixture *f, uint32_t row)
{
	return f->h->series(f->h, row, NULL, 0);
}

/* ---- Options and context ---- */

static void options_have_their_defaults(void **state)
{
	struct fixture *f = *state;
	union weir_value v;
	struct weir_text t;

	assert_int_equal(f->h->option(f->h, 0, &v), WEIR_OK);
	assert_int_equal(v.i64, 3);
	assert_int_equal(f->h->option(f->h, 2, &v), WEIR_OK);
	assert_true(v.f64 > 0.49 && v.f64 < 0.51);
	assert_int_equal(f->h->option_text(f->h, 1, &t), WEIR_OK);
	assert_string_equal(t.at, "none");
	assert_int_equal(f->h->option(f->h, 1, &v), -EINVAL);
	assert_int_equal(f->h->option_text(f->h, 0, &t), -EINVAL);
	assert_int_equal(f->h->option(f->h, 3, &v), -EINVAL);
	assert_int_equal(f->h->now(f->h), 42);
}

static void given_options_and_context_are_copies(void **state)
{
	struct lend_receiver receiver = { .fails = 0 };
	char value[] = "7", node[] = "node-1";
	const struct lend_pair given[] = { { "depth", value } }, context[] = { { "node", node } };
	const struct lend_config config = { &collector, &ops, &receiver, given, context, 1, 1 };
	const struct weir_host *h;
	struct lend *lend;
	union weir_value v;
	struct weir_text t;

	assert_int_equal(lend_new(&config, &lend, NULL), 0);
	value[0] = node[0] = 'x';
	h = lend_host(lend);
	assert_int_equal(h->option(h, 0, &v), WEIR_OK);
	assert_int_equal(v.i64, 7);
	assert_int_equal(h->context(h, "node", &t), WEIR_OK);
	assert_string_equal(t.at, "node-1");
	assert_int_equal(h->context(h, "run", &t), -ENOENT);
	lend_free(lend);
}

static void options_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		struct lend_pair pair;
		const char *sentence;
	} cases[] = {
		{ { "depht", "1" }, "option: depht: test has no such option; nearest is depth" },
		{ { "depth", "10" }, "option: depth: '10' is not a whole number from 1 to 9" },
	};
	struct lend_receiver receiver = { .fails = 0 };
	struct weir_error error;
	struct lend *lend;

	for (size_t i = 0; i < 2; i++) {
		const struct lend_config config = { .collector = &collector,
			                            .ops = &ops,
			                            .receiver = &receiver,
			                            .options = &cases[i].pair,
			                            .n_options = 1 };

		assert_int_equal(lend_new(&config, &lend, &error), -EINVAL);
		assert_string_equal(error.text, cases[i].sentence);
	}
}

/* ---- Identity ---- */

static void undeclared_rows_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(series_of(f, N_ROWS), 0);
	assert_string_equal(f->receiver.last_code, "host.metric");
	assert_int_equal(lend_severity(f->lend), WEIR_WARNING);
	assert_int_equal(series_of(f, N_ROWS - 1), 1);
}

static void equal_attributes_are_one_series(void **state)
{
	struct fixture *f = *state;
	const struct weir_attr one[] = { { text("b.c"), text("x\"") }, { text("a"), text("1") } };
	const struct weir_attr two[] = { one[1], one[0] };

	assert_int_equal(f->h->series(f->h, 0, one, 2), 1);
	assert_string_equal(f->receiver.last_attrs, "{\"a\":\"1\",\"b.c\":\"x\\\"\"}");
	assert_int_equal(f->h->series(f->h, 0, two, 2), 1);
	assert_int_equal(f->h->series(f->h, 1, two, 2), 2);
	assert_int_equal(f->h->series(f->h, 0, two, 1), 3);
	assert_int_equal(f->receiver.n_series, 3);
}

static void a_series_that_is_not_received_leaves_no_gap(void **state)
{
	struct fixture *f = *state;

	f->receiver.fails = -EPIPE;
	assert_int_equal(series_of(f, 0), 0);
	f->receiver.fails = 0;
	assert_int_equal(series_of(f, 1), 1);
	assert_int_equal(series_of(f, 0), 2);
	assert_int_equal(series_of(f, 1), 1);
}

static void keys_are_dotted_lower_case_names(void **state)
{
	static const char *const good[] = { "a", "process.pid", "a_b.c_1", "a1" };
	static const char *const bad[] = { "", "A", "a..b", ".a", "a.", "a b", "1a", "a-b", "a\"", "\xC3\xA9" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_not_equal(f->h->series(f->h, 0, &(struct weir_attr){ text(good[i]), text("x") }, 1), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(f->h->series(f->h, 0, &(struct weir_attr){ text(bad[i]), text("x") }, 1), 0);
	assert_string_equal(f->receiver.last_code, "host.attribute_key");
}

static void a_key_comes_once(void **state)
{
	struct fixture *f = *state;
	const struct weir_attr twice[] = { { text("a"), text("1") }, { text("a"), text("1") } };

	assert_int_equal(f->h->attrs(f->h, twice, 2), 0);
	assert_string_equal(f->receiver.last_code, "host.attribute_key");
	assert_int_equal(f->h->attrs(f->h, twice, 1), 1);
}

static void a_set_has_as_many_attributes_as_the_bound(void **state)
{
	struct fixture *f = *state;
	struct weir_attr attrs[LEND_ATTRS_MAX + 1];
	char keys[LEND_ATTRS_MAX + 1][8];

	for (int i = 0; i <= LEND_ATTRS_MAX; i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "k%d", i);
		attrs[i] = (struct weir_attr){ text(keys[i]), text("v") };
	}
	assert_int_not_equal(f->h->attrs(f->h, attrs, LEND_ATTRS_MAX), 0);
	assert_int_equal(f->h->attrs(f->h, attrs, LEND_ATTRS_MAX + 1), 0);
	assert_string_equal(f->receiver.last_code, "host.attributes");
	assert_int_equal(f->h->attrs(f->h, NULL, 1), 0);
}

static void a_set_has_as_many_bytes_as_the_bound(void **state)
{
	struct fixture *f = *state;
	char *big = malloc(LEND_TEXT_MAX);
	struct weir_attr attrs[5];

	memset(big, 'x', LEND_TEXT_MAX);
	for (int i = 0; i < 5; i++)
		attrs[i] = (struct weir_attr){ text((const char *[]){ "a", "b", "c", "d", "e" }[i]),
			                       { big, LEND_TEXT_MAX } };
	/* Four values and their 4 * `"k":"",` and braces, cut to fit exactly, then by one. */
	attrs[3].value.n_bytes = LEND_ATTRS_JSON_MAX - 3 * LEND_TEXT_MAX - (4 * 7 - 1) - 2;
	assert_int_not_equal(f->h->attrs(f->h, attrs, 4), 0);
	attrs[3].value.n_bytes++;
	assert_int_equal(f->h->attrs(f->h, attrs, 4), 0);
	assert_string_equal(f->receiver.last_code, "host.attributes");
	free(big);
}

static void long_texts_are_cut_at_a_character(void **state)
{
	struct fixture *f = *state;
	char *big = malloc(LEND_TEXT_MAX + 8);

	memset(big, 'x', LEND_TEXT_MAX + 8);
	(void)f->h->frame(f->h, (struct weir_text){ big, LEND_TEXT_MAX }, text(""), text(""));
	assert_int_equal(f->receiver.last_text_bytes, LEND_TEXT_MAX);
	assert_int_equal(f->receiver.n_diags, 0);
	(void)f->h->frame(f->h, (struct weir_text){ big, LEND_TEXT_MAX + 1 }, text(""), text(""));
	assert_int_equal(f->receiver.last_text_bytes, LEND_TEXT_MAX);
	assert_string_equal(f->receiver.last_code, "host.cut");
	assert_int_equal(f->receiver.last_severity, WEIR_NOTE);
	memcpy(big + LEND_TEXT_MAX - 2, "\xE2\x82\xAC", 3);
	(void)f->h->frame(f->h, (struct weir_text){ big, LEND_TEXT_MAX + 1 }, text(""), text(""));
	assert_int_equal(f->receiver.last_text_bytes, LEND_TEXT_MAX - 2);
	free(big);
}

static void attributes_are_repaired_and_names_are_kept(void **state)
{
	struct fixture *f = *state;

	assert_int_not_equal(f->h->series(f->h, 0, &(struct weir_attr){ text("a"), text("x\xFFy") }, 1), 0);
	assert_string_equal(f->receiver.last_attrs, "{\"a\":\"x\xEF\xBF\xBDy\"}");
	assert_string_equal(f->receiver.last_code, "host.utf8");
	assert_int_equal(lend_severity(f->lend), WEIR_NOTE);
	(void)f->h->frame(f->h, text("x\xFFy"), text(""), text(""));
	assert_memory_equal(f->receiver.last_text, "x\xFFy", 3);
	assert_int_equal(f->receiver.n_diags, 1);
}

static void texts_at_null_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct weir_text nowhere = { NULL, 3 };

	assert_int_equal(f->h->frame(f->h, nowhere, text(""), text("")), 0);
	assert_int_equal(f->h->fact(f->h, "a.b", nowhere), -EINVAL);
	assert_string_equal(f->receiver.last_code, "host.text");
	assert_int_equal(f->h->fact(f->h, "a.b", (struct weir_text){ NULL, 0 }), 0);
}

static void stacks_stand_on_what_was_given(void **state)
{
	struct fixture *f = *state;
	uint32_t frame, root;

	assert_int_equal(f->h->stack(f->h, 0, 1, 0), 0);
	assert_string_equal(f->receiver.last_code, "host.stack");
	frame = f->h->frame(f->h, text("f"), text("M"), text(""));
	assert_int_equal(f->h->stack(f->h, 0, 0, 0), 0);
	assert_int_equal(f->h->stack(f->h, 1, frame, 0), 0);
	root = f->h->stack(f->h, 0, frame, 0);
	assert_int_not_equal(root, 0);
	assert_int_equal(f->h->stack(f->h, root + 1, frame, 0), 0);
	assert_int_not_equal(f->h->stack(f->h, root, frame, 0), 0);
}

static void a_full_dictionary_is_said(void **state)
{
	struct fixture *f = *state;

	f->receiver.fails = -1;
	assert_int_equal(f->h->frame(f->h, text("f"), text(""), text("")), 0);
	assert_string_equal(f->receiver.last_code, "host.identity");
}

/* ---- Observations ---- */

static void a_batch_is_taken_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	struct weir_number n[3] = { { .series = series_of(f, ROW_INTEGER) }, { .series = 1 }, { .series = 2 } };

	assert_int_equal(f->h->numbers(f->h, n, 3), -EINVAL);
	assert_int_equal(f->receiver.n_rows, 0);
	assert_string_equal(f->receiver.last_code, "host.id");
	assert_string_equal(f->receiver.last_message,
	                    "collector: test: number 2 of a batch: its series was never given");
	assert_int_equal(f->h->numbers(f->h, n, 2), WEIR_OK);
	assert_int_equal(f->receiver.n_rows, 2);
	assert_int_equal(f->h->numbers(f->h, NULL, 0), WEIR_OK);
	assert_int_equal(f->h->numbers(f->h, NULL, 1), -EINVAL);
}

static void a_series_takes_its_own_shape(void **state)
{
	struct fixture *f = *state;
	uint32_t span = series_of(f, ROW_SPAN), number = series_of(f, ROW_REAL);

	assert_int_equal(f->h->numbers(f->h, &(struct weir_number){ .series = span }, 1), -EINVAL);
	assert_int_equal(f->h->spans(f->h, &(struct weir_span){ .series = number }, 1), -EINVAL);
	assert_int_equal(f->h->histograms(f->h, &(struct weir_histogram){ .series = span }, 1), -EINVAL);
	assert_int_equal(f->h->weights(f->h, &(struct weir_weight){ .series = span }, 1), -EINVAL);
	assert_int_equal(f->h->spans(f->h, &(struct weir_span){ .series = span }, 1), WEIR_OK);
	assert_int_equal(f->receiver.n_rows, 1);
}

static void values_are_finite(void **state)
{
	struct fixture *f = *state;
	struct weir_number n = { .series = series_of(f, ROW_REAL), .value.f64 = 1 };
	struct weir_number i = { .series = series_of(f, ROW_INTEGER) };

	assert_int_equal(f->h->numbers(f->h, &n, 1), WEIR_OK);
	n.value.f64 = NAN;
	assert_int_equal(f->h->numbers(f->h, &n, 1), -EINVAL);
	assert_string_equal(f->receiver.last_code, "host.observation");
	n.value.f64 = -INFINITY;
	assert_int_equal(f->h->numbers(f->h, &n, 1), -EINVAL);
	memcpy(&i.value, &n.value, sizeof(i.value));
	assert_int_equal(f->h->numbers(f->h, &i, 1), WEIR_OK);
}

static void histograms_add_up(void **state)
{
	struct fixture *f = *state;
	static uint64_t buckets[WEIR_BUCKETS_MAX + 1];
	const struct weir_histogram good = { .series = series_of(f, ROW_HISTOGRAM),
		                             .count = 5,
		                             .n_zero = 2,
		                             .sum = 9,
		                             .min = 0,
		                             .max = 4,
		                             .buckets = buckets,
		                             .n_buckets = 2,
		                             .scale = 20 };
	struct weir_histogram h = good;

	buckets[0] = 1;
	buckets[1] = 2;
	assert_int_equal(f->h->histograms(f->h, &h, 1), WEIR_OK);
	h.n_buckets = WEIR_BUCKETS_MAX;
	h.scale = -10;
	assert_int_equal(f->h->histograms(f->h, &h, 1), WEIR_OK);
	h.n_buckets++;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.scale = 21;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.scale = -11;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.count = 6;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.n_zero = UINT64_MAX;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.min = 5;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.sum = NAN;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.buckets = NULL;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.duration_ns = -1;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	assert_int_equal(f->receiver.n_rows, 2);
}

static void spans_go_forward(void **state)
{
	struct fixture *f = *state;
	const struct weir_span good = { .time_ns = INT64_MAX - 5, .duration_ns = 5, .series = series_of(f, ROW_SPAN) };
	struct weir_span s = good;

	assert_int_equal(f->h->spans(f->h, &s, 1), WEIR_OK);
	s.duration_ns = 6;
	assert_int_equal(f->h->spans(f->h, &s, 1), -EINVAL);
	s = good, s.duration_ns = -1;
	assert_int_equal(f->h->spans(f->h, &s, 1), -EINVAL);
	s = good, s.flags = 2;
	assert_int_equal(f->h->spans(f->h, &s, 1), -EINVAL);
	s = good, s.value = NAN;
	assert_int_equal(f->h->spans(f->h, &s, 1), WEIR_OK);
	s.flags = WEIR_SPAN_HAS_VALUE;
	assert_int_equal(f->h->spans(f->h, &s, 1), -EINVAL);
	s = good, s.attrs = 1;
	assert_int_equal(f->h->spans(f->h, &s, 1), -EINVAL);
	assert_string_equal(f->receiver.last_code, "host.id");
	s.attrs = f->h->attrs(f->h, NULL, 0);
	assert_int_equal(f->h->spans(f->h, &s, 1), WEIR_OK);
}

static void weights_have_a_stack_and_a_value(void **state)
{
	struct fixture *f = *state;
	uint32_t stack = f->h->stack(f->h, 0, f->h->frame(f->h, text("f"), text(""), text("")), 0);
	const struct weir_weight good = {
		.series = series_of(f, ROW_WEIGHT), .stack = stack, .flags = WEIR_WEIGHT_HAS_SELF, .inclusive.f64 = NAN
	};
	struct weir_weight w = good;

	assert_int_equal(f->h->weights(f->h, &w, 1), WEIR_OK);
	w.flags = 0;
	assert_int_equal(f->h->weights(f->h, &w, 1), -EINVAL);
	w.flags = WEIR_WEIGHT_HAS_SELF | WEIR_WEIGHT_HAS_INCLUSIVE;
	assert_int_equal(f->h->weights(f->h, &w, 1), -EINVAL);
	w = good, w.flags = 8;
	assert_int_equal(f->h->weights(f->h, &w, 1), -EINVAL);
	w = good, w.stack = 0;
	assert_int_equal(f->h->weights(f->h, &w, 1), -EINVAL);
	w = good, w.stack = stack + 1;
	assert_int_equal(f->h->weights(f->h, &w, 1), -EINVAL);
	w = good, w.reserved = 1;
	assert_int_equal(f->h->weights(f->h, &w, 1), -EINVAL);
}

static void what_the_receiver_says_goes_back(void **state)
{
	struct fixture *f = *state;
	struct weir_number n = { .series = series_of(f, ROW_INTEGER) };

	f->receiver.fails = -EPIPE;
	assert_int_equal(f->h->numbers(f->h, &n, 1), -EPIPE);
}

/* ---- Input, facts, clock ---- */

static void a_window_is_used_once(void **state)
{
	struct fixture *f = *state;
	struct weir_chunk c;

	assert_int_equal(f->h->input(f->h, 0, 1, &c), -EINVAL);
	assert_string_equal(f->receiver.last_code, "host.input");
	assert_int_equal(f->h->input(f->h, 0, 0, &c), WEIR_OK);
	assert_int_equal(f->h->input(f->h, 0, 4, &c), -EINVAL);
	assert_int_equal(f->h->input(f->h, 0, 3, &c), WEIR_END);
	assert_int_equal(f->h->input(f->h, 1, 0, &c), WEIR_OK);
	assert_int_equal(f->h->input(f->h, 2, 0, &c), -ENOENT);
}

static void facts_and_clocks_have_names(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->h->fact(f->h, "program.name", text("x")), 0);
	assert_int_equal(f->h->fact(f->h, "Program", text("x")), -EINVAL);
	assert_string_equal(f->receiver.last_code, "host.fact");
	assert_int_equal(f->h->fact(f->h, NULL, text("x")), -EINVAL);
	assert_int_equal(f->h->clock(f->h, &(struct weir_clock){ .name = "c", .error_ns = -1 }), 0);
	assert_int_equal(f->h->clock(f->h, &(struct weir_clock){ .name = "c", .error_ns = -2 }), -EINVAL);
	assert_int_equal(f->h->clock(f->h, &(struct weir_clock){ .error_ns = 0 }), -EINVAL);
	assert_string_equal(f->receiver.last_code, "host.clock");
}

/* ---- Honesty ---- */

static void complain(struct fixture *f, const char *code, uint64_t count)
{
	const struct weir_diag d = { .code = code, .message = text("m"), .count = count, .severity = WEIR_WARNING };

	f->h->diag(f->h, &d);
}

static void diags_of_one_code_are_kept_up_to_a_bound(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < LEND_DIAGS_PER_CODE_MAX; i++)
		complain(f, "test.bad", 1);
	assert_int_equal(f->receiver.n_diags, LEND_DIAGS_PER_CODE_MAX);
	complain(f, "test.bad", 5);
	complain(f, "test.bad", 2);
	complain(f, "test.worse", 1);
	assert_int_equal(f->receiver.n_diags, LEND_DIAGS_PER_CODE_MAX + 1);
	assert_int_equal(lend_finish(f->lend), 0);
	assert_int_equal(f->receiver.n_diags, LEND_DIAGS_PER_CODE_MAX + 2);
	assert_string_equal(f->receiver.last_code, "test.bad");
	assert_int_equal(f->receiver.last_count, 7);
	assert_string_equal(f->receiver.last_message, "and 7 more like these");
	assert_int_equal(f->receiver.last_severity, WEIR_WARNING);
}

static void codes_past_the_bound_share_one(void **state)
{
	struct fixture *f = *state;
	char code[16];

	for (int i = 0; i < LEND_DIAG_CODES_MAX + 50; i++) {
		(void)snprintf(code, sizeof(code), "test.c%d", i);
		complain(f, code, 1);
	}
	/* 63 codes of their own, then 16 diags of all others; the rest is counted. */
	assert_int_equal(f->receiver.n_diags, LEND_DIAG_CODES_MAX - 1 + LEND_DIAGS_PER_CODE_MAX);
	assert_int_equal(lend_finish(f->lend), 0);
	assert_string_equal(f->receiver.last_code, "host.other_codes");
	assert_int_equal(f->receiver.last_count, 51 - LEND_DIAGS_PER_CODE_MAX);
}

static void odd_diags_are_mended_and_noted(void **state)
{
	struct fixture *f = *state;
	char *big = malloc(LEND_MESSAGE_MAX + 1);
	struct weir_diag d = { .code = "Bad", .message = text("kept"), .count = 0, .severity = 9, .input = 2 };

	f->h->diag(f->h, &d);
	assert_int_equal(f->receiver.n_diags, 2);
	assert_string_equal(f->receiver.last_code, "host.diag");
	assert_string_equal(f->receiver.last_message, "kept");
	assert_int_equal(f->receiver.last_count, 1);
	assert_int_equal(f->receiver.last_severity, WEIR_WARNING);
	assert_int_equal(f->receiver.last_input, 0);
	memset(big, 'x', LEND_MESSAGE_MAX + 1);
	d = (struct weir_diag){ .code = "test.long", .message = { big, LEND_MESSAGE_MAX + 1 }, .count = 1 };
	f->h->diag(f->h, &d);
	assert_int_equal(strlen(f->receiver.last_message), LEND_MESSAGE_MAX);
	f->h->diag(f->h, NULL);
	free(big);
}

static void reasons_are_counted_by_kind(void **state)
{
	struct fixture *f = *state;

	f->h->tally(f->h, WEIR_READ, 10, NULL);
	f->h->tally(f->h, WEIR_STORED, 4, NULL);
	f->h->tally(f->h, WEIR_SKIPPED, 3, "test.b");
	f->h->tally(f->h, WEIR_SKIPPED, 1, "test.a");
	f->h->tally(f->h, WEIR_SKIPPED, 1, "test.b");
	f->h->tally(f->h, WEIR_BAD, 1, NULL);
	f->h->tally(f->h, WEIR_LOST, 7, "NOT A NAME");
	f->h->tally(f->h, WEIR_LOST, 0, "test.never");
	assert_string_equal(lend_reasons_json(f->lend), "{\"bad\":{\"unnamed\":1},\"lost\":{\"other\":7},"
	                                                "\"skipped\":{\"test.a\":1,\"test.b\":4}}");
	assert_int_equal(lend_ledger(f->lend).n_skipped, 5);
	assert_int_equal(lend_finish(f->lend), 0);
	assert_int_equal(f->receiver.n_diags, 0);
	f->h->tally(f->h, 5, 1, NULL);
	assert_string_equal(f->receiver.last_code, "host.tally");
}

static void reasons_past_the_bound_are_others(void **state)
{
	struct fixture *f = *state;
	char reason[16], expected[32];
	uint64_t n_own = LEND_REASONS_MAX - 3;

	for (uint64_t i = 0; i < n_own + 5; i++) {
		(void)snprintf(reason, sizeof(reason), "test.r%llu", (unsigned long long)i);
		f->h->tally(f->h, WEIR_SKIPPED, 1, reason);
	}
	f->h->tally(f->h, WEIR_BAD, 2, "test.late");
	f->h->tally(f->h, WEIR_LOST, 3, "test.late");
	assert_non_null(strstr(lend_reasons_json(f->lend), "{\"bad\":{\"other\":2},\"lost\":{\"other\":3},"));
	assert_non_null(strstr(lend_reasons_json(f->lend), "\"other\":5,"));
	(void)snprintf(expected, sizeof(expected), "\"test.r%llu\":1", (unsigned long long)n_own - 1);
	assert_non_null(strstr(lend_reasons_json(f->lend), expected));
}

static void counts_do_not_wrap(void **state)
{
	struct fixture *f = *state;

	f->h->tally(f->h, WEIR_READ, UINT64_MAX, NULL);
	f->h->tally(f->h, WEIR_READ, 2, NULL);
	assert_true(lend_ledger(f->lend).n_read == UINT64_MAX);
}

static void a_ledger_that_does_not_add_up_is_said(void **state)
{
	struct fixture *f = *state;

	f->h->tally(f->h, WEIR_READ, 2, NULL);
	f->h->tally(f->h, WEIR_STORED, 1, NULL);
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_OK);
	assert_int_equal(lend_finish(f->lend), 0);
	assert_string_equal(f->receiver.last_code, "host.ledger");
	assert_string_equal(f->receiver.last_message,
	                    "collector: test: it read 2 records, but 1 stored, 0 skipped and 0 bad "
	                    "are another number");
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_PARTIAL);
}

static void what_a_source_came_to(void **state)
{
	struct fixture *f = *state;
	struct weir_diag d = { .code = "test.x", .message = text("m"), .count = 1, .severity = WEIR_NOTE };

	f->h->diag(f->h, &d);
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_OK);
	assert_int_equal(lend_status(f->lend, -EBADMSG), STORE_FAILED);
	f->h->tally(f->h, WEIR_STORED, 1, NULL);
	assert_int_equal(lend_status(f->lend, -EBADMSG), STORE_PARTIAL);
	f->h->tally(f->h, WEIR_BAD, 1, "test.bad");
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_PARTIAL);
	d.severity = WEIR_ERROR;
	f->h->diag(f->h, &d);
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_FAILED);
}

static void lost_records_make_a_source_partial(void **state)
{
	struct fixture *f = *state;

	f->h->tally(f->h, WEIR_LOST, 1, "test.dropped");
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_PARTIAL);
}

static struct weir_rung rung(const char *part, const char *name, uint32_t state)
{
	return (struct weir_rung){ .part = part,
		                   .name = name,
		                   .means = text("by looking"),
		                   .loss = text("detail"),
		                   .why_not = text("no right to"),
		                   .remedy = text("be root"),
		                   .state = state };
}

static void the_first_rung_that_works_is_kept_and_why_higher_ones_do_not(void **state)
{
	struct fixture *f = *state;
	const struct weir_rung all[] = { rung("latency", "best", WEIR_RUNG_FAILED),
		                         rung("latency", "next", WEIR_RUNG_WORKS),
		                         rung("latency", "least", WEIR_RUNG_WORKS) };

	f->h->rung(f->h, &all[0]);
	assert_string_equal(f->receiver.last_fact, "rung.failed.latency.best");
	assert_string_equal(f->receiver.last_message,
	                    "latency: best cannot be used: no right to; to change that: be root");
	f->h->rung(f->h, &all[1]);
	assert_string_equal(f->receiver.last_fact, "rung.latency");
	assert_memory_equal(f->receiver.last_text, "next", 4);
	assert_string_equal(f->receiver.last_message, "latency: next is used instead: by looking; it lacks: detail");
	f->h->rung(f->h, &all[2]);
	assert_int_equal(f->receiver.n_diags, 2);
	assert_int_equal(lend_finish(f->lend), 0);
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_OK);
}

static void a_part_without_a_rung_that_works_is_partial(void **state)
{
	struct fixture *f = *state;
	struct weir_rung failed = rung(NULL, "only", WEIR_RUNG_FAILED);

	f->h->rung(f->h, &failed);
	assert_string_equal(f->receiver.last_fact, "rung.failed.only");
	assert_int_equal(lend_finish(f->lend), 0);
	assert_string_equal(f->receiver.last_message, "not measured: none of its ways works here");
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_PARTIAL);
}

static void a_rung_has_a_name(void **state)
{
	struct fixture *f = *state;
	struct weir_rung bad = rung(NULL, "Not a name", WEIR_RUNG_WORKS);

	f->h->rung(f->h, &bad);
	assert_string_equal(f->receiver.last_code, "host.rung");
	bad = rung(NULL, "name", 2);
	f->h->rung(f->h, &bad);
	assert_int_equal(f->receiver.n_diags, 2);
	assert_string_equal(f->receiver.last_fact, "");
}

static void a_table_has_as_many_series_as_the_bound(void **state)
{
	struct series_table t;

	series_table_init(&t);
	for (uint32_t i = 0; i < LEND_SERIES_MAX; i++)
		assert_int_equal(series_table_add(&t, i, text("{}")), i + 1);
	assert_int_equal(series_table_add(&t, LEND_SERIES_MAX, text("{}")), 0);
	assert_int_equal(series_table_find(&t, 12345, text("{}")), 12346);
	assert_int_equal(series_table_find(&t, LEND_SERIES_MAX, text("{}")), 0);
	series_table_done(&t);
}

static void a_table_has_as_much_text_as_the_bound(void **state)
{
	char *big = calloc(1, SERIES_TABLE_TEXT_MAX + 1);
	struct series_table t;

	series_table_init(&t);
	assert_int_equal(series_table_add(&t, 0, (struct weir_text){ big, SERIES_TABLE_TEXT_MAX + 1 }), 0);
	assert_int_equal(series_table_add(&t, 0, (struct weir_text){ big, SERIES_TABLE_TEXT_MAX }), 1);
	assert_int_equal(series_table_add(&t, 1, text("x")), 0);
	series_table_drop(&t);
	assert_int_equal(series_table_add(&t, 1, text("x")), 1);
	series_table_done(&t);
	free(big);
}

#define WITH_HOST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOST(options_have_their_defaults),
		cmocka_unit_test(given_options_and_context_are_copies),
		cmocka_unit_test(options_that_do_not_fit_are_refused),
		WITH_HOST(undeclared_rows_are_refused),
		WITH_HOST(equal_attributes_are_one_series),
		WITH_HOST(a_series_that_is_not_received_leaves_no_gap),
		WITH_HOST(keys_are_dotted_lower_case_names),
		WITH_HOST(a_key_comes_once),
		WITH_HOST(a_set_has_as_many_attributes_as_the_bound),
		WITH_HOST(a_set_has_as_many_bytes_as_the_bound),
		WITH_HOST(long_texts_are_cut_at_a_character),
		WITH_HOST(attributes_are_repaired_and_names_are_kept),
		WITH_HOST(texts_at_null_are_refused),
		WITH_HOST(stacks_stand_on_what_was_given),
		WITH_HOST(a_full_dictionary_is_said),
		WITH_HOST(a_batch_is_taken_whole_or_not_at_all),
		WITH_HOST(a_series_takes_its_own_shape),
		WITH_HOST(values_are_finite),
		WITH_HOST(histograms_add_up),
		WITH_HOST(spans_go_forward),
		WITH_HOST(weights_have_a_stack_and_a_value),
		WITH_HOST(what_the_receiver_says_goes_back),
		WITH_HOST(a_window_is_used_once),
		WITH_HOST(facts_and_clocks_have_names),
		WITH_HOST(diags_of_one_code_are_kept_up_to_a_bound),
		WITH_HOST(codes_past_the_bound_share_one),
		WITH_HOST(odd_diags_are_mended_and_noted),
		WITH_HOST(reasons_are_counted_by_kind),
		WITH_HOST(reasons_past_the_bound_are_others),
		WITH_HOST(counts_do_not_wrap),
		WITH_HOST(a_ledger_that_does_not_add_up_is_said),
		WITH_HOST(what_a_source_came_to),
		WITH_HOST(lost_records_make_a_source_partial),
		WITH_HOST(the_first_rung_that_works_is_kept_and_why_higher_ones_do_not),
		WITH_HOST(a_part_without_a_rung_that_works_is_partial),
		WITH_HOST(a_rung_has_a_name),
		cmocka_unit_test(a_table_has_as_many_series_as_the_bound),
		cmocka_unit_test(a_table_has_as_much_text_as_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
