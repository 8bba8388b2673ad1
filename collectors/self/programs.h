/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SELF_PROGRAMS_H
#define SELF_PROGRAMS_H

/* The BPF programs and maps that a worker has descriptors of, as /proc/PID/fdinfo shows them. A worker that measures
 * can make no more of them, and soon belongs to another user; so they are looked for once, while we have rights, and
 * held by descriptors of our own. Without CAP_SYS_ADMIN, which that takes, they are read where they are found for as
 * long as the kernel lets us.
 *
 * What a program costs it counts itself in a map (bpf/runs.h), or the kernel does, where somebody has switched that on.
 */

#include <stdint.h>
#include <sys/types.h>

#include "bpf/runs.h"

enum {
	PROGRAMS_MAX = 64,      /* of one worker; as many maps */
	PROGRAMS_NAME_MAX = 24, /* BPF_OBJ_NAME_LEN, or a tag of 16 digits */
};

/* A program or a map. */
struct programs_object {
	uint64_t id;
	uint64_t n_runs, time_ns;     /* as programs_count() found them */
	int fd;                       /* ours; -1: there is none */
	int number;                   /* of the worker's descriptor */
	char name[PROGRAMS_NAME_MAX]; /* of a program; its tag where the name is not to be had */
};

struct programs {
	pid_t worker;
	struct programs_object at[PROGRAMS_MAX], maps[PROGRAMS_MAX];
	uint32_t n, n_maps;
	uint64_t code_bytes; /* of kernel memory */
	int counts_fd;       /* among those of maps; -1: there is none */
};

/* 0, or -EACCES: they may not be looked at. To be released. */
int programs_find(pid_t worker, struct programs *ret);
void programs_release(struct programs *p);

/* 0, or -errno: why nobody's may be held. */
int programs_may_be_held(void);
/* Of the machine, those that may yet come included: so many parts the kernel writes for programs_count(). 0: this
 * system doesn't say. */
uint32_t programs_processors(void);

/* Reads what they have counted themselves. room: of one struct runs for each processor. 0, or -errno; -ENOENT: they do
 * not count. */
int programs_count(struct programs *p, struct runs *room, uint32_t n_processors);
/* What program i has cost since it was loaded, as the kernel counts it: nothing while nobody has switched that on. 0,
 * or -errno. */
int programs_cost(const struct programs *p, uint32_t i, uint64_t *ret_ns, uint64_t *ret_runs);
/* Kernel memory of all of them and of the maps. */
uint64_t programs_memory(const struct programs *p);

#endif
