/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_KEPT_H
#define BPF_KEPT_H

/* Files of /proc and /sys that are read again and again: they stay open, because finding one costs more than reading
 * it. What is read is what the kernel says at that moment. A file of a process or thread that has ended says so, and is
 * looked for anew: its number may be another's. The caller's memory, all 0 at first; one thread. */

#include <stddef.h>

enum {
	KEPT_FILES = 256, /* at most; one that finds another in its place puts it out */
	KEPT_PATH_MAX = 60,
};

struct kept {
	struct {
		int fd;
		char path[KEPT_PATH_MAX]; /* "": there is none */
	} at[KEPT_FILES];
};

/* An open file from its start, at most n - 1 bytes, and a NUL: of a long one the kernel gives a page at a
 * time. How many bytes, or -errno. */
long kept_read_open(int fd, char *ret, size_t n);
/* The file from its start, at most n - 1 bytes, and a NUL. How many bytes, or -errno. */
long kept_read(struct kept *k, const char *path, char *ret, size_t n);
void kept_close(struct kept *k);

#endif
