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

static void say_end(FILE *out, uint64_t n_stale, uint64_t n_lines, const char *end)
{
	if (n_stale)
		fprintf(out, "STALE\t%" PRIu64 "\t%" PRIu64 "\n", n_stale, n_lines);
	fputs(end, out);
}

char *prof_transcript(const char *at, size_t n, size_t split, int is_last)
{
	struct prof_parser p = { 0 };
	struct parse_fault fault;
	struct prof_record record;
	uint64_t n_stale = 0, n_lines = 0;
	size_t n_text, n_used, end = split;
	char *text = NULL;
	FILE *out = open_memstream(&text, &n_text);

	for (size_t i = 0;; i += n_used) {
		enum parse_result r = prof_next(&p, at + i, end - i, is_last && end == n, &record, &n_used, &fault);

		if (r == PARSE_OK) {
			say(out, &p, &record);
			if (record.what == PROF_STALE) {
				n_stale += record.stale.n_bytes;
				n_lines += record.stale.n_lines;
			}
		} else if (r == PARSE_BAD) {
			fprintf(out, "BAD\t%s\t%" PRIu64 "\t%zu\n", fault.code, fault.offset, n_used);
		} else if (end < n) {
			end = n;
		} else {
			say_end(out, n_stale, n_lines, r == PARSE_END ? "END\n" : "MORE\n");
			break;
		}
	}
	(void)fclose(out);
	return text;
}
