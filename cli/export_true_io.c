/* SPDX-License-Identifier: Apache-2.0 */
/* `weir export --to locli --true-io`: what `weir ingest --locli --true-io` makes of a run's logs, from a store that has
 * read them. They are only taken as it has read them.
 */
#include "cli/export.h"
#include "cli/reader.h"
#include "cli/run_logs.h"
#include "cli/say.h"
#include "cli/verbs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

enum {
	SAID_MAX = 20, /* logs that are named */
	HASH_TEXT_MAX = 65,
};

/* A log that the store has read. */
struct known_log {
	char *path, *node;
	int64_t n_bytes;
	char sha256[HASH_TEXT_MAX]; /* as hexadecimal digits; "": it isn't known */
	int is_there;
};

struct known {
	struct known_log *logs;
	uint32_t n;
};

struct true_io {
	struct store *store;
	const char *store_path;
	struct run *run;
	struct run_logs logs;
	struct known known;
	int is_sure; /* run directory and store both say who they are, and agree */
	uint32_t n_wrong, n_gone;
	char why[4096 + 512]; /* nothing, or not all, was made of the logs: the last line that is said */
};

static void true_io_done(struct true_io *t)
{
	for (uint32_t i = 0; i < t->known.n; i++) {
		free(t->known.logs[i].path);
		free(t->known.logs[i].node);
	}
	free(t->known.logs);
	run_logs_done(&t->logs);
	run_close(t->run);
	free(t);
}

static int add_log(struct known *k, sqlite3_stmt *q)
{
	struct known_log *more = reallocarray(k->logs, k->n + 1u, sizeof(*more)), *to;

	if (!more)
		return -ENOMEM;
	k->logs = more;
	to = &more[k->n++];
	*to = (struct known_log){ .path = strdup(reader_text(q, 0)),
		                  .node = strdup(reader_text(q, 1)),
		                  .n_bytes = sqlite3_column_int64(q, 2) };
	(void)snprintf(to->sha256, sizeof(to->sha256), "%s", reader_text(q, 3));
	return to->path && to->node ? 0 : -ENOMEM;
}

static int load_known(struct true_io *t)
{
	sqlite3_stmt *q = reader_query(t->store, "export",
	                               "SELECT path, node, bytes, max(sha256) FROM sources WHERE run = ?1 GROUP BY path"
	                               " ORDER BY path",
	                               (const char *const[]){ t->run->tag }, 1);
	int step = -1, r = 0;

	while (q && r == 0 && (step = reader_step(q, "export")) > 0)
		if (run_logs_is_log(reader_text(q, 0)))
			r = add_log(&t->known, q);
	(void)sqlite3_finalize(q);
	if (r < 0)
		say("export: --true-io: no memory");
	return r < 0 ? r : step;
}

static struct known_log *find_known(const struct known *k, const char *path)
{
	for (uint32_t i = 0; i < k->n; i++)
		if (strcmp(k->logs[i].path, path) == 0)
			return &k->logs[i];
	return NULL;
}

/* ---- Whether it is the run ---- */

/* What the run was called where it was made; it may have got another name in the store. 1: into ret, 0: it isn't
 * known, < 0: failed, and said. */
static int load_tag(struct true_io *t, char *ret, size_t size)
{
	sqlite3_stmt *q = reader_query(t->store, "export",
	                               "SELECT value FROM facts WHERE run = ?1 AND node IS NULL AND name = 'run.tag'",
	                               (const char *const[]){ t->run->tag }, 1);
	int step = q ? reader_step(q, "export") : -1;

	if (step > 0)
		(void)snprintf(ret, size, "%s", reader_text(q, 0));
	(void)sqlite3_finalize(q);
	return step;
}

static int check_tag(struct true_io *t)
{
	const char *own = run_fact(t->run, RUN_NONE, "run.tag");
	char tag[RUN_VALUE_BYTES_MAX + 1];
	int is_known = load_tag(t, tag, sizeof(tag));

	if (is_known < 0)
		return EXIT_FAILED;
	t->is_sure = own && is_known;
	if (!t->is_sure || strcmp(own, tag) == 0)
		return EXIT_ALL;
	say("export: --true-io: %s: is the run %s, and the store's %s is %s; nothing was written", t->run->root, own,
	    t->run->tag, tag);
	return EXIT_FAILED;
}

/* ---- Whether its logs are those that were read ---- */

/* What nobody could read then has no checksum. */
static int was_nobodys(struct true_io *t, const struct run_file *file)
{
	sqlite3_stmt *q = reader_query(t->store, "export", "SELECT bytes FROM unclaimed WHERE run = ?1 AND path = ?2",
	                               (const char *const[]){ t->run->tag, file->path }, 2);
	int is_it = q && reader_step(q, "export") > 0 && (uint64_t)sqlite3_column_int64(q, 0) == file->size_bytes;

	(void)sqlite3_finalize(q);
	return is_it;
}

static int has_sum(const uint8_t sha256[32], const char *hex)
{
	char text[HASH_TEXT_MAX];

	for (size_t i = 0; i < 32; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", sha256[i]);
	return strcmp(text, hex) == 0;
}

/* NULL: it is as the store has read it; else why not. */
static const char *judge(struct true_io *t, uint32_t i)
{
	const struct run_file *file = &t->run->files[run_find(t->run, t->logs.sums[i].path)];
	struct known_log *log = find_known(&t->known, file->path);
	uint8_t sha256[32];
	struct weir_error error;

	if (!log)
		return file->size_bytes == 0 || was_nobodys(t, file) ? NULL : "the store has not read it";
	log->is_there = 1;
	if (!log->sha256[0])
		return "the store has no checksum of it";
	if (log->n_bytes == (int64_t)file->size_bytes) {
		if (locli_sum_file(t->logs.paths[i], sha256, &error) < 0)
			return "cannot be read";
		if (has_sum(sha256, log->sha256))
			return NULL;
	}
	return "has changed since the store has read it";
}

static void say_wrong(struct true_io *t, const char *path, const char *why)
{
	if (t->n_wrong++ < SAID_MAX)
		say("export: --true-io: %s: %s", path, why);
}

/* Each log that is not as the store has read it is named and counted. */
static void check_logs(struct true_io *t)
{
	for (uint32_t i = 0; i < t->logs.n_paths; i++) {
		const char *why = judge(t, i);

		if (why)
			say_wrong(t, t->logs.sums[i].path, why);
	}
	for (uint32_t i = 0; i < t->known.n; i++)
		if (!t->known.logs[i].is_there) {
			t->n_gone++;
			say_wrong(t, t->known.logs[i].path, "is gone");
		}
	if (t->n_wrong > SAID_MAX)
		say("export: --true-io: and %u more", t->n_wrong - SAID_MAX);
}

/* A node's measurements have the name that its logs have in the store, whatever the folder is called. */
static void take_names(struct true_io *t)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < t->logs.n_nodes; at += t->logs.nodes[i++].n_files)
		for (uint32_t k = t->logs.nodes[i].n_files; k-- > 0;) {
			const struct known_log *log = find_known(&t->known, t->logs.sums[at + k].path);

			if (log)
				t->logs.names[i] = log->node;
		}
}

/* ---- All of it ---- */

__attribute__((format(printf, 2, 3))) static int refuse(struct true_io *t, const char *format, ...)
{
	va_list list;
	size_t n;

	va_start(list, format);
	(void)vsnprintf(t->why, sizeof(t->why), format, list);
	va_end(list);
	n = strlen(t->why);
	(void)snprintf(t->why + n, sizeof(t->why) - n, "; what analysis/ has of the run's logs stays as it is");
	return EXIT_INCOMPLETE;
}

static int write_logs(struct true_io *t)
{
	const struct run_logs_request request = { .verb = "export", .option = "--to locli", .is_true_io = 1 };
	struct weir_error error;
	int code;

	take_names(t);
	if (run_logs_measure(t->store, t->run, &t->logs, &error) < 0)
		return refuse(t, "%s", error.text);
	if (t->logs.n_measured == 0)
		return refuse(t,
		              "%s: has no disk or network measurements of the nodes of run %s (`weir record` and "
		              "`weir attach` make them)",
		              t->store_path, t->run->tag);
	code = run_logs_write(t->store, &request, t->run, &t->logs);
	if (code != EXIT_ALL)
		(void)snprintf(t->why, sizeof(t->why),
		               "%s: not all of it could be written or filled in; the lines above say what",
		               t->run->root);
	return code;
}

static int check_and_write(struct true_io *t)
{
	if (t->known.n == 0)
		return refuse(t, "%s: has no logs of run %s (`weir ingest RUN_DIR` reads them)", t->store_path,
		              t->run->tag);
	check_logs(t);
	if (t->n_gone == t->known.n && !t->is_sure) {
		say("export: --true-io: %s: has none of the logs of run %s, so it is not its directory; nothing was "
		    "written",
		    t->run->root, t->run->tag);
		return EXIT_FAILED;
	}
	if (t->n_wrong > 0)
		return refuse(t,
		              "%s: not all of its logs are as the store has read them (`weir ingest` reads them "
		              "again)",
		              t->run->root);
	return write_logs(t);
}

static int write_run(struct true_io *t)
{
	int code = EXIT_FAILED, profiles;

	if (run_logs_find(t->run, &t->logs) < 0)
		say("export: --true-io: no memory");
	else if (load_known(t) == 0)
		code = check_and_write(t);
	if (code == EXIT_FAILED)
		return code;
	profiles = export_locli("export", t->store, t->run->tag, t->run->root, 0);
	if (t->why[0])
		say("export: --true-io: %s", t->why);
	return profiles == EXIT_ALL ? code : profiles;
}

static int open_run(const char *tag, const char *folder, struct run **ret, struct weir_error *reterr)
{
	char *root, *real;
	int result = run_root(folder, &root, &real, reterr);

	if (result == 0 && !root)
		result = weir_fail(reterr, -ENOTDIR, "run: %s: %s", folder, strerror(ENOTDIR));
	if (result == 0)
		result = run_open(&(struct run_config){ .root = root, .tag = tag }, ret, reterr);
	free(root);
	free(real);
	return result;
}

int export_true_io(struct store *s, const struct export_request *r, const char *run, const char *folder)
{
	struct true_io *t = calloc(1, sizeof(*t));
	struct weir_error error;
	int code = EXIT_FAILED;

	if (!t) {
		say("export: --true-io: no memory");
		return code;
	}
	t->store = s;
	t->store_path = r->store_path;
	if (open_run(run, folder, &t->run, &error) < 0)
		say("export: %s", error.text);
	else if (check_tag(t) == EXIT_ALL)
		code = write_run(t);
	true_io_done(t);
	return code;
}
