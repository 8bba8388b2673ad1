/* SPDX-License-Identifier: Apache-2.0 */

/* Where a run begins: around a file, at a folder, or several times in a folder of runs:
 *
 *     run/            TAG/ ...  current -> TAG  .sets/
 *     run/.sets/NAME/ TAG -> ../../TAG ...
 *
 * Source: cardano-node 0a21a743, nix/workbench/run.sh.
 */

#include "runs/run.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <weir/fail.h>

enum {
	PARENTS_MAX = 4, /* folders between a file and the run directory that it belongs to */
};

static int has(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	return n > 0 && (size_t)n < sizeof(path) && lstat(path, &st) == 0;
}

/* A folder that is certainly a run directory: one name alone can be chance. */
static int is_run(const char *folder)
{
	return has(folder, "meta.json") && (has(folder, "node-specs.json") || has(folder, "profile.json") ||
	                                    has(folder, "node-0") || has(folder, "logs") || has(folder, "analysis"));
}

static char *enclosing(const char *real)
{
	char *folder = strdup(real), *slash;

	for (int i = 0; folder && i < PARENTS_MAX && (slash = strrchr(folder, '/')) && slash > folder; i++) {
		*slash = 0;
		if (is_run(folder))
			return folder;
	}
	free(folder);
	return NULL;
}

int run_root(const char *path, char **ret_root, char **ret_real, struct weir_error *reterr)
{
	char *real = realpath(path, NULL);
	struct stat st;
	int is_folder;

	*ret_root = NULL;
	*ret_real = NULL;
	if (!real)
		return weir_fail(reterr, -errno, "run: %s: %s", path, strerror(errno));
	is_folder = stat(real, &st) == 0 && S_ISDIR(st.st_mode);
	if (!is_folder || !is_run(real))
		*ret_root = enclosing(real);
	if (!*ret_root && is_folder)
		*ret_root = strdup(real);
	*ret_real = real;
	return 0;
}

/* ---- Folders of runs ---- */

static int add_path(struct run_set *s, char *path)
{
	char **more = path ? reallocarray(s->paths, s->n + 1u, sizeof(*more)) : NULL;

	if (!more) {
		free(path);
		return -ENOMEM;
	}
	s->paths = more;
	s->paths[s->n++] = path;
	return 0;
}

/* 0: it is a run, and added. -ENXIO: it is none, so that the folder is no folder of runs. */
static int add_entry(struct run_set *s, const char *folder, const char *name, char **ret_dangling)
{
	char *path, *real;
	struct stat st;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return -ENOMEM;
	real = realpath(path, NULL);
	if (!real && !*ret_dangling && errno == ENOENT) {
		*ret_dangling = path;
		return 0;
	}
	free(path);
	if (!real || stat(real, &st) < 0 || !S_ISDIR(st.st_mode) || !is_run(real)) {
		free(real);
		return -ENXIO;
	}
	if (s->n < RUN_SET_MAX)
		return add_path(s, real);
	free(real);
	return -E2BIG;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order, each once: `current` is one of the others. */
static void arrange(struct run_set *s)
{
	uint32_t n = 0;

	if (s->n > 0)
		qsort(s->paths, s->n, sizeof(*s->paths), by_text);
	for (uint32_t i = 0; i < s->n; i++)
		if (n == 0 || strcmp(s->paths[n - 1], s->paths[i]) != 0)
			s->paths[n++] = s->paths[i];
		else
			free(s->paths[i]);
	s->n = n;
}

static int read_set(DIR *dir, const char *path, struct run_set *ret, struct weir_error *reterr)
{
	const struct dirent *e;
	char *dangling = NULL;
	int r = 0;

	while (r == 0 && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			r = add_entry(ret, path, e->d_name, &dangling);
	arrange(ret);
	if (r == -E2BIG)
		r = weir_fail(reterr, r, "run: %s: more than %d runs", path, RUN_SET_MAX);
	else if (r == -ENOMEM)
		r = weir_fail(reterr, r, "run: %s: no memory", path);
	else if (r == 0 && ret->n > 0 && dangling)
		r = weir_fail(reterr, -ENOENT, "run: %s: a link that leads nowhere, among runs", dangling);
	free(dangling);
	return r;
}

int run_set_read(const char *path, struct run_set *ret, struct weir_error *reterr)
{
	DIR *dir = is_run(path) ? NULL : opendir(path);
	int r;

	*ret = (struct run_set){ 0 };
	r = dir ? read_set(dir, path, ret, reterr) : 0;
	if (dir)
		(void)closedir(dir);
	if (r < 0)
		run_set_done(ret);
	return r == -ENXIO ? 0 : r;
}

void run_set_done(struct run_set *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		free(s->paths[i]);
	free(s->paths);
	*s = (struct run_set){ 0 };
}
