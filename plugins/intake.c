/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/intake.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

#include "plugins/name.h"
#include "store/json.h"

static int broken(struct weir_error *reterr, const char *fault)
{
	return weir_fail(reterr, -EPROTO, "%s", fault);
}

/* What the store refuses for what it is (not for a disk that is full) is the worker's fault. */
static int by_worker(int r)
{
	return r == -EINVAL || r == -EBADMSG ? -EPROTO : r;
}

static int is_canonical(struct weir_text json)
{
	struct json_out nowhere = { 0 };

	return json_merge(&nowhere, json, (struct weir_text){ "{}", 2 }) == 0;
}

static int is_object(struct weir_text json)
{
	json_t *root = json_loadb(json.at, json.n_bytes, 0, NULL);
	int is = json_is_object(root);

	json_decref(root);
	return is;
}

static int take_series(struct intake *in, const struct wire_message *m, struct weir_error *reterr)
{
	uint32_t id = m->fixed.of.series.id, row = m->fixed.of.series.metric_row;
	int r;

	if (id != in->n_series + 1 || in->n_series == LEND_SERIES_MAX)
		return broken(reterr, "a series is out of order, or one too many");
	if (row >= in->collector->n_metrics)
		return weir_fail(reterr, -EPROTO, "a series of metric row %u; %u are declared", row,
		                 in->collector->n_metrics);
	if (!is_canonical(m->text[0]))
		return broken(reterr, "attributes that are not canonical JSON");
	r = by_worker(store_source_series(in->source, id, row, m->text[0], reterr));
	if (r == 0)
		in->n_series++;
	return r;
}

static int is_dictionary(uint32_t kind)
{
	return kind == BLOCK_FRAMES || kind == BLOCK_STACKS || kind == BLOCK_ATTRS;
}

/* Whether a block may come now. That it is whole, and of its series' shape, is for the store to see. */
static int check_block(const struct intake *in, const struct block *b, struct weir_error *reterr)
{
	if (b->kind == 0 || b->kind >= BLOCK_KIND_COUNT)
		return broken(reterr, "a block of no known kind");
	if (b->n_rows == 0 || b->n_rows > BLOCK_ROWS_MAX)
		return broken(reterr, "a block of no row, or too many");
	if (is_dictionary(b->kind))
		return b->first_id == in->n_ids[b->kind] + 1 && b->n_rows <= UINT32_MAX - b->first_id
		               ? 0
		               : broken(reterr, "a dictionary's block is out of order");
	if (b->series == 0 || b->series > in->n_series)
		return broken(reterr, "a block of a series that was never said");
	if (b->n_rows > in->rows_max - in->n_rows)
		return weir_fail(reterr, -EDQUOT, "more than %llu observations", (unsigned long long)in->rows_max);
	return 0;
}

static int take_block(struct intake *in, const struct wire_message *m, struct weir_error *reterr)
{
	struct block b = m->fixed.of.block;
	int r;

	b.bytes = (const uint8_t *)m->text[0].at;
	b.n_bytes = m->text[0].n_bytes;
	r = check_block(in, &b, reterr);
	if (r == 0)
		r = by_worker(store_source_block(in->source, &b, reterr));
	if (r < 0)
		return r;
	if (is_dictionary(b.kind))
		in->n_ids[b.kind] += b.n_rows;
	else
		in->n_rows += b.n_rows;
	return 0;
}

static int take_fact(struct intake *in, const struct wire_message *m, struct weir_error *reterr)
{
	if (!name_is_dotted(m->text[0]))
		return broken(reterr, "a fact with a bad name");
	if (in->n_facts == INTAKE_FACTS_MAX)
		return broken(reterr, "too many facts");
	in->n_facts++;
	return by_worker(store_source_fact(in->source, m->text[0].at, m->text[1], reterr));
}

static int replace(char **text, struct weir_text by)
{
	char *copy = strndup(by.at, by.n_bytes);

	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static int take_clock(struct intake *in, const struct wire_message *m, struct weir_error *reterr)
{
	if (m->fixed.of.clock.error_ns < -1)
		return broken(reterr, "a clock with a negative error");
	in->clock_error_ns = m->fixed.of.clock.error_ns;
	if (replace(&in->clock, m->text[0]) < 0 || replace(&in->clock_tie, m->text[1]) < 0)
		return weir_fail(reterr, -ENOMEM, "no memory for a clock");
	return 0;
}

int intake_diag(struct intake *in, const struct weir_diag *diag, struct weir_error *reterr)
{
	in->n_diags++;
	if (diag->severity > in->worst)
		in->worst = diag->severity;
	if (in->hear)
		in->hear(in->listener, diag);
	return store_source_diag(in->source, diag, reterr);
}

static int take_diag(struct intake *in, const struct wire_message *m, struct weir_error *reterr)
{
	struct weir_diag d = m->fixed.of.diag;

	if (!name_is_dotted(m->text[0]) || d.severity > WEIR_ERROR || d.input > in->collector->n_companions ||
	    d.count == 0)
		return broken(reterr, "a diag with a bad code, severity, input or count");
	if (in->n_diags >= INTAKE_DIAGS_MAX)
		return broken(reterr, "too many diags");
	d.code = m->text[0].at;
	d.message = m->text[1];
	return by_worker(intake_diag(in, &d, reterr));
}

static int take_tick(struct intake *in, const struct wire_message *m, struct weir_error *reterr)
{
	const struct lend_ledger *l = &m->fixed.of.tick;
	const struct store_source_result so_far = { .status = STORE_PARTIAL,
		                                    .ledger = { l->n_read, l->n_stored, l->n_skipped, l->n_bad,
		                                                l->n_lost },
		                                    .clock = in->clock,
		                                    .clock_tie = in->clock_tie,
		                                    .clock_error_ns = in->clock_error_ns };

	in->n_ticks++;
	in->end.ledger = *l;
	return by_worker(store_source_keep(in->source, &so_far, reterr));
}

static int take_end(struct intake *in, const struct wire_message *m, struct weir_error *reterr)
{
	const struct wire_end *e = &m->fixed.of.end;

	if (e->way == 0 || e->way >= WIRE_WAY_COUNT || e->status < STORE_OK || e->status > STORE_FAILED)
		return broken(reterr, "an end of no known kind");
	if (!is_object(m->text[0]))
		return broken(reterr, "reasons that are not JSON");
	if (replace(&in->reasons_json, m->text[0]) < 0)
		return weir_fail(reterr, -ENOMEM, "no memory for an end");
	in->end = *e;
	(void)weir_fail(&in->sentence, 0, "%.*s", (int)m->text[1].n_bytes, m->text[1].at);
	in->has_end = 1;
	return 0;
}

int intake_take(struct intake *in, const uint8_t *at, uint64_t n, struct weir_error *reterr)
{
	static int (*const takers[WIRE_KIND_COUNT])(struct intake *, const struct wire_message *,
	                                            struct weir_error *) = {
		[WIRE_SERIES] = take_series, [WIRE_BLOCK] = take_block, [WIRE_FACT] = take_fact,
		[WIRE_CLOCK] = take_clock,   [WIRE_DIAG] = take_diag,   [WIRE_TICK] = take_tick,
		[WIRE_END] = take_end,
	};
	struct wire_message m;
	const char *fault;

	if (in->has_end)
		return broken(reterr, "a message after the end");
	if (wire_read(at, n, &m, &fault) < 0)
		return broken(reterr, fault);
	if (!in->collector && m.fixed.kind != WIRE_END)
		return broken(reterr, "a message that only a collector may send");
	return takers[m.fixed.kind](in, &m, reterr);
}

void intake_done(struct intake *in)
{
	free(in->reasons_json);
	free(in->clock);
	free(in->clock_tie);
	*in = (struct intake){ 0 };
}
