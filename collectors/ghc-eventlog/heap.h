/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_HEAP_H
#define GHC_EVENTLOG_HEAP_H

#include "collectors/ghc-eventlog/table.h"

struct log;

enum {
	TASKS_MAX = 1 << 16,
};

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
