/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JSONTEXT_ORACLE_H
#define JSONTEXT_ORACLE_H

/* parsers/jsontext.h against jansson, over any bytes. */

#include <stddef.h>

/* Reads the text with both. NULL: they agree, in whether it is JSON and in what it says; else what they disagree about.
 * Texts that jansson refuses for a bound of its own (numbers beyond a double, NUL in a key, depth) count as agreement.
 */
const char *jsontext_oracle_disagreement(const char *at, size_t n);

#endif
