/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of ghc-stack-profiler: items end with their message, and texts lie within it. */
#include "parsers/call_stack.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	struct call_stack_message m;
	struct call_stack_item item;
	uint32_t n_items = 0;

	if (call_stack_message(at, n, &m) != PARSE_OK)
		return 0;
	if (m.what == CALL_STACK_STRING && m.text.at + m.text.n > (const char *)at + n)
		abort();
	while (call_stack_next(&m, &item) == PARSE_OK)
		n_items++;
	return n_items * 9 <= n ? 0 : (abort(), 1);
}
