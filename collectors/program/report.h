/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROGRAM_REPORT_H
#define PROGRAM_REPORT_H

/* What collectors share that read a file which a program left: what the host knows of the time, and what they tell it
 * beside observations. */

#include <string.h>
#include <weir/host.h>

#include "parsers/ending.h"
#include "parsers/rts_command.h"

static inline struct weir_text report_text(struct parse_text text)
{
	return (struct weir_text){ text.at, text.n };
}

/* A fact of the context that is a time; ENDING_UNKNOWN where it isn't there. */
static inline int64_t report_time(const struct weir_host *h, const char *name)
{
	struct weir_text text;

	return h->context(h, name, &text) < 0 ? ENDING_UNKNOWN
	                                      : ending_fact((struct parse_text){ text.at, text.n_bytes });
}

static inline struct ending_facts report_times(const struct weir_host *h)
{
	return (struct ending_facts){ .process_start_ns = report_time(h, "process.start_ns"),
		                      .run_start_ns = report_time(h, "run.start_ns"),
		                      .run_end_ns = report_time(h, "run.end_ns"),
		                      .mtime_ns = report_time(h, "file.mtime_ns") };
}

/* Tells when things happened, and where that is known from; tie: NULL when it isn't. */
static inline void report_clock(const struct weir_host *h, const char *name, const char *tie, int64_t error_ns)
{
	tie = tie ? tie : "nothing";
	(void)h->clock(h, &(struct weir_clock){ name, { tie, strlen(tie) }, error_ns });
}

/* Nothing where the text is empty. */
static inline void report_fact(const struct weir_host *h, const char *name, struct parse_text text)
{
	if (text.n)
		(void)h->fact(h, name, report_text(text));
}

/* The program's name, arguments and flags, from the command line that the run-time system writes. */
static inline void report_command(const struct weir_host *h, struct parse_text line, char *room, size_t n_room)
{
	struct rts_command c = rts_command_split(line);
	const char *slash = memrchr(c.program.at, '/', c.program.n);
	size_t n_folder = slash ? (size_t)(slash + 1 - c.program.at) : 0;

	report_fact(h, "program.name", (struct parse_text){ c.program.at + n_folder, c.program.n - n_folder });
	report_fact(h, "program.arguments", (struct parse_text){ room, rts_command_plain(c.arguments, room, n_room) });
	report_fact(h, "ghc.rts.flags", (struct parse_text){ room, rts_command_plain(c.flags, room, n_room) });
}

static inline void report_say(const struct weir_host *h, uint32_t severity, const char *code, const char *message,
                              uint64_t offset, uint64_t count)
{
	h->diag(h, &(struct weir_diag){ .code = code,
	                                .message = { message, strlen(message) },
	                                .offset = offset,
	                                .count = count,
	                                .severity = severity });
}

/* One record was read, and this became of it. */
static inline void report_tally(const struct weir_host *h, uint32_t kind, const char *reason)
{
	h->tally(h, WEIR_READ, 1, NULL);
	h->tally(h, kind, 1, reason);
}

/* One record was read, and it is bad. */
static inline void report_bad(const struct weir_host *h, const char *code, const char *reason, uint64_t offset)
{
	report_tally(h, WEIR_BAD, code);
	report_say(h, WEIR_WARNING, code, reason, offset, 1);
}

#endif
