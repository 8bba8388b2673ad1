/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_SCHED_H
#define BPF_SCHED_H

/* What sched.bpf.c counts and collectors/sched reads. All of it only grows. */

#include "bpf/hist.h"
#include "bpf/target.h"

enum {
	SCHED_RUNNERS_MAX =
		2048, /* processes times the processors that they ran on; threads where they are asked for */
	SCHED_RUNNERS_MIN = 1024, /* of processes, on a machine of few processors; memory is taken for all at once */
	SCHED_RUNNERS_A_CPU = 32,
	SCHED_KERNEL_FRAMES_MAX = 40,
	SCHED_USER_FRAMES_MAX = 64,
	SCHED_RING_BYTES = 512 << 10, /* of long waits, some 500 of them */
	SCHED_CALLS_MAX = 512,        /* system calls that have a reason; newer ones have none */
};

/* Why a thread left its processor: from what the kernel knows of it and the system call that it is in. */
enum sched_reason {
	SCHED_REASON_PREEMPTED, /* it could have gone on */
	SCHED_REASON_FUTEX,
	SCHED_REASON_SLEEP,    /* for a time that it chose */
	SCHED_REASON_POLL,     /* for any of several descriptors */
	SCHED_REASON_TRANSFER, /* for the other end of a pipe or a socket */
	SCHED_REASON_CHILD,    /* for a process */
	SCHED_REASON_IO,       /* for storage */
	SCHED_REASON_FAULT,    /* for a page, outside of system calls */
	SCHED_REASON_OTHER,
	SCHED_REASONS,
};

/* An entry for each processor that a process has run on, taken when it does. Its memory is there from the start: of
 * what is allocated in a switch the kernel has a few at hand only, and none for the first switches of hundreds that
 * start at once. A thread is on one processor at a time and has one entry. */
struct sched_key {
	__u32 tgid;
	__u32 tid; /* 0: all threads of the process */
	__u32 cpu; /* 0 for a thread */
};

/* What each switch adds to is one cache line. */
struct sched_runner {
	__u64 n_voluntary; /* times that it left its processor */
	__u64 n_involuntary;
	__u64 n_futex_waits;
	__u64 n_minor_faults;
	__u64 n_major_faults;
	__u64 accounted_cpu_ns; /* by how much the scheduler's own accounts grew, between the same switches */
	__u64 accounted_delay_ns;
	__u64 n_accounted_switches;
	__u64 n_migrations;
	__u64 disk_wait_ns; /* off it for storage, until it could go on */
	__u64 reserved[6];
	struct hist on_cpu;
	struct hist run_delay;
	struct hist waits[SCHED_REASONS];
};

_Static_assert(sizeof(struct sched_runner) == 128 + (2 + SCHED_REASONS) * sizeof(struct hist),
               "the layout that both compilers see");

/* A wait that was as long as asked for, and where it began. */
struct sched_long_wait {
	__u64 duration_ns;
	__u32 tgid;
	__u32 tid;
	__u32 reason;
	__s32 n_kernel_bytes; /* < 0: there is no such stack */
	__s32 n_user_bytes;
	__u32 reserved;
	__u64 kernel[SCHED_KERNEL_FRAMES_MAX]; /* innermost first */
	__u64 user[SCHED_USER_FRAMES_MAX];     /* by frame pointers */
};

_Static_assert(sizeof(struct sched_long_wait) == 32 + 8 * (SCHED_KERNEL_FRAMES_MAX + SCHED_USER_FRAMES_MAX),
               "the layout that both compilers see");

/* What could not be counted. */
enum sched_loss {
	SCHED_LOST_THREADS, /* no storage for a thread: none of what it does is seen */
	SCHED_LOST_RUNNERS, /* a switch whose process or thread found no room in the map */
	SCHED_LOST_MEMORY,  /* a switch for which the kernel gave no place, though there was room */
	SCHED_LOST_STACKS,  /* a long wait that found no room in the ring */
	SCHED_LOST_COUNT,
};

#endif
