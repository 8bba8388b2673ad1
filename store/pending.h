/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_PENDING_H
#define STORE_PENDING_H

/* Rows of a source's series and blocks that are not in their tables yet. A log of a million short threads is mostly
 * such rows, and one statement for many of them, in the order of their table, costs about half of one for each.
 */

#include "store/block.h"
#include "store/state.h"

enum {
	PENDING_SERIES = 256,
	PENDING_TEXT_BYTES = 32 << 10, /* attributes of them; a larger set is not kept waiting */
	PENDING_ROWS = 16,             /* of one statement */
};

struct pending;

/* Where the bytes of a block are. */
struct block_place {
	int64_t segment;
	uint64_t start;
};

struct pending *pending_new(struct store *s, int64_t source); /* NULL: no memory */
void pending_free(struct pending *p);                         /* forgets what is not written; NULL is fine */

int pending_series(struct pending *p, uint32_t id, int64_t metric, struct weir_text attrs_json,
                   struct weir_error *reterr);
/* number: of the source's blocks. */
int pending_block(struct pending *p, const struct block *b, uint32_t number, struct block_place place,
                  struct weir_error *reterr);

/* Writes all of them. */
int pending_write(struct pending *p, struct weir_error *reterr);

#endif
