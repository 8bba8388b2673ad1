/* SPDX-License-Identifier: Apache-2.0 */
#include "runs/build.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	YEAR_MIN = 1970,
	YEAR_MAX = 2200, /* int64 nanoseconds last until 2262 */
};

/* The digits after a dot, as nanoseconds; what is finer is cut. */
static int64_t fraction(const char **at)
{
	int64_t unit = 100000000, sum = 0;

	if (**at != '.')
		return 0;
	for ((*at)++; **at >= '0' && **at <= '9'; (*at)++) {
		sum += (**at - '0') * unit;
		unit /= 10;
	}
	return sum;
}

int time_from_text(const char *text, int64_t *ret_ns)
{
	struct tm tm = { 0 };
	int64_t nanoseconds;
	int n = 0;
	char t;

	if (sscanf(text, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &t, &tm.tm_hour,
	           &tm.tm_min, &tm.tm_sec, &n) != 7 ||
	    (t != 'T' && t != ' '))
		return -EINVAL;
	if (tm.tm_year < YEAR_MIN || tm.tm_year > YEAR_MAX || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 ||
	    tm.tm_sec > 60)
		return -EINVAL;
	text += n;
	nanoseconds = fraction(&text);
	if (strcmp(text, "Z") != 0 && strcmp(text, " UTC") != 0 && strcmp(text, "+00:00") != 0)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	*ret_ns = timegm(&tm) * INT64_C(1000000000) + nanoseconds;
	return 0;
}

int time_from_seconds(double seconds, int64_t *ret_ns)
{
	static const double most_seconds = 9e9;

	if (!(fabs(seconds) <= most_seconds))
		return -ERANGE;
	*ret_ns = (int64_t)llround(seconds * 1e9);
	return 0;
}
