/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/lend.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

#include "plugins/ledger.h"
#include "plugins/name.h"
#include "plugins/option.h"
#include "plugins/series_table.h"
#include "plugins/shape.h"
#include "store/json.h"

/* What a collector holds: the functions, and right before them, whose they are. */
struct lent {
	struct lend *owner;
	struct weir_host host;
};

struct lend {
	struct lent lent;
	const struct weir_collector *collector;
	const struct lend_ops *ops;
	struct lend_receiver *receiver;
	union weir_value *option_values;
	char **option_texts;
	char **context; /* name, value, name, value */
	uint32_t n_context;
	uint32_t max_frame, max_stack, max_attrs; /* the highest ids that the receiver has given */
	uint64_t *n_window;                       /* of each input: bytes of its last window */
	struct series_table series;
	char *json; /* where an attribute set is written: LEND_ATTRS_JSON_MAX */
	struct ledger ledger;
};

static struct lend *owner(const struct weir_host *h)
{
	return ((const struct lent *)((const char *)h - offsetof(struct lent, host)))->owner;
}

static uint64_t n_cut(const struct weir_text *text, uint64_t n_max)
{
	uint64_t n = n_max;

	while (n > 0 && n > n_max - 3 && ((unsigned char)text->at[n] & 0xC0) == 0x80)
		n--;
	return ((unsigned char)text->at[n] & 0xC0) == 0x80 ? n_max : n;
}

/* ---- Complaints ---- */

static void pass_diag(struct lend *l, const struct weir_diag *d)
{
	if (ledger_complain(&l->ledger, d->code, d->count, d->severity))
		(void)l->ops->diag(l->receiver, d);
}

__attribute__((format(printf, 3, 4))) static void complain(struct lend *l, const char *code, const char *format, ...)
{
	struct weir_error text;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text.text, sizeof(text.text), format, args);
	va_end(args);
	pass_diag(l, &(struct weir_diag){ .code = code,
	                                  .message = name_text(text.text),
	                                  .offset = WEIR_NO_OFFSET,
	                                  .count = 1,
	                                  .severity = WEIR_WARNING });
}

static void note(struct lend *l, const char *code, const char *text)
{
	pass_diag(l, &(struct weir_diag){ .code = code,
	                                  .message = name_text(text),
	                                  .offset = WEIR_NO_OFFSET,
	                                  .count = 1,
	                                  .severity = WEIR_NOTE });
}

/* A text that may be passed on. -EINVAL: bytes without a place. */
static int take_text(struct lend *l, struct weir_text *text)
{
	if (!text->at && text->n_bytes) {
		complain(l, "host.text", "collector: %s: a text of %llu bytes is at NULL", l->collector->name,
		         (unsigned long long)text->n_bytes);
		return -EINVAL;
	}
	if (!text->at)
		text->at = "";
	if (text->n_bytes > LEND_TEXT_MAX) {
		note(l, "host.cut", "a text was longer than 65536 bytes and was cut");
		text->n_bytes = n_cut(text, LEND_TEXT_MAX);
	}
	return 0;
}

static void lend_diag(const struct weir_host *h, const struct weir_diag *diag)
{
	struct lend *l = owner(h);
	struct weir_diag d;
	int is_named, has_input, has_severity;

	if (!diag)
		return;
	d = *diag;
	is_named = d.code && name_is_dotted((struct weir_text){ d.code, strnlen(d.code, NAME_MAX_BYTES + 1) });
	has_input = d.input <= l->collector->n_companions;
	has_severity = d.severity <= WEIR_ERROR;
	if (!is_named || !has_input || !has_severity || !d.count)
		complain(l, "host.diag", "collector: %s: a diag has %s", l->collector->name,
		         !is_named       ? "a code that is no dotted name"
		         : !has_input    ? "an input that the collector hasn't"
		         : !has_severity ? "an unknown severity"
		                         : "a count of 0");
	if (!is_named)
		d.code = "host.diag";
	if (!has_input)
		d.input = 0;
	if (!has_severity)
		d.severity = WEIR_WARNING;
	if (!d.count)
		d.count = 1;
	if (take_text(l, &d.message) < 0)
		return;
	if (d.message.n_bytes > LEND_MESSAGE_MAX)
		d.message.n_bytes = n_cut(&d.message, LEND_MESSAGE_MAX);
	pass_diag(l, &d);
}

static void lend_tally(const struct weir_host *h, uint32_t kind, uint64_t n, const char *reason)
{
	struct lend *l = owner(h);

	if (!ledger_tally(&l->ledger, kind, n, reason))
		complain(l, "host.tally", "collector: %s: a tally of unknown kind %u", l->collector->name, kind);
}

/* ---- What is known before ---- */

static int lend_input(const struct weir_host *h, uint32_t input, uint64_t n_used, struct weir_chunk *ret)
{
	struct lend *l = owner(h);
	int r;

	if (!ret)
		return -EINVAL;
	if (input > l->collector->n_companions)
		return -ENOENT;
	if (n_used > l->n_window[input]) {
		complain(l, "host.input", "collector: %s: it used %llu bytes of a window of %llu", l->collector->name,
		         (unsigned long long)n_used, (unsigned long long)l->n_window[input]);
		return -EINVAL;
	}
	*ret = (struct weir_chunk){ 0 };
	r = l->ops->input(l->receiver, input, n_used, ret);
	if (r >= 0)
		l->n_window[input] = ret->n_bytes;
	return r;
}

static int is_text_option(const struct weir_option *o)
{
	return o->type == WEIR_OPTION_TEXT || o->type == WEIR_OPTION_CHOICE;
}

static int lend_option(const struct weir_host *h, uint32_t row, union weir_value *ret)
{
	struct lend *l = owner(h);

	if (!ret || row >= l->collector->n_options || is_text_option(&l->collector->options[row]))
		return -EINVAL;
	*ret = l->option_values[row];
	return WEIR_OK;
}

static int lend_option_text(const struct weir_host *h, uint32_t row, struct weir_text *ret)
{
	struct lend *l = owner(h);

	if (!ret || row >= l->collector->n_options || !is_text_option(&l->collector->options[row]))
		return -EINVAL;
	*ret = name_text(l->option_texts[row]);
	return WEIR_OK;
}

static int lend_context(const struct weir_host *h, const char *name, struct weir_text *ret)
{
	struct lend *l = owner(h);

	if (!name || !ret)
		return -EINVAL;
	for (uint32_t i = 0; i < l->n_context; i++) {
		if (strcmp(l->context[2 * i], name) == 0) {
			*ret = name_text(l->context[2 * i + 1]);
			return WEIR_OK;
		}
	}
	return -ENOENT;
}

static int64_t lend_now(const struct weir_host *h)
{
	struct lend *l = owner(h);

	return l->ops->now(l->receiver);
}

/* ---- Identity ---- */

static int is_repaired(const struct weir_attr *attrs, uint32_t n_attrs)
{
	for (uint32_t i = 0; i < n_attrs; i++)
		if (!json_is_utf8(attrs[i].value))
			return 1;
	return 0;
}

/* Checks a set and writes its canonical JSON. */
static int write_attrs(struct lend *l, const struct weir_attr *attrs, uint32_t n_attrs, struct weir_text *ret)
{
	struct weir_attr taken[LEND_ATTRS_MAX];
	struct json_out out = { .at = l->json, .n_max = LEND_ATTRS_JSON_MAX };
	const char *name = l->collector->name;

	if (n_attrs > LEND_ATTRS_MAX || (n_attrs && !attrs)) {
		complain(l, "host.attributes", "collector: %s: a set of %u attributes, of %d at most, or at NULL", name,
		         n_attrs, LEND_ATTRS_MAX);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < n_attrs; i++) {
		taken[i] = attrs[i];
		if (!name_is_dotted(attrs[i].key)) {
			complain(l, "host.attribute_key",
			         "collector: %s: attribute key '%.*s' is no dotted lower case name", name,
			         attrs[i].key.at ? (int)(attrs[i].key.n_bytes & 0x3F) : 0, attrs[i].key.at);
			return -EINVAL;
		}
		if (take_text(l, &taken[i].value) < 0)
			return -EINVAL;
	}
	if (json_attrs(&out, taken, n_attrs) < 0) {
		complain(l, "host.attribute_key", "collector: %s: a set has the same attribute key twice", name);
		return -EINVAL;
	}
	if (out.n > out.n_max) {
		complain(l, "host.attributes", "collector: %s: a set of %llu bytes; %d fit", name,
		         (unsigned long long)out.n, LEND_ATTRS_JSON_MAX);
		return -EINVAL;
	}
	if (is_repaired(taken, n_attrs))
		note(l, "host.utf8", "an attribute was not UTF-8 and was repaired");
	*ret = (struct weir_text){ l->json, out.n };
	return 0;
}

static uint32_t new_series(struct lend *l, uint32_t metric_row, struct weir_text json)
{
	uint32_t id = series_table_add(&l->series, metric_row, json);

	if (!id) {
		complain(l, "host.series", "collector: %s: no room for more than %u series", l->collector->name,
		         l->series.n_entries);
		return 0;
	}
	if (l->ops->series(l->receiver, id, metric_row, json) < 0) {
		series_table_drop(&l->series);
		return 0;
	}
	return id;
}

static uint32_t lend_series(const struct weir_host *h, uint32_t metric_row, const struct weir_attr *attrs,
                            uint32_t n_attrs)
{
	struct lend *l = owner(h);
	struct weir_text json;
	uint32_t id;

	if (metric_row >= l->collector->n_metrics) {
		complain(l, "host.metric", "collector: %s: it has no metric row %u, only %u rows", l->collector->name,
		         metric_row, l->collector->n_metrics);
		return 0;
	}
	if (write_attrs(l, attrs, n_attrs, &json) < 0)
		return 0;
	id = series_table_find(&l->series, metric_row, json);
	return id ? id : new_series(l, metric_row, json);
}

/* An id that the receiver gave, remembered; 0: a bound was hit. */
static uint32_t given(struct lend *l, uint32_t id, uint32_t *max, const char *what)
{
	if (!id)
		complain(l, "host.identity", "collector: %s: no room for more than %u %s", l->collector->name, *max,
		         what);
	if (id > *max)
		*max = id;
	return id;
}

static uint32_t lend_frame(const struct weir_host *h, struct weir_text name, struct weir_text module,
                           struct weir_text source)
{
	struct lend *l = owner(h);

	if (take_text(l, &name) < 0 || take_text(l, &module) < 0 || take_text(l, &source) < 0)
		return 0;
	return given(l, l->ops->frame(l->receiver, name, module, source), &l->max_frame, "frames");
}

static uint32_t lend_stack(const struct weir_host *h, uint32_t parent, uint32_t frame, uint64_t native_id)
{
	struct lend *l = owner(h);

	if (parent > l->max_stack || frame == 0 || frame > l->max_frame) {
		complain(l, "host.stack", "collector: %s: a stack of parent %u and frame %u, which were never given",
		         l->collector->name, parent, frame);
		return 0;
	}
	return given(l, l->ops->stack(l->receiver, parent, frame, native_id), &l->max_stack, "stacks");
}

static uint32_t lend_attrs(const struct weir_host *h, const struct weir_attr *attrs, uint32_t n_attrs)
{
	struct lend *l = owner(h);
	struct weir_text json;

	if (write_attrs(l, attrs, n_attrs, &json) < 0)
		return 0;
	return given(l, l->ops->attrs(l->receiver, json), &l->max_attrs, "attribute sets");
}

/* ---- Observations ---- */

static int refuse(struct lend *l, const char *code, const char *shape, uint64_t i, const char *fault)
{
	complain(l, code, "collector: %s: %s %llu of a batch: %s", l->collector->name, shape, (unsigned long long)i,
	         fault);
	return -EINVAL;
}

/* The metric of a series that may be used for this shape, or NULL and a word in *ret_fault. */
static const struct weir_metric *metric_of(const struct lend *l, uint32_t series, uint8_t shape, const char **ret_fault)
{
	const struct weir_metric *m;

	*ret_fault = "its series was never given";
	if (series == 0 || series > l->series.n_entries)
		return NULL;
	m = &l->collector->metrics[l->series.entries[series - 1].metric_row];
	*ret_fault = "its series has another shape";
	return m->shape == shape ? m : NULL;
}

static int lend_numbers(const struct weir_host *h, const struct weir_number *at, uint64_t n)
{
	struct lend *l = owner(h);
	const struct weir_metric *m;
	const char *fault = "it is at NULL";

	for (uint64_t i = 0; i < n; i++) {
		m = at ? metric_of(l, at[i].series, WEIR_SHAPE_NUMBER, &fault) : NULL;
		if (!m)
			return refuse(l, "host.id", "number", i, fault);
		fault = shape_number_fault(&at[i], m->type);
		if (fault)
			return refuse(l, "host.observation", "number", i, fault);
	}
	return n ? l->ops->numbers(l->receiver, at, n) : WEIR_OK;
}

static int lend_histograms(const struct weir_host *h, const struct weir_histogram *at, uint64_t n)
{
	struct lend *l = owner(h);
	const char *fault = "it is at NULL";

	for (uint64_t i = 0; i < n; i++) {
		if (!at || !metric_of(l, at[i].series, WEIR_SHAPE_HISTOGRAM, &fault))
			return refuse(l, "host.id", "histogram", i, fault);
		fault = shape_histogram_fault(&at[i]);
		if (fault)
			return refuse(l, "host.observation", "histogram", i, fault);
	}
	return n ? l->ops->histograms(l->receiver, at, n) : WEIR_OK;
}

static int lend_spans(const struct weir_host *h, const struct weir_span *at, uint64_t n)
{
	struct lend *l = owner(h);
	const char *fault = "it is at NULL";

	for (uint64_t i = 0; i < n; i++) {
		if (!at || !metric_of(l, at[i].series, WEIR_SHAPE_SPAN, &fault))
			return refuse(l, "host.id", "span", i, fault);
		if (at[i].attrs > l->max_attrs)
			return refuse(l, "host.id", "span", i, "its attributes were never given");
		fault = shape_span_fault(&at[i]);
		if (fault)
			return refuse(l, "host.observation", "span", i, fault);
	}
	return n ? l->ops->spans(l->receiver, at, n) : WEIR_OK;
}

static int lend_weights(const struct weir_host *h, const struct weir_weight *at, uint64_t n)
{
	struct lend *l = owner(h);
	const struct weir_metric *m;
	const char *fault = "it is at NULL";

	for (uint64_t i = 0; i < n; i++) {
		m = at ? metric_of(l, at[i].series, WEIR_SHAPE_WEIGHT, &fault) : NULL;
		if (!m)
			return refuse(l, "host.id", "weight", i, fault);
		if (at[i].stack == 0 || at[i].stack > l->max_stack)
			return refuse(l, "host.id", "weight", i, "its stack was never given");
		fault = shape_weight_fault(&at[i], m->type);
		if (fault)
			return refuse(l, "host.observation", "weight", i, fault);
	}
	return n ? l->ops->weights(l->receiver, at, n) : WEIR_OK;
}

static int lend_fact(const struct weir_host *h, const char *name, struct weir_text value)
{
	struct lend *l = owner(h);

	if (!name || !name_is_dotted((struct weir_text){ name, strnlen(name, NAME_MAX_BYTES + 1) })) {
		complain(l, "host.fact", "collector: %s: a fact's name is no dotted lower case name",
		         l->collector->name);
		return -EINVAL;
	}
	if (take_text(l, &value) < 0)
		return -EINVAL;
	return l->ops->fact(l->receiver, name, value);
}

static int lend_clock(const struct weir_host *h, const struct weir_clock *clock)
{
	struct lend *l = owner(h);
	struct weir_clock c;

	if (!clock || !clock->name || clock->error_ns < -1) {
		complain(l, "host.clock", "collector: %s: a clock has no name, or an error below -1",
		         l->collector->name);
		return -EINVAL;
	}
	c = *clock;
	if (take_text(l, &c.tie) < 0)
		return -EINVAL;
	return l->ops->clock(l->receiver, &c);
}

/* ---- Lifetime ---- */

static const struct weir_host functions = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_host),
	.input = lend_input,
	.option = lend_option,
	.option_text = lend_option_text,
	.context = lend_context,
	.now = lend_now,
	.series = lend_series,
	.frame = lend_frame,
	.stack = lend_stack,
	.attrs = lend_attrs,
	.numbers = lend_numbers,
	.histograms = lend_histograms,
	.spans = lend_spans,
	.weights = lend_weights,
	.fact = lend_fact,
	.clock = lend_clock,
	.tally = lend_tally,
	.diag = lend_diag,
};

static int no_memory(struct weir_error *reterr)
{
	return weir_fail(reterr, -ENOMEM, "collector: host: no memory");
}

static int set_option(struct lend *l, uint32_t row, const char *text, struct weir_error *reterr)
{
	char *copy = strdup(text);
	int r;

	if (!copy)
		return no_memory(reterr);
	free(l->option_texts[row]);
	l->option_texts[row] = copy;
	r = option_parse(&l->collector->options[row], text, &l->option_values[row], reterr);
	return r < 0 ? r : 0;
}

static int set_options(struct lend *l, const struct lend_config *config, struct weir_error *reterr)
{
	int row, r = 0;

	for (uint32_t i = 0; i < l->collector->n_options && r == 0; i++)
		r = set_option(l, i, l->collector->options[i].fallback ? l->collector->options[i].fallback : "",
		               reterr);
	for (uint32_t i = 0; i < config->n_options && r == 0; i++) {
		row = option_row(l->collector, config->options[i].name, reterr);
		r = row < 0 ? -EINVAL : set_option(l, (uint32_t)row, config->options[i].value, reterr);
	}
	return r;
}

static int set_context(struct lend *l, const struct lend_config *config, struct weir_error *reterr)
{
	for (uint32_t i = 0; i < config->n_context; i++) {
		l->context[2 * i] = strdup(config->context[i].name);
		l->context[2 * i + 1] = strdup(config->context[i].value);
		l->n_context = i + 1;
		if (!l->context[2 * i] || !l->context[2 * i + 1])
			return no_memory(reterr);
	}
	return 0;
}

static int allocate(struct lend *l, const struct lend_config *config, struct weir_error *reterr)
{
	const struct weir_collector *c = config->collector;

	l->option_values = calloc((size_t)c->n_options + 1, sizeof(*l->option_values));
	l->option_texts = calloc((size_t)c->n_options + 1, sizeof(*l->option_texts));
	l->context = calloc((size_t)config->n_context + 1, 2 * sizeof(*l->context));
	l->n_window = calloc((size_t)c->n_companions + 1, sizeof(*l->n_window));
	l->json = malloc(LEND_ATTRS_JSON_MAX);
	if (!l->option_values || !l->option_texts || !l->context || !l->n_window || !l->json)
		return no_memory(reterr);
	return 0;
}

int lend_new(const struct lend_config *config, struct lend **ret, struct weir_error *reterr)
{
	struct lend *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return no_memory(reterr);
	l->lent = (struct lent){ l, functions };
	l->collector = config->collector;
	l->ops = config->ops;
	l->receiver = config->receiver;
	series_table_init(&l->series);
	ledger_init(&l->ledger);
	r = allocate(l, config, reterr);
	if (r == 0)
		r = set_options(l, config, reterr);
	if (r == 0)
		r = set_context(l, config, reterr);
	if (r < 0) {
		lend_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void lend_free(struct lend *l)
{
	if (!l)
		return;
	for (uint32_t i = 0; l->option_texts && i < l->collector->n_options; i++)
		free(l->option_texts[i]);
	for (uint32_t i = 0; i < 2 * l->n_context; i++)
		free(l->context[i]);
	series_table_done(&l->series);
	free(l->option_values);
	free(l->option_texts);
	free(l->context);
	free(l->n_window);
	free(l->json);
	free(l);
}

const struct weir_host *lend_host(struct lend *l)
{
	return &l->lent.host;
}

struct weir_host *lend_host_before(struct lend *l, void *end)
{
	struct lent *copy = (struct lent *)((char *)end - sizeof(struct lent));

	memcpy(copy, &l->lent, sizeof(*copy));
	return &copy->host;
}

struct lend_ledger lend_ledger(const struct lend *l)
{
	const uint64_t *n = l->ledger.counts;

	return (struct lend_ledger){ n[WEIR_READ], n[WEIR_STORED], n[WEIR_SKIPPED], n[WEIR_BAD], n[WEIR_LOST] };
}

const char *lend_reasons_json(struct lend *l)
{
	return ledger_reasons_json(&l->ledger);
}

enum store_status lend_status(const struct lend *l, int r)
{
	const struct ledger *g = &l->ledger;

	if (g->severity == WEIR_ERROR || (r < 0 && !g->counts[WEIR_STORED]))
		return STORE_FAILED;
	if (r < 0 || g->severity == WEIR_WARNING || g->counts[WEIR_BAD] || g->counts[WEIR_LOST])
		return STORE_PARTIAL;
	return STORE_OK;
}

int lend_severity(const struct lend *l)
{
	return l->ledger.severity;
}

static int pass_held(struct lend *l, const struct ledger_code *code)
{
	struct weir_error text;

	(void)snprintf(text.text, sizeof(text.text), "and %llu more like these", (unsigned long long)code->n_held);
	return l->ops->diag(l->receiver, &(struct weir_diag){ .code = code->name,
	                                                      .message = name_text(text.text),
	                                                      .offset = WEIR_NO_OFFSET,
	                                                      .count = code->n_held,
	                                                      .severity = code->severity });
}

int lend_finish(struct lend *l)
{
	const uint64_t *n = l->ledger.counts;
	int r = 0;

	if (!ledger_adds_up(&l->ledger))
		complain(l, "host.ledger",
		         "collector: %s: it read %llu records, but %llu stored, %llu skipped and %llu bad are another "
		         "number",
		         l->collector->name, (unsigned long long)n[WEIR_READ], (unsigned long long)n[WEIR_STORED],
		         (unsigned long long)n[WEIR_SKIPPED], (unsigned long long)n[WEIR_BAD]);
	for (uint32_t i = 0; i < l->ledger.n_codes && r >= 0; i++)
		if (l->ledger.codes[i].n_held)
			r = pass_held(l, &l->ledger.codes[i]);
	return r < 0 ? r : 0;
}
