/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/gauge.h"

#include <time.h>

enum {
	NS_PER_S = 1000000000,
};

void gauge_lost(struct gauge *g, struct outbox *o, unsigned i, const char *cause, uint64_t total)
{
	const struct outbox_pair pairs[] = { { "cause", cause } };

	if (!g->lost[i])
		g->lost[i] = outbox_series(o, g->row_lost, pairs, 1);
	outbox_count(o, g->lost[i], total);
	if (total > g->told[i])
		o->host->tally(o->host, WEIR_LOST, total - g->told[i], cause);
	g->told[i] = total;
}

void gauge_fill(struct gauge *g, struct outbox *o, unsigned i, const char *map, uint64_t n, uint64_t n_max)
{
	const struct outbox_pair pairs[] = { { "map", map } };

	if (!g->fill[i])
		g->fill[i] = outbox_series(o, g->row_fill, pairs, 1);
	outbox_real(o, g->fill[i], (double)n / (double)n_max);
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void gauge_begin(struct gauge *g)
{
	g->begin_ns = monotonic_ns();
}

void gauge_end(struct gauge *g, struct outbox *o, const char *collector)
{
	const struct outbox_pair pairs[] = { { "collector", collector } };

	if (!g->skew)
		g->skew = outbox_series(o, g->row_skew, pairs, 1);
	outbox_count(o, g->skew, monotonic_ns() - g->begin_ns);
}
