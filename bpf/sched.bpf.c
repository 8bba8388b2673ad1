/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/* Where threads spend their time: on a CPU, waiting for something, waiting for a CPU.
 *
 * Only threads of targets have storage, so whether a thread is of interest is one look at the thread itself. Threads
 * that were there before get theirs from on_task, which user space runs once.
 */
#include "bpf/kernel_types.h"

#include <bpf/bpf_tracing.h>

#include "bpf/sched.h"
#define TARGET_HAS_OWN_FORK
#include "bpf/target.bpf.h"

char licence[] SEC("license") = "GPL";

__u64 interval = 1;
__u64 lost[SCHED_LOST_COUNT];

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, SCHED_PROCESSES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct sched_process);
} processes SEC(".maps");

struct thread {
	__u64 on_ns; /* 0: it is off, or its coming was not seen */
	__u64 off_ns;
	__u64 ready_ns;
	__u64 is_waiting; /* it went away by itself, and nothing has woken it */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

static const struct sched_process no_process;

static __always_inline void adopt(struct task_struct *task)
{
	if (!bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE))
		__sync_fetch_and_add(&lost[SCHED_LOST_THREADS], 1);
}

SEC("iter/task")
int on_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task && target_of((__u32)task->tgid))
		adopt(task);
	return 0;
}

/* Of threads too: a thread's parent is the one that made it. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (!target_of((__u32)parent->tgid))
		return 0;
	if (parent->tgid != child->tgid)
		follow_child(child);
	adopt(child);
	return 0;
}

static __always_inline struct sched_process *process_of(struct task_struct *task)
{
	__u32 tgid = (__u32)task->tgid;
	struct sched_process *p = bpf_map_lookup_elem(&processes, &tgid);

	if (p)
		return p;
	bpf_map_update_elem(&processes, &tgid, &no_process, BPF_NOEXIST);
	p = bpf_map_lookup_elem(&processes, &tgid);
	if (!p)
		__sync_fetch_and_add(&lost[SCHED_LOST_PROCESSES], 1);
	return p;
}

static __always_inline void goes(struct thread *t, struct task_struct *task, bool is_preempted, __u64 now)
{
	struct sched_process *p = process_of(task);
	bool has_gone = t->off_ns != 0;

	t->off_ns = now;
	t->is_waiting = !is_preempted && task->__state != 0;
	t->ready_ns = t->is_waiting ? 0 : now;
	if (!p)
		return;
	if (t->is_waiting)
		p->n_voluntary++;
	else
		p->n_involuntary++;
	if (t->on_ns)
		hist_add(&p->on_cpu, now - t->on_ns, interval);
	else if (has_gone)
		__sync_fetch_and_add(&lost[SCHED_LOST_SWITCHES], 1);
	t->on_ns = 0;
}

static __always_inline void comes(struct thread *t, struct task_struct *task, __u64 now)
{
	struct sched_process *p = process_of(task);

	t->on_ns = now;
	if (p && t->ready_ns)
		hist_add(&p->run_delay, now - t->ready_ns, interval);
	if (p && t->is_waiting && t->off_ns)
		hist_add(&p->off_cpu, now - t->off_ns, interval);
	t->ready_ns = 0;
	t->is_waiting = 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool is_preempted, struct task_struct *prev, struct task_struct *next)
{
	struct thread *away = bpf_task_storage_get(&threads, prev, 0, 0);
	struct thread *to = bpf_task_storage_get(&threads, next, 0, 0);

	if (away)
		goes(away, prev, is_preempted, bpf_ktime_get_ns());
	if (to)
		comes(to, next, bpf_ktime_get_ns());
	return 0;
}

static __always_inline int wakes(struct task_struct *task)
{
	struct thread *t = bpf_task_storage_get(&threads, task, 0, 0);

	if (t && !t->ready_ns)
		t->ready_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task)
{
	return wakes(task);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *task)
{
	return wakes(task);
}

SEC("tp_btf/sched_migrate_task")
int BPF_PROG(on_migrate, struct task_struct *task)
{
	struct sched_process *p;

	if (!bpf_task_storage_get(&threads, task, 0, 0))
		return 0;
	p = process_of(task);
	if (p)
		p->n_migrations++;
	return 0;
}
