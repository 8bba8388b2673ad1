/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/window.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t page_bytes(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

int window_init(struct window *w, const struct recorder_input *input, uint64_t n_max, unsigned loose)
{
	uint64_t page = page_bytes();
	void *map;

	*w = (struct window){ .input = *input,
		              .n_max = input->n_bytes < n_max ? input->n_bytes : n_max,
		              .loose = loose };
	w->n_map = ((w->n_max + page - 1) / page + (loose & RECORDER_LOOSE_ENDS ? 2 : 1)) * page;
	for (int i = 0; i < 2 && input->is_there; i++) {
		map = mmap(NULL, w->n_map, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (map == MAP_FAILED)
			return -ENOMEM;
		w->maps[i] = (uint8_t *)map;
	}
	return 0;
}

void window_done(struct window *w)
{
	for (int i = 0; i < 2; i++)
		if (w->maps[i])
			(void)munmap(w->maps[i], w->n_map);
	*w = (struct window){ 0 };
}

/* Copies the window's bytes in front of the guard page of the other map, and hides the old ones. */
static int show(struct window *w, struct weir_chunk *ret)
{
	uint64_t n_open = w->n_map - page_bytes();
	uint64_t n_slack = w->loose & RECORDER_LOOSE_ENDS ? page_bytes() : 0;
	uint8_t *old = w->maps[w->turn], *fresh = w->maps[!w->turn];
	uint8_t *at = fresh + n_open - n_slack - w->n_bytes;

	if (!(w->loose & RECORDER_LOOSE_PAST) && mprotect(old, n_open, PROT_NONE) < 0)
		return -errno;
	if (mprotect(fresh, n_open, PROT_READ | PROT_WRITE) < 0)
		return -errno;
	w->turn = !w->turn;
	ret->at = at;
	if (w->n_bytes)
		memcpy(at, w->input.at + w->start, w->n_bytes);
	ret->n_bytes = w->n_bytes;
	ret->offset = w->start;
	ret->is_last = (uint32_t)w->has_told_end;
	return 0;
}

int window_next(struct window *w, uint64_t n_used, uint64_t n_more, int is_late, struct weir_chunk *ret)
{
	uint64_t n_hidden, n_room;
	int r, is_shown;

	w->start += n_used;
	w->n_bytes -= n_used;
	w->n_progress += n_used;
	n_hidden = w->input.n_bytes - w->start - w->n_bytes;
	is_shown = n_hidden == 0;
	if (is_shown && w->n_bytes == 0)
		return WEIR_END;
	n_room = w->n_max - w->n_bytes;
	if (!is_shown && n_room == 0)
		return -E2BIG;
	if (n_more > n_hidden)
		n_more = n_hidden;
	if (n_more > n_room)
		n_more = n_room;
	w->n_bytes += n_more;
	w->n_progress += n_more;
	if (n_more == n_hidden && (is_shown || !is_late))
		w->has_told_end = 1;
	r = show(w, ret);
	return r < 0 ? r : n_more == 0 && !is_shown ? WEIR_AGAIN : WEIR_OK;
}
