/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof.h"

#include "parsers/day.h"

#include <string.h>

enum {
	DATE_MAX = 24, /* `Sat Nov 21 00:08 2026` has 21 bytes */
};

const int16_t prof_date_zones[PROF_DATE_ZONES] = {
	-720, -660, -600, -570, -540, -480, -420, -360, -300, -240, -210, -180, -150, -120,
	-60,  0,    60,   120,  180,  210,  240,  270,  300,  330,  345,  360,  390,  420,
	480,  525,  540,  570,  600,  630,  660,  720,  765,  780,  825,  840,
};

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static int month_of(const char *at)
{
	for (int i = 0; i < 12; i++)
		if (memcmp(months + 3 * i, at, 3) == 0)
			return i + 1;
	return 0;
}

/* n digits, of which the first may be a space; -1: they aren't. */
static int number_at(const char *at, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (i == 0 && n == 2 && at[i] == ' ')
			continue;
		if (at[i] < '0' || at[i] > '9')
			return -1;
		value = value * 10 + (at[i] - '0');
	}
	return value;
}

int prof_date(struct parse_text date, int64_t *ret_s)
{
	const char *at = date.at;
	int hour, minute;
	int64_t day;

	if (date.n < 21 || date.n > DATE_MAX || at[3] != ' ' || at[7] != ' ' || at[10] != ' ' || at[13] != ':' ||
	    at[16] != ' ')
		return 0;
	day = day_of(number_at(at + 17, 4), month_of(at + 4), number_at(at + 8, 2));
	hour = number_at(at + 11, 2);
	minute = number_at(at + 14, 2);
	if (day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59)
		return 0;
	*ret_s = day * DAY_SECONDS + hour * 3600 + minute * 60;
	return 1;
}
