/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weir/fail.h>

/* In a sticky folder of root (/tmp) others may add files, but not replace ours. */
static int is_shared_but_safe(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) && st->st_uid == 0;
}

static int check_owner(const struct stat *st, const char *path, const char *place, struct weir_error *reterr)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return weir_fail(
			reterr, -EPERM,
			"collector %s: not loaded: %s belongs to user %u, who could change it: chown it to root "
			"or to yourself",
			path, place, (unsigned int)st->st_uid);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) && !is_shared_but_safe(st))
		return weir_fail(reterr, -EPERM, "collector %s: not loaded: others may write %s: chmod go-w %s", path,
		                 place, place);
	return 0;
}

/* Each folder on a real path, from the root down. */
static int check_folders(char *path, struct weir_error *reterr)
{
	char whole[PATH_MAX];
	struct stat st;
	int r = 0;

	(void)snprintf(whole, sizeof(whole), "%s", path);
	for (char *slash = path; slash && r == 0; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (lstat(slash == path ? "/" : path, &st) < 0)
			r = weir_fail(reterr, -errno, "collector %s: %s: %s", whole, path, strerror(errno));
		else
			r = check_owner(&st, whole, slash == path ? "/" : path, reterr);
		*slash = '/';
	}
	return r;
}

static int check_file(int fd, const char *path, struct weir_error *reterr)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return weir_fail(reterr, -errno, "collector %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return weir_fail(reterr, -EINVAL, "collector %s: not a regular file", path);
	return check_owner(&st, path, path, reterr);
}

int trusted_open(const char *path, char **ret_path, struct weir_error *reterr)
{
	char *real = realpath(path, NULL);
	int fd, r;

	if (!real)
		return weir_fail(reterr, -errno, "collector %s: %s", path, strerror(errno));
	r = check_folders(real, reterr);
	if (r < 0)
		goto fail;
	fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		r = weir_fail(reterr, -errno, "collector %s: %s", path, strerror(errno));
		goto fail;
	}
	r = check_file(fd, real, reterr);
	if (r == 0) {
		*ret_path = real;
		return fd;
	}
	(void)close(fd);
fail:
	free(real);
	return r;
}
