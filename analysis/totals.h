/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_TOTALS_H
#define ANALYSIS_TOTALS_H

/* The view `totals` (docs/schema.md) for who asks it often. Each question to the view adds up all blocks of the store.
 */

#include <weir/host.h>

struct store;

/* From here on the connection has the table `kept_totals`: all rows of the view as of now, found by run, node and
 * metric. */
int totals_keep(struct store *s, struct weir_error *reterr);

#endif
