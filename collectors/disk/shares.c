/* SPDX-License-Identifier: Apache-2.0 */
#include "shares.h"

#include <stddef.h>

static void add_edge(struct hist_edge *to, const struct hist_edge *edge)
{
	if (edge->interval > to->interval) {
		*to = *edge;
		return;
	}
	if (edge->interval < to->interval || !edge->interval)
		return;
	if (edge->min < to->min)
		to->min = edge->min;
	if (edge->max > to->max)
		to->max = edge->max;
}

static void add_hist(struct hist *to, const struct hist *h)
{
	to->sum += h->sum;
	for (unsigned i = 0; i < HIST_SLOTS; i++)
		to->slots[i] += h->slots[i];
	for (unsigned i = 0; i < 2; i++)
		add_edge(&to->edges[i], &h->edges[i]);
}

static void add_device(struct disk_device *to, const struct disk_device *d)
{
	to->n_bytes += d->n_bytes;
	to->n_operations += d->n_operations;
	to->n_requeues += d->n_requeues;
	to->n_unstamped += d->n_unstamped;
	add_hist(&to->latency, &d->latency);
	add_hist(&to->queue, &d->queue);
}

void disk_shares_begin(struct disk_shares *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		s->at[i].all = s->at[i].gone;
	s->n_unplaced = s->n_gone_unplaced;
}

static uint32_t index_of(const struct disk_shares *s, struct disk_device_key key)
{
	uint32_t i = 0;

	while (i < s->n && (s->at[i].key.device != key.device || s->at[i].key.op != key.op))
		i++;
	return i;
}

/* NULL: there is no room. */
static struct disk_share *share_of(struct disk_shares *s, struct disk_device_key key)
{
	uint32_t i = index_of(s, key);

	if (i == DISK_DEVICES_MAX)
		return NULL;
	if (i == s->n)
		s->at[s->n++] = (struct disk_share){ .key = key };
	return &s->at[i];
}

void disk_shares_add(struct disk_shares *s, struct disk_device_key key, const struct disk_device *done)
{
	struct disk_share *share = done->n_operations ? share_of(s, key) : NULL;

	if (share)
		add_device(&share->all, done);
	else
		s->n_unplaced += done->n_operations;
}

void disk_shares_keep(struct disk_shares *s, struct disk_device_key key, const struct disk_device *done)
{
	struct disk_share *share = done->n_operations ? share_of(s, key) : NULL;

	if (share)
		add_device(&share->gone, done);
	else
		s->n_gone_unplaced += done->n_operations;
}

const struct disk_share *disk_shares_of(const struct disk_shares *s, struct disk_device_key key)
{
	uint32_t i = index_of(s, key);

	return i < s->n ? &s->at[i] : NULL;
}
