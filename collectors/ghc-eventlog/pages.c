/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/pages.h"

#include <stdlib.h>
#include <sys/mman.h>

enum {
	LARGE_BYTES = 2 << 20, /* of x86-64 and of aarch64 with pages of 4 KiB; elsewhere nothing is gained */
};

static size_t round_up(size_t n)
{
	return (n + LARGE_BYTES - 1) / LARGE_BYTES * LARGE_BYTES;
}

void *pages_new(size_t n_bytes, size_t n_first)
{
	size_t n = round_up(n_bytes), from = round_up(n_first);
	char *at = aligned_alloc(LARGE_BYTES, n);

	if (at && from < n)
		(void)madvise(at + from, n - from, MADV_HUGEPAGE);
	return at;
}
