/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_LIVE_H
#define BPF_LIVE_H

/* What every live collector says to its host in the same words. */

#include <weir/host.h>

/* A way to measure; a collector's table has the best first. */
struct live_rung {
	const char *name;   /* `tp_btf`, `procfs` */
	const char *means;  /* how it measures */
	const char *loses;  /* what is not had that the best one has; empty: nothing */
	const char *remedy; /* what would make it work where it does not; empty: nothing */
};

/* The process to measure; 0: the host names none; < 0: what it names is no number. */
int64_t live_target(const struct weir_host *h);

/* How a rung fared: call for each, best first, until one works. why_not: a sentence, when it does not. */
void live_tell_rung(const struct weir_host *h, const struct live_rung *rung, int works, const char *why_not);

/* Times are the host's at each poll. */
int live_clock(const struct weir_host *h);

#endif
