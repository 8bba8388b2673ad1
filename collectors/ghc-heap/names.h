/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_HEAP_NAMES_H
#define GHC_HEAP_NAMES_H

/* Texts with a number each. Texts are copied and stay where they are in order, but not in memory: keep offsets. */

#include <stddef.h>
#include <stdint.h>

enum {
	NAMES_MAX = 1 << 22, /* texts; beyond it names_add() refuses */
	NAMES_BYTES_MAX = 256 << 20,
};

#define NAME_NONE UINT32_MAX

struct name {
	uint64_t hash;
	uint32_t at; /* offset in the texts */
	uint32_t n_bytes;
	uint32_t value;
	uint32_t next; /* the caller's: what came after it last time; NAME_NONE at first */
};

/* Zero it before the first call. */
struct names {
	char *text;
	struct name *names;
	uint32_t *slots; /* numbers of names: a power of two of them, at most three quarters used */
	size_t n_bytes, n_bytes_room;
	uint32_t n_slots, n_names, n_names_room;
};

/* The name's number, counted from 0 in the order of adding; NAME_NONE: it isn't there. */
uint32_t names_find(const struct names *names, const char *at, size_t n);
/* Whether this is the name of that number; NAME_NONE is nobody's. */
int names_is(const struct names *names, uint32_t number, const char *at, size_t n);

/* Adds a text that isn't there. 0, -ENOMEM, or -E2BIG when a bound is hit. */
int names_add(struct names *names, const char *at, size_t n, uint32_t value);

void names_done(struct names *names);

#endif
