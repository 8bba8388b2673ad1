/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/parsers/transcript.h"

#include "tests/support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void transcript_text(FILE *out, struct parse_text text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c < ' ' || c > '~' || c == '\\')
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

static void assert_prefix(transcript *of, const char *at, size_t n, const char *whole)
{
	struct bytes guarded = bytes_guarded((const uint8_t *)at, n);
	char *part = of((const char *)guarded.at, n, n, 0);
	size_t n_part = strlen(part);

	if (n_part < 5 || strcmp(part + n_part - 5, "MORE\n") != 0)
		fail_msg("the first %zu bytes end with '%s'", n, part);
	if (strncmp(part, whole, n_part - 5) != 0)
		fail_msg("the first %zu bytes give\n%snot\n%s", n, part, whole);
	free(part);
	bytes_done(&guarded);
}

static void assert_split(transcript *of, const char *at, size_t n, size_t split, const char *whole)
{
	char *parts = of(at, n, split, 1);

	if (strcmp(parts, whole) != 0)
		fail_msg("split at %zu:\n%snot\n%s", split, parts, whole);
	free(parts);
}

void assert_streams(transcript *of, const char *at, size_t n)
{
	char *whole = of(at, n, n, 1);

	for (size_t i = 0; i <= n; i++) {
		assert_split(of, at, n, i, whole);
		assert_prefix(of, at, i, whole);
	}
	free(whole);
}
