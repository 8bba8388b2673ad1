/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof.h"
#include "tests/parsers/transcript.h"

#include <inttypes.h>

static void say_texts(FILE *out, const struct parse_text *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fputc('\t', out);
		transcript_text(out, texts[i]);
	}
}

static void say_header(FILE *out, const struct prof_header *h)
{
	const struct parse_text texts[] = { h->date, h->program, h->rts_flags, h->arguments };

	fputs("HEADER", out);
	say_texts(out, texts, 4);
	fprintf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64, h->total_time_cs, h->total_ticks, h->tick_us,
	        h->total_alloc);
	if (h->has_processors)
		fprintf(out, "\t%" PRIu64, h->n_processors);
	fputc('\n', out);
}

static void say_row(FILE *out, const char *what, const struct prof_row *row, const struct prof_grid *grid)
{
	const struct parse_text texts[] = { row->label, row->module, row->source };

	fputs(what, out);
	if (grid->is_tree)
		fprintf(out, "\t%" PRIu32 "%s", row->depth, row->is_depth_guess ? "?" : "");
	say_texts(out, texts, 3);
	if (grid->is_tree)
		fprintf(out, "\t%" PRIu64 "\t%" PRIu64, row->id, row->entries);
	fprintf(out, "\t%" PRIu32 "\t%" PRIu32, row->time, row->alloc);
	if (grid->is_tree)
		fprintf(out, "\t%" PRIu32 "\t%" PRIu32, row->time_inherited, row->alloc_inherited);
	if (grid->has_costs)
		fprintf(out, "\t%" PRIu64 "\t%" PRIu64, row->ticks, row->bytes);
	fputc('\n', out);
}

static void say(FILE *out, const struct prof_parser *p, const struct prof_record *record)
{
	switch (record->what) {
	case PROF_CENSUS:
		transcript_census(out, &record->census);
		break;
	case PROF_HEADER:
		say_header(out, &record->header);
		break;
	case PROF_TOP:
		say_row(out, "TOP", &record->row, &p->top);
		break;
	case PROF_TREE:
		fputs("TREE\n", out);
		break;
	case PROF_ROW:
		say_row(out, "ROW", &record->row, &p->tree);
		break;
	case PROF_SET:
		transcript_set(out, &record->set);
		break;
	case PROF_STALE:
		break; /* comes in pieces: the end tells all of it */
	}
}

struct reader {
	struct prof_parser parser;
	uint64_t n_stale, n_lines;
};

static enum parse_result step(void *reader, const char *at, size_t n, int is_last, FILE *out, size_t *ret_used,
                              struct parse_fault *fault)
{
	struct reader *to = reader;
	struct prof_record record;
	enum parse_result r = prof_next(&to->parser, at, n, is_last, &record, ret_used, fault);

	if (r != PARSE_OK)
		return r;
	say(out, &to->parser, &record);
	if (record.what == PROF_STALE) {
		to->n_stale += record.stale.n_bytes;
		to->n_lines += record.stale.n_lines;
	}
	return r;
}

static void say_end(const void *reader, FILE *out)
{
	const struct reader *from = reader;

	if (from->n_stale)
		fprintf(out, "STALE\t%" PRIu64 "\t%" PRIu64 "\n", from->n_stale, from->n_lines);
}

char *prof_transcript(const char *at, size_t n, size_t split, int is_last)
{
	struct reader reader = { 0 };

	return transcript_read(&(struct transcript_reader){ step, say_end }, &reader, at, n, split, is_last);
}
