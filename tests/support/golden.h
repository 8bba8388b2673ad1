/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_GOLDEN_H
#define SUPPORT_GOLDEN_H

/* Collectors of the build tree over files, against golden files: what a collector says (plugins/recorder.h describes
 * the lines) must be what it said before. WEIR_GOLDEN_UPDATE=1 in the environment rewrites the golden file instead;
 * read the difference before you commit it. Each function fails the cmocka test that calls it, and prints the first
 * line that differs.
 */

#include "plugins/recorder.h"

struct golden {
	const char
		*collector; /* its name: `prof` is collectors/prof.so in the build tree. A name with a `/` is a path */
	const char *input;  /* a path, from the source tree's top unless it starts with a `/` */
	const char *companions[8]; /* the same, in the collector's order; NULL: it isn't there */
	const char *expected;      /* the golden file, the same */
	const struct lend_pair *options, *context;
	uint32_t n_options, n_context;
};

/* The input at once gives the golden file, byte for byte. */
void golden_check(const struct golden *g);

/* Windows of 1, 2, 3, 7 and 4096 bytes more, n_seeds random ones, and an input that has nothing new every third time,
 * give the same lines as the input at once. */
void golden_check_windows(const struct golden *g, unsigned n_seeds);

/* Each of the input's beginnings (every step-th of them) ends without a crash, within its windows, with a ledger that
 * adds up and no complaint of the host. */
void golden_check_prefixes(const struct golden *g, uint64_t step);

/* One run, with a setup that the caller has changed: golden_setup() fills in collector, inputs, options and context.
 * What it read is freed by golden_done(). */
struct recorder_setup golden_setup(const struct golden *g);
void golden_done(struct recorder_setup *setup);

#endif
