/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STORE_MADE_H
#define TESTS_STORE_MADE_H

/* Made-up rows, the same ones for the same seed. */

#include "store/block.h"

struct made_random {
	uint64_t state; /* not 0 */
};

uint64_t made_u64(struct made_random *r);
uint64_t made_below(struct made_random *r, uint64_t n);

/* Rows of a kind with all sorts of values, extreme ones among them. Freed with made_rows_done(). first_id: of stacks.
 */
struct rows made_rows(struct made_random *r, enum block_kind kind, uint32_t n, uint32_t first_id);
void made_rows_done(struct rows *rows);

/* Bit by bit. */
int made_rows_same(const struct rows *a, const struct rows *b);

/* A block from a byte of kind, two of row count, two of first id and the bytes but for the CRC, which is put right.
 * n > 5. 0: no memory. Freed with made_block_done(). */
int made_block(const uint8_t *at, uint64_t n, struct block *ret);
void made_block_done(struct block *block);

#endif
