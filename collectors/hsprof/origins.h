/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HSPROF_ORIGINS_H
#define HSPROF_ORIGINS_H

/* The functions, thunks and constructors of a program that was compiled with -finfo-table-map: what each is called in
 * its source, and where it stands there.
 *
 *     drain       Queue  Queue.hs:88:1-40      a function, up to the next origin
 *                                              (its return points: theirs are within it)
 *     drain.next  Queue  Queue.hs:91:12-30     local to it
 *
 * One that says nothing of itself is known by what its first return point says, which is of code within it. Only
 * addresses are kept in memory, 24 bytes each; the rest is read when it is asked for. Not thread-safe.
 */

#include <weir/host.h>

#include "collectors/program/image.h"

enum {
	ORIGINS_NODES_MAX = 1 << 16,
	ORIGINS_ENTRIES_MAX = 1 << 20,     /* of a node */
	ORIGINS_MAX = 1 << 22,             /* of all */
	ORIGINS_NODE_BYTES_MAX = 64 << 20, /* of its texts, and of its entries */
};

struct origins;

/* A piece of code. */
struct origin {
	uint64_t address;
	uint32_t frame; /* the caller's own; 0 at first */
	uint32_t entry;
	uint16_t node;
	uint8_t is_code, is_named;
};

/* image: lives as long as this does. NULL: there is no memory. */
struct origins *origins_new(struct image *image);
void origins_free(struct origins *o); /* NULL is fine */

/* Adds a module's node. -EBADMSG: it is of a layout that nobody has looked at, or contradicts itself. */
int origins_add(struct origins *o, uint64_t address);
/* After the last node: from here on there are answers. */
void origins_settle(struct origins *o);

/* The origin that starts at or before an address last, NULL: none. It may say nothing of itself (is_named 0). */
struct origin *origins_find(struct origins *o, uint64_t address);
/* What it says; the texts live until the next call. 0, or why it can't be read. */
int origins_read(struct origins *o, const struct origin *origin, struct weir_text *ret_label,
                 struct weir_text *ret_module, struct weir_text *ret_source);

#endif
