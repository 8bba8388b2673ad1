/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hsprof/info_tables.h"

enum {
	/* Closure types of rts/include/rts/storage/ClosureTypes.h, the same since GHC 8.2. */
	TYPE_FUN = 8,
	TYPE_FUN_STATIC = 14,
	TYPE_THUNK = 15,
	TYPE_THUNK_STATIC = 21,
	TABLE_BYTES = 16,   /* of an info table, from its layout on */
	FUN_BYTES = 8,      /* before that, of a function: its kind and how many arguments it takes */
	PROFILED_BYTES = 16 /* between both, in a profiled program */
};

static uint32_t le32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Whether the words before a place are the info table of a function or a thunk. Types that say how many pointers and
 * other words there are in a closure must say the same as the layout. end: what is before the place. */
static int is_closure_table(const uint8_t *end)
{
	static const uint8_t pointers[] = { 1, 0, 2, 1, 0 }, others[] = { 0, 1, 0, 1, 2 };
	uint32_t type, first, n_pointers, n_others;

	type = le32(end - 8);
	n_pointers = le32(end - 16);
	n_others = le32(end - 12);
	if (type < TYPE_FUN || type > TYPE_THUNK_STATIC || n_pointers > 4096 || n_others > 4096)
		return 0;
	first = type < TYPE_THUNK ? TYPE_FUN : TYPE_THUNK;
	if (type > first && type < first + 6 &&
	    (n_pointers != pointers[type - first - 1] || n_others != others[type - first - 1]))
		return 0;
	if ((type == TYPE_FUN_STATIC || type == TYPE_THUNK_STATIC) && n_others != 0)
		return 0;
	if (first == TYPE_THUNK)
		return 1;
	for (size_t back = TABLE_BYTES + FUN_BYTES; back <= TABLE_BYTES + FUN_BYTES + PROFILED_BYTES;
	     back += PROFILED_BYTES)
		if (le32(end - back) <= 28 && le32(end - back + 4) >= 1 && le32(end - back + 4) <= 64)
			return 1;
	return 0;
}

uint32_t info_tables_count(const struct image *image, uint8_t *room, uint64_t from, uint64_t to)
{
	const size_t n_before = TABLE_BYTES + PROFILED_BYTES + FUN_BYTES;
	size_t n_gap = (size_t)(to - from) + n_before;
	uint32_t count = 0;

	if (to < from || to - from > INFO_TABLES_GAP_MAX - n_before || from < n_before ||
	    image_read(image, from - n_before, room, n_gap) < 0)
		return 0;
	for (size_t at = n_before + (8 - from % 8) % 8; at <= n_gap; at += 8)
		count += (uint32_t)is_closure_table(room + at);
	return count;
}
