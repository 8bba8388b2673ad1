/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_NOW_H
#define STORE_NOW_H

#include <stdint.h>
#include <time.h>

static inline int64_t now_of(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* For how long something takes: goes only forward. */
static inline int64_t now_monotonic_ns(void)
{
	return now_of(CLOCK_MONOTONIC);
}

static inline int64_t now_utc_ns(void)
{
	return now_of(CLOCK_REALTIME);
}

#endif
