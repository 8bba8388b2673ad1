/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HSPROF_INFO_TABLES_H
#define HSPROF_INFO_TABLES_H

/* Where functions and thunks start among code that has no symbols, by the info tables in front of them. */

#include <stdint.h>

#include "collectors/program/image.h"

enum {
	INFO_TABLES_GAP_MAX = 1 << 20, /* bytes that are searched at once */
};

/* How many start between two addresses; the second included. room: INFO_TABLES_GAP_MAX bytes. 0 also when it is too far
 * from the one to the other. */
uint32_t info_tables_count(const struct image *image, uint8_t *room, uint64_t from, uint64_t to);

#endif
