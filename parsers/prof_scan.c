/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof_scan.h"

#include <string.h>

/* A block is what is looked at in one step: its masks have a bit for each byte, the first byte's lowest. */
#if defined(__SSE2__)
#include <emmintrin.h>

enum {
	BLOCK = 16,
	BLOCK_ALL = 0xffff,
};

static unsigned spaces_of(const char *at)
{
	__m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);

	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(' ')));
}

/* Bytes 0x80 to 0xbf are the lowest of a signed char: -128 to -65. */
static unsigned continuations_of(const char *at)
{
	__m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);

	return (unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(block, _mm_set1_epi8(-64)));
}

#else

enum {
	BLOCK = 8,
	BLOCK_ALL = 0xff,
};

static unsigned spaces_of(const char *at)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < BLOCK; i++)
		mask |= (unsigned)(at[i] == ' ') << i;
	return mask;
}

static unsigned continuations_of(const char *at)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < BLOCK; i++)
		mask |= (unsigned)((at[i] & 0xc0) == 0x80) << i;
	return mask;
}

#endif

static int is_start(char c)
{
	return (c & 0xc0) != 0x80;
}

size_t scan_columns(const char *at, size_t n)
{
	size_t i = 0, n_columns = 0;

	for (; i + BLOCK <= n; i += BLOCK)
		n_columns += BLOCK - (size_t)__builtin_popcount(continuations_of(at + i));
	for (; i < n; i++)
		n_columns += (size_t)is_start(at[i]);
	return n_columns;
}

size_t scan_column(const char *at, size_t n, size_t column)
{
	size_t i = 0;

	while (i + BLOCK <= n) {
		unsigned continuations = continuations_of(at + i);
		size_t n_starts = continuations ? BLOCK - (size_t)__builtin_popcount(continuations) : BLOCK;

		if (column < n_starts) {
			if (!continuations)
				return i + column;
			break;
		}
		column -= n_starts;
		i += BLOCK;
	}
	for (; i < n; i++) {
		if (!is_start(at[i]))
			continue;
		if (column-- == 0)
			return i;
	}
	return column == 0 ? n : SIZE_MAX;
}

size_t scan_indent(const char *at, size_t n)
{
	size_t i = 0;

	for (; i + BLOCK <= n; i += BLOCK) {
		unsigned others = ~spaces_of(at + i) & BLOCK_ALL;

		if (others)
			return i + (size_t)__builtin_ctz(others);
	}
	while (i < n && at[i] == ' ')
		i++;
	return i;
}

size_t scan_trim(const char *at, size_t n)
{
	while (n >= BLOCK) {
		unsigned others = ~spaces_of(at + n - BLOCK) & BLOCK_ALL;

		if (others)
			return n - BLOCK + (size_t)(32 - __builtin_clz(others));
		n -= BLOCK;
	}
	while (n > 0 && at[n - 1] == ' ')
		n--;
	return n;
}
