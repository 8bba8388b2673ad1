/* SPDX-License-Identifier: Apache-2.0 */
/* In place of probes.c where weir is built without eBPF. */
#include "collectors/rts/rts.h"

#include <errno.h>
#include <stdio.h>

int probes_open(const struct runtime *rt, struct probes **ret, char *why, char *remedy)
{
	(void)snprintf(why, RTS_TEXT_MAX, "weir was built without eBPF");
	(void)snprintf(remedy, RTS_TEXT_MAX, "build it with -Dbpf=enabled");
	return -ENOSYS;
}

int probes_drain(struct probes *p, struct runtime *rt, struct pauses *pauses)
{
	return 0;
}

uint64_t probes_lost(const struct probes *p)
{
	return 0;
}

unsigned probes_slow(const struct probes *p)
{
	return 0;
}

void probes_close(struct probes *p)
{
}
