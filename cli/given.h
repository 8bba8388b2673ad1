/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_GIVEN_H
#define CLI_GIVEN_H

/* Options of collectors that were given with -O COLLECTOR.NAME=VALUE. */

#include "plugins/lend.h"

enum {
	GIVEN_MAX = 64,
};

struct given_option {
	const char *collector;
	struct lend_pair pair;
};

struct given {
	struct given_option at[GIVEN_MAX];
	uint32_t n;
};

/* Takes the argument apart, in place. -EINVAL: said what is wrong with it. */
int given_take(struct given *g, const char *verb, char *argument);

/* Those of one collector; how many. */
uint32_t given_of(const struct given *g, const char *collector, struct lend_pair ret[GIVEN_MAX]);

#endif
