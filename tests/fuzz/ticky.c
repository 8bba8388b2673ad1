/* SPDX-License-Identifier: Apache-2.0 */
/* Ticky reports: what is used adds up to what there was, and names end within it. */
#include "parsers/ticky.h"

#include <stdlib.h>
int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	struct ticky_parser p = { 0 };
	struct ticky_record rec;
	struct parse_fault fault;
	size_t used = 0, n_used;
	enum parse_result r;

	while ((r = ticky_next(&p, (const char *)at + used, n - used, 1, &rec, &n_used, &fault)) != PARSE_END) {
		used += n_used;
		if (!n_used || used > n || p.offset != used)
			abort();
		if (r == PARSE_OK && rec.what == TICKY_ROW &&
		    rec.row.name.at + rec.row.name.n > (const char *)at + used)
			abort();
	}
	return used == n ? 0 : (abort(), 1);
}
