/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_GROW_H
#define ANALYSIS_GROW_H

#include <stddef.h>
#include <stdint.h>

/* A table with room for one more than the n that it has, each of so many bytes: itself, or moved. NULL: no memory, and
 * the table stays as it is. */
void *grow(void *table, uint64_t n, uint64_t *n_room, size_t size);

#endif
