/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_EVENTLOG_RECOVERY_H
#define PARSERS_EVENTLOG_RECOVERY_H

/* What to do where an eventlog makes no sense.
 *
 * Ordinary programs damage their logs. In a runtime without threads the timer thread writes a sample (record 167) into
 * the buffer in which the program is just writing a record, or flushes it under its hands (GHC #25165, #26222). The two
 * writers share one position, so most often bytes of either are overwritten; sometimes both records are whole and only
 * interleaved:
 *
 *     X[0..k)  Y[0..m)  X[k..)  Y[m..)        in the file
 *     X  Y                                    as they were meant
 *
 * There are two remedies, tried in this order. Repair: if exactly one pair of records (declared, timely, of a length
 * that agrees with what is in them, one of them a timer's) accounts for all bytes up to where the log makes sense
 * again, they are put together. The two high bytes of the tags, always 0, may have fallen on each other. Else
 * resynchronisation: the next place from which EVENTLOG_CHAIN records in a row make sense is the way on, and what lies
 * before it is lost.
 *
 * What is not proved is lost, not guessed: a record before the damage that another one seems to begin in is dropped.
 * Some damage leaves no sign (a zero of one record stands where the other has one, too), and a record that lost just
 * the bytes that would have shown it can't be told from a sound one either.
 *
 * Every damage that shows ends in one gap that says where, how much and why; none is reported for a log that makes
 * sense.
 */

#include "parsers/eventlog.h"

enum {
	EVENTLOG_PIECE_MAX = 1100, /* bytes of a record that can be repaired: a stack of 255 cost centres */
};

struct eventlog_gap {
	uint64_t offset;    /* where sense ends, from the start of the stream */
	uint64_t n_bytes;   /* that belong to no record any more; 0: none is lost */
	uint32_t n_records; /* that were repaired, or at least lost */
	uint32_t is_repaired;
	const char *code; /* the fault's: `eventlog.time` */
	const char *reason;
};

/* The caller's; all zero at first. */
struct eventlog_recovery {
	struct eventlog_gap gap; /* the one that is being searched through */
	uint64_t n_trials;
	uint8_t pieces[2][EVENTLOG_PIECE_MAX];
	uint64_t stood_at; /* 1 more than the offset where the last recovery made no progress; 0: it made some */
};

/* After eventlog_read() has said PARSE_BAD, with the same buffer. Call eventlog_read() again afterwards; while a way on
 * is not found that says PARSE_BAD at once.
 *
 * PARSE_OK: b->n_used bytes are done with, b->n records came out of them (those repaired point into r), and if
 * ret->code is not NULL, the gap in ret is complete. PARSE_MORE: the buffer ends too early to tell. PARSE_BAD: the
 * header is damaged. */
enum parse_result eventlog_recover(struct eventlog_recovery *r, struct eventlog *s, const uint8_t *at, size_t n,
                                   int is_last, const struct parse_fault *fault, struct eventlog_batch *b,
                                   struct eventlog_gap *ret) __attribute__((warn_unused_result));

#endif
