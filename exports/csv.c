/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/csv.h"

#include <string.h>

static int is_quoted(struct weir_text text)
{
	if (text.n_bytes == 0)
		return 1;
	for (uint64_t i = 0; i < text.n_bytes; i++)
		if (strchr(",\"\r\n", text.at[i]))
			return 1;
	return text.at[0] == ' ' || text.at[text.n_bytes - 1] == ' ';
}

void csv_plain(FILE *file, int is_first, const char *text)
{
	if (!is_first)
		(void)fputc(',', file);
	(void)fputs(text, file);
}

void csv_cell(FILE *file, int is_first, struct weir_text text)
{
	if (!is_first)
		(void)fputc(',', file);
	if (!is_quoted(text)) {
		(void)fwrite(text.at, 1, text.n_bytes, file);
		return;
	}
	(void)fputc('"', file);
	for (uint64_t i = 0; i < text.n_bytes; i++) {
		if (text.at[i] == '"')
			(void)fputc('"', file);
		(void)fputc(text.at[i], file);
	}
	(void)fputc('"', file);
}

void csv_end(FILE *file)
{
	(void)fputc('\n', file);
}
