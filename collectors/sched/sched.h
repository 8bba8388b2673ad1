/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHED_COLLECTOR_H
#define SCHED_COLLECTOR_H

/* The parts of the sched collector. kernel.c times switches through eBPF (no_kernel.c stands in for it where weir is
 * built without); account.c reads /proc/PID/task/TID/schedstat and status, the lowest rung and the independent check.
 */

#include "bpf/live.h"

enum sched_row {
	ROW_ON_CPU,
	ROW_OFF_CPU,
	ROW_RUN_DELAY,
	ROW_SWITCHES,
	ROW_STACKS,
	ROW_MIGRATIONS,
	ROW_FUTEX_WAITS,
	ROW_PAGE_FAULTS,
	ROW_DISK_WAIT,
	ROW_ACCOUNTED_CPU,
	ROW_ACCOUNTED_DELAY,
	ROW_ACCOUNTED_SWITCHES,
	ROW_THREAD_CPU,
	ROW_THREAD_DELAY,
	ROW_THREAD_SLICES,
	ROW_THREAD_SWITCHES,
	ROW_INFERRED,
	ROW_LOST,
	ROW_MAP_FILL,
	ROW_SKEW,
	ROW_COUNT,
};

enum {
	SCHED_THREADS_MAX = 4096,
};

enum {
	SCHED_NAMES = 3,
};

struct sched_names {
	char pid[16], tid[16];
	struct outbox_pair pairs[SCHED_NAMES];
};

/* Of a process, or of one of its threads when tid is not 0, and of what it waited for unless reason is NULL. */
void sched_names(uint32_t tgid, uint32_t tid, const char *reason, struct sched_names *ret);

/* ---- What the kernel accounts to threads ---- */

struct sched_account;

struct sched_account *sched_account_new(void); /* NULL: no memory */
void sched_account_poll(struct sched_account *a, const struct family *family, struct outbox *o);
void sched_account_free(struct sched_account *a); /* NULL is fine */

/* ---- eBPF ---- */

struct sched_kernel;

struct sched_wanted {
	int has_threads;       /* each thread for itself */
	uint64_t long_wait_ns; /* stacks of waits that are as long; 0: none */
};

/* Loads, attaches and finds the threads that are there; the family grows by what has come since it was made, and is
 * who is followed at each poll. 0, or -errno, with why in plain words where there is more to say. */
int sched_kernel_open(struct live *l, const struct sched_wanted *wanted, struct sched_kernel **ret,
                      char why[LIVE_WHY_MAX]);
void sched_kernel_poll(struct sched_kernel *k, struct live *l);
void sched_kernel_close(struct sched_kernel *k); /* NULL is fine */

const char *sched_reason_name(uint32_t reason); /* `futex` */

/* ---- Stacks of long waits: kernel.c's, named and added up here ---- */

struct sched_stacks;
struct sched_long_wait;

/* Reads the kernel's symbols, which may be hidden: then its frames are one. NULL: no memory. */
struct sched_stacks *sched_stacks_new(const struct weir_host *h);
/* Between these two each wait is taken; what is equal is said once, at the end. */
void sched_stacks_begin(struct sched_stacks *s, struct outbox *o);
void sched_stacks_take(struct sched_stacks *s, const struct sched_long_wait *w, int has_threads);
void sched_stacks_end(struct sched_stacks *s);
void sched_stacks_free(struct sched_stacks *s); /* NULL is fine */

#endif
