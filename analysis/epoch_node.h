/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_EPOCH_NODE_H
#define ANALYSIS_EPOCH_NODE_H

/* All that analysis/epoch.c needs of one node, read from the views into memory. */

#include "analysis/epoch.h"

/* A span, with the slot that its attributes name (-1: none). */
struct epoch_span {
	int64_t time_ns, duration_ns, slot;
	double value;
};

struct epoch_spans {
	struct epoch_span *at;
	uint64_t n, n_room;
};

/* A block that a node of the run forged. */
struct epoch_forged {
	const char *node; /* of epoch_names */
	int64_t slot, time_ns;
	double forging_s, adoption_s; /* NaN: not known */
};

struct epoch_forges {
	struct epoch_forged *at; /* by slot */
	uint64_t n, n_room;
};

/* The name as it is kept, equal ones at one place; NULL: no memory. */
const char *epoch_name(struct epoch_names *names, const char *name);

/* The blocks that all nodes of a run forged. */
int epoch_forges_read(struct store *s, const char *run, struct epoch_names *names, struct epoch_forges *ret,
                      struct weir_error *reterr);
void epoch_forges_done(struct epoch_forges *f);

/* When something was in the way, and what. */
struct epoch_hindrance {
	int64_t time_ns;
	char name[EPOCH_FROM_MAX];
};

struct epoch_node {
	const char *run, *node; /* borrowed */
	int64_t slot_ns;        /* 0: not known */
	int64_t epoch_ns;       /* how long an epoch is; 0: not known */
	struct epoch_spans boundaries, missed, pauses, snapshots, silences, adopted;
	struct epoch_spans phases[EPOCH_PHASES];
	struct epoch_hindrance *hindrances;
	uint64_t n_hindrances, n_hindrance_room;
	char pauses_from[EPOCH_FROM_MAX];        /* the collector; "": none has them */
	int64_t pauses_first_ns, pauses_last_ns; /* when it looked */
	struct samples gauges[EPOCH_GAUGES];     /* of counters: rates */
	char gauges_from[EPOCH_GAUGES][EPOCH_FROM_MAX];
	struct samples gc_cpu; /* rate of GC CPU time: seconds a second */
};

extern const char *const epoch_phase_names[EPOCH_PHASES];
extern const struct epoch_gauge_row {
	const char *metric, *name, *unit;
	const char *key, *value; /* the series' attribute; NULL: any */
	int is_rate;
	double factor;    /* to the unit */
	double least;     /* of the unit: a difference that matters */
	int is_histogram; /* the 99th percentile of each interval */
} epoch_gauge_rows[EPOCH_GAUGES];

int epoch_node_read(struct store *s, const char *run, const char *node, struct epoch_node *ret,
                    struct weir_error *reterr);
void epoch_node_done(struct epoch_node *n);

#endif
