/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/conformance/object.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/fail.h>

enum {
	/* What the C runtime's own start files put into .data and .bss: one pointer, one flag. Only for objects without
	 * a symbol table; with one the variables are known by name. */
	RUNTIME_DATA_BYTES = 8,
	RUNTIME_BSS_BYTES = 8,
	IMPORTS_MAX = 65536,
};

struct range {
	uint64_t start, end;
};

struct reading {
	Elf *elf;
	struct object *object;
	struct range relro;
	struct range writable; /* the segment that the loader maps writable */
	int has_symbol_table;
};

static int is_inside(struct range r, uint64_t at)
{
	return at >= r.start && at < r.end;
}

static int stays_writable(const struct reading *r, uint64_t at)
{
	return is_inside(r->writable, at) && !is_inside(r->relro, at);
}

static void read_segments(struct reading *r)
{
	size_t n = 0;
	GElf_Phdr p;

	r->object->has_executable_stack = 1; /* without a PT_GNU_STACK it is */
	if (elf_getphdrnum(r->elf, &n) != 0)
		return;
	for (size_t i = 0; i < n && gelf_getphdr(r->elf, (int)i, &p); i++) {
		if (p.p_type == PT_GNU_STACK)
			r->object->has_executable_stack = (p.p_flags & PF_X) != 0;
		if (p.p_type == PT_GNU_RELRO)
			r->relro = (struct range){ p.p_vaddr, p.p_vaddr + p.p_memsz };
		if (p.p_type == PT_LOAD && (p.p_flags & PF_W))
			r->writable = (struct range){ p.p_vaddr, p.p_vaddr + p.p_memsz };
	}
}

static void add_import(struct object *o, const char *name)
{
	char **imports;

	if (o->n_imports == IMPORTS_MAX)
		return;
	imports = reallocarray(o->imports, o->n_imports + 1, sizeof(*imports));
	if (!imports)
		return;
	o->imports = imports;
	imports[o->n_imports] = strdup(name);
	o->n_imports += imports[o->n_imports] != NULL;
}

static void see_dynamic_symbol(struct reading *r, const GElf_Sym *s, const char *name)
{
	struct object *o = r->object;

	if (s->st_shndx == SHN_UNDEF) {
		add_import(o, name);
		return;
	}
	if (GELF_ST_BIND(s->st_info) == STB_LOCAL || GELF_ST_TYPE(s->st_info) == STT_SECTION)
		return;
	o->n_exports++;
	if (strcmp(name, "weir_collector") != 0) {
		(void)snprintf(o->other_export, sizeof(o->other_export), "%s", name);
		return;
	}
	o->has_collector = 1;
	o->is_collector_data = GELF_ST_TYPE(s->st_info) == STT_OBJECT;
	o->is_collector_writable = stays_writable(r, s->st_value);
}

/* Variables that are not the collector's, or that another test looks at. */
static int is_no_variable(const char *name)
{
	return strncmp(name, "completed.", 10) == 0 || strcmp(name, "__dso_handle") == 0 ||
	       strcmp(name, "__TMC_END__") == 0 || strncmp(name, "__cpu_", 6) == 0 ||
	       strcmp(name, "weir_collector") == 0;
}

static void see_symbol(struct reading *r, const GElf_Sym *s, const char *name)
{
	struct object *o = r->object;
	int is_local = GELF_ST_TYPE(s->st_info) == STT_TLS && s->st_shndx != SHN_UNDEF;
	int is_variable = GELF_ST_TYPE(s->st_info) == STT_OBJECT && s->st_shndx != SHN_UNDEF &&
	                  stays_writable(r, s->st_value) && !is_no_variable(name);

	if ((!is_variable && !is_local) || s->st_size == 0)
		return;
	o->n_writable += s->st_size;
	(void)snprintf(o->writable + strlen(o->writable), sizeof(o->writable) - strlen(o->writable), "%s%s",
	               o->writable[0] ? ", " : "", name);
}

typedef void see(struct reading *r, const GElf_Sym *s, const char *name);

static void read_symbols(struct reading *r, Elf_Scn *section, const GElf_Shdr *header, see *see_one)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Sym symbol;
	const char *name;

	for (int i = 1; data && gelf_getsym(data, i, &symbol); i++) {
		name = elf_strptr(r->elf, header->sh_link, symbol.st_name);
		if (name && *name)
			see_one(r, &symbol, name);
	}
}

static void read_dynamic(struct reading *r, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	struct object *o = r->object;
	const char *path;
	GElf_Dyn d;

	for (int i = 0; data && gelf_getdyn(data, i, &d) && d.d_tag != DT_NULL; i++) {
		if (d.d_tag == DT_TEXTREL || (d.d_tag == DT_FLAGS && (d.d_un.d_val & DF_TEXTREL)))
			o->has_text_relocations = 1;
		if (d.d_tag != DT_RPATH && d.d_tag != DT_RUNPATH)
			continue;
		path = elf_strptr(r->elf, header->sh_link, d.d_un.d_val);
		(void)snprintf(o->run_path, sizeof(o->run_path), "%s", path ? path : "?");
	}
}

/* Without a symbol table: what the sections hold beyond the runtime's own. */
static void weigh_section(struct reading *r, const GElf_Shdr *header, const char *name)
{
	uint64_t n_free = strcmp(name, ".data") == 0  ? RUNTIME_DATA_BYTES
	                  : strcmp(name, ".bss") == 0 ? RUNTIME_BSS_BYTES
	                                              : 0;
	int is_data = (header->sh_flags & SHF_WRITE) && (header->sh_flags & SHF_ALLOC) &&
	              (header->sh_type == SHT_PROGBITS || header->sh_type == SHT_NOBITS) &&
	              strncmp(name, ".got", 4) != 0;

	if (!is_data || header->sh_size <= n_free || is_inside(r->relro, header->sh_addr))
		return;
	r->object->n_writable += header->sh_size - n_free;
	(void)snprintf(r->object->writable, sizeof(r->object->writable), "section %s", name);
}

static void read_sections(struct reading *r)
{
	size_t names;
	GElf_Shdr h;

	if (elf_getshdrstrndx(r->elf, &names) != 0)
		return;
	for (Elf_Scn *s = elf_nextscn(r->elf, NULL); s; s = elf_nextscn(r->elf, s)) {
		if (!gelf_getshdr(s, &h))
			continue;
		if (h.sh_type == SHT_DYNSYM)
			read_symbols(r, s, &h, see_dynamic_symbol);
		if (h.sh_type == SHT_DYNAMIC)
			read_dynamic(r, s, &h);
		if (h.sh_type == SHT_SYMTAB) {
			r->has_symbol_table = 1;
			read_symbols(r, s, &h, see_symbol);
		}
	}
	for (Elf_Scn *s = elf_nextscn(r->elf, NULL); s && !r->has_symbol_table; s = elf_nextscn(r->elf, s)) {
		const char *name = gelf_getshdr(s, &h) ? elf_strptr(r->elf, names, h.sh_name) : NULL;

		if (name)
			weigh_section(r, &h, name);
	}
}

static int read_elf(Elf *elf, const char *path, struct object *ret, struct weir_error *reterr)
{
	struct reading r = { .elf = elf, .object = ret };
	GElf_Ehdr header;

	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		return weir_fail(reterr, -ENOEXEC, "check: %s: not an ELF file", path);
	if (header.e_type != ET_DYN || gelf_getclass(elf) != ELFCLASS64)
		return weir_fail(reterr, -ENOEXEC, "check: %s: not a 64-bit shared object", path);
	read_segments(&r);
	read_sections(&r);
	return 0;
}

int object_read(const char *path, struct object *ret, struct weir_error *reterr)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;
	int r;

	*ret = (struct object){ 0 };
	if (fd < 0) {
		r = -errno;
		return weir_fail(reterr, r, "check: %s: %s", path, strerror(-r));
	}
	(void)elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	r = read_elf(elf, path, ret, reterr);
	(void)elf_end(elf);
	(void)close(fd);
	if (r < 0)
		object_done(ret);
	return r;
}

void object_done(struct object *o)
{
	for (uint32_t i = 0; i < o->n_imports; i++)
		free(o->imports[i]);
	free(o->imports);
	*o = (struct object){ 0 };
}
