/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/given.h"

#include "cli/say.h"

#include <errno.h>
#include <string.h>

int given_take(struct given *g, const char *verb, char *argument)
{
	char *dot = strchr(argument, '.'), *equals = strchr(argument, '=');

	if (g->n == GIVEN_MAX) {
		say("%s: -O %s: at most %d options", verb, argument, GIVEN_MAX);
		return -EINVAL;
	}
	if (!dot || !equals || dot > equals) {
		say("%s: -O %s: not of the form COLLECTOR.NAME=VALUE", verb, argument);
		return -EINVAL;
	}
	*dot = 0;
	*equals = 0;
	g->at[g->n++] = (struct given_option){ argument, { dot + 1, equals + 1 } };
	return 0;
}

uint32_t given_of(const struct given *g, const char *collector, struct lend_pair ret[GIVEN_MAX])
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->n; i++)
		if (strcmp(g->at[i].collector, collector) == 0)
			ret[n++] = g->at[i].pair;
	return n;
}
