/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_TEXTS_H
#define GHC_EVENTLOG_TEXTS_H

/* Texts with a number each, so that the host is not asked again for what was said before. Zero it before the first
 * call. */

#include "collectors/ghc-eventlog/table.h"

enum {
	TEXTS_MAX = 1 << 18,
	TEXTS_BYTES_MAX = 16 << 20,
};

struct texts_entry {
	uint32_t at, n, value;
	uint32_t after; /* the index of the text that came after it last time; before that, of the one that was added
	                   next */
};

struct texts {
	struct table by_hash; /* to index */
	struct texts_entry *entries;
	char *text;
	size_t n_text, n_text_room;
	uint32_t n_room;
	uint32_t last; /* that was found */
};

/* 0: it isn't there. */
uint32_t texts_find(struct texts *t, const char *at, size_t n);
/* Adds a text that isn't there. 0: added; else it is not kept: a bound is hit, there is no memory, or another text has
 * its hash. */
int texts_add(struct texts *t, const char *at, size_t n, uint32_t value);
void texts_done(struct texts *t);

uint64_t texts_hash(const char *at, size_t n);

#endif
