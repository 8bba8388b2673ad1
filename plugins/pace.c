/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/pace.h"

#include <poll.h>
#include <stddef.h>
#include <time.h>

#include "store/now.h"

struct pace pace_start(const struct schedule *schedule, int64_t interval_ns, int64_t began_ns, int stop_fd)
{
	int64_t n_intervals = (now_monotonic_ns() - began_ns) / interval_ns;

	return (struct pace){ .schedule = schedule && schedule->period_ns > 0 ? schedule : NULL,
		              .interval_ns = interval_ns,
		              .next_ns = began_ns + n_intervals * interval_ns,
		              .handed_over_ns = began_ns,
		              .stop_fd = stop_fd };
}

/* How long it is until the next poll may come. */
static int64_t until_next(const struct pace *p)
{
	int64_t utc_ns = now_utc_ns();

	return p->schedule ? schedule_next(p->schedule, utc_ns) - utc_ns : p->interval_ns;
}

void pace_wait(struct pace *p)
{
	struct pollfd stop = { p->stop_fd, POLLIN, 0 };
	int64_t now_ns = now_monotonic_ns(), left_ns;
	struct timespec left;
	int n;

	p->next_ns = (p->schedule ? now_ns : p->next_ns) + until_next(p);
	if (p->next_ns <= now_ns)
		p->next_ns += (now_ns - p->next_ns) / p->interval_ns * p->interval_ns + p->interval_ns;
	do {
		left_ns = p->next_ns - now_monotonic_ns();
		if (left_ns < 0)
			left_ns = 0;
		left = (struct timespec){ left_ns / INT64_C(1000000000), left_ns % INT64_C(1000000000) };
		n = ppoll(&stop, 1, &left, NULL);
	} while (n < 0);
	p->is_last = n > 0;
}

int pace_is_time_to_hand_over(struct pace *p)
{
	/* By when it should be, which for all sources is the same. */
	int64_t poll_ns = p->schedule ? now_monotonic_ns() : p->next_ns;

	if (poll_ns + until_next(p) - p->handed_over_ns < PACE_HAND_OVER_NS)
		return 0;
	p->handed_over_ns = poll_ns;
	return 1;
}
