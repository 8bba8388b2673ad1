/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_SCHED_H
#define BPF_SCHED_H

/* What sched.bpf.c counts and collectors/sched reads. */

#include "bpf/hist.h"
#include "bpf/target.h"

enum {
	SCHED_PROCESSES_MAX = 512,
};

/* By thread group id. */
struct sched_process {
	__u64 n_voluntary; /* switches away to wait for something */
	__u64 n_involuntary;
	__u64 n_migrations;
	struct hist on_cpu;    /* from switched to until switched away */
	struct hist off_cpu;   /* from switched away to wait until switched to */
	struct hist run_delay; /* from able to run until switched to */
};

_Static_assert(sizeof(struct sched_process) == 24 + 3 * sizeof(struct hist), "the layout that both compilers see");

enum sched_loss {
	SCHED_LOST_PROCESSES,
	SCHED_LOST_THREADS,  /* no storage for a thread */
	SCHED_LOST_SWITCHES, /* a thread went that was not seen to come: some kernels run no programs in some tasks */
	SCHED_LOST_COUNT,
};

#endif
