/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_DAY_H
#define PARSERS_DAY_H

/* Days of the calendar, for formats that write dates. Pure. */

#include <stdint.h>

enum {
	DAY_SECONDS = 24 * 60 * 60,
};

/* Days from 1970-01-01 to a date of the Gregorian calendar. -1: there is no such day, or it is not of the years 1970 to
 * 2261, whose nanoseconds fit 63 bits. */
int64_t day_of(int year, int month, int day);

#endif
