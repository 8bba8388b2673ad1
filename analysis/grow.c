/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/grow.h"

#include <stdlib.h>

enum {
	ROOM_FIRST = 64,
};

void *grow(void *table, uint64_t n, uint64_t *n_room, size_t size)
{
	uint64_t more = *n_room ? 2 * *n_room : ROOM_FIRST;
	void *wide;

	if (n < *n_room)
		return table;
	wide = reallocarray(table, more, size);
	if (wide)
		*n_room = more;
	return wide;
}
