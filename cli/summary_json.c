/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/summary.h"

#include <string.h>

/* One member: an array of objects, a row each. Columns whose name ends in `_json` hold JSON. */
struct section {
	const char *name, *sql;
};

static const struct section sections[] = {
	{ "components", "SELECT name, version, \"commit\" FROM components WHERE run = ?1 ORDER BY name" },
	{ "sources",
	  "SELECT node, collector, path, bytes, sha256, status, t_first_ns, t_last_ns, clock, clock_error_ns, read, "
	  "stored,"
	  " skipped, bad, lost, reasons AS reasons_json FROM sources WHERE run = ?1 ORDER BY node, collector, path" },
	{ "metrics", "SELECT t.metric, t.shape, m.kind, t.unit, count(DISTINCT t.node) AS nodes, count(*) AS series, "
	             "sum(t.n) AS n,"
	             " min(t.min) AS min, max(t.max) AS max, sum(t.sum) AS sum FROM totals t LEFT JOIN metrics m ON "
	             "m.name = t.metric"
	             " WHERE t.run = ?1 GROUP BY t.metric ORDER BY t.metric" },
	{ "diags", "SELECT node, collector, path, severity, code, offset, count, message FROM diags WHERE run = ?1"
	           " ORDER BY node, path, offset, code" },
	{ "unclaimed", "SELECT node, path, bytes, why FROM unclaimed WHERE run = ?1 ORDER BY path" },
};

static void put_value(struct jsonout *j, sqlite3_stmt *q, int i)
{
	static const char json_suffix[] = "_json";
	const char *name = sqlite3_column_name(q, i);
	size_t n = strlen(name), n_suffix = sizeof(json_suffix) - 1;
	char plain[64];

	switch (sqlite3_column_type(q, i)) {
	case SQLITE_INTEGER:
		jsonout_i64(j, name, sqlite3_column_int64(q, i));
		return;
	case SQLITE_FLOAT:
		jsonout_f64(j, name, sqlite3_column_double(q, i));
		return;
	case SQLITE_NULL:
		jsonout_null(j, name);
		return;
	default:
		break;
	}
	if (n <= n_suffix || n - n_suffix >= sizeof(plain) || strcmp(name + n - n_suffix, json_suffix) != 0) {
		jsonout_bytes(j, name, reader_bytes(q, i));
		return;
	}
	memcpy(plain, name, n - n_suffix);
	plain[n - n_suffix] = 0;
	jsonout_json(j, plain, reader_text(q, i));
}

static int put_section(struct store *s, const char *run, const struct section *section, struct jsonout *j)
{
	sqlite3_stmt *q = reader_query(s, "summary", section->sql, (const char *const[]){ run }, 1);
	int result = -1;

	jsonout_array(j, section->name);
	while (q && (result = reader_step(q, "summary")) > 0) {
		jsonout_line(j);
		for (int i = 0; i < sqlite3_column_count(q); i++)
			put_value(j, q, i);
		jsonout_end(j);
	}
	jsonout_end(j);
	(void)sqlite3_finalize(q);
	return result;
}

/* Facts of the run, or of a node: those of documents and those of sources; the latter come with their path. */
static int put_facts(struct store *s, const char *run, const char *node, struct jsonout *j)
{
	sqlite3_stmt *q = reader_query(
		s, "summary", "SELECT name, value, path FROM facts WHERE run = ?1 AND node IS ?2 ORDER BY name, path",
		(const char *const[]){ run, node }, 2);
	int result = -1;

	jsonout_array(j, "facts");
	while (q && (result = reader_step(q, "summary")) > 0) {
		jsonout_line(j);
		jsonout_bytes(j, "name", reader_bytes(q, 0));
		jsonout_bytes(j, "value", reader_bytes(q, 1));
		if (sqlite3_column_type(q, 2) != SQLITE_NULL)
			jsonout_bytes(j, "path", reader_bytes(q, 2));
		jsonout_end(j);
	}
	jsonout_end(j);
	(void)sqlite3_finalize(q);
	return result;
}

static int put_nodes(struct store *s, const char *run, struct jsonout *j)
{
	sqlite3_stmt *q = reader_query(s, "summary", "SELECT node FROM nodes WHERE run = ?1 ORDER BY node",
	                               (const char *const[]){ run }, 1);
	int result = -1;

	jsonout_array(j, "nodes");
	while (q && (result = reader_step(q, "summary")) > 0) {
		jsonout_object(j, NULL);
		jsonout_bytes(j, "node", reader_bytes(q, 0));
		result = put_facts(s, run, reader_text(q, 0), j);
		jsonout_end(j);
		if (result < 0)
			break;
	}
	jsonout_end(j);
	(void)sqlite3_finalize(q);
	return result;
}

int summary_json_run(struct store *s, const char *run, struct jsonout *j)
{
	int result;

	jsonout_object(j, NULL);
	jsonout_text(j, "run", run);
	result = put_facts(s, run, NULL, j);
	if (result == 0)
		result = put_nodes(s, run, j);
	if (result == 0)
		result = summary_json_headline(s, run, j);
	if (result == 0)
		result = summary_json_counterparts(s, run, j);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]) && result == 0; i++)
		result = put_section(s, run, &sections[i], j);
	jsonout_end(j);
	return result;
}
