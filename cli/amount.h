/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_AMOUNT_H
#define CLI_AMOUNT_H

/* Amounts as people read them. Each writes into the caller's room and returns it. */

#include <stdint.h>

enum {
	AMOUNT_MAX = 48,
};

int64_t amount_now(void); /* a clock that only goes forward, in nanoseconds */

char *amount_count(char room[AMOUNT_MAX], uint64_t n);     /* 1,234,567 */
char *amount_bytes(char room[AMOUNT_MAX], double bytes);   /* 1.4 MB: powers of 1000 */
char *amount_span(char room[AMOUNT_MAX], double ns);       /* 1.4 ms, 2 m 03 s */
char *amount_time(char room[AMOUNT_MAX], int64_t time_ns); /* 2026-11-21 02:06:00.250 UTC */

/* A value of a metric, by its UCUM unit; what is no known unit is written behind the number. NaN: `-`. */
char *amount_value(char room[AMOUNT_MAX], double value, const char *unit);

#endif
