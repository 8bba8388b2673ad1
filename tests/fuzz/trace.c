/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: what is used adds up to what there was, and offsets never leave it. */
#include "parsers/trace.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	struct trace_parser p = { 0 };
	struct trace_line line;
	struct parse_fault fault;
	size_t used = 0, n_used;
	enum parse_result r;

	while ((r = trace_next(&p, (const char *)at + used, n - used, 1, &line, &n_used, &fault)) != PARSE_END) {
		used += n_used;
		if (!n_used || used > n || p.offset != used || (r == PARSE_BAD && fault.offset > n))
			abort();
	}
	return used == n ? 0 : (abort(), 1);
}
