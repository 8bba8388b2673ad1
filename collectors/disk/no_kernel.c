/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "disk.h"

int disk_kernel_open(struct live *l, int has_all_syncs, struct disk_kernel **ret, char why[LIVE_WHY_MAX])
{
	*ret = NULL;
	(void)snprintf(why, LIVE_WHY_MAX, "this weir was built without eBPF (-Dbpf=disabled)");
	return -ENOSYS;
}

void disk_kernel_poll(struct disk_kernel *k, struct disk_devices *d, struct live *l)
{
}

void disk_kernel_close(struct disk_kernel *k)
{
}
