/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "net.h"

int net_kernel_open(struct live *l, enum net_means means, struct net_kernel **ret, char why[LIVE_WHY_MAX])
{
	*ret = NULL;
	(void)snprintf(why, LIVE_WHY_MAX, "this weir was built without eBPF (-Dbpf=disabled)");
	return -ENOSYS;
}

void net_kernel_poll(struct net_kernel *k, struct live *l)
{
}

void net_kernel_close(struct net_kernel *k)
{
}
