/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SUMMARY_H
#define STORE_SUMMARY_H

/* What stands beside a block's bytes, made from its rows: times and values only. */

#include "store/block.h"

void summary_make(const struct rows *rows, struct block *ret);

/* The same value without what SQLite does not keep in a column: the sign of a zero and the bits of a NaN. */
double summary_plain(double v);

#endif
