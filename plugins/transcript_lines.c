/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/transcript_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/name.h"
#include "store/json.h"

/* Bytes of the character at text.at, or 0 when that is not UTF-8. */
static uint64_t character(struct weir_text text)
{
	for (uint64_t n = 1; n <= 4 && n <= text.n_bytes; n++)
		if (json_is_utf8((struct weir_text){ text.at, n }))
			return n;
	return 0;
}

static void put_ascii(FILE *f, unsigned char c)
{
	static const char letters[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };

	if (c == '"' || c == '\\')
		(void)fprintf(f, "\\%c", c);
	else if (c < sizeof(letters) && letters[c])
		(void)fprintf(f, "\\%c", letters[c]);
	else if (c < ' ' || c == 0x7F)
		(void)fprintf(f, "\\u%04x", c);
	else
		(void)fputc(c, f);
}

static void put_text(FILE *f, struct weir_text text)
{
	uint64_t n;

	(void)fputc('"', f);
	while (text.n_bytes) {
		n = character(text);
		if (n == 1)
			put_ascii(f, (unsigned char)text.at[0]);
		else if (n)
			(void)fwrite(text.at, 1, n, f);
		else
			(void)fprintf(f, "\\udc%02x", (unsigned char)text.at[0]);
		text.at += n ? n : 1;
		text.n_bytes -= n ? n : 1;
	}
	(void)fputc('"', f);
}

static void put_text_key(FILE *f, const char *key, struct weir_text text)
{
	(void)fprintf(f, ",\"%s\":", key);
	put_text(f, text);
}

static void put_f64(struct transcript *t, const char *key, double v)
{
	char text[40];
	struct json_out out = { .at = text, .n_max = sizeof(text) };
	locale_t before = uselocale(t->c_locale);

	json_put_f64(&out, v);
	(void)uselocale(before);
	(void)fprintf(t->out, ",\"%s\":%.*s", key, (int)out.n, text);
}

static void put_i64(struct transcript *t, const char *key, int64_t v)
{
	(void)fprintf(t->out, ",\"%s\":%" PRId64, key, v);
}

static void put_u64(struct transcript *t, const char *key, uint64_t v)
{
	(void)fprintf(t->out, ",\"%s\":%" PRIu64, key, v);
}

static void put_value(struct transcript *t, const char *key, const struct weir_metric *m, union weir_value v)
{
	if (m->type == WEIR_TYPE_F64)
		put_f64(t, key, v.f64);
	else
		put_i64(t, key, v.i64);
}

/* Begins a line: {"kind":NAME */
static void line_start(struct transcript *t, const char *kind, const char *name)
{
	struct transcript_line *l = transcript_add(&t->lines, sizeof(*l));

	if (!l) {
		t->has_failed = 1;
		return;
	}
	l->at = (uint64_t)ftello(t->out);
	(void)fprintf(t->out, "{\"%s\":", kind);
	put_text(t->out, name_text(name));
}

static struct transcript_line *line_last(struct transcript *t)
{
	return (struct transcript_line *)t->lines.at + t->lines.n - 1;
}

/* What has been written of the line names its series. */
static void line_key(struct transcript *t)
{
	if (!t->has_failed)
		line_last(t)->n_key = (uint64_t)ftello(t->out) - line_last(t)->at;
}

static void line_end(struct transcript *t)
{
	(void)fputs("}\n", t->out);
	if (!t->has_failed)
		line_last(t)->n_bytes = (uint64_t)ftello(t->out) - line_last(t)->at;
}

static void put_attrs(struct transcript *t, const char *json)
{
	(void)fprintf(t->out, ",\"attrs\":%s", json);
}

static const struct transcript_series *series_at(const struct transcript *t, uint32_t id)
{
	return (const struct transcript_series *)t->series.at + id - 1;
}

static const struct transcript_series *observation_start(struct transcript *t, const char *kind, uint32_t id)
{
	const struct transcript_series *s = series_at(t, id);

	line_start(t, kind, s->metric->name);
	return s;
}

const struct weir_metric *transcript_number(struct transcript *t, const struct weir_number *n)
{
	const struct transcript_series *s = observation_start(t, "number", n->series);

	put_attrs(t, s->attrs_json);
	line_key(t);
	put_i64(t, "t_ns", n->time_ns);
	put_value(t, "value", s->metric, n->value);
	line_end(t);
	return s->metric;
}

void transcript_histogram(struct transcript *t, const struct weir_histogram *h)
{
	put_attrs(t, observation_start(t, "histogram", h->series)->attrs_json);
	line_key(t);
	put_i64(t, "t_ns", h->time_ns);
	put_i64(t, "dur_ns", h->duration_ns);
	put_u64(t, "count", h->count);
	put_u64(t, "zero", h->n_zero);
	put_f64(t, "sum", h->sum);
	if (h->count) {
		put_f64(t, "min", h->min);
		put_f64(t, "max", h->max);
	}
	put_i64(t, "scale", h->scale);
	put_i64(t, "offset", h->offset);
	(void)fputs(",\"buckets\":[", t->out);
	for (uint32_t i = 0; i < h->n_buckets; i++)
		(void)fprintf(t->out, "%s%" PRIu64, i ? "," : "", h->buckets[i]);
	(void)fputc(']', t->out);
	line_end(t);
}

static void put_merged(struct transcript *t, const char *below, uint32_t attrs)
{
	const char *above = ((char **)t->attrs.at)[attrs - 1];
	uint64_t n_max = strlen(below) + strlen(above);
	struct json_out out = { .at = malloc(n_max + 1), .n_max = n_max };

	if (!out.at || json_merge(&out, name_text(below), name_text(above)) < 0) {
		t->has_failed = 1;
	} else {
		out.at[out.n] = '\0';
		put_attrs(t, out.at);
	}
	free(out.at);
}

void transcript_span(struct transcript *t, const struct weir_span *s)
{
	const char *attrs_json = observation_start(t, "span", s->series)->attrs_json;

	if (s->attrs)
		put_merged(t, attrs_json, s->attrs);
	else
		put_attrs(t, attrs_json);
	if (s->track)
		put_u64(t, "track", s->track);
	line_key(t);
	put_i64(t, "t_ns", s->time_ns);
	put_i64(t, "dur_ns", s->duration_ns);
	if (s->flags & WEIR_SPAN_HAS_VALUE)
		put_f64(t, "value", s->value);
	line_end(t);
}

static void put_stack(struct transcript *t, uint32_t id)
{
	const struct transcript_stack *stacks = t->stacks.at;
	const struct transcript_frame *frames = t->frames.at;
	const struct transcript_frame *leaf = &frames[stacks[id - 1].frame - 1];
	uint32_t path[STACK_DEPTH_MAX], n = 0;

	for (uint32_t i = id; i && n < STACK_DEPTH_MAX; i = stacks[i - 1].parent)
		path[n++] = stacks[i - 1].frame;
	(void)fputs(",\"stack\":[", t->out);
	for (uint32_t i = n; i > 0; i--) {
		put_text(t->out, frames[path[i - 1] - 1].name);
		(void)fputs(i > 1 ? "," : "]", t->out);
	}
	if (leaf->module.n_bytes)
		put_text_key(t->out, "module", leaf->module);
	if (leaf->source.n_bytes)
		put_text_key(t->out, "src", leaf->source);
	if (stacks[id - 1].native_id)
		put_u64(t, "native", stacks[id - 1].native_id);
}

const struct weir_metric *transcript_weight(struct transcript *t, const struct weir_weight *w)
{
	const struct transcript_series *s = observation_start(t, "weight", w->series);

	put_attrs(t, s->attrs_json);
	line_key(t);
	put_stack(t, w->stack);
	put_i64(t, "t_ns", w->time_ns);
	if (w->duration_ns)
		put_i64(t, "dur_ns", w->duration_ns);
	if (w->flags & WEIR_WEIGHT_HAS_SELF)
		put_value(t, "self", s->metric, w->self);
	if (w->flags & WEIR_WEIGHT_HAS_INCLUSIVE)
		put_value(t, "inclusive", s->metric, w->inclusive);
	line_end(t);
	return s->metric;
}

void transcript_fact(struct transcript *t, const char *name, struct weir_text value)
{
	line_start(t, "fact", name);
	line_key(t);
	put_text_key(t->out, "value", value);
	line_end(t);
}

void transcript_clock(struct transcript *t, const struct weir_clock *c)
{
	line_start(t, "clock", c->name);
	put_text_key(t->out, "tie", c->tie);
	if (c->error_ns >= 0)
		put_i64(t, "error_ns", c->error_ns);
	line_end(t);
}

void transcript_diag(struct transcript *t, const struct weir_diag *d)
{
	static const char *const severities[] = { "note", "warning", "error" };

	line_start(t, "diag", d->code);
	line_key(t);
	(void)fprintf(t->out, ",\"severity\":\"%s\"", severities[d->severity]);
	if (d->input)
		put_u64(t, "input", d->input);
	if (d->offset != WEIR_NO_OFFSET)
		put_u64(t, "offset", d->offset);
	put_u64(t, "count", d->count);
	put_text_key(t->out, "message", d->message);
	line_end(t);
}

void transcript_end(struct transcript *t, const struct recorder_result *r, const char *reasons_json)
{
	static const char *const status[] = {
		[STORE_OK] = "ok", [STORE_PARTIAL] = "partial", [STORE_FAILED] = "failed"
	};

	line_start(t, "end", status[r->status]);
	if (r->r < 0)
		put_text_key(t->out, "error", name_text(r->error.text));
	put_u64(t, "read", r->ledger.n_read);
	put_u64(t, "stored", r->ledger.n_stored);
	put_u64(t, "skipped", r->ledger.n_skipped);
	put_u64(t, "bad", r->ledger.n_bad);
	put_u64(t, "lost", r->ledger.n_lost);
	(void)fprintf(t->out, ",\"reasons\":%s", reasons_json);
	line_end(t);
	(void)fflush(t->out);
}
