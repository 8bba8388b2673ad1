/* SPDX-License-Identifier: Apache-2.0 */
/* Ordering records: as many come out as went in, sorted but for those counted as late, and all cells come back. */
#include "parsers/eventlog_order.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	struct eventlog_order_cell cells[24];
	struct eventlog_order_queue queues[4];
	struct eventlog_order o;
	struct eventlog_event e;
	uint64_t n_in = 0, n_out = 0, n_back = 0, high = 0;
	uint8_t room[256];
	uint32_t queue;

	eventlog_order_init(&o, cells, 24, queues, 4);
	for (size_t i = 0; i + 2 <= n || o.n_heap; i += 2) {
		e = (struct eventlog_event){ .time_ns = i < n ? at[i] : 0,
			                     .payload = at,
			                     .n_payload = i + 2 <= n ? at[i + 1] : 0 };
		if (i + 2 <= n && e.n_payload <= n)
			n_in += (uint64_t)eventlog_order_put(&o, at[i] & 3, &e);
		if ((i + 2 > n || at[i + 1] & 1) &&
		    eventlog_order_take(&o, UINT64_MAX, room, sizeof(room), &e, &queue)) {
			n_back += e.time_ns < high;
			high = e.time_ns > high ? e.time_ns : high;
			n_out++;
		}
	}
	return n_in == n_out && n_back <= o.n_late && o.n_free == 24 ? 0 : (abort(), 1);
}
