/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of the run-time system: what is used adds up to what there was, and readings stay within their array. */
#include "parsers/rts_stats.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	struct rts_stats_parser p = { 0 };
	struct rts_stats_record rec;
	struct parse_fault fault;
	size_t used = 0, n_used;
	enum parse_result r;

	while ((r = rts_stats_next(&p, (const char *)at + used, n - used, 1, &rec, &n_used, &fault)) != PARSE_END) {
		used += n_used;
		if (!n_used || used > n || p.offset != used || rec.n_readings > RTS_STATS_READINGS_MAX)
			abort();
	}
	return used == n ? 0 : (abort(), 1);
}
