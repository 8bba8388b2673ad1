/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	UNKNOWN_SAID_MAX = 8, /* types that get a note of their own */
	BAD_SAID_MAX = 64,    /* malformed records, too */
};

static const struct {
	uint32_t kind;
	const char *reason;
} fates[FATE_COUNT] = {
	[FATE_STORED] = { WEIR_STORED, NULL },
	[FATE_STRUCTURE] = { WEIR_SKIPPED, "eventlog.structure" },
	[FATE_UNKNOWN] = { WEIR_SKIPPED, "eventlog.unknown" },
	[FATE_FOREIGN] = { WEIR_SKIPPED, "eventlog.foreign" },
	[FATE_REDACTED] = { WEIR_SKIPPED, "eventlog.redacted" },
	[FATE_LIMIT] = { WEIR_SKIPPED, "eventlog.limit" },
	[FATE_REPEATED] = { WEIR_SKIPPED, "eventlog.repeated" },
	[FATE_UNPAIRED] = { WEIR_SKIPPED, "eventlog.unpaired" },
	[FATE_REFUSED] = { WEIR_SKIPPED, "eventlog.refused" },
	[FATE_BAD] = { WEIR_BAD, "eventlog.payload" },
};

void log_say(struct log *l, uint32_t severity, const char *code, uint64_t offset, uint64_t count, const char *format,
             ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	l->host->diag(l->host, &(struct weir_diag){ .code = code,
	                                            .message = { text, strlen(text) },
	                                            .offset = offset,
	                                            .count = count,
	                                            .severity = severity });
}

enum fate log_no_memory(struct log *l)
{
	if (!l->outbox.r)
		l->outbox.r = -ENOMEM;
	return FATE_LIMIT;
}

uint64_t ledger_offset(const struct log *l, const struct eventlog_event *e)
{
	uintptr_t at = (uintptr_t)e->payload, window = (uintptr_t)l->window.at;

	return l->window.offset + (at - window < l->window.n_bytes ? at - window : 0);
}

void ledger_say_bad(struct log *l, const struct eventlog_event *e, const char *why)
{
	if (l->n_bad_said++ < BAD_SAID_MAX)
		log_say(l, WEIR_WARNING, "eventlog.payload", ledger_offset(l, e), 1, "a record of type %" PRIu32 ": %s",
		        (uint32_t)e->tag, why);
}

void ledger_count(struct log *l, const struct eventlog_event *e, enum fate fate)
{
	if (fate == FATE_BAD)
		ledger_say_bad(l, e, "its contents make no sense");
	l->fates[fate]++;
}

void ledger_tally(struct log *l)
{
	const struct weir_host *h = l->host;

	if (l->n_read)
		h->tally(h, WEIR_READ, l->n_read, NULL);
	l->n_read = 0;
	for (int f = 0; f < FATE_COUNT; f++) {
		if (l->fates[f])
			h->tally(h, fates[f].kind, l->fates[f], fates[f].reason);
		l->fates[f] = 0;
	}
}

static void say_unknown(struct log *l)
{
	int n_said = 0;

	for (uint32_t tag = 0; tag < EVENTLOG_TAGS_MAX && n_said < UNKNOWN_SAID_MAX; tag++) {
		if (!l->n_unknown[tag])
			continue;
		n_said++;
		log_say(l, WEIR_NOTE, "eventlog.unknown", WEIR_NO_OFFSET, l->n_unknown[tag],
		        "records of type %" PRIu32 ", which is not known, were passed over", tag);
	}
}

void ledger_say_oddities(struct log *l)
{
	say_unknown(l);
	if (l->n_bad_said > BAD_SAID_MAX)
		log_say(l, WEIR_WARNING, "eventlog.payload", WEIR_NO_OFFSET, l->n_bad_said - BAD_SAID_MAX,
		        "as many further records make no sense");
	if (l->threads.n_over)
		log_say(l, WEIR_WARNING, "eventlog.threads", WEIR_NO_OFFSET, l->threads.n_over,
		        "more than %d threads at one time: what the others did is in the capabilities' sums only",
		        THREADS_MAX);
	if (l->threads.n_unsaid)
		log_say(l, WEIR_NOTE, "eventlog.threads_together", WEIR_NO_OFFSET, l->threads.n_unsaid,
		        "threads that have a label or ran for long were put together with the others: so many had "
		        "series "
		        "of their own already");
	if (l->threads.n_pending_over)
		log_say(l, WEIR_NOTE, "eventlog.migrations", WEIR_NO_OFFSET, l->threads.n_pending_over,
		        "migrations of which one end was not found in time");
	if (l->user.order.n_late)
		log_say(l, WEIR_NOTE, "eventlog.late_messages", WEIR_NO_OFFSET, l->user.order.n_late,
		        "messages were read so long after later ones that spans across capabilities may be wrong");
	if (l->user.n_unstarted + l->user.n_unstopped)
		log_say(l, WEIR_NOTE, "eventlog.spans", WEIR_NO_OFFSET, l->user.n_unstarted + l->user.n_unstopped,
		        "%" PRIu64 " spans stop that have not started, %" PRIu64 " start and do not stop",
		        l->user.n_unstarted, l->user.n_unstopped);
	if (l->samples.n_unnamed)
		log_say(l, WEIR_NOTE, "eventlog.unnamed", WEIR_NO_OFFSET, l->samples.n_unnamed,
		        "frames of stacks whose names the log does not hold");
	if (l->ticky.n_unnamed)
		log_say(l, WEIR_NOTE, "eventlog.unnamed_ticky", WEIR_NO_OFFSET, l->ticky.n_unnamed,
		        "samples of ticky counters whose names the log does not hold: a program says them at its end");
	if (l->ticky.n_merged)
		log_say(l, WEIR_NOTE, "eventlog.ticky_merged", WEIR_NO_OFFSET, l->ticky.n_merged,
		        "samples of ticky counters beyond %d were added to the ones before", TICKY_HELD_MAX);
	if (l->names.n_over)
		log_say(l, WEIR_WARNING, "eventlog.names", WEIR_NO_OFFSET, l->names.n_over,
		        "names of info tables beyond %d MiB were not kept", NAMES_BYTES_MAX >> 20);
}
