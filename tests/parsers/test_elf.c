/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/elf.h"
#include "tests/support/bytes.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The layouts of <elf.h>, which is libc's own writing of the same standard, are what we are compared with. */

static struct parse_fault fault;

static Elf64_Ehdr good_header(void)
{
	Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
		         .e_type = ET_DYN,
		         .e_machine = EM_X86_64,
		         .e_phoff = 0x1122334455667788,
		         .e_shoff = 0x99,
		         .e_phentsize = sizeof(Elf64_Phdr),
		         .e_phnum = 7,
		         .e_shentsize = sizeof(Elf64_Shdr),
		         .e_shnum = 35,
		         .e_shstrndx = 34 };

	return h;
}

static void a_header_reads_as_libc_lays_it_out(void **state)
{
	Elf64_Ehdr h = good_header();
	struct elf_header e;

	assert_int_equal(elf_header((const uint8_t *)&h, sizeof(h), &e, &fault), PARSE_OK);
	assert_int_equal(e.type, ELF_TYPE_SHARED);
	assert_int_equal(e.machine, ELF_MACHINE_X86_64);
	assert_true(e.segments_at == h.e_phoff && e.sections_at == h.e_shoff);
	assert_int_equal(e.n_segments, 7);
	assert_int_equal(e.n_sections, 35);
	assert_int_equal(e.names_section, 34);
}

static void every_prefix_of_a_header_asks_for_more(void **state)
{
	Elf64_Ehdr h = good_header();
	struct elf_header e;

	for (size_t n = 0; n < sizeof(h); n++) {
		struct bytes b = bytes_guarded((const uint8_t *)&h, n);

		assert_int_equal(elf_header(b.at, n, &e, &fault), PARSE_MORE);
		bytes_done(&b);
	}
}

static void other_files_are_refused_by_name(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *code;
	} wrong[] = { { 0, 'M', "elf.magic" },
		      { 3, 'f', "elf.magic" },
		      { EI_CLASS, ELFCLASS32, "elf.class" },
		      { EI_DATA, ELFDATA2MSB, "elf.class" },
		      { offsetof(Elf64_Ehdr, e_phentsize), 55, "elf.size" },
		      { offsetof(Elf64_Ehdr, e_shentsize), 65, "elf.size" } };
	struct elf_header e;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		Elf64_Ehdr h = good_header();

		((uint8_t *)&h)[wrong[i].at] = wrong[i].value;
		assert_int_equal(elf_header((const uint8_t *)&h, sizeof(h), &e, &fault), PARSE_BAD);
		assert_string_equal(fault.code, wrong[i].code);
	}
}

static void records_read_as_libc_lays_them_out(void **state)
{
	Elf64_Phdr segments[2] = { { 0 }, { PT_LOAD, PF_X | PF_R, 0x1000, 0x401000, 0, 0x200, 0x300, 0x1000 } };
	Elf64_Shdr sections[2] = { { 0 }, { 27, SHT_SYMTAB, 0, 5, 0xf67c8, 0x187b0, 33, 1218, 8, 24 } };
	Elf64_Sym symbols[2] = { { 0 }, { 77, ELF64_ST_INFO(STB_LOCAL, STT_FUNC), 2, 14, 0x48fd30, 0x4da } };
	Elf64_Dyn dynamic[2] = { { 0 }, { DT_RUNPATH, { 0x123456789 } } };
	struct elf_segment p;
	struct elf_section s;
	struct elf_symbol y;
	int64_t tag;
	uint64_t value;

	assert_int_equal(elf_segment((uint8_t *)segments, sizeof(segments), 1, &p), PARSE_OK);
	assert_true(p.type == ELF_SEGMENT_LOAD && p.flags == 5 && p.offset == 0x1000 && p.address == 0x401000 &&
	            p.file_bytes == 0x200 && p.memory_bytes == 0x300);
	assert_int_equal(elf_section((uint8_t *)sections, sizeof(sections), 1, &s), PARSE_OK);
	assert_true(s.name == 27 && s.type == ELF_SECTION_SYMBOLS && s.address == 5 && s.offset == 0xf67c8 &&
	            s.n_bytes == 0x187b0 && s.link == 33);
	assert_int_equal(elf_symbol((uint8_t *)symbols, sizeof(symbols), 1, &y), PARSE_OK);
	assert_true(y.name == 77 && y.type == ELF_SYMBOL_FUNCTION && y.is_local && y.section == 14 &&
	            y.address == 0x48fd30 && y.n_bytes == 0x4da);
	assert_int_equal(elf_dynamic((uint8_t *)dynamic, sizeof(dynamic), 1, &tag, &value), PARSE_OK);
	assert_true(tag == ELF_DYNAMIC_RUNPATH && value == 0x123456789);
	assert_int_equal(elf_symbol((uint8_t *)symbols, sizeof(symbols) - 1, 1, &y), PARSE_MORE);
	assert_int_equal(elf_symbol((uint8_t *)symbols, sizeof(symbols), SIZE_MAX, &y), PARSE_MORE);
	assert_int_equal(elf_segment((uint8_t *)segments, sizeof(segments), SIZE_MAX / 8, &p), PARSE_MORE);
}

static void a_text_without_an_end_is_none(void **state)
{
	struct bytes b = bytes_guarded((const uint8_t *)"\0main\0rest", 10);
	struct parse_text text;

	assert_int_equal(elf_text(b.at, b.n, 1, &text), PARSE_OK);
	assert_int_equal(text.n, 4);
	assert_memory_equal(text.at, "main", 4);
	assert_int_equal(elf_text(b.at, b.n, 0, &text), PARSE_OK);
	assert_int_equal(text.n, 0);
	assert_int_equal(elf_text(b.at, b.n, 6, &text), PARSE_MORE);
	assert_int_equal(elf_text(b.at, b.n, 10, &text), PARSE_MORE);
	assert_int_equal(elf_text(b.at, b.n, UINT64_MAX, &text), PARSE_MORE);
	bytes_done(&b);
}

static void a_build_id_is_found_behind_other_notes(void **state)
{
	static const uint8_t notes[] = { 4, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 'G', 'N', 'U', 0, 9,   9,   0,   0,
		                         4, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0, 0xa, 0xb, 0xc, 0 };
	struct parse_text id;
	size_t n_bad = 0;

	assert_int_equal(elf_build_id(notes, sizeof(notes), &id, &fault), PARSE_OK);
	assert_int_equal(id.n, 3);
	assert_memory_equal(id.at, "\xa\xb\xc", 3);
	assert_int_equal(elf_build_id(notes, 20, &id, &fault), PARSE_END);
	for (size_t n = 1; n < sizeof(notes); n++) {
		struct bytes b = bytes_guarded(notes, n);
		enum parse_result r = elf_build_id(b.at, n, &id, &fault);

		n_bad += r == PARSE_BAD;
		assert_true(r == PARSE_BAD || n == 20);
		bytes_done(&b);
	}
	assert_int_equal(n_bad, sizeof(notes) - 2);
}

static void clones_of_a_function_are_it_and_pieces_are_not(void **state)
{
	static const struct {
		const char *symbol;
		int is;
	} rows[] = { { "stat_endGC", 1 },
		     { "stat_endGC.constprop.0", 1 },
		     { "stat_endGC.isra.12", 1 },
		     { "stat_endGC.constprop.0.isra.0", 1 },
		     { "stat_endGCWorker", 0 },
		     { "stat_endGC.cold", 0 },
		     { "stat_endGC.constprop.0.cold", 0 },
		     { "stat_endGC.part.0", 0 },
		     { "stat_endG", 0 },
		     { "", 0 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
			elf_is_called((struct parse_text){ rows[i].symbol, strlen(rows[i].symbol) }, "stat_endGC"),
			rows[i].is);
}

static void only_bytes_of_the_file_have_an_offset(void **state)
{
	struct elf_segment s = { 0x1000, 0x401000, 0x200, 0x300, ELF_SEGMENT_LOAD, 5 };
	uint64_t offset;

	assert_int_equal(elf_offset(&s, 0x401010, &offset), 1);
	assert_int_equal(offset, 0x1010);
	assert_int_equal(elf_offset(&s, 0x4011ff, &offset), 1);
	assert_int_equal(elf_offset(&s, 0x401200, &offset), 0);
	assert_int_equal(elf_offset(&s, 0x400fff, &offset), 0);
	s.offset = UINT64_MAX - 4;
	assert_int_equal(elf_offset(&s, 0x401010, &offset), 0);
	s.type = 2;
	assert_int_equal(elf_offset(&s, 0x401000, &offset), 0);
}

static void a_relocation_reads_as_libc_lays_it_out(void **state)
{
	Elf64_Rela all[2] = { { 0 }, { 0x1122334455667788, ELF64_R_INFO(7, R_X86_64_RELATIVE), -5 } };
	struct elf_relocation r;

	assert_int_equal(elf_relocation((const uint8_t *)all, sizeof(all), 1, &r), PARSE_OK);
	assert_true(r.address == 0x1122334455667788 && r.addend == (uint64_t)-5 && r.type == ELF_X86_64_RELATIVE);
	assert_int_equal(elf_relocation((const uint8_t *)all, sizeof(all) - 1, 1, &r), PARSE_MORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_relocation_reads_as_libc_lays_it_out),
		cmocka_unit_test(a_header_reads_as_libc_lays_it_out),
		cmocka_unit_test(every_prefix_of_a_header_asks_for_more),
		cmocka_unit_test(other_files_are_refused_by_name),
		cmocka_unit_test(records_read_as_libc_lays_them_out),
		cmocka_unit_test(a_text_without_an_end_is_none),
		cmocka_unit_test(a_build_id_is_found_behind_other_notes),
		cmocka_unit_test(clones_of_a_function_are_it_and_pieces_are_not),
		cmocka_unit_test(only_bytes_of_the_file_have_an_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
