/* SPDX-License-Identifier: Apache-2.0 */
#include "runs/build.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One step down. The root's `profile` is a link to where the profile was built, and the only link that is followed. */
static int step(int folder, const char *name, int is_first)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

	if (!is_first || strcmp(name, "profile") != 0)
		flags |= O_NOFOLLOW;
	return openat(folder, name, flags);
}

static int open_file(int folder, const char *name)
{
	/* Not blocking, for a fifo; it is told apart after it is open, so that nothing can change in between. */
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return -EINVAL;
	}
	return fd;
}

int build_open(const struct build *b, const char *path)
{
	char name[NAME_MAX + 1];
	int folder = b->root_fd, next, is_first = 1, result;
	const char *slash;

	while ((slash = strchr(path, '/'))) {
		size_t n = (size_t)(slash - path);

		if (n > NAME_MAX) {
			next = -1;
			errno = ENAMETOOLONG;
		} else {
			memcpy(name, path, n);
			name[n] = 0;
			next = step(folder, name, is_first);
		}
		result = next < 0 ? -errno : 0;
		if (!is_first)
			(void)close(folder);
		if (result < 0)
			return result;
		folder = next;
		is_first = 0;
		path = slash + 1;
	}
	result = open_file(folder, path);
	if (!is_first)
		(void)close(folder);
	return result;
}

static int read_all(int fd, char *at, size_t n_max, size_t *ret_n)
{
	ssize_t n;

	*ret_n = 0;
	while (*ret_n < n_max) {
		n = read(fd, at + *ret_n, n_max - *ret_n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		*ret_n += (size_t)n;
	}
	return 0;
}

static int load(struct build *b, struct run_document *d, int fd, size_t n_max, struct build_bytes *ret)
{
	struct stat st;
	int result;

	if (fstat(fd, &st) < 0)
		return -errno;
	d->size_bytes = (uint64_t)st.st_size;
	d->mtime_ns = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
	if (d->size_bytes > n_max)
		return -EFBIG;
	ret->at = malloc((size_t)st.st_size + 1);
	if (!ret->at)
		return -ENOMEM;
	result = read_all(fd, ret->at, (size_t)st.st_size, &ret->n);
	if (result < 0) {
		free(ret->at);
		ret->at = NULL;
		return result;
	}
	ret->at[ret->n] = 0;
	d->has_sha256 = EVP_Digest(ret->at, ret->n, d->sha256, NULL, EVP_sha256(), NULL) == 1;
	return 0;
}

int build_document(struct build *b, const char *path, uint32_t node, size_t n_max, struct build_bytes *ret)
{
	int fd = build_open(b, path), result;
	struct run_document *d;

	*ret = (struct build_bytes){ 0 };
	/* ELOOP, ENOTDIR: links and such on the way; the walk over the files says what they are. */
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return 0;
	d = build_new_document(b);
	if (!d) {
		if (fd >= 0)
			(void)close(fd);
		return 0;
	}
	*d = (struct run_document){ .path = build_text(b, path, strlen(path)), .node = node, .state = RUN_READ };
	result = fd < 0 ? fd : load(b, d, fd, n_max, ret);
	if (fd >= 0)
		(void)close(fd);
	if (result == -EFBIG)
		build_unreadable(b, WEIR_NO_OFFSET, "%llu bytes, and at most %zu are read",
		                 (unsigned long long)d->size_bytes, n_max);
	else if (result < 0)
		build_unreadable(b, WEIR_NO_OFFSET, "%s", result == -EINVAL ? "not a regular file" : strerror(-result));
	return result == 0;
}
