/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_TRACE_ENDS_H
#define PARSERS_TRACE_ENDS_H

/* When a piece of a log begins and ends: what puts the files of a rotated log in order. */

#include "parsers/trace.h"

/* The time of the first trace in these bytes, which begin with a line's start. 1: there is one. */
int trace_first_ns(const char *at, size_t n, int64_t *ret_ns);

/* The latest time of the traces in these bytes. Their first line counts only when is_start says that it is whole, a
 * last one without its end only when it is. 1: there is one. */
int trace_latest_ns(const char *at, size_t n, int is_start, int64_t *ret_ns);

#endif
