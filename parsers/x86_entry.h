/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_X86_ENTRY_H
#define PARSERS_X86_ENTRY_H

/* Where in a function's first bytes a probe is cheap. The kernel emulates a `push` of a register and a long nop; any
 * other instruction it runs out of line with single-stepping, which costs ten times as much. Arguments still lie in
 * their registers as long as only what is known here was passed over. x86-64, Intel SDM volume 2. Pure.
 */

#include "parsers/result.h"

enum {
	X86_ENTRY_BYTES = 32, /* enough of a function to look at */
};

struct x86_entry {
	uint32_t offset;        /* from the function's start */
	uint32_t n_stack_bytes; /* what the instructions before it took off the stack pointer */
	uint8_t is_cheap;
};

/* The first cheap place that is reached in a straight line; the start, not cheap, where there is none. */
struct x86_entry x86_entry(const uint8_t *at, size_t n);

#endif
