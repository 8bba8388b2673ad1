/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/pendings.h"

#include <stddef.h>

enum {
	STEPS_MAX = 256, /* of one thread that are looked at for the other end */
};

void pending_free(struct threads *t, uint32_t i)
{
	t->pendings[i].next = t->free_pending;
	t->free_pending = i;
}

uint32_t pending_new(struct threads *t, const struct pending *pending)
{
	uint32_t i = t->free_pending != THREAD_NONE ? t->free_pending : t->n_pendings;

	if (i == PENDING_MAX) {
		t->n_pending_over++;
		return 0;
	}
	if (i == t->free_pending)
		t->free_pending = t->pendings[i].next;
	else
		t->n_pendings++;
	t->pendings[i] = *pending;
	return i + 1;
}

/* ---- Lists: of each thread one for each capability and kind, chained by their first ---- */

/* The link to the list's first, or at the end of the chain the link where a further list goes. NULL: there are more
 * lists than a thread's migrations can need. */
static uint32_t *find_list(struct threads *t, struct thread *thread, uint32_t is_arrival, uint32_t to)
{
	uint32_t *link = &thread->pendings;

	for (int n = 0; n < STEPS_MAX; n++) {
		struct pending *first = *link == THREAD_NONE ? NULL : &t->pendings[*link];

		if (!first || (first->to == to && first->is_arrival == is_arrival))
			return link;
		link = &first->next_list;
	}
	return NULL;
}

/* Takes it out of its list. */
static void unlink_pending(struct threads *t, uint32_t *list, uint32_t i)
{
	uint32_t next = t->pendings[i].next, before = t->pendings[i].before, first = *list;

	if (i == first && next == THREAD_NONE) {
		*list = t->pendings[i].next_list;
		return;
	}
	if (i == first) {
		t->pendings[next].next_list = t->pendings[i].next_list;
		*list = next;
	} else {
		t->pendings[before].next = next;
	}
	t->pendings[next == THREAD_NONE ? first : next].before = before;
}

/* Puts it behind that one. */
static void link_behind(struct threads *t, uint32_t first, uint32_t after, uint32_t i)
{
	uint32_t next = t->pendings[after].next;

	t->pendings[i].next = next;
	t->pendings[i].before = after;
	t->pendings[next == THREAD_NONE ? first : next].before = i;
	t->pendings[after].next = i;
}

static void link_first(struct threads *t, uint32_t *list, uint32_t i)
{
	uint32_t first = *list;

	t->pendings[i].next = first;
	t->pendings[i].before = t->pendings[first].before;
	t->pendings[i].next_list = t->pendings[first].next_list;
	t->pendings[first].before = i;
	*list = i;
}

uint32_t pending_add(struct threads *t, struct thread *thread, const struct pending *pending)
{
	uint32_t *list = find_list(t, thread, pending->is_arrival, pending->to), link, after;

	if (!list)
		t->n_pending_over++;
	link = list ? pending_new(t, pending) : 0;
	if (!link)
		return 0;
	if (*list == THREAD_NONE) {
		t->pendings[link - 1].next = t->pendings[link - 1].next_list = THREAD_NONE;
		t->pendings[link - 1].before = link - 1;
		*list = link - 1;
		return link;
	}
	after = t->pendings[*list].before;
	for (int n = 0; n < STEPS_MAX && after != *list && t->pendings[after].time_ns > pending->time_ns; n++)
		after = t->pendings[after].before;
	if (after == *list && t->pendings[after].time_ns > pending->time_ns)
		link_first(t, list, link - 1);
	else
		link_behind(t, *list, after, link - 1);
	return link;
}

/* Departures that an arrival has passed by: a capability's records come in the order of time, so theirs is lost. */
static void drop_earlier(struct threads *t, uint32_t *list, uint32_t until)
{
	while (*list != until) {
		uint32_t i = *list, parent = t->pendings[i].parent;

		if (parent)
			t->pendings[parent - 1].heir = 0;
		unlink_pending(t, list, i);
		pending_free(t, i);
		t->n_pending_over++;
	}
}

uint32_t pending_take(struct threads *t, struct thread *thread, uint32_t is_arrival, uint32_t to, uint64_t time_ns)
{
	uint32_t *list = thread->pendings == THREAD_NONE ? NULL : find_list(t, thread, is_arrival, to);
	uint32_t i = list ? *list : THREAD_NONE, best = THREAD_NONE;

	for (int n = 0; i != THREAD_NONE && n < STEPS_MAX; i = t->pendings[i].next, n++) {
		if (t->pendings[i].time_ns >= time_ns && is_arrival) {
			best = i;
			break;
		}
		if (t->pendings[i].time_ns > time_ns)
			break;
		if (!is_arrival)
			best = i;
	}
	if (best == THREAD_NONE)
		return 0;
	if (!is_arrival)
		drop_earlier(t, list, best);
	unlink_pending(t, list, best);
	return best + 1;
}

static uint64_t forget_list(struct threads *t, uint32_t i)
{
	uint64_t n = 0;

	for (uint32_t next; i != THREAD_NONE; i = next, n++) {
		next = t->pendings[i].next;
		/* An heir that is a departure is in a list itself. */
		for (uint32_t k = i + 1, heir; k; k = heir && t->pendings[heir - 1].is_arrival ? heir : 0) {
			heir = t->pendings[k - 1].heir;
			pending_free(t, k - 1);
		}
	}
	return n;
}

uint64_t pendings_forget(struct threads *t, struct thread *thread)
{
	uint64_t n = 0;

	while (thread->pendings != THREAD_NONE) {
		uint32_t first = thread->pendings;

		thread->pendings = t->pendings[first].next_list;
		n += forget_list(t, first);
	}
	return n;
}
