/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/node-trace/node_trace.h"

#include <string.h>

enum {
	HASH_BYTES = 64, /* hexadecimal digits of a block's hash: what joins nodes; `hash@slot` is cut behind them */
};

static struct weir_text hash_in(struct weir_text t)
{
	return (struct weir_text){ t.at, t.n_bytes > HASH_BYTES ? HASH_BYTES : t.n_bytes };
}

/* Where each meaning keeps the block's hash, and whether the line counts. */
static const struct {
	uint8_t row;
	const char *hash[2];
} blocks[MEANING_END] = {
	[MEANING_SEEN] = { ROW_BLOCK_SEEN, { "block", NULL } },
	[MEANING_REQUESTED] = { ROW_BLOCK_REQUESTED, { "head", NULL } },
	[MEANING_FETCHED] = { ROW_BLOCK_FETCHED, { "block", NULL } },
	[MEANING_ANNOUNCED] = { ROW_BLOCK_ANNOUNCED, { "addBlock", "block" } },
	[MEANING_SENT] = { ROW_BLOCK_SENT, { "block", NULL } },
	[MEANING_ADDED] = { ROW_BLOCK_ADOPTED, { "newtip", NULL } },
};

/* An announcement that only repeats, or that rolls back, is none. */
static int is_announcement(const struct trace_line *line)
{
	const struct jsontext_value *rising = trace_member(line, "risingEdge");
	const struct jsontext_value *blocking = trace_member(line, "blockingRead");

	return !(rising && rising->type == JSONTEXT_FALSE) && !(blocking && blocking->type == JSONTEXT_FALSE) &&
	       !trace_member(line, "rollBackTo");
}

static uint32_t add_attr(struct weir_attr *attrs, uint32_t n, const char *key, struct weir_text value)
{
	if (!value.n_bytes)
		return n;
	attrs[n] = (struct weir_attr){ { key, strlen(key) }, value };
	return n + 1;
}

static struct weir_text number_text(const struct trace_line *line, const char *key)
{
	const struct jsontext_value *v = trace_member(line, key);

	return v && (v->type == JSONTEXT_NUMBER || v->type == JSONTEXT_STRING) ? text_of(v->raw)
	                                                                       : (struct weir_text){ "", 0 };
}

/* A point says its slot behind the hash: `hash@slot`. */
static struct weir_text slot_of_point(struct weir_text point)
{
	const char *sign = point.n_bytes ? memchr(point.at, '@', point.n_bytes) : NULL;

	if (!sign)
		return (struct weir_text){ "", 0 };
	return (struct weir_text){ sign + 1, point.n_bytes - (uint64_t)(sign + 1 - point.at) };
}

static void block_event(struct emit *e, enum meaning meaning, const struct trace_line *line)
{
	struct weir_text hash = member_text(line, blocks[meaning].hash[0]), slot = number_text(line, "slot");
	struct weir_attr attrs[4];
	double length = 0;
	uint32_t n;

	if (meaning == MEANING_ANNOUNCED && !is_announcement(line))
		return;
	if (!hash.n_bytes && blocks[meaning].hash[1])
		hash = member_text(line, blocks[meaning].hash[1]);
	n = add_attr(attrs, 0, "block", hash_in(hash));
	n = add_attr(attrs, n, "slot", slot.n_bytes ? slot : slot_of_point(hash));
	n = add_attr(attrs, n, "block_no", number_text(line, "blockNo"));
	if (!member_f64(line, meaning == MEANING_REQUESTED ? "length" : "chainLengthDelta", &length))
		length = 1;
	emit_span(e, &(struct weir_span){ .time_ns = line->at_ns,
	                                  .value = length,
	                                  .series = emit_plain(e, (enum row)blocks[meaning].row),
	                                  .attrs = n ? e->host->attrs(e->host, attrs, n) : 0,
	                                  .flags = meaning == MEANING_REQUESTED || meaning == MEANING_ADDED
	                                                   ? WEIR_SPAN_HAS_VALUE
	                                                   : 0 });
}

/* ---- Snapshots ---- */

/* Both shapes of the time a snapshot encloses: {"tag":"RisingEdge"}, {"tag":"FallingEdgeWith","contents":18.4} and
 * {"edge":"Starting"}, {"edge":18.4}. 1: it ends here, after *ret_s seconds; 0: it starts here; -1: it doesn't say. */
static int snapshot_edge(const struct trace_line *line, double *ret_s)
{
	const struct jsontext_value *enclosed = trace_member(line, "enclosedTime");
	struct jsontext_value key, value;
	struct jsontext_cursor c;
	int is_first = 1, edge = -1;

	if (!enclosed || enclosed->type != JSONTEXT_OBJECT)
		return -1;
	c = jsontext_on(enclosed->raw.at, enclosed->raw.n);
	(void)jsontext_enter(&c, '{');
	while (jsontext_member(&c, &is_first, &key, &value) == PARSE_OK) {
		if (value.type == JSONTEXT_NUMBER && jsontext_f64(&value, ret_s))
			edge = 1;
		else if (value.type == JSONTEXT_STRING && edge < 0)
			edge = 0;
	}
	return edge;
}

static void snapshot(struct blocks *b, struct emit *e, const struct trace_line *line)
{
	double seconds = 0;
	int edge = snapshot_edge(line, &seconds);
	int64_t duration_ns = 0;

	if (edge == 0) {
		b->snapshot_open_ns = line->at_ns;
		b->has_snapshot_open = 1;
		return;
	}
	if (edge == 1 && seconds >= 0 && seconds < 1e6)
		duration_ns = (int64_t)(seconds * 1e9);
	b->has_snapshot_open = 0;
	emit_span(e, &(struct weir_span){ .time_ns = line->at_ns - duration_ns,
	                                  .duration_ns = duration_ns,
	                                  .series = emit_plain(e, ROW_SNAPSHOT) });
}

/* ---- Transactions and the mempool: counted at every line, stored once a second ---- */

static const char *const tx_states[] = { "collected", "accepted", "rejected", "mempool rejected" };

/* Emits the numbers of `{"bytes":129000,"numTxs":645}`. */
static void emit_mempool(const struct blocks *b, struct emit *e)
{
	struct jsontext_cursor c = jsontext_on(b->mempool, b->n_mempool);
	struct jsontext_value key, value;
	int is_first = 1;
	int64_t n;

	(void)jsontext_enter(&c, '{');
	while (jsontext_member(&c, &is_first, &key, &value) == PARSE_OK) {
		if (!jsontext_i64(&value, &n))
			continue;
		if (key.raw.n == 6 && !memcmp(key.raw.at, "numTxs", 6))
			emit_i64(e, emit_plain(e, ROW_MEMPOOL_TXS), b->second_ns, n);
		else if (key.raw.n == 5 && !memcmp(key.raw.at, "bytes", 5))
			emit_i64(e, emit_plain(e, ROW_MEMPOOL_BYTES), b->second_ns, n);
	}
}

static void flush_second(struct blocks *b, struct emit *e)
{
	if (b->n_mempool)
		emit_mempool(b, e);
	b->n_mempool = 0;
	for (int i = 0; i < 4; i++) {
		if (!b->txs_seen[i])
			continue;
		if (!b->txs_series[i])
			b->txs_series[i] = emit_series(e, ROW_TXS, "state",
			                               (struct weir_text){ tx_states[i], strlen(tx_states[i]) });
		emit_i64(e, b->txs_series[i], b->second_ns, b->txs[i]);
		b->txs_seen[i] = 0;
	}
}

static void enter_second(struct blocks *b, struct emit *e, int64_t at_ns)
{
	int64_t second = at_ns / 1000000000;

	if (second != b->second)
		flush_second(b, e);
	b->second = second;
	b->second_ns = at_ns;
}

static void count_txs(struct blocks *b, int state, const struct trace_line *line, const char *key)
{
	int64_t n = 1;

	if (key && !member_i64(line, key, &n))
		return;
	if (n < 0 || __builtin_add_overflow(b->txs[state], n, &b->txs[state]))
		return;
	b->txs_seen[state] = 1;
}

/* Only the last of a second is taken apart, when the second is over. */
static void mempool(struct blocks *b, const struct trace_line *line)
{
	const struct jsontext_value *size = trace_member(line, "mempoolSize");

	if (!size || size->type != JSONTEXT_OBJECT || size->raw.n > sizeof(b->mempool))
		return;
	memcpy(b->mempool, size->raw.at, size->raw.n);
	b->n_mempool = (uint32_t)size->raw.n;
}

static void transactions(struct blocks *b, struct emit *e, enum meaning meaning, const struct trace_line *line)
{
	enter_second(b, e, line->at_ns);
	if (meaning == MEANING_TXS_COLLECTED) {
		count_txs(b, 0, line, "count");
	} else if (meaning == MEANING_TXS_PROCESSED) {
		count_txs(b, 1, line, "accepted");
		count_txs(b, 2, line, "rejected");
	} else if (meaning == MEANING_MEMPOOL_REJECTED) {
		count_txs(b, 3, line, NULL);
	} else {
		mempool(b, line);
	}
}

static void ledger_metrics(struct emit *e, const struct trace_line *line)
{
	int64_t utxo;
	double density;

	if (member_i64(line, "utxoSize", &utxo))
		emit_i64(e, emit_plain(e, ROW_UTXO), line->at_ns, utxo);
	if (member_f64(line, "chainDensity", &density))
		emit_f64(e, emit_plain(e, ROW_DENSITY), line->at_ns, density);
}

void blocks_line(struct blocks *b, struct emit *e, enum meaning meaning, const struct trace_line *line)
{
	if (meaning >= MEANING_SEEN && meaning <= MEANING_ADDED)
		block_event(e, meaning, line);
	else if (meaning == MEANING_SNAPSHOT)
		snapshot(b, e, line);
	else if (meaning >= MEANING_TXS_COLLECTED && meaning <= MEANING_MEMPOOL_REJECTED)
		transactions(b, e, meaning, line);
	else if (meaning == MEANING_LEDGER_METRICS || meaning == MEANING_START)
		ledger_metrics(e, line);
}

void blocks_finish(struct blocks *b, struct emit *e)
{
	flush_second(b, e);
}
