/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_HEADLINE_H
#define ANALYSIS_HEADLINE_H

/* The few figures of each node that one asks for first.
 *
 * Several collectors may have measured the same thing. Each figure is that of one of them, the first in the figure's
 * own order, and says which; figures are never added up across collectors. What none has measured is NaN.
 */

#include <weir/host.h>

struct store;

enum headline_figure {
	HEADLINE_WALL,
	HEADLINE_CPU,
	HEADLINE_PRODUCTIVITY, /* share of the wall time outside of collections */
	HEADLINE_COLLECTIONS,
	HEADLINE_PAUSED,
	HEADLINE_PAUSED_SHARE,
	HEADLINE_PAUSE_LONGEST,
	HEADLINE_HEAP,
	HEADLINE_LIVE,
	HEADLINE_HEAP_PROFILE, /* the largest census; only where the live heap is not known */
	HEADLINE_RESIDENT,
	HEADLINE_ALLOCATED,
	HEADLINE_THREADS,
	HEADLINE_CAPABILITIES,
	HEADLINE_DAMAGES,
	HEADLINE_DAMAGED_BYTES,
	HEADLINE_DISK_READ,
	HEADLINE_DISK_WRITTEN,
	HEADLINE_NET_RECEIVED,
	HEADLINE_NET_SENT,
	HEADLINE_EPOCHS,
	HEADLINE_SLOTS,
	HEADLINE_SLOTS_MISSED,
	HEADLINE_FORGED,
	HEADLINE_ADOPTED,
	HEADLINE_LOOP_LONGEST,
	HEADLINE_SILENCE,
	HEADLINE_COST_CPU,   /* weir's own, of the whole recording: its processes */
	HEADLINE_COST_BPF,   /* its programs in the kernel */
	HEADLINE_COST_SHARE, /* of the two, of one core, once it measured */
	HEADLINE_COST_MEMORY,
	HEADLINE_FIGURES,
};

enum {
	HEADLINE_FROM_MAX = 64,
};

struct headline_value {
	double value;                 /* NaN: not measured */
	char from[HEADLINE_FROM_MAX]; /* the collector; "": not measured, or had from other figures of the node */
};

struct headline_node {
	char *node; /* "" for what belongs to no node */
	struct headline_value at[HEADLINE_FIGURES];
};

struct headline {
	struct headline_node *nodes; /* by name; only those of which something is known */
	uint32_t n_nodes;
};

/* By figure: its stable name, and its unit in UCUM. */
extern const struct headline_word {
	const char *name, *unit;
} headline_words[HEADLINE_FIGURES];

int headline_read(struct store *s, const char *run, struct headline *ret, struct weir_error *reterr);
void headline_done(struct headline *h);

#endif
