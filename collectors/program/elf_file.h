/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROGRAM_ELF_FILE_H
#define PROGRAM_ELF_FILE_H

/* An ELF file that is open: its header, its table of sections and its build id; pieces of it on demand. The caller's
 * memory. Nothing that the file says of where things lie is believed before it was read. */

#include <weir/host.h>

#include "parsers/elf.h"

struct elf_file {
	int fd; /* -1: not open */
	struct elf_header header;
	uint8_t *sections; /* the table, as it lies in the file */
	size_t n_sections_bytes;
	char build_id[ELF_BUILD_ID_MAX];
	size_t n_build_id;
};

/* -ENOTSUP: not a 64-bit little-endian ELF file; -EBADMSG: it contradicts itself; else why it can't be read. The file
 * is to be closed whatever comes. */
int elf_file_open(struct elf_file *f, const char *path, struct weir_error *reterr);
void elf_file_close(struct elf_file *f);

/* n bytes at an offset: 0, -EFAULT when the file hasn't so much, or -errno. */
int elf_file_read(int fd, void *room, size_t n, uint64_t offset);
/* The same into memory that the caller frees; NULL: no memory, or the file hasn't so much. */
uint8_t *elf_file_piece(int fd, uint64_t offset, uint64_t n);

/* The first section of a type from *ret_index on: 1 and where it is, or 0. */
int elf_file_section(const struct elf_file *f, uint32_t type, struct elf_section *ret, uint32_t *ret_index);
int elf_file_section_called(const struct elf_file *f, const char *name, struct elf_section *ret);

#endif
