/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_PROFILE_H
#define ANALYSIS_PROFILE_H

/* Weights of many sources as one tree.
 *
 * Stacks are merged by names. A frame is a module and a name, wherever its source line has moved to; or, where all
 * sources are of one build, a module, a name and a source line, for a module can have many of one name. A subject is a
 * node of a run; all its sources add up. Values over subjects have a mean and a range, in which a subject that was
 * measured and hasn't the stack counts as 0: a complete profile leaves out only what cost nothing.
 *
 * Weights over an interval are added up over time. Weights at a time (heap samples) are averaged over the times that
 * the source has any weight of the metric at.
 *
 * A profile has one or two sides, for comparing; each side has its own subjects. One profile is made for each set of
 * attributes of the metric (`breakdown`), for those don't add up. Everything is owned by the set. Not thread-safe.
 */

#include <stddef.h>
#include <stdint.h>
#include <weir/host.h>

struct profile_set;

enum {
	PROFILE_SIDES = 2,
	PROFILE_MAX = 64, /* attribute sets of one metric */
	PROFILE_SUBJECTS_MAX = 4096,
	PROFILE_CELLS_MAX = 1 << 24, /* frames times subjects */
};

struct profile_stack {
	uint32_t parent; /* 0: none; stack 0 is the root, which stands for the whole and has no frame */
	uint32_t frame;
	uint32_t depth;                     /* of the root: 0 */
	uint32_t first_child, next_sibling; /* 0: none; the heaviest first */
	double self[PROFILE_SIDES];         /* means over the side's subjects */
	double inclusive[PROFILE_SIDES];
};

struct profile_frame {
	const char *name, *module, *source; /* "" where not known; source: where it was first seen */
};

struct profile_subject {
	const char *run, *node;
	uint32_t side;
	double total;      /* of all self values */
	double *self;      /* by frame */
	double *inclusive; /* by frame, outermost occurrences only */
	uint8_t *is_seen;  /* by frame */
	uint32_t n_room;
};

struct profile {
	const char *metric, *unit, *attrs; /* attrs: canonical JSON */
	int is_share;                      /* values are percentages of a whole that isn't here */
	int is_gauge;                      /* values are means over time */
	const struct profile_stack *stacks;
	const struct profile_subject *subjects;
	uint32_t n_stacks, n_subjects, n_sides_subjects[PROFILE_SIDES];
};

/* Mean and spread over the subjects of one side. */
struct profile_spread {
	double mean, sd, min, median, max; /* sd: 0 when n < 2 */
	uint32_t n_seen;                   /* subjects that have it at all */
	uint32_t n;                        /* all subjects */
};

struct profile_row {
	uint32_t frame;
	struct profile_spread self[PROFILE_SIDES]; /* in the metric's unit */
	struct profile_spread inclusive[PROFILE_SIDES];
	struct profile_spread self_share[PROFILE_SIDES]; /* percent of the subject's total */
	struct profile_spread inclusive_share[PROFILE_SIDES];
};

enum profile_identity {
	PROFILE_BY_NAME,
	PROFILE_BY_SOURCE,
};

/* NULL: no memory. */
struct profile_set *profile_set_new(const char *metric, const char *unit, enum profile_identity identity);
void profile_set_free(struct profile_set *set);

/* ---- Filling: one source at a time. ---- */

/* A source of a node. side: 0 or 1. */
int profile_source_begin(struct profile_set *set, const char *run, const char *node, uint32_t side,
                         struct weir_error *reterr);
/* The number of a frame; 0: no memory. */
uint32_t profile_source_frame(struct profile_set *set, struct weir_text name, struct weir_text module,
                              struct weir_text source);
/* A stack by the source's own id, from 1 without gaps; its parent has a smaller one, 0: none. -EINVAL: it is otherwise.
 */
int profile_source_stack(struct profile_set *set, uint32_t id, uint32_t parent, uint32_t frame);
struct profile_weight {
	int64_t time_ns, duration_ns;
	uint32_t stack;
	int has_self, has_inclusive;
	double self, inclusive;
};
/* -EINVAL: no such stack; -E2BIG: a bound. Where only the inclusive value is known, the self value is what its children
 * leave of it. */
int profile_source_weight(struct profile_set *set, struct weir_text attrs, const struct profile_weight *weight);
int profile_source_end(struct profile_set *set, struct weir_error *reterr);

/* Makes means of sums, once all sources are in, and puts the profiles in the order of their attributes, the one without
 * any first. */
int profile_set_finish(struct profile_set *set, struct weir_error *reterr);

/* ---- Reading ---- */

uint32_t profile_set_count(const struct profile_set *set);
const struct profile *profile_set_at(const struct profile_set *set, uint32_t i);
struct profile_frame profile_frame(const struct profile_set *set, uint32_t frame);
uint32_t profile_frame_count(const struct profile_set *set); /* frames are 1 .. count */

/* Rows of all frames that the profile has, heaviest self value first (of both sides together), then by module and name.
 * To be freed. NULL: no memory. */
struct profile_row *profile_rows(const struct profile_set *set, const struct profile *p, uint32_t *ret_n);

/* The same in order of the difference between the sides, largest first. */
void profile_rows_by_change(struct profile_row *rows, uint32_t n);

/* A stack's inclusive value, of both sides together. */
double profile_both_sides(const struct profile *p, uint32_t stack);

/* The stack after this one, a parent before its children and the heavier child first; after 0 the first root. What has
 * less than min on both sides together is passed over, with all below it. 0: that was the last. */
uint32_t profile_next(const struct profile *p, uint32_t stack, double min);

#endif
