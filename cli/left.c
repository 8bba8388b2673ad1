/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/left.h"

#include "plugins/registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files get the time of the kernel's last tick: at 100 Hz that is up to 10 ms ago. */
#define TICK_NS INT64_C(10000000)

static int is_fresh(const struct stat *st, int64_t since_ns)
{
	return S_ISREG(st->st_mode) && st->st_size > 0 &&
	       st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec >= since_ns - TICK_NS;
}

static int is_claimed(struct registry *registry, int folder, const char *name, int64_t since_ns)
{
	uint8_t head[REGISTRY_HEAD_MAX];
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
	int is = 0;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && is_fresh(&st, since_ns)) {
		n = read(fd, head, sizeof(head));
		is = n > 0 && registry_claim(registry, name, head, (uint64_t)n, NULL) != NULL;
	}
	(void)close(fd);
	return is;
}

static int add(struct left *l, const char *folder, const char *name)
{
	char **paths = reallocarray(l->paths, l->n_paths + 1, sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	l->paths = paths;
	if (asprintf(&paths[l->n_paths], "%s/%s", folder, name) < 0)
		return -ENOMEM;
	l->n_paths++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int left_find(const char *folder, int64_t since_ns, struct left *ret)
{
	DIR *d = opendir(folder);
	struct registry *registry = NULL;
	struct weir_error error;
	int r = d ? registry_open(&(struct registry_config){ 0 }, &registry, &error) : 0;

	*ret = (struct left){ 0 };
	for (struct dirent *e; d && r == 0 && ret->n_paths < LEFT_FILES_MAX && (e = readdir(d)) != NULL;)
		if (is_claimed(registry, dirfd(d), e->d_name, since_ns))
			r = add(ret, folder, e->d_name);
	if (d)
		(void)closedir(d);
	registry_close(registry);
	if (ret->n_paths > 0)
		qsort(ret->paths, ret->n_paths, sizeof(*ret->paths), by_name);
	return r;
}

void left_done(struct left *l)
{
	for (uint32_t i = 0; i < l->n_paths; i++)
		free(l->paths[i]);
	free(l->paths);
	*l = (struct left){ 0 };
}
