/* SPDX-License-Identifier: Apache-2.0 */
/* The public interface: docs/schema.md describes every column, and tests/store/views.c holds the list against it. */
#include "store/query.h"

#include "store/schema.h"
#include "store/tables.h"

#include <errno.h>

/* Names for the numbers of weir/collector.h and store/store.h. */
#define SHAPE    "CASE m.shape WHEN 1 THEN 'number' WHEN 2 THEN 'histogram' WHEN 3 THEN 'span' WHEN 4 THEN 'weight' END"
#define KIND     "CASE m.kind WHEN 1 THEN 'gauge' WHEN 2 THEN 'counter' END"
#define TYPE     "CASE m.type WHEN 1 THEN 'i64' WHEN 2 THEN 'f64' END"
#define SCALE    "CASE d.scale WHEN 0 THEN 'lin' WHEN 1 THEN 'log' END"
#define RANGE    "CASE d.range WHEN 0 THEN 'free' WHEN 1 THEN '0..' WHEN 2 THEN '1..' WHEN 3 THEN '0..1' END"
#define STATUS   "CASE o.status WHEN 1 THEN 'ok' WHEN 2 THEN 'partial' WHEN 3 THEN 'failed' END"
#define SEVERITY "CASE d.severity WHEN 0 THEN 'note' WHEN 1 THEN 'warning' WHEN 2 THEN 'error' END"

/* A source with its run, node and collector, when it counts. */
#define FROM_SOURCE                                                                                                    \
	" FROM main.source o JOIN main.run r ON r.id = o.run LEFT JOIN main.node n ON n.id = o.node"                   \
	" JOIN main.collector c ON c.id = o.collector"

static const char *const views[] = {
	"CREATE TEMP VIEW numbers AS SELECT run, node, collector, metric, unit, attrs, t_ns, value FROM weir_numbers",

	"CREATE TEMP VIEW histograms AS SELECT run, node, collector, metric, unit, attrs, t_ns, dur_ns, count, sum, "
	"min,"
	" max, p50, p90, p99 FROM weir_histograms",

	"CREATE TEMP VIEW spans AS SELECT run, node, collector, metric, attrs, t_ns, dur_ns, track, value"
	" FROM weir_spans",

	"CREATE TEMP VIEW weights AS SELECT run, node, collector, metric, unit, attrs, t_ns, dur_ns, stack, name, "
	"module,"
	" src, self, inclusive, native_id FROM weir_weights",

	"CREATE TEMP VIEW sources AS SELECT r.tag AS run, n.name AS node, c.name AS collector, o.path, o.bytes,"
	" lower(hex(o.sha256)) AS sha256, " STATUS " AS status, o.t_first_ns, o.t_last_ns, o.clock, o.clock_error_ns,"
	" o.n_read AS read, o.n_stored AS stored, o.n_skipped AS skipped, o.n_bad AS bad, o.n_lost AS lost, o.reasons,"
	" o.clock_tie, c.version" FROM_SOURCE " WHERE o.status IS NOT NULL",

	/* Ids are not the same after a crash and a new try, so they are in no view of the public interface. */
	"CREATE TEMP VIEW weir_sources AS SELECT o.id AS source_id, r.tag AS run, n.name AS node, c.name AS collector,"
	" o.path" FROM_SOURCE " WHERE o.status IS NOT NULL",

	"CREATE TEMP VIEW weir_series AS SELECT s.source AS source_id, m.name AS metric, s.attrs FROM main.source o"
	" CROSS JOIN main.series s ON s.source = o.id JOIN main.metric m ON m.id = s.metric WHERE o.status IS NOT NULL",

	"CREATE TEMP VIEW diags AS SELECT r.tag AS run, n.name AS node, c.name AS collector, o.path,"
	" " SEVERITY " AS severity, d.code, d.offset, d.count, d.message, d.input" FROM_SOURCE
	" JOIN main.diag d ON d.source = o.id WHERE o.status IS NOT NULL",

	"CREATE TEMP VIEW components AS SELECT r.tag AS run, p.name, p.version, p.revision AS \"commit\""
	" FROM main.component p JOIN main.run r ON r.id = p.run",

	/* One row a metric: the words are those of the first collector by name, in its newest build. */
	"CREATE TEMP VIEW metrics AS SELECT m.name, " SHAPE " AS shape, " KIND " AS kind, m.unit, d.better,"
	" d.brief AS short, d.help, (SELECT group_concat(name) FROM (SELECT DISTINCT c.name FROM main.declared x"
	" JOIN main.collector c ON c.id = x.collector WHERE x.metric = m.id ORDER BY c.name)) AS collector,"
	" " TYPE " AS type, " SCALE " AS scale, " RANGE " AS range"
	" FROM main.metric m JOIN main.declared d ON d.metric = m.id AND (d.collector, d.row) ="
	" (SELECT x.collector, x.row FROM main.declared x JOIN main.collector c ON c.id = x.collector"
	" WHERE x.metric = m.id ORDER BY c.name, c.id DESC, x.row LIMIT 1)",

	"CREATE TEMP VIEW facts AS SELECT r.tag AS run, n.name AS node, NULL AS collector, NULL AS path, f.name, "
	"f.value"
	" FROM main.fact f JOIN main.run r ON r.id = f.run LEFT JOIN main.node n ON n.id = f.node"
	" UNION ALL SELECT r.tag, n.name, c.name, o.path, f.name, f.value" FROM_SOURCE
	" JOIN main.source_fact f ON f.source = o.id WHERE o.status IS NOT NULL",

	"CREATE TEMP VIEW unclaimed AS SELECT r.tag AS run, n.name AS node, u.path, u.bytes, u.why"
	" FROM main.unclaimed u JOIN main.run r ON r.id = u.run LEFT JOIN main.node n ON n.id = u.node",

	"CREATE TEMP VIEW runs AS SELECT tag AS run FROM main.run",

	"CREATE TEMP VIEW nodes AS SELECT r.tag AS run, n.name AS node FROM main.node n JOIN main.run r ON r.id = "
	"n.run",

	/* From what stands beside the blocks: no block is decoded, and in this order nothing is sorted. */
	"CREATE TEMP VIEW totals AS SELECT r.tag AS run, n.name AS node, c.name AS collector, m.name AS metric,"
	" " SHAPE " AS shape, m.unit, s.attrs, sum(b.n_rows) AS n, min(b.t_min_ns) AS t_first_ns,"
	" max(b.t_max_ns) AS t_last_ns, min(b.v_min) AS min, max(b.v_max) AS max, sum(b.v_sum) AS sum" FROM_SOURCE
	" CROSS JOIN main.series s ON s.source = o.id CROSS JOIN main.block b ON b.source = s.source AND b.series = "
	"s.id"
	" CROSS JOIN main.metric m ON m.id = s.metric WHERE o.status IS NOT NULL"
	" GROUP BY o.id, s.metric, s.id",
};

int query_register(sqlite3 *db, const char *path, struct weir_error *reterr)
{
	int code = tables_register(db);

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]) && code == SQLITE_OK; i++)
		code = sqlite3_exec(db, views[i], NULL, NULL, NULL);
	return code == SQLITE_OK ? 0 : sql_fail(reterr, db, path);
}
