/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pack.h"

#include <errno.h>

enum {
	WIDTH_MAX = 56,
};

static uint32_t width_of(uint64_t bits)
{
	uint32_t width = bits ? 64 - (uint32_t)__builtin_clzll(bits) : 0;

	return width > WIDTH_MAX ? 64 : width;
}

static uint64_t union_of(const uint64_t *words, uint32_t n)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < n; i++)
		bits |= words[i];
	return bits;
}

uint64_t pack_size(const uint64_t *words, uint32_t n, uint64_t *ret_union)
{
	uint64_t n_bytes = 0;

	*ret_union = 0;
	for (uint32_t i = 0; i < n; i += PACK_GROUP) {
		uint32_t n_group = n - i < PACK_GROUP ? n - i : PACK_GROUP;
		uint64_t bits = union_of(words + i, n_group);

		n_bytes += 1 + ((uint64_t)n_group * width_of(bits) + 7) / 8;
		*ret_union |= bits;
	}
	return *ret_union ? n_bytes : 0;
}

static uint64_t pack_group(const uint64_t *words, uint32_t n, uint8_t *at)
{
	uint32_t width = width_of(union_of(words, n));
	uint64_t word = 0, n_bits = 0;
	uint8_t *start = at;

	*at++ = (uint8_t)width;
	for (uint32_t i = 0; i < n && width == 64; i++, at += 8)
		put_u64(at, words[i]);
	for (uint32_t i = 0; i < n && width <= WIDTH_MAX; i++) {
		word |= words[i] << n_bits;
		n_bits += width;
		put_u64(at, word);
		at += n_bits / 8;
		word = n_bits < 64 ? word >> n_bits / 8 * 8 : 0;
		n_bits %= 8;
	}
	return (uint64_t)(at - start) + (n_bits > 0);
}

uint64_t pack_write(const uint64_t *words, uint32_t n, uint8_t *at)
{
	uint64_t n_bytes = 0;

	for (uint32_t i = 0; i < n; i += PACK_GROUP)
		n_bytes += pack_group(words + i, n - i < PACK_GROUP ? n - i : PACK_GROUP, at + n_bytes);
	return n_bytes;
}

static void read_group(const uint8_t *at, uint32_t width, uint32_t n, uint64_t *ret)
{
	uint64_t mask = width ? UINT64_MAX >> (64 - width) : 0, bit = 0;

	/* A width of 64 keeps bit % 8 at 0. */
	for (uint32_t i = 0; i < n; i++, bit += width)
		ret[i] = get_u64(at + bit / 8) >> bit % 8 & mask;
}

int pack_read(const uint8_t *at, uint64_t n_at, uint32_t n, uint64_t *ret)
{
	const uint8_t *end = at + n_at;

	for (uint32_t i = 0; i < n; i += PACK_GROUP) {
		uint32_t n_group = n - i < PACK_GROUP ? n - i : PACK_GROUP, width;
		uint64_t n_bytes;

		if (at == end)
			return -EBADMSG;
		width = *at++;
		n_bytes = ((uint64_t)n_group * width + 7) / 8;
		if ((width > WIDTH_MAX && width != 64) || (uint64_t)(end - at) < n_bytes)
			return -EBADMSG;
		read_group(at, width, n_group, ret + i);
		at += n_bytes;
	}
	return at == end ? 0 : -EBADMSG;
}
