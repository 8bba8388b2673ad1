/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-prof/ghc_prof.h"
#include "collectors/program/report.h"

#define SECOND ((int64_t)1000000000)
#define MINUTE (60 * SECOND)

enum {
	OFFSET_MAX_MINUTES = 14 * 60,
};

/* 1, or 0 when it isn't known. */
static int context_ns(const struct weir_host *h, const char *name, int64_t *ret)
{
	int64_t value = report_time(h, name);

	if (value == ENDING_UNKNOWN)
		return 0;
	*ret = value;
	return 1;
}

/* A time zone in which the date is the file's time, and how far that is from the start of its minute. */
static int is_file_time(int64_t date_ns, int64_t file_ns, int64_t *ret_east_ns, int64_t *ret_after_ns)
{
	for (int i = 0; i < PROF_DATE_ZONES; i++) {
		int64_t after_ns = file_ns - (date_ns - prof_date_zones[i] * MINUTE);

		if (after_ns >= 0 && after_ns < 2 * MINUTE) {
			*ret_east_ns = prof_date_zones[i] * MINUTE;
			*ret_after_ns = after_ns;
			return 1;
		}
	}
	return 0;
}

/* The middle of all the minutes that the date can mean within a time, and half their extent. 0: it can mean none. */
static int within(int64_t date_ns, int64_t start_ns, int64_t end_ns, int64_t *ret_ns, int64_t *ret_error_ns)
{
	int64_t first = INT64_MAX, last = INT64_MIN;

	for (int i = 0; i < PROF_DATE_ZONES; i++) {
		int64_t minute_ns = date_ns - prof_date_zones[i] * MINUTE;

		if (minute_ns + MINUTE <= start_ns || minute_ns > end_ns)
			continue;
		first = minute_ns < first ? minute_ns : first;
		last = minute_ns > last ? minute_ns : last;
	}
	if (first > last)
		return 0;
	*ret_ns = first + (last + MINUTE - first) / 2;
	*ret_error_ns = (last + MINUTE - first) / 2;
	return 1;
}

struct known {
	int has_date, has_file, has_run;
	int64_t date_ns, file_ns, start_ns, end_ns;
};

static struct known ask(const struct weir_host *h, struct parse_text date)
{
	struct known k = { 0 };
	int64_t process_ns;

	k.has_date = prof_date(date, &k.date_ns);
	k.date_ns *= SECOND;
	k.has_file = context_ns(h, "file.mtime_ns", &k.file_ns);
	k.has_run = context_ns(h, "run.start_ns", &k.start_ns);
	if (context_ns(h, "process.start_ns", &process_ns) && (!k.has_run || process_ns > k.start_ns)) {
		k.start_ns = process_ns;
		k.has_run = 1;
	}
	/* Without its end a run has ended when the file was last written, if not before. */
	if (k.has_run && !context_ns(h, "run.end_ns", &k.end_ns)) {
		k.end_ns = k.file_ns;
		k.has_run = k.has_file;
	}
	k.has_run = k.has_run && k.end_ns >= k.start_ns;
	return k;
}

static int is_in_run(const struct known *k)
{
	return k->has_run && k->file_ns >= k->start_ns && k->file_ns <= k->end_ns + MINUTE;
}

/* By the file's time: 1, or 0 when it tells nothing. */
static int by_file(const struct known *k, struct prof_clock *ret)
{
	int64_t east_ns, after_ns, before_ns, left_ns;

	if (k->has_date && is_file_time(k->date_ns, k->file_ns, &east_ns, &after_ns)) {
		*ret = (struct prof_clock){ k->file_ns, after_ns < MINUTE ? MINUTE : 2 * MINUTE,
			                    "the file's time, which is that of the report in some time zone" };
		/* West of UTC it could as well be the time of a copy, so many hours after a report that is in UTC. */
		if (east_ns < 0 && !is_in_run(k))
			ret->error_ns = 2 * MINUTE - east_ns;
		return 1;
	}
	if (!is_in_run(k))
		return 0;
	before_ns = k->file_ns - k->start_ns;
	left_ns = k->end_ns + MINUTE - k->file_ns;
	*ret = (struct prof_clock){ k->file_ns, before_ns > left_ns ? before_ns : left_ns,
		                    "the file's time, which lies within the run" };
	return 1;
}

struct prof_clock prof_clock_of(const struct weir_host *h, struct parse_text date, int is_start_possible)
{
	struct known k = ask(h, date);
	struct prof_clock c = { .error_ns = -1 };

	if (k.has_file && by_file(&k, &c))
		return c;
	if (k.has_date && k.has_run && within(k.date_ns, k.start_ns, k.end_ns, &c.end_ns, &c.error_ns)) {
		c.tie = "the report's date, in the time zones that bring it into the run";
	} else if (k.has_date) {
		c.end_ns = k.date_ns;
		c.error_ns = OFFSET_MAX_MINUTES * MINUTE + MINUTE;
		c.tie = "the report's date, taken as UTC: its time zone is not known";
	} else if (k.has_file) {
		c.end_ns = k.file_ns;
		c.tie = "the file's time";
	} else {
		c.end_ns = h->now(h);
		c.tie = "the time of reading: nothing else is known";
	}
	if (is_start_possible)
		c.error_ns = -1;
	return c;
}
