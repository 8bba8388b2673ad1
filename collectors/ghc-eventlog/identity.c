/* SPDX-License-Identifier: Apache-2.0 */
/* What the log says of the program that wrote it, and of its clock. Times in a log count from the start of the runtime;
 * one record ties them to UTC. Where it is missing (GHC before 7.4, a log that ends too early) what the run knows has
 * to do. */
#include "collectors/ghc-eventlog/ghc_eventlog.h"
#include "collectors/ghc-eventlog/look_ahead.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/program/report.h"

enum {
	TEXT_MAX = 64 * 1024,
	OWN_ERROR_NS = 1000000, /* the two clocks are read one after the other, and drift apart later */
	NS = 1000000000,
};

static void fact(struct log *l, const char *name, const char *at, size_t n)
{
	if (n)
		(void)l->host->fact(l->host, name, (struct weir_text){ at, n });
}

static void number_fact(struct log *l, const char *name, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, value);

	fact(l, name, text, (size_t)n);
}

/* ---- The program ---- */

/* `GHC-9.0.2 rts_thr_l` */
enum fate identity_rts(struct log *l, struct lane *lane, const struct eventlog_event *e,
                       const struct eventlog_values *v)
{
	const struct parse_text *text = &v->at[1].text;
	const char *blank = text->n ? memchr(text->at, ' ', text->n) : NULL;
	const char *end = text->at + text->n, *way;
	int is_profiled = 0;

	if (!blank || blank - text->at < 4 || memcmp(text->at, "GHC-", 4) != 0) {
		fact(l, "ghc.rts", text->at, text->n);
		return FATE_STORED;
	}
	fact(l, "ghc.version", text->at + 4, (size_t)(blank - text->at) - 4);
	way = blank + 1;
	fact(l, "ghc.rts.way", way, (size_t)(end - way));
	for (const char *part = way; part < end; part++)
		is_profiled |= *part == '_' && part + 1 < end && part[1] == 'p' && (part + 2 == end || part[2] == '_');
	fact(l, "ghc.profiled", is_profiled ? "true" : "false", is_profiled ? 4 : 5);
	return FATE_STORED;
}

/* Texts with a blank between them. */
struct line {
	char *at;
	size_t n;
};

static void line_add(struct line *line, struct parse_text text)
{
	if (line->n && line->n < TEXT_MAX)
		line->at[line->n++] = ' ';
	if (text.n > TEXT_MAX - line->n)
		text.n = TEXT_MAX - line->n;
	if (text.n)
		memcpy(line->at + line->n, text.at, text.n);
	line->n += text.n;
}

static int is_text(struct parse_text text, const char *word)
{
	return text.n == strlen(word) && memcmp(text.at, word, text.n) == 0;
}

/* The runtime's own arguments stand between +RTS and -RTS; behind --RTS or -- there are none. */
static void split(struct parse_text rest, struct line *arguments, struct line *flags)
{
	struct parse_text text;
	int is_rts = 0, is_over = 0;

	while (eventlog_next_text(&rest, &text)) {
		if (!is_over && is_text(text, "+RTS")) {
			is_rts = 1;
		} else if (!is_over && is_rts && is_text(text, "-RTS")) {
			is_rts = 0;
		} else if (!is_over && is_text(text, "--RTS")) {
			is_over = 1;
			is_rts = 0;
		} else {
			is_over |= !is_rts && is_text(text, "--");
			line_add(is_rts ? flags : arguments, text);
		}
	}
}

enum fate identity_arguments(struct log *l, struct lane *lane, const struct eventlog_event *e,
                             const struct eventlog_values *v)
{
	struct parse_text rest = v->at[1].text, program;
	char *room = malloc(2 * TEXT_MAX);
	struct line arguments = { room, 0 }, flags = { room + TEXT_MAX, 0 };
	const char *slash;

	if (!room || !eventlog_next_text(&rest, &program)) {
		free(room);
		return room ? FATE_STRUCTURE : log_no_memory(l);
	}
	slash = program.at && program.n ? memrchr(program.at, '/', program.n) : NULL;
	if (slash)
		fact(l, "program.name", slash + 1, (size_t)(program.at + program.n - slash) - 1);
	else
		fact(l, "program.name", program.at, program.n);
	split(rest, &arguments, &flags);
	if (l->settings.keeps_arguments)
		fact(l, "program.arguments", arguments.at, arguments.n);
	if (l->settings.keeps_flags)
		fact(l, "ghc.rts.flags", flags.at, flags.n);
	free(room);
	return FATE_STORED;
}

/* Up to GHC 8.6 every log has the whole environment in it, secrets and all. */
enum fate identity_environment(struct log *l, struct lane *lane, const struct eventlog_event *e,
                               const struct eventlog_values *v)
{
	struct line line = { NULL, 0 };
	struct parse_text rest = v->at[1].text, text;

	if (!l->settings.keeps_environment)
		return FATE_REDACTED;
	line.at = malloc(TEXT_MAX);
	if (!line.at)
		return log_no_memory(l);
	while (eventlog_next_text(&rest, &text)) {
		line_add(&line, text);
		if (line.n < TEXT_MAX)
			line.at[line.n++] = '\n';
	}
	fact(l, "process.environment", line.at, line.n);
	free(line.at);
	return FATE_STORED;
}

enum fate identity_pid(struct log *l, struct lane *lane, const struct eventlog_event *e,
                       const struct eventlog_values *v)
{
	number_fact(l, e->tag == EVENTLOG_OSPROCESS_PID ? "process.pid" : "process.parent_pid", v->at[1].number);
	return FATE_STORED;
}

enum fate identity_version(struct log *l, struct lane *lane, const struct eventlog_event *e,
                           const struct eventlog_values *v)
{
	if (e->tag == EVENTLOG_VERSION)
		fact(l, "eden.version", v->at[0].text.at, v->at[0].text.n);
	else if (l->settings.keeps_arguments)
		fact(l, "program.arguments", v->at[0].text.at, v->at[0].text.n);
	else
		return FATE_REDACTED;
	return FATE_STORED;
}

enum fate identity_startup(struct log *l, struct lane *lane, const struct eventlog_event *e,
                           const struct eventlog_values *v)
{
	if (!v->n)
		return FATE_STRUCTURE;
	number_fact(l, "ghc.capabilities", v->at[0].number);
	return FATE_STORED;
}

/* ---- Its clock ---- */

static void say_clock(struct log *l, const char *tie, int64_t error_ns)
{
	report_clock(l->host, "time since the runtime started", tie, error_ns);
}

/* What the estimate's bound allows for is no fault. */
static void say_late_clock(struct log *l, int64_t late_ns)
{
	int64_t error_ns = l->identity.estimate_error_ns;
	int is_expected = late_ns <= error_ns && late_ns >= -error_ns;

	log_say(l, is_expected ? WEIR_NOTE : WEIR_WARNING, "eventlog.late_clock", WEIR_NO_OFFSET, 1,
	        "the log says only at its end when it began, and what came before could not wait: its times are "
	        "%" PRId64 " ns late",
	        late_ns);
}

int identity_start_of(const struct eventlog_event *e, int64_t *ret_ns)
{
	struct eventlog_values v;

	if (eventlog_values(e, &v) != PARSE_OK || v.at[1].number > INT64_MAX / NS - 1 || v.at[2].number >= NS ||
	    e->time_ns > INT64_MAX)
		return 0;
	*ret_ns = (int64_t)(v.at[1].number * NS + v.at[2].number);
	return !__builtin_sub_overflow(*ret_ns, (int64_t)e->time_ns, ret_ns) && *ret_ns <= INT64_MAX / 2;
}

static void tie(struct log *l, int64_t start_ns)
{
	l->identity.has_clock = 1;
	say_clock(l, "the log's wall-clock record", OWN_ERROR_NS);
	outbox_tie(&l->outbox, start_ns);
}

enum fate identity_clock(struct log *l, struct lane *lane, const struct eventlog_event *e,
                         const struct eventlog_values *v)
{
	struct identity *id = &l->identity;
	int64_t start_ns;

	if (!identity_start_of(e, &start_ns))
		return FATE_BAD;
	if (id->has_clock) {
		enum fate fate = id->is_ahead ? FATE_STORED : FATE_STRUCTURE;

		id->is_ahead = 0;
		return fate;
	}
	if (!id->has_estimate) {
		tie(l, start_ns);
		return FATE_STORED;
	}
	id->has_clock = 1;
	say_late_clock(l, id->estimate_ns - start_ns);
	return FATE_STORED;
}

static int is_usable(int64_t start_ns)
{
	return start_ns != ENDING_UNKNOWN && start_ns > 0 && start_ns < INT64_MAX / 2;
}

/* None comes before it was written: of all arrivals the earliest start is the nearest. */
void identity_arrive(struct log *l, int64_t now_ns)
{
	int64_t start_ns = now_ns - (int64_t)l->last_ns;

	if (l->last_ns && (!l->identity.arrival_ns || start_ns < l->identity.arrival_ns))
		l->identity.arrival_ns = start_ns;
}

/* The log's last record is about the last thing that the program did; before that is known, only starts can tell. */
static void estimate(struct log *l, int64_t last_ns)
{
	const struct ending_facts facts = report_times(l->host);
	struct ending ending = ending_make(&facts, last_ns);
	struct identity *id = &l->identity;

	id->has_estimate = 1;
	id->estimate_error_ns = -1;
	if (is_usable(ending.start_ns)) {
		id->estimate_ns = ending.start_ns;
		id->estimate_error_ns = ending.error_ns;
		say_clock(l, ending.tie, ending.error_ns);
	} else if (is_usable(facts.process_start_ns)) {
		id->estimate_ns = facts.process_start_ns;
		id->estimate_error_ns = NS;
		say_clock(l, "start of the process", NS);
	} else if (id->is_live && is_usable(id->arrival_ns)) {
		id->estimate_ns = id->arrival_ns;
		say_clock(l, "arrival of its records", -1);
	} else if (is_usable(facts.run_start_ns)) {
		id->estimate_ns = facts.run_start_ns;
		say_clock(l, "start of the run", -1);
	} else {
		say_clock(l, "none: times count from 1970", -1);
		log_say(l, WEIR_WARNING, "eventlog.no_clock", WEIR_NO_OFFSET, 1,
		        "nothing tells when the program ran: its times count from 1970");
	}
	outbox_tie(&l->outbox, id->estimate_ns);
}

void identity_settle(struct log *l, int is_end)
{
	struct identity *id = &l->identity;
	struct look_ahead ahead = { .last_ns = l->last_ns, .has_end = is_end };

	if (id->has_clock || id->has_estimate)
		return;
	if (!is_end && !id->is_live)
		ahead = look_ahead(l);
	if (ahead.has_clock) {
		id->is_ahead = 1;
		tie(l, ahead.start_ns);
		return;
	}
	estimate(l, ahead.has_end ? (int64_t)ahead.last_ns : ENDING_UNKNOWN);
}
