/* SPDX-License-Identifier: Apache-2.0 */
#include "store/now.h"
#include "store/query.h"
#include "store/schema.h"
#include "store/seal.h"
#include "store/source.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BUSY_MS = 10000,                /* how long to wait for another program's transaction */
	COMMIT_BYTES = 32 << 20,        /* what gathers in one transaction, at most about that much */
	COMMIT_NS = 1000 * 1000 * 1000, /* and for about that long */
};

/* ---- Transactions ---- */

static int fail_again(const struct store *s, struct weir_error *reterr)
{
	return weir_fail(reterr, s->failed, "%s", s->error.text);
}

int store_begin(struct store *s, struct weir_error *reterr)
{
	int r;

	if (s->failed)
		return fail_again(s, reterr);
	if (!s->is_writer)
		return weir_fail(reterr, -EINVAL, "store: %s: opened for reading", s->path);
	if (s->in_transaction)
		return 0;
	r = sql_run(s->db, s->path, "BEGIN IMMEDIATE", reterr);
	if (r < 0)
		return r;
	if (!s->is_changed)
		r = seal_remove(s->db, s->path, reterr);
	if (r < 0) {
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		return r;
	}
	s->is_changed = 1;
	s->in_transaction = 1;
	s->began_ns = now_monotonic_ns();
	s->n_pending = 0;
	return 0;
}

int store_is_changing(const struct store *s)
{
	return s->in_transaction;
}

/* What is written to a file without a name is lost when it is closed. */
static int check_place(struct store *s, struct weir_error *reterr)
{
	int is_gone = 0;

	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &is_gone) != SQLITE_OK || !is_gone)
		return 0;
	s->failed =
		weir_fail(&s->error, -ESTALE, "store: %s: it was removed or replaced while it was written", s->path);
	return fail_again(s, reterr);
}

int store_commit(struct store *s, int force, struct weir_error *reterr)
{
	int r;

	if (s->failed)
		return fail_again(s, reterr);
	if (!s->in_transaction)
		return 0;
	if (!force && s->n_pending < COMMIT_BYTES && now_monotonic_ns() - s->began_ns < COMMIT_NS)
		return 0;
	r = source_write_kept(s, reterr);
	if (r == 0)
		r = sql_run(s->db, s->path, "COMMIT", reterr);
	if (r < 0) {
		s->failed = r;
		(void)sql_fail(&s->error, s->db, s->path);
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	}
	s->in_transaction = 0;
	return r < 0 ? r : check_place(s, reterr);
}

/* ---- Opening ---- */

static int fail_open(struct weir_error *reterr, const char *path, int r, pid_t holder)
{
	if (r == -EBUSY && holder)
		return weir_fail(reterr, r, "store: %s: process %d is writing to it", path, (int)holder);
	if (r == -EBUSY)
		return weir_fail(reterr, r, "store: %s: another process is writing to it", path);
	if (r == -EBADMSG || r == -EISDIR)
		return weir_fail(reterr, -EBADMSG, "store: %s: not a weir store: not a regular file", path);
	return weir_fail(reterr, r, "store: %s: %s", path, strerror(-r));
}

static int take_lock(struct store *s, enum store_mode mode, int *ret_is_created, struct weir_error *reterr)
{
	int flags = mode == STORE_READ ? O_RDONLY : O_RDWR;
	pid_t holder = 0;
	int r = mode == STORE_CREATE ? lock_take(s->path, O_RDWR | O_CREAT | O_EXCL, 1, &s->lock, &holder) : -EEXIST;

	*ret_is_created = r == 0;
	if (r == -EEXIST)
		r = lock_take(s->path, flags, mode != STORE_READ, &s->lock, &holder);
	return r < 0 ? fail_open(reterr, s->path, r, holder) : 0;
}

/* SQLite decodes %HH in a URI; two slashes would start a host's name. */
static char *immutable_uri(const char *path)
{
	static const char prefix[] = "file:", authority[] = "//", suffix[] = "?immutable=1";
	char *uri = malloc(sizeof(prefix) + sizeof(authority) + strlen(path) * 3 + sizeof(suffix)), *at;

	if (!uri)
		return NULL;
	at = stpcpy(stpcpy(uri, prefix), path[0] == '/' ? authority : "");
	for (; *path; path++)
		at += sprintf(at, strchr("%?#", *path) ? "%%%02X" : "%c", (unsigned char)*path);
	(void)stpcpy(at, suffix);
	return uri;
}

/* SQLite has names that are no paths. */
static char *plain_path(const char *path)
{
	int is_special = path[0] == ':' || strncmp(path, "file:", strlen("file:")) == 0;
	char *plain = malloc(strlen(path) + sizeof("./"));

	if (plain)
		(void)stpcpy(stpcpy(plain, is_special ? "./" : ""), path);
	return plain;
}

static int open_file(struct store *s, int is_immutable, struct weir_error *reterr)
{
	int flags = s->is_writer || !is_immutable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
	char *name = is_immutable ? immutable_uri(s->path) : strdup(s->path);
	int code = name ? sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) : SQLITE_NOMEM;

	free(name);
	if (code == SQLITE_OK) {
		(void)sqlite3_extended_result_codes(s->db, 1);
		(void)sqlite3_busy_timeout(s->db, BUSY_MS);
		return 0;
	}
	return s->db ? sql_fail(reterr, s->db, s->path) : weir_fail(reterr, -ENOMEM, "store: %s: no memory", s->path);
}

/* Whether a killed or a working writer has left a log beside the file. */
static int has_log(const char *path)
{
	size_t n = strlen(path) + sizeof("-wal");
	char *log = malloc(n);
	struct stat st;
	int r;

	if (!log)
		return 1;
	(void)snprintf(log, n, "%s-wal", path);
	r = stat(log, &st) == 0 && st.st_size > 0;
	free(log);
	return r;
}

/* Opens for reading. SQLite wants to make files beside one in WAL mode even to read it; where it can't or should not,
 * and there is no log, the file alone is all there is. */
static int open_reader(struct store *s, struct schema_identity *id, struct weir_error *reterr)
{
	int is_fixed = access(s->path, W_OK) < 0 && !has_log(s->path);
	int r = open_file(s, is_fixed, reterr);

	if (r == 0)
		r = schema_identify(s->db, s->path, id, reterr);
	if (r == 0 || is_fixed || r == -EBADMSG)
		return r;
	if (has_log(s->path))
		return weir_fail(reterr, r,
		                 "store: %s: %s-wal, which belongs to it, cannot be read here: copy both to "
		                 "a folder that can be written to",
		                 s->path, s->path);
	(void)sqlite3_close(s->db);
	s->db = NULL;
	r = open_file(s, 1, reterr);
	return r < 0 ? r : schema_identify(s->db, s->path, id, reterr);
}

static int open_writer(struct store *s, struct schema_identity *id, struct weir_error *reterr)
{
	int r = open_file(s, 0, reterr);

	return r < 0 ? r : schema_identify(s->db, s->path, id, reterr);
}

/* synchronous: a crash of the machine may cost the last commits, never the file. page_size: what the host does for a
 * page hardly depends on its size, so larger ones leave it more time for more workers. cache_size: pages are written
 * once and hardly read again, so a small cache is reused while the processor's has it, and the start of a worker makes
 * no copy of a large one. wal_autocheckpoint: 32 MiB; the log's bytes on the disk are used again, not given back. */
static const char writer_settings[] = "PRAGMA secure_delete = OFF; PRAGMA temp_store = MEMORY;"
				      "PRAGMA cache_size = -4096; PRAGMA page_size = 16384;"
				      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
				      "PRAGMA wal_autocheckpoint = 2048";
static const char reader_settings[] = "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768";

static int forget_unfinished(struct store *s, struct weir_error *reterr)
{
	int64_t source;
	int r;

	while ((r = statement_run(s, UNFINISHED_LIST, NULL, 0, reterr)) > 0) {
		source = statement_integer(s, UNFINISHED_LIST, 0);
		statement_done(s, UNFINISHED_LIST);
		r = store_begin(s, reterr);
		if (r == 0)
			r = source_forget(s, source, reterr);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : store_commit(s, 1, reterr);
}

static int find_next_segment(struct store *s, struct weir_error *reterr)
{
	int r = statement_run(s, SEGMENT_LAST, NULL, 0, reterr);

	if (r < 0)
		return r;
	s->next_segment = statement_integer(s, SEGMENT_LAST, 0) + 1;
	statement_done(s, SEGMENT_LAST);
	return 0;
}

static int open_checked(struct store *s, struct weir_error *reterr)
{
	struct schema_identity id = { 0 };
	int r = s->is_writer ? open_writer(s, &id, reterr) : open_reader(s, &id, reterr);

	if (r == 0)
		r = schema_check(&id, s->path, !s->is_writer, reterr);
	/* Before this, nothing may change a file that may be someone else's. */
	if (r == 0)
		r = sql_run(s->db, s->path, s->is_writer ? writer_settings : reader_settings, reterr);
	if (r == 0 && s->is_writer)
		r = schema_migrate(s->db, s->path, id.version, schema_steps, SCHEMA_VERSION, reterr);
	if (r == 0)
		r = seal_check(s->db, s->path, reterr);
	if (r == 0 && s->is_writer)
		r = forget_unfinished(s, reterr);
	if (r == 0 && s->is_writer)
		r = find_next_segment(s, reterr);
	if (r == 0)
		r = query_register(s->db, s->path, reterr);
	if (r == 0 && !s->is_writer)
		r = sql_run(s->db, s->path, "PRAGMA query_only = ON", reterr);
	return r;
}

int store_open(const char *path, enum store_mode mode, struct store **ret, struct weir_error *reterr)
{
	struct store *s = calloc(1, sizeof(*s));
	int is_created = 0, r;

	if (s)
		s->path = plain_path(path);
	if (!s || !s->path) {
		free(s);
		return weir_fail(reterr, -ENOMEM, "store: %s: no memory", path);
	}
	s->is_writer = mode != STORE_READ;
	r = take_lock(s, mode, &is_created, reterr);
	if (r == 0)
		r = open_checked(s, reterr);
	if (r == 0) {
		*ret = s;
		return 0;
	}
	if (is_created)
		(void)unlink(path);
	store_close(s);
	return r;
}

/* A commit of its own, so that what cannot be sealed is still kept. */
static int finish(struct store *s)
{
	int r = store_commit(s, 1, NULL);

	if (r < 0 || !s->is_changed)
		return r;
	r = store_begin(s, NULL);
	if (r == 0)
		r = seal_write(s->db, s->path, NULL);
	return r < 0 ? r : store_commit(s, 1, NULL);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->db && !s->failed)
		(void)finish(s);
	for (uint32_t i = 0; i < N_STATEMENTS; i++)
		(void)sqlite3_finalize(s->statements[i]);
	(void)sqlite3_close_v2(s->db);
	lock_release(s->lock);
	free(s->path);
	free(s);
}
