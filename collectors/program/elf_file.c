/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/program/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/fail.h>

enum {
	NOTES_MAX = 64 * 1024,
	NAMES_MAX = 64 * 1024,
	SECTIONS_MAX = 65536,
};

int elf_file_read(int fd, void *room, size_t n, uint64_t offset)
{
	uint8_t *at = room;

	while (n > 0) {
		ssize_t r = offset > INT64_MAX ? 0 : pread(fd, at, n, (off_t)offset);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EFAULT;
		at += r;
		offset += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

uint8_t *elf_file_piece(int fd, uint64_t offset, uint64_t n)
{
	uint8_t *at = n > 0 && n <= SIZE_MAX ? malloc((size_t)n) : NULL;

	if (at && elf_file_read(fd, at, (size_t)n, offset) < 0) {
		free(at);
		return NULL;
	}
	return at;
}

int elf_file_section(const struct elf_file *f, uint32_t type, struct elf_section *ret, uint32_t *ret_index)
{
	for (uint32_t i = *ret_index; elf_section(f->sections, f->n_sections_bytes, i, ret) == PARSE_OK; i++)
		if (ret->type == type) {
			*ret_index = i;
			return 1;
		}
	return 0;
}

int elf_file_section_called(const struct elf_file *f, const char *name, struct elf_section *ret)
{
	struct elf_section names;
	struct parse_text text;
	uint8_t *texts;
	int found = 0;

	if (elf_section(f->sections, f->n_sections_bytes, f->header.names_section, &names) != PARSE_OK ||
	    names.n_bytes > NAMES_MAX)
		return 0;
	texts = elf_file_piece(f->fd, names.offset, names.n_bytes);
	for (uint32_t i = 0; texts && !found; i++) {
		if (elf_section(f->sections, f->n_sections_bytes, i, ret) != PARSE_OK)
			break;
		found = elf_text(texts, (size_t)names.n_bytes, ret->name, &text) == PARSE_OK &&
		        text.n == strlen(name) && memcmp(text.at, name, text.n) == 0;
	}
	free(texts);
	return found;
}

static void read_build_id(struct elf_file *f)
{
	struct parse_fault fault;
	struct elf_section notes;
	struct parse_text id;
	uint8_t *at;

	for (uint32_t i = 0; elf_file_section(f, ELF_SECTION_NOTE, &notes, &i) && !f->n_build_id; i++) {
		at = notes.n_bytes <= NOTES_MAX ? elf_file_piece(f->fd, notes.offset, notes.n_bytes) : NULL;
		if (at && elf_build_id(at, (size_t)notes.n_bytes, &id, &fault) == PARSE_OK) {
			memcpy(f->build_id, id.at, id.n);
			f->n_build_id = id.n;
		}
		free(at);
	}
}

static int read_sections(struct elf_file *f)
{
	uint32_t n = f->header.n_sections;
	uint8_t first[ELF_SECTION_BYTES];
	struct elf_section section;

	if (f->header.sections_at == 0)
		return 0;
	if (n == 0) {
		if (elf_file_read(f->fd, first, sizeof(first), f->header.sections_at) < 0 ||
		    elf_section(first, sizeof(first), 0, &section) != PARSE_OK || section.n_bytes > SECTIONS_MAX)
			return -EBADMSG;
		n = (uint32_t)section.n_bytes;
	}
	if (n == 0)
		return 0;
	f->sections = elf_file_piece(f->fd, f->header.sections_at, (uint64_t)n * ELF_SECTION_BYTES);
	if (!f->sections)
		return -EBADMSG;
	f->n_sections_bytes = (size_t)n * ELF_SECTION_BYTES;
	return 0;
}

void elf_file_close(struct elf_file *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	free(f->sections);
	*f = (struct elf_file){ .fd = -1 };
}

int elf_file_open(struct elf_file *f, const char *path, struct weir_error *reterr)
{
	uint8_t head[ELF_HEADER_BYTES];
	struct parse_fault fault = { 0, NULL, "cut short" };

	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0) {
		int code = -errno;

		return weir_fail(reterr, code, "program: %s: %s", path, strerror(-code));
	}
	if (elf_file_read(f->fd, head, sizeof(head), 0) < 0 ||
	    elf_header(head, sizeof(head), &f->header, &fault) != PARSE_OK)
		return weir_fail(reterr, -ENOTSUP, "program: %s: %s", path, fault.reason);
	if (read_sections(f) < 0)
		return weir_fail(reterr, -EBADMSG, "program: %s: its section table lies outside of it", path);
	read_build_id(f);
	return 0;
}
