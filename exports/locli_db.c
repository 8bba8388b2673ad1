/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/locli_db.h"

#include "exports/replace.h"
#include "exports/sqlite_record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

enum table {
	TABLE_ERROR,
	TABLE_SUMMARY,
	TABLE_TRACEFREQ,
	TABLE_RESOURCE,
	TABLE_SLOT,
	TABLE_EVENT,
	TABLE_TXNS,
	TABLE_LEDGER_METRICS,
	N_TABLES,
};

/* In locli's order and words. */
static const struct {
	const char *name, *sql;
} tables[N_TABLES] = {
	[TABLE_ERROR] = { "error", "CREATE TABLE error (msg TEXT NOT NULL, input TEXT)" },
	[TABLE_SUMMARY] = { "summary",
	                    "CREATE TABLE summary (name TEXT NOT NULL, lines INTEGER NOT NULL, first_at REAL NOT "
	                    "NULL, last_at REAL NOT NULL, created REAL NOT NULL)" },
	[TABLE_TRACEFREQ] = { "tracefreq", "CREATE TABLE tracefreq (msg TEXT NOT NULL, count INTEGER NOT NULL)" },
	[TABLE_RESOURCE] = { "resource",
	                     "CREATE TABLE resource (at REAL NOT NULL, centi_cpu INTEGER, rss INTEGER, heap "
	                     "INTEGER, alloc INTEGER, as_blob BLOB)" },
	[TABLE_SLOT] = { "slot",
	                 "CREATE TABLE slot (at REAL NOT NULL, slot INTEGER, utxo_size INTEGER, chain_dens REAL)" },
	[TABLE_EVENT] = { "event",
	                  "CREATE TABLE event (at REAL NOT NULL, cons TEXT NOT NULL, slot INTEGER, block INTEGER, "
	                  "hash TEXT)" },
	[TABLE_TXNS] = { "txns",
	                 "CREATE TABLE txns (at REAL NOT NULL, cons TEXT NOT NULL, count INTEGER, rejected INTEGER, "
	                 "tid TEXT)" },
	[TABLE_LEDGER_METRICS] = { "ledgermetrics",
	                           "CREATE TABLE ledgermetrics (at REAL NOT NULL, slot INTEGER, utxo_size "
	                           "INTEGER, chain_dens REAL)" },
};

struct locli_db {
	struct sqlite_file *file;
	struct replace replace;
	char text[2 * LOCLI_HASH_MAX + 2];
};

void locli_db_close(struct locli_db *db)
{
	if (!db)
		return;
	sqlite_file_free(db->file);
	replace_abort(&db->replace);
	free(db);
}

int locli_db_open(const char *path, struct locli_db **ret, struct weir_error *reterr)
{
	struct locli_db *db = calloc(1, sizeof(*db));
	int r;

	if (!db)
		return weir_fail(reterr, -ENOMEM, "locli: %s: no memory", path);
	r = replace_open(&db->replace, path, reterr);
	if (r == 0) {
		/* It comes in pages. */
		(void)setvbuf(db->replace.file, NULL, _IONBF, 0);
		db->file = sqlite_file_new(db->replace.file);
		if (!db->file)
			r = weir_fail(reterr, -ENOMEM, "locli: %s: no memory", path);
	}
	for (int i = 0; i < N_TABLES && r == 0; i++)
		if (sqlite_file_table(db->file, tables[i].name, tables[i].sql) != i)
			r = weir_fail(reterr, -ENOMEM, "locli: %s: no memory", path);
	if (r < 0) {
		locli_db_close(db);
		return r;
	}
	*ret = db;
	return 0;
}

static struct sqlite_file_value of_text(const char *at, size_t n)
{
	return (struct sqlite_file_value){ .type = SQLITE_FILE_TEXT, .bytes = { at, n } };
}

static struct sqlite_file_value of_word(const char *word)
{
	return of_text(word, strlen(word));
}

static struct sqlite_file_value of_integer(int64_t value)
{
	return (struct sqlite_file_value){ .type = SQLITE_FILE_INTEGER, .integer = value };
}

static struct sqlite_file_value of_real(double value)
{
	return (struct sqlite_file_value){ .type = SQLITE_FILE_REAL, .real = value };
}

static struct sqlite_file_value integer_if(uint32_t has, int64_t value)
{
	return has ? of_integer(value) : (struct sqlite_file_value){ .type = SQLITE_FILE_NULL };
}

/* Inlined: the types of nearly all columns are known here, and most of what makes a cell is gone then. */
static inline __attribute__((always_inline)) int put_row(struct locli_db *db, enum table table,
                                                         const struct sqlite_file_value *values, unsigned n_values)
{
	uint64_t rowid;
	uint8_t *cell = sqlite_file_room(db->file, (int)table, &rowid);
	size_t n = cell ? sqlite_cell_short(cell, rowid, values, n_values) : 0;

	if (!n)
		return sqlite_file_row(db->file, (int)table, values, n_values);
	sqlite_file_took(db->file, (int)table, n);
	return 0;
}

static double posix_s(const struct trace_line *line)
{
	return (double)line->at_ns / 1e9;
}

/* The hash, and for a forged block the one before it behind a bar. */
static struct sqlite_file_value of_hash(struct locli_db *db, const struct locli_object *o)
{
	size_t n;

	if (!(o->has & LOCLI_HAS_TEXT))
		return (struct sqlite_file_value){ .type = SQLITE_FILE_NULL };
	if (!o->text.has_escape && !(o->has & LOCLI_HAS_PREVIOUS))
		return of_text(o->text.raw.at, o->text.raw.n);
	n = jsontext_unescape(&o->text, db->text, LOCLI_HASH_MAX);
	if (o->has & LOCLI_HAS_PREVIOUS) {
		db->text[n++] = '|';
		n += jsontext_unescape(&o->previous, db->text + n, LOCLI_HASH_MAX);
	}
	return of_text(db->text, n);
}

/* What stands before each value of a blob, in the order of locli_resource_names; always copied whole. */
static const struct {
	char text[16];
	size_t n;
} resource_starts[LOCLI_RESOURCE_FIELDS] = {
	{ "{\"CentiCpu\":", 12 },   { ",\"CentiGC\":", 11 }, { ",\"CentiMut\":", 12 }, { ",\"GcsMajor\":", 12 },
	{ ",\"GcsMinor\":", 12 },   { ",\"Alloc\":", 9 },    { ",\"Live\":", 8 },      { ",\"RSS\":", 7 },
	{ ",\"CentiBlkIO\":", 14 }, { ",\"Threads\":", 11 }, { ",\"Heap\":", 8 },      { ",\"NetRd\":", 9 },
	{ ",\"NetWr\":", 9 },       { ",\"FsRd\":", 8 },     { ",\"FsWr\":", 8 },
};

static char *put_decimal(char *to, uint64_t value)
{
	char digits[24];
	size_t n = sizeof(digits);

	if (value < 10) {
		*to = (char)('0' + value);
		return to + 1;
	}
	for (; value >= 100; value /= 100) {
		uint64_t two = value % 100;

		digits[--n] = (char)('0' + two % 10);
		digits[--n] = (char)('0' + two / 10);
	}
	for (; value; value /= 10)
		digits[--n] = (char)('0' + value % 10);
	memcpy(to, digits + n, sizeof(digits) - n);
	return to + sizeof(digits) - n;
}

/* {"CentiCpu":1,…,"kind":"ResourceStats"} */
static size_t resource_blob(char *blob, const struct locli_object *o)
{
	static const char end[] = ",\"kind\":\"ResourceStats\"}";
	char *to = blob;

	for (int i = 0; i < LOCLI_RESOURCE_FIELDS; i++) {
		memcpy(to, resource_starts[i].text, sizeof(resource_starts[i].text));
		to = put_decimal(to + resource_starts[i].n, o->resources[i]);
	}
	memcpy(to, end, sizeof(end) - 1);
	return (size_t)(to - blob) + sizeof(end) - 1;
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
	char blob[(LOCLI_RESOURCE_FIELDS + 1) * 40];
	size_t n = resource_blob(blob, o);

	return sqlite_file_row(db->file, TABLE_RESOURCE,
	                       (struct sqlite_file_value[]){
				       of_real(posix_s(line)),
				       of_integer((int64_t)o->resources[CENTI_CPU]),
				       of_integer((int64_t)o->resources[RSS]),
				       of_integer((int64_t)o->resources[HEAP]),
				       of_integer((int64_t)o->resources[ALLOC]),
				       { .type = SQLITE_FILE_BLOB, .bytes = { blob, n } },
			       },
	                       6);
}

static int put_slot(struct locli_db *db, enum table table, const struct trace_line *line, const struct locli_object *o)
{
	return put_row(db, table,
	               (struct sqlite_file_value[]){ of_real(posix_s(line)), of_integer(o->first),
	                                             of_integer(o->second), of_real(o->real) },
	               4);
}

static int put_event(struct locli_db *db, const struct trace_line *line, const struct locli_object *o)
{
	return sqlite_file_row(
		db->file, TABLE_EVENT,
		(struct sqlite_file_value[]){ of_real(posix_s(line)), of_text(o->constructor.at, o->constructor.n),
	                                      integer_if(o->has & LOCLI_HAS_FIRST, o->first),
	                                      integer_if(o->has & LOCLI_HAS_SECOND, o->second), of_hash(db, o) },
		5);
}

static int put_txns(struct locli_db *db, const struct trace_line *line, const struct locli_object *o)
{
	return put_row(db, TABLE_TXNS,
	               (struct sqlite_file_value[]){
			       of_real(posix_s(line)),
			       of_text(o->constructor.at, o->constructor.n),
			       integer_if(o->has & LOCLI_HAS_FIRST, o->first),
			       integer_if(o->has & LOCLI_HAS_SECOND, o->second),
			       o->has & LOCLI_HAS_THREAD ? of_text(line->thread.at, line->thread.n)
							 : (struct sqlite_file_value){ .type = SQLITE_FILE_NULL },
		       },
	               5);
}

int locli_db_put(struct locli_db *db, const struct trace_line *line, const struct locli_object *o)
{
	switch (o->table) {
	case LOCLI_RESOURCE:
		return put_resource(db, line, o);
	case LOCLI_SLOT:
		return put_slot(db, TABLE_SLOT, line, o);
	case LOCLI_LEDGER_METRICS:
		return put_slot(db, TABLE_LEDGER_METRICS, line, o);
	case LOCLI_EVENT:
		return put_event(db, line, o);
	case LOCLI_TXNS:
		return put_txns(db, line, o);
	default:
		return 0;
	}
}

int locli_db_error(struct locli_db *db, const char *why, struct parse_text line)
{
	return sqlite_file_row(db->file, TABLE_ERROR,
	                       (struct sqlite_file_value[]){ of_word(why), of_text(line.at, line.n) }, 2);
}

int locli_db_frequency(struct locli_db *db, const char *name, uint64_t count)
{
	return sqlite_file_row(db->file, TABLE_TRACEFREQ,
	                       (struct sqlite_file_value[]){ of_word(name), of_integer((int64_t)count) }, 2);
}

int locli_db_finish(struct locli_db *db, const struct locli_summary *summary, struct weir_error *reterr)
{
	int r;

	(void)sqlite_file_row(db->file, TABLE_SUMMARY,
	                      (struct sqlite_file_value[]){ of_word(summary->node),
	                                                    of_integer((int64_t)summary->n_lines),
	                                                    of_real(summary->first_s), of_real(summary->last_s),
	                                                    of_real(summary->created_s) },
	                      5);
	r = sqlite_file_finish(db->file);
	if (r < 0)
		return weir_fail(reterr, r, "locli: %s: %s", db->replace.path, strerror(-r));
	db->replace.is_remade = 1;
	return replace_commit(&db->replace, reterr);
}
