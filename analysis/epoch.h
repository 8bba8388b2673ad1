/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_EPOCH_H
#define ANALYSIS_EPOCH_H

/* How each node behaves around each epoch boundary, against how it behaves in the rest of the two epochs that meet
 * there.
 *
 * A window lies around each boundary; the baseline is what lies outside every window and inside the two epochs. Where
 * there are no samples there is no number: NaN. What was taken from where is said (`from`). A boundary that the log
 * does not go beyond by a slot is none.
 */

#include "analysis/samples.h"

#include <weir/host.h>

struct store;

enum {
	EPOCH_PHASES = 9,
	EPOCH_GAUGES = 11,
	EPOCH_TENTHS = 10,
	EPOCH_MISSED_MAX = 64,   /* runs of missed slots that are listed */
	EPOCH_OBSTACLES_MAX = 8, /* kinds that are listed: there are as many */
	EPOCH_SENTENCE_MAX = 512,
	EPOCH_FROM_MAX = 64, /* of a collector's name */
};

/* A forge phase: durations in seconds. */
struct epoch_phase {
	const char *name; /* the metric's last word: `ledger_view` */
	uint64_t n_window, n_base;
	double window, base; /* medians */
	struct samples_effect effect;
	double worst; /* in the window */
	int64_t worst_slot;
	uint64_t n_spikes, n_base_spikes; /* ten times what is usual elsewhere, and a tenth of a slot */
};

/* A gauge's step: medians after and before the boundary. Or what is compared in the window and outside: of amounts (CPU
 * time, bytes) the mean rate, of quantiles of histograms the median. */
struct epoch_gauge {
	const char *name, *unit;
	int is_rate;
	char from[EPOCH_FROM_MAX]; /* the collector */
	double window, base;       /* of a gauge: after and before the boundary within the window */
	double least;              /* a difference that matters */
	struct samples_effect effect;
};

/* Slots in a row, and the pauses that overlap them. */
struct epoch_missed {
	int64_t first_slot, n;
	int64_t time_ns;   /* of the first one */
	uint64_t n_pauses; /* where pauses are known */
	double pause_s;    /* of the slots' time; NaN where they aren't */
};

/* The epoch's first block: what a boundary does to a chain. What is not known is NaN, -1 or NULL. */
struct epoch_first_block {
	int64_t slot;
	const char *forger;        /* a node of the run; NULL: its log isn't there */
	double forging_s;          /* from the start of its slot to the block */
	double adoption_s;         /* from the block to its adoption by its forger */
	double propagation_s;      /* from the block to its adoption here */
	double propagation_base_s; /* the median of others: of the node's own blocks if it is one, else of other nodes'
	                            */
	int64_t gap_slots;         /* since the block before it */
	double gap_base_slots;     /* the median of other blocks */
};

/* What kept slots from being checked or blocks from being forged: `NoLedgerView`. */
struct epoch_obstacle {
	char name[EPOCH_FROM_MAX];
	uint64_t n_window, n_base;
};

struct epoch_boundary {
	const char *run, *node;
	int64_t epoch, slot, time_ns; /* slot: the epoch's first; -1: not known */
	int64_t from_ns, to_ns;       /* the window */

	uint64_t n_missed, n_missed_base;             /* slots: in the window, and in the rest of the two epochs */
	struct epoch_missed missed[EPOCH_MISSED_MAX]; /* those in the window */
	uint32_t n_missed_runs;

	struct epoch_phase phases[EPOCH_PHASES];
	struct epoch_gauge gauges[EPOCH_GAUGES];

	/* `eventlog`, or the name of another collector that has pauses; `resources`: the node's sums of CPU time; "":
	 * not measured. */
	char gc_from[EPOCH_FROM_MAX];
	int has_pauses;
	uint64_t n_pauses; /* in the window */
	double pause_total_s, pause_longest_s;
	double boundary_pause_s;        /* of the slot that begins the epoch */
	double missed_pause_s;          /* of the missed slots of the window; NaN: none was missed */
	double gc_share, gc_share_base; /* of the time: pauses, or CPU time */

	uint64_t n_snapshots;
	double snapshot_longest_s, silence_longest_s;
	double first_block_s;       /* from the boundary to the first block's adoption here; NaN: none in the epoch */
	double first_block_delay_s; /* from its first adoption on any node to this node's */
	struct epoch_first_block first_block;
	struct epoch_obstacle obstacles[EPOCH_OBSTACLES_MAX];
	uint32_t n_obstacles;

	/* Of the epoch that begins here. Where the log had ended: not seen, and NaN. */
	uint8_t tenth_is_seen[EPOCH_TENTHS];
	uint64_t tenth_missed[EPOCH_TENTHS];
	double tenth_worst_loop_s[EPOCH_TENTHS]; /* of the phases that any of it is in */
	double tenth_gc_share[EPOCH_TENTHS];

	char sentence[EPOCH_SENTENCE_MAX]; /* what stands out; "" when nothing does */
};

/* Names of runs and nodes, each once. */
struct epoch_names {
	char **at; /* owned */
	uint64_t n, n_room;
};

struct epochs {
	struct epoch_boundary *at; /* by run, node, epoch */
	uint32_t n;
	struct epoch_names names; /* what the boundaries' ones are */
};

struct epoch_config {
	int64_t before_slots, after_slots; /* of the window */
	/* The window may take all that no other one does, and nothing may be left to compare with. Else it takes at
	 * most a quarter of each of the two epochs, which leaves half. */
	int is_asked;
	const char *run, *node; /* NULL: all */
};

/* -ENOENT: the store knows no epoch boundary, with a sentence that says what is missing. */
int epochs_read(struct store *s, const struct epoch_config *config, struct epochs *ret, struct weir_error *reterr);
void epochs_done(struct epochs *e);

#endif
