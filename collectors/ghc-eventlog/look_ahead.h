/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_LOOK_AHEAD_H
#define GHC_EVENTLOG_LOOK_AHEAD_H

/* What stands further on in a log that is a file. */

#include <stdint.h>

struct log;

struct look_ahead {
	int64_t start_ns; /* of the runtime, by the log's clock */
	uint64_t last_ns; /* the latest time up to there */
	int has_clock;
	int has_end; /* there was no clock up to the end of the log */
};

/* All 0 where the log can't be read a second time, or is damaged. */
struct look_ahead look_ahead(struct log *l);

#endif
