/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_METRIC_H
#define CLI_METRIC_H

/* Which weights are meant, and of when. */

#include "analysis/profile_load.h"

enum {
	METRIC_NAME_MAX = 256,
};

/* The full name of the metric that choice->metric is a part of: `alloc`, `heap.residency`. Where it is NULL, time
 * before allocation before heap, else the first by name; of those that the other store has, too, unless that is NULL.
 * Of the run, node and collector chosen. < 0: there is none, or several, and it was said, with what there is. */
int metric_choose(struct store *s, struct store *other, const char *verb, const struct profile_choice *choice,
                  char *ret, size_t size);

/* `peak` or `end`. < 0: neither, and it was said. */
int metric_when(const char *verb, const char *text, enum profile_when *ret);

#endif
