/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_KERNEL_TYPES_H
#define BPF_KERNEL_TYPES_H

/* What we touch of the kernel's own types, and nothing else. Each program is fitted to the running kernel when it is
 * loaded (CO-RE), so only names and types of fields count here, not their places. A field that came, went or moved
 * stands under its commit; `___` and what follows is not part of a type's name. Include before bpf_tracing.h.
 */

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_io_accounting {
	__u64 read_bytes;
	__u64 write_bytes;
	__u64 cancelled_write_bytes;
};

struct atomic {
	int counter;
};

struct signal_struct {
	struct atomic live;
	struct task_io_accounting ioac;
};

struct task_struct {
	__u32 __state; /* 5.14 (2f064a59a1), before it: state */
	int pid;
	int tgid;
	__u64 start_boottime; /* 5.5 (cf25e24db61c) */
	struct signal_struct *signal;
	struct task_io_accounting ioac;
};

struct gendisk {
	int major;
	int first_minor;
};

struct request_queue {
	struct gendisk *disk; /* 5.15 (d152c682f03c); before it only the request knew */
};

struct request {
	struct request_queue *q;
	__u32 cmd_flags;
	__u32 __data_len;
	struct bio *bio;
	__u64 start_time_ns;
	__u64 io_start_time_ns;
};

/* Until 5.17 (f3fa33acca9f). */
struct request___with_disk {
	struct gendisk *rq_disk;
};

#pragma clang attribute pop

/* linux/dev_t: a device's number as user space's makedev() doesn't write it. */
enum {
	DEVICE_MINOR_BITS = 20,
};

#endif
