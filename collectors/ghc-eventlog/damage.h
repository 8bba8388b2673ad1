/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_DAMAGE_H
#define GHC_EVENTLOG_DAMAGE_H

/* What is missing from a log, and what belongs to no record. */

#include "parsers/eventlog_recovery.h"

struct log;

struct damage {
	uint64_t n_bytes; /* that belong to no record, or are missing from the last block */
	int is_cut;
};

void damage_take_gap(struct log *l, const struct eventlog_gap *gap);
/* What the last bytes say, of which n_left are no whole record: a program that was killed leaves no end marker, and
 * that is no fault. */
void damage_say_end(struct log *l, const struct eventlog *reader, uint64_t n_left, int has_end);

#endif
