/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_BYTES_H
#define SUPPORT_BYTES_H

/* Inputs for tests: whole files, and copies that end right before a page nobody may read. Failing here fails the test.
 */

#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *at;
	size_t n;
	void *map; /* of guarded bytes */
	size_t n_map;
};

struct bytes bytes_read(const char *path);
/* A copy whose last byte is the last readable one: one byte too far is a SIGSEGV without any tool. */
struct bytes bytes_guarded(const uint8_t *at, size_t n);
void bytes_done(struct bytes *b);

/* The folder of real files that are not ours, or NULL after printing why the caller skips. Below it: `ghc`, `cardano`.
 */
const char *corpus_root(void);

#endif
