/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_PROF_SCAN_H
#define PARSERS_PROF_SCAN_H

/* Columns and spaces of a row, sixteen bytes at a time where the machine can. A column is a code point, counted as GHC
 * counts them (rts/Profiling.c, strlen_utf8): every byte but 0x80 to 0xbf.
 */

#include <stddef.h>
#include <stdint.h>

/* How many columns the n bytes take. */
size_t scan_columns(const char *at, size_t n);

/* The index of the byte where a column starts; n when it is the one after the last, SIZE_MAX when there is none. */
size_t scan_column(const char *at, size_t n, size_t column);

/* How many spaces the text starts with. */
size_t scan_indent(const char *at, size_t n);

/* The length without the spaces at the end. */
size_t scan_trim(const char *at, size_t n);

#endif
