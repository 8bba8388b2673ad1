/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/schedule.h"

static int64_t floor_to(int64_t at_ns, int64_t step_ns)
{
	int64_t rest = at_ns % step_ns;

	return at_ns - (rest < 0 ? rest + step_ns : rest);
}

/* The last centre of a window that starts at or before now. */
static int64_t centre_before(const struct schedule *s, int64_t now_ns)
{
	return s->first_ns + floor_to(now_ns + s->before_ns - s->first_ns, s->period_ns);
}

int schedule_is_fine(const struct schedule *s, int64_t now_ns)
{
	int64_t centre_ns;

	if (s->period_ns == 0)
		return 1;
	centre_ns = centre_before(s, now_ns);
	/* Nothing is around what came before the first. */
	return centre_ns >= s->first_ns && now_ns <= centre_ns + s->after_ns;
}

static int64_t earlier(int64_t a, int64_t b, int64_t now_ns)
{
	return b > now_ns && b < a ? b : a;
}

int64_t schedule_next(const struct schedule *s, int64_t now_ns)
{
	int64_t step_ns, next_ns, centre_ns;

	if (s->period_ns == 0)
		return floor_to(now_ns, s->interval_ns) + s->interval_ns;
	/* What follows a window's end is coarse. */
	step_ns = schedule_is_fine(s, now_ns + 1) ? s->interval_ns : s->coarse_ns;
	next_ns = floor_to(now_ns, step_ns) + step_ns;
	centre_ns = centre_before(s, now_ns);
	if (centre_ns < s->first_ns)
		return earlier(next_ns, s->first_ns - s->before_ns, now_ns);
	next_ns = earlier(next_ns, centre_ns, now_ns);
	next_ns = earlier(next_ns, centre_ns + s->after_ns, now_ns);
	return earlier(next_ns, centre_ns + s->period_ns - s->before_ns, now_ns);
}
