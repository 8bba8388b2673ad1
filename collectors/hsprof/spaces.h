/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HSPROF_SPACES_H
#define HSPROF_SPACES_H

/* Which file's code lies where in which process. Files are read once, however many processes run them; a process is
 * looked at when its first sample comes, and again when it has code where there was none. One that is gone by then, or
 * that may not be looked at, is taken for a copy of one that has its program at the same place: what fork() leaves.
 * Not thread-safe.
 */

#include <weir/host.h>

#include <sys/types.h>

#include "collectors/hsprof/file.h"

enum {
	SPACES_FILES_MAX = 1024,
	SPACES_MAX = 4096,
	SPACES_MAPS_MAX = 512, /* mappings with code, of one process */
};

struct spaces;

/* A process while it runs one program. */
struct space;

/* symbols: where the program's symbols are, when its own file has none; "": nowhere else. */
int spaces_new(const struct weir_host *h, const char *symbols, struct spaces **ret, struct weir_error *reterr);
void spaces_free(struct spaces *s); /* NULL is fine */

/* Reads a program's file, as this process can open it. The first one is the one that the symbols are for. */
int spaces_add_program(struct spaces *s, const char *path, struct weir_error *reterr);
/* The same of the program that a process runs. */
int spaces_add_running(struct spaces *s, pid_t pid, struct weir_error *reterr);

/* All files with code there are, in the order in which they came; the n-th, NULL: no more. */
const struct file *spaces_file(const struct spaces *s, uint32_t n);

/* The process of a sample. NULL: nothing is known of it. round: grows by one each poll; a process is read at most once
 * in a round. */
struct space *spaces_of(struct spaces *s, const struct hsprof_sample *sample, uint32_t round);
/* Its program; NULL: not known. */
const struct file *space_program(const struct spaces *s, const struct space *space);
/* The frame of an address in it; made up (`libc.so.6+0x9d3a0`, `[unknown]`) where there is no symbol. */
uint32_t space_frame(struct spaces *s, struct space *space, uint64_t address, uint32_t round,
                     enum names_kind *ret_kind);
/* Whether code may return to an address in its program: a call comes right before it. */
int space_is_after_call(const struct spaces *s, const struct space *space, uint64_t address);

#endif
