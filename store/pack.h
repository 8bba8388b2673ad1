/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_PACK_H
#define STORE_PACK_H

/* Bit packing of small unsigned words, and the bytes of words. Groups of PACK_GROUP words (the last may be shorter): a
 * byte with the width in bits, then the bits, least first. A width over 56 becomes 64, so that one unaligned access of
 * eight bytes reaches every word.
 */

#include <stdint.h>
#include <string.h>

enum {
	PACK_GROUP = 128,
	PACK_SLACK = 8, /* bytes after the packed ones that are read or written with them */
};

/* Bytes that the words take; 0: all are 0. ret_union: the bits that any of them has. */
uint64_t pack_size(const uint64_t *words, uint32_t n, uint64_t *ret_union);
/* Returns the bytes written; there must be room for PACK_SLACK more. */
uint64_t pack_write(const uint64_t *words, uint32_t n, uint8_t *at);
/* Reads n words from all of n_at bytes; PACK_SLACK more must be readable. -EBADMSG: they are not n packed words. */
int pack_read(const uint8_t *at, uint64_t n_at, uint32_t n, uint64_t *ret);

static inline void put_u64(uint8_t *at, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	memcpy(at, &v, sizeof(v));
}

static inline uint64_t get_u64(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

#endif
