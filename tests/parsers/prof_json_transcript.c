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
	case PROF_JSON_CENSUS:
		transcript_census(out, &record->census);
		break;
	case PROF_JSON_SET:
		transcript_set(out, &record->set);
		break;
	case PROF_JSON_STALE:
		break;
	}
}

struct reader {
	struct prof_json_parser parser;
	uint64_t n_stale;
};

static enum parse_result step(void *reader, const char *at, size_t n, int is_last, FILE *out, size_t *ret_used,
                              struct parse_fault *fault)
{
	struct reader *to = reader;
	struct prof_json_record record;
	enum parse_result r = prof_json_next(&to->parser, at, n, is_last, &record, ret_used, fault);

	if (r != PARSE_OK)
		return r;
	say(out, &record);
	to->n_stale += record.what == PROF_JSON_STALE ? record.n_stale : 0;
	return r;
}

static void say_end(const void *reader, FILE *out)
{
	const struct reader *from = reader;

	if (from->n_stale)
		fprintf(out, "STALE\t%" PRIu64 "\n", from->n_stale);
}

char *prof_json_transcript(const char *at, size_t n, size_t split, int is_last)
{
	struct reader reader = { 0 };

	return transcript_read(&(struct transcript_reader){ step, say_end }, &reader, at, n, split, is_last);
}
