/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_PROF_SCAN_H
#define PARSERS_PROF_SCAN_H

/* Columns, spaces and numbers of a row, sixteen or eight bytes at a time. A column is a code point, counted as GHC
 * counts them (rts/Profiling.c, strlen_utf8): every byte but 0x80 to 0xbf. All of it is inlined: a row is only some
 * hundred nanoseconds.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A block is what is looked at in one step: its masks have a bit for each byte, the first byte's lowest. */
#if defined(__SSE2__)
#include <emmintrin.h>

enum {
	SCAN_BLOCK = 16,
	SCAN_BLOCK_ALL = 0xffff,
};

static inline unsigned scan_spaces_of(const char *at)
{
	__m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);

	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(' ')));
}

/* Bytes 0x80 to 0xbf are the lowest of a signed char: -128 to -65. */
static inline unsigned scan_continuations_of(const char *at)
{
	__m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);

	return (unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(block, _mm_set1_epi8(-64)));
}

#else

enum {
	SCAN_BLOCK = 8,
	SCAN_BLOCK_ALL = 0xff,
};

static inline unsigned scan_spaces_of(const char *at)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < SCAN_BLOCK; i++)
		mask |= (unsigned)(at[i] == ' ') << i;
	return mask;
}

static inline unsigned scan_continuations_of(const char *at)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < SCAN_BLOCK; i++)
		mask |= (unsigned)((at[i] & 0xc0) == 0x80) << i;
	return mask;
}

#endif

/* How many columns the n bytes take. */
size_t scan_columns(const char *at, size_t n);

/* scan_column() where there is text beyond ASCII or a block isn't full. */
size_t scan_column_slowly(const char *at, size_t n, size_t column);

/* The index of the byte where a column starts; n when it is the one after the last, SIZE_MAX when there is none. */
static inline size_t scan_column(const char *at, size_t n, size_t column)
{
	size_t i = 0;

	for (; i + SCAN_BLOCK <= n; i += SCAN_BLOCK) {
		if (scan_continuations_of(at + i))
			break;
		if (i + SCAN_BLOCK > column)
			return column;
	}
	i = scan_column_slowly(at + i, n - i, column - i) + i;
	return i <= n ? i : SIZE_MAX;
}

/* How many spaces the text starts with. */
static inline size_t scan_indent(const char *at, size_t n)
{
	size_t i = 0;

	for (; i + SCAN_BLOCK <= n; i += SCAN_BLOCK) {
		unsigned others = ~scan_spaces_of(at + i) & SCAN_BLOCK_ALL;

		if (others)
			return i + (size_t)__builtin_ctz(others);
	}
	while (i < n && at[i] == ' ')
		i++;
	return i;
}

/* The length without the spaces at the end. */
static inline size_t scan_trim(const char *at, size_t n)
{
	while (n >= SCAN_BLOCK) {
		unsigned others = ~scan_spaces_of(at + n - SCAN_BLOCK) & SCAN_BLOCK_ALL;

		if (others)
			return n - SCAN_BLOCK + (size_t)(32 - __builtin_clz(others));
		n -= SCAN_BLOCK;
	}
	while (n > 0 && at[n - 1] == ' ')
		n--;
	return n;
}

#endif
