/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HSPROF_FILE_H
#define HSPROF_FILE_H

/* A file with code, a program or a library: what of it the profiler has to know. Read once, whoever runs it. Not
 * thread-safe. */

#include <weir/host.h>

#include "bpf/hsprof.h"
#include "collectors/hsprof/names.h"

enum {
	FILE_NAME_BYTES = 128,
	FILE_WHY_BYTES = 512,
};

struct file {
	struct names *names;        /* NULL: it has no symbols */
	struct hsprof_image layout; /* of the Haskell stack */
	struct hsprof_image_key key;
	uint64_t code_start;
	uint64_t code_page, code_offset;     /* where the page of its code was linked for, and lies in the file */
	int is_program;                      /* a process runs it, or is about to */
	char name[FILE_NAME_BYTES];          /* without its folder */
	char ghc_version[IMAGE_VERSION_MAX]; /* "": no GHC compiled it */
	char why_not[FILE_WHY_BYTES];        /* why its Haskell stacks cannot be walked, a sentence; "": they can */
	char why_nameless[FILE_WHY_BYTES];   /* the same of names */
	char *map;                           /* what maps call it; NULL: it was given as a program */
	uint64_t inode;                      /* the same */
};

/* Where a file is: how this process opens it, and what it is called below the root of who runs it. */
struct file_place {
	const char *path, *root, *within;
};

/* symbols: where its symbols are when it has none itself; "": nowhere else. */
int file_open(const struct file_place *place, const char *symbols, struct file **ret, struct weir_error *reterr);
void file_free(struct file *f); /* NULL is fine */

/* What to add to the file's addresses where a mapping of it starts, of what lies at `offset` of it. */
uint64_t file_bias(const struct file *f, uint64_t start, uint64_t offset);

#endif
