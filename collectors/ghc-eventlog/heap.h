/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_HEAP_H
#define GHC_EVENTLOG_HEAP_H

#include "collectors/ghc-eventlog/table.h"

struct log;

enum {
	TASKS_MAX = 1 << 16,
};

/* Addresses have 48 bits (x86-64, arm64), so no part of a heap has as many bytes: another record was written into the
 * number. */
#define HEAP_BYTES_END ((uint64_t)1 << 48)

struct task {
	uint64_t id, tid, start_ns;
	uint32_t capability, next_free;
};

struct tasks {
	struct table by_id;
	struct task *at;
	uint32_t n, free;
};

void tasks_finish(struct log *l);

#endif
