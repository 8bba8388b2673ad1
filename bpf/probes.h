/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_PROBES_H
#define BPF_PROBES_H

/* The programs of one collector, from loading to unloading, and the processes that they follow (bpf/target.bpf.h). The
 * order is probes_open, what the collector chooses of them, probes_load, probes_follow; then polls; probes_close at any
 * time. The caller's memory; one thread. */

#include "bpf/live.h"
#include "bpf/load.h"
#include "bpf/target.h"

struct probes {
	struct bpf_object *object;
	struct load_links links;
	struct load_log log;
	char missing[LOAD_MISSING_MAX]; /* hooks that this kernel has not, separated by `, `; their programs are out */
	unsigned n_cpus;                /* copies of a value in a per-CPU map */
	void *rodata, *data, *bss;      /* the object's variables; the first until it is loaded, the others since then */
	int targets, members;           /* the maps; < 0: it has none */
	uint32_t n_targets;             /* at the last look, and who: */
	uint32_t tgids[TARGETS_MAX];
	struct target found[TARGETS_MAX];
	uint32_t over[TARGETS_MAX]; /* processes that had ended at the look before it */
	uint32_t n_over;
};

/* Of a skeleton's bytes. 0, or -errno with why; then only probes_close is left. */
int probes_open(struct probes *p, const void *bytes, size_t n_bytes, char why[LOAD_WHY_MAX]);
/* Whether all of these programs' hooks are there: -ENOTSUP with why when not. */
int probes_need(const struct probes *p, const char *const *programs, unsigned n, char why[LOAD_WHY_MAX]);
int probes_has(const struct probes *p, const char *program);
void probes_choose(const struct probes *p, const char *program, int is_wanted);
/* Loads and attaches what was not left out. */
int probes_load(struct probes *p, char why[LOAD_WHY_MAX]);
void probes_close(struct probes *p);

int probes_map(const struct probes *p, const char *name); /* a descriptor; < 0: there is none */

/* All of a family, which grows by what it started since it was made; who is followed already stays so. Who forks from
 * now on is seen, and who ends. */
int probes_follow(const struct probes *p, struct family *family);
/* Who is followed now is the family from then on, and nobody is looked for in /proc. It comes first in a poll: of who
 * lives no more, what is read after it is all. */
void probes_look(struct probes *p, struct live *l);
/* Whether a process has ended, or was let go after it had. */
int probes_is_over(const struct probes *p, uint32_t tgid);
/* Processes that had ended at the look before the last are let go; those in `ret` are to be forgotten now. What a
 * process started may end after it, so it stays for one poll more than it lives. How many, at most TARGETS_MAX. */
uint32_t probes_let_go(struct probes *p, uint32_t ret[TARGETS_MAX]);

#endif
