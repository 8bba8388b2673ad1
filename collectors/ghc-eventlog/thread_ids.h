/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_THREAD_IDS_H
#define GHC_EVENTLOG_THREAD_IDS_H

/* Threads by their numbers. A runtime gives them out one after the other, and what happens to one thread happens to the
 * next soon after: so sixteen numbers share a cache line, and a search finds all of them.
 */

#include "collectors/ghc-eventlog/table.h"

enum {
	THREAD_IDS_GROUP = 16,
	THREAD_IDS_RECENT = 16, /* groups that are found without a search */
};

#define THREAD_NONE UINT32_MAX

struct thread_group {
	uint32_t links[THREAD_IDS_GROUP]; /* index + 1; 0: no thread */
};

struct thread_ids {
	struct table groups;     /* number / 16 to group */
	struct thread_group *at; /* touched as they are used */
	uint32_t n, free;        /* links of those that are free are chained by their first */
	struct {
		uint32_t key, group;
	} recent[THREAD_IDS_RECENT];
};

/* For so many threads at one time. 0 or -ENOMEM; thread_ids_done() in any case. */
int thread_ids_init(struct thread_ids *ids, uint32_t n_threads);
void thread_ids_done(struct thread_ids *ids);

/* Where the group is; THREAD_NONE: it isn't there. */
uint32_t thread_ids_search(struct thread_ids *ids, uint32_t key);
/* Adds what isn't there. 0 or -ENOMEM. */
int thread_ids_add(struct thread_ids *ids, uint32_t id, uint32_t thread);
/* Removes what is there. */
void thread_ids_remove(struct thread_ids *ids, uint32_t id);

/* The thread's index; THREAD_NONE: there is none of that number. */
static inline uint32_t thread_ids_find(struct thread_ids *ids, uint32_t id)
{
	uint32_t key = id / THREAD_IDS_GROUP, group = ids->recent[key % THREAD_IDS_RECENT].group;

	if (ids->recent[key % THREAD_IDS_RECENT].key != key)
		group = thread_ids_search(ids, key);
	return group == THREAD_NONE ? THREAD_NONE : ids->at[group].links[id % THREAD_IDS_GROUP] - 1;
}

#endif
