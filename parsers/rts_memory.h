/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_RTS_MEMORY_H
#define PARSERS_RTS_MEMORY_H

/* The run-time system's own statistics as they lie in a process: its variable `stats`, a struct RTSStats
 * (rts/include/RtsAPI.h), on a 64-bit little-endian machine.
 *
 *     offset  0 u32 gcs, u32 major_gcs
 *             8 u64 allocated, max_live, max_large, max_compact, max_slop, max_mem_in_use, cumulative_live, copied,
 *               par_copied, cumulative_par_max_copied, cumulative_par_balanced_copied
 *            96 i64 init_cpu, init_elapsed, mutator_cpu, mutator_elapsed, gc_cpu, gc_elapsed, cpu, elapsed
 *           160 u32 gen, threads; u64 allocated, live, large, compact, slop, mem_in_use, copied …      the last one
 *
 * The layout up to there has been the same since GHC 8.6; what is behind it tells them apart by the size of the whole:
 *
 *     bytes  GHC                  behind the last collection's copied bytes      source
 *     320    8.6 to 8.10.1        no times of the non-moving collector           ghc/ghc includes/RtsAPI.h, by reading
 *     400    8.10.2 to 9.0        10 such times                                  the same; 9.0.2 by running
 *     368    after that           3 counters of work in place of 7               rts/include/RtsAPI.h, by reading
 *     376    up to 2026           the same, and bytes lost to fragmentation      the same; 9.6.6, 9.10.3 by running
 *
 * 8.2 and 8.4 have fewer fields before (no par_balanced, no init_*) and fewer than 312 bytes. The times stay 0 unless
 * the program collects statistics (-T, -s, -S, -t).
 */

#include "parsers/result.h"

enum {
	RTS_MEMORY_HEAD_BYTES = 224,
	RTS_MEMORY_SIZE_MIN = 312, /* of the whole struct, that can be one with this head at all */
	RTS_MEMORY_SIZE_MAX = 512,
	RTS_MEMORY_GENERATIONS_MAX = 32,
	RTS_MEMORY_THREADS_MAX = 4096,
};

struct rts_memory {
	uint32_t gcs, major_gcs;
	uint64_t allocated_bytes; /* as of the last collection, as all of these */
	uint64_t max_live_bytes, max_large_bytes, max_compact_bytes, max_slop_bytes, max_mem_bytes;
	uint64_t cumulative_live_bytes, copied_bytes, par_copied_bytes, par_max_copied_bytes, par_balanced_copied_bytes;
	int64_t init_cpu_ns, init_elapsed_ns, mutator_cpu_ns, mutator_elapsed_ns, gc_cpu_ns, gc_elapsed_ns, cpu_ns,
		elapsed_ns;
	uint32_t last_generation, last_threads;
	uint64_t last_allocated_bytes, last_live_bytes, last_large_bytes, last_compact_bytes, last_slop_bytes;
};

/* Whether somebody has looked at a struct of this size. */
int rts_memory_is_known(uint64_t n_bytes);

/* PARSE_OK; PARSE_MORE: fewer than RTS_MEMORY_HEAD_BYTES; PARSE_BAD: what no run-time system says of itself, so the
 * layout is another one (`rts_memory.layout`). */
enum parse_result rts_memory(const uint8_t *at, size_t n, struct rts_memory *ret, struct parse_fault *ret_fault);

#endif
