/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema.h"

#include <errno.h>
#include <inttypes.h>

/* Times are nanoseconds since 1970-01-01 UTC. */
static const char version_1[] =
	"CREATE TABLE run (id INTEGER PRIMARY KEY, tag TEXT NOT NULL UNIQUE);"
	"CREATE TABLE node (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run, name TEXT NOT NULL,"
	" UNIQUE (run, name));"
	/* node 0: of the run itself. */
	"CREATE TABLE fact (run INTEGER NOT NULL REFERENCES run, node INTEGER NOT NULL, name TEXT NOT NULL,"
	" value TEXT NOT NULL, PRIMARY KEY (run, node, name)) WITHOUT ROWID;"
	"CREATE TABLE component (run INTEGER NOT NULL REFERENCES run, name TEXT NOT NULL, version TEXT, revision TEXT,"
	" PRIMARY KEY (run, name)) WITHOUT ROWID;"
	"CREATE TABLE unclaimed (run INTEGER NOT NULL REFERENCES run, node INTEGER NOT NULL, path TEXT NOT NULL,"
	" bytes INTEGER NOT NULL, why TEXT, PRIMARY KEY (run, node, path)) WITHOUT ROWID;"
	"CREATE TABLE collector (id INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL,"
	" abi_major INTEGER NOT NULL, abi_minor INTEGER NOT NULL, sha256 BLOB NOT NULL, UNIQUE (name, version, "
	"sha256));"
	/* What a metric is, whoever emits it; shape, kind and type are those of weir/collector.h. */
	"CREATE TABLE metric (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, shape INTEGER NOT NULL,"
	" kind INTEGER NOT NULL, type INTEGER NOT NULL, unit TEXT NOT NULL);"
	/* Each collector's own dictionary, by the rows of its table. */
	"CREATE TABLE declared (collector INTEGER NOT NULL REFERENCES collector, row INTEGER NOT NULL,"
	" metric INTEGER NOT NULL REFERENCES metric, better INTEGER NOT NULL, scale INTEGER NOT NULL,"
	" range INTEGER NOT NULL, brief TEXT, help TEXT, PRIMARY KEY (collector, row)) WITHOUT ROWID;"
	"CREATE INDEX declared_metric ON declared (metric);"
	/* status stays NULL until the end marker: until then nothing of the source counts. */
	"CREATE TABLE source (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run, node INTEGER REFERENCES "
	"node,"
	" collector INTEGER NOT NULL REFERENCES collector, path TEXT NOT NULL, bytes INTEGER NOT NULL,"
	" mtime_ns INTEGER NOT NULL, options TEXT NOT NULL, status INTEGER, sha256 BLOB, clock TEXT, clock_tie TEXT,"
	" clock_error_ns INTEGER, n_read INTEGER, n_stored INTEGER, n_skipped INTEGER, n_bad INTEGER, n_lost INTEGER,"
	" reasons JSON TEXT, t_first_ns INTEGER, t_last_ns INTEGER);"
	"CREATE INDEX source_path ON source (run, node, path);"
	"CREATE INDEX source_node ON source (node);"
	"CREATE TABLE source_fact (source INTEGER NOT NULL REFERENCES source, name TEXT NOT NULL, value TEXT NOT NULL,"
	" PRIMARY KEY (source, name)) WITHOUT ROWID;"
	"CREATE TABLE diag (id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES source,"
	" severity INTEGER NOT NULL, code TEXT NOT NULL, offset INTEGER, count INTEGER NOT NULL,"
	" input INTEGER NOT NULL, message TEXT NOT NULL);"
	"CREATE INDEX diag_source ON diag (source);"
	/* id: the source's own. */
	"CREATE TABLE series (source INTEGER NOT NULL REFERENCES source, id INTEGER NOT NULL,"
	" metric INTEGER NOT NULL REFERENCES metric, attrs JSON TEXT NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;"
	"CREATE INDEX series_metric ON series (metric);"
	/* Bytes of blocks, one block after the other. */
	"CREATE TABLE segment (id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES source, bytes BLOB NOT NULL);"
	"CREATE INDEX segment_source ON segment (source);"
	/* store/block.h; number: of the source's blocks, in the order in which they came; series 0: dictionaries. */
	"CREATE TABLE block (source INTEGER NOT NULL REFERENCES source, series INTEGER NOT NULL,"
	" t_min_ns INTEGER NOT NULL, t_max_ns INTEGER NOT NULL, number INTEGER NOT NULL, kind INTEGER NOT NULL,"
	" first_id INTEGER NOT NULL, n_rows INTEGER NOT NULL, v_min REAL, v_max REAL, v_sum REAL,"
	" segment INTEGER NOT NULL REFERENCES segment, start INTEGER NOT NULL, n_bytes INTEGER NOT NULL,"
	" PRIMARY KEY (source, series, t_min_ns, t_max_ns, number)) WITHOUT ROWID;"
	/* store/seal.h; one row, or none. */
	"CREATE TABLE seal (id INTEGER PRIMARY KEY CHECK (id = 1), crc INTEGER NOT NULL);";

/* A source's series stand by metric, and need no index for it. The seal was one of version 1. */
static const char version_2[] =
	"ALTER TABLE series RENAME TO series_1;"
	"DROP INDEX series_metric;"
	"CREATE TABLE series (source INTEGER NOT NULL REFERENCES source, metric INTEGER NOT NULL REFERENCES metric,"
	" id INTEGER NOT NULL, attrs JSON TEXT NOT NULL, PRIMARY KEY (source, metric, id)) WITHOUT ROWID;"
	"INSERT INTO series SELECT source, metric, id, attrs FROM series_1 ORDER BY source, metric, id;"
	"DROP TABLE series_1;"
	"DELETE FROM seal;";

const char *const schema_steps[SCHEMA_VERSION] = { version_1, version_2 };

int schema_identify(sqlite3 *db, const char *path, struct schema_identity *ret, struct weir_error *reterr)
{
	int64_t n_tables = 0;
	int r = sql_integer(db, path, "PRAGMA main.application_id", &ret->application_id, reterr);

	if (r == 0)
		r = sql_integer(db, path, "PRAGMA main.user_version", &ret->version, reterr);
	if (r == 0)
		r = sql_integer(db, path, "SELECT count(*) FROM main.sqlite_schema", &n_tables, reterr);
	ret->is_empty = n_tables == 0;
	return r;
}

int schema_check(const struct schema_identity *id, const char *path, int is_reader, struct weir_error *reterr)
{
	int is_new = id->is_empty && id->application_id == 0 && id->version == 0;

	if (is_new && is_reader)
		return weir_fail(reterr, -EBADMSG, "store: %s: not a weir store: it is empty", path);
	if (!is_new && id->application_id != SCHEMA_APPLICATION_ID)
		return weir_fail(reterr, -EBADMSG, "store: %s: not a weir store: another program's SQLite file", path);
	if (id->version > SCHEMA_VERSION)
		return weir_fail(reterr, -ENOTSUP,
		                 "store: %s: version %" PRId64 ", and this weir reads up to %d: use a newer weir", path,
		                 id->version, SCHEMA_VERSION);
	if (is_reader && id->version < SCHEMA_VERSION)
		return weir_fail(reterr, -ENOTSUP,
		                 "store: %s: version %" PRId64
		                 ", and this weir reads %d: `weir ingest -o` to it brings "
		                 "it up to date",
		                 path, id->version, SCHEMA_VERSION);
	return 0;
}

static int set_identity(sqlite3 *db, const char *path, int64_t version, struct weir_error *reterr)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "PRAGMA main.application_id = %d; PRAGMA main.user_version = %" PRId64,
	               SCHEMA_APPLICATION_ID, version);
	return sql_run(db, path, text, reterr);
}

int schema_migrate(sqlite3 *db, const char *path, int64_t from, const char *const *steps, int64_t n_steps,
                   struct weir_error *reterr)
{
	int r;

	if (from >= n_steps)
		return 0;
	r = sql_run(db, path, "BEGIN IMMEDIATE", reterr);
	if (r < 0)
		return r;
	for (int64_t i = from; i < n_steps && r == 0; i++)
		r = sql_run(db, path, steps[i], reterr);
	if (r == 0)
		r = set_identity(db, path, n_steps, reterr);
	if (r == 0)
		r = sql_run(db, path, "COMMIT", reterr);
	if (r < 0)
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}
