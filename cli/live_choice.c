/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live_choice.h"

#include "cli/say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int choose(const struct registry *registry, const char *name, struct live_choice *ret)
{
	const struct registry_collector *c = registry_find(registry, name);

	if (!c || !registry_is_live(c)) {
		say("-c %s: %s", name,
		    !c ? "there is no such collector; `weir plugins list`" : "it reads files, and is not live");
		return -EINVAL;
	}
	/* Named twice it would be two sources of one name. */
	for (uint32_t i = 0; i < ret->n; i++)
		if (ret->at[i] == c)
			return 0;
	if (ret->n == LIVE_COLLECTORS_MAX) {
		say("-c %s: at most %d collectors", name, LIVE_COLLECTORS_MAX);
		return -EINVAL;
	}
	ret->at[ret->n++] = c;
	return 0;
}

static int choose_named(const struct registry *registry, const char *names, struct live_choice *ret)
{
	char *copy = strdup(names), *rest = copy;
	int r = copy ? 0 : -ENOMEM;

	for (char *name; r == 0 && (name = strsep(&rest, ",")) != NULL;)
		r = choose(registry, name, ret);
	free(copy);
	return r;
}

static int choose_all(const struct registry *registry, struct live_choice *ret)
{
	for (uint32_t i = 0; i < registry_count(registry) && ret->n < LIVE_COLLECTORS_MAX; i++)
		if (registry_is_live(registry_at(registry, i)))
			ret->at[ret->n++] = registry_at(registry, i);
	if (ret->n > 0)
		return 0;
	say("there is no live collector; `weir plugins list`");
	return -EINVAL;
}

/* What weir itself costs is always measured, and last: `self` holds what the others have opened. */
static void put_self_last(const struct registry *registry, struct live_choice *ret)
{
	const struct registry_collector *self = registry_find(registry, "self");
	uint32_t n = 0;

	for (uint32_t i = 0; i < ret->n; i++)
		if (ret->at[i] != self)
			ret->at[n++] = ret->at[i];
	if (self && n < LIVE_COLLECTORS_MAX)
		ret->at[n++] = self;
	ret->n = n;
}

int live_choose(const struct registry *registry, const struct live_run *run, struct live_choice *ret)
{
	int r = run->request->collectors ? choose_named(registry, run->request->collectors, ret)
	                                 : choose_all(registry, ret);

	if (r == 0)
		put_self_last(registry, ret);
	if (r < 0 || run->log_fd <= 0)
		return r;
	ret->log = registry_find(registry, "ghc-eventlog");
	if (ret->log)
		return 0;
	say("--eventlog: there is no collector ghc-eventlog");
	return -ENOENT;
}
