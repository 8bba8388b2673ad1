/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/hp.h"
#include "tests/parsers/transcript.h"

#include <inttypes.h>

static const char *const names[] = { [HP_JOB] = "JOB",
	                             [HP_DATE] = "DATE",
	                             [HP_SAMPLE_UNIT] = "SAMPLE_UNIT",
	                             [HP_VALUE_UNIT] = "VALUE_UNIT",
	                             [HP_BEGIN] = "BEGIN",
	                             [HP_BAND] = "BAND",
	                             [HP_END] = "END",
	                             [HP_MARK] = "MARK",
	                             [HP_CUT] = "CUT" };

static void say(FILE *out, const struct hp_record *record)
{
	fputs(names[record->what], out);
	fputc('\t', out);
	if (record->what == HP_BEGIN || record->what == HP_END || record->what == HP_MARK)
		fprintf(out, "%" PRId64, record->time_ns);
	else
		transcript_text(out, record->text);
	if (record->what == HP_BAND)
		fprintf(out, "\t%" PRId64, record->value);
	fputc('\n', out);
}

static enum parse_result step(void *reader, const char *at, size_t n, int is_last, FILE *out, size_t *ret_used,
                              struct parse_fault *fault)
{
	struct hp_record record;
	enum parse_result r = hp_next(reader, at, n, is_last, &record, ret_used, fault);

	if (r == PARSE_OK)
		say(out, &record);
	return r;
}

char *hp_transcript(const char *at, size_t n, size_t split, int is_last)
{
	struct hp_parser p = { 0 };

	return transcript_read(&(struct transcript_reader){ .step = step }, &p, at, n, split, is_last);
}
