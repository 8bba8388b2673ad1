/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/chrome_rules.h"

#include <string.h>

/* Slices of one track must not overlap unless one lies inside the other: readers would draw them wrong or drop them.
 * What might is asynchronous. The wait for a slot's turn overlaps the end of the loop before it, so it has a track of
 * its own.
 */
static const struct chrome_rule rules[] = {
	{ "cardano.epoch.boundary", CHROME_MARK, NULL, "epoch ", "epoch", NULL },
	{ "ghc.gc.pause", CHROME_SLICE, "collections", "GC ", "generation", "mode" },
	{ "ghc.thread.run", CHROME_SLICE, "capability %u", "", "label", "thread" },
	{ "cardano.slot.missed", CHROME_SLICE, "missed slots", "missed from ", "slot", NULL },
	{ "cardano.forge.start", CHROME_SLICE, "late for the slot, thread %u", "late for ", "slot", NULL },
	{ "cardano.forge.obstacle", CHROME_INSTANT, "forge loop, thread %u", "", "obstacle", NULL },
	{ "cardano.forge.*", CHROME_SLICE, "forge loop, thread %u", NULL, NULL, NULL },
	{ "cardano.epoch.phase", CHROME_INSTANT, "epoch phases", "", "phase", NULL },
	{ "cardano.snapshot", CHROME_SLICE, "snapshots", "snapshot", NULL, NULL },
	{ "cardano.block.*", CHROME_INSTANT, "blocks", NULL, NULL, NULL },
	{ "ghc.user.marker", CHROME_INSTANT, "markers", "", "marker", NULL },
	{ "ghc.user.message", CHROME_INSTANT, "messages", "", "message", NULL },
	{ "ghc.rts.message", CHROME_INSTANT, "messages", "", "message", NULL },
	{ "ghc.user.binary", CHROME_INSTANT, "messages", "binary message", NULL, NULL },
	{ "ghc.user.span", CHROME_ASYNC, NULL, "", "label", NULL },
	{ "ghc.user.window", CHROME_ASYNC, NULL, "window", NULL, NULL },
	{ "ghc.gc.concurrent", CHROME_ASYNC, NULL, "concurrent ", "phase", NULL },
	{ "trace.silence", CHROME_ASYNC, NULL, "silence of ", "thread", NULL },
	{ "ghc.thread.life", CHROME_ASYNC, NULL, "thread ", "label", "thread" },
	{ "ghc.task.life", CHROME_ASYNC, NULL, "OS thread ", "thread.id", "task" },
	{ "*", CHROME_ASYNC, NULL, NULL, NULL, NULL },
};

static const struct level_row {
	const char *metric;
	enum chrome_level level;
} levels[] = {
	{ "ghc.heap.live", CHROME_AT_ITS_TIME },
	{ "ghc.heap.size", CHROME_AT_ITS_TIME },
	{ "ghc.heap.blocks", CHROME_AT_ITS_TIME },
	{ "ghc.heap.allocated", CHROME_AT_ITS_TIME },
	{ "ghc.gc.copied", CHROME_AT_ITS_TIME },
	{ "ghc.capability.utilisation", CHROME_SINCE_THE_LAST },
	{ "ghc.thread.count", CHROME_SINCE_THE_LAST },
	{ "ghc.spark.pool", CHROME_AT_ITS_TIME },
	{ "cardano.mempool.*", CHROME_AT_ITS_TIME },
	{ "process.*", CHROME_AT_ITS_TIME },
	{ "system.*", CHROME_AT_ITS_TIME },
	{ "disk.*", CHROME_AT_ITS_TIME },
	{ "net*", CHROME_AT_ITS_TIME },
	{ "tcp.*", CHROME_AT_ITS_TIME },
	{ "sched.*", CHROME_AT_ITS_TIME },
};

static int fits(const char *pattern, const char *metric)
{
	size_t n = strcspn(pattern, "*");

	return pattern[n] == '*' ? strncmp(pattern, metric, n) == 0 : strcmp(pattern, metric) == 0;
}

const struct chrome_rule *chrome_rule_of(const char *metric, uint32_t *ret_order)
{
	uint32_t i = 0;

	while (!fits(rules[i].metric, metric))
		i++;
	*ret_order = i;
	return &rules[i];
}

enum chrome_level chrome_level_of(const char *metric)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (fits(levels[i].metric, metric))
			return levels[i].level;
	return CHROME_NOT_DRAWN;
}
