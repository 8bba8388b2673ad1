/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/node-trace/node_trace.h"

#include <string.h>

uint32_t emit_plain(struct emit *e, enum row row)
{
	if (e->is_mute)
		return 0;
	if (!e->plain[row])
		e->plain[row] = e->host->series(e->host, row, NULL, 0);
	return e->plain[row];
}

uint32_t emit_series(struct emit *e, enum row row, const char *key, struct weir_text value)
{
	const struct weir_attr attr = { { key, strlen(key) }, value };

	return e->is_mute ? 0 : e->host->series(e->host, row, &attr, 1);
}

static void keep(struct emit *e, int result)
{
	if (result < 0 && e->result >= 0)
		e->result = result;
}

static void flush_spans(struct emit *e)
{
	if (e->n_spans && e->result >= 0)
		keep(e, e->host->spans(e->host, e->spans, e->n_spans));
	e->n_spans = 0;
}

static void flush_numbers(struct emit *e)
{
	if (e->n_numbers && e->result >= 0)
		keep(e, e->host->numbers(e->host, e->numbers, e->n_numbers));
	e->n_numbers = 0;
}

int emit_flush(struct emit *e)
{
	flush_spans(e);
	flush_numbers(e);
	return e->result;
}

void emit_span(struct emit *e, const struct weir_span *span)
{
	if (!span->series)
		return;
	e->spans[e->n_spans++] = *span;
	if (e->n_spans == EMIT_BATCH)
		flush_spans(e);
}

static void emit_number(struct emit *e, uint32_t series, int64_t time_ns, union weir_value value, int is_negative)
{
	e->n_negative += is_negative && series;
	if (!series || is_negative)
		return;
	e->numbers[e->n_numbers++] = (struct weir_number){ .time_ns = time_ns, .value = value, .series = series };
	if (e->n_numbers == EMIT_BATCH)
		flush_numbers(e);
}

void emit_i64(struct emit *e, uint32_t series, int64_t time_ns, int64_t value)
{
	emit_number(e, series, time_ns, (union weir_value){ .i64 = value }, value < 0);
}

void emit_f64(struct emit *e, uint32_t series, int64_t time_ns, double value)
{
	emit_number(e, series, time_ns, (union weir_value){ .f64 = value }, value < 0);
}

struct weir_text decimal(uint64_t value, char room[DECIMAL_MAX])
{
	size_t n = 0;

	do
		room[DECIMAL_MAX - ++n] = (char)('0' + value % 10);
	while ((value /= 10));
	return (struct weir_text){ room + DECIMAL_MAX - n, n };
}

int member_i64(const struct trace_line *line, const char *key, int64_t *ret)
{
	const struct jsontext_value *v = trace_member(line, key);
	struct jsontext_value number;

	if (!v)
		return 0;
	number = *v;
	/* Some traces write their numbers as strings. */
	if (v->type == JSONTEXT_STRING) {
		struct jsontext_cursor c = jsontext_on(v->raw.at, v->raw.n);

		if (jsontext_value(&c, &number) != PARSE_OK || jsontext_finish(&c) != PARSE_OK)
			return 0;
	}
	return jsontext_i64(&number, ret);
}

int member_f64(const struct trace_line *line, const char *key, double *ret)
{
	const struct jsontext_value *v = trace_member(line, key);

	return v && jsontext_f64(v, ret);
}

struct weir_text member_text(const struct trace_line *line, const char *key)
{
	const struct jsontext_value *v = trace_member(line, key);

	return v && v->type == JSONTEXT_STRING ? text_of(v->raw) : (struct weir_text){ "", 0 };
}

uint64_t thread_number(const struct trace_line *line)
{
	uint64_t number = 0, hash = 0xcbf29ce484222325u; /* FNV-1a */
	int is_number = line->thread.n > 0 && line->thread.n < 19;

	for (size_t i = 0; i < line->thread.n; i++) {
		unsigned char b = (unsigned char)line->thread.at[i];

		is_number &= b >= '0' && b <= '9';
		number = number * 10 + b - '0';
		hash = (hash ^ b) * 0x100000001b3u;
	}
	return is_number ? number : hash | 1ull << 63;
}
