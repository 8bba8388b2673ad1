/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LIVE_CHOICE_H
#define CLI_LIVE_CHOICE_H

/* Which collectors measure. */

#include "cli/live.h"
#include "plugins/registry.h"

struct live_choice {
	const struct registry_collector *at[LIVE_COLLECTORS_MAX];
	uint32_t n;
	const struct registry_collector *log; /* of the eventlog; NULL: there is none */
};

/* Those that were named, or all that are live. -EINVAL or -ENOENT after saying what is wrong. */
int live_choose(const struct registry *registry, const struct live_run *run, struct live_choice *ret);

#endif
