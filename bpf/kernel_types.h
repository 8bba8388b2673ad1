/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_KERNEL_TYPES_H
#define BPF_KERNEL_TYPES_H

/* What we touch of the kernel's own types, and nothing else. Each program is fitted to the running kernel when it is
 * loaded (CO-RE), so only names and types of fields count here, not their places. A field that came, went or moved
 * stands under its commit or release; `___` and what follows is not part of a type's name. Include before
 * bpf_tracing.h.
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

struct rq {
	__u64 clock;
};

/* The way to it is there with CONFIG_FAIR_GROUP_SCHED. */
struct cfs_rq {
	struct rq *rq;
};

struct sched_entity {
	__u64 sum_exec_runtime;
	struct cfs_rq *cfs_rq;
};

/* Empty without CONFIG_SCHED_INFO. */
struct sched_info {
	unsigned long long run_delay;
	unsigned long long last_arrival;
};

struct task_struct {
	__u32 __state; /* 5.14 (2f064a59a1), before it: state */
	int pid;
	int tgid;
	unsigned in_iowait : 1;
	unsigned long nvcsw, nivcsw, min_flt, maj_flt;
	__u64 start_boottime; /* 5.5 (cf25e24db61c) */
	struct task_struct *group_leader;
	struct signal_struct *signal;
	struct task_io_accounting ioac;
	struct sched_entity se;
	struct sched_info sched_info;
	struct bpf_local_storage *bpf_storage; /* 5.11 (4cf1bc1f1045); NULL: no program keeps anything with it */
};

struct bpf_iter__task {
	struct task_struct *task;
};

struct gendisk {
	int major;
	int first_minor;
};

struct request_queue {
	struct gendisk *disk; /* 5.15 (d152c682f03c); before it only the request knew */
};

/* 5.12 (309dca309fc3); before it the bio knew the disk. */
struct block_device {
	struct gendisk *bd_disk;
};

struct bvec_iter {
	__u32 bi_size;
};

struct bio {
	struct block_device *bi_bdev;
	__u32 bi_opf;
	struct bvec_iter bi_iter;
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

struct in6_addr {
	union {
		__u32 u6_addr32[4];
	} in6_u;
};

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport;
	__u16 skc_num;
	__u16 skc_family;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	struct {
		__s64 counter;
	} skc_cookie; /* 0: nobody has asked for it */
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol; /* 5.6 (bf9765145b85); a bit field of eight before it */
};

struct socket {
	struct sock *sk;
};

struct tcp_sock {
	__u64 bytes_acked;
	__u64 bytes_received;
	__u32 total_retrans;
	__u32 snd_cwnd;
	__u32 srtt_us;
};

struct folio {
	unsigned long flags;
};

/* memdesc_flags_t, 6.18. */
struct folio___memdesc {
	struct {
		unsigned long f;
	} flags;
};

/* Of large folios only: 6.15, and under another name since 6.2. */
struct folio___nr_pages {
	__u32 _nr_pages;
};

struct folio___folio_nr_pages {
	__u32 _folio_nr_pages;
};

#pragma clang attribute pop

enum pageflags {
	PG_head = 6, /* the running kernel's value is asked for */
};

/* Arguments that are passed over. */
struct address_space;
struct bpf_local_storage;
struct file;
struct msghdr;
struct pt_regs;

#endif
