/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HSPROF_STACKS_H
#define HSPROF_STACKS_H

/* From samples to stacks of names, and how often each was met since it was last asked.
 *
 * A stack is read from its root:
 *
 *     [sh]            a process of another program than the target's, else nothing
 *     [deeper]        the stack went on; [broken]: it could not be followed to its end; else nothing
 *     main, go, …     Haskell code that is to be returned to; runs of one name are one frame
 *     newByteArray#   the Haskell code that called the C code that follows, where that is known
 *     [RTS]           the run-time system's C code is running
 *     lookup          where it is
 *     [kernel]        on behalf of that
 *
 * Not thread-safe.
 */

#include "collectors/hsprof/spaces.h"

enum {
	STACKS_KNOWN_MAX = 1 << 16, /* different samples that are remembered; beyond it they are made out anew */
};

/* What a sample met, and what became of its stack. */
enum stacks_code {
	STACKS_HASKELL = 0,
	STACKS_RTS,
	STACKS_FOREIGN,
	STACKS_UNKNOWN,
	STACKS_CODES,
};

enum stacks_whole {
	STACKS_COMPLETE = 0, /* to the stack's end */
	STACKS_CAPPED,
	STACKS_BROKEN,
	STACKS_BARE, /* only where it is */
	STACKS_WHOLES,
};

struct stacks;

struct stacks_count {
	uint32_t stack;
	uint32_t n;
};

int stacks_new(const struct weir_host *h, struct spaces *spaces, struct stacks **ret, struct weir_error *reterr);
void stacks_free(struct stacks *s); /* NULL is fine */

/* Counts a sample. 0, or -EINVAL when the host refuses to name its stack. */
int stacks_add(struct stacks *s, const struct hsprof_sample *sample);

/* What was added since the last call, by stack; lives until the next call of any function here. A new round begins. */
const struct stacks_count *stacks_take(struct stacks *s, uint32_t *ret_n);

/* Samples so far by what they met, those in the kernel counted by what they came from. */
uint64_t stacks_seen(const struct stacks *s, enum stacks_code code, enum stacks_whole whole);

#endif
