/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_TIMELINE_H
#define EXPORTS_TIMELINE_H

/* What a store has of spans and numbers, as one Trace Event Format text (exports/chrome.h). Memory does not grow with
 * the store.
 *
 * Of collectors that saw the same spans of a node, or have the same series, the one with the most observations is
 * drawn. A source whose clock is not known to a second would lie in the wrong place and is left out.
 */

#include <stdio.h>
#include <weir/host.h>

struct store;

enum {
	TIMELINE_LEFT_OUT_MAX = 16, /* that are named */
	TIMELINE_NAME_MAX = 128,
};

struct timeline_choice {
	const char *run, *node; /* NULL: all */
	const char *title;
};

struct timeline_result {
	uint64_t n_events;
	uint32_t n_left_out;
	struct {
		char node[TIMELINE_NAME_MAX], collector[TIMELINE_NAME_MAX];
		int64_t clock_error_ns; /* -1: not known */
	} left_out[TIMELINE_LEFT_OUT_MAX];
};

/* -ENOENT: there is nothing to draw. Errors of the stream stay in it. */
int timeline_write(struct store *s, const struct timeline_choice *choice, FILE *file, struct timeline_result *ret,
                   struct weir_error *reterr);

#endif
