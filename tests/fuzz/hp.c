/* SPDX-License-Identifier: Apache-2.0 */
/* Heap profiles: what is used adds up to what there was, and texts never leave it. */
#include "parsers/hp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	struct hp_parser p = { 0 };
	struct hp_record rec;
	struct parse_fault fault;
	size_t used = 0, n_used;
	enum parse_result r;

	while ((r = hp_next(&p, (const char *)at + used, n - used, 1, &rec, &n_used, &fault)) != PARSE_END) {
		used += n_used;
		if (!n_used || used > n || p.offset != used ||
		    (r == PARSE_OK && rec.what == HP_BAND && rec.text.at + rec.text.n >= (const char *)at + used))
			abort();
	}
	return used == n ? 0 : (abort(), 1);
}
