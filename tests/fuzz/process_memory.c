/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of a process: lines of its maps lie within it, a probe too, and statistics are not read by halves. */
#include "parsers/process_map.h"
#include "parsers/rts_memory.h"
#include "parsers/x86_entry.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	const char *text = (const char *)at, *end = text + n;
	struct process_map map = { 0 };
	struct rts_memory stats;
	struct parse_fault fault;

	for (size_t n_used = 0; process_map_next(text, (size_t)(end - text), &map, &n_used) != PARSE_MORE && text < end;
	     text += n_used)
		if (!n_used || n_used > (size_t)(end - text) || map.path.at + map.path.n > end)
			abort();
	if (x86_entry(at, n).offset > n || (rts_memory(at, n, &stats, &fault) == PARSE_OK && n < RTS_MEMORY_HEAD_BYTES))
		abort();
	return 0;
}
