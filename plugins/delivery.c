/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/delivery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/now.h"

/* ---- Messages ---- */

static int send_message(struct lend_receiver *d, struct wire *fixed, struct weir_text first, struct weir_text second)
{
	const struct ring_part parts[] = {
		{ fixed, sizeof(*fixed) },
		{ first.at, first.n_bytes },
		{ second.at, second.n_bytes },
	};

	fixed->n_text[0] = (uint32_t)first.n_bytes;
	fixed->n_text[1] = (uint32_t)second.n_bytes;
	atomic_fetch_add_explicit(&d->gauge->n_sent, 1, memory_order_relaxed);
	return d->send(d->outlet, parts, 1 + WIRE_TEXTS);
}

/* A name with its terminator, cut to what the wire carries; lives in `room`. */
static struct weir_text terminated(char room[WIRE_CODE_MAX], const char *name)
{
	room[0] = '\0';
	strncat(room, name, WIRE_CODE_MAX - 1);
	return (struct weir_text){ room, strlen(room) + 1 };
}

int delivery_diag(struct lend_receiver *d, const struct weir_diag *diag)
{
	struct wire message = { .kind = WIRE_DIAG, .of.diag = *diag };
	char room[WIRE_CODE_MAX];

	return send_message(d, &message, terminated(room, diag->code), diag->message);
}

/* ---- What the collector's calls come to ---- */

static int flush_block(struct builder_sink *sink, const struct block *block)
{
	struct wire message = { .kind = WIRE_BLOCK, .of.block = *block };

	message.of.block.bytes = NULL;
	return send_message(sink->receiver, &message, (struct weir_text){ (const char *)block->bytes, block->n_bytes },
	                    (struct weir_text){ "", 0 });
}

static int take_input(struct lend_receiver *d, uint32_t input, uint64_t n_used, struct weir_chunk *ret)
{
	int r;

	if (!d->inputs[input])
		return -ENOENT;
	d->is_in_host = 1;
	r = input_next(d->inputs[input], n_used, ret);
	d->is_in_host = 0;
	if (input == 0)
		atomic_store_explicit(&d->gauge->offset, input_offset(d->inputs[0]), memory_order_relaxed);
	return r;
}

static int64_t take_now(struct lend_receiver *d)
{
	return now_utc_ns();
}

static int take_series(struct lend_receiver *d, uint32_t id, uint32_t metric_row, struct weir_text attrs_json)
{
	const struct weir_metric *m = &d->collector->metrics[metric_row];
	struct wire message = { .kind = WIRE_SERIES, .of.series = { id, metric_row } };
	int r;

	d->is_in_host = 1;
	r = builder_series(d->builder, id, m->shape, m->type);
	if (r == 0)
		r = send_message(d, &message, attrs_json, (struct weir_text){ "", 0 });
	d->is_in_host = 0;
	return r;
}

static uint32_t take_frame(struct lend_receiver *d, struct weir_text name, struct weir_text module,
                           struct weir_text source)
{
	uint32_t id;

	d->is_in_host = 1;
	id = builder_frame(d->builder, &(struct block_frame){ name, module, source });
	d->is_in_host = 0;
	return id;
}

static uint32_t take_stack(struct lend_receiver *d, uint32_t parent, uint32_t frame, uint64_t native_id)
{
	uint32_t id;

	d->is_in_host = 1;
	id = builder_stack(d->builder, &(struct block_stack){ native_id, parent, frame });
	d->is_in_host = 0;
	return id;
}

static uint32_t take_attrs(struct lend_receiver *d, struct weir_text attrs_json)
{
	uint32_t id;

	d->is_in_host = 1;
	id = builder_attrs(d->builder, attrs_json);
	d->is_in_host = 0;
	return id;
}

/* Counts observations before they are taken. */
static int count_rows(struct lend_receiver *d, uint64_t n)
{
	if (n > d->rows_max - d->n_rows) {
		d->is_flood = 1;
		if (d->leave)
			d->leave();
		return -EPIPE;
	}
	d->n_rows += n;
	atomic_store_explicit(&d->gauge->n_rows, d->n_rows, memory_order_relaxed);
	return 0;
}

static int take_numbers(struct lend_receiver *d, const struct weir_number *at, uint64_t n)
{
	int r = count_rows(d, n);

	d->is_in_host = 1;
	if (r == 0)
		r = builder_numbers(d->builder, at, n);
	d->is_in_host = 0;
	return r;
}

static int take_histograms(struct lend_receiver *d, const struct weir_histogram *at, uint64_t n)
{
	int r = count_rows(d, n);

	d->is_in_host = 1;
	if (r == 0)
		r = builder_histograms(d->builder, at, n);
	d->is_in_host = 0;
	return r;
}

static int take_spans(struct lend_receiver *d, const struct weir_span *at, uint64_t n)
{
	int r = count_rows(d, n);

	d->is_in_host = 1;
	if (r == 0)
		r = builder_spans(d->builder, at, n);
	d->is_in_host = 0;
	return r;
}

static int take_weights(struct lend_receiver *d, const struct weir_weight *at, uint64_t n)
{
	int r = count_rows(d, n);

	d->is_in_host = 1;
	if (r == 0)
		r = builder_weights(d->builder, at, n);
	d->is_in_host = 0;
	return r;
}

static int take_fact(struct lend_receiver *d, const char *name, struct weir_text value)
{
	struct wire message = { .kind = WIRE_FACT };
	char room[WIRE_CODE_MAX];

	return send_message(d, &message, terminated(room, name), value);
}

static int take_clock(struct lend_receiver *d, const struct weir_clock *clock)
{
	struct wire message = { .kind = WIRE_CLOCK, .of.clock = { clock->error_ns } };
	char room[WIRE_CODE_MAX];

	return send_message(d, &message, terminated(room, clock->name), clock->tie);
}

const struct lend_ops delivery_ops = {
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
	.diag = delivery_diag,
};

int delivery_init(struct lend_receiver *d)
{
	d->sink.receiver = d;
	d->builder = builder_new(flush_block, &d->sink);
	return d->builder ? 0 : -ENOMEM;
}

void delivery_done(struct lend_receiver *d)
{
	builder_free(d->builder);
	for (uint32_t i = 0; i <= LOADER_COMPANIONS_MAX; i++)
		input_free(d->inputs[i]);
}

int delivery_tick(struct lend_receiver *d, const struct lend_ledger *ledger)
{
	struct wire message = { .kind = WIRE_TICK, .of.tick = *ledger };
	int r;

	d->is_in_host = 1;
	r = builder_finish(d->builder);
	d->is_in_host = 0;
	return r < 0 ? r : send_message(d, &message, (struct weir_text){ "", 0 }, (struct weir_text){ "", 0 });
}

int delivery_end(struct lend_receiver *d, const struct wire_end *end, const char *reasons_json,
                 const struct weir_error *error)
{
	struct wire message = { .kind = WIRE_END, .of.end = *end };
	struct weir_text sentence = { error->text, strnlen(error->text, sizeof(error->text)) };

	return send_message(d, &message, (struct weir_text){ reasons_json, strlen(reasons_json) + 1 }, sentence);
}
