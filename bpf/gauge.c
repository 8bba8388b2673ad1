/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/gauge.h"

#include <assert.h>
#include <string.h>
#include <time.h>

enum {
	NS_PER_S = 1000000000,
};

void gauge_lost(struct gauge *g, struct outbox *o, const char *cause, uint64_t total)
{
	const struct outbox_pair pairs[] = { { "cause", cause } };
	struct gauge_cause *c = g->causes;

	while (c->name && strcmp(c->name, cause) != 0)
		c++;
	assert(c < g->causes + GAUGE_CAUSES_MAX - 1);
	if (!c->name)
		*c = (struct gauge_cause){ .name = cause, .series = outbox_series(o, g->row_lost, pairs, 1) };
	outbox_count(o, c->series, total);
	if (total > c->told)
		o->host->tally(o->host, WEIR_LOST, total - c->told, cause);
	c->told = total;
}

void gauge_fill(struct gauge *g, struct outbox *o, const char *map, uint64_t n, uint64_t n_max)
{
	const struct outbox_pair pairs[] = { { "map", map } };
	struct gauge_map *m = g->maps;

	while (m->name && strcmp(m->name, map) != 0)
		m++;
	assert(m < g->maps + GAUGE_MAPS_MAX - 1);
	if (!m->name)
		*m = (struct gauge_map){ map, outbox_series(o, g->row_fill, pairs, 1) };
	outbox_real(o, m->series, (double)n / (double)n_max);
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
