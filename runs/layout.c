/* SPDX-License-Identifier: Apache-2.0 */

/* Which layout a folder has, and where its nodes live:
 *
 *     workbench     node-N/  generator/  tracer/  workloads/NAME/
 *     cardano-ops   logs/logs-NODE/, in the oldest ones analysis/logs-NODE/; genesis.json
 */

#include "runs/build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ENTRIES_MAX = 1000000, /* of one folder that is searched for nodes */
};

/* What the name of a folder must be to hold a node; the node's name, or NULL. */
typedef const char *name_rule(const struct build *b, const char *name);

static const char *rule_top(const struct build *b, const char *name)
{
	static const char *const services[] = { "generator", "tracer", "explorer" };

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(name, services[i]) == 0)
			return name;
	return strncmp(name, "node-", 5) == 0 || build_find_node(b, name) != RUN_NONE ? name : NULL;
}

static const char *rule_logs(const struct build *b, const char *name)
{
	if (strncmp(name, "logs-", 5) == 0 && name[5])
		return name + 5;
	return rule_top(b, name);
}

static const char *rule_any(const struct build *b, const char *name)
{
	return name[0] == '.' ? NULL : name;
}

struct found {
	char name[NAME_MAX + 1];
};

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct found *)a)->name, ((const struct found *)b)->name);
}

static uint32_t collect(const struct build *b, DIR *dir, name_rule *rule, struct found *ret, uint32_t n_max)
{
	uint32_t n = 0, n_entries = 0;
	const struct dirent *e;
	struct stat st;

	while (n < n_max && n_entries++ < ENTRIES_MAX && (e = readdir(dir))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || !rule(b, e->d_name))
			continue;
		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			(void)stpncpy(ret[n++].name, e->d_name, NAME_MAX + 1);
	}
	return n;
}

/* Folders of nodes in one folder. prefix: what a node's name begins with. The number of nodes that were found. */
static uint32_t search(struct build *b, const char *folder, const char *prefix, name_rule *rule)
{
	struct found *found;
	uint32_t n = 0;
	DIR *dir;
	int fd = openat(b->root_fd, *folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return 0;
	}
	found = calloc(RUN_NODES_MAX, sizeof(*found));
	if (found)
		n = collect(b, dir, rule, found, RUN_NODES_MAX);
	else
		b->has_no_memory = 1;
	if (n > 0)
		qsort(found, n, sizeof(*found), by_name);
	for (uint32_t i = 0; i < n; i++)
		build_node(b, build_format(b, "%s%s", prefix, rule(b, found[i].name)),
		           build_format(b, "%s%s%s", folder, *folder ? "/" : "", found[i].name));
	free(found);
	(void)closedir(dir);
	return n;
}

static int has(const struct build *b, const char *path)
{
	struct stat st;

	return fstatat(b->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

void layout_find(struct build *b)
{
	uint32_t n_top = search(b, "", "", rule_top), n_logs = 0;

	(void)search(b, "workloads", "workloads/", rule_any);
	if (n_top == 0)
		n_logs = search(b, "logs", "", rule_logs);
	if (n_top + n_logs == 0 && has(b, "meta.json"))
		n_logs = search(b, "analysis", "", rule_logs);
	if (n_logs > 0)
		b->run.layout = "cardano-ops";
	else if (n_top > 0 || has(b, "meta.json") || has(b, "node-specs.json"))
		b->run.layout = "workbench";
	else
		b->run.layout = "folder";
}
