/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof.h"

#include <string.h>

enum {
	DAY_S = 24 * 60 * 60,
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

/* Days since 1970-01-01 of a date of the Gregorian calendar. Counts from March, so that a leap day comes last. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t m = month <= 2 ? month + 9 : month - 3;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

int prof_date(struct parse_text date, int64_t *ret_s)
{
	const char *at = date.at;
	int month, day, hour, minute, year;

	if (date.n < 21 || date.n > DATE_MAX || at[3] != ' ' || at[7] != ' ' || at[10] != ' ' || at[13] != ':' ||
	    at[16] != ' ')
		return 0;
	month = month_of(at + 4);
	day = number_at(at + 8, 2);
	hour = number_at(at + 11, 2);
	minute = number_at(at + 14, 2);
	year = number_at(at + 17, 4);
	if (!month || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || year < 1970)
		return 0;
	*ret_s = days_of(year, month, day) * DAY_S + hour * 3600 + minute * 60;
	return 1;
}
