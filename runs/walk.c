/* SPDX-License-Identifier: Apache-2.0 */

/* From folder to folder, by descriptors and never through a link, within bounds. */

#include "runs/build.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	COUNTED_MAX = 100000, /* files of a folder that is only counted */
};

struct walk {
	struct build *b;
	const char *node; /* NULL: after the folder */
	char path[PATH_MAX];
	int is_over; /* a bound was hit */
};

/* Folders that are not read, only counted. level: how deep the folder itself must lie, 0: anywhere. */
static const struct {
	const char *pattern, *why;
	unsigned level;
} closed_folders[] = {
	{ "*-keys", "keys", 0 },
	{ "keys", "keys", 0 },
	{ "stake-delegators", "keys", 0 },
	{ "byron-gen-command", "keys", 0 },
	{ "pools", "keys", 2 },
	{ "db", "a chain database", 2 },
	{ "db-*", "a chain database", 2 },
	{ "analysis", "made from the other files", 1 },
	{ ".git", "version control", 0 },
};

static const struct {
	const char *pattern, *why;
} closed_files[] = {
	{ "*.skey", "a key, not read" },
	{ "*.vkey", "a key, not read" },
	{ "*.weir", "a store of weir" },
	{ "*.weir-*", "a store of weir" },
};

static const char *closed_folder(const struct walk *w, const char *name, unsigned level)
{
	/* What lies where in a run directory says nothing of any other folder. */
	int is_run = strcmp(w->b->run.layout, "folder") != 0;

	if (is_run && build_leads_to_node(w->b, w->path))
		return NULL;
	for (size_t i = 0; i < sizeof(closed_folders) / sizeof(closed_folders[0]); i++)
		if ((closed_folders[i].level == 0 || (is_run && closed_folders[i].level == level)) &&
		    fnmatch(closed_folders[i].pattern, name, 0) == 0)
			return closed_folders[i].why;
	return NULL;
}

static const char *closed_file(const char *name)
{
	for (size_t i = 0; i < sizeof(closed_files) / sizeof(closed_files[0]); i++)
		if (fnmatch(closed_files[i].pattern, name, 0) == 0)
			return closed_files[i].why;
	return NULL;
}

static const char *special(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFIFO:
		return "a fifo";
	case S_IFSOCK:
		return "a socket";
	case S_IFCHR:
	case S_IFBLK:
		return "a device";
	default:
		return "not a regular file";
	}
}

/* The node whose folder a path lies in, the innermost one. A tracer keeps a folder for each node. */
static uint32_t owner(struct build *b, const char *path)
{
	uint32_t best = RUN_NONE;
	size_t n_best = 0;

	for (uint32_t i = 0; i < b->run.n_nodes; i++) {
		size_t n = strlen(b->nodes[i].folder);

		if (n > n_best && strncmp(path, b->nodes[i].folder, n) == 0 && path[n] == '/') {
			best = i;
			n_best = n;
		}
	}
	if (best != RUN_NONE && strcmp(b->nodes[best].folder, "tracer") == 0) {
		const char *sub = path + n_best + 1, *slash = strchr(sub, '/');
		uint32_t node;

		node = slash ? build_find_node_n(b, sub, (size_t)(slash - sub)) : RUN_NONE;
		return node == RUN_NONE ? best : node;
	}
	return best;
}

static uint32_t node_of(struct walk *w)
{
	if (w->node)
		return build_node(w->b, w->node, "");
	return owner(w->b, w->path);
}

static void leave(struct walk *w, const char *slash, uint64_t size_bytes, const char *why, int is_loss)
{
	char path[PATH_MAX + 2];

	(void)snprintf(path, sizeof(path), "%s%s", w->path, slash);
	build_leftover(w->b, &(struct run_leftover){ .path = build_text(w->b, path, strlen(path)),
	                                             .why = why,
	                                             .size_bytes = size_bytes,
	                                             .node = owner(w->b, w->path),
	                                             .is_loss = is_loss });
}

struct tally {
	uint64_t n_files, n_bytes;
};

static void count_folder(int parent, const char *name, unsigned depth, struct tally *sum)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;
	struct stat st;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while (sum->n_files <= COUNTED_MAX && (e = readdir(dir))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < RUN_DEPTH_MAX) {
			count_folder(fd, e->d_name, depth + 1, sum);
			continue;
		}
		sum->n_files++;
		sum->n_bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	}
	(void)closedir(dir);
}

static void leave_folder(struct walk *w, int parent, const char *name, const char *why)
{
	struct tally sum = { 0 };

	count_folder(parent, name, 1, &sum);
	leave(w, "/", sum.n_bytes,
	      build_format(w->b, "%s: %s%llu file%s, not read", why, sum.n_files > COUNTED_MAX ? "more than " : "",
	                   (unsigned long long)(sum.n_files > COUNTED_MAX ? COUNTED_MAX : sum.n_files),
	                   sum.n_files == 1 ? "" : "s"),
	      0);
}

static int is_document(const struct build *b, const char *path)
{
	for (uint32_t i = 0; i < b->run.n_documents; i++)
		if (strcmp(b->documents[i].path, path) == 0)
			return 1;
	return 0;
}

static void visit_link(struct walk *w, int parent, const char *name)
{
	char target[PATH_MAX], here[64];
	const char *root = w->b->run.root;
	size_t n_root = strlen(root);
	int fd = openat(parent, name, O_PATH | O_CLOEXEC);
	ssize_t n = -1;

	if (strcmp(w->path, "profile") == 0) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	if (fd < 0) {
		leave(w, "", 0, build_format(w->b, "a link that leads nowhere: %s", strerror(errno)), 0);
		return;
	}
	(void)snprintf(here, sizeof(here), "/proc/self/fd/%d", fd);
	n = readlink(here, target, sizeof(target) - 1);
	(void)close(fd);
	if (n < 0)
		return;
	target[n] = 0;
	if (strncmp(target, root, n_root) == 0 && (target[n_root] == '/' || target[n_root] == 0))
		leave(w, "", 0,
		      build_format(w->b, "a link to %.512s, which is taken itself",
		                   target[n_root] ? target + n_root : "the run itself"),
		      0);
	else
		leave(w, "", 0, "a link that leads out of the run, not followed", 1);
}

static void visit_file(struct walk *w, const char *name, const struct stat *st)
{
	const char *why = closed_file(name);

	if (!S_ISREG(st->st_mode)) {
		leave(w, "", 0, special(st->st_mode), 0);
		return;
	}
	if (why) {
		leave(w, "", (uint64_t)st->st_size, why, 0);
		return;
	}
	if (is_document(w->b, w->path))
		return;
	build_file(w->b,
	           &(struct run_file){ .path = build_text(w->b, w->path, strlen(w->path)),
	                               .node = node_of(w),
	                               .size_bytes = (uint64_t)st->st_size,
	                               .mtime_ns = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec });
}

static void visit_folder(struct walk *w, int parent, const char *name, unsigned depth);

static void visit(struct walk *w, int parent, const char *name, unsigned depth)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		leave(w, "", 0, build_format(w->b, "cannot be read: %s", strerror(errno)), 1);
	else if (S_ISDIR(st.st_mode))
		visit_folder(w, parent, name, depth);
	else if (S_ISLNK(st.st_mode))
		visit_link(w, parent, name);
	else
		visit_file(w, name, &st);
}

/* The entries of an open folder, whose descriptor this takes. The path's first n bytes are the folder's. */
static void visit_entries(struct walk *w, int fd, size_t n, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *e;

	if (!dir) {
		(void)close(fd);
		w->b->has_no_memory = 1;
		return;
	}
	while (!w->is_over && (e = readdir(dir))) {
		size_t n_name = strlen(e->d_name);

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (w->b->n_seen++ >= w->b->n_seen_max) {
			w->is_over = 1;
			w->path[n] = 0;
			leave(w, n > 0 ? "/" : "./", 0,
			      build_format(w->b, "more than %u files in the run: the rest was not looked at",
			                   w->b->n_seen_max),
			      1);
			break;
		}
		(void)snprintf(w->path + n, sizeof(w->path) - n, "%s%s", n > 0 ? "/" : "", e->d_name);
		if (n + n_name + 2 >= sizeof(w->path))
			leave(w, "", 0, "a path that is too long", 1);
		else
			visit(w, fd, e->d_name, depth);
		w->path[n] = 0;
	}
	(void)closedir(dir);
}

static void visit_folder(struct walk *w, int parent, const char *name, unsigned depth)
{
	const char *why = closed_folder(w, name, depth);
	size_t n = strlen(w->path);
	int fd;

	if (why) {
		leave_folder(w, parent, name, why);
		return;
	}
	if (depth > RUN_DEPTH_MAX) {
		leave(w, "/", 0, build_format(w->b, "deeper than %d folders: not looked at", RUN_DEPTH_MAX), 1);
		return;
	}
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		leave(w, "/", 0, build_format(w->b, "cannot be read: %s", strerror(errno)), 1);
	else
		visit_entries(w, fd, n, depth + 1);
}

static unsigned depth_of(const char *path)
{
	unsigned depth = 1;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

/* One path below the root that was asked for by name. Its parents are real folders: realpath() made the path. */
static void visit_named(struct walk *w, const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	int fd;

	(void)snprintf(w->path, sizeof(w->path), "%s", path);
	(void)snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	fd = openat(w->b->root_fd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		leave(w, "", 0, build_format(w->b, "cannot be read: %s", strerror(errno)), 1);
		return;
	}
	visit(w, fd, slash ? slash + 1 : path, depth_of(path));
	(void)close(fd);
}

static void visit_loose(struct walk *w, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct stat st;

	assert(path);
	(void)snprintf(w->path, sizeof(w->path), "%s", path);
	if (stat(path, &st) < 0)
		leave(w, "", 0, build_format(w->b, "cannot be read: %s", strerror(errno)), 1);
	else
		visit_file(w, slash ? slash + 1 : path, &st);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct run_file *)a)->path, ((const struct run_file *)b)->path);
}

static int by_left_path(const void *a, const void *b)
{
	return strcmp(((const struct run_leftover *)a)->path, ((const struct run_leftover *)b)->path);
}

/* A file that was named twice, or named beside its folder, is one file. */
static void drop_twins(struct build *b)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->run.n_files; i++)
		if (n == 0 || strcmp(b->files[n - 1].path, b->files[i].path) != 0)
			b->files[n++] = b->files[i];
	b->run.n_files = n;
}

void walk_files(struct build *b, const struct run_config *config)
{
	struct walk w = { .b = b, .node = config->node };
	size_t n_root = config->root ? strlen(config->root) : 0;
	int fd;

	for (uint32_t i = 0; i < config->n_paths; i++) {
		const char *path = config->paths[i];

		if (!config->root)
			visit_loose(&w, path);
		else if (strlen(path) > n_root + 1)
			visit_named(&w, path + n_root + (config->root[n_root - 1] != '/'));
	}
	if (config->root && config->n_paths == 0) {
		fd = openat(b->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		w.path[0] = 0;
		if (fd >= 0)
			visit_entries(&w, fd, 0, 1);
	}
	if (b->run.n_files > 0)
		qsort(b->files, b->run.n_files, sizeof(*b->files), by_path);
	if (b->run.n_leftovers > 0)
		qsort(b->leftovers, b->run.n_leftovers, sizeof(*b->leftovers), by_left_path);
	drop_twins(b);
}
