/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_logs.h"

#include "cli/amount.h"
#include "cli/export.h"
#include "cli/reader.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "exports/locli_io.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void run_logs_done(struct run_logs *l)
{
	for (uint32_t i = 0; i < l->n_paths; i++)
		free(l->paths[i]);
	for (uint32_t i = 0; i < l->n_nodes; i++)
		locli_io_free(l->io[i]);
	free(l->io);
	free(l->names);
	free(l->n_filled);
	free(l->sums);
	free(l->ledgers);
	free(l->bad);
	free(l->paths);
	free(l->nodes);
}

int run_logs_is_log(const char *path)
{
	return fnmatch("node-*/stdout*", path, FNM_PATHNAME) == 0 ||
	       fnmatch("node-*/node-[0-9]*.json", path, FNM_PATHNAME) == 0;
}

static int is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && path[n] == '/';
}

static int add_node(struct run_logs *l, const struct run *run, const struct run_node *node)
{
	struct locli_log_node *to = &l->nodes[l->n_nodes];

	*to = (struct locli_log_node){ .name = node->folder, .files = (const char *const *)l->paths + l->n_paths };
	for (uint32_t i = 0; i < run->n_files; i++) {
		const struct run_file *file = &run->files[i];

		if (!is_below(file->path, node->folder) || !run_logs_is_log(file->path))
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

int run_logs_find(const struct run *run, struct run_logs *ret)
{
	int r = 0;

	*ret = (struct run_logs){ 0 };
	ret->nodes = calloc(run->n_nodes + 1u, sizeof(*ret->nodes));
	ret->paths = calloc(run->n_files + 1u, sizeof(*ret->paths));
	ret->io = calloc(run->n_nodes + 1u, sizeof(*ret->io));
	ret->names = calloc(run->n_nodes + 1u, sizeof(*ret->names));
	ret->n_filled = calloc(run->n_nodes + 1u, sizeof(*ret->n_filled));
	ret->sums = calloc(run->n_files + 1u, sizeof(*ret->sums));
	ret->ledgers = calloc(run->n_files + 1u, sizeof(*ret->ledgers));
	ret->bad = calloc(run->n_nodes + 1u, LOCLI_LOG_BAD_MAX * sizeof(*ret->bad));
	if (!ret->nodes || !ret->paths || !ret->io || !ret->names || !ret->n_filled || !ret->sums || !ret->ledgers ||
	    !ret->bad)
		return -ENOMEM;
	for (uint32_t i = 0; i < run->n_nodes && r == 0; i++)
		if (fnmatch("node-*", run->nodes[i].folder, FNM_PATHNAME) == 0)
			r = add_node(ret, run, &run->nodes[i]);
	return r;
}

int run_logs_measure(struct store *s, const struct run *run, struct run_logs *l, struct weir_error *reterr)
{
	int r = 0;

	l->n_measured = 0;
	for (uint32_t i = 0; i < l->n_nodes && r == 0; i++) {
		r = locli_io_load(s, run->tag, l->names[i], &l->io[i], reterr);
		l->nodes[i].io = l->io[i];
		l->n_measured += l->io[i] != NULL;
	}
	return r;
}

static void print_filled(const struct run *run, const struct run_logs *l)
{
	char filled[AMOUNT_MAX], all[AMOUNT_MAX];
	const char *before = ": ";

	printf("%s/analysis: %s of %s resource records lie within what weir measured", run->root,
	       amount_count(filled, l->report.n_filled), amount_count(all, l->report.n_resources));
	for (uint32_t i = 0; i < l->n_nodes; i++)
		if (l->n_filled[i]) {
			printf("%s%s", before, l->names[i]);
			before = ", ";
		}
	(void)putchar('\n');
	for (uint32_t i = 0; i < l->n_nodes; i++)
		if (locli_io_has_read_times(l->io[i]))
			printf("%s: CentiBlkIO is the time that its own reads took\n", l->names[i]);
}

/* What a node's records keep as the node wrote it. */
static int say_unmeasured(const struct run_logs_request *r, const struct run_logs *l)
{
	static const char *const names[LOCLI_IO_FIELDS] = { "NetRd", "NetWr", "CentiBlkIO" };
	int code = EXIT_ALL;

	for (uint32_t i = 0; i < l->n_nodes; i++)
		for (int k = 0; k < LOCLI_IO_FIELDS; k++)
			if (!locli_io_has(l->io[i], k)) {
				say("%s: --true-io: %s: %s: the store has no measurement; it stays as the node wrote "
				    "it",
				    r->verb, l->names[i], names[k]);
				code = EXIT_INCOMPLETE;
			}
	return code;
}

static int is_newer(const struct run *run, const char *name, int64_t than_ns)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/analysis/%s", run->root, name) >= (int)sizeof(path) || stat(path, &st) < 0)
		return 0;
	return st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec > than_ns;
}

/* ---- Checksums ---- */

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
static int load_sum(struct store *s, const char *verb, const char *run, struct locli_sum *sum)
{
	sqlite3_stmt *q =
		reader_query(s, verb, "SELECT sha256 FROM sources WHERE run = ?1 AND path = ?2 AND sha256 IS NOT NULL",
	                     (const char *const[]){ run, sum->path }, 2);
	int step = q ? reader_step(q, verb) : -1;

	if (step > 0)
		sum->is_known = from_hex(reader_text(q, 0), sum->sha256, sizeof(sum->sha256));
	(void)sqlite3_finalize(q);
	return step < 0 ? -EIO : 0;
}

static int write_sums(struct store *s, const struct run_logs_request *r, const struct run *run, struct run_logs *l)
{
	struct weir_error error;
	int result = 0;

	for (uint32_t i = 0; i < l->n_paths && result == 0; i++) {
		if (s) {
			result = load_sum(s, r->verb, run->tag, &l->sums[i]);
			continue;
		}
		l->sums[i].is_known = l->ledgers[i].is_whole;
		memcpy(l->sums[i].sha256, l->ledgers[i].sha256, sizeof(l->sums[i].sha256));
	}
	if (result == 0 && (result = locli_sums_write(run->root, l->sums, l->n_paths, &error)) < 0)
		say("%s: %s: %s", r->verb, r->option, error.text);
	return result < 0 ? EXIT_INCOMPLETE : EXIT_ALL;
}

/* ---- All of it ---- */

static void print_written(const struct run_logs_request *r, const struct run *run, const struct run_logs *l)
{
	char lines[AMOUNT_MAX], rows[AMOUNT_MAX], refused[AMOUNT_MAX];

	if (r->is_quiet)
		return;
	printf("%s/analysis: logs of %u nodes for locli: %s lines, %s rows, %s that locli calls errors\n", run->root,
	       l->report.n_nodes, amount_count(lines, l->report.n_lines), amount_count(rows, l->report.n_stored),
	       amount_count(refused, l->report.n_errors));
	if (r->is_true_io)
		print_filled(run, l);
}

int run_logs_write(struct store *s, const struct run_logs_request *r, const struct run *run, struct run_logs *l)
{
	struct locli_log_config config = { .folder = run->root,
		                           .nodes = l->nodes,
		                           .n_nodes = l->n_nodes,
		                           .n_workers = r->n_workers,
		                           .now_ns = export_now(),
		                           .n_filled = l->n_filled,
		                           .files = s ? NULL : l->ledgers,
		                           .bad = s ? NULL : l->bad };
	struct weir_error error = { "" };
	int result = locli_log_write(&config, &l->report, &error), code = EXIT_INCOMPLETE;

	print_written(r, run, l);
	if (l->report.n_nodes)
		code = write_sums(s, r, run, l);
	if (r->is_true_io && say_unmeasured(r, l) != EXIT_ALL)
		code = EXIT_INCOMPLETE;
	if (result < 0)
		say("%s: %s: %s", r->verb, r->option, error.text);
	return result < 0 ? EXIT_INCOMPLETE : code;
}

int run_logs_are_there(const struct run *run, const struct run_logs *l)
{
	return is_newer(run, "log-manifest.json", l->newest_ns) &&
	       is_newer(run, "log-manifest-db.json", l->newest_ns) && is_newer(run, LOCLI_SUMS_NAME, l->newest_ns);
}
