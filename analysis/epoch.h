/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_EPOCH_H
#define ANALYSIS_EPOCH_H

/* How each node behaves around each epoch boundary, against how it behaves in the rest of the two epochs that meet
 * there.
 *
 * A window lies around each boundary; the baseline is what lies outside every window and inside the two epochs. Where
 * there are no samples there is no number: NaN. What was taken from where is said (`gc_from`).
 */

#include "analysis/samples.h"

#include <weir/host.h>

struct store;

enum {
	EPOCH_PHASES = 9,
	EPOCH_GAUGES = 7,
	EPOCH_TENTHS = 10,
	EPOCH_MISSED_MAX = 64, /* runs of missed slots that are listed */
	EPOCH_SENTENCE_MAX = 512,
};

/* A forge phase: durations in seconds. */
struct epoch_phase {
	const char *name; /* the metric's last word: `ledger_view` */
	uint64_t n_window, n_base;
	double window, base; /* medians */
	struct samples_effect effect;
	double worst; /* in the window */
	int64_t worst_slot;
};

/* A gauge's step, or a counter's rate: medians before and after the boundary, or in the window and outside. */
struct epoch_gauge {
	const char *name, *unit;
	int is_rate;
	double window, base; /* of a gauge: after and before the boundary within the window */
	struct samples_effect effect;
};

struct epoch_missed {
	int64_t first_slot, n;
};

struct epoch_boundary {
	const char *run, *node;
	int64_t epoch, slot, time_ns; /* slot -1: not known */
	int64_t from_ns, to_ns;       /* the window */

	uint64_t n_missed, n_missed_base; /* slots: in the window, and in the rest of the two epochs */
	struct epoch_missed missed[EPOCH_MISSED_MAX];
	uint32_t n_missed_runs;

	struct epoch_phase phases[EPOCH_PHASES];
	struct epoch_gauge gauges[EPOCH_GAUGES];

	const char *gc_from; /* `eventlog`: pauses; `resources`: sums of CPU time; NULL: not measured */
	uint64_t n_pauses;
	double pause_total_s, pause_longest_s;
	double gc_share, gc_share_base; /* of the time: pauses, or CPU time */

	uint64_t n_snapshots;
	double snapshot_longest_s, silence_longest_s;
	double first_block_s;       /* from the boundary to the first adopted block; NaN: none in the window */
	double first_block_delay_s; /* from its first adoption on any node to this node's */

	uint64_t tenth_missed[EPOCH_TENTHS]; /* of the epoch that begins here */
	double tenth_worst_loop_s[EPOCH_TENTHS];
	double tenth_gc_share[EPOCH_TENTHS];

	char sentence[EPOCH_SENTENCE_MAX]; /* what stands out; "" when nothing does */
};

struct epochs {
	struct epoch_boundary *at; /* by run, node, epoch */
	uint32_t n;
	char **names; /* of runs and nodes, owned */
	uint32_t n_names;
};

struct epoch_config {
	int64_t before_slots, after_slots; /* of the window; at most half of each of the two epochs */
	const char *run, *node;            /* NULL: all */
};

/* -ENOENT: the store knows no epoch boundary, with a sentence that says what is missing. */
int epochs_read(struct store *s, const struct epoch_config *config, struct epochs *ret, struct weir_error *reterr);
void epochs_done(struct epochs *e);

#endif
