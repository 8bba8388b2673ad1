/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/program/image.h"

#include "collectors/program/elf_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/fail.h>

enum {
	COMMENT_MAX = 64 * 1024,
	DYNAMIC_MAX = 64 * 1024,
	DYNAMIC_TEXTS_MAX = 1 << 20,
};

struct relocation {
	uint64_t address, addend;
};

struct image {
	struct elf_file own, debug;
	struct relocation *relocations; /* sorted; of the kind that only depends on where the file is loaded */
	uint32_t n_relocations;
	uint8_t has_relocations;
	struct elf_segment segments[IMAGE_SEGMENTS_MAX];
	uint32_t n_segments;
	char version[IMAGE_VERSION_MAX];
	char path[PATH_MAX];
};

static int read_segments(struct image *i, struct weir_error *reterr)
{
	uint32_t n = i->own.header.n_segments;
	uint8_t *table;

	if (n > IMAGE_SEGMENTS_MAX)
		return weir_fail(reterr, -ENOTSUP, "program: %s: %u segments, more than %d", i->path, n,
		                 IMAGE_SEGMENTS_MAX);
	table = elf_file_piece(i->own.fd, i->own.header.segments_at, (uint64_t)n * ELF_SEGMENT_BYTES);
	if (!table)
		return n == 0 ? 0
		              : weir_fail(reterr, -EBADMSG, "program: %s: its segment table lies outside of it",
		                          i->path);
	while (i->n_segments < n && elf_segment(table, (size_t)n * ELF_SEGMENT_BYTES, i->n_segments,
	                                        &i->segments[i->n_segments]) == PARSE_OK)
		i->n_segments++;
	free(table);
	return 0;
}

/* ---- The compiler ---- */

/* `GHC 9.0.2` among the texts that compilers leave in .comment; the name of a run-time library has it too. */
static int take_version(char version[IMAGE_VERSION_MAX], const char *at, size_t n, const char *mark)
{
	const char *found = n ? memmem(at, n, mark, strlen(mark)) : NULL;
	size_t k = 0;

	if (!found)
		return 0;
	found += strlen(mark);
	while (found + k < at + n && k + 1 < IMAGE_VERSION_MAX &&
	       ((found[k] >= '0' && found[k] <= '9') ||
	        (found[k] == '.' && k + 1 < (size_t)(at + n - found) && found[k + 1] >= '0' && found[k + 1] <= '9'))) {
		version[k] = found[k];
		k++;
	}
	version[k] = '\0';
	return k > 0;
}

int image_version_of_name(const char *name, char ret[IMAGE_VERSION_MAX])
{
	return take_version(ret, name, strlen(name), "-ghc");
}

static void read_version(struct image *i)
{
	struct elf_section comment;
	uint8_t *at = NULL;

	if (elf_file_section_called(&i->own, ".comment", &comment) && comment.n_bytes <= COMMENT_MAX)
		at = elf_file_piece(i->own.fd, comment.offset, comment.n_bytes);
	if (!at || !take_version(i->version, (const char *)at, (size_t)comment.n_bytes, "GHC "))
		(void)image_version_of_name(i->path, i->version);
	free(at);
}

int image_open(const char *path, struct image **ret, struct weir_error *reterr)
{
	struct image *i = calloc(1, sizeof(*i));
	int r;

	if (!i)
		return weir_fail(reterr, -ENOMEM, "program: %s: no memory", path);
	i->own.fd = i->debug.fd = -1;
	(void)snprintf(i->path, sizeof(i->path), "%s", path);
	r = elf_file_open(&i->own, path, reterr);
	if (r >= 0)
		r = read_segments(i, reterr);
	if (r < 0) {
		image_close(i);
		return r;
	}
	read_version(i);
	*ret = i;
	return 0;
}

void image_close(struct image *i)
{
	if (!i)
		return;
	elf_file_close(&i->own);
	elf_file_close(&i->debug);
	free(i->relocations);
	free(i);
}

/* ---- Symbols ---- */

static int table_of(const struct elf_file *f, uint32_t type, struct image_table *ret)
{
	struct elf_section symbols, texts;
	uint32_t index = 0;

	if (f->fd < 0 || !elf_file_section(f, type, &symbols, &index) ||
	    symbols.n_bytes / ELF_SYMBOL_BYTES > IMAGE_SYMBOLS_MAX ||
	    elf_section(f->sections, f->n_sections_bytes, symbols.link, &texts) != PARSE_OK ||
	    texts.n_bytes > IMAGE_TEXTS_MAX)
		return 0;
	*ret = (struct image_table){ f->fd, symbols.offset, symbols.n_bytes, texts.offset, texts.n_bytes };
	return 1;
}

int image_has_symbols(const struct image *i)
{
	struct image_table table;

	return table_of(&i->debug, ELF_SECTION_SYMBOLS, &table) || table_of(&i->own, ELF_SECTION_SYMBOLS, &table);
}

int image_table(const struct image *i, struct image_table *ret)
{
	return table_of(&i->debug, ELF_SECTION_SYMBOLS, ret) || table_of(&i->own, ELF_SECTION_SYMBOLS, ret) ||
	       table_of(&i->own, ELF_SECTION_DYNAMIC_SYMBOLS, ret);
}

/* The root of the process whose file it is, where the path leads through /proc/PID; "": ours. */
static void root_of(const char *path, char *root, size_t n_root)
{
	unsigned pid;
	int n = 0;

	root[0] = '\0';
	if (sscanf(path, "/proc/%u/%n", &pid, &n) == 1 && n > 0 &&
	    (strcmp(path + n, "exe") == 0 || strncmp(path + n, "root/", 5) == 0))
		(void)snprintf(root, n_root, "/proc/%u/root", pid);
}

static void debug_path(const struct elf_file *f, const char *root, char *path, size_t n_path)
{
	size_t n = (size_t)snprintf(path, n_path, "%s/usr/lib/debug/.build-id/%02x/", root, (uint8_t)f->build_id[0]);

	for (size_t k = 1; k < f->n_build_id && n < n_path; k++)
		n += (size_t)snprintf(path + n, n_path - n, "%02x", (uint8_t)f->build_id[k]);
	if (n < n_path)
		(void)snprintf(path + n, n_path - n, ".debug");
}

int image_take_symbols(struct image *i, const char *path, struct weir_error *reterr)
{
	char by_id[PATH_MAX], root[32];
	struct image_table table;
	int r;

	if (!path && table_of(&i->own, ELF_SECTION_SYMBOLS, &table))
		return 0;
	if (!path && i->own.n_build_id == 0)
		return weir_fail(reterr, -ENODATA, "program: %s: stripped of its symbols, and has no build id",
		                 i->path);
	if (!path) {
		root_of(i->path, root, sizeof(root));
		debug_path(&i->own, "", by_id, sizeof(by_id));
		if (root[0] && access(by_id, R_OK) < 0)
			debug_path(&i->own, root, by_id, sizeof(by_id));
	}
	r = elf_file_open(&i->debug, path ? path : by_id, path ? reterr : NULL);
	if (r >= 0 && !table_of(&i->debug, ELF_SECTION_SYMBOLS, &table))
		r = weir_fail(reterr, -ENODATA, "program: %s: has no symbols either", path ? path : by_id);
	if (r >= 0 && i->own.n_build_id && i->debug.n_build_id &&
	    (i->own.n_build_id != i->debug.n_build_id ||
	     memcmp(i->own.build_id, i->debug.build_id, i->own.n_build_id) != 0))
		r = weir_fail(reterr, -EINVAL, "program: %s: symbols of another build than %s", path ? path : by_id,
		              i->path);
	if (r >= 0)
		return 0;
	elf_file_close(&i->debug);
	if (path)
		return r;
	return weir_fail(reterr, -ENODATA,
	                 "program: %s: stripped of its symbols; give a copy that has them with the option symbols",
	                 i->path);
}

static void match(const uint8_t *texts, size_t n_texts, const struct elf_symbol *symbol, const struct image_name *names,
                  struct image_symbol *ret, size_t n)
{
	struct parse_text name;

	if (symbol->section == ELF_UNDEFINED || symbol->type > ELF_SYMBOL_FUNCTION ||
	    elf_text(texts, n_texts, symbol->name, &name) != PARSE_OK)
		return;
	for (size_t k = 0; k < n; k++)
		if (!ret[k].is_found && elf_is_called(name, names[k].name) &&
		    (!names[k].n_max || (symbol->n_bytes >= names[k].n_min && symbol->n_bytes <= names[k].n_max)))
			ret[k] = (struct image_symbol){ symbol->address, symbol->n_bytes, 1 };
}

static int find_in(const struct image_table *table, const struct image_name *names, struct image_symbol *ret, size_t n)
{
	uint8_t *symbols = elf_file_piece(table->fd, table->offset, table->n_bytes);
	uint8_t *texts = elf_file_piece(table->fd, table->texts_offset, table->n_texts);
	struct elf_symbol symbol;
	int r = symbols && texts ? 0 : -EBADMSG;

	for (size_t k = 0; r == 0 && elf_symbol(symbols, (size_t)table->n_bytes, k, &symbol) == PARSE_OK; k++)
		match(texts, (size_t)table->n_texts, &symbol, names, ret, n);
	free(symbols);
	free(texts);
	return r;
}

int image_find(const struct image *i, const struct image_name *names, struct image_symbol *ret, size_t n)
{
	struct image_table table;
	int r = 0;

	memset(ret, 0, n * sizeof(*ret));
	if (table_of(&i->debug, ELF_SECTION_SYMBOLS, &table) || table_of(&i->own, ELF_SECTION_SYMBOLS, &table))
		r = find_in(&table, names, ret, n);
	if (r == 0 && table_of(&i->own, ELF_SECTION_DYNAMIC_SYMBOLS, &table))
		r = find_in(&table, names, ret, n);
	return r;
}

/* ---- Addresses ---- */

int image_offset(const struct image *i, uint64_t address, uint64_t *ret_offset)
{
	for (uint32_t k = 0; k < i->n_segments; k++)
		if (elf_offset(&i->segments[k], address, ret_offset))
			return 1;
	return 0;
}

int image_read(const struct image *i, uint64_t address, void *room, size_t n)
{
	uint64_t offset, last;

	if (n == 0)
		return 0;
	if (address > UINT64_MAX - n || !image_offset(i, address, &offset) ||
	    !image_offset(i, address + n - 1, &last) || last - offset != n - 1)
		return -EFAULT;
	return elf_file_read(i->own.fd, room, n, offset);
}

uint64_t image_left(const struct image *i, uint64_t address)
{
	uint64_t offset;

	for (uint32_t k = 0; k < i->n_segments; k++)
		if (elf_offset(&i->segments[k], address, &offset))
			return i->segments[k].file_bytes - (address - i->segments[k].address);
	return 0;
}

/* ---- Relocations ---- */

static int compare(const void *a, const void *b)
{
	const struct relocation *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static int add_relocations(struct image *i, const struct elf_section *section)
{
	uint64_t n_more = section->n_bytes / ELF_RELOCATION_BYTES;
	struct elf_relocation one;
	struct relocation *all;
	uint8_t *table;

	if (n_more > IMAGE_RELOCATIONS_MAX - i->n_relocations)
		return -EFBIG;
	table = elf_file_piece(i->own.fd, section->offset, section->n_bytes);
	all = reallocarray(i->relocations, i->n_relocations + n_more + 1, sizeof(*all));
	if (all)
		i->relocations = all;
	for (size_t k = 0; table && all && elf_relocation(table, (size_t)section->n_bytes, k, &one) == PARSE_OK; k++)
		if (one.type == ELF_X86_64_RELATIVE)
			all[i->n_relocations++] = (struct relocation){ one.address, one.addend };
	free(table);
	return table && all ? 0 : -ENOMEM;
}

static int read_relocations(struct image *i)
{
	struct elf_section section;
	int r = 0;

	i->has_relocations = 1;
	if (i->own.header.type != ELF_TYPE_SHARED || !image_is_x86_64(i))
		return 0;
	for (uint32_t k = 0; r == 0 && elf_file_section(&i->own, ELF_SECTION_RELOCATIONS, &section, &k); k++)
		r = add_relocations(i, &section);
	if (i->n_relocations)
		qsort(i->relocations, i->n_relocations, sizeof(*i->relocations), compare);
	return r;
}

int image_read_data(struct image *i, uint64_t address, void *room, size_t n)
{
	int r = image_read(i, address, room, n);
	uint32_t low = 0, high;

	if (r == 0 && !i->has_relocations)
		r = read_relocations(i);
	high = i->n_relocations;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (i->relocations[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	for (; r == 0 && low < i->n_relocations; low++) {
		uint64_t at = i->relocations[low].address - address;

		if (at >= n || n - at < sizeof(uint64_t))
			break;
		memcpy((uint8_t *)room + at, &i->relocations[low].addend, sizeof(uint64_t));
	}
	return r;
}

int image_address(const struct image *i, uint64_t offset, uint64_t *ret_address)
{
	for (uint32_t k = 0; k < i->n_segments; k++) {
		const struct elf_segment *s = &i->segments[k];

		/* A mapping starts at the page in which its segment does. */
		if (s->type != ELF_SEGMENT_LOAD || !(s->flags & ELF_SEGMENT_EXECUTABLE) ||
		    offset > s->offset + s->file_bytes || offset + 0x10000 <= s->offset)
			continue;
		*ret_address = s->address - s->offset + offset;
		return 1;
	}
	return 0;
}

void image_code(const struct image *i, uint64_t *ret_start, uint64_t *ret_end)
{
	*ret_start = UINT64_MAX;
	*ret_end = 0;
	for (uint32_t k = 0; k < i->n_segments; k++) {
		const struct elf_segment *s = &i->segments[k];

		if (s->type != ELF_SEGMENT_LOAD || !(s->flags & ELF_SEGMENT_EXECUTABLE))
			continue;
		if (s->address < *ret_start)
			*ret_start = s->address;
		if (s->address + s->memory_bytes > *ret_end)
			*ret_end = s->address + s->memory_bytes;
	}
}

const char *image_ghc_version(const struct image *i)
{
	return i->version;
}

int image_is_x86_64(const struct image *i)
{
	return i->own.header.machine == ELF_MACHINE_X86_64;
}

/* ---- The run-time system's library ---- */

struct dynamic {
	uint8_t *entries, *texts;
	size_t n_entries, n_texts;
};

static int dynamic_value(const struct dynamic *d, size_t *index, int64_t tag_a, int64_t tag_b, struct parse_text *ret)
{
	int64_t tag;
	uint64_t value;

	while (elf_dynamic(d->entries, d->n_entries, (*index)++, &tag, &value) == PARSE_OK && tag != 0)
		if ((tag == tag_a || tag == tag_b) && elf_text(d->texts, d->n_texts, value, ret) == PARSE_OK)
			return 1;
	return 0;
}

static int is_there(const char *root, const char *program, struct parse_text folder, struct parse_text name, char *path,
                    size_t n_path)
{
	static const char origin[] = "$ORIGIN";
	const char *slash = strrchr(program, '/');
	char below[PATH_MAX];
	size_t n_skip = folder.n >= sizeof(origin) - 1 && memcmp(folder.at, origin, sizeof(origin) - 1) == 0
	                        ? sizeof(origin) - 1
	                        : 0;
	int n = snprintf(path, n_path, "%.*s%.*s/%.*s", n_skip && slash ? (int)(slash - program) : 0, program,
	                 (int)(folder.n - n_skip), folder.at + n_skip, (int)name.n, name.at);

	return n > 0 && (size_t)n < n_path && snprintf(below, sizeof(below), "%s%s", root, path) < (int)sizeof(below) &&
	       access(below, R_OK) == 0;
}

static int search(const char *root, const char *program, const struct dynamic *d, struct parse_text name, char *path,
                  size_t n_path)
{
	struct parse_text folders, folder;
	size_t index = 0;

	while (dynamic_value(d, &index, ELF_DYNAMIC_RUNPATH, ELF_DYNAMIC_RPATH, &folders))
		while (folders.n > 0) {
			const char *colon = memchr(folders.at, ':', folders.n);

			folder = (struct parse_text){ folders.at, colon ? (size_t)(colon - folders.at) : folders.n };
			if (is_there(root, program, folder, name, path, n_path))
				return 1;
			folders.at += folder.n + (colon ? 1 : 0);
			folders.n -= folder.n + (colon ? 1 : 0);
		}
	return 0;
}

int image_runtime_library(const struct image *i, const char *root, const char *program, char *path, size_t n_path)
{
	static const char library[] = "libHSrts";
	struct elf_section dynamic, texts;
	struct dynamic d = { NULL, NULL, 0, 0 };
	struct parse_text name;
	uint32_t at = 0;
	size_t index = 0;
	int found = 0;

	if (!elf_file_section(&i->own, ELF_SECTION_DYNAMIC, &dynamic, &at) || dynamic.n_bytes > DYNAMIC_MAX ||
	    elf_section(i->own.sections, i->own.n_sections_bytes, dynamic.link, &texts) != PARSE_OK ||
	    texts.n_bytes > DYNAMIC_TEXTS_MAX)
		return 0;
	d = (struct dynamic){ elf_file_piece(i->own.fd, dynamic.offset, dynamic.n_bytes),
		              elf_file_piece(i->own.fd, texts.offset, texts.n_bytes), (size_t)dynamic.n_bytes,
		              (size_t)texts.n_bytes };
	while (d.entries && d.texts && !found &&
	       dynamic_value(&d, &index, ELF_DYNAMIC_NEEDED, ELF_DYNAMIC_NEEDED, &name))
		if (name.n >= sizeof(library) - 1 && memcmp(name.at, library, sizeof(library) - 1) == 0)
			found = search(root, program, &d, name, path, n_path) ? 1 : -ENOENT;
	if (found < 0)
		(void)snprintf(path, n_path, "%.*s", (int)name.n, name.at);
	free(d.entries);
	free(d.texts);
	return found;
}
