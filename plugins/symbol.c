/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/symbol.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <string.h>

static int find_in_table(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, uint64_t address,
                         char ret[SYMBOL_NAME_MAX])
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Sym symbol;
	const char *name;

	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || address < symbol.st_value ||
		    address - symbol.st_value >= symbol.st_size)
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (!name)
			continue;
		/* What follows a dot is the compiler's (`x_poll.constprop.0`); a C name has none. */
		(void)snprintf(ret, SYMBOL_NAME_MAX, "%.*s", (int)strcspn(name, "."), name);
		return 0;
	}
	return -ENOENT;
}

int symbol_find(int fd, uint64_t address, char ret[SYMBOL_NAME_MAX])
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	Elf *elf;
	int r = -ENOENT;

	(void)elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	while (r < 0 && elf && (section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
			r = find_in_table(elf, section, &header, address, ret);
	(void)elf_end(elf);
	return r;
}
