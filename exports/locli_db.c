/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/locli_db.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/fail.h>

enum statement {
	INTO_ERROR,
	INTO_SUMMARY,
	INTO_TRACEFREQ,
	INTO_RESOURCE,
	INTO_SLOT,
	INTO_EVENT,
	INTO_TXNS,
	INTO_LEDGER_METRICS,
	N_STATEMENTS,
};

static const char *const inserts[N_STATEMENTS] = {
	[INTO_ERROR] = "INSERT INTO error VALUES (?,?)",
	[INTO_SUMMARY] = "INSERT INTO summary VALUES (?,?,?,?,?)",
	[INTO_TRACEFREQ] = "INSERT INTO tracefreq VALUES (?,?)",
	[INTO_RESOURCE] = "INSERT INTO resource VALUES (?,?,?,?,?,?)",
	[INTO_SLOT] = "INSERT INTO slot VALUES (?,?,?,?)",
	[INTO_EVENT] = "INSERT INTO event VALUES (?,?,?,?,?)",
	[INTO_TXNS] = "INSERT INTO txns VALUES (?,?,?,?,?)",
	[INTO_LEDGER_METRICS] = "INSERT INTO ledgermetrics VALUES (?,?,?,?)",
};

/* The file is private until it is whole, so nothing needs a journal. */
static const char schema[] =
	"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-16000;"
	"CREATE TABLE error (msg TEXT NOT NULL, input TEXT);"
	"CREATE TABLE summary (name TEXT NOT NULL, lines INTEGER NOT NULL, first_at REAL NOT NULL, last_at REAL NOT "
	"NULL, "
	"created REAL NOT NULL);"
	"CREATE TABLE tracefreq (msg TEXT NOT NULL, count INTEGER NOT NULL);"
	"CREATE TABLE resource (at REAL NOT NULL, centi_cpu INTEGER, rss INTEGER, heap INTEGER, alloc INTEGER, as_blob "
	"BLOB);"
	"CREATE TABLE slot (at REAL NOT NULL, slot INTEGER, utxo_size INTEGER, chain_dens REAL);"
	"CREATE TABLE event (at REAL NOT NULL, cons TEXT NOT NULL, slot INTEGER, block INTEGER, hash TEXT);"
	"CREATE TABLE txns (at REAL NOT NULL, cons TEXT NOT NULL, count INTEGER, rejected INTEGER, tid TEXT);"
	"CREATE TABLE IF NOT EXISTS ledgermetrics (at REAL NOT NULL, slot INTEGER, utxo_size INTEGER, chain_dens REAL);"
	"BEGIN";

struct locli_db {
	sqlite3 *db;
	sqlite3_stmt *statements[N_STATEMENTS];
	char *path, *temporary;
	int result; /* the first error */
	char text[2 * LOCLI_HASH_MAX + 2];
};

static int keep(struct locli_db *db, int sqlite_result)
{
	if (sqlite_result != SQLITE_OK && sqlite_result != SQLITE_DONE && !db->result)
		db->result = (sqlite_result & 0xff) == SQLITE_FULL ? -ENOSPC : -EIO;
	return db->result;
}

void locli_db_close(struct locli_db *db)
{
	if (!db)
		return;
	for (int i = 0; i < N_STATEMENTS; i++)
		(void)sqlite3_finalize(db->statements[i]);
	(void)sqlite3_close(db->db);
	if (db->temporary)
		(void)unlink(db->temporary);
	free(db->temporary);
	free(db->path);
	free(db);
}

int locli_db_open(const char *path, struct locli_db **ret, struct weir_error *reterr)
{
	struct locli_db *db = calloc(1, sizeof(*db));
	int r = -ENOMEM;

	if (!db)
		return weir_fail(reterr, -ENOMEM, "locli: %s: no memory", path);
	db->path = strdup(path);
	if (!db->path || asprintf(&db->temporary, "%s.%d.new", path, (int)getpid()) < 0)
		goto fail;
	(void)unlink(db->temporary);
	r = -EIO;
	if (sqlite3_open(db->temporary, &db->db) != SQLITE_OK ||
	    sqlite3_exec(db->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		goto fail;
	for (int i = 0; i < N_STATEMENTS; i++)
		if (sqlite3_prepare_v2(db->db, inserts[i], -1, &db->statements[i], NULL) != SQLITE_OK)
			goto fail;
	*ret = db;
	return 0;
fail:
	r = weir_fail(reterr, r, "locli: %s: %s", path, db->db ? sqlite3_errmsg(db->db) : "no memory");
	locli_db_close(db);
	return r;
}

static int step(struct locli_db *db, sqlite3_stmt *s)
{
	(void)keep(db, sqlite3_step(s));
	(void)sqlite3_reset(s);
	(void)sqlite3_clear_bindings(s);
	return db->result;
}

static void bind_text(sqlite3_stmt *s, int column, const char *at, size_t n)
{
	(void)sqlite3_bind_text64(s, column, at, n, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_word(sqlite3_stmt *s, int column, const char *word)
{
	bind_text(s, column, word, strlen(word));
}

static void bind_integer(sqlite3_stmt *s, int column, int has, int64_t value)
{
	if (has)
		(void)sqlite3_bind_int64(s, column, value);
}

static double posix_s(const struct trace_line *line)
{
	return (double)line->at_ns / 1e9;
}

/* A text column: the hash, and for a forged block the one before it behind a bar. */
static void bind_hash(struct locli_db *db, sqlite3_stmt *s, int column, const struct locli_object *o)
{
	size_t n;

	if (!(o->has & LOCLI_HAS_TEXT))
		return;
	n = jsontext_unescape(&o->text, db->text, LOCLI_HASH_MAX);
	if (o->has & LOCLI_HAS_PREVIOUS) {
		db->text[n++] = '|';
		n += jsontext_unescape(&o->previous, db->text + n, LOCLI_HASH_MAX);
	}
	bind_text(s, column, db->text, n);
}

static int put_resource(struct locli_db *db, const struct trace_line *line, const struct locli_object *o)
{
	/* Fields of locli_resource_names that have columns of their own. */
	enum {
		CENTI_CPU = 0,
		ALLOC = 5,
		RSS = 7,
		HEAP = 10
	};
	sqlite3_stmt *s = db->statements[INTO_RESOURCE];
	char blob[LOCLI_RESOURCE_FIELDS * 40];
	int n = 0;

	for (int i = 0; i < LOCLI_RESOURCE_FIELDS; i++)
		n += snprintf(blob + n, sizeof(blob) - (size_t)n, "%c\"%s\":%" PRIu64, i ? ',' : '{',
		              locli_resource_names[i], o->resources[i]);
	n += snprintf(blob + n, sizeof(blob) - (size_t)n, ",\"kind\":\"ResourceStats\"}");
	(void)sqlite3_bind_double(s, 1, posix_s(line));
	(void)sqlite3_bind_int64(s, 2, (int64_t)o->resources[CENTI_CPU]);
	(void)sqlite3_bind_int64(s, 3, (int64_t)o->resources[RSS]);
	(void)sqlite3_bind_int64(s, 4, (int64_t)o->resources[HEAP]);
	(void)sqlite3_bind_int64(s, 5, (int64_t)o->resources[ALLOC]);
	(void)sqlite3_bind_blob(s, 6, blob, n, SQLITE_STATIC);
	return step(db, s);
}

static int put_slot(struct locli_db *db, enum statement into, const struct trace_line *line,
                    const struct locli_object *o)
{
	sqlite3_stmt *s = db->statements[into];

	(void)sqlite3_bind_double(s, 1, posix_s(line));
	(void)sqlite3_bind_int64(s, 2, o->first);
	(void)sqlite3_bind_int64(s, 3, o->second);
	(void)sqlite3_bind_double(s, 4, o->real);
	return step(db, s);
}

static int put_event(struct locli_db *db, const struct trace_line *line, const struct locli_object *o)
{
	sqlite3_stmt *s = db->statements[INTO_EVENT];

	(void)sqlite3_bind_double(s, 1, posix_s(line));
	bind_word(s, 2, o->constructor);
	bind_integer(s, 3, !!(o->has & LOCLI_HAS_FIRST), o->first);
	bind_integer(s, 4, !!(o->has & LOCLI_HAS_SECOND), o->second);
	bind_hash(db, s, 5, o);
	return step(db, s);
}

static int put_txns(struct locli_db *db, const struct trace_line *line, const struct locli_object *o)
{
	sqlite3_stmt *s = db->statements[INTO_TXNS];
	int has_thread = !strcmp(o->constructor, "LOTxsCollected") || !strcmp(o->constructor, "LOTxsProcessed");

	(void)sqlite3_bind_double(s, 1, posix_s(line));
	bind_word(s, 2, o->constructor);
	bind_integer(s, 3, !!(o->has & LOCLI_HAS_FIRST), o->first);
	bind_integer(s, 4, !!(o->has & LOCLI_HAS_SECOND), o->second);
	if (has_thread)
		bind_text(s, 5, line->thread.at, line->thread.n);
	return step(db, s);
}

int locli_db_put(struct locli_db *db, const struct trace_line *line, const struct locli_object *o)
{
	switch (o->table) {
	case LOCLI_RESOURCE:
		return put_resource(db, line, o);
	case LOCLI_SLOT:
		return put_slot(db, INTO_SLOT, line, o);
	case LOCLI_LEDGER_METRICS:
		return put_slot(db, INTO_LEDGER_METRICS, line, o);
	case LOCLI_EVENT:
		return put_event(db, line, o);
	case LOCLI_TXNS:
		return put_txns(db, line, o);
	default:
		return db->result;
	}
}

int locli_db_error(struct locli_db *db, const char *why, struct parse_text line)
{
	sqlite3_stmt *s = db->statements[INTO_ERROR];

	bind_word(s, 1, why);
	bind_text(s, 2, line.at, line.n);
	return step(db, s);
}

int locli_db_frequency(struct locli_db *db, const char *name, uint64_t count)
{
	sqlite3_stmt *s = db->statements[INTO_TRACEFREQ];

	bind_word(s, 1, name);
	(void)sqlite3_bind_int64(s, 2, (int64_t)count);
	return step(db, s);
}

int locli_db_finish(struct locli_db *db, const struct locli_summary *summary, struct weir_error *reterr)
{
	sqlite3_stmt *s = db->statements[INTO_SUMMARY];

	bind_word(s, 1, summary->node);
	(void)sqlite3_bind_int64(s, 2, (int64_t)summary->n_lines);
	(void)sqlite3_bind_double(s, 3, summary->first_s);
	(void)sqlite3_bind_double(s, 4, summary->last_s);
	(void)sqlite3_bind_double(s, 5, summary->created_s);
	(void)step(db, s);
	(void)keep(db, sqlite3_exec(db->db, "COMMIT", NULL, NULL, NULL));
	if (db->result)
		return weir_fail(reterr, db->result, "locli: %s: %s", db->path, sqlite3_errmsg(db->db));
	for (int i = 0; i < N_STATEMENTS; i++) {
		(void)sqlite3_finalize(db->statements[i]);
		db->statements[i] = NULL;
	}
	if (sqlite3_close(db->db) != SQLITE_OK)
		return weir_fail(reterr, -EIO, "locli: %s: cannot be closed", db->path);
	db->db = NULL;
	if (rename(db->temporary, db->path) < 0)
		return weir_fail(reterr, -errno, "locli: %s: %s", db->path, strerror(errno));
	free(db->temporary);
	db->temporary = NULL;
	return 0;
}
