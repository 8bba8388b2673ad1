/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof_json.h"
#include "tests/parsers/transcript.h"

#include <inttypes.h>

static void say_unescaped(FILE *out, struct parse_text text)
{
	char room[4096];
	size_t n = prof_json_unescape(text, room, sizeof(room));

	transcript_text(out, n <= sizeof(room) ? (struct parse_text){ room, n } : text);
}

static void say_arguments(FILE *out, struct parse_text arguments, int is_foreign)
{
	struct parse_text argument;

	fputs("\t[", out);
	for (const char *between = ""; prof_json_argument(&arguments, is_foreign, &argument); between = ",") {
		fputs(between, out);
		say_unescaped(out, argument);
	}
	fputc(']', out);
}

static void say_header(FILE *out, const struct prof_json_header *h)
{
	fputs("HEADER\t", out);
	transcript_text(out, h->program);
	say_arguments(out, h->arguments, h->is_foreign);
	say_arguments(out, h->rts_arguments, h->is_foreign);
	fputc('\t', out);
	transcript_text(out, h->end_time);
	fprintf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", h->n_capabilities,
	        h->total_time_cs, h->total_ticks, h->tick_us, h->total_alloc);
}

static void say_centre(FILE *out, const struct prof_json_centre *c)
{
	fprintf(out, "CENTRE\t%" PRIu64 "\t", c->id);
	say_unescaped(out, c->label);
	fputc('\t', out);
	transcript_text(out, c->module);
	fputc('\t', out);
	say_unescaped(out, c->source);
	fprintf(out, "\t%d\n", c->is_caf);
}

static void say(FILE *out, const struct prof_json_record *record)
{
	switch (record->what) {
	case PROF_JSON_HEADER:
		say_header(out, &record->header);
		break;
	case PROF_JSON_CENTRE:
		say_centre(out, &record->centre);
		break;
	case PROF_JSON_STACK:
		fprintf(out, "STACK\t%" PRIu32 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n",
		        record->stack.depth, record->stack.centre, record->stack.entries, record->stack.alloc,
		        record->stack.ticks);
		break;
	case PROF_JSON_STALE:
		break;
	}
}

char *prof_json_transcript(const char *at, size_t n, size_t split, int is_last)
{
	struct prof_json_parser p = { 0 };
	struct parse_fault fault;
	struct prof_json_record record;
	uint64_t n_stale = 0;
	size_t n_text, n_used, end = split;
	char *text = NULL;
	FILE *out = open_memstream(&text, &n_text);

	for (size_t i = 0;; i += n_used) {
		enum parse_result r =
			prof_json_next(&p, at + i, end - i, is_last && end == n, &record, &n_used, &fault);

		if (r == PARSE_OK) {
			say(out, &record);
			n_stale += record.what == PROF_JSON_STALE ? record.n_stale : 0;
		} else if (r == PARSE_BAD) {
			fprintf(out, "BAD\t%s\t%" PRIu64 "\t%zu\n", fault.code, fault.offset, n_used);
		} else if (end < n) {
			end = n;
		} else {
			if (n_stale)
				fprintf(out, "STALE\t%" PRIu64 "\n", n_stale);
			fputs(r == PARSE_END ? "END\n" : "MORE\n", out);
			break;
		}
	}
	(void)fclose(out);
	return text;
}
