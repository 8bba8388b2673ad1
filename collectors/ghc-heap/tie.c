/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-heap/ghc_heap.h"

#include <stdio.h>

/* A sample's time is the mutator's CPU time: it stands still while the program waits or collects garbage, and with n
 * capabilities it can run up to n times as fast as the clock on the wall. So it is tied at both ends, and what lies
 * between is laid out evenly.
 *
 *   start   the process's start. Else DATE, which is local time in whole minutes: of all offsets from UTC that exist,
 *           those count which put it behind the run's start and before the file's end. One left: it is the start,
 *           within 30 s. None or several: the start is not known.
 *
 *   end     the file's modification time is that of its last sample, unless it lies outside of the run: then the file
 *           was copied.
 *
 * Which of them are known:
 *
 *   both    t = start + c * (end - start) / total. The truth lies between start + c / n and end - (total - c) / n, so
 *           no sample is off by more than (end - start) - total / n; without n, by more than end - start.
 *   start   t = start + c, off by no more than the run is long, if that is known.
 *   end     t = end - (total - c), off by no more than the run is long, if its start is known.
 *   none    DATE taken for UTC: an order, and hardly more.
 */

static const int64_t second_ns = 1000000000;
static const int64_t minute_ns = 60 * second_ns;
static const int64_t tick_ns = 10000000;               /* the kernel's unit of process start times */
static const int64_t copied_after_ns = 10 * minute_ns; /* a file that is so much younger than its run was copied */

static int is_known(int64_t time_ns)
{
	return time_ns != TIE_UNKNOWN;
}

static int64_t known_end(const struct tie_facts *f)
{
	if (!is_known(f->mtime_ns) || !is_known(f->total_ns) || f->total_ns < 0)
		return TIE_UNKNOWN;
	if (is_known(f->run_start_ns) && f->mtime_ns < f->run_start_ns)
		return TIE_UNKNOWN;
	if (is_known(f->run_end_ns) && f->mtime_ns > f->run_end_ns + copied_after_ns)
		return TIE_UNKNOWN;
	return f->mtime_ns;
}

/* Whether DATE can be the minute of this moment, wherever the machine was. */
static int is_date_of(const struct tie_facts *f, int64_t time_ns)
{
	for (size_t i = 0; i < PROF_DATE_ZONES; i++) {
		int64_t after_ns = time_ns - (f->date_ns - prof_date_zones[i] * minute_ns);

		if (after_ns >= -minute_ns && after_ns <= 2 * minute_ns)
			return 1;
	}
	return !is_known(f->date_ns);
}

/* The one moment that DATE can mean, the middle of its minute. */
static int64_t start_by_date(const struct tie_facts *f, int64_t end_ns)
{
	int64_t limit_ns = is_known(end_ns) ? end_ns : f->run_end_ns, ret = TIE_UNKNOWN;

	if (!is_known(f->date_ns) || !is_known(f->run_start_ns) || !is_known(limit_ns))
		return TIE_UNKNOWN;
	for (size_t i = 0; i < PROF_DATE_ZONES; i++) {
		int64_t at_ns = f->date_ns - prof_date_zones[i] * minute_ns;

		if (at_ns + minute_ns <= f->run_start_ns || at_ns > limit_ns)
			continue;
		if (is_known(ret))
			return TIE_UNKNOWN;
		ret = at_ns + minute_ns / 2;
	}
	return ret;
}

static void tie_both(struct tie *t, const struct tie_facts *f, int64_t start_ns, int64_t end_ns, int64_t start_error_ns)
{
	int64_t wall_ns = end_ns - start_ns;

	t->start_ns = start_ns;
	t->rate = f->total_ns > 0 ? (double)wall_ns / (double)f->total_ns : 1;
	t->error_ns = wall_ns - (f->n_cpus ? f->total_ns / f->n_cpus : 0) + start_error_ns;
}

static void tie_start(struct tie *t, const struct tie_facts *f, int64_t start_ns)
{
	t->start_ns = start_ns;
	t->error_ns = is_known(f->run_end_ns) && f->run_end_ns > start_ns ? f->run_end_ns - start_ns : -1;
}

static void tie_end(struct tie *t, const struct tie_facts *f, int64_t end_ns)
{
	t->start_ns = end_ns - f->total_ns;
	t->error_ns = is_known(f->run_start_ns) ? end_ns - f->run_start_ns : -1;
}

struct tie tie_make(const struct tie_facts *f)
{
	int64_t end_ns = known_end(f), start_ns = f->process_start_ns, start_error_ns = tick_ns;
	int64_t least_ns = is_known(end_ns) && f->n_cpus ? f->total_ns / f->n_cpus : 0;
	struct tie ret = { .rate = 1, .error_ns = -1, .has_anchor = 1 };
	const char *by = "process start";

	if (is_known(start_ns) && !is_date_of(f, start_ns))
		start_ns = TIE_UNKNOWN;
	if (!is_known(start_ns)) {
		start_ns = start_by_date(f, end_ns);
		start_error_ns = minute_ns / 2;
		by = "DATE within the run";
	}
	/* A file that ends before its program could: what is known of its end or of its start is another run's. */
	if (is_known(start_ns) && is_known(end_ns) && end_ns - start_ns < least_ns - start_error_ns)
		end_ns = TIE_UNKNOWN;
	if (is_known(start_ns) && is_known(end_ns) && end_ns > start_ns) {
		tie_both(&ret, f, start_ns, end_ns, start_error_ns);
		(void)snprintf(ret.text, sizeof(ret.text), "%s and the file's modification time", by);
	} else if (is_known(start_ns)) {
		tie_start(&ret, f, start_ns);
		(void)snprintf(ret.text, sizeof(ret.text), "%s", by);
	} else if (is_known(end_ns)) {
		tie_end(&ret, f, end_ns);
		(void)snprintf(ret.text, sizeof(ret.text), "the file's modification time");
	} else {
		ret.has_anchor = is_known(f->date_ns);
		ret.start_ns = ret.has_anchor ? f->date_ns : 0;
		(void)snprintf(ret.text, sizeof(ret.text), "%s", ret.has_anchor ? "DATE taken for UTC" : "nothing");
	}
	return ret;
}

int64_t tie_utc(const struct tie *t, int64_t mutator_ns)
{
	double after_ns = (double)mutator_ns * t->rate;
	int64_t ret;

	if (t->rate == 1)
		return __builtin_add_overflow(t->start_ns, mutator_ns, &ret) ? t->start_ns : ret;
	if (!(after_ns > -9e18 && after_ns < 9e18) || __builtin_add_overflow(t->start_ns, (int64_t)after_ns, &ret))
		return t->start_ns;
	return ret;
}
