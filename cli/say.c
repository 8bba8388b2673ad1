/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	LINE_MAX_BYTES = 4096,
};

void say(const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	fprintf(stderr, "weir: %s\n", line);
}

void say_text(FILE *file, struct weir_text text)
{
	for (uint64_t i = 0; i < text.n_bytes; i++) {
		unsigned char c = (unsigned char)text.at[i];

		(void)fputc(c < ' ' || c == 0x7f ? '?' : c, file);
	}
}

void say_word(FILE *file, const char *text)
{
	say_text(file, (struct weir_text){ text, strlen(text) });
}
