/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of sampler.c where weir is built without eBPF. */
#include "collectors/hsprof/sampler.h"

#include <errno.h>
#include <stdio.h>

int sampler_open(uint32_t root, uint32_t frequency, uint64_t ring_bytes, struct sampler **ret,
                 char why[SAMPLER_WHY_MAX])
{
	(void)snprintf(why, SAMPLER_WHY_MAX, "this weir was built without eBPF");
	*ret = NULL;
	return -ENOSYS;
}

void sampler_close(struct sampler *s)
{
}

int sampler_set_image(struct sampler *s, const struct hsprof_image_key *key, const struct hsprof_image *image)
{
	return 0;
}

int sampler_drain(struct sampler *s, int (*take)(struct weir_instance *i, const struct hsprof_sample *sample),
                  struct weir_instance *i)
{
	return 0;
}

int sampler_has_targets(struct sampler *s)
{
	return 0;
}

int sampler_next_target(struct sampler *s, uint32_t *tgid)
{
	return 0;
}

struct sampler_counts sampler_counts(const struct sampler *s)
{
	return (struct sampler_counts){ .n_ring_bytes = 1 };
}
