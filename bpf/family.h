/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_FAMILY_H
#define BPF_FAMILY_H

/* A process and all that descend from it, from /proc. Who was found once stays in, also when its parent ends first. A
 * process that is over stays for one more look, so that what it left can be read. The caller's memory; one thread. */

#include <stdint.h>

enum {
	FAMILY_MAX = 1024,
};

struct family_member {
	int32_t pid;
	uint32_t is_over;
	uint32_t is_zombie; /* over, and its last figures still stand in /proc */
	uint32_t reserved;
	uint64_t start_ticks; /* tells a new process with an old number */
};

struct family {
	struct family_member at[FAMILY_MAX];
	uint32_t n;
	uint32_t has_lists;  /* of each thread's children, in /proc */
	uint64_t n_left_out; /* for want of room */
};

/* -ESRCH: there is no such process, or it has ended. */
int family_init(struct family *f, int32_t root);
/* Takes out who was over at the last look, marks who is over now, adds new descendants. How many live. */
uint32_t family_look(struct family *f);

/* A file below /proc or /sys as text, at most n - 1 bytes and a NUL. How many bytes, or -errno. */
int family_read(const char *path, char *ret, unsigned n);

#endif
