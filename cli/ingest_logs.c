/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ingest.h"

#include "cli/amount.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "exports/locli_io.h"
#include "exports/locli_log.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* The logs of a run's nodes, as `wb analyse prepare` finds them: node-N/stdout* and node-N/node-[0-9]*.json. */
struct logs {
	struct locli_log_node *nodes;
	struct locli_io **io;
	const char **names; /* as the store calls the nodes */
	uint32_t n_nodes;
	char **paths; /* of all nodes' files; a node's lie beside each other */
	uint32_t n_paths;
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
		l->n_paths++;
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
	if (!ret->nodes || !ret->paths || !ret->io || !ret->names)
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

static int write_logs(const struct ingest_request *r, const struct run *run, const struct logs *l)
{
	struct locli_log_config config = { .folder = run->root,
		                           .nodes = l->nodes,
		                           .n_nodes = l->n_nodes,
		                           .n_workers = (uint32_t)r->n_workers,
		                           .now_ns = (int64_t)time(NULL) * 1000000000 };
	struct locli_log_report report;
	struct weir_error error = { "" };
	char lines[AMOUNT_MAX], rows[AMOUNT_MAX], refused[AMOUNT_MAX];
	int result = locli_log_write(&config, &report, &error);

	if (!r->is_quiet)
		printf("%s/analysis: logs of %u nodes for locli: %s lines, %s rows, %s that locli calls errors\n",
		       run->root, report.n_nodes, amount_count(lines, report.n_lines),
		       amount_count(rows, report.n_stored), amount_count(refused, report.n_errors));
	if (!r->is_quiet && r->is_true_io)
		say_filled(run, l, &report);
	if (result < 0)
		say("ingest: --locli: %s", error.text);
	return result < 0 ? EXIT_INCOMPLETE : EXIT_ALL;
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
	} else if (l.n_nodes && !(!r->is_true_io && is_newer(run, "log-manifest.json", l.newest_ns) &&
	                          is_newer(run, "log-manifest-db.json", l.newest_ns))) {
		code = write_logs(r, run, &l);
	}
	logs_done(&l);
	return code;
}
