/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COLLECTORS_DISK_WORK_H
#define COLLECTORS_DISK_WORK_H

/* A file on a disk for the watched processes of the disk collector's tests: one of the build folder's, for a group of
 * tests, made before them and removed after them. */

#include "tests/collectors/watch.h"

enum {
	DISK_BLOCK = 4096,
	DISK_READS = 2000,
	DISK_FILE_BYTES = DISK_READS * DISK_BLOCK,
	DISK_CPUS_MAX = 256,
};

extern char disk_file[];

/* A group's setup and teardown. */
int disk_make_file(void **state);
int disk_remove_file(void **state);

/* Skips the calling test where the file is on no disk. */
void disk_need(void **state);
/* watch_kernel() where the file is on a disk; else the calling test is skipped. */
struct watched disk_watch(void **state, const struct watching *w);
/* watch(), too; disk_unseen is how many completions came meanwhile that no program could be told of. */
struct watched disk_watch_seen(const struct watching *w);
extern int64_t disk_unseen;

/* A loop device on the file, for as long as what is returned is open; else the calling test is skipped. */
int disk_attach_loop(void);
extern char disk_loop[32]; /* its path */

/* A counter of the kernel's own for a tracepoint of the block layer, all of the machine's; where there is no tracefs
 * the calling test is skipped. */
struct disk_events {
	int fds[DISK_CPUS_MAX], n;
};

struct disk_events disk_events_open(const char *tracepoint);
int64_t disk_events_close(struct disk_events *e);

/* In the watched process: what it can be given. */
void *disk_block(void);              /* aligned, a block long, the heap's */
void disk_read_directly(void *what); /* each block of the file once, past the page cache */

#endif
