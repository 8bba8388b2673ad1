/* SPDX-License-Identifier: Apache-2.0 */
/* Eventlogs and their recovery: what is used adds up, and payloads never leave the input (or what was repaired). */
#include "parsers/eventlog_fields.h"
#include "parsers/eventlog_recovery.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	static struct eventlog s;
	static struct eventlog_recovery recovery;
	static struct eventlog_batch b;
	struct parse_fault fault;
	struct eventlog_values v;
	struct eventlog_gap gap;
	size_t used = 0;

	eventlog_init(&s);
	recovery = (struct eventlog_recovery){ 0 };
	for (;;) {
		enum parse_result r = eventlog_read(&s, at + used, n - used, 1, &b, &fault);

		if (r == PARSE_BAD)
			r = eventlog_recover(&recovery, &s, at + used, n - used, 1, &fault, &b, &gap);
		used += b.n_used;
		if (used > n || s.offset != used || b.n > EVENTLOG_BATCH_MAX)
			abort();
		for (size_t i = 0; i < b.n; i++)
			(void)eventlog_values(&b.events[i], &v);
		if (r != PARSE_OK && !(r == PARSE_END && b.n_used))
			return 0;
	}
}
