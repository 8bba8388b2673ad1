/* SPDX-License-Identifier: Apache-2.0 */
#include "runs/run.h"

#include "runs/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/fail.h>

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static const char *pick_tag(struct build *b, const struct run_config *config)
{
	const char *tag = config->tag ? config->tag : run_fact(&b->run, RUN_NONE, "run.tag"), *dot;

	if (tag)
		return build_text(b, tag, strlen(tag));
	tag = base_name(config->root ? config->root : config->n_paths > 0 ? config->paths[0] : "run");
	dot = config->root ? NULL : strrchr(tag, '.');
	return build_text(b, tag, dot && dot > tag ? (size_t)(dot - tag) : strlen(tag));
}

/* Any profiled run-time system makes the run one whose times are not those of a plain build. */
static void mark_profiled(struct build *b)
{
	for (uint32_t i = 0; i < b->run.n_facts; i++)
		if (strcmp(b->facts[i].name, "ghc.profiled") == 0 && strcmp(b->facts[i].value, "true") == 0) {
			build_fact_text(b, RUN_NONE, "run.profiled", "true");
			return;
		}
}

/* A run directory whose documents are lost is still called as it was. */
static void read_tag(struct build *b)
{
	const char *tag = run_fact(&b->run, RUN_NONE, "run.tag");

	if (!tag && strcmp(b->run.layout, "folder") != 0)
		tag = base_name(b->run.root);
	if (tag)
		tag_read(b, tag);
}

static void describe(struct build *b)
{
	/* In order of trust: the first to say something wins. */
	genesis_read(b);
	meta_read(b);
	profile_read(b);
	env_read(b);
	specs_read(b);
	b->document = RUN_NONE;
	layout_find(b);
	pids_read(b);
	byron_read(b);
	for (uint32_t i = 0; i < b->run.n_nodes; i++)
		rts_read(b, i);
	b->document = RUN_NONE;
	build_share(b);
	mark_profiled(b);
	read_tag(b);
}

int run_open(const struct run_config *config, struct run **ret, struct weir_error *reterr)
{
	struct build *b = build_new();
	int result;

	*ret = NULL;
	if (!b)
		return weir_fail(reterr, -ENOMEM, "run: %s: no memory", config->root ? config->root : "files");
	b->n_seen_max = config->n_files_max ? config->n_files_max : RUN_FILES_MAX;
	b->run.layout = "files";
	if (config->root) {
		b->run.root = build_text(b, config->root, strlen(config->root));
		b->root_fd = open(config->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (b->root_fd < 0) {
			result = weir_fail(reterr, -errno, "run: %s: %s", config->root, strerror(errno));
			build_free(b);
			return result;
		}
		describe(b);
	}
	walk_files(b, config);
	build_share(b);
	b->run.tag = pick_tag(b, config);
	if (b->has_no_memory) {
		build_free(b);
		return weir_fail(reterr, -ENOMEM, "run: %s: no memory", config->root ? config->root : "files");
	}
	*ret = &b->run;
	return 0;
}

void run_close(struct run *run)
{
	build_free((struct build *)run);
}

uint32_t run_file_node(struct run *run, uint32_t file)
{
	struct build *b = (struct build *)run;
	const char *path = b->files[file].path, *slash = run->root ? strrchr(path, '/') : NULL;

	if (b->files[file].node != RUN_NONE)
		return b->files[file].node;
	if (slash)
		b->files[file].node = build_node(b, build_text(b, path, (size_t)(slash - path)), "");
	else
		b->files[file].node = build_node(b, "main", "");
	build_share(b);
	return b->files[file].node;
}

static const char *find_fact(const struct run *run, uint32_t node, const char *name)
{
	for (uint32_t i = 0; i < run->n_facts; i++)
		if (run->facts[i].node == node && strcmp(run->facts[i].name, name) == 0)
			return run->facts[i].value;
	return NULL;
}

const char *run_fact(const struct run *run, uint32_t node, const char *name)
{
	const char *value = find_fact(run, node, name);

	return value || node == RUN_NONE ? value : find_fact(run, RUN_NONE, name);
}

static int by_name(const void *key, const void *file)
{
	return strcmp(key, ((const struct run_file *)file)->path);
}

uint32_t run_find(const struct run *run, const char *path)
{
	const struct run_file *f;

	if (run->n_files == 0)
		return RUN_NONE;
	f = bsearch(path, run->files, run->n_files, sizeof(*run->files), by_name);
	return f ? (uint32_t)(f - run->files) : RUN_NONE;
}
