/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HSPROF_SAMPLER_H
#define HSPROF_SAMPLER_H

/* The half that needs privilege: the program in the kernel, the timers that run it, the processes that it follows. It
 * hands out samples as they came. Not thread-safe.
 */

#include <weir/host.h>

#include "bpf/hsprof.h"

enum {
	SAMPLER_WHY_MAX = 256,
};

struct sampler;
struct weir_instance;

/* Samples root's process tree at `frequency` a second on each processor. root 0: nobody, to see whether it works.
 * ring_bytes: room for samples between two drains. < 0: why[] is a sentence's end that says what it takes. -ENOSYS:
 * this weir was built without eBPF. */
int sampler_open(uint32_t root, uint32_t frequency, uint64_t ring_bytes, struct sampler **ret,
                 char why[SAMPLER_WHY_MAX]);
void sampler_close(struct sampler *s); /* NULL is fine */

/* From now on programs of that size of code are walked so. -E2BIG: there are too many. */
int sampler_set_image(struct sampler *s, const struct hsprof_image_key *key, const struct hsprof_image *image);

/* All samples that have come: how many, or what `take` returned when it was < 0. */
int sampler_drain(struct sampler *s, int (*take)(struct weir_instance *i, const struct hsprof_sample *sample),
                  struct weir_instance *i);

/* Whether any process is left to be sampled; those that have ended are no longer followed. */
int sampler_has_targets(struct sampler *s);

/* The process that is followed after *tgid, 0: the first. 1, or 0 when there is none. */
int sampler_next_target(struct sampler *s, uint32_t *tgid);

struct sampler_counts {
	uint64_t n_lost;         /* the ring was full */
	uint64_t n_lost_targets; /* processes that could not be followed */
	uint64_t n_most_bytes, n_ring_bytes;
};

struct sampler_counts sampler_counts(const struct sampler *s);

#endif
