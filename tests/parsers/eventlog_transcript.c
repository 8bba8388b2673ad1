/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/eventlog_fields.h"
#include "parsers/eventlog_recovery.h"
#include "tests/parsers/transcript.h"

#include <inttypes.h>

static void say_list(FILE *out, struct parse_text list)
{
	fputc('[', out);
	for (size_t i = 0; i + 4 <= list.n; i += 4)
		fprintf(out, "%s%" PRIu32, i ? "," : "", eventlog_u32((const uint8_t *)list.at + i));
	fputc(']', out);
}

static void say_texts(FILE *out, struct parse_text rest)
{
	struct parse_text text;

	fputc('[', out);
	for (int i = 0; eventlog_next_text(&rest, &text); i++) {
		fputs(i ? ",\"" : "\"", out);
		transcript_text(out, text);
		fputc('"', out);
	}
	fputc(']', out);
}

static void say_value(FILE *out, const struct eventlog_field *f, const struct eventlog_value *v)
{
	fprintf(out, "\t%s=", f->name);
	if (f->kind < EVENTLOG_CSTRING) {
		fprintf(out, "%" PRIu64, v->number);
	} else if (f->kind == EVENTLOG_U32S) {
		say_list(out, v->text);
	} else if (f->kind == EVENTLOG_TEXTS) {
		say_texts(out, v->text);
	} else {
		fputc('"', out);
		transcript_text(out, v->text);
		fputc('"', out);
	}
}

static void say_record(FILE *out, uint32_t capability, const struct eventlog_event *e)
{
	const struct eventlog_type *type = eventlog_type(e->tag);
	struct eventlog_values v;
	enum parse_result r = eventlog_values(e, &v);

	fprintf(out, "%" PRIu64 "\t%" PRIu32 "\t%" PRIu16 "\t%s", e->time_ns, capability, e->tag,
	        type ? type->name : "?");
	if (r == PARSE_BAD)
		fputs("\tmalformed", out);
	for (uint32_t i = 0; r == PARSE_OK && i < v.n; i++)
		say_value(out, &type->fields[i], &v.at[i]);
	fputc('\n', out);
}

static void say_batch(FILE *out, const struct eventlog_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct eventlog_event *e = &b->events[i];

		if (e->kind == EVENTLOG_RECORD) {
			say_record(out, b->capability, e);
		} else if (e->kind == EVENTLOG_HEADER) {
			fputs("header\n", out);
		} else {
			fprintf(out, "type\t%" PRIu16 "\t", e->tag);
			transcript_text(out, (struct parse_text){ (const char *)e->payload, e->n_payload });
			fputc('\n', out);
		}
	}
}

char *eventlog_transcript(const char *text, size_t n, size_t split, int is_last)
{
	static struct eventlog s;
	static struct eventlog_recovery recovery;
	static struct eventlog_batch b;
	const uint8_t *at = (const uint8_t *)text;
	struct parse_fault fault;
	size_t n_said, end = split;
	char *said = NULL;
	FILE *out = open_memstream(&said, &n_said);

	eventlog_init(&s);
	recovery = (struct eventlog_recovery){ 0 };
	for (size_t i = 0;; i += b.n_used) {
		struct eventlog_gap gap = { 0 };
		enum parse_result r = eventlog_read(&s, at + i, end - i, is_last && end == n, &b, &fault);

		if (r == PARSE_BAD)
			r = eventlog_recover(&recovery, &s, at + i, end - i, is_last && end == n, &fault, &b, &gap);
		if (r == PARSE_OK)
			say_batch(out, &b);
		if (gap.code)
			fprintf(out, "gap\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu32 "\t%s%s\n", gap.offset, gap.n_bytes,
			        gap.n_records, gap.code, gap.is_repaired ? "\trepaired" : "");
		if (r == PARSE_END && b.n_used) {
			fputs("end\n", out);
		} else if (r == PARSE_BAD) {
			fprintf(out, "BAD\t%s\t%" PRIu64 "\n", fault.code, fault.offset);
			break;
		} else if (r == PARSE_MORE && end < n) {
			end = n;
		} else if (r != PARSE_OK) {
			fputs(r == PARSE_END ? "END\n" : "MORE\n", out);
			break;
		}
	}
	(void)fclose(out);
	return said;
}
