/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_IDENTITY_H
#define GHC_EVENTLOG_IDENTITY_H

/* What the log says of the program and of its clock. */

#include "parsers/eventlog.h"

struct log;

struct identity {
	uint64_t capabilities; /* enabled */
	uint32_t capability_series;
	uint8_t has_capability_series;
	uint8_t has_clock;    /* the log's own */
	uint8_t is_ahead;     /* which has not been reached yet */
	uint8_t has_estimate; /* it had to be settled for */
	int64_t estimate_ns, estimate_error_ns;
	int64_t arrival_ns; /* the earliest start by when records came; 0: none */
	uint8_t is_live;    /* they come as they are written */
};

/* The log's latest record was there at now_ns. */
void identity_arrive(struct log *l, int64_t now_ns);
/* The start of the runtime by a wall-clock record. 0: the record makes no sense. */
int identity_start_of(const struct eventlog_event *e, int64_t *ret_ns);
/* Settles when the runtime started for what is known without the log's own word. is_end: the log has been read. */
void identity_settle(struct log *l, int is_end);

#endif
