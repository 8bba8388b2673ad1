/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_SCHEDULE_H
#define PLUGINS_SCHEDULE_H

/* When a live source is asked: at whole multiples of its interval in UTC, so that the sources of a recording are asked
 * at the same moments; within windows that come back (an epoch's boundaries) at finer ones. */

#include <stdint.h>

struct schedule {
	int64_t interval_ns; /* > 0; inside of windows, and everywhere when there are none */
	int64_t coarse_ns;   /* outside of windows */
	int64_t first_ns;    /* what the first window is around */
	int64_t period_ns;   /* from one to the next; 0: there are no windows */
	int64_t before_ns, after_ns;
};

/* The first moment after now_ns. At the start of a window, at its end, and at what it is around there always is one. */
int64_t schedule_next(const struct schedule *s, int64_t now_ns);

/* Whether a moment is in a window; both ends are. */
int schedule_is_fine(const struct schedule *s, int64_t now_ns);

#endif
