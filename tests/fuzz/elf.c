/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the bytes are, what is found lies within them. */
#include "parsers/elf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	struct elf_header header = { 0 };
	struct parse_fault fault;
	struct parse_text text;
	struct elf_symbol y;

	if (elf_header(at, n, &header, &fault) == PARSE_OK && n < ELF_HEADER_BYTES)
		abort();
	if (elf_build_id(at, n, &text, &fault) == PARSE_OK && text.at + text.n > (const char *)at + n)
		abort();
	for (size_t i = 0; elf_symbol(at, n, i, &y) == PARSE_OK; i++)
		if (elf_text(at, n, y.name, &text) == PARSE_OK && text.at + text.n >= (const char *)at + n)
			abort();
	return 0;
}
