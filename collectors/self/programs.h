/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SELF_PROGRAMS_H
#define SELF_PROGRAMS_H

/* The BPF programs and maps that a worker has descriptors of, as /proc/PID/fdinfo shows them. A worker that measures
 * can make no more of them, and soon belongs to another user; so they are looked for once, while we have rights, and
 * held by descriptors of our own. Without CAP_SYS_ADMIN, which that takes, they are read where they are found for as
 * long as the kernel lets us.
 */

#include <stdint.h>
#include <sys/types.h>

enum {
	PROGRAMS_MAX = 64,      /* of one worker; as many maps */
	PROGRAMS_NAME_MAX = 24, /* BPF_OBJ_NAME_LEN, or a tag of 16 digits */
};

/* A program or a map. */
struct programs_object {
	uint64_t id;
	int fd;                       /* ours; -1: there is none */
	int number;                   /* of the worker's descriptor */
	char name[PROGRAMS_NAME_MAX]; /* of a program; its tag where the name is not to be had */
};

struct programs {
	pid_t worker;
	struct programs_object at[PROGRAMS_MAX], maps[PROGRAMS_MAX];
	uint32_t n, n_maps;
	uint64_t code_bytes; /* of kernel memory */
};

/* 0, or -EACCES: they may not be looked at. To be released. */
int programs_find(pid_t worker, struct programs *ret);
void programs_release(struct programs *p);

/* What program i has cost since it was loaded. 0, or -errno. */
int programs_cost(const struct programs *p, uint32_t i, uint64_t *ret_ns, uint64_t *ret_runs);
/* Kernel memory of all of them and of the maps. */
uint64_t programs_memory(const struct programs *p);

#endif
