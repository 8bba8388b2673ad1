/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/ghc-eventlog/pages.h"

enum {
	HELD_LITTLE = 1 << 20, /* bytes; what is more is likely to become all that may wait */
	HELD_MUCH = 32 << 20,
};

_Static_assert((int)HELD_MUCH > (int)OUTBOX_HELD_MAX, "it has room for all that may wait");

enum kind {
	KIND_NUMBERS = 0,
	KIND_SPANS,
	KIND_WEIGHTS,
	KIND_HISTOGRAM, /* its buckets follow */
};

/* What waits, in front of its observations. */
struct held {
	uint32_t kind, n;
};

/* ---- What waits ---- */

static uint8_t *move_to_pages(const struct outbox *o)
{
	uint8_t *much = pages_new(HELD_MUCH, 0);

	if (!much)
		return NULL;
	if (o->n_held)
		memcpy(much, o->held, o->n_held);
	free(o->held);
	return much;
}

static int grow(struct outbox *o, size_t n_needed)
{
	size_t n_room = o->n_held_room ? 2 * o->n_held_room : 64 * 1024;
	uint8_t *bigger;

	while (n_room < n_needed)
		n_room *= 2;
	if (n_room > HELD_LITTLE && n_room < HELD_MUCH)
		n_room = HELD_MUCH;
	bigger = n_room == HELD_MUCH ? move_to_pages(o) : realloc(o->held, n_room);
	if (!bigger)
		return -ENOMEM;
	o->held = bigger;
	o->n_held_room = n_room;
	return 0;
}

static void *make_room(struct outbox *o, size_t n)
{
	if (o->n_held + n > o->n_held_room && grow(o, o->n_held + n) < 0) {
		o->r = -ENOMEM;
		return NULL;
	}
	o->n_held += n;
	return o->held + o->n_held - n;
}

static void hold(struct outbox *o, enum kind kind, uint32_t n, const void *at, size_t n_bytes, const void *more,
                 size_t n_more)
{
	const struct held head = { kind, n };
	uint8_t *to = make_room(o, sizeof(head) + n_bytes + n_more);

	if (!to)
		return;
	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), at, n_bytes);
	if (n_more)
		memcpy(to + sizeof(head) + n_bytes, more, n_more);
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

static void send_numbers(struct outbox *o, struct weir_number *at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		at[i].time_ns += o->start_ns;
	if (!o->r)
		result(o, o->host->numbers(o->host, at, n));
}

static void send_spans(struct outbox *o, struct weir_span *at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		at[i].time_ns += o->start_ns;
	if (!o->r)
		result(o, o->host->spans(o->host, at, n));
}

static void send_weights(struct outbox *o, struct weir_weight *at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		at[i].time_ns += o->start_ns;
	if (!o->r)
		result(o, o->host->weights(o->host, at, n));
}

static void send_histogram(struct outbox *o, const struct weir_histogram *histogram)
{
	struct weir_histogram h = *histogram;

	h.time_ns += o->start_ns;
	if (!o->r)
		result(o, o->host->histograms(o->host, &h, 1));
}

static void hold_all(struct outbox *o)
{
	if (o->n_numbers)
		hold(o, KIND_NUMBERS, o->n_numbers, o->numbers, o->n_numbers * sizeof(*o->numbers), NULL, 0);
	if (o->n_spans)
		hold(o, KIND_SPANS, o->n_spans, o->spans, o->n_spans * sizeof(*o->spans), NULL, 0);
	if (o->n_weights)
		hold(o, KIND_WEIGHTS, o->n_weights, o->weights, o->n_weights * sizeof(*o->weights), NULL, 0);
}

static void send_all(struct outbox *o)
{
	if (o->n_numbers)
		send_numbers(o, o->numbers, o->n_numbers);
	if (o->n_spans)
		send_spans(o, o->spans, o->n_spans);
	if (o->n_weights)
		send_weights(o, o->weights, o->n_weights);
}

void outbox_flush(struct outbox *o)
{
	if (o->is_tied)
		send_all(o);
	else
		hold_all(o);
	o->n_numbers = o->n_spans = o->n_weights = 0;
}

/* ---- What is said ---- */

static void add_number(struct outbox *o, uint32_t series, uint64_t time_ns, union weir_value value)
{
	if (!outbox_is_sendable(o, series))
		return;
	if (o->n_numbers == OUTBOX_BATCH)
		outbox_flush(o);
	o->numbers[o->n_numbers++] =
		(struct weir_number){ .time_ns = (int64_t)time_ns, .value = value, .series = series };
}

void outbox_count(struct outbox *o, uint32_t series, uint64_t time_ns, uint64_t value)
{
	add_number(o, series, time_ns, (union weir_value){ .i64 = value > INT64_MAX ? INT64_MAX : (int64_t)value });
}

void outbox_real(struct outbox *o, uint32_t series, uint64_t time_ns, double value)
{
	add_number(o, series, time_ns, (union weir_value){ .f64 = value });
}

void outbox_distribution(struct outbox *o, uint32_t series, uint64_t time_ns, uint64_t duration_ns,
                         const struct distribution *d)
{
	uint64_t buckets[DISTRIBUTION_BUCKETS];
	uint32_t first = 0, end = DISTRIBUTION_BUCKETS;
	uint64_t count = d->n_zero;
	struct weir_histogram h;

	if (!outbox_is_sendable(o, series) || !d->is_used)
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
		                     .max = (double)(d->min + d->range),
		                     .buckets = buckets,
		                     .n_buckets = end - first,
		                     .scale = DISTRIBUTION_SCALE,
		                     .offset = DISTRIBUTION_OFFSET + (int32_t)first,
		                     .series = series };
	if (o->is_tied)
		send_histogram(o, &h);
	else
		hold(o, KIND_HISTOGRAM, h.n_buckets, &h, sizeof(h), buckets, h.n_buckets * sizeof(*buckets));
}

/* ---- The tie ---- */

/* Everything that waits is a multiple of 8 bytes long, so that what is in it stands aligned. */
static size_t replay(struct outbox *o, uint8_t *at)
{
	const struct held *head = (const void *)at;
	void *body = at + sizeof(*head);
	struct weir_histogram h;

	switch (head->kind) {
	case KIND_NUMBERS:
		send_numbers(o, body, head->n);
		return sizeof(*head) + head->n * sizeof(struct weir_number);
	case KIND_SPANS:
		send_spans(o, body, head->n);
		return sizeof(*head) + head->n * sizeof(struct weir_span);
	case KIND_WEIGHTS:
		send_weights(o, body, head->n);
		return sizeof(*head) + head->n * sizeof(struct weir_weight);
	default:
		memcpy(&h, body, sizeof(h));
		h.buckets = (const uint64_t *)(const void *)(at + sizeof(*head) + sizeof(h));
		send_histogram(o, &h);
		return sizeof(*head) + sizeof(h) + head->n * sizeof(*h.buckets);
	}
}

void outbox_tie(struct outbox *o, int64_t start_ns)
{
	if (o->is_tied)
		return;
	outbox_flush(o);
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
