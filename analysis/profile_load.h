/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_PROFILE_LOAD_H
#define ANALYSIS_PROFILE_LOAD_H

/* Profiles out of a store. */

#include "analysis/profile.h"

struct store;

/* Which of a heap profile's censuses. */
enum profile_when {
	PROFILE_ALL, /* their mean */
	PROFILE_PEAK,
	PROFILE_END,
};

struct profile_choice {
	const char *metric;
	const char *run, *node; /* NULL: all */
	const char *collector;  /* NULL: all; else only what this one says, whatever others say */
	enum profile_when when; /* PROFILE_PEAK, PROFILE_END: of weights at points in time, for each source its own */
	enum profile_identity identity;
};

/* The unit of a weight metric, copied; -ENOENT: the store has no such metric, or it is of another shape. */
int profile_unit(struct store *s, const char *metric, char *ret, size_t size, struct weir_error *reterr);

/* Adds all sources that have the metric. ret_n: how many had. profile_set_finish() is the caller's.
 *
 * Several collectors may say the same of a node: the ticks of a `.prof` are in the eventlog, too. Then, set of
 * attributes by set of attributes, only one of them counts: that which has the metric of most nodes, so that all are
 * taken from the same kind of file where they can be; of equals the last by name. */
int profile_load(struct store *s, const struct profile_choice *choice, uint32_t side, struct profile_set *set,
                 uint32_t *ret_n, struct weir_error *reterr);

/* The two together, and finished: one side. *ret is NULL when the store has nothing of the metric. */
int profile_set_load(struct store *s, const struct profile_choice *choice, struct profile_set **ret,
                     struct weir_error *reterr);

#endif
