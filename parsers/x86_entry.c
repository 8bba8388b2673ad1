/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/x86_entry.h"

#include <string.h>

/* `push %rax` … `push %rdi`, and with a REX prefix `push %r8` … `push %r15`; the five-byte nop. */
static int is_cheap(const uint8_t *at, size_t n)
{
	static const uint8_t nop5[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

	if (n >= 1 && at[0] >= 0x50 && at[0] <= 0x57)
		return 1;
	if (n >= 2 && at[0] == 0x41 && at[1] >= 0x50 && at[1] <= 0x57)
		return 1;
	return n >= sizeof(nop5) && memcmp(at, nop5, sizeof(nop5)) == 0;
}

/* Instructions that change no argument and never jump. Mask 0: any byte. */
static const struct {
	uint8_t bytes[4], mask[4];
	uint8_t n_known, n_bytes;
} passable[] = {
	{ { 0xf3, 0x0f, 0x1e, 0xfa }, { 0xff, 0xff, 0xff, 0xff }, 4, 4 }, /* endbr64 */
	{ { 0x80, 0x3d }, { 0xff, 0xff }, 2, 7 },                         /* cmpb $imm8, rel32(%rip) */
	{ { 0x83, 0x3d }, { 0xff, 0xff }, 2, 7 },                         /* cmpl $imm8, rel32(%rip) */
	{ { 0x48, 0x83, 0x3d }, { 0xff, 0xff, 0xff }, 3, 8 },             /* cmpq $imm8, rel32(%rip) */
	{ { 0xb8 }, { 0xff }, 1, 5 },                                     /* mov $imm32, %eax */
	{ { 0x48, 0x83, 0xec }, { 0xff, 0xff, 0xff }, 3, 4 },             /* sub $imm8, %rsp */
};

enum {
	PASSABLE_SUB = sizeof(passable) / sizeof(passable[0]) - 1,
};

static int passes(const uint8_t *at, size_t n, size_t row)
{
	if (n < passable[row].n_bytes)
		return 0;
	for (size_t i = 0; i < passable[row].n_known; i++)
		if ((at[i] & passable[row].mask[i]) != passable[row].bytes[i])
			return 0;
	return 1;
}

static size_t pass(const uint8_t *at, size_t n, uint32_t *n_stack_bytes)
{
	for (size_t row = 0; row <= PASSABLE_SUB; row++)
		if (passes(at, n, row)) {
			if (row == PASSABLE_SUB)
				*n_stack_bytes += at[3] & 0x7f;
			return passable[row].n_bytes;
		}
	return 0;
}

struct x86_entry x86_entry(const uint8_t *at, size_t n)
{
	struct x86_entry e = { 0, 0, 0 };
	size_t n_passed;

	while (!is_cheap(at + e.offset, n - e.offset)) {
		n_passed = pass(at + e.offset, n - e.offset, &e.n_stack_bytes);
		if (n_passed == 0)
			return (struct x86_entry){ 0, 0, 0 };
		e.offset += (uint32_t)n_passed;
	}
	e.is_cheap = 1;
	return e;
}
