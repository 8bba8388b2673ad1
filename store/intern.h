/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_INTERN_H
#define STORE_INTERN_H

/* Finds the id of a key that was given one before. A key is a few texts. Memory is bounded: a table that would grow
 * beyond INTERN_BYTES_MAX, or finds none, forgets what it knew; a key may get a second id then. Hashing is seeded, so
 * that no input can be made to collide.
 */

#include <weir/host.h>

enum {
	INTERN_BYTES_MAX = 64 << 20,
	INTERN_PARTS_MAX = 3,
};

struct intern;

struct intern *intern_new(void);    /* NULL: no memory */
void intern_free(struct intern *t); /* NULL is fine */

/* The id that the key has, or else `next`, which it then has if there is memory; next 0 is not given. n_parts <=
 * INTERN_PARTS_MAX, the same for all keys of a table. */
uint32_t intern_id(struct intern *t, const struct weir_text *parts, uint32_t n_parts, uint32_t next);

#endif
