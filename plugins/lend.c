/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/lend_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

#include "plugins/name.h"
#include "plugins/option.h"

static uint64_t n_cut(const struct weir_text *text, uint64_t n_max)
{
	uint64_t n = n_max;

	while (n > 0 && n > n_max - 3 && ((unsigned char)text->at[n] & 0xC0) == 0x80)
		n--;
	return ((unsigned char)text->at[n] & 0xC0) == 0x80 ? n_max : n;
}

/* ---- Complaints ---- */

static int tell(struct lend *l, const struct weir_diag *d)
{
	return l->ops->diag ? l->ops->diag(l->receiver, d) : 0;
}

static void pass_diag(struct lend *l, const struct weir_diag *d)
{
	if (ledger_complain(&l->ledger, d->code, d->count, d->severity))
		(void)tell(l, d);
}

void lend_complain(struct lend *l, const char *code, const char *format, ...)
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

void lend_note(struct lend *l, const char *code, const char *text)
{
	pass_diag(l, &(struct weir_diag){ .code = code,
	                                  .message = name_text(text),
	                                  .offset = WEIR_NO_OFFSET,
	                                  .count = 1,
	                                  .severity = WEIR_NOTE });
}

int lend_take_text(struct lend *l, struct weir_text *text)
{
	if (!text->at && text->n_bytes) {
		lend_complain(l, "host.text", "collector: %s: a text of %llu bytes is at NULL", l->collector->name,
		              (unsigned long long)text->n_bytes);
		return -EINVAL;
	}
	if (!text->at)
		text->at = "";
	if (text->n_bytes > LEND_TEXT_MAX) {
		lend_note(l, "host.cut", "a text was longer than 65536 bytes and was cut");
		text->n_bytes = n_cut(text, LEND_TEXT_MAX);
	}
	return 0;
}

static void lend_diag(const struct weir_host *h, const struct weir_diag *diag)
{
	struct lend *l = lend_owner(h);
	struct weir_diag d;
	int is_named, has_input, has_severity;

	if (!diag)
		return;
	d = *diag;
	is_named = name_is_dotted_string(d.code);
	has_input = d.input <= l->collector->n_companions;
	has_severity = d.severity <= WEIR_ERROR;
	if (!is_named || !has_input || !has_severity || !d.count)
		lend_complain(l, "host.diag", "collector: %s: a diag has %s", l->collector->name,
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
	if (lend_take_text(l, &d.message) < 0)
		return;
	if (d.message.n_bytes > LEND_MESSAGE_MAX)
		d.message.n_bytes = n_cut(&d.message, LEND_MESSAGE_MAX);
	pass_diag(l, &d);
}

static void lend_tally(const struct weir_host *h, uint32_t kind, uint64_t n, const char *reason)
{
	struct lend *l = lend_owner(h);

	if (!ledger_tally(&l->ledger, kind, n, reason))
		lend_complain(l, "host.tally", "collector: %s: a tally of unknown kind %u", l->collector->name, kind);
}

/* ---- What is known before ---- */

static int lend_input(const struct weir_host *h, uint32_t input, uint64_t n_used, struct weir_chunk *ret)
{
	struct lend *l = lend_owner(h);
	int r;

	if (!ret)
		return -EINVAL;
	if (input > l->collector->n_companions)
		return -ENOENT;
	if (n_used > l->n_window[input]) {
		lend_complain(l, "host.input", "collector: %s: it used %llu bytes of a window of %llu",
		              l->collector->name, (unsigned long long)n_used, (unsigned long long)l->n_window[input]);
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
	struct lend *l = lend_owner(h);

	if (!ret || row >= l->collector->n_options || is_text_option(&l->collector->options[row]))
		return -EINVAL;
	*ret = l->option_values[row];
	return WEIR_OK;
}

static int lend_option_text(const struct weir_host *h, uint32_t row, struct weir_text *ret)
{
	struct lend *l = lend_owner(h);

	if (!ret || row >= l->collector->n_options || !is_text_option(&l->collector->options[row]))
		return -EINVAL;
	*ret = name_text(l->option_texts[row]);
	return WEIR_OK;
}

static int lend_context(const struct weir_host *h, const char *name, struct weir_text *ret)
{
	struct lend *l = lend_owner(h);

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
	struct lend *l = lend_owner(h);

	return l->ops->now(l->receiver);
}

/* ---- What it says of itself ---- */

static int lend_fact(const struct weir_host *h, const char *name, struct weir_text value)
{
	struct lend *l = lend_owner(h);

	if (!name_is_dotted_string(name)) {
		lend_complain(l, "host.fact", "collector: %s: a fact's name is no dotted lower case name",
		              l->collector->name);
		return -EINVAL;
	}
	if (lend_take_text(l, &value) < 0)
		return -EINVAL;
	return l->ops->fact ? l->ops->fact(l->receiver, name, value) : WEIR_OK;
}

static int lend_clock(const struct weir_host *h, const struct weir_clock *clock)
{
	struct lend *l = lend_owner(h);
	struct weir_clock c;

	if (!clock || !clock->name || clock->error_ns < -1) {
		lend_complain(l, "host.clock", "collector: %s: a clock has no name, or an error below -1",
		              l->collector->name);
		return -EINVAL;
	}
	c = *clock;
	if (lend_take_text(l, &c.tie) < 0)
		return -EINVAL;
	return l->ops->clock ? l->ops->clock(l->receiver, &c) : WEIR_OK;
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
	.rung = lend_rung,
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

static int pass_held(struct lend *l, const struct ledger_code *code)
{
	struct weir_error text;

	(void)snprintf(text.text, sizeof(text.text), "and %llu more like these", (unsigned long long)code->n_held);
	return tell(l, &(struct weir_diag){ .code = code->name,
	                                    .message = name_text(text.text),
	                                    .offset = WEIR_NO_OFFSET,
	                                    .count = code->n_held,
	                                    .severity = code->severity });
}

int lend_finish(struct lend *l)
{
	const uint64_t *n = l->ledger.counts;
	int r = 0;

	lend_settle(l);
	if (!ledger_adds_up(&l->ledger))
		lend_complain(
			l, "host.ledger",
			"collector: %s: it read %llu records, but %llu stored, %llu skipped and %llu bad are another "
			"number",
			l->collector->name, (unsigned long long)n[WEIR_READ], (unsigned long long)n[WEIR_STORED],
			(unsigned long long)n[WEIR_SKIPPED], (unsigned long long)n[WEIR_BAD]);
	for (uint32_t i = 0; i < l->ledger.n_codes && r >= 0; i++)
		if (l->ledger.codes[i].n_held)
			r = pass_held(l, &l->ledger.codes[i]);
	return r < 0 ? r : 0;
}
