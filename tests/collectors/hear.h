/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COLLECTORS_HEAR_H
#define COLLECTORS_HEAR_H

/* What a collector says of a text that a test made up. Failing here fails the test. */

#include "tests/support/golden.h"

struct heard {
	struct recorder *rec;
	struct recorder_result result;
	struct weir_text text;
};

struct hearing {
	const char *collector;
	const char *text;
	size_t n_text;             /* 0: up to its NUL */
	const char *companions[8]; /* texts; NULL: it isn't there */
	const struct lend_pair *context;
	uint32_t n_context;
};

struct heard hear_text(const struct hearing *hearing);
void heard_done(struct heard *heard);

int says(const struct heard *heard, const char *words);
void assert_says(const struct heard *heard, const char *words);
void assert_silent_on(const struct heard *heard, const char *words);

#endif
