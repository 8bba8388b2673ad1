/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_DAMAGE_H
#define GHC_EVENTLOG_DAMAGE_H

/* What is missing from a log, and what belongs to no record. */

#include "parsers/eventlog_recovery.h"

struct lane;
struct log;

struct damage {
	uint64_t n_bytes;       /* that belong to no record, or are missing from the last block */
	uint64_t n_repeated;    /* records */
	uint64_t n_out_of_step; /* records that contradict what was known of a thread or a collection */
	int is_cut;
	int n_near_gap; /* batches to come that a gap has just been found before, or behind */
};

void damage_take_gap(struct log *l, const struct eventlog_gap *gap);
/* How many of the records at `from` have been there before. The timer of a runtime without threads empties a buffer
 * under the hands of the program, which goes on where it was: the next block begins with the contents of the one
 * before. They are older than the block, as else no records of a capability are. The first of them may be torn: so may
 * be what follows a gap. Call it for each batch. */
size_t damage_repeats(struct log *l, struct lane *lane, const struct eventlog_batch *b, size_t from);
/* What the last bytes say, of which n_left are no whole record: a program that was killed leaves no end marker, and
 * that is no fault. */
void damage_say_end(struct log *l, const struct eventlog *reader, uint64_t n_left, int has_end);

#endif
