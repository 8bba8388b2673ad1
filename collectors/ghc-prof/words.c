/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-prof/ghc_prof.h"

#include <stdlib.h>
#include <string.h>

enum {
	WORDS_FIRST = 256,
};

uint64_t *words_at(struct words *w, uint64_t index)
{
	uint64_t n = w->n ? w->n : WORDS_FIRST;
	uint64_t *more;

	if (index < w->n)
		return &w->at[index];
	while (n <= index)
		n *= 2;
	more = reallocarray(w->at, n, sizeof(*more));
	if (!more)
		return NULL;
	memset(more + w->n, 0, (n - w->n) * sizeof(*more));
	w->at = more;
	w->n = n;
	return &w->at[index];
}

void words_done(struct words *w)
{
	free(w->at);
}
