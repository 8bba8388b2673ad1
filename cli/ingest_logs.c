/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ingest.h"

#include "cli/amount.h"
#include "cli/export.h"
#include "cli/reader.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "exports/locli_io.h"
#include "exports/locli_log.h"
#include "exports/locli_sums.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	SAID_MAX = 20, /* bad lines that are printed */
};

/* The logs of a run's nodes, as `wb analyse prepare` finds them: node-N/stdout* and node-N/node-[0-9]*.json. */
struct logs {
	struct locli_log_node *nodes;
	struct locli_io **io;
	const char **names; /* as the store calls the nodes */
	uint32_t n_nodes;
	char **paths; /* of all nodes' files; a node's lie beside each other */
	struct locli_sum *sums;
	struct locli_log_file *ledgers;
	uint32_t n_paths;
	struct locli_log_bad *bad;
	int64_t newest_ns;
};

static void logs_done(struct logs *l)
{
	for (uint32_t i = 0; i < l->n_paths; i++)
		free(l->paths[i]);
	for (uint32_t i = 0; i < l->n_nodes; i++)
		locli_io_free(l->io[i]);
	free(l->io);
	free(l->names);
	free(l->sums);
	free(l->ledgers);
	free(l->bad);
	free(l->paths);
	free(l->nodes);
}

static int is_log(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && path[n] == '/' && !strchr(path + n + 1, '/') &&
	       (fnmatch("stdout*", path + n + 1, 0) == 0 || fnmatch("node-[0-9]*.json", path + n + 1, 0) == 0);
}

static int add_node(struct logs *l, const struct run *run, const struct run_node *node)
{
	struct locli_log_node *to = &l->nodes[l->n_nodes];

	*to = (struct locli_log_node){ .name = node->folder, .files = (const char *const *)l->paths + l->n_paths };
	for (uint32_t i = 0; i < run->n_files; i++) {
		const struct run_file *file = &run->files[i];

		if (!is_log(file->path, node->folder))
			continue;
		if (asprintf(&l->paths[l->n_paths], "%s/%s", run->root, file->path) < 0)
			return -ENOMEM;
		l->sums[l->n_paths++].path = file->path;
		to->n_files++;
		l->newest_ns = file->mtime_ns > l->newest_ns ? file->mtime_ns : l->newest_ns;
	}
	l->names[l->n_nodes] = node->name;
	l->n_nodes += to->n_files > 0;
	return 0;
}

static int find_logs(const struct run *run, struct logs *ret)
{
	int r = 0;

	*ret = (struct logs){ 0 };
	ret->nodes = calloc(run->n_nodes + 1u, sizeof(*ret->nodes));
	ret->paths = calloc(run->n_files + 1u, sizeof(*ret->paths));
	ret->io = calloc(run->n_nodes + 1u, sizeof(*ret->io));
	ret->names = calloc(run->n_nodes + 1u, sizeof(*ret->names));
	ret->sums = calloc(run->n_files + 1u, sizeof(*ret->sums));
	ret->ledgers = calloc(run->n_files + 1u, sizeof(*ret->ledgers));
	ret->bad = calloc(run->n_nodes + 1u, LOCLI_LOG_BAD_MAX * sizeof(*ret->bad));
	if (!ret->nodes || !ret->paths || !ret->io || !ret->names || !ret->sums || !ret->ledgers || !ret->bad)
		return -ENOMEM;
	for (uint32_t i = 0; i < run->n_nodes && r == 0; i++)
		if (fnmatch("node-*", run->nodes[i].folder, FNM_PATHNAME) == 0)
			r = add_node(ret, run, &run->nodes[i]);
	return r;
}

static int load_io(struct store *s, const struct run *run, struct logs *l, struct weir_error *reterr)
{
	int r = 0;

	for (uint32_t i = 0; i < l->n_nodes && r == 0; i++) {
		r = locli_io_load(s, run->tag, l->names[i], &l->io[i], reterr);
		l->nodes[i].io = l->io[i];
	}
	return r;
}

static void say_filled(const struct run *run, const struct logs *l, const struct locli_log_report *report)
{
	static const char *const names[LOCLI_IO_FIELDS] = { "NetRd", "NetWr", "CentiBlkIO" };
	char filled[AMOUNT_MAX], all[AMOUNT_MAX];

	printf("%s/analysis: %s of %s resource records lie within what weir measured\n", run->root,
	       amount_count(filled, report->n_filled), amount_count(all, report->n_resources));
	for (uint32_t i = 0; i < l->n_nodes; i++)
		if (locli_io_has_read_times(l->io[i]))
			printf("%s: CentiBlkIO is the time that its own reads took\n", l->names[i]);
	for (uint32_t i = 0; i < l->n_nodes; i++)
		for (int k = 0; k < LOCLI_IO_FIELDS; k++)
			if (!locli_io_has(l->io[i], k))
				say("ingest: --true-io: %s: %s: the store has no measurement; it stays as the node "
				    "wrote it",
				    l->names[i], names[k]);
}

/* Whether a manifest is there and younger than every log: then nothing has to be made again, as in the workbench. */
static int is_newer(const struct run *run, const char *name, int64_t than_ns)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/analysis/%s", run->root, name) >= (int)sizeof(path) || stat(path, &st) < 0)
		return 0;
	return st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec > than_ns;
}

/* ---- Checksums, and what was bad where no store says it ---- */

static int from_hex(const char *hex, uint8_t *to, size_t n)
{
	unsigned byte;

	for (size_t i = 0; i < n; i++)
		if (sscanf(hex + 2 * i, "%2x", &byte) == 1)
			to[i] = (uint8_t)byte;
		else
			return 0;
	return 1;
}

/* The store has hashed what it has read. */
static int load_sum(struct store *s, const char *run, struct locli_sum *sum)
{
	sqlite3_stmt *q = reader_query(s, "ingest",
	                               "SELECT sha256 FROM sources WHERE run = ?1 AND path = ?2 AND sha256 IS NOT NULL",
	                               (const char *const[]){ run, sum->path }, 2);
	int step = q ? reader_step(q, "ingest") : -1;

	if (step > 0)
		sum->is_known = from_hex(reader_text(q, 0), sum->sha256, sizeof(sum->sha256));
	(void)sqlite3_finalize(q);
	return step < 0 ? -EIO : 0;
}

static int write_sums(struct store *s, const struct run *run, struct logs *l)
{
	struct weir_error error;
	int result = 0;

	for (uint32_t i = 0; i < l->n_paths && result == 0; i++) {
		if (s) {
			result = load_sum(s, run->tag, &l->sums[i]);
			continue;
		}
		l->sums[i].is_known = l->ledgers[i].is_whole;
		memcpy(l->sums[i].sha256, l->ledgers[i].sha256, sizeof(l->sums[i].sha256));
	}
	if (result == 0 && (result = locli_sums_write(run->root, l->sums, l->n_paths, &error)) < 0)
		say("ingest: --locli: %s", error.text);
	return result < 0 ? EXIT_INCOMPLETE : EXIT_ALL;
}

static uint32_t first_file(const struct logs *l, uint32_t node)
{
	uint32_t n = 0;

	while (node--)
		n += l->nodes[node].n_files;
	return n;
}

static void say_ledgers(const struct logs *l)
{
	for (uint32_t i = 0; i < l->n_paths; i++) {
		const struct locli_log_file *f = &l->ledgers[i];

		if (f->is_whole)
			printf("%s: %llu lines read: %llu stored, %llu skipped, %llu bad\n", l->sums[i].path,
			       (unsigned long long)f->n_lines, (unsigned long long)f->n_traces,
			       (unsigned long long)f->n_skipped, (unsigned long long)f->n_bad);
	}
}

/* Each line that was bad, and how many of all. */
static int say_bad(const struct ingest_request *r, const struct run *run, const struct logs *l, uint32_t n_kept)
{
	uint64_t n_bad = 0, n_said = n_kept < SAID_MAX ? n_kept : SAID_MAX;
	uint32_t n_files = 0;

	for (uint32_t i = 0; i < l->n_paths; i++) {
		n_bad += l->ledgers[i].n_bad;
		n_files += l->ledgers[i].n_bad > 0;
	}
	if (!n_bad)
		return EXIT_ALL;
	for (uint32_t i = 0; i < n_said && !r->is_quiet; i++)
		say("ingest: %s: offset %llu: %s", l->sums[first_file(l, l->bad[i].node) + l->bad[i].file].path,
		    (unsigned long long)l->bad[i].offset, l->bad[i].reason);
	if (n_bad > n_said && !r->is_quiet)
		say("ingest: and %llu more; all are in the tables `error` of %s/analysis/logs-*.sqlite3",
		    (unsigned long long)(n_bad - n_said), run->root);
	say("ingest: %s: %llu line%s of %u log%s bad; all others are in analysis/", run->root,
	    (unsigned long long)n_bad, n_bad == 1 ? "" : "s", n_files, n_files == 1 ? " is" : "s are");
	return EXIT_INCOMPLETE;
}

/* ---- All of it ---- */

static void say_written(const struct ingest_request *r, const struct run *run, const struct logs *l,
                        const struct locli_log_report *report)
{
	char lines[AMOUNT_MAX], rows[AMOUNT_MAX], refused[AMOUNT_MAX];

	if (r->is_quiet)
		return;
	printf("%s/analysis: logs of %u nodes for locli: %s lines, %s rows, %s that locli calls errors\n", run->root,
	       report->n_nodes, amount_count(lines, report->n_lines), amount_count(rows, report->n_stored),
	       amount_count(refused, report->n_errors));
	if (r->is_true_io)
		say_filled(run, l, report);
}

static int write_logs(struct store *s, const struct ingest_request *r, const struct run *run, struct logs *l)
{
	struct locli_log_config config = { .folder = run->root,
		                           .nodes = l->nodes,
		                           .n_nodes = l->n_nodes,
		                           .n_workers = (uint32_t)r->n_workers,
		                           .now_ns = export_now(),
		                           .files = s ? NULL : l->ledgers,
		                           .bad = s ? NULL : l->bad };
	struct locli_log_report report;
	struct weir_error error = { "" };
	int result = locli_log_write(&config, &report, &error), code, bad;

	say_written(r, run, l, &report);
	if (!s && !r->is_quiet)
		say_ledgers(l);
	code = report.n_nodes ? write_sums(s, run, l) : EXIT_INCOMPLETE;
	bad = s ? EXIT_ALL : say_bad(r, run, l, report.n_bad);
	if (result < 0)
		say("ingest: --locli: %s", error.text);
	if (!s && report.n_nodes == 0)
		return EXIT_FAILED;
	return result < 0 || bad != EXIT_ALL ? EXIT_INCOMPLETE : code;
}

static int is_there(const struct run *run, const struct logs *l)
{
	return is_newer(run, "log-manifest.json", l->newest_ns) &&
	       is_newer(run, "log-manifest-db.json", l->newest_ns) && is_newer(run, LOCLI_SUMS_NAME, l->newest_ns);
}

int ingest_write_logs(struct store *s, const struct ingest_request *r, const struct run *run)
{
	struct weir_error error = { "" };
	struct logs l;
	int code = EXIT_ALL;

	if (find_logs(run, &l) < 0) {
		say("ingest: --locli: no memory");
		code = EXIT_INCOMPLETE;
	} else if (r->is_true_io && load_io(s, run, &l, &error) < 0) {
		say("ingest: --true-io: %s", error.text);
		code = EXIT_INCOMPLETE;
	} else if (!s && !l.n_nodes) {
		say("ingest: %s: no logs there: node-*/stdout*, node-*/node-[0-9]*.json", run->root);
		code = EXIT_INCOMPLETE;
	} else if (l.n_nodes && (!s || r->is_true_io || !is_there(run, &l))) {
		code = write_logs(s, r, run, &l);
	}
	logs_done(&l);
	return code;
}
