/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/conformance/imports.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct tables {
	const ElfW(Sym) * symbols;
	const char *names;
	const ElfW(Rela) * rela, *plt;
	uint64_t n_rela_bytes, n_plt_bytes;
	uint64_t base;
	int has_other_kind;
};

/* glibc has already added the base to these on most machines, and not on all. */
static const void *at(const struct tables *t, uint64_t value)
{
	return (const void *)(uintptr_t)(value < t->base ? value + t->base : value);
}

static struct tables read_tables(const struct link_map *map)
{
	struct tables t = { .base = map->l_addr };

	for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			t.symbols = at(&t, d->d_un.d_ptr);
		else if (d->d_tag == DT_STRTAB)
			t.names = at(&t, d->d_un.d_ptr);
		else if (d->d_tag == DT_RELA)
			t.rela = at(&t, d->d_un.d_ptr);
		else if (d->d_tag == DT_JMPREL)
			t.plt = at(&t, d->d_un.d_ptr);
		else if (d->d_tag == DT_RELASZ)
			t.n_rela_bytes = d->d_un.d_val;
		else if (d->d_tag == DT_PLTRELSZ)
			t.n_plt_bytes = d->d_un.d_val;
		else if (d->d_tag == DT_REL || (d->d_tag == DT_PLTREL && d->d_un.d_val != DT_RELA))
			t.has_other_kind = 1;
	}
	return t;
}

static int write_slot(import_function **slot, import_function *replacement)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)slot / page * page;

	if (mprotect((void *)start, (size_t)((uintptr_t)(slot + 1) - start), PROT_READ | PROT_WRITE) < 0)
		return -errno;
	*slot = replacement;
	return 0;
}

static int replace(const struct tables *t, const ElfW(Rela) * rela, uint64_t n_bytes, const struct import *imports,
                   uint32_t n)
{
	int n_written = 0;

	for (uint64_t i = 0; i < n_bytes / sizeof(*rela); i++) {
		const ElfW(Sym) *symbol = &t->symbols[ELF64_R_SYM(rela[i].r_info)];

		if (ELF64_R_SYM(rela[i].r_info) == 0 || symbol->st_shndx != SHN_UNDEF)
			continue;
		for (uint32_t k = 0; k < n; k++) {
			if (strcmp(t->names + symbol->st_name, imports[k].name) != 0)
				continue;
			if (write_slot((import_function **)(t->base + rela[i].r_offset), imports[k].replacement) < 0)
				return -EPERM;
			n_written++;
		}
	}
	return n_written;
}

int imports_replace(import_function *address, const struct import *imports, uint32_t n)
{
	struct link_map *map;
	struct tables t;
	Dl_info info;
	int n_rela, n_plt;

	if (!dladdr1((void *)(uintptr_t)address, &info, (void **)&map, RTLD_DL_LINKMAP))
		return -ENOTSUP;
	t = read_tables(map);
	if (t.has_other_kind || !t.symbols || !t.names)
		return -ENOTSUP;
	n_rela = replace(&t, t.rela, t.n_rela_bytes, imports, n);
	n_plt = replace(&t, t.plt, t.n_plt_bytes, imports, n);
	return n_rela < 0 ? n_rela : n_plt < 0 ? n_plt : n_rela + n_plt;
}
