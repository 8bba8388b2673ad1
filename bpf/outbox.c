/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/outbox.h"

#include <string.h>

enum {
	PAIRS_MAX = 8,
};

/* What the host said of n observations. */
static void take_answer(struct outbox *o, uint32_t n, int r)
{
	o->host->tally(o->host, WEIR_READ, n, NULL);
	o->host->tally(o->host, r < 0 ? WEIR_SKIPPED : WEIR_STORED, n, r < 0 ? "refused" : NULL);
	if (r < 0 && o->result == WEIR_OK)
		o->result = r;
}

static void flush(struct outbox *o)
{
	if (o->n)
		take_answer(o, o->n, o->host->numbers(o->host, o->numbers, o->n));
	o->n = 0;
}

void outbox_begin(struct outbox *o, int64_t time_ns, int64_t duration_ns)
{
	o->time_ns = time_ns;
	o->duration_ns = duration_ns;
	o->result = WEIR_OK;
	o->n = 0;
}

static void put(struct outbox *o, uint32_t series, int64_t time_ns, union weir_value value)
{
	/* 0: the host has refused the series and noted why. */
	if (!series)
		return;
	if (o->n == OUTBOX_NUMBERS)
		flush(o);
	o->numbers[o->n++] = (struct weir_number){ time_ns, value, series, 0 };
}

void outbox_count(struct outbox *o, uint32_t series, uint64_t value)
{
	put(o, series, o->time_ns, (union weir_value){ .i64 = value > INT64_MAX ? INT64_MAX : (int64_t)value });
}

void outbox_start(struct outbox *o, uint32_t series)
{
	put(o, series, o->time_ns - o->duration_ns, (union weir_value){ .i64 = 0 });
}

void outbox_real(struct outbox *o, uint32_t series, double value)
{
	put(o, series, o->time_ns, (union weir_value){ .f64 = value });
}

void outbox_histogram(struct outbox *o, uint32_t series, struct weir_histogram *h)
{
	if (!series || !h->count)
		return;
	h->time_ns = o->time_ns - o->duration_ns;
	h->duration_ns = o->duration_ns;
	h->series = series;
	take_answer(o, 1, o->host->histograms(o->host, h, 1));
}

void outbox_span(struct outbox *o, const struct weir_span *span)
{
	if (span->series)
		take_answer(o, 1, o->host->spans(o->host, span, 1));
}

void outbox_weights(struct outbox *o, const struct weir_weight *weights, uint32_t n)
{
	if (n)
		take_answer(o, n, o->host->weights(o->host, weights, n));
}

int outbox_end(struct outbox *o)
{
	flush(o);
	return o->result;
}

uint32_t outbox_series(const struct outbox *o, uint32_t metric, const struct outbox_pair *pairs, unsigned n_pairs)
{
	struct weir_attr attrs[PAIRS_MAX];
	uint32_t n = 0;

	for (unsigned i = 0; i < n_pairs && n < PAIRS_MAX; i++) {
		if (!pairs[i].key || !pairs[i].value)
			continue;
		attrs[n].key = (struct weir_text){ pairs[i].key, strlen(pairs[i].key) };
		attrs[n++].value = (struct weir_text){ pairs[i].value, strlen(pairs[i].value) };
	}
	return o->host->series(o->host, metric, attrs, n);
}
