/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_WINDOW_H
#define PLUGINS_WINDOW_H

/* One input of a recorder: bytes in memory, handed out in windows as a host may hand them out. The bytes of a window
 * end right before a page that nobody may read, and those of the one before it may no longer be read. */

#include "plugins/recorder.h"

struct window {
	struct recorder_input input;
	uint8_t *maps[2]; /* by turns */
	uint64_t n_max;   /* bytes of a window */
	uint64_t n_map;   /* bytes of each, the guard page included */
	int turn;
	unsigned loose;
	uint64_t start;      /* of the window, in the input */
	uint64_t n_bytes;    /* of the window */
	int has_told_end;    /* is_last was said */
	uint64_t n_progress; /* bytes used and bytes shown, all windows together */
};

/* n_max: bytes of a window at most. loose: RECORDER_LOOSE_*. */
int window_init(struct window *w, const struct recorder_input *input, uint64_t n_max, unsigned loose);
void window_done(struct window *w);

/* As input() of struct weir_host. n_more: how many bytes more it may show at most; 0: none (WEIR_AGAIN, unless all of
 * it is used). is_late: the end is not told with the last bytes, but in a window of its own. */
int window_next(struct window *w, uint64_t n_used, uint64_t n_more, int is_late, struct weir_chunk *ret);

#endif
