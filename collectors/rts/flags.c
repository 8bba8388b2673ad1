/* SPDX-License-Identifier: Apache-2.0 */
/* What a program was told at its start: the flags as they were given (rts_argv, which has those of -with-rtsopts and of
 * GHCRTS too), and what came of them in RtsFlags, whose layout is another one in each GHC: only of those that were
 * looked at is anything said.
 *
 *     rts_argc   i32          RtsFlags      minAllocAreaSize   useNonmoving   generations   compact
 *     rts_argv   char **      of GHC        u32, of 4 KiB      u8             u32           u8
 *                             9.0   440     32                 72             76            81
 *                             9.6   472     32                 80             84            89
 *                             9.10  496     32                 80             84            89
 */
#include "collectors/rts/rts.h"

#include "parsers/cursor.h"

#include <stdio.h>
#include <string.h>

enum {
	ARGUMENTS_MAX = 256,
	ARGUMENT_MAX = 1024,
	LINE_MAX_BYTES = 16 * 1024,
	BLOCK_BYTES = 4096,
};

struct flags_layout {
	const char *release; /* both have to be so */
	uint32_t n_bytes;    /* of the struct */
	uint16_t nursery_blocks, is_nonmoving, generations, is_compacting;
};

static const struct flags_layout layouts[] = {
	{ "9.0.", 440, 32, 72, 76, 81 },
	{ "9.6.", 472, 32, 80, 84, 89 },
	{ "9.10.", 496, 32, 80, 84, 89 },
};

static void number_fact(const struct weir_host *h, const char *name, uint64_t value)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
	rts_fact(h, name, digits);
}

/* Up to the end of the text or of the page that can be read. */
static int read_argument(const struct runtime *rt, uint64_t address, char room[ARGUMENT_MAX])
{
	size_t n = 0, step;

	while (n < ARGUMENT_MAX - 1) {
		step = BLOCK_BYTES - (size_t)((address + n) % BLOCK_BYTES);
		step = step < ARGUMENT_MAX - 1 - n ? step : ARGUMENT_MAX - 1 - n;
		if (runtime_read_at(rt, address + n, room + n, step) < 0)
			return 0;
		if (memchr(room + n, '\0', step))
			return 1;
		n += step;
	}
	room[n] = '\0';
	return 1;
}

static int tell_arguments(const struct weir_host *h, const struct runtime *rt)
{
	char line[LINE_MAX_BYTES] = "", argument[ARGUMENT_MAX];
	uint64_t list = 0, address;
	size_t n_line = 0;
	int32_t n = 0;

	if (runtime_read(rt, SYMBOL_ARGUMENT_COUNT, &n, sizeof(n)) < 0 ||
	    runtime_read(rt, SYMBOL_ARGUMENTS, &list, sizeof(list)) < 0 || n < 0 || n > ARGUMENTS_MAX)
		return 0;
	/* The list is there even when no flag is: until then the program has not come to its start. */
	if (list == 0)
		return 0;
	for (int32_t i = 0; i < n; i++) {
		if (runtime_read_at(rt, list + (uint64_t)i * 8, &address, sizeof(address)) < 0 ||
		    !read_argument(rt, address, argument))
			return 0;
		if (n_line + strlen(argument) + 2 > sizeof(line))
			break;
		n_line += (size_t)snprintf(line + n_line, sizeof(line) - n_line, "%s%s", i ? " " : "", argument);
	}
	rts_fact(h, "ghc.rts.flags", line);
	return 1;
}

static uint32_t le32(const uint8_t *at)
{
	struct cursor c = cursor_on(at, 4);

	return cursor_le32(&c);
}

static void tell_settings(const struct weir_host *h, const struct runtime *rt)
{
	uint8_t bytes[RTS_MEMORY_SIZE_MAX];

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		const struct flags_layout *l = &layouts[i];

		if (rt->symbols[SYMBOL_FLAGS].n_bytes != l->n_bytes ||
		    strncmp(image_ghc_version(rt->image), l->release, strlen(l->release)) != 0 ||
		    runtime_read(rt, SYMBOL_FLAGS, bytes, l->n_bytes) < 0)
			continue;
		number_fact(h, "ghc.gc.nursery_bytes", (uint64_t)le32(bytes + l->nursery_blocks) * BLOCK_BYTES);
		number_fact(h, "ghc.gc.generations", le32(bytes + l->generations));
		rts_fact(h, "ghc.gc.oldest_generation",
		         bytes[l->is_nonmoving]    ? "non-moving"
		         : bytes[l->is_compacting] ? "compacting"
		                                   : "copying");
	}
}

int flags_tell(const struct weir_host *h, const struct runtime *rt)
{
	if (!tell_arguments(h, rt))
		return 0;
	tell_settings(h, rt);
	return 1;
}
