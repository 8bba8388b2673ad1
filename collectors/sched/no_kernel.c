/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "sched.h"

int sched_kernel_open(struct live *l, const struct sched_wanted *wanted, struct sched_kernel **ret,
                      char why[LIVE_WHY_MAX])
{
	*ret = NULL;
	(void)snprintf(why, LIVE_WHY_MAX, "this weir was built without eBPF (-Dbpf=disabled)");
	return -ENOSYS;
}

void sched_kernel_poll(struct sched_kernel *k, struct live *l)
{
}

void sched_kernel_close(struct sched_kernel *k)
{
}
