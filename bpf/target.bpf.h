/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_TARGET_BPF_H
#define BPF_TARGET_BPF_H

/* Which processes are measured: those that user space put into `targets`, and all that they fork. A process that ends
 * is marked, and user space takes it out when it has read what it left. Include after bpf_tracing.h.
 * TARGET_HAS_OWN_FORK: the object has its own on_fork, and calls follow_child() from it.
 * TARGET_HAS_MEMBERS: it asks at each event whether the running thread is one of theirs, mostly to hear no. So that
 * stands beside the process's first thread too (`members`), where a look at an empty pointer says no; looking into a
 * hash takes twice that and more.
 */

#include "bpf/kernel_types.h"
#include "bpf/runs.bpf.h"
#include "bpf/target.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TARGETS_MAX);
	__type(key, __u32); /* thread group id */
	__type(value, struct target);
} targets SEC(".maps");

/* Processes that a full `targets` kept out. */
__u64 lost_targets;

static __always_inline struct target *target_of(__u32 tgid)
{
	return bpf_map_lookup_elem(&targets, &tgid);
}

static __always_inline __u32 current_tgid(void)
{
	return (__u32)(bpf_get_current_pid_tgid() >> 32);
}

#ifdef TARGET_HAS_MEMBERS
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} members SEC(".maps");

/* No is certain. */
static __always_inline int may_be_target(void)
{
	return bpf_get_current_task_btf()->group_leader->bpf_storage != 0;
}

static __always_inline int is_current_target(void)
{
	return may_be_target() && bpf_task_storage_get(&members, bpf_get_current_task_btf()->group_leader, 0, 0) != 0;
}

static __always_inline void join(struct task_struct *leader)
{
	if (!bpf_task_storage_get(&members, leader, 0, BPF_LOCAL_STORAGE_GET_F_CREATE))
		__sync_fetch_and_add(&lost_targets, 1);
}

/* A thread that was not the first may be it now. */
SEC("tp_btf/sched_process_exec")
int COUNTED_PROG(on_exec, struct task_struct *task)
{
	if (target_of((__u32)task->tgid))
		join(task);
	return 0;
}
#else
static __always_inline void join(struct task_struct *leader)
{
}
#endif

/* Of a target's child. */
static __always_inline void follow_child(struct task_struct *child)
{
	struct target fresh = { .start_ns = child->start_boottime };
	__u32 tgid = (__u32)child->tgid;

	if (bpf_map_update_elem(&targets, &tgid, &fresh, BPF_ANY))
		__sync_fetch_and_add(&lost_targets, 1);
	join(child);
}

#ifndef TARGET_HAS_OWN_FORK
SEC("tp_btf/sched_process_fork")
int COUNTED_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (parent->tgid != child->tgid && target_of((__u32)parent->tgid))
		follow_child(child);
	return 0;
}
#endif

SEC("tp_btf/sched_process_exit")
int COUNTED_PROG(on_exit, struct task_struct *task)
{
	struct target *t = target_of((__u32)task->tgid);

	/* `live` counts the threads that have not come this far; a few kernels print it, none lets it go up again. */
	if (t && task->signal->live.counter == 0)
		t->is_over = 1;
	return 0;
}

#endif
