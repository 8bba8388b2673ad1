/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/thread_ids.h"

#include <errno.h>
#include <stdlib.h>

int thread_ids_init(struct thread_ids *ids, uint32_t n_threads)
{
	*ids = (struct thread_ids){ .at = reallocarray(NULL, n_threads, sizeof(*ids->at)), .free = THREAD_NONE };
	for (int i = 0; i < THREAD_IDS_RECENT; i++)
		ids->recent[i].key = THREAD_NONE; /* no number's */
	return ids->at ? 0 : -ENOMEM;
}

void thread_ids_done(struct thread_ids *ids)
{
	table_done(&ids->groups);
	free(ids->at);
	ids->at = NULL;
}

uint32_t thread_ids_search(struct thread_ids *ids, uint32_t key)
{
	const struct table_slot *slot = table_find(&ids->groups, key);

	if (!slot)
		return THREAD_NONE;
	ids->recent[key % THREAD_IDS_RECENT].key = key;
	ids->recent[key % THREAD_IDS_RECENT].group = slot->value;
	return slot->value;
}

int thread_ids_add(struct thread_ids *ids, uint32_t id, uint32_t thread)
{
	uint32_t key = id / THREAD_IDS_GROUP, group = thread_ids_search(ids, key);

	if (group == THREAD_NONE) {
		group = ids->free != THREAD_NONE ? ids->free : ids->n;
		if (table_add(&ids->groups, key, group) < 0)
			return -ENOMEM;
		if (group == ids->free)
			ids->free = ids->at[group].links[0];
		else
			ids->n++;
		ids->at[group] = (struct thread_group){ { 0 } };
	}
	ids->at[group].links[id % THREAD_IDS_GROUP] = thread + 1;
	return 0;
}

void thread_ids_remove(struct thread_ids *ids, uint32_t id)
{
	uint32_t key = id / THREAD_IDS_GROUP, group = thread_ids_search(ids, key), used = 0;

	ids->at[group].links[id % THREAD_IDS_GROUP] = 0;
	for (int i = 0; i < THREAD_IDS_GROUP; i++)
		used |= ids->at[group].links[i];
	if (used)
		return;
	table_remove(&ids->groups, key);
	ids->recent[key % THREAD_IDS_RECENT].key = THREAD_NONE;
	ids->at[group].links[0] = ids->free;
	ids->free = group;
}
