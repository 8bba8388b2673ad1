/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/conformance/allocations.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct block {
	void *at;
	size_t n_bytes;
};

/* The functions that an object calls have no place for a pointer of ours. */
static struct {
	void *tree; /* of struct block, by address */
	uint64_t n_calls, n_live, n_live_bytes;
	uint64_t refuse_at; /* n_calls; 0: never */
	int for_good;
} watch;

static int by_address(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct block *)a)->at, y = (uintptr_t)((const struct block *)b)->at;

	return (x > y) - (x < y);
}

static int is_refused(void)
{
	watch.n_calls++;
	if (!watch.refuse_at || (watch.for_good ? watch.n_calls < watch.refuse_at : watch.n_calls != watch.refuse_at))
		return 0;
	errno = ENOMEM;
	return 1;
}

static void *born(void *at, size_t n_bytes)
{
	struct block *b = at ? malloc(sizeof(*b)) : NULL;

	if (!b)
		return at;
	*b = (struct block){ at, n_bytes };
	if (!tsearch(b, &watch.tree, by_address)) {
		free(b);
		return at;
	}
	watch.n_live++;
	watch.n_live_bytes += n_bytes;
	return at;
}

static void died(void *at)
{
	struct block key = { at, 0 };
	struct block *const *found = at ? tfind(&key, &watch.tree, by_address) : NULL;
	struct block *b;

	if (!found)
		return;
	b = *found;
	(void)tdelete(b, &watch.tree, by_address);
	watch.n_live--;
	watch.n_live_bytes -= b->n_bytes;
	free(b);
}

static void *watched_malloc(size_t n)
{
	return is_refused() ? NULL : born(malloc(n), n);
}

static void *watched_calloc(size_t n, size_t size)
{
	return is_refused() ? NULL : born(calloc(n, size), n * size);
}

static void *watched_realloc(void *old, size_t n)
{
	void *at;

	if (is_refused())
		return NULL;
	died(old);
	at = realloc(old, n);
	return born(at, n);
}

static void *watched_reallocarray(void *old, size_t n, size_t size)
{
	size_t n_bytes;

	if (__builtin_mul_overflow(n, size, &n_bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return watched_realloc(old, n_bytes);
}

static void watched_free(void *at)
{
	died(at);
	free(at);
}

static char *watched_strndup(const char *text, size_t n_max)
{
	size_t n = strnlen(text, n_max);
	char *copy = watched_malloc(n + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

static char *watched_strdup(const char *text)
{
	return watched_strndup(text, SIZE_MAX);
}

static void *watched_aligned_alloc(size_t alignment, size_t n)
{
	return is_refused() ? NULL : born(aligned_alloc(alignment, n), n);
}

static int watched_posix_memalign(void **ret, size_t alignment, size_t n)
{
	int r = is_refused() ? ENOMEM : posix_memalign(ret, alignment, n);

	if (r == 0)
		(void)born(*ret, n);
	return r;
}

int allocations_watch(import_function *address)
{
	static const struct import imports[] = {
		{ "malloc", (import_function *)watched_malloc },
		{ "calloc", (import_function *)watched_calloc },
		{ "realloc", (import_function *)watched_realloc },
		{ "reallocarray", (import_function *)watched_reallocarray },
		{ "free", (import_function *)watched_free },
		{ "strdup", (import_function *)watched_strdup },
		{ "strndup", (import_function *)watched_strndup },
		{ "__strdup", (import_function *)watched_strdup },
		{ "__strndup", (import_function *)watched_strndup },
		{ "aligned_alloc", (import_function *)watched_aligned_alloc },
		{ "posix_memalign", (import_function *)watched_posix_memalign },
	};

	return imports_replace(address, imports, sizeof(imports) / sizeof(imports[0]));
}

uint64_t allocations_count(void)
{
	return watch.n_calls;
}

uint64_t allocations_live(void)
{
	return watch.n_live;
}

uint64_t allocations_live_bytes(void)
{
	return watch.n_live_bytes;
}

void allocations_refuse(uint64_t n, int for_good)
{
	watch.refuse_at = n ? watch.n_calls + n : 0;
	watch.for_good = for_good;
}
