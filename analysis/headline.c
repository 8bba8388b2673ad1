/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/headline.h"

#include "analysis/totals.h"
#include "store/query.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

const struct headline_word headline_words[HEADLINE_FIGURES] = {
	[HEADLINE_WALL] = { "wall", "ns" },
	[HEADLINE_CPU] = { "cpu", "ns" },
	[HEADLINE_PRODUCTIVITY] = { "productivity", "1" },
	[HEADLINE_COLLECTIONS] = { "gc_count", "{collection}" },
	[HEADLINE_PAUSED] = { "gc_total", "ns" },
	[HEADLINE_PAUSED_SHARE] = { "gc_share", "1" },
	[HEADLINE_PAUSE_LONGEST] = { "gc_longest", "ns" },
	[HEADLINE_HEAP] = { "heap_peak", "By" },
	[HEADLINE_LIVE] = { "live_peak", "By" },
	[HEADLINE_HEAP_PROFILE] = { "heap_profile_peak", "By" },
	[HEADLINE_RESIDENT] = { "resident_peak", "By" },
	[HEADLINE_ALLOCATED] = { "allocated", "By" },
	[HEADLINE_THREADS] = { "threads", "{thread}" },
	[HEADLINE_CAPABILITIES] = { "capabilities", "{capability}" },
	[HEADLINE_DAMAGES] = { "damages", "{place}" },
	[HEADLINE_DAMAGED_BYTES] = { "damaged", "By" },
	[HEADLINE_DISK_READ] = { "disk_read", "By" },
	[HEADLINE_DISK_WRITTEN] = { "disk_written", "By" },
	[HEADLINE_NET_RECEIVED] = { "network_received", "By" },
	[HEADLINE_NET_SENT] = { "network_sent", "By" },
	[HEADLINE_EPOCHS] = { "epoch_boundaries", "{boundary}" },
	[HEADLINE_SLOTS] = { "slots_started", "{slot}" },
	[HEADLINE_SLOTS_MISSED] = { "slots_missed", "{slot}" },
	[HEADLINE_FORGED] = { "blocks_forged", "{block}" },
	[HEADLINE_ADOPTED] = { "blocks_adopted", "{block}" },
	[HEADLINE_LOOP_LONGEST] = { "forge_phase_longest", "ns" },
	[HEADLINE_SILENCE] = { "silence_longest", "ns" },
	[HEADLINE_COST_CPU] = { "weir_cpu", "ns" },
	[HEADLINE_COST_BPF] = { "weir_bpf", "ns" },
	[HEADLINE_COST_SHARE] = { "weir_share", "1" },
	[HEADLINE_COST_MEMORY] = { "weir_memory", "By" },
};

/* How the series of a metric make one figure. Of a counter's series the largest value is the last one. */
#define MOST  "max(max)"
#define ENDS  "sum(max)"
#define SUM   "sum(sum)"
#define COUNT "sum(n)"

#define DIRECTION(d) "attrs ->> '$.direction' = '" d "'"

/* Where a figure may come from, best first. `*` is any collector, and of several the one that saw most. */
static const struct origin {
	enum headline_figure figure;
	const char *collector, *metric, *take;
	const char *where; /* a condition over `attrs`, or NULL */
} origins[] = {
	{ HEADLINE_WALL, "ghc-rts-stats", "process.elapsed.time", MOST, "attrs ->> '$.state' = 'total'" },
	{ HEADLINE_WALL, "kernel-resources", "process.elapsed.time", MOST, NULL },
	{ HEADLINE_CPU, "ghc-rts-stats", "process.cpu.time", MOST, "attrs ->> '$.state' = 'total'" },
	{ HEADLINE_CPU, "kernel-resources", "process.cpu.time", ENDS, NULL },
	{ HEADLINE_CPU, "node-trace", "process.cpu.time", MOST, "attrs ->> '$.state' = 'total'" },
	{ HEADLINE_CPU, "*", "process.cpu.time", ENDS, "attrs ->> '$.state' IN ('user', 'system')" },
	{ HEADLINE_CPU, "sched", "thread.cpu.time", ENDS, NULL },
	{ HEADLINE_CPU, "rts", "process.cpu.time", MOST, "attrs ->> '$.state' = 'total'" },
	{ HEADLINE_PRODUCTIVITY, "ghc-rts-stats", "ghc.productivity", MOST, "attrs ->> '$.clock' = 'elapsed'" },
	{ HEADLINE_COLLECTIONS, "ghc-eventlog", "ghc.gc.pause", COUNT, NULL },
	{ HEADLINE_COLLECTIONS, "ghc-rts-stats", "ghc.gc.count", ENDS, NULL },
	{ HEADLINE_COLLECTIONS, "node-trace", "ghc.gc.count", ENDS, NULL },
	{ HEADLINE_COLLECTIONS, "*", "ghc.gc.pause", COUNT, NULL },
	{ HEADLINE_COLLECTIONS, "rts", "ghc.gc.count", MOST, "attrs ->> '$.counter' = 'stats'" },
	{ HEADLINE_PAUSED, "ghc-eventlog", "ghc.gc.pause", SUM, NULL },
	{ HEADLINE_PAUSED, "ghc-rts-stats", "ghc.gc.elapsed.time", ENDS, NULL },
	{ HEADLINE_PAUSED, "*", "ghc.gc.pause", SUM, NULL },
	{ HEADLINE_PAUSED, "rts", "process.elapsed.time", MOST, "attrs ->> '$.state' = 'gc'" },
	{ HEADLINE_PAUSE_LONGEST, "ghc-eventlog", "ghc.gc.pause", MOST, NULL },
	{ HEADLINE_PAUSE_LONGEST, "ghc-rts-stats", "ghc.gc.pause.max", MOST, NULL },
	{ HEADLINE_PAUSE_LONGEST, "*", "ghc.gc.pause", MOST, NULL },
	{ HEADLINE_HEAP, "ghc-eventlog", "ghc.heap.size", MOST, NULL },
	{ HEADLINE_HEAP, "ghc-rts-stats", "ghc.heap.size.max", MOST, NULL },
	{ HEADLINE_HEAP, "node-trace", "ghc.heap.size", MOST, NULL },
	{ HEADLINE_HEAP, "rts", "ghc.heap.size.max", MOST, NULL },
	{ HEADLINE_HEAP, "*", "ghc.heap.size", MOST, NULL },
	{ HEADLINE_LIVE, "ghc-eventlog", "ghc.heap.live", MOST, NULL },
	{ HEADLINE_LIVE, "ghc-rts-stats", "ghc.heap.live.max", MOST, NULL },
	{ HEADLINE_LIVE, "node-trace", "ghc.heap.live", MOST, NULL },
	{ HEADLINE_LIVE, "rts", "ghc.heap.live.max", MOST, NULL },
	{ HEADLINE_LIVE, "*", "ghc.heap.live", MOST, NULL },
	{ HEADLINE_RESIDENT, "kernel-resources", "process.memory.usage.max", MOST, NULL },
	{ HEADLINE_RESIDENT, "node-trace", "process.memory.usage", MOST, NULL },
	{ HEADLINE_RESIDENT, "*", "process.memory.usage", MOST, NULL },
	{ HEADLINE_ALLOCATED, "ghc-rts-stats", "ghc.heap.allocated", MOST, NULL },
	{ HEADLINE_ALLOCATED, "ghc-eventlog", "ghc.heap.allocated", ENDS, NULL },
	{ HEADLINE_ALLOCATED, "node-trace", "ghc.heap.allocated", MOST, NULL },
	{ HEADLINE_ALLOCATED, "ghc-prof", "ghc.profile.total_alloc", MOST, NULL },
	{ HEADLINE_ALLOCATED, "*", "ghc.heap.allocated", ENDS, NULL },
	{ HEADLINE_THREADS, "ghc-eventlog", "ghc.thread.created", ENDS, NULL },
	{ HEADLINE_CAPABILITIES, "ghc-eventlog", "ghc.capability.count", MOST, NULL },
	{ HEADLINE_CAPABILITIES, "ghc-rts-stats", "ghc.capability.count", MOST, NULL },
	{ HEADLINE_CAPABILITIES, "*", "ghc.capability.count", MOST, NULL },
	{ HEADLINE_DISK_READ, "kernel-resources", "process.disk.io", MOST, DIRECTION("read") },
	{ HEADLINE_DISK_READ, "*", "process.disk.io", ENDS, DIRECTION("read") },
	{ HEADLINE_DISK_WRITTEN, "kernel-resources", "process.disk.io", MOST, DIRECTION("write") },
	{ HEADLINE_DISK_WRITTEN, "*", "process.disk.io", ENDS, DIRECTION("write") },
	{ HEADLINE_NET_RECEIVED, "*", "process.network.io", ENDS, DIRECTION("receive") },
	{ HEADLINE_NET_SENT, "*", "process.network.io", ENDS, DIRECTION("transmit") },
	{ HEADLINE_EPOCHS, "node-trace", "cardano.epoch.boundary", COUNT, NULL },
	{ HEADLINE_SLOTS, "node-trace", "cardano.forge.start", COUNT, NULL },
	{ HEADLINE_FORGED, "node-trace", "cardano.forge.block", COUNT, NULL },
	{ HEADLINE_ADOPTED, "node-trace", "cardano.block.adopted", COUNT, NULL },
	{ HEADLINE_LOOP_LONGEST, "node-trace", "cardano.forge.*", MOST, NULL },
	{ HEADLINE_SILENCE, "node-trace", "trace.silence", MOST, "attrs ->> '$.thread' IS NULL" },
	{ HEADLINE_COST_CPU, "self", "weir.cost.cpu", ENDS, NULL },
	{ HEADLINE_COST_BPF, "self", "weir.cost.bpf.time", ENDS, NULL },
	{ HEADLINE_COST_MEMORY, "self", "weir.cost.memory", ENDS, NULL },
};

/* What is not among the totals: ?1 is the run; columns are node, collector and the value. */
static const struct question {
	enum headline_figure figure;
	const char *sql;
} questions[] = {
	/* Where the forge loop is seen, no missed slot is a measured 0. */
	{ HEADLINE_SLOTS_MISSED,
	  "SELECT coalesce(f.node, ''), 'node-trace', coalesce((SELECT sum(value) FROM spans m WHERE m.run = ?1 AND"
	  " m.node IS f.node AND m.metric = 'cardano.slot.missed' AND m.collector = 'node-trace'), 0)"
	  " FROM (SELECT DISTINCT node FROM kept_totals WHERE run = ?1 AND metric = 'cardano.forge.start') f" },
	{ HEADLINE_DAMAGES,
	  "SELECT coalesce(s.node, ''), 'ghc-eventlog', (SELECT coalesce(sum(d.count), 0) FROM diags d WHERE d.run = ?1"
	  " AND d.node IS s.node AND d.code IN ('eventlog.gap', 'eventlog.cut', 'eventlog.short')) FROM sources s"
	  " WHERE s.run = ?1 AND s.collector = 'ghc-eventlog' GROUP BY s.node" },
	{ HEADLINE_DAMAGED_BYTES, "SELECT coalesce(node, ''), 'ghc-eventlog', sum(CAST(value AS INTEGER)) FROM facts"
	                          " WHERE run = ?1 AND name = 'eventlog.damaged_bytes' GROUP BY node" },
	{ HEADLINE_COST_SHARE,
	  "SELECT coalesce(t.node, ''), 'self', sum(t.max - t.min) / nullif((SELECT sum(s.t_last_ns - s.t_first_ns)"
	  " FROM sources s WHERE s.run = ?1 AND s.node IS t.node AND s.collector = 'self'), 0) FROM kept_totals t"
	  " WHERE t.run = ?1 AND t.collector = 'self' AND t.metric IN ('weir.cost.cpu', 'weir.cost.bpf.time')"
	  " GROUP BY t.node" },
	/* Costly to ask, and what a .hp holds can be a part of the heap: only where nothing else says how large that
	 * was. */
	{ HEADLINE_HEAP_PROFILE,
	  "SELECT node, collector, max(total) FROM (SELECT coalesce(w.node, '') AS node, w.collector AS collector,"
	  " sum(w.self) AS total FROM weights w WHERE w.run = ?1 AND w.metric = 'ghc.heap.residency' AND"
	  " coalesce(w.node, '') IN (SELECT coalesce(node, '') FROM kept_totals WHERE run = ?1 AND metric ="
	  " 'ghc.heap.residency' EXCEPT SELECT coalesce(node, '') FROM kept_totals WHERE run = ?1 AND metric IN"
	  " ('ghc.heap.live', 'ghc.heap.live.max')) GROUP BY w.node, w.collector, w.attrs, w.t_ns)"
	  " GROUP BY node, collector ORDER BY node, collector DESC" },
	/* How long a source was seen is the least that its process lived. */
	{ HEADLINE_WALL, "SELECT coalesce(node, ''), collector, max(t_last_ns - t_first_ns) FROM sources WHERE run = ?1"
	                 " AND collector = 'ghc-eventlog' AND t_last_ns > t_first_ns GROUP BY node" },
	{ HEADLINE_WALL, "SELECT coalesce(node, ''), collector, max(t_last_ns - t_first_ns) FROM sources WHERE run = ?1"
	                 " AND collector = 'node-trace' AND t_last_ns > t_first_ns GROUP BY node" },
	{ HEADLINE_WALL,
	  "SELECT coalesce(node, ''), collector, max(t_last_ns - t_first_ns) AS seen FROM sources WHERE run = ?1 AND"
	  " clock_error_ns BETWEEN 0 AND 1000000000 AND t_last_ns > t_first_ns GROUP BY node, collector ORDER BY seen "
	  "DESC" },
};

static struct headline_node *add_node(struct headline *h, const char *name)
{
	struct headline_node *more = reallocarray(h->nodes, h->n_nodes + 1, sizeof(*more)), *node;

	if (!more)
		return NULL;
	h->nodes = more;
	node = &more[h->n_nodes];
	*node = (struct headline_node){ .node = strdup(name) };
	if (!node->node)
		return NULL;
	for (int i = 0; i < HEADLINE_FIGURES; i++)
		node->at[i] = (struct headline_value){ .value = NAN };
	h->n_nodes++;
	return node;
}

static struct headline_node *node_of(struct headline *h, const char *name)
{
	for (uint32_t i = 0; i < h->n_nodes; i++)
		if (strcmp(h->nodes[i].node, name) == 0)
			return &h->nodes[i];
	return add_node(h, name);
}

/* Rows of node, collector, value; finalizes the statement. What is known already stays. */
static int take_rows(struct store *s, sqlite3_stmt *q, enum headline_figure figure, struct headline *h,
                     struct weir_error *reterr)
{
	int step;

	while ((step = query_step(s, q, reterr)) > 0) {
		struct headline_node *node;

		if (sqlite3_column_type(q, 2) == SQLITE_NULL)
			continue;
		node = node_of(h, (const char *)sqlite3_column_text(q, 0));
		if (!node) {
			step = weir_fail(reterr, -ENOMEM, "summary: no memory");
			break;
		}
		if (isnan(node->at[figure].value)) {
			node->at[figure].value = sqlite3_column_double(q, 2);
			(void)snprintf(node->at[figure].from, HEADLINE_FROM_MAX, "%s",
			               (const char *)sqlite3_column_text(q, 1));
		}
	}
	(void)sqlite3_finalize(q);
	return step;
}

static int take_origin(struct store *s, const char *run, const struct origin *o, struct headline *h,
                       struct weir_error *reterr)
{
	sqlite3_stmt *q;
	char sql[512];
	int result;

	(void)snprintf(
		sql, sizeof(sql),
		"SELECT coalesce(node, ''), collector, %s FROM kept_totals WHERE run = ?1 AND collector GLOB ?2 AND"
		" metric GLOB ?3 %s%s GROUP BY node, collector ORDER BY node, sum(n) DESC, collector",
		o->take, o->where ? "AND " : "", o->where ? o->where : "");
	result = query_prepare(s, sql, &q, reterr);
	if (result < 0)
		return result;
	(void)sqlite3_bind_text(q, 1, run, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(q, 2, o->collector, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(q, 3, o->metric, -1, SQLITE_STATIC);
	return take_rows(s, q, o->figure, h, reterr);
}

static int take_question(struct store *s, const char *run, const struct question *question, struct headline *h,
                         struct weir_error *reterr)
{
	sqlite3_stmt *q;
	int result = query_prepare(s, question->sql, &q, reterr);

	if (result < 0)
		return result;
	(void)sqlite3_bind_text(q, 1, run, -1, SQLITE_STATIC);
	return take_rows(s, q, question->figure, h, reterr);
}

/* What follows from the others. */
static void derive(struct headline_node *node)
{
	struct headline_value *at = node->at;

	if (at[HEADLINE_WALL].value > 0)
		at[HEADLINE_PAUSED_SHARE].value = at[HEADLINE_PAUSED].value / at[HEADLINE_WALL].value;
	if (isnan(at[HEADLINE_PRODUCTIVITY].value) && at[HEADLINE_PAUSED_SHARE].value <= 1)
		at[HEADLINE_PRODUCTIVITY].value = 1 - at[HEADLINE_PAUSED_SHARE].value;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct headline_node *)a)->node, ((const struct headline_node *)b)->node);
}

void headline_done(struct headline *h)
{
	for (uint32_t i = 0; i < h->n_nodes; i++)
		free(h->nodes[i].node);
	free(h->nodes);
	*h = (struct headline){ 0 };
}

int headline_read(struct store *s, const char *run, struct headline *ret, struct weir_error *reterr)
{
	int result;

	*ret = (struct headline){ 0 };
	result = totals_keep(s, reterr);
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]) && result == 0; i++)
		result = take_origin(s, run, &origins[i], ret, reterr);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]) && result == 0; i++)
		result = take_question(s, run, &questions[i], ret, reterr);
	if (result < 0) {
		headline_done(ret);
		return result;
	}
	for (uint32_t i = 0; i < ret->n_nodes; i++)
		derive(&ret->nodes[i]);
	if (ret->n_nodes > 0)
		qsort(ret->nodes, ret->n_nodes, sizeof(*ret->nodes), by_name);
	return 0;
}
