/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_PACE_H
#define PLUGINS_PACE_H

/* When a live source is polled: at each interval by the monotonic clock, without drift. A poll that took longer than
 * its interval costs the intervals that it covered, never a burst of polls afterwards. The sources of a recording count
 * their intervals from the same moment: their numbers are of the same intervals, the processor is woken once for all of
 * them, and what they hand over is written in one go. */

#include <stdint.h>

#include "plugins/schedule.h"

#define PACE_HAND_OVER_NS INT64_C(5000000000) /* what a killed recording may lose */

struct pace {
	const struct schedule *schedule; /* NULL: always at the interval */
	int64_t interval_ns, next_ns, handed_over_ns;
	int stop_fd;
	int is_last; /* stop_fd was readable: the poll that follows is the last */
};

/* began_ns: what intervals count from, by the monotonic clock. Where there is a schedule with windows it is followed,
 * by UTC. The first poll may come at once; the second, where the next interval begins, less than one later. */
struct pace pace_start(const struct schedule *schedule, int64_t interval_ns, int64_t began_ns, int stop_fd);
/* Sleeps until the next interval, or until stop_fd is readable. */
void pace_wait(struct pace *p);
/* Whether PACE_HAND_OVER_NS will be over since it last was when the next poll comes; always when that is as far away.
 */
int pace_is_time_to_hand_over(struct pace *p);

#endif
