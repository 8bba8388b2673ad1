/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof_scan.h"

static int is_start(char c)
{
	return (c & 0xc0) != 0x80;
}

static size_t starts_in(const char *block)
{
	return SCAN_BLOCK - (size_t)__builtin_popcount(scan_continuations_of(block));
}

size_t scan_columns(const char *at, size_t n)
{
	size_t i = 0, n_columns = 0;

	for (; i + SCAN_BLOCK <= n; i += SCAN_BLOCK)
		n_columns += starts_in(at + i);
	for (; i < n; i++)
		n_columns += (size_t)is_start(at[i]);
	return n_columns;
}

size_t scan_column_slowly(const char *at, size_t n, size_t column)
{
	size_t i = 0;

	for (; i + SCAN_BLOCK <= n; i += SCAN_BLOCK) {
		size_t n_starts = starts_in(at + i);

		if (column < n_starts)
			break;
		column -= n_starts;
	}
	for (; i < n; i++) {
		if (!is_start(at[i]))
			continue;
		if (column-- == 0)
			return i;
	}
	return column == 0 ? n : SIZE_MAX / 2;
}
