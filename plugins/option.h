/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_OPTION_H
#define PLUGINS_OPTION_H

/* Typed options: from what a user wrote to the value that a collector asks for.
 *
 *     BOOL      true, false
 *     INT       -12
 *     REAL      0.25, 1e-3; finite
 *     DURATION  250ms, 1.5s, 1h; units ns us ms s m h d; a bare 0 needs none
 *     SIZE      4096, 64kB, 4MiB; units B kB MB GB TB (powers of 1000) KiB MiB GiB TiB (powers of 1024)
 *     TEXT      anything
 *     CHOICE    one of its choices
 *
 * Decimals are exact: what is no whole number of nanoseconds or bytes is refused. The same in every locale.
 */

#include <weir/collector.h>

/* A TEXT's or CHOICE's value is the text itself; ret is then left at 0. -EINVAL: the sentence names the option, the
 * value and what fits. -ENOTSUP: the row's type is unknown to this host. */
int option_parse(const struct weir_option *o, const char *text, union weir_value *ret, struct weir_error *reterr);

/* What fits, for people: `a duration from 10ms to 60s`, `one of brief, full`. Returns `at`. */
const char *option_fits(const struct weir_option *o, char *at, uint64_t n);

/* The value as a user would write it, in the largest unit that is exact. For the bounds of INT, DURATION and SIZE.
 * Returns `at`. */
const char *option_write(const struct weir_option *o, int64_t value, char *at, uint64_t n);

/* The row of that name, or -ENOENT with the nearest name suggested. */
int option_row(const struct weir_collector *c, const char *name, struct weir_error *reterr);

/* The type's name: `duration`; NULL: unknown. */
const char *option_type(uint32_t type);

#endif
