/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* FNV-1a. */
static uint32_t place_of(const char *path)
{
	uint32_t hash = 2166136261U;

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * 16777619U;
	return (hash ^ hash >> 16) % KEPT_FILES;
}

long kept_read_open(int fd, char *ret, size_t n)
{
	size_t n_read = 0;
	ssize_t got = 1;

	while (got > 0 && n_read < n - 1) {
		got = pread(fd, ret + n_read, n - 1 - n_read, (off_t)n_read);
		n_read += got > 0 ? (size_t)got : 0;
	}
	ret[got < 0 ? 0 : n_read] = '\0';
	return got < 0 ? -errno : (long)n_read;
}

static int is_for_keeping(const char *path)
{
	return strlen(path) < KEPT_PATH_MAX && (strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/sys/", 5) == 0);
}

long kept_read(struct kept *k, const char *path, char *ret, size_t n)
{
	uint32_t at = place_of(path);
	long r;
	int fd;

	if (strcmp(k->at[at].path, path) == 0) {
		r = kept_read_open(k->at[at].fd, ret, n);
		if (r > 0)
			return r;
	}
	ret[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = kept_read_open(fd, ret, n);
	if (r <= 0 || !is_for_keeping(path)) {
		(void)close(fd);
		return r;
	}
	if (k->at[at].path[0])
		(void)close(k->at[at].fd);
	k->at[at].fd = fd;
	memcpy(k->at[at].path, path, strlen(path) + 1);
	return r;
}

void kept_close(struct kept *k)
{
	for (uint32_t i = 0; i < KEPT_FILES; i++)
		if (k->at[i].path[0])
			(void)close(k->at[i].fd);
	memset(k, 0, sizeof(*k));
}
