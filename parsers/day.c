/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/day.h"

/* Counts years from March, so that a leap day comes last. Source: H. Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms", days_from_civil. */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
	int64_t era;
	unsigned year_of_era, day_of_year;

	year -= month <= 2;
	era = year / 400;
	year_of_era = (unsigned)(year - era * 400);
	day_of_year = (153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

int64_t day_of(int year, int month, int day)
{
	static const uint8_t month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int leap;

	if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1)
		return -1;
	leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return day > month_days[month - 1] + leap ? -1 : days_from_civil(year, (unsigned)month, (unsigned)day);
}
