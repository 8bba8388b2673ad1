/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_SANDBOX_H
#define PLUGINS_SANDBOX_H

/* What a child of the host gives up, in two steps, because loading a collector needs a little more than running one.
 *
 *     sandbox_enter   before the collector is loaded: no new privileges, no capabilities, limits on memory and
 *                     files; nothing can be written, run, or reached by network
 *     sandbox_seal    after it: nothing can be opened either, and only a short list of system calls is left; any other
 *                     raises SIGSYS, whose handler can name it
 *
 * A collector that measures a live system has the caller's rights until it is open:
 *
 *     sandbox_enter_live   before it is loaded: limits only
 *     sandbox_seal_live    after open(): it becomes the user whose process it measures (when it may), without
 *                          capabilities, and keeps what it has open; beside that it can look at BPF maps and open
 *                          files for reading
 *
 * Both act on the calling thread and on those that it starts later.
 * What a kernel cannot do is skipped and named, never silently.
 *
 * Sanitizers need huge address spaces, and read /proc/self/maps when a signal handler is left or a report is written:
 * builds with them have no RLIMIT_AS, and files may still be read after sandbox_seal(). The rest holds.
 */

#include <weir/host.h>

struct sandbox {
	uint64_t memory_max; /* bytes of address space more than there is now; 0: no limit */
	char missing[256];   /* out: what this kernel could not do, or empty */
};

int sandbox_enter(struct sandbox *s, struct weir_error *reterr);
int sandbox_seal(const struct sandbox *s, struct weir_error *reterr);
/* A second thread, while the first is between its two steps. */
int sandbox_seal_thread(const struct sandbox *s, struct weir_error *reterr);

int sandbox_enter_live(struct sandbox *s, struct weir_error *reterr);
/* target: a process, 0: none. The kernel shows /proc/PID/io and the like only to who has all of that process' rights: of
 * a target with capabilities CAP_SYS_PTRACE is kept, with no system call left that could trace or write. */
int sandbox_seal_live(const struct sandbox *s, int target, struct weir_error *reterr);

#endif
