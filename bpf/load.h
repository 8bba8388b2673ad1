/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_LOAD_H
#define BPF_LOAD_H

/* What collectors that load BPF share: libbpf's words kept apart for each of them and a plain sentence for why
 * something could not be had.
 *
 * It finds out by doing, never by a kernel's version. Threading: libbpf has one print function a process; the log that
 * it fills is the calling thread's.
 */

#include <bpf/libbpf.h>
#include <stddef.h>

enum {
	LOAD_LOG_MAX = 2048,
	LOAD_WHY_MAX = 256,
	LOAD_MISSING_MAX = 512,
};

/* libbpf's last words at level warning, newest at the end, old ones cut off at the front. */
struct load_log {
	char text[LOAD_LOG_MAX];
	size_t n;
};

/* From now on what libbpf says on this thread goes there and not to stderr; NULL: nowhere. */
void load_listen(struct load_log *log);

enum load_phase {
	LOAD_OPEN,
	LOAD_LOAD,
	LOAD_ATTACH,
};

/* Programs of an object whose tracepoint or function this kernel hasn't are left out, so that each costs only its own
 * metrics. missing: their hooks' names, separated by `, `; empty when all are there. 0, or -errno: this kernel's types
 * cannot be read at all (-ENOENT: it has none). */
int load_leave_out(struct bpf_object *object, char missing[LOAD_MISSING_MAX]);

/* Why what could not be had: a sentence's end, from the result of the libbpf call that failed and what libbpf said. */
void load_why(enum load_phase phase, int result, const struct load_log *log, char why[LOAD_WHY_MAX]);

#endif
