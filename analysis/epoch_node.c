/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/epoch_node.h"

#include "analysis/grow.h"
#include "store/query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

const char *const epoch_phase_names[EPOCH_PHASES] = {
	"start",  "block_context",    "ledger_state", "ledger_view", "leadership",
	"ticked", "mempool_snapshot", "block",        "adoption",
};

const struct epoch_gauge_row epoch_gauge_rows[EPOCH_GAUGES] = {
	{ "ghc.heap.live", "heap, live", "MiB", NULL, NULL, 0, 1.0 / 1048576, 16 },
	{ "ghc.heap.size", "heap, size", "MiB", NULL, NULL, 0, 1.0 / 1048576, 16 },
	{ "process.memory.usage", "resident memory", "MiB", NULL, NULL, 0, 1.0 / 1048576, 16 },
	{ "process.cpu.time", "CPU", "cores", "state", "total", 1, 1e-9, 0.1 },
	{ "process.disk.io", "disk, read", "KiB/s", "direction", "read", 1, 1.0 / 1024, 64 },
	{ "process.disk.io", "disk, written", "KiB/s", "direction", "write", 1, 1.0 / 1024, 64 },
	{ "process.network.io", "network, received", "KiB/s", "direction", "receive", 1, 1.0 / 1024, 64 },
	{ "process.network.io", "network, sent", "KiB/s", "direction", "transmit", 1, 1.0 / 1024, 64 },
	{ "disk.latency", "disk latency, p99", "ms", NULL, NULL, 1, 1e-6, 10, 1 },
	{ "fsync.latency", "fsync, p99", "ms", NULL, NULL, 1, 1e-6, 10, 1 },
	{ "sched.run_delay", "run-queue delay, p99", "ms", NULL, NULL, 1, 1e-6, 10, 1 },
};

static int add(struct epoch_spans *s, const struct epoch_span *span)
{
	struct epoch_span *at = grow(s->at, s->n, &s->n_room, sizeof(*at));

	if (!at)
		return -ENOMEM;
	s->at = at;
	s->at[s->n++] = *span;
	return 0;
}

/* A statement with its texts bound; NULL: said in reterr. */
static sqlite3_stmt *prepare(struct store *s, const char *sql, const char *const *texts, int n,
                             struct weir_error *reterr)
{
	sqlite3_stmt *q;

	if (query_prepare(s, sql, &q, reterr) < 0)
		return NULL;
	for (int i = 0; i < n; i++)
		(void)sqlite3_bind_text(q, i + 1, texts[i], -1, SQLITE_STATIC);
	return q;
}

/* A log that is there twice (stdout and cardano-tracer's) says everything twice. In order of time. */
static int is_again(const struct epoch_spans *s, const struct epoch_span *span)
{
	for (uint64_t i = s->n; i > 0 && s->at[i - 1].time_ns == span->time_ns; i--)
		if (s->at[i - 1].duration_ns == span->duration_ns && s->at[i - 1].slot == span->slot &&
		    s->at[i - 1].value == span->value)
			return 1;
	return 0;
}

static int read_spans(struct store *s, const struct epoch_node *n, const char *metric, struct epoch_spans *ret,
                      struct weir_error *reterr)
{
	sqlite3_stmt *q = prepare(s,
	                          /* Silences of single threads are not the node's. */
	                          "SELECT t_ns, dur_ns, value, json_extract(attrs, '$.slot') FROM spans"
	                          " WHERE run = ?1 AND node = ?2 AND metric = ?3"
	                          " AND (metric <> 'trace.silence' OR json_extract(attrs, '$.thread') IS NULL)"
	                          " ORDER BY t_ns",
	                          (const char *const[]){ n->run, n->node, metric }, 3, reterr);
	int r = q ? 0 : -EINVAL, step = 1;

	while (r == 0 && (step = query_step(s, q, reterr)) > 0) {
		const char *slot = (const char *)sqlite3_column_text(q, 3);
		struct epoch_span span = { .time_ns = sqlite3_column_int64(q, 0),
			                   .duration_ns = sqlite3_column_int64(q, 1),
			                   .slot = slot ? strtoll(slot, NULL, 10) : -1,
			                   .value = sqlite3_column_double(q, 2) };

		r = is_again(ret, &span) ? 0 : add(ret, &span);
	}
	(void)sqlite3_finalize(q);
	return r < 0 ? r : step;
}

/* Of the collectors that have a node's metric (the series whose attribute `key` is `value`; NULL: any) the one that saw
 * most of it, among those whose clock is good enough to say what came first. "": none. */
static int pick_collector(struct store *s, const struct epoch_node *n, const char *metric, const char *key,
                          const char *value, char ret[EPOCH_FROM_MAX], struct weir_error *reterr)
{
	sqlite3_stmt *q = prepare(
		s,
		"SELECT collector FROM kept_totals WHERE run = ?1 AND node = ?2 AND metric = ?3 AND collector IN"
		" (SELECT collector FROM sources WHERE run = ?1 AND node = ?2 AND clock_error_ns BETWEEN 0 AND "
		"1000000000)"
		" AND (?4 IS NULL OR json_extract(attrs, '$.' || ?4) = ?5"
		" OR (?5 = 'total' AND json_extract(attrs, '$.' || ?4) IN ('user', 'system')))"
		" GROUP BY collector ORDER BY sum(n) DESC, collector LIMIT 1",
		(const char *const[]){ n->run, n->node, metric, key, value }, 5, reterr);
	int step = q ? query_step(s, q, reterr) : -EINVAL;

	ret[0] = 0;
	if (step > 0)
		(void)snprintf(ret, EPOCH_FROM_MAX, "%s", (const char *)sqlite3_column_text(q, 0));
	(void)sqlite3_finalize(q);
	return step < 0 ? step : 0;
}

/* When a collector looked. */
static int read_view(struct store *s, struct epoch_node *n, struct weir_error *reterr)
{
	sqlite3_stmt *q = prepare(s,
	                          "SELECT min(t_first_ns), max(t_last_ns) FROM sources WHERE run = ?1 AND node = ?2 AND"
	                          " collector = ?3",
	                          (const char *const[]){ n->run, n->node, n->pauses_from }, 3, reterr);
	int step = q ? query_step(s, q, reterr) : -EINVAL;

	if (step > 0) {
		n->pauses_first_ns = sqlite3_column_int64(q, 0);
		n->pauses_last_ns = sqlite3_column_int64(q, 1);
	}
	(void)sqlite3_finalize(q);
	return step < 0 ? step : 0;
}

static int read_pauses(struct store *s, struct epoch_node *n, struct weir_error *reterr)
{
	sqlite3_stmt *q;
	int r = pick_collector(s, n, "ghc.gc.pause", NULL, NULL, n->pauses_from, reterr), step = 1;

	if (r < 0 || !n->pauses_from[0])
		return r;
	q = prepare(s,
	            "SELECT t_ns, dur_ns FROM spans WHERE run = ?1 AND node = ?2 AND metric = 'ghc.gc.pause' AND"
	            " collector = ?3 ORDER BY t_ns",
	            (const char *const[]){ n->run, n->node, n->pauses_from }, 3, reterr);
	r = q ? 0 : -EINVAL;
	while (r == 0 && (step = query_step(s, q, reterr)) > 0)
		r = add(&n->pauses, &(struct epoch_span){ .time_ns = sqlite3_column_int64(q, 0),
		                                          .duration_ns = sqlite3_column_int64(q, 1),
		                                          .slot = -1 });
	(void)sqlite3_finalize(q);
	r = r < 0 ? r : step;
	return r == 0 ? read_view(s, n, reterr) : r;
}

/* The node says its CPU time in all, the kernel in two parts; processes of a node are added up. A log that is there
 * twice says everything twice. */
#define SERIES                                                                                                         \
	"(SELECT DISTINCT t_ns, value, attrs FROM numbers WHERE run = ?1 AND node = ?2 AND metric = ?3 AND"            \
	" collector = ?6 AND (?4 IS NULL OR json_extract(attrs, '$.' || ?4) = ?5 OR (?5 = 'total' AND"                 \
	" json_extract(attrs, '$.' || ?4) IN ('user', 'system') AND NOT EXISTS (SELECT 1 FROM kept_totals t WHERE"     \
	" t.run = ?1 AND t.node = ?2 AND t.metric = ?3 AND t.collector = ?6 AND"                                       \
	" json_extract(t.attrs, '$.' || ?4) = 'total'))))"

static const char gauge_sql[] = "SELECT t_ns, sum(value) FROM " SERIES " GROUP BY t_ns ORDER BY t_ns";

/* Increases a second of each series, so that a process that comes or goes is no step of the others'; where one falls,
 * its process began anew. */
static const char rate_sql[] =
	"SELECT t_ns, sum((value - before) * 1e9 / (t_ns - t_before)), max(t_ns - t_before) FROM (SELECT t_ns, value,"
	" lag(value) OVER one AS before, lag(t_ns) OVER one AS t_before FROM " SERIES
	" WINDOW one AS (PARTITION BY attrs ORDER BY t_ns)) WHERE value >= before AND t_ns > t_before"
	" GROUP BY t_ns ORDER BY t_ns";

/* The worst of devices and directions. */
static const char histogram_sql[] =
	"SELECT t_ns + dur_ns AS t_end_ns, max(p99), max(dur_ns) FROM histograms WHERE run = ?1 AND node = ?2 AND"
	" metric = ?3 AND collector = ?6 GROUP BY t_end_ns ORDER BY t_end_ns";

/* Rows of time, value and, of what is over a time, span; finalizes the statement. */
static int read_samples(struct store *s, sqlite3_stmt *q, struct samples *ret, struct weir_error *reterr)
{
	int r = q ? 0 : -EINVAL, step = 1, has_span = q && sqlite3_column_count(q) > 2;

	while (r == 0 && (step = query_step(s, q, reterr)) > 0)
		if (sqlite3_column_type(q, 1) != SQLITE_NULL)
			r = samples_add(ret, &(struct sample){ .time_ns = sqlite3_column_int64(q, 0),
			                                       .value = sqlite3_column_double(q, 1),
			                                       .span_ns = has_span ? sqlite3_column_int64(q, 2) : 0 });
	(void)sqlite3_finalize(q);
	return r < 0 ? r : step;
}

static int read_gauge(struct store *s, const struct epoch_node *n, const struct epoch_gauge_row *row,
                      struct samples *ret, char from[EPOCH_FROM_MAX], struct weir_error *reterr)
{
	const char *const texts[] = { n->run, n->node, row->metric, row->key, row->value, from };
	const char *sql = row->is_histogram ? histogram_sql : row->is_rate ? rate_sql : gauge_sql;
	int r = pick_collector(s, n, row->metric, row->key, row->value, from, reterr);

	if (r < 0 || !from[0])
		return r;
	r = read_samples(s, prepare(s, sql, texts, sizeof(texts) / sizeof(texts[0]), reterr), ret, reterr);
	for (uint64_t i = 0; i < ret->n; i++)
		ret->at[i].value *= row->factor;
	return r;
}

static int read_fact(struct store *s, const struct epoch_node *n, const char *name, int64_t *ret,
                     struct weir_error *reterr)
{
	sqlite3_stmt *q = prepare(s,
	                          "SELECT CAST(value AS INTEGER) FROM facts WHERE run = ?1 AND name = ?3"
	                          " AND (node IS NULL OR node = ?2) LIMIT 1",
	                          (const char *const[]){ n->run, n->node, name }, 3, reterr);
	int step = q ? query_step(s, q, reterr) : -EINVAL;

	if (step > 0)
		*ret = sqlite3_column_int64(q, 0);
	(void)sqlite3_finalize(q);
	return step < 0 ? step : 0;
}

static int read_lengths(struct store *s, struct epoch_node *n, struct weir_error *reterr)
{
	int64_t slots = 0;
	int r = read_fact(s, n, "genesis.slot_length_ns", &n->slot_ns, reterr);

	if (r == 0)
		r = read_fact(s, n, "genesis.epoch_length_slots", &slots, reterr);
	if (__builtin_mul_overflow(slots, n->slot_ns, &n->epoch_ns))
		n->epoch_ns = 0;
	return r;
}

static int read_hindrances(struct store *s, struct epoch_node *n, struct weir_error *reterr)
{
	sqlite3_stmt *q =
		prepare(s,
	                "SELECT DISTINCT t_ns, json_extract(attrs, '$.obstacle') FROM spans WHERE run = ?1 AND "
	                "node = ?2 AND metric = 'cardano.forge.obstacle' ORDER BY t_ns",
	                (const char *const[]){ n->run, n->node }, 2, reterr);
	int r = q ? 0 : -EINVAL, step = 1;

	while (r == 0 && (step = query_step(s, q, reterr)) > 0) {
		const char *name = (const char *)sqlite3_column_text(q, 1);
		struct epoch_hindrance *h = grow(n->hindrances, n->n_hindrances, &n->n_hindrance_room, sizeof(*h));

		if (!h) {
			r = -ENOMEM;
			continue;
		}
		n->hindrances = h;
		h = &n->hindrances[n->n_hindrances++];
		h->time_ns = sqlite3_column_int64(q, 0);
		(void)snprintf(h->name, sizeof(h->name), "%s", name ? name : "obstacle");
	}
	(void)sqlite3_finalize(q);
	return r < 0 ? r : step;
}

void epoch_node_done(struct epoch_node *n)
{
	struct epoch_spans *spans[] = {
		&n->boundaries, &n->missed, &n->pauses, &n->snapshots, &n->silences, &n->adopted
	};

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		free(spans[i]->at);
	for (int i = 0; i < EPOCH_PHASES; i++)
		free(n->phases[i].at);
	for (int i = 0; i < EPOCH_GAUGES; i++)
		samples_done(&n->gauges[i]);
	samples_done(&n->gc_cpu);
	free(n->hindrances);
	*n = (struct epoch_node){ 0 };
}

int epoch_node_read(struct store *s, const char *run, const char *node, struct epoch_node *ret,
                    struct weir_error *reterr)
{
	static const struct epoch_gauge_row gc = { "process.cpu.time", "GC", "cores", "state", "gc", 1, 1e-9, 0 };
	const struct {
		const char *metric;
		struct epoch_spans *to;
	} reads[] = {
		{ "cardano.epoch.boundary", &ret->boundaries }, { "cardano.slot.missed", &ret->missed },
		{ "cardano.snapshot", &ret->snapshots },        { "trace.silence", &ret->silences },
		{ "cardano.block.adopted", &ret->adopted },
	};
	char metric[64], from[EPOCH_FROM_MAX];
	int r;

	*ret = (struct epoch_node){ .run = run, .node = node };
	r = read_lengths(s, ret, reterr);
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]) && r == 0; i++)
		r = read_spans(s, ret, reads[i].metric, reads[i].to, reterr);
	for (int i = 0; i < EPOCH_PHASES && r == 0; i++) {
		(void)snprintf(metric, sizeof(metric), "cardano.forge.%s", epoch_phase_names[i]);
		r = read_spans(s, ret, metric, &ret->phases[i], reterr);
	}
	for (int i = 0; i < EPOCH_GAUGES && r == 0; i++)
		r = read_gauge(s, ret, &epoch_gauge_rows[i], &ret->gauges[i], ret->gauges_from[i], reterr);
	if (r == 0)
		r = read_hindrances(s, ret, reterr);
	if (r == 0)
		r = read_gauge(s, ret, &gc, &ret->gc_cpu, from, reterr);
	return r == 0 ? read_pauses(s, ret, reterr) : r;
}
