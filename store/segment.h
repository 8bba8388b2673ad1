/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

/* Reading the bytes of blocks. A small block is not a row's blob of its own, because SQLite's pages would be half empty
 * then: the blocks of a source lie one after the other in segments.
 */

#include "store/sql.h"

#include <stdint.h>

enum {
	SEGMENT_BYTES = 128 << 10, /* a segment is written when it has that much */
	SEGMENT_ALONE = 16 << 10,  /* a block of that much is a segment by itself */
};

struct segment_reader {
	sqlite3 *db;
	sqlite3_blob *blob;
	int64_t id; /* of the segment that blob is; 0: none */
	uint8_t *bytes;
};

/* n bytes of a segment from `start` on, borrowed until the next call. A code of SQLite; SQLITE_CORRUPT when there is no
 * such segment or it is shorter. r is zeros but for db at first. */
int segment_read(struct segment_reader *r, int64_t id, int64_t start, int64_t n, const uint8_t **ret);
void segment_done(struct segment_reader *r);

#endif
