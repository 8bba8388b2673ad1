/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/program/process.h"

#include "parsers/process_map.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/fail.h>

enum {
	CHILDREN_MAX = 64 * 1024, /* bytes of one thread's list of children */
	STAT_MAX = 1024,
};

struct tree {
	pid_t at[PROCESS_TREE_MAX];
	uint32_t n;
};

/* ---- Files of /proc ---- */

/* The whole text, to be freed; NULL: it can't be read (errno), or is larger. */
static char *read_text(const char *path, size_t n_max, size_t *ret_n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n_room = 64 * 1024, n = 0;
	char *at = fd >= 0 ? malloc(n_room) : NULL;
	ssize_t r = -1;

	while (at && (r = read(fd, at + n, n_room - n)) > 0) {
		n += (size_t)r;
		if (n < n_room)
			continue;
		if (n_room >= n_max) {
			r = -1;
			errno = EFBIG;
			break;
		}
		char *bigger = realloc(at, n_room * 2);

		if (!bigger)
			break;
		at = bigger;
		n_room *= 2;
	}
	if (fd >= 0)
		(void)close(fd);
	if (r == 0) {
		*ret_n = n;
		return at;
	}
	free(at);
	return NULL;
}

/* What stands behind the name: `S 1234 …`. The name in brackets can hold anything, brackets too. */
static const char *read_state(int stat_fd, char text[STAT_MAX])
{
	ssize_t n = pread(stat_fd, text, STAT_MAX - 1, 0);
	const char *end;

	if (n <= 0)
		return NULL;
	text[n] = '\0';
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end + 2 : NULL;
}

int process_is_over(int stat_fd)
{
	char text[STAT_MAX];
	const char *state = read_state(stat_fd, text);

	return !state || *state == 'Z' || *state == 'X';
}

static pid_t parent_of(pid_t pid)
{
	char path[64], text[STAT_MAX];
	const char *state = NULL;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	state = read_state(fd, text);
	(void)close(fd);
	return state && *state ? (pid_t)strtol(state + 1, NULL, 10) : 0;
}

int process_is_below(pid_t pid, pid_t root)
{
	for (unsigned depth = 0; pid > 0 && depth < PROCESS_DEPTH_MAX; depth++) {
		if (pid == root)
			return 1;
		pid = parent_of(pid);
	}
	return 0;
}

/* ---- The tree ---- */

static void add_children(struct tree *t, const char *text, size_t n)
{
	for (size_t i = 0; i < n && t->n < PROCESS_TREE_MAX;) {
		pid_t pid = 0;

		for (; i < n && isdigit((unsigned char)text[i]) && pid < INT_MAX / 10; i++)
			pid = pid * 10 + (text[i] - '0');
		if (pid > 0)
			t->at[t->n++] = pid;
		i++;
	}
}

static void add_children_of(struct tree *t, pid_t pid)
{
	char path[PATH_MAX];
	struct dirent *thread;
	DIR *threads;
	size_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	while (threads && (thread = readdir(threads))) {
		char *text = NULL;

		if (isdigit((unsigned char)thread->d_name[0])) {
			(void)snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", pid, thread->d_name);
			text = read_text(path, CHILDREN_MAX, &n);
		}
		if (text)
			add_children(t, text, n);
		free(text);
	}
	if (threads)
		(void)closedir(threads);
}

/* ---- Maps ---- */

char *process_maps(pid_t pid, size_t *ret_n)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	return read_text(path, PROCESS_MAPS_MAX, ret_n);
}

void process_root(pid_t pid, char root[PROCESS_ROOT_MAX])
{
	(void)snprintf(root, PROCESS_ROOT_MAX, "/proc/%d/root", pid);
}

const char *process_within(pid_t pid, const char *map)
{
	char link[PROCESS_ROOT_MAX], root[PATH_MAX];
	ssize_t n;

	process_root(pid, link);
	n = readlink(link, root, sizeof(root));
	return n > 1 && (size_t)n < sizeof(root) && strncmp(map, root, (size_t)n) == 0 && map[n] == '/' ? map + n : map;
}

static int is_runtime_library(struct parse_text path)
{
	static const char library[] = "/libHSrts";

	return memmem(path.at, path.n, library, sizeof(library) - 1) != NULL;
}

typedef int map_test(struct parse_text path, const char *wanted);

static int is_library(struct parse_text path, const char *wanted)
{
	return is_runtime_library(path);
}

static int is_wanted(struct parse_text path, const char *wanted)
{
	return path.n == strlen(wanted) && memcmp(path.at, wanted, path.n) == 0;
}

/* The first mapping with code that passes: 1, 0, or -errno. */
static int find_map(pid_t pid, map_test *test, const char *wanted, struct process_map *ret, char path[PATH_MAX])
{
	size_t n, n_used = 0;
	enum parse_result r;
	int found = 0;
	char *text;

	text = process_maps(pid, &n);
	if (!text)
		return errno ? -errno : -EIO;
	for (size_t at = 0; !found; at += n_used) {
		r = process_map_next(text + at, n - at, ret, &n_used);
		if (r == PARSE_END || r == PARSE_MORE)
			break;
		found = r == PARSE_OK && ret->is_executable && ret->path.n < PATH_MAX && test(ret->path, wanted);
	}
	if (found) {
		memcpy(path, ret->path.at, ret->path.n);
		path[ret->path.n] = '\0';
	}
	free(text);
	return found;
}

int process_bias(const struct process *p, const struct image *i, uint64_t *ret_bias)
{
	struct process_map map;
	char path[PATH_MAX];
	uint64_t address;
	int r = find_map(p->pid, is_wanted, p->map, &map, path);

	if (r == -ENOENT)
		return -ESRCH;
	if (r < 0)
		return r;
	if (r == 0 || !image_address(i, map.offset, &address))
		return -EAGAIN;
	*ret_bias = map.start - address;
	return 0;
}

/* ---- Which process, which file ---- */

static int is_runtime(const struct image *i)
{
	static const struct image_name names[] = { { "stat_endGC", 0, 0 }, { "RtsFlags", 0, 0 }, { "hs_main", 0, 0 } };
	struct image_symbol symbols[3];

	if (image_find(i, names, symbols, 3) < 0)
		return 0;
	return symbols[0].is_found || symbols[1].is_found || symbols[2].is_found;
}

/* Each of these: 1 when it is there, 0 when not, or -errno. root, path: where the library is; the maps call it p->map.
 */
static int take_library(struct process *p, const char *root, const char *path, struct image **ret_image,
                        struct weir_error *reterr)
{
	int r;

	if (snprintf(p->path, sizeof(p->path), "%s%s", root, path) >= (int)sizeof(p->path))
		return 0;
	r = image_open(p->path, ret_image, reterr);
	return r < 0 ? r : 1;
}

/* The library that a program asks for, before it was mapped. Links in another root lead where they would in ours, so
 * maps may call it something else: then it is found once it is mapped. */
static int take_asked(struct process *p, const char *root, const char *library, struct image **ret_image,
                      struct weir_error *reterr)
{
	char real[PATH_MAX];
	int r = take_library(p, root, library, ret_image, reterr);

	if (r > 0)
		(void)snprintf(p->map, sizeof(p->map), "%s", realpath(p->path, real) ? real : library);
	return r;
}

/* The program at p->path, which its maps call p->map: itself, or the library that it will ask for. */
static int take_program(struct process *p, struct image **ret_image, struct weir_error *reterr)
{
	char root[PROCESS_ROOT_MAX] = "", library[PATH_MAX];
	int r = image_open(p->path, ret_image, reterr);
	int has_library;

	if (r < 0)
		return r;
	if (p->has_started)
		process_root(p->pid, root);
	has_library = image_runtime_library(*ret_image, root, p->has_started ? process_within(p->pid, p->map) : p->map,
	                                    library, sizeof(library));
	if (has_library == 0 && (is_runtime(*ret_image) || image_ghc_version(*ret_image)[0]))
		return 1;
	image_close(*ret_image);
	*ret_image = NULL;
	if (has_library < 0)
		return weir_fail(reterr, -ENOENT,
		                 "program: %s: it asks for %s, which cannot be found from here before it runs", p->path,
		                 library);
	return has_library ? take_asked(p, root, library, ret_image, reterr) : 0;
}

static int take_running(struct process *p, struct image **ret_image, struct weir_error *reterr)
{
	struct process_map map;
	char root[PROCESS_ROOT_MAX];
	ssize_t n;
	int r;

	p->has_started = 1;
	if (find_map(p->pid, is_library, NULL, &map, p->map) > 0) {
		process_root(p->pid, root);
		return take_library(p, root, process_within(p->pid, p->map), ret_image, reterr);
	}
	(void)snprintf(p->path, sizeof(p->path), "/proc/%d/exe", p->pid);
	n = readlink(p->path, p->map, sizeof(p->map) - 1);
	if (n < 0) {
		r = errno == ENOENT ? -ESRCH : -errno;
		return weir_fail(reterr, r, "program: process %d: %s", p->pid, strerror(-r));
	}
	p->map[n] = '\0';
	return take_program(p, ret_image, reterr);
}

static int take_coming(struct process *p, const char *exe, struct image **ret_image, struct weir_error *reterr)
{
	int r;

	p->has_started = 0;
	(void)snprintf(p->path, sizeof(p->path), "%s", exe);
	if (!realpath(exe, p->map))
		(void)snprintf(p->map, sizeof(p->map), "%s", exe);
	r = take_program(p, ret_image, reterr);
	/* A script: what runs it is there already, and is looked at like any other. */
	return r == -ENOTSUP ? 0 : r;
}

int process_expect(const char *program, struct process *ret, struct image **ret_image, struct weir_error *reterr)
{
	int r;

	*ret = (struct process){ .pid = 0 };
	r = take_coming(ret, program, ret_image, reterr);
	if (r == 0)
		return weir_fail(reterr, -ENOTSUP, "program: %s: it has not GHC's run-time system", program);
	return r < 0 ? r : 0;
}

/* Whether the process runs this file already. What cannot be compared counts as running. */
static int runs(pid_t pid, const char *exe)
{
	char path[PATH_MAX], is[PATH_MAX], shall[PATH_MAX];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, is, sizeof(is) - 1);
	if (!exe || n < 0 || !realpath(exe, shall))
		return 1;
	is[n] = '\0';
	return strcmp(is, shall) == 0;
}

int process_find(pid_t root, const char *exe, struct process *ret, struct image **ret_image, struct weir_error *reterr)
{
	struct tree *tree = calloc(1, sizeof(*tree));
	int r = 0;

	if (!tree)
		return weir_fail(reterr, -ENOMEM, "program: process %d: no memory", root);
	tree->at[tree->n++] = root;
	for (uint32_t i = 0; i < tree->n && r == 0; i++) {
		*ret = (struct process){ .pid = tree->at[i] };
		if (i == 0 && !runs(root, exe))
			r = take_coming(ret, exe, ret_image, reterr);
		if (r == 0 && (i > 0 || runs(root, exe)))
			r = take_running(ret, ret_image, i == 0 ? reterr : NULL);
		/* A child that is gone, or that may not be looked at, is no reason to leave the others out. */
		if (i > 0 && r < 0)
			r = 0;
		if (r == 0)
			add_children_of(tree, tree->at[i]);
	}
	free(tree);
	if (r == 0)
		return weir_fail(reterr, -ENXIO,
		                 "program: process %d: neither it nor any of its children runs GHC's run-time system; "
		                 "the file of one that will is named with the option program",
		                 root);
	return r < 0 ? r : 0;
}
