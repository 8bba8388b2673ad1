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

char *hp_transcript(const char *at, size_t n, size_t split, int is_last)
{
	struct hp_parser p = { 0 };
	struct parse_fault fault;
	struct hp_record record;
	size_t n_text, n_used, end = split;
	char *text = NULL;
	FILE *out = open_memstream(&text, &n_text);

	for (size_t i = 0;; i += n_used) {
		enum parse_result r = hp_next(&p, at + i, end - i, is_last && end == n, &record, &n_used, &fault);

		if (r == PARSE_OK)
			say(out, &record);
		else if (r == PARSE_BAD)
			fprintf(out, "BAD\t%s\t%" PRIu64 "\t%zu\n", fault.code, fault.offset, n_used);
		else if (end < n)
			end = n;
		else {
			fputs(r == PARSE_END ? "END\n" : "MORE\n", out);
			break;
		}
	}
	(void)fclose(out);
	return text;
}
