/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_TICKY_H
#define GHC_EVENTLOG_TICKY_H

/* Ticky-ticky counters. */

#include "collectors/ghc-eventlog/table.h"

struct log;

enum {
	TICKY_MAX = 1 << 20,      /* counters with a name */
	TICKY_HELD_MAX = 1 << 18, /* samples that wait for theirs */
	TICKY_COUNTS = 3,         /* entries, bytes by it, bytes of it */
};

struct ticky_sample {
	uint64_t id, start_ns, end_ns, n_records;
	uint64_t counts[TICKY_COUNTS];
};

struct ticky {
	struct table names; /* id to stack */
	struct table last;  /* id to its last sample that waits */
	struct ticky_sample *held;
	uint32_t n_held, n_room;
	uint32_t series[TICKY_COUNTS];
	uint32_t has_begun;
	uint64_t before_ns, now_ns; /* where the current sample starts and ends */
	uint64_t n_merged, n_unnamed;
};

void ticky_finish(struct log *l);
void ticky_done(struct ticky *t);

#endif
