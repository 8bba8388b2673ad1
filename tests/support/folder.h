/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

/* A folder that lasts for one test, below TMPDIR or /tmp. Failing here fails the test. */

#include <stddef.h>

struct folder {
	char path[256]; /* real */
};

struct folder folder_new(void);
void folder_free(struct folder *f); /* with all that is in it */

/* The full path of something in the folder; good until the fourth next call. */
const char *folder_path(const struct folder *f, const char *path);

/* Folders on the way are made. */
void folder_make(const struct folder *f, const char *path);
void folder_write(const struct folder *f, const char *path, const char *text);
void folder_write_bytes(const struct folder *f, const char *path, const void *at, size_t n);
void folder_link(const struct folder *f, const char *path, const char *target);

#endif
