/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that come piece by piece: what is used adds up, and it ends. */
#include "parsers/prof_json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	struct prof_json_parser p = { 0 };
	struct prof_json_record record;
	struct parse_fault fault;
	size_t end = n ? at[0] * n / 255 : 0, n_used, i = 0, n_calls = 0;

	for (enum parse_result r = PARSE_OK; r != PARSE_END; i += n_used) {
		r = prof_json_next(&p, (const char *)at + i, end - i, end == n, &record, &n_used, &fault);
		if (n_used > end - i || p.offset != i + n_used || n_calls++ > 2 * n + 4 ||
		    (r == PARSE_MORE && end == n))
			abort();
		end = r != PARSE_MORE ? end : end + 61 < n ? end + 61 : n;
	}
	return 0;
}
