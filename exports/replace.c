/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weir/fail.h>

enum {
	MODE_NEW = 0644,
	NAMES_TRIED = 16,
};

/* What stands before the last slash, for who needs no slash at the end but that of the root; to be freed. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static int open_named(struct replace *r)
{
	int fd, result;

	if (asprintf(&r->temporary, "%s.XXXXXX", r->path) < 0) {
		r->temporary = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(r->temporary, O_CLOEXEC);
	if (fd >= 0)
		return fd;
	result = -errno;
	free(r->temporary);
	r->temporary = NULL;
	return result;
}

/* Where there is no /proc it could not be given a name later. */
static int open_unnamed(const struct replace *r)
{
	char *folder = folder_of(r->path);
	int fd = folder && access("/proc/self/fd", X_OK) == 0 ? open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;

	free(folder);
	return fd;
}

static int make_temporary(struct replace *r)
{
	struct stat st;
	int is_old = lstat(r->path, &st) == 0 && S_ISREG(st.st_mode), fd = open_unnamed(r);

	if (fd < 0)
		fd = open_named(r);
	if (fd < 0)
		return fd;
	/* An ordinary user cannot give a file away; root must, or its owner can't read what was patched. */
	if (is_old)
		(void)!fchown(fd, st.st_uid, st.st_gid);
	if (fchmod(fd, is_old ? st.st_mode & 07777 : MODE_NEW) < 0 || !(r->file = fdopen(fd, "w"))) {
		int result = -errno;

		(void)close(fd);
		return result;
	}
	return 0;
}

/* A link cannot replace a file: where there is one it gets a name beside it first. */
static int give_name(struct replace *r, int fd)
{
	char own[64];
	int why;

	(void)snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, own, AT_FDCWD, r->path, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	for (int i = 0; i < NAMES_TRIED && errno == EEXIST; i++) {
		if (asprintf(&r->temporary, "%s.%08x", r->path, (unsigned)arc4random()) < 0) {
			r->temporary = NULL;
			return -ENOMEM;
		}
		if (linkat(AT_FDCWD, own, AT_FDCWD, r->temporary, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		why = errno;
		free(r->temporary);
		r->temporary = NULL;
		errno = why;
	}
	return -errno;
}

/* path: to be freed by replace_abort(), or NULL with errno. */
static int begin(struct replace *r, char *path, const char *name, struct weir_error *reterr)
{
	int result;

	*r = (struct replace){ .path = path };
	result = path ? make_temporary(r) : -errno;
	if (result < 0) {
		replace_abort(r);
		return weir_fail(reterr, result, "export: %s: %s", name, strerror(-result));
	}
	return 0;
}

int replace_open(struct replace *r, const char *path, struct weir_error *reterr)
{
	return begin(r, strdup(path), path, reterr);
}

int replace_open_target(struct replace *r, const char *path, struct weir_error *reterr)
{
	char *target = realpath(path, NULL);

	return begin(r, target || errno != ENOENT ? target : strdup(path), path, reterr);
}

/* The name is only as lasting as its folder. */
static void sync_folder(const char *path)
{
	char *folder = folder_of(path);
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
	free(folder);
}

/* stdio forgets why a write failed; one more byte fails for the same reason. */
static int why_not_written(int fd)
{
	return lseek(fd, 0, SEEK_END) < 0 || write(fd, "", 1) < 0 ? -errno : -EIO;
}

static int finish(struct replace *r)
{
	int result = 0;

	if (ferror(r->file))
		result = why_not_written(fileno(r->file));
	else if (fflush(r->file) != 0 || (!r->is_remade && fsync(fileno(r->file)) < 0))
		result = -errno;
	if (result == 0 && !r->temporary)
		result = give_name(r, fileno(r->file));
	if (fclose(r->file) != 0 && result == 0)
		result = -errno;
	r->file = NULL;
	if (result == 0 && r->temporary && rename(r->temporary, r->path) < 0)
		result = -errno;
	if (result < 0)
		return result;
	free(r->temporary);
	r->temporary = NULL;
	if (!r->is_remade)
		sync_folder(r->path);
	return 0;
}

int replace_commit(struct replace *r, struct weir_error *reterr)
{
	int result = finish(r);

	if (result < 0)
		(void)weir_fail(reterr, result, "export: %s: %s; the old one is as it was", r->path, strerror(-result));
	replace_abort(r);
	return result;
}

void replace_abort(struct replace *r)
{
	if (r->file)
		(void)fclose(r->file);
	if (r->temporary)
		(void)unlink(r->temporary);
	free(r->temporary);
	free(r->path);
	*r = (struct replace){ 0 };
}
