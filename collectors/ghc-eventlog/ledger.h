/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_LEDGER_H
#define GHC_EVENTLOG_LEDGER_H

/* What becomes of records, and what the host is told of it. */

#include "parsers/eventlog.h"

struct log;

/* What becomes of a record. */
enum fate {
	FATE_STORED = 0,
	FATE_STRUCTURE, /* says where others belong: blocks, capability sets */
	FATE_UNKNOWN,   /* a type that is not known */
	FATE_FOREIGN,   /* Eden's, Mercury's */
	FATE_REDACTED,  /* left out because it was asked for, or because nobody asked for it */
	FATE_LIMIT,     /* beyond a bound */
	FATE_REPEATED,  /* it has been read before */
	FATE_UNPAIRED,  /* the other half of it is missing */
	FATE_REFUSED,   /* by the host */
	FATE_BAD,       /* malformed */
	FATE_COUNT,
	FATE_LATER = FATE_COUNT, /* it will be said when it is known */
};

/* There is no memory for what a record says: the log is given up. */
enum fate log_no_memory(struct log *l);
void log_say(struct log *l, uint32_t severity, const char *code, uint64_t offset, uint64_t count, const char *format,
             ...) __attribute__((format(printf, 6, 7)));
/* Where a record stands. One that was put together from pieces is not in the window: about there. */
uint64_t ledger_offset(const struct log *l, const struct eventlog_event *e);
/* That a record makes no sense, and why; of the first ones. */
void ledger_say_bad(struct log *l, const struct eventlog_event *e, const char *why);
/* Counts what became of a record, unless that is FATE_LATER. */
void ledger_count(struct log *l, const struct eventlog_event *e, enum fate fate);
/* Tells the host of the fates since the last call. */
void ledger_tally(struct log *l);
/* What was odd in all of the log. */
void ledger_say_oddities(struct log *l);

#endif
