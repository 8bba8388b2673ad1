/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HSPROF_ACCOUNT_H
#define HSPROF_ACCOUNT_H

/* What the kernel's scheduler says of the CPU time of the processes that are sampled: the profile's own time can be
 * held against it. */

#include <stdint.h>

/* CPU time of a process so far, and of its children that have ended and that it has waited for, to a clock tick. 0, or
 * -ESRCH: it is gone. Source: proc(5), /proc/PID/stat. */
int account_cpu_ns(uint32_t tgid, int64_t *ret);

#endif
