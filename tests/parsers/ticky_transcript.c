/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/ticky.h"
#include "tests/parsers/transcript.h"

#include <inttypes.h>

static void say_row(FILE *out, const struct ticky_row *row)
{
	fprintf(out, "ROW\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRIu64 "\t", row->entries, row->alloc_bytes,
	        row->allocd_bytes, row->arity);
	transcript_text(out, row->arguments);
	fputc('\t', out);
	transcript_text(out, row->name);
	fputc('\t', out);
	transcript_text(out, row->closure);
	fputc('\t', out);
	transcript_text(out, row->module);
}

static void say_sums(FILE *out, const struct ticky_record *record)
{
	fputs("SUMS", out);
	for (uint32_t i = 0; i < record->n_sums; i++)
		fprintf(out, "\t%s=%" PRId64, record->sums[i].name, record->sums[i].value);
}

static void say_text(FILE *out, const char *what, struct parse_text text)
{
	fprintf(out, "%s\t", what);
	transcript_text(out, text);
}

static void say(FILE *out, const struct ticky_record *record)
{
	static const char *const words[] = { [TICKY_COMMAND] = "COMMAND", [TICKY_TEXT] = "TEXT", [TICKY_CUT] = "CUT" };

	if (record->what == TICKY_ROW)
		say_row(out, &record->row);
	else if (record->what == TICKY_SUMS)
		say_sums(out, record);
	else if (record->what == TICKY_HEADING)
		fputs("HEADING", out);
	else if (record->what == TICKY_COUNTER)
		say_text(out, "COUNTER", record->name);
	else
		say_text(out, words[record->what], record->text);
	if (record->what == TICKY_COUNTER && record->is_measured)
		fprintf(out, "\t%" PRId64, record->value);
	fputc('\n', out);
}

static enum parse_result step(void *reader, const char *at, size_t n, int is_last, FILE *out, size_t *ret_used,
                              struct parse_fault *fault)
{
	struct ticky_record record;
	enum parse_result r = ticky_next(reader, at, n, is_last, &record, ret_used, fault);

	if (r == PARSE_OK)
		say(out, &record);
	return r;
}

char *ticky_transcript(const char *at, size_t n, size_t split, int is_last)
{
	struct ticky_parser p = { 0 };

	return transcript_read(&(struct transcript_reader){ .step = step }, &p, at, n, split, is_last);
}
