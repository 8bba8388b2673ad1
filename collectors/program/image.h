/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROGRAM_IMAGE_H
#define PROGRAM_IMAGE_H

/* A program or a shared library on disk, as live collectors look at it: its symbols, what lies at an address, which GHC
 * compiled it. Only the tables that are asked for are read, never the whole file; decoding is parsers/elf.h's.
 *
 * Addresses are those that the file was linked for; a process may have it elsewhere (process.h says where). Symbols can
 * be taken from another file, of debug information, when the program was stripped of its own. Not thread-safe.
 */

#include <weir/host.h>

#include "parsers/elf.h"

enum {
	IMAGE_SEGMENTS_MAX = 64,
	IMAGE_SYMBOLS_MAX = 16 << 20, /* of one table */
	IMAGE_TEXTS_MAX = 1 << 30,    /* bytes of their names */
	IMAGE_RELOCATIONS_MAX = 16 << 20,
	IMAGE_VERSION_MAX = 32,
};

struct image;

struct image_symbol {
	uint64_t address, n_bytes;
	uint8_t is_found;
};

/* A table of symbols in a file. */
struct image_table {
	int fd; /* the image's */
	uint64_t offset, n_bytes;
	uint64_t texts_offset, n_texts;
};

/* -ENOTSUP: not a 64-bit little-endian ELF file; -EBADMSG: it contradicts itself; else why it can't be read. */
int image_open(const char *path, struct image **ret, struct weir_error *reterr);
void image_close(struct image *i); /* NULL is fine */

/* Takes symbols from `path`, or from where debug information lies by build id when it is NULL and the file has none of
 * its own: below our root, and below the root of the process through which the image was opened. -ENODATA: there are
 * none. -EINVAL: those are of another program. */
int image_take_symbols(struct image *i, const char *path, struct weir_error *reterr);
/* Whether the file tells more than what it exports. */
int image_has_symbols(const struct image *i);

/* What to look for: a name, which also stands for the clones that a compiler made of it, and how large it has to be
 * (n_max 0: any size), because private names of several files can be the same. */
struct image_name {
	const char *name;
	uint64_t n_min, n_max;
};

/* Looks all names up in one pass. Not finding one is no failure. */
int image_find(const struct image *i, const struct image_name *names, struct image_symbol *ret, size_t n);
/* The table of all symbols, for who wants them all: 1, or 0 when there is none. */
int image_table(const struct image *i, struct image_table *ret);

/* Bytes of the file at an address: 0, or -EFAULT when not all of them are in the file. */
int image_read(const struct image *i, uint64_t address, void *room, size_t n);
/* The same of data with addresses in it, as the loader would leave it had it put the file where it was linked for. Of a
 * file that can lie anywhere all relocations are read at the first call, and kept. -EFBIG: there are too many. */
int image_read_data(struct image *i, uint64_t address, void *room, size_t n);
/* Bytes that there are in the file from an address on. */
uint64_t image_left(const struct image *i, uint64_t address);
/* Where in the file an address is: 1, or 0. */
int image_offset(const struct image *i, uint64_t address, uint64_t *ret_offset);
/* The segment with code in it whose pages start at `offset` of the file: what to subtract a mapping's start from.
 * 1, or 0. */
int image_address(const struct image *i, uint64_t offset, uint64_t *ret_address);
/* From where to where code goes, all segments of it together. */
void image_code(const struct image *i, uint64_t *ret_start, uint64_t *ret_end);

/* Of GHC, as the compiler left it in the file: `9.0.2`; empty: no GHC was there. */
const char *image_ghc_version(const struct image *i);
/* The same from the name of a run-time system's library: `libHSrts-ghc9.0.2.so`. 1, or 0 when it has none. */
int image_version_of_name(const char *name, char ret[IMAGE_VERSION_MAX]);
/* The run-time system as a shared library that this program asks for, found as the loader would when the program is
 * called `program` and both lie below `root` (""; another process's: /proc/PID/root): 1 and what it is called there.
 * 0: it asks for none. -ENOENT: there is none to be found; path is then its name. */
int image_runtime_library(const struct image *i, const char *root, const char *program, char *path, size_t n_path);
int image_is_x86_64(const struct image *i);

#endif
