/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-heap/ghc_heap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOOK_MAX = 1 << 20,        /* bytes of a sample whose labels are looked at */
	STEP_BACK_NS = 1000000000, /* by milliseconds, runtimes do it; no runtime does it by so much */
};

/* ---- The header ---- */

void samples_job(struct samples *s, struct parse_text text)
{
	char *room = malloc(2 * FACT_MAX), *plain = room + FACT_MAX;
	struct rts_command c;

	if (!room) {
		report_say(s->host, WEIR_WARNING, "hp.memory",
		           "no memory for the JOB line: program and flags are not known", WEIR_NO_OFFSET, 1);
		return;
	}
	c = rts_command_split((struct parse_text){ room, hp_unquote(text, room, FACT_MAX) });
	s->has_job = 1;
	s->is_profiled = (uint8_t)c.has_rts;
	mode_flags(&s->mode, c.flags);
	report_fact(s->host, "program.name", c.program);
	report_fact(s->host, "program.arguments", c.arguments);
	report_fact(s->host, "ghc.rts.flags",
	            (struct parse_text){ plain, rts_command_plain(c.flags, plain, FACT_MAX) });
	/* Only a profiled program's run-time system writes its flags into JOB, and it always does. */
	report_fact(s->host, "ghc.profiled",
	            c.has_rts ? (struct parse_text){ "true", 4 } : (struct parse_text){ "false", 5 });
	free(room);
}

/* What the labels of the first sample that has some look like. 0: the sample isn't whole, and more of it may come. */
static int look_at_labels(struct samples *s, const char *at, size_t n, int is_last)
{
	struct hp_parser ahead = s->parser;
	struct label_traits traits = { 0 };
	struct hp_record record;
	struct parse_fault fault;
	size_t n_used, n_looked = n < LOOK_MAX ? n : LOOK_MAX;
	enum parse_result r;

	for (;; at += n_used, n_looked -= n_used) {
		r = hp_next(&ahead, at, n_looked, 0, &record, &n_used, &fault);
		if (r == PARSE_OK && record.what == HP_BAND)
			label_traits_add(&traits, record.text);
		else if (r != PARSE_BAD)
			break;
	}
	if (r == PARSE_MORE && n < LOOK_MAX && !is_last)
		return 0;
	s->mode.breakdown = label_traits_breakdown(&traits, s->is_profiled);
	report_say(s->host, WEIR_NOTE, "hp.breakdown",
	           s->mode.breakdown ? "what the bands are is told by their labels: JOB has no flag for it"
	                             : "neither JOB nor the labels tell what the bands are",
	           WEIR_NO_OFFSET, 1);
	return 1;
}

/* Before the first band. 0: more bytes are needed for it. */
static int settle_mode(struct samples *s, const char *at, size_t n, int is_last)
{
	const char *name;
	struct weir_attr attrs[2] = { { { "breakdown", 9 }, { "", 0 } },
		                      { { "selection", 9 }, { s->mode.selection, s->mode.n_selection } } };

	if (s->mode.breakdown == BREAKDOWN_UNKNOWN && !look_at_labels(s, at, n, is_last))
		return 0;
	name = breakdown_names[s->mode.breakdown];
	attrs[0].value = (struct weir_text){ name, strlen(name) };
	s->series = s->host->series(s->host, 0, attrs, s->mode.n_selection ? 2 : 1);
	s->is_settled = 1;
	return 1;
}

/* ---- Samples ---- */

/* All bands of the open sample. */
static uint64_t n_read(const struct samples *s)
{
	return s->n_bands + s->n_bands_over + s->n_refused;
}

static void drop_sample(struct samples *s, uint32_t kind, const char *reason)
{
	s->host->tally(s->host, WEIR_READ, n_read(s), NULL);
	s->host->tally(s->host, kind, n_read(s), reason);
	s->in_sample = 0;
}

/* The run-time system writes an empty sample when it starts and one when it ends. Only what comes next tells whether an
 * empty one was the last. */
static void settle_empty(struct samples *s, const char *reason)
{
	if (s->has_pending_empty)
		report_tally(s->host, WEIR_SKIPPED, reason);
	s->has_pending_empty = 0;
}

static int store_sample(struct samples *s)
{
	int64_t time_ns = tie_utc(&s->tie, s->begin_ns);
	int r;

	for (uint32_t i = 0; i < s->n_bands; i++)
		s->bands[i].time_ns = time_ns;
	r = s->n_bands ? s->host->weights(s->host, s->bands, s->n_bands) : WEIR_OK;
	if (r < 0)
		return r;
	s->host->tally(s->host, WEIR_READ, n_read(s), NULL);
	s->host->tally(s->host, WEIR_STORED, s->n_bands, NULL);
	if (s->n_refused)
		s->host->tally(s->host, WEIR_SKIPPED, s->n_refused, "hp.refused_stack");
	if (s->n_bands_over) {
		s->host->tally(s->host, WEIR_SKIPPED, s->n_bands_over, "hp.wide_sample");
		report_say(s->host, WEIR_WARNING, "hp.wide_sample", "the sample has more bands than are kept of one",
		           s->sample_offset, s->n_bands_over);
	}
	s->n_samples++;
	return WEIR_OK;
}

/* The mutator's CPU time is the process's less the collector's, and with several threads it may step back a little. */
static void check_order(struct samples *s)
{
	int64_t back_ns = s->previous_ns - s->begin_ns;

	if (back_ns > STEP_BACK_NS)
		report_say(s->host, WEIR_WARNING, "hp.time",
		           "the sample is much older than the one before it: two programs wrote here", s->sample_offset,
		           1);
	else if (back_ns > 0)
		report_say(s->host, WEIR_NOTE, "hp.time_step",
		           "the sample is a little older than the one before it: so exact is the runtime's clock",
		           s->sample_offset, 1);
	s->previous_ns = s->begin_ns;
}

static int end_sample(struct samples *s, const struct hp_record *record, uint64_t offset)
{
	if (!s->in_sample) {
		report_bad(s->host, "hp.end", "a sample ends that has not begun", offset);
		return WEIR_OK;
	}
	if (record->time_ns != s->begin_ns) {
		drop_sample(s, WEIR_BAD, "hp.torn_sample");
		report_say(s->host, WEIR_WARNING, "hp.torn_sample",
		           "the sample ends at another time than it begins: two programs wrote here", s->sample_offset,
		           1);
		return WEIR_OK;
	}
	check_order(s);
	s->in_sample = 0;
	if (n_read(s)) {
		s->n_censuses++;
		return store_sample(s);
	}
	if (s->begin_ns == 0 && !s->n_censuses && !s->has_first) {
		report_tally(s->host, WEIR_SKIPPED, "hp.artefact_sample");
		s->has_first = 1;
		return WEIR_OK;
	}
	s->n_censuses++;
	s->has_pending_empty = 1;
	return WEIR_OK;
}

static void unended_sample(struct samples *s)
{
	drop_sample(s, WEIR_SKIPPED, "hp.unended_sample");
	report_say(s->host, WEIR_WARNING, "hp.unended_sample", "the sample has no end: its bands are left out",
	           s->sample_offset, n_read(s) ? n_read(s) : 1);
}

static void begin_sample(struct samples *s, const struct hp_record *record, uint64_t offset)
{
	if (s->in_sample)
		unended_sample(s);
	settle_empty(s, "hp.empty_sample");
	stacks_census(&s->stacks, s->n_censuses);
	s->in_sample = 1;
	s->begin_ns = record->time_ns;
	s->sample_offset = offset;
	s->n_bands = 0;
	s->n_bands_over = s->n_refused = 0;
}

static int add_band(struct samples *s, const struct hp_record *record)
{
	uint32_t stack;

	if (s->n_bands == SAMPLE_BANDS_MAX) {
		s->n_bands_over++;
		return WEIR_OK;
	}
	if (s->n_bands == s->n_bands_room) {
		uint32_t n_room = s->n_bands_room ? s->n_bands_room * 2 : 1024;
		struct weir_weight *bigger = reallocarray(s->bands, n_room, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		s->bands = bigger;
		s->n_bands_room = n_room;
	}
	stack = stacks_of(&s->stacks, record->text);
	if (!stack || !s->series) {
		s->n_refused++;
		return WEIR_OK;
	}
	s->bands[s->n_bands++] = (struct weir_weight){
		.self = { .i64 = record->value }, .series = s->series, .stack = stack, .flags = WEIR_WEIGHT_HAS_SELF
	};
	return WEIR_OK;
}

/* ---- Records ---- */

static int is_unit(struct parse_text text, const char *unit)
{
	return text.n == strlen(unit) && memcmp(text.at, unit, text.n) == 0;
}

static int take_record(struct samples *s, const struct hp_record *record, uint64_t offset)
{
	switch (record->what) {
	case HP_BEGIN:
		begin_sample(s, record, offset);
		return WEIR_OK;
	case HP_BAND:
		return add_band(s, record);
	case HP_END:
		return end_sample(s, record, offset);
	case HP_CUT:
		report_bad(s->host, "hp.cut", "the file ends within a line", offset);
		return WEIR_OK;
	case HP_MARK:
		report_tally(s->host, WEIR_SKIPPED, "hp.mark");
		return WEIR_OK;
	case HP_SAMPLE_UNIT:
		return is_unit(record->text, "seconds") ? WEIR_OK : -ENOTSUP;
	case HP_VALUE_UNIT:
		return is_unit(record->text, "bytes") ? WEIR_OK : -ENOTSUP;
	default:
		if (s->n_samples || s->has_pending_empty)
			report_say(s->host, WEIR_WARNING, "hp.second_header",
			           "a second header: two programs wrote here", offset, 1);
		if (record->what == HP_JOB && !s->has_job)
			samples_job(s, record->text);
		return WEIR_OK;
	}
}

int64_t samples_take(struct samples *s, const struct weir_chunk *chunk)
{
	const char *at = (const char *)chunk->at;
	int is_last = (int)chunk->is_last, r = WEIR_OK;
	struct hp_record record;
	struct parse_fault fault;
	size_t n_used;

	for (uint64_t i = 0;; i += n_used) {
		const struct hp_parser before = s->parser;
		enum parse_result p =
			hp_next(&s->parser, at + i, chunk->n_bytes - i, is_last, &record, &n_used, &fault);

		if (p == PARSE_OK && record.what == HP_BAND && !s->is_settled &&
		    !settle_mode(s, at + i, chunk->n_bytes - i, is_last)) {
			s->parser = before;
			return (int64_t)i;
		}
		if (p == PARSE_OK) {
			r = take_record(s, &record, before.offset);
		} else if (p == PARSE_BAD) {
			s->has_bad_line = 1;
			report_bad(s->host, fault.code, fault.reason, fault.offset);
		} else {
			return (int64_t)i;
		}
		if (r < 0)
			return r;
	}
}

static void say_joins(const struct samples *s)
{
	const struct stacks *t = &s->stacks;

	if (t->n_unjoined)
		report_say(s->host, WEIR_NOTE, "hp.unjoined",
		           "labels that no report beside the profile explains: their stacks are what they spell",
		           WEIR_NO_OFFSET, t->n_unjoined);
	if (t->n_earlier)
		report_say(
			s->host, WEIR_NOTE, "hp.earlier_sets",
			"labels of retainer sets before the last census: sets are numbered anew in each and the report "
			"lists the last's",
			WEIR_NO_OFFSET, t->n_earlier);
	if (t->n_differing)
		report_say(
			s->host, WEIR_WARNING, "hp.other_report",
			"labels whose number is another stack's in the report beside the profile: it is of another run",
			WEIR_NO_OFFSET, t->n_differing);
	if (t->n_cut)
		report_say(s->host, WEIR_NOTE, "hp.cut_label",
		           "unexplained labels that the run-time system cut: use a larger -L", WEIR_NO_OFFSET,
		           t->n_cut);
}

void samples_finish(struct samples *s)
{
	if (s->in_sample)
		unended_sample(s);
	settle_empty(s, "hp.artefact_sample");
	say_joins(s);
	if (!s->parser.offset)
		report_say(s->host, WEIR_WARNING, "hp.empty",
		           "the file is empty: its program was killed, or has not started to write", 0, 1);
	else if (!s->has_job)
		report_say(s->host, s->has_bad_line && !s->n_samples ? WEIR_ERROR : WEIR_WARNING, "hp.no_header",
		           "the file does not begin with JOB", 0, 1);
	else if (!s->n_samples)
		report_say(s->host, WEIR_NOTE, "hp.no_bands",
		           "no sample has bands: the program ended before the first census", WEIR_NO_OFFSET, 1);
	if (s->n_samples && !s->tie.has_anchor)
		report_say(s->host, WEIR_WARNING, "hp.no_clock", "nothing ties the samples to UTC: they start at 0",
		           WEIR_NO_OFFSET, 1);
}

void samples_done(struct samples *s)
{
	stacks_done(&s->stacks);
	free(s->bands);
}
