/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_METRIC_H
#define CLI_METRIC_H

/* Which weights are meant when no metric was named. */

#include "analysis/profile_load.h"

enum {
	METRIC_NAME_MAX = 256,
};

/* Time before allocation before heap, else the first by name; of the run, node and collector chosen. < 0: there is
 * none, and it was said. */
int metric_pick(struct store *s, const char *verb, const struct profile_choice *choice, char *ret, size_t size);

/* The full name of the metric that choice->metric is a part of: `alloc`, `heap.residency`. < 0: none or several, and it
 * was said, with what there is. */
int metric_find(struct store *s, const char *verb, const struct profile_choice *choice, char *ret, size_t size);

#endif
