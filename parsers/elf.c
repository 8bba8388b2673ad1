/* SPDX-License-Identifier: Apache-2.0 */
/* 64-bit little-endian ELF, System V gABI of 2013.
 *
 *      0  7f 'E' 'L' 'F' | class 2 | data 1 | version 1 | 9 more        header, 64 bytes
 *     16  u16 type, u16 machine, u32 version, u64 entry
 *     32  u64 segments_at, u64 sections_at, u32 flags, u16 header_bytes
 *     54  u16 segment_bytes, n_segments, section_bytes, n_sections, names_section
 *
 *     u32 type, flags; u64 offset, address, physical, file, memory, align          segment, 56 bytes
 *     u32 name, type; u64 flags, address, offset, bytes; u32 link, info; u64 …     section, 64 bytes
 *     u32 name; u8 bind << 4 | type, other; u16 section; u64 address, bytes        symbol, 24 bytes
 *     i64 tag; u64 value                                                           dynamic, 16 bytes
 *     u32 name_bytes, bytes, type; name and bytes, each filled up to 4             note
 */
#include "parsers/elf.h"

#include "parsers/cursor.h"

#include <string.h>

enum {
	IDENT_BYTES = 16,
	IDENT_CLASS = 4,
	IDENT_DATA = 5,
	CLASS_64 = 2,
	LITTLE_ENDIAN_DATA = 1,
	NAMES_ESCAPE = 0xffff,
	NOTE_BUILD_ID = 3,
};

static const uint8_t magic[4] = { 0x7f, 'E', 'L', 'F' };

static enum parse_result bad(struct parse_fault *ret_fault, uint64_t offset, const char *code, const char *reason)
{
	*ret_fault = (struct parse_fault){ offset, code, reason };
	return PARSE_BAD;
}

static enum parse_result identify(const uint8_t *at, size_t n, struct parse_fault *ret_fault)
{
	if (memcmp(at, magic, n < sizeof(magic) ? n : sizeof(magic)) != 0)
		return bad(ret_fault, 0, "elf.magic", "not an ELF file");
	if ((n > IDENT_CLASS && at[IDENT_CLASS] != CLASS_64) ||
	    (n > IDENT_DATA && at[IDENT_DATA] != LITTLE_ENDIAN_DATA))
		return bad(ret_fault, IDENT_CLASS, "elf.class", "not a 64-bit little-endian file");
	return n < ELF_HEADER_BYTES ? PARSE_MORE : PARSE_OK;
}

enum parse_result elf_header(const uint8_t *at, size_t n, struct elf_header *ret, struct parse_fault *ret_fault)
{
	struct cursor c = cursor_on(at, n);
	enum parse_result r = identify(at, n, ret_fault);
	uint16_t segment_bytes, section_bytes;

	if (r != PARSE_OK)
		return r;
	(void)cursor_take(&c, IDENT_BYTES);
	ret->type = cursor_le16(&c);
	ret->machine = cursor_le16(&c);
	(void)cursor_take(&c, 4 + 8);
	ret->segments_at = cursor_le64(&c);
	ret->sections_at = cursor_le64(&c);
	(void)cursor_take(&c, 4 + 2);
	segment_bytes = cursor_le16(&c);
	ret->n_segments = cursor_le16(&c);
	section_bytes = cursor_le16(&c);
	ret->n_sections = cursor_le16(&c);
	ret->names_section = cursor_le16(&c);
	if ((ret->n_segments > 0 && segment_bytes != ELF_SEGMENT_BYTES) ||
	    (ret->sections_at > 0 && section_bytes != ELF_SECTION_BYTES))
		return bad(ret_fault, 54, "elf.size", "its tables have records of another size");
	return PARSE_OK;
}

/* A cursor on record `index`; short when it isn't all there. */
static struct cursor record(const uint8_t *at, size_t n, size_t index, size_t n_record)
{
	struct cursor c = cursor_on(at, n);

	if (index >= n / n_record)
		c.is_short = 1;
	else
		(void)cursor_take(&c, index * n_record);
	return c;
}

enum parse_result elf_segment(const uint8_t *at, size_t n, size_t index, struct elf_segment *ret)
{
	struct cursor c = record(at, n, index, ELF_SEGMENT_BYTES);

	ret->type = cursor_le32(&c);
	ret->flags = cursor_le32(&c);
	ret->offset = cursor_le64(&c);
	ret->address = cursor_le64(&c);
	(void)cursor_take(&c, 8);
	ret->file_bytes = cursor_le64(&c);
	ret->memory_bytes = cursor_le64(&c);
	return c.is_short ? PARSE_MORE : PARSE_OK;
}

enum parse_result elf_section(const uint8_t *at, size_t n, size_t index, struct elf_section *ret)
{
	struct cursor c = record(at, n, index, ELF_SECTION_BYTES);

	ret->name = cursor_le32(&c);
	ret->type = cursor_le32(&c);
	(void)cursor_take(&c, 8);
	ret->address = cursor_le64(&c);
	ret->offset = cursor_le64(&c);
	ret->n_bytes = cursor_le64(&c);
	ret->link = cursor_le32(&c);
	return c.is_short ? PARSE_MORE : PARSE_OK;
}

enum parse_result elf_symbol(const uint8_t *at, size_t n, size_t index, struct elf_symbol *ret)
{
	struct cursor c = record(at, n, index, ELF_SYMBOL_BYTES);
	uint8_t info;

	ret->name = cursor_le32(&c);
	info = cursor_u8(&c);
	(void)cursor_u8(&c);
	ret->section = cursor_le16(&c);
	ret->address = cursor_le64(&c);
	ret->n_bytes = cursor_le64(&c);
	ret->type = info & 0xf;
	ret->is_local = info >> 4 == 0;
	return c.is_short ? PARSE_MORE : PARSE_OK;
}

enum parse_result elf_dynamic(const uint8_t *at, size_t n, size_t index, int64_t *ret_tag, uint64_t *ret_value)
{
	struct cursor c = record(at, n, index, ELF_DYNAMIC_BYTES);

	*ret_tag = (int64_t)cursor_le64(&c);
	*ret_value = cursor_le64(&c);
	return c.is_short ? PARSE_MORE : PARSE_OK;
}

enum parse_result elf_relocation(const uint8_t *at, size_t n, size_t index, struct elf_relocation *ret)
{
	struct cursor c = record(at, n, index, ELF_RELOCATION_BYTES);

	ret->address = cursor_le64(&c);
	ret->type = cursor_le32(&c);
	(void)cursor_le32(&c);
	ret->addend = cursor_le64(&c);
	return c.is_short ? PARSE_MORE : PARSE_OK;
}

enum parse_result elf_text(const uint8_t *at, size_t n, uint64_t offset, struct parse_text *ret)
{
	const uint8_t *end;

	if (offset >= n)
		return PARSE_MORE;
	end = memchr(at + offset, '\0', n - (size_t)offset);
	if (!end)
		return PARSE_MORE;
	*ret = (struct parse_text){ (const char *)at + offset, (size_t)(end - at) - (size_t)offset };
	return PARSE_OK;
}

static const uint8_t *take_filled(struct cursor *c, uint32_t n)
{
	const uint8_t *at = cursor_take(c, n);

	(void)cursor_take(c, -n & 3);
	return at;
}

enum parse_result elf_build_id(const uint8_t *at, size_t n, struct parse_text *ret, struct parse_fault *ret_fault)
{
	struct cursor c = cursor_on(at, n);

	while (cursor_left(&c) > 0) {
		uint64_t offset = (uint64_t)(c.at - at);
		uint32_t n_name = cursor_le32(&c), n_bytes = cursor_le32(&c), type = cursor_le32(&c);
		const uint8_t *name = take_filled(&c, n_name);
		const uint8_t *bytes = take_filled(&c, n_bytes);

		if (c.is_short)
			return bad(ret_fault, offset, "elf.note", "a note that is cut");
		if (type != NOTE_BUILD_ID || n_name != 4 || memcmp(name, "GNU", 4) != 0 || n_bytes > ELF_BUILD_ID_MAX)
			continue;
		*ret = (struct parse_text){ (const char *)bytes, n_bytes };
		return PARSE_OK;
	}
	return PARSE_END;
}

int elf_is_called(struct parse_text name, const char *source_name)
{
	/* Not `.cold` and `.part`: they are pieces of a function, and nothing enters it there. */
	static const char *const clones[] = { ".constprop.", ".isra.", ".lto_priv." };
	size_t n = strlen(source_name);

	if (name.n < n || memcmp(name.at, source_name, n) != 0)
		return 0;
	if (memmem(name.at + n, name.n - n, ".cold", 5) || memmem(name.at + n, name.n - n, ".part", 5))
		return 0;
	for (size_t i = 0; i < sizeof(clones) / sizeof(clones[0]); i++)
		if (name.n - n > strlen(clones[i]) && memcmp(name.at + n, clones[i], strlen(clones[i])) == 0)
			return 1;
	return name.n == n;
}

int elf_offset(const struct elf_segment *segment, uint64_t address, uint64_t *ret_offset)
{
	if (segment->type != ELF_SEGMENT_LOAD || address < segment->address ||
	    address - segment->address >= segment->file_bytes)
		return 0;
	return !__builtin_add_overflow(segment->offset, address - segment->address, ret_offset);
}
