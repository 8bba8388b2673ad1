/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_CAPABILITY_SETS_H
#define GHC_EVENTLOG_CAPABILITY_SETS_H

#include "parsers/eventlog.h"

struct log;

enum {
	CAPABILITY_SETS_MAX = 64,
};

struct capability_set {
	uint32_t id, type;
	uint8_t members[EVENTLOG_CAPABILITIES_MAX / 8];
};

struct capability_sets {
	struct capability_set at[CAPABILITY_SETS_MAX];
	uint32_t n;
};

void capability_sets_say(struct log *l);

#endif
