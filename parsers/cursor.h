/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_CURSOR_H
#define PARSERS_CURSOR_H

/* One bounds-checked cursor for every binary format. A read past the end gives 0 and sets `is_short`, which sticks:
 * read a whole record, then test it once. Never put two reads in one initialiser or call: their order is unsequenced.
 */

#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	int is_short;
};

static inline struct cursor cursor_on(const uint8_t *at, size_t n)
{
	return (struct cursor){ at, at + n, 0 };
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

/* The next n bytes, or NULL. */
static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	const uint8_t *at = c->at;

	if (c->is_short || cursor_left(c) < n) {
		c->is_short = 1;
		return NULL;
	}
	c->at += n;
	return at;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *b = cursor_take(c, 1);

	return b ? b[0] : 0;
}

static inline uint16_t cursor_be16(struct cursor *c)
{
	const uint8_t *b = cursor_take(c, 2);

	return (uint16_t)(b ? b[0] << 8 | b[1] : 0);
}

static inline uint32_t cursor_be32(struct cursor *c)
{
	const uint8_t *b = cursor_take(c, 4);

	return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}

static inline uint64_t cursor_be64(struct cursor *c)
{
	const uint8_t *b = cursor_take(c, 8);

	if (!b)
		return 0;
	return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 | (uint64_t)b[3] << 32 |
	       (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 | (uint64_t)b[6] << 8 | b[7];
}

static inline uint16_t cursor_le16(struct cursor *c)
{
	const uint8_t *b = cursor_take(c, 2);

	return (uint16_t)(b ? b[1] << 8 | b[0] : 0);
}

static inline uint32_t cursor_le32(struct cursor *c)
{
	uint32_t low = cursor_le16(c);

	return (uint32_t)cursor_le16(c) << 16 | low;
}

static inline uint64_t cursor_le64(struct cursor *c)
{
	uint64_t low = cursor_le32(c);

	return (uint64_t)cursor_le32(c) << 32 | low;
}

#endif
