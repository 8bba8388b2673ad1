/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/parsers/transcript.h"

#include "tests/support/bytes.h"

#include <inttypes.h>
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

void transcript_set(FILE *out, const struct retainer_set *set)
{
	struct parse_text stacks = set->stacks, stack, names[2];

	fprintf(out, "SET\t%" PRIu64, set->id);
	while (retainer_stack(&stacks, &stack)) {
		fputs("\t<", out);
		for (const char *between = ""; retainer_centre(&stack, &names[0], &names[1]); between = " ") {
			fputs(between, out);
			transcript_text(out, names[0]);
			fputc('|', out);
			transcript_text(out, names[1]);
		}
		fputc('>', out);
	}
	fputc('\n', out);
}

void transcript_census(FILE *out, const struct retainer_census *census)
{
	fprintf(out, "CENSUS\t%" PRIu64 "\t%" PRId64 "\t%" PRIu64, census->index, census->at_us,
	        census->visits_millionth);
	if (census->has_max_stack)
		fprintf(out, "\t%" PRIu64, census->max_stack);
	fputc('\n', out);
}

char *transcript_read(const struct transcript_reader *how, void *reader, const char *at, size_t n, size_t split,
                      int is_last)
{
	struct parse_fault fault;
	size_t n_text, n_used, end = split;
	char *text = NULL;
	FILE *out = open_memstream(&text, &n_text);

	for (size_t i = 0;; i += n_used) {
		enum parse_result r = how->step(reader, at + i, end - i, is_last && end == n, out, &n_used, &fault);

		if (r == PARSE_BAD) {
			fprintf(out, "BAD\t%s\t%" PRIu64 "\t%zu\n", fault.code, fault.offset, n_used);
		} else if (r != PARSE_OK && end < n) {
			end = n;
		} else if (r != PARSE_OK) {
			if (how->say_end)
				how->say_end(reader, out);
			fputs(r == PARSE_END ? "END\n" : "MORE\n", out);
			break;
		}
	}
	(void)fclose(out);
	return text;
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
