/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum kind {
	KIND_NUMBER = 1,
	KIND_SPAN,
	KIND_WEIGHT,
	KIND_HISTOGRAM, /* its buckets follow */
};

/* ---- What waits ---- */

static void *hold(struct outbox *o, size_t n)
{
	if (o->n_held + n > o->n_held_room) {
		size_t n_room = o->n_held_room ? 2 * o->n_held_room : 64 * 1024;
		uint8_t *bigger;

		while (n_room < o->n_held + n)
			n_room *= 2;
		bigger = realloc(o->held, n_room);
		if (!bigger) {
			o->r = -ENOMEM;
			return NULL;
		}
		o->held = bigger;
		o->n_held_room = n_room;
	}
	o->n_held += n;
	return o->held + o->n_held - n;
}

static void hold_parts(struct outbox *o, uint64_t kind, const void *at, size_t n, const void *more, size_t n_more)
{
	uint8_t *to = hold(o, sizeof(kind) + n + n_more);

	if (!to)
		return;
	memcpy(to, &kind, sizeof(kind));
	memcpy(to + sizeof(kind), at, n);
	if (n_more)
		memcpy(to + sizeof(kind) + n, more, n_more);
}

int outbox_is_full(const struct outbox *o)
{
	return !o->is_tied && o->n_held > OUTBOX_HELD_MAX;
}

/* ---- What goes ---- */

static void result(struct outbox *o, int r)
{
	if (r < 0 && !o->r)
		o->r = r;
}

void outbox_flush(struct outbox *o)
{
	if (o->n_numbers && !o->r)
		result(o, o->host->numbers(o->host, o->numbers, o->n_numbers));
	if (o->n_spans && !o->r)
		result(o, o->host->spans(o->host, o->spans, o->n_spans));
	if (o->n_weights && !o->r)
		result(o, o->host->weights(o->host, o->weights, o->n_weights));
	o->n_numbers = o->n_spans = o->n_weights = 0;
}

static void send_number(struct outbox *o, const struct weir_number *number)
{
	if (o->n_numbers == OUTBOX_BATCH)
		outbox_flush(o);
	o->numbers[o->n_numbers] = *number;
	o->numbers[o->n_numbers++].time_ns += o->start_ns;
}

static void send_span(struct outbox *o, const struct weir_span *span)
{
	if (o->n_spans == OUTBOX_BATCH)
		outbox_flush(o);
	o->spans[o->n_spans] = *span;
	o->spans[o->n_spans++].time_ns += o->start_ns;
}

static void send_weight(struct outbox *o, const struct weir_weight *weight)
{
	if (o->n_weights == OUTBOX_BATCH)
		outbox_flush(o);
	o->weights[o->n_weights] = *weight;
	o->weights[o->n_weights++].time_ns += o->start_ns;
}

static void send_histogram(struct outbox *o, const struct weir_histogram *histogram)
{
	struct weir_histogram h = *histogram;

	h.time_ns += o->start_ns;
	if (!o->r)
		result(o, o->host->histograms(o->host, &h, 1));
}

/* ---- Either ---- */

static int is_sendable(const struct outbox *o, uint32_t series)
{
	return series && !o->r;
}

static void pass_number(struct outbox *o, const struct weir_number *number)
{
	if (o->is_tied)
		send_number(o, number);
	else
		hold_parts(o, KIND_NUMBER, number, sizeof(*number), NULL, 0);
}

void outbox_count(struct outbox *o, uint32_t series, uint64_t time_ns, uint64_t value)
{
	int64_t bounded = value > INT64_MAX ? INT64_MAX : (int64_t)value;

	if (is_sendable(o, series))
		pass_number(o, &(struct weir_number){
				       .time_ns = (int64_t)time_ns, .value.i64 = bounded, .series = series });
}

void outbox_real(struct outbox *o, uint32_t series, uint64_t time_ns, double value)
{
	if (is_sendable(o, series))
		pass_number(o,
		            &(struct weir_number){ .time_ns = (int64_t)time_ns, .value.f64 = value, .series = series });
}

void outbox_span(struct outbox *o, const struct weir_span *span)
{
	if (!is_sendable(o, span->series))
		return;
	if (o->is_tied)
		send_span(o, span);
	else
		hold_parts(o, KIND_SPAN, span, sizeof(*span), NULL, 0);
}

void outbox_weight(struct outbox *o, const struct weir_weight *weight)
{
	if (!is_sendable(o, weight->series) || !weight->stack)
		return;
	if (o->is_tied)
		send_weight(o, weight);
	else
		hold_parts(o, KIND_WEIGHT, weight, sizeof(*weight), NULL, 0);
}

void outbox_distribution(struct outbox *o, uint32_t series, uint64_t time_ns, uint64_t duration_ns,
                         const struct distribution *d)
{
	uint64_t buckets[DISTRIBUTION_BUCKETS];
	uint32_t first = 0, end = DISTRIBUTION_BUCKETS;
	uint64_t count = d->n_zero;
	struct weir_histogram h;

	if (!is_sendable(o, series) || !d->is_used)
		return;
	while (first < end && !d->buckets[first])
		first++;
	while (end > first && !d->buckets[end - 1])
		end--;
	for (uint32_t i = first; i < end; i++) {
		buckets[i - first] = d->buckets[i];
		count += d->buckets[i];
	}
	h = (struct weir_histogram){ .time_ns = (int64_t)time_ns,
		                     .duration_ns = (int64_t)duration_ns,
		                     .count = count,
		                     .n_zero = d->n_zero,
		                     .sum = (double)d->sum,
		                     .min = (double)d->min,
		                     .max = (double)d->max,
		                     .buckets = buckets,
		                     .n_buckets = end - first,
		                     .scale = DISTRIBUTION_SCALE,
		                     .offset = DISTRIBUTION_OFFSET + (int32_t)first,
		                     .series = series };
	if (o->is_tied)
		send_histogram(o, &h);
	else
		hold_parts(o, KIND_HISTOGRAM, &h, sizeof(h), buckets, h.n_buckets * sizeof(*buckets));
}

/* ---- The tie ---- */

/* Everything that waits is a multiple of 8 bytes long, so that what is in it stands aligned. */
static size_t replay(struct outbox *o, const uint8_t *at)
{
	const uint64_t kind = *(const uint64_t *)(const void *)at;
	const void *body = at + sizeof(kind);
	struct weir_histogram h;

	switch (kind) {
	case KIND_NUMBER:
		send_number(o, body);
		return sizeof(kind) + sizeof(struct weir_number);
	case KIND_SPAN:
		send_span(o, body);
		return sizeof(kind) + sizeof(struct weir_span);
	case KIND_WEIGHT:
		send_weight(o, body);
		return sizeof(kind) + sizeof(struct weir_weight);
	default:
		memcpy(&h, body, sizeof(h));
		h.buckets = (const uint64_t *)(const void *)(at + sizeof(kind) + sizeof(h));
		send_histogram(o, &h);
		return sizeof(kind) + sizeof(h) + h.n_buckets * sizeof(*h.buckets);
	}
}

void outbox_tie(struct outbox *o, int64_t start_ns)
{
	if (o->is_tied)
		return;
	o->is_tied = 1;
	o->start_ns = start_ns;
	for (size_t i = 0; i < o->n_held;)
		i += replay(o, o->held + i);
	free(o->held);
	o->held = NULL;
	o->n_held = o->n_held_room = 0;
}

void outbox_done(struct outbox *o)
{
	free(o->held);
	o->held = NULL;
}
