/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_DISK_H
#define BPF_DISK_H

/* What disk.bpf.c counts and collectors/disk reads. All of it only grows. */

#include "bpf/hist.h"
#include "bpf/target.h"

enum {
	DISK_DEVICES_MAX = 128,    /* devices times directions */
	DISK_PROCESSES_MAX = 2048, /* processes times devices times directions, times the processors that they ran on */
	DISK_FILES_MAX = 2048,     /* processes times the processors that they ran on */
	DISK_MINOR_BITS = 20,      /* of a device's number as the kernel keeps it */
};

/* The kernel's enum req_op, stable since 2.6.36 for those that we name. */
enum {
	DISK_OP_READ = 0,
	DISK_OP_WRITE = 1,
	DISK_OP_FLUSH = 2,
	DISK_OP_DISCARD = 3,
	DISK_OP_MASK = 0xff,
};

struct disk_device_key {
	__u32 device;
	__u32 op;
};

/* What a device did; in the map of devices, for those that have no owner. */
struct disk_device {
	__u64 n_bytes;
	__u64 n_operations;
	__u64 n_requeues;
	__u64 n_unstamped; /* completed, but when it was issued nobody knows */
	struct hist latency;
	struct hist queue;
};

_Static_assert(sizeof(struct disk_device) == 32 + 2 * sizeof(struct hist), "the layout that both compilers see");

/* Entries of processes are made for each processor that counts for them, as it does: see struct sched_key. What a
 * device did for a process is counted there alone, so all that it did is the sum of both maps. */
struct disk_process_key {
	__u32 tgid;
	__u32 device;
	__u32 op;
	__u32 cpu;
};

struct disk_process {
	__u64 n_bytes; /* as submitted */
	__u64 n_operations;
	__u64 reserved[2];
	struct disk_device done;
};

_Static_assert(sizeof(struct disk_process) == 32 + sizeof(struct disk_device), "the layout that both compilers see");

struct disk_files_key {
	__u32 tgid;
	__u32 cpu;
};

struct disk_files {
	__u64 n_dirtied_bytes; /* of pages that became dirty */
	__u64 n_requested;     /* pages that reads asked the page cache for */
	__u64 n_added;         /* pages that reads, writes and faults brought into it */
	__u64 n_faults;        /* mapped pages that were not where a neighbour's fault had put them */
	struct hist fsync;
	struct hist fdatasync;
};

_Static_assert(sizeof(struct disk_files) == 32 + 2 * sizeof(struct hist), "the layout that both compilers see");

/* What could not be counted. */
enum disk_loss {
	DISK_LOST_DEVICES, /* a completion whose device found no room */
	DISK_LOST_PROCESSES,
	DISK_LOST_FILES,
	DISK_LOST_MEMORY, /* any of them for which the kernel had no memory at that moment */
	DISK_LOST_SYNCS,  /* no storage for a thread that synchronises */
	DISK_LOST_OWNERS, /* a request that was forgotten before it completed, because another took its place: untimed
	                   */
	DISK_LOST_COUNT,
};

#endif
