/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	struct prof_parser p = { 0 };
	struct prof_record record;
	struct parse_fault fault;
	size_t end = n ? at[0] * n / 255 : 0, i = 0, n_used;

	for (uint64_t n_left = 2 * n + 4;; i += n_used) {
		enum parse_result r = prof_next(&p, (const char *)at + i, end - i, end == n, &record, &n_used, &fault);

		if ((r == PARSE_END && end == n) || (r == PARSE_MORE && end++ == n))
			return 0;
		if (n_used > end - i || p.offset != i + n_used || n_left-- == 0)
			abort();
	}
}
