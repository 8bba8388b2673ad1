/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/folder.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void die(const char *what, const char *object)
{
	fprintf(stderr, "%s: %s: %s\n", what, object, strerror(errno));
	abort();
}

struct folder folder_new(void)
{
	const char *parent = getenv("TMPDIR");
	char name[200], real[PATH_MAX];
	struct folder f;

	(void)snprintf(name, sizeof(name), "%s/weir-test-XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(name) || !realpath(name, real) || strlen(real) >= sizeof(f.path))
		die("mkdtemp", name);
	(void)snprintf(f.path, sizeof(f.path), "%s", real);
	return f;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	if (type == FTW_DNR)
		(void)chmod(path, 0700);
	return remove(path);
}

void folder_free(struct folder *f)
{
	if (*f->path)
		(void)nftw(f->path, drop, 32, FTW_DEPTH | FTW_PHYS);
	f->path[0] = 0;
}

const char *folder_path(const struct folder *f, const char *path)
{
	static char room[4][PATH_MAX];
	static unsigned turn;
	char *to = room[turn++ % 4];

	(void)snprintf(to, PATH_MAX, "%s/%s", f->path, path);
	return to;
}

static void make_parents(char *path, size_t n_done)
{
	for (char *slash = strchr(path + n_done, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			die("mkdir", path);
		*slash = '/';
	}
}

void folder_make(const struct folder *f, const char *path)
{
	char full[PATH_MAX];

	(void)snprintf(full, sizeof(full), "%s/%s/", f->path, path);
	make_parents(full, strlen(f->path) + 1);
}

void folder_write_bytes(const struct folder *f, const char *path, const void *at, size_t n)
{
	char full[PATH_MAX];
	FILE *file;

	(void)snprintf(full, sizeof(full), "%s/%s", f->path, path);
	make_parents(full, strlen(f->path) + 1);
	file = fopen(full, "wbe");
	if (!file || fwrite(at, 1, n, file) != n || fclose(file) != 0)
		die("write", full);
}

void folder_write(const struct folder *f, const char *path, const char *text)
{
	folder_write_bytes(f, path, text, strlen(text));
}

void folder_link(const struct folder *f, const char *path, const char *target)
{
	char full[PATH_MAX];

	(void)snprintf(full, sizeof(full), "%s/%s", f->path, path);
	make_parents(full, strlen(f->path) + 1);
	if (symlink(target, full) < 0)
		die("symlink", full);
}
