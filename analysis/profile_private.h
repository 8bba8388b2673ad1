/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_PROFILE_PRIVATE_H
#define ANALYSIS_PROFILE_PRIVATE_H

/* What the files of the profile share: filling, folding a source into the trees, reading. */

#include "analysis/atoms.h"
#include "analysis/profile.h"

enum {
	HAS_SELF = 1,
	HAS_INCLUSIVE = 2,
	IS_SEEN = HAS_SELF | HAS_INCLUSIVE,
	IS_NEEDED = 4, /* by something below */
};

/* A stack of the source that is being read. */
struct source_stack {
	uint32_t parent, frame;
	uint32_t first_child, next_sibling; /* set when it is folded */
};

/* One profile and, for the source that is being read, its values by the source's stack ids. */
struct tree {
	struct profile profile; /* its pointers are kept equal to those below */
	struct profile_stack *stacks;
	struct profile_subject *subjects;
	struct atoms *children; /* {parent, frame}: id i is stack i */
	double *self, *inclusive;
	uint8_t *has;
	int64_t *times; /* of weights at a time; neighbours differ */
	uint32_t attrs;
	uint32_t n_stack_room, n_subject_room, n_value_room, n_time_room;
	uint32_t n_values, n_times;
};

struct frame_texts {
	uint32_t name, module, source; /* ids in names */
};

struct profile_set {
	struct atoms *names, *frames;
	struct frame_texts *frame_sources; /* by frame */
	uint32_t n_frame_room;
	const char *metric, *unit;
	enum profile_identity identity;
	struct tree *trees;
	uint32_t n_trees;
	uint64_t n_cells;
	struct {
		struct source_stack *stacks;
		uint32_t *on_path; /* by frame: how often it is on the way down; all 0 between folds */
		uint32_t n_stacks, n_room, n_path_room;
		uint32_t run, node, side;
	} source;
};

/* Room for one more element of a table; 0 or -ENOMEM. */
int profile_room(void *ret_table, uint32_t *n_room, uint32_t n, size_t size);

#endif
