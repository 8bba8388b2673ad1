/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COLLECTORS_SCHED_WORK_H
#define COLLECTORS_SCHED_WORK_H

/* What the watched processes of the sched collector's tests do with their processors, and by how much accounts of that
 * may differ. */

#include "tests/collectors/watch.h"

enum {
	SCHED_SLEEP_US = 1000,
	SCHED_SPIN_MS = 300,
	SCHED_MS_NS = 1000000,
};

/* ---- In the watched process ---- */

void *sched_spin(void *what); /* for SCHED_SPIN_MS */
/* The same, with a child on the same processor that does it too. What: NULL, or where to say what processor time it
 * took by its own clock, an int64_t of nanoseconds: on a busy machine, little. */
void sched_compete(void *what);

/* ---- In the test ---- */

/* On some virtual machines no BPF program runs in a certain process: what is switched from it is not seen, but
 * accounted all the same. So nothing is ever lost of what there is room for: it fails where something is. */
struct watched sched_watch(const struct watching *w);

/* By how much the scheduler's clock and ours may run apart: share, or more where the processor's own counter is not to
 * be relied upon, as on emulated ones; there the scheduler guesses from tick to tick. */
double sched_drift(double share);
/* What the hypervisor took from all processors until now. Our clocks go on meanwhile; the scheduler's account of
 * running does not. It is told in ticks, so where it takes anything one more may be missing. */
int64_t sched_stolen_ns(void);
int64_t sched_stolen_since(int64_t before);

#endif
