/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_EVENTLOG_REPAIR_H
#define PARSERS_EVENTLOG_REPAIR_H

/* Putting two records of an eventlog together that were written into each other. Between eventlog_recovery.c and
 * eventlog_repair.c; what for stands in eventlog_recovery.h. */

#include "parsers/eventlog_record.h"
#include "parsers/eventlog_recovery.h"

enum {
	EVENTLOG_REPAIR_REACH = 2 * EVENTLOG_PIECE_MAX, /* bytes that a repair may look at */
};

/* Some bytes, which are the stream's `offset`, and what is known of them. */
struct eventlog_stretch {
	const struct eventlog *s;
	const uint8_t *at;
	size_t n;
	uint64_t offset;
	int is_last;
};

/* The block, with so little tolerance for times that a time in it is evidence. */
struct eventlog_block eventlog_tighten(const struct eventlog_block *block);

/* PARSE_OK: the stretch begins with two records that were written into each other: both, in the order of their times,
 * are in ret (and in r), and in ret_n how many bytes they are made of. PARSE_BAD: no two records account for the bytes,
 * or several pairs do (ret_is_ambiguous). PARSE_MORE. */
enum parse_result eventlog_repair(struct eventlog_recovery *r, const struct eventlog_stretch *q,
                                  const struct eventlog_block *block, struct eventlog_event ret[2], size_t *ret_n,
                                  int *ret_is_ambiguous);

#endif
