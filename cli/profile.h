/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PROFILE_H
#define CLI_PROFILE_H

/* How a profile is shown, as text or as JSON (docs/json.md). */

#include "analysis/profile_load.h"

struct profile_view {
	const struct profile_set *set;
	int is_diff;
	uint32_t n_top;     /* rows of the flat table; 0: all */
	double min_percent; /* of the total: stacks of the tree below it are left out */
	enum profile_when when;
	int is_tree;
};

/* A profile's words: its unit's values, one side. */
void profile_print(const struct profile_view *view, const struct profile *p);
void profile_print_json(const struct profile_view *view);

/* What a profile's stacks are walked by: children heaviest first, without recursion. Returns 0 at the end. depth: of
 * what was found, 1 for roots. */
struct profile_walk;
struct profile_walk *profile_walk_new(const struct profile *p, double min_inclusive); /* NULL: no memory */
uint32_t profile_walk_next(struct profile_walk *w, uint32_t *ret_depth);
void profile_walk_free(struct profile_walk *w);

#endif
