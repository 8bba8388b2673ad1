/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_ELF_H
#define PARSERS_ELF_H

/* What a live collector has to know of a program's file: where its segments lie, what its symbols are called, who built
 * it. 64-bit little-endian ELF only (System V gABI, chapters 4 and 5), piece by piece: the caller reads the pieces, so
 * that a file of any size costs only what is looked at. Nothing in a piece is trusted; what a piece says of another one
 * (an offset, an index) is for the caller's read to refuse.
 *
 * Stateless and pure. Texts point into the buffer.
 */

#include "parsers/result.h"

enum {
	ELF_HEADER_BYTES = 64,
	ELF_SEGMENT_BYTES = 56,
	ELF_SECTION_BYTES = 64,
	ELF_SYMBOL_BYTES = 24,
	ELF_DYNAMIC_BYTES = 16,
	ELF_RELOCATION_BYTES = 24,

	ELF_TYPE_EXECUTABLE = 2, /* of a file */
	ELF_TYPE_SHARED = 3,
	ELF_MACHINE_X86_64 = 62,
	ELF_X86_64_RELATIVE = 8, /* of a relocation: where the file was loaded, and the addend */
	ELF_SEGMENT_LOAD = 1,
	ELF_SEGMENT_EXECUTABLE = 1, /* flag */
	ELF_SECTION_BITS = 1,
	ELF_SECTION_SYMBOLS = 2,
	ELF_SECTION_RELOCATIONS = 4, /* with addends */
	ELF_SECTION_DYNAMIC = 6,
	ELF_SECTION_NOTE = 7,
	ELF_SECTION_EMPTY = 8, /* takes no bytes of the file */
	ELF_SECTION_DYNAMIC_SYMBOLS = 11,
	ELF_SYMBOL_UNTYPED = 0,
	ELF_SYMBOL_OBJECT = 1,
	ELF_SYMBOL_FUNCTION = 2,
	ELF_UNDEFINED = 0, /* section of a symbol that another file has */
	ELF_DYNAMIC_NEEDED = 1,
	ELF_DYNAMIC_RPATH = 15,
	ELF_DYNAMIC_RUNPATH = 29,
	ELF_BUILD_ID_MAX = 64,
};

struct elf_header {
	uint64_t segments_at, sections_at; /* offsets in the file */
	uint32_t n_segments, n_sections;   /* n_sections 0 and sections_at > 0: section 0's size says how many */
	uint32_t names_section;            /* its texts are the sections' names */
	uint16_t type, machine;
};

struct elf_segment {
	uint64_t offset, address, file_bytes, memory_bytes;
	uint32_t type, flags;
};

struct elf_section {
	uint64_t address, offset, n_bytes;
	uint32_t name; /* offset in the names' section */
	uint32_t type, link;
};

struct elf_symbol {
	uint64_t address, n_bytes;
	uint32_t name; /* offset in the section that the symbols' section links to */
	uint16_t section;
	uint8_t type;
	uint8_t is_local;
};

struct elf_relocation {
	uint64_t address, addend;
	uint32_t type;
};

/* PARSE_OK; PARSE_MORE: fewer than ELF_HEADER_BYTES, all of them good so far; PARSE_BAD: `elf.magic`, `elf.class` (not
 * 64-bit little-endian), `elf.size` (records of another size than ours). */
enum parse_result elf_header(const uint8_t *at, size_t n, struct elf_header *ret, struct parse_fault *ret_fault);

/* Record `index` of a table: PARSE_OK, or PARSE_MORE when the table's bytes end before it does. */
enum parse_result elf_segment(const uint8_t *at, size_t n, size_t index, struct elf_segment *ret);
enum parse_result elf_section(const uint8_t *at, size_t n, size_t index, struct elf_section *ret);
enum parse_result elf_symbol(const uint8_t *at, size_t n, size_t index, struct elf_symbol *ret);
enum parse_result elf_dynamic(const uint8_t *at, size_t n, size_t index, int64_t *ret_tag, uint64_t *ret_value);
enum parse_result elf_relocation(const uint8_t *at, size_t n, size_t index, struct elf_relocation *ret);

/* The text at an offset of a section of texts, without its end. PARSE_MORE: no end there. */
enum parse_result elf_text(const uint8_t *at, size_t n, uint64_t offset, struct parse_text *ret);

/* The build id in a section of notes: PARSE_OK, PARSE_END (none), PARSE_BAD (`elf.note`: a note that is cut). */
enum parse_result elf_build_id(const uint8_t *at, size_t n, struct parse_text *ret, struct parse_fault *ret_fault);

/* Whether a symbol's name is the one that the source gave: itself, or as the compiler renamed a clone
 * (`nonmovingMark_.constprop.0`). */
int elf_is_called(struct parse_text name, const char *source_name);

/* The file's offset of an address, when the segment holds its byte: 1, or 0. */
int elf_offset(const struct elf_segment *segment, uint64_t address, uint64_t *ret_offset);

#endif
