/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_GC_H
#define GHC_EVENTLOG_GC_H

#include <stdint.h>

#include "collectors/ghc-eventlog/lanes.h"

/* Phases of the non-moving collector, by their first record. */
struct concurrent {
	uint64_t start_ns[3];
	uint8_t is_running[3];
	uint32_t n_flushes[LANE_GLOBAL];
};

#endif
