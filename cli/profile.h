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

#endif
