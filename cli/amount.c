/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/amount.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

char *amount_count(char room[AMOUNT_MAX], uint64_t n)
{
	char digits[24];
	int n_digits = snprintf(digits, sizeof(digits), "%" PRIu64, n), at = 0;

	for (int i = 0; i < n_digits; i++) {
		if (i > 0 && (n_digits - i) % 3 == 0)
			room[at++] = ',';
		room[at++] = digits[i];
	}
	room[at] = 0;
	return room;
}

char *amount_bytes(char room[AMOUNT_MAX], double bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	size_t i = 0;

	while (fabs(bytes) >= 999.5 && i + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1000;
		i++;
	}
	if (!(fabs(bytes) < 1e6)) {
		(void)snprintf(room, AMOUNT_MAX, "%.3g %s", bytes, units[i]);
		return room;
	}
	(void)snprintf(room, AMOUNT_MAX, "%.*f %s",
	               i == 0                ? 0
	               : fabs(bytes) < 9.995 ? 2
	               : fabs(bytes) < 99.95 ? 1
	                                     : 0,
	               bytes, units[i]);
	return room;
}

static void print_long(char room[AMOUNT_MAX], double seconds)
{
	uint64_t whole = (uint64_t)llround(seconds);

	if (whole < 3600)
		(void)snprintf(room, AMOUNT_MAX, "%" PRIu64 " m %02" PRIu64 " s", whole / 60, whole % 60);
	else
		(void)snprintf(room, AMOUNT_MAX, "%" PRIu64 " h %02" PRIu64 " m", whole / 3600, whole / 60 % 60);
}

char *amount_span(char room[AMOUNT_MAX], double ns)
{
	static const struct {
		double below, factor;
		const char *unit;
	} units[] = { { 999.5, 1, "ns" }, { 999.5e3, 1e3, "us" }, { 999.5e6, 1e6, "ms" }, { 119.5e9, 1e9, "s" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		double value = ns / units[i].factor;

		if (!(fabs(ns) < units[i].below))
			continue;
		(void)snprintf(room, AMOUNT_MAX, "%.*f %s",
		               i == 0                ? 0
		               : fabs(value) < 9.995 ? 2
		               : fabs(value) < 99.95 ? 1
		                                     : 0,
		               value, units[i].unit);
		return room;
	}
	if (ns > 0 && ns < 9e18)
		print_long(room, ns / 1e9);
	else
		(void)snprintf(room, AMOUNT_MAX, "%.3g s", ns / 1e9);
	return room;
}

char *amount_time(char room[AMOUNT_MAX], int64_t time_ns)
{
	int64_t seconds = time_ns / 1000000000, ms = time_ns / 1000000 % 1000;
	time_t t = (time_t)seconds;
	char text[32];
	struct tm tm;

	if (time_ns < 0 || !gmtime_r(&t, &tm) || strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		(void)snprintf(room, AMOUNT_MAX, "%" PRId64 " ns", time_ns);
	else
		(void)snprintf(room, AMOUNT_MAX, "%s.%03d UTC", text, (int)ms);
	return room;
}

/* Whole numbers with separators, others with four figures. */
static void print_plain(char room[AMOUNT_MAX], double value)
{
	char digits[AMOUNT_MAX];

	if (value == floor(value) && fabs(value) < 1e15) {
		(void)amount_count(digits, (uint64_t)fabs(value));
		(void)snprintf(room, AMOUNT_MAX, "%s%.40s", value < 0 ? "-" : "", digits);
	} else if (fabs(value) >= 1000 && fabs(value) < 1e15) {
		(void)amount_count(digits, (uint64_t)llround(fabs(value)));
		(void)snprintf(room, AMOUNT_MAX, "%s%.40s", value < 0 ? "-" : "", digits);
	} else {
		(void)snprintf(room, AMOUNT_MAX, "%.4g", value);
	}
}

/* UCUM's annotations stand in braces: {tick}. They are nouns. */
static void print_noun(char *at, size_t size, const char *noun, size_t n, int is_one)
{
	if (is_one || n == 0)
		(void)snprintf(at, size, " %.*s", (int)n, noun);
	else if (noun[n - 1] == 'y')
		(void)snprintf(at, size, " %.*sies", (int)n - 1, noun);
	else if (strchr("hsxz", noun[n - 1]))
		(void)snprintf(at, size, " %.*ses", (int)n, noun);
	else
		(void)snprintf(at, size, " %.*ss", (int)n, noun);
}

char *amount_value(char room[AMOUNT_MAX], double value, const char *unit)
{
	static const struct {
		const char *unit;
		double ns;
	} spans[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 } };
	size_t n, n_unit = strlen(unit);

	if (isnan(value))
		return strcpy(room, "-");
	if (strcmp(unit, "By") == 0)
		return amount_bytes(room, value);
	if (strcmp(unit, "By/s") == 0)
		return strcat(amount_bytes(room, value), "/s");
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		if (strcmp(unit, spans[i].unit) == 0)
			return amount_span(room, value * spans[i].ns);
	if (strcmp(unit, "%") == 0) {
		(void)snprintf(room, AMOUNT_MAX, "%.2f %%", value);
		return room;
	}
	print_plain(room, value);
	n = strlen(room);
	if (strcmp(unit, "1") == 0 || n_unit == 0)
		return room;
	if (unit[0] == '{' && unit[n_unit - 1] == '}')
		print_noun(room + n, AMOUNT_MAX - n, unit + 1, n_unit - 2, fabs(value) == 1);
	else
		(void)snprintf(room + n, AMOUNT_MAX - n, " %s", unit);
	return room;
}

int64_t amount_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}
