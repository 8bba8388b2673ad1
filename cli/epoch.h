/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EPOCH_H
#define CLI_EPOCH_H

/* How a boundary of a node is shown, as text or as JSON (docs/json.md). */

#include "analysis/epoch.h"
#include "exports/jsonout.h"

/* is_new_epoch: the epoch's own line comes first. */
void epoch_print(const struct epoch_boundary *b, int is_new_epoch);
/* An element of the array that j stands in. */
void epoch_print_json(struct jsonout *j, const struct epoch_boundary *b);

#endif
