/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_RTS_H
#define BPF_RTS_H

/* What the probes in GHC's run-time system say to user space. Times are CLOCK_MONOTONIC. */

#include <linux/types.h>

enum rts_event_kind {
	RTS_COLLECTION = 1, /* stat_startGCSync, stat_startGC, stat_endGC */
	RTS_CONCURRENT,     /* the non-moving collector beside the program */
	RTS_SYNC,           /* its last halt of the program */
};

enum {
	RTS_RING_BYTES = 512 * 1024, /* 6,553 events between two polls */
	RTS_PROCESSES_MAX = 256,
};

struct rts_event {
	__u64 asked_ns; /* when the halt was asked for; 0: not known */
	__u64 start_ns;
	__u64 end_ns;
	__u64 live_words; /* as the run-time system counts: words of 8 bytes */
	__u64 copied_words;
	__u64 slop_words;
	__u32 process;
	__u32 thread;
	__u32 generation;
	__u32 n_threads; /* that took part; 0: not known */
	__u32 kind;
	__u32 reserved;
};

_Static_assert(sizeof(struct rts_event) == 72, "the layout that both compilers see");

#endif
