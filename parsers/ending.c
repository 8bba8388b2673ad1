/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/ending.h"

/* So that no sum of two of them is beyond 63 bits. */
static const double seconds_max = 1e9;
static const int64_t fact_max_ns = INT64_MAX / 10 * 8;

static const int64_t minute_ns = 60 * INT64_C(1000000000);
static const int64_t tick_ns = 10000000; /* the kernel's unit of process start times, and of file times */

int64_t ending_ns(double seconds)
{
	if (!(seconds > -seconds_max && seconds < seconds_max))
		return ENDING_UNKNOWN;
	return (int64_t)(seconds * 1e9 + (seconds < 0 ? -0.5 : 0.5));
}

int64_t ending_fact(struct parse_text digits)
{
	int64_t ret = 0;

	for (size_t i = 0; i < digits.n; i++)
		if (digits.at[i] < '0' || digits.at[i] > '9' || __builtin_mul_overflow(ret, 10, &ret) ||
		    __builtin_add_overflow(ret, digits.at[i] - '0', &ret))
			return ENDING_UNKNOWN;
	return digits.n && ret < fact_max_ns ? ret : ENDING_UNKNOWN;
}

static int is_known(int64_t time_ns)
{
	return time_ns != ENDING_UNKNOWN;
}

static int is_of_the_run(const struct ending_facts *f)
{
	return is_known(f->mtime_ns) && !(is_known(f->run_start_ns) && f->mtime_ns < f->run_start_ns) &&
	       !(is_known(f->run_end_ns) && f->mtime_ns > f->run_end_ns + 10 * minute_ns);
}

struct ending ending_make(const struct ending_facts *f, int64_t elapsed_ns)
{
	struct ending ret = { .start_ns = ENDING_UNKNOWN, .error_ns = -1 };
	int has_start = is_known(f->process_start_ns) && is_known(elapsed_ns);

	/* A process that would have ended after its file was written is another one. */
	if (has_start && is_of_the_run(f) && f->process_start_ns + elapsed_ns > f->mtime_ns + minute_ns)
		has_start = 0;
	if (has_start) {
		ret.start_ns = f->process_start_ns;
		ret.end_ns = f->process_start_ns + elapsed_ns;
		ret.error_ns = 2 * tick_ns;
		ret.tie = "process start and its elapsed time";
		return ret;
	}
	if (is_of_the_run(f)) {
		ret.end_ns = f->mtime_ns;
		ret.error_ns = tick_ns;
		ret.tie = "the file's modification time";
	} else if (is_known(f->run_end_ns)) {
		ret.end_ns = f->run_end_ns;
		ret.tie = "the run's end";
	} else if (is_known(f->mtime_ns)) {
		ret.end_ns = f->mtime_ns;
		ret.tie = "the file's modification time, though the run is older";
	}
	if (is_known(elapsed_ns))
		ret.start_ns = ret.end_ns - elapsed_ns;
	return ret;
}
