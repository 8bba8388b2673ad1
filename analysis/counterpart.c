/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/counterpart.h"

#include "analysis/totals.h"
#include "store/query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

#define DIRECTION(d) "attrs ->> '$.direction' = '" d "'"
#define TCP(d)       "attrs ->> '$.transport' = 'tcp' AND " DIRECTION(d)

enum {
	QUESTION_MAX = 2048,
};

enum shape {
	NUMBER,
	HISTOGRAM,
	WEIGHT,
};

/* What is compared; conditions are over `attrs`. */
static const struct pair {
	const char *name, *what, *collector, *unit;
	const char *ours, *ours_where;
	const char *theirs, *theirs_where, *against;
	enum shape shape; /* of ours; theirs are numbers */
	/* A counter may be older than its first reading, which comes when weir first meets what it is of. */
	int is_from_first;
} pairs[] = {
	{ "gc_count", "GCs", "rts", "{collection}", "ghc.gc.count", "attrs ->> '$.generation' IS NOT NULL",
	  "ghc.gc.count", "attrs ->> '$.counter' = 'stats'", "the program's statistics", NUMBER, 0 },
	{ "gc_copied", "copied by GCs", "rts", "By", "ghc.gc.copied", "attrs ->> '$.generation' IS NOT NULL",
	  "ghc.gc.copied", "attrs ->> '$.counter' = 'stats'", "the program's statistics", NUMBER, 0 },
	{ "profile_time", "CPU time, sampled", "hsprof", "ns", "ghc.profile.time", "1", "ghc.profile.cpu", "1",
	  "the scheduler's accounts", WEIGHT, 0 },
	{ "on_cpu", "CPU time", "sched", "ns", "sched.on_cpu", "1", "sched.on_cpu.accounted", "1",
	  "the scheduler's accounts", HISTOGRAM, 0 },
	{ "run_delay", "run-queue delay", "sched", "ns", "sched.run_delay", "1", "sched.run_delay.accounted", "1",
	  "the scheduler's accounts", HISTOGRAM, 0 },
	{ "switches", "context switches", "sched", "{context_switch}", "sched.switches", "1",
	  "sched.switches.accounted", "1", "the scheduler's accounts", NUMBER, 0 },
	{ "disk_read", "disks, read", "disk", "By", "disk.io", DIRECTION("read"), "system.disk.io", DIRECTION("read"),
	  "/sys/block", NUMBER, 0 },
	{ "disk_written", "disks, written", "disk", "By", "disk.io", DIRECTION("write"), "system.disk.io",
	  DIRECTION("write"), "/sys/block", NUMBER, 0 },
	{ "process_read", "read from disk", "disk", "By", "process.disk.io", DIRECTION("read"),
	  "process.disk.io.accounted", DIRECTION("read"), "/proc/PID/io", NUMBER, 0 },
	{ "process_dirtied", "dirtied", "disk", "By", "process.disk.dirtied", "1", "process.disk.io.accounted",
	  DIRECTION("write"), "/proc/PID/io", NUMBER, 0 },
	{ "tcp_received", "TCP, received", "net", "By", "connection.io", TCP("receive"), "tcp.bytes",
	  DIRECTION("receive"), "tcp_info", NUMBER, 1 },
	{ "tcp_sent", "TCP, sent", "net", "By", "connection.io", TCP("transmit"), "tcp.bytes", DIRECTION("transmit"),
	  "tcp_info", NUMBER, 1 },
};

/* A table of counters by node and series, and the time between which they are compared. */
#define COUNTERS(metric, where)                                                                                        \
	"SELECT coalesce(node, '') AS node, attrs, t_ns, value FROM numbers WHERE run = ?1 AND collector = ?2 AND"     \
	" metric = " metric " AND (" where ")"
/* As a process ends, some of its threads may still be read and others not: then the reading before was the last. */
#define WINDOW                                                                                                         \
	"readings AS (SELECT node, t_ns, count(*) AS n, lag(count(*)) OVER early AS n_before,"                         \
	" lag(t_ns) OVER early AS before, row_number() OVER late AS back FROM theirs GROUP BY node, t_ns"              \
	" WINDOW early AS (PARTITION BY node ORDER BY t_ns), late AS (PARTITION BY node ORDER BY t_ns DESC)),"         \
	" w AS (SELECT node, (SELECT min(t_ns) FROM theirs t WHERE t.node = r.node) AS t0,"                            \
	" CASE WHEN n < n_before THEN before ELSE t_ns END AS t1 FROM readings r WHERE back = 1)"

/* The increase of each node's counters: of a group with min() or max(), SQLite takes the other columns from the row
 * that has it. `%s`: from which value on. */
#define INCREASE(table)                                                                                                \
	"SELECT e.node, sum(e.value - coalesce(b.value, 0)) AS value FROM (SELECT c.node, c.attrs, max(c.t_ns),"       \
	" c.value FROM " table " c JOIN w ON w.node = c.node WHERE c.t_ns <= w.t1 GROUP BY c.node, c.attrs) e"         \
	" LEFT JOIN (SELECT c.node, c.attrs, %s, c.value FROM " table " c JOIN w ON w.node = c.node"                   \
	" WHERE c.t_ns <= %s GROUP BY c.node, c.attrs) b ON b.node = e.node AND b.attrs = e.attrs GROUP BY e.node"

/* An interval belongs to the time that its middle lies in. */
#define INTERVALS(view, column)                                                                                        \
	"SELECT w.node, sum(" column ") AS value FROM " view " v JOIN w ON w.node = coalesce(v.node, '')"              \
	" WHERE v.run = ?1 AND v.collector = ?2 AND v.metric = ?3 AND v.t_ns + v.dur_ns / 2 BETWEEN w.t0 AND w.t1"     \
	" GROUP BY w.node"

#define ANSWER " SELECT o.node, o.value, t.value FROM o JOIN t ON t.node = o.node ORDER BY o.node"

static void write_question(const struct pair *p, char sql[QUESTION_MAX])
{
	const char *edge = p->is_from_first ? "min(c.t_ns)" : "max(c.t_ns)";
	const char *until = p->is_from_first ? "w.t1" : "w.t0";

	if (p->shape == NUMBER)
		(void)snprintf(sql, QUESTION_MAX,
		               "WITH theirs AS MATERIALIZED (" COUNTERS(
				       "?4", "%s") "), " WINDOW
		                                   ", ours AS MATERIALIZED (" COUNTERS("?3", "%s") "), o AS (" INCREASE(
							   "ours") "), t AS (" INCREASE("theirs") ")" ANSWER,
		               p->theirs_where, p->ours_where, edge, until, edge, until);
	else
		(void)snprintf(sql, QUESTION_MAX,
		               "WITH theirs AS MATERIALIZED (" COUNTERS(
				       "?4", "%s") "), " WINDOW ", o AS (%s), t AS (" INCREASE("theirs") ")" ANSWER,
		               p->theirs_where,
		               p->shape == HISTOGRAM ? INTERVALS("histograms", "v.sum")
		                                     : INTERVALS("weights", "v.self"),
		               edge, until);
}

static int ask(struct store *s, const char *sql, const char *run, const struct pair *p, sqlite3_stmt **ret,
               struct weir_error *reterr)
{
	const char *const values[] = { run, p->collector, p->ours, p->theirs };
	int result = query_prepare(s, sql, ret, reterr);

	for (int i = 0; result == 0 && i < sqlite3_bind_parameter_count(*ret); i++)
		(void)sqlite3_bind_text(*ret, i + 1, values[i], -1, SQLITE_STATIC);
	return result;
}

/* Most stores have none of it, and the views are not to be read for that. */
static int is_there(struct store *s, const char *run, const struct pair *p, struct weir_error *reterr)
{
	sqlite3_stmt *q;
	int result = ask(s,
	                 "SELECT 1 FROM kept_totals WHERE run = ?1 AND collector = ?2 AND metric IN (?3, ?4)"
	                 " GROUP BY run HAVING count(DISTINCT metric) = 1 + (?3 <> ?4)",
	                 run, p, &q, reterr);

	if (result < 0)
		return result;
	result = query_step(s, q, reterr);
	(void)sqlite3_finalize(q);
	return result;
}

static int add(struct counterparts *c, const struct pair *p, sqlite3_stmt *q, struct weir_error *reterr)
{
	struct counterpart *more = reallocarray(c->at, c->n + 1, sizeof(*more));
	char *node = strdup((const char *)sqlite3_column_text(q, 0));

	if (more)
		c->at = more;
	if (!more || !node) {
		free(node);
		return weir_fail(reterr, -ENOMEM, "summary: no memory");
	}
	more[c->n++] = (struct counterpart){ .node = node,
		                             .place = (uint32_t)(p - pairs),
		                             .name = p->name,
		                             .what = p->what,
		                             .collector = p->collector,
		                             .unit = p->unit,
		                             .against = p->against,
		                             .ours = sqlite3_column_double(q, 1),
		                             .theirs = sqlite3_column_double(q, 2) };
	return 0;
}

static int read_pair(struct store *s, const char *run, const struct pair *p, struct counterparts *c,
                     struct weir_error *reterr)
{
	char sql[QUESTION_MAX];
	sqlite3_stmt *q;
	int result = is_there(s, run, p, reterr);

	if (result <= 0)
		return result;
	write_question(p, sql);
	result = ask(s, sql, run, p, &q, reterr);
	if (result < 0)
		return result;
	while ((result = query_step(s, q, reterr)) > 0)
		if (sqlite3_column_type(q, 1) != SQLITE_NULL && sqlite3_column_type(q, 2) != SQLITE_NULL) {
			result = add(c, p, q, reterr);
			if (result < 0)
				break;
		}
	(void)sqlite3_finalize(q);
	return result;
}

static int by_node(const void *a, const void *b)
{
	const struct counterpart *x = a, *y = b;
	int order = strcmp(x->node, y->node);

	return order ? order : x->place < y->place ? -1 : x->place > y->place;
}

void counterparts_done(struct counterparts *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		free(c->at[i].node);
	free(c->at);
	*c = (struct counterparts){ 0 };
}

int counterparts_read(struct store *s, const char *run, struct counterparts *ret, struct weir_error *reterr)
{
	int result;

	*ret = (struct counterparts){ 0 };
	result = totals_keep(s, reterr);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]) && result == 0; i++)
		result = read_pair(s, run, &pairs[i], ret, reterr);
	if (result < 0) {
		counterparts_done(ret);
		return result;
	}
	if (ret->n > 0)
		qsort(ret->at, ret->n, sizeof(*ret->at), by_node);
	return 0;
}
