/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_TARGET_H
#define BPF_TARGET_H

#include <linux/types.h>

enum {
	TARGETS_MAX = 4096, /* processes that are followed at once */
};

struct target {
	__u64 start_ns; /* CLOCK_BOOTTIME; 0: it was there before us */
	__u32 is_over;
	__u32 reserved;
};

_Static_assert(sizeof(struct target) == 16, "the layout that both compilers see");

#endif
