/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_EPOCH_PLACE_H
#define ANALYSIS_EPOCH_PLACE_H

/* What the files of the epoch analysis share: one boundary of one node that is being looked at. */

#include "analysis/epoch_node.h"

/* Where one boundary lies among the others of its node. */
struct epoch_place {
	const struct epoch_node *node;
	uint64_t i;                      /* of node->boundaries */
	uint64_t first_shown, end_shown; /* of them: those that have windows */
	int64_t begin_ns, end_ns;        /* the two epochs that meet here */
	int64_t before_ns, after_ns;     /* the window, from the boundary */
	int64_t epoch_ns;                /* of the one that begins here, were it seen whole */
	int64_t slot_ns;
	int64_t seen_ns; /* when the node was last seen */
	struct epoch_boundary *out;
};

int epoch_in_window(const struct epoch_place *p, int64_t time_ns);
/* Inside the two epochs, and outside every window: that of a boundary where the log begins too, since a node that
 * starts is no measure; not that of one where it ends. */
int epoch_in_base(const struct epoch_place *p, int64_t time_ns);
/* Piece by piece: where the next one begins and ends, at *to_ns or after it, which is first the place's begin_ns. 0:
 * there is none. */
int epoch_base_next(const struct epoch_place *p, int64_t *ret_from_ns, int64_t *to_ns);
/* Which tenth of the epoch that begins here; -1: none. */
int epoch_tenth(const struct epoch_place *p, int64_t time_ns);
/* Where a tenth begins; of EPOCH_TENTHS: where the epoch ends. */
int64_t epoch_tenth_begin(const struct epoch_place *p, int tenth);

/* How much of a span lies in [from, to), in seconds. */
double epoch_overlap_s(const struct epoch_span *s, int64_t from_ns, int64_t to_ns);

/* epoch_gauge.c: steps of gauges, and rates. */
int epoch_gauges(const struct epoch_place *p);
/* epoch_gc.c: fills what is said of collections, once missed slots and what is seen of the tenths are known. */
void epoch_collections(const struct epoch_place *p);
/* epoch_block.c: the epoch's first block, and what was in the way of others. */
int epoch_first_block(const struct epoch_place *p, const struct epoch_forges *forges);
void epoch_obstacles(const struct epoch_place *p);
/* epoch_sentence.c: what stands out. */
void epoch_sentence(const struct epoch_place *p);

#endif
