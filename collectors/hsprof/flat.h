/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HSPROF_FLAT_H
#define HSPROF_FLAT_H

/* Sampling without a program in the kernel, and without privilege where the kernel lets a user measure the user's own
 * processes (kernel.perf_event_paranoid up to 2): only where a process is, never in the kernel, no stacks. Processes
 * are followed across forks by the kernel; those of a tree that was there before are looked up once. Not thread-safe.
 */

#include <weir/host.h>

#include "bpf/hsprof.h"

enum {
	FLAT_EVENTS_MAX = 4096, /* threads at the start times processors */
	FLAT_WHY_MAX = 256,
};

struct flat;
struct weir_instance;

/* root 0: this process, to see whether it works. < 0: why[] is a sentence's end that says what it takes. */
int flat_open(uint32_t root, uint32_t frequency, struct flat **ret, char why[FLAT_WHY_MAX]);
void flat_close(struct flat *f); /* NULL is fine */

/* As sampler_drain(); the samples have no frames. */
int flat_drain(struct flat *f, int (*take)(struct weir_instance *i, const struct hsprof_sample *sample),
               struct weir_instance *i);
/* Whether the root still runs. */
int flat_has_targets(struct flat *f);
/* Samples that found no room, so far. */
uint64_t flat_lost(const struct flat *f);

#endif
