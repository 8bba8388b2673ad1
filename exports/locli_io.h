/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_LOCLI_IO_H
#define EXPORTS_LOCLI_IO_H

/* What the fields of a node's `Resources` that it doesn't measure itself (facts of the node's source: NetRd and NetWr
 * are compiled out, CentiBlkIO reads the wrong field of /proc) would have said, from what a store has of the node:
 *
 *     NetRd, NetWr   process.network.io, direction receive and transmit, bytes
 *     CentiBlkIO     process.disk.wait, in hundredths of a second; where nobody measured it, how long the process's own
 *                    reads took, in queue and device (process.disk.queue_time and process.disk.latency): what it
 *                    waited when it read one thing after the other
 *
 * Of several collectors that measured the same, the one with the most samples counts. Counters of one collector (a
 * process each, or a peer) are added up. Between samples values are interpolated; before the first and after the last
 * they stand still, as the format has no word for what is not known: only differences count there, and those are 0.
 */

#include <stdint.h>
#include <weir/host.h>

struct store;
struct locli_io;

enum {
	LOCLI_IO_NET_READ,
	LOCLI_IO_NET_WRITE,
	LOCLI_IO_BLOCK_WAIT,
	LOCLI_IO_FIELDS,
};

/* *ret is NULL where the store has nothing of these. */
int locli_io_load(struct store *s, const char *run, const char *node, struct locli_io **ret, struct weir_error *reterr);
void locli_io_free(struct locli_io *io); /* NULL is fine */

/* Whether the waits are those of reads, as said above. */
int locli_io_has_read_times(const struct locli_io *io);
/* Whether a field was measured at all. */
int locli_io_has(const struct locli_io *io, int field);
/* Whether it was being measured at that time. */
int locli_io_covers(const struct locli_io *io, int field, int64_t time_ns);
/* Its value then, in the field's unit. */
uint64_t locli_io_at(const struct locli_io *io, int field, int64_t time_ns);

#endif
