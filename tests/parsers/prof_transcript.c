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

static void say_set(FILE *out, const struct retainer_set *set)
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

static void say_census(FILE *out, const struct retainer_census *census)
{
	fprintf(out, "CENSUS\t%" PRIu64 "\t%" PRId64 "\t%" PRIu64, census->index, census->at_us,
	        census->visits_millionth);
	if (census->has_max_stack)
		fprintf(out, "\t%" PRIu64, census->max_stack);
	fputc('\n', out);
}

static void say(FILE *out, const struct prof_parser *p, const struct prof_record *record)
{
	switch (record->what) {
	case PROF_CENSUS:
		say_census(out, &record->census);
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
		say_set(out, &record->set);
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
