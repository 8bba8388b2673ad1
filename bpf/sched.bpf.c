/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/* How long threads of the target run, wait to run, and wait for something else.
 *
 * Whether a thread is measured is whether it has storage of ours: others cost one look at an empty pointer. Threads
 * that are there before us get theirs from an iterator, later ones when they are made. A thread's storage is written
 * where it is switched, so by one processor at a time.
 *
 * All is done where a thread leaves its processor, which a program that runs in that thread always sees. When it came
 * is a stamp of the scheduler's own, and what lies between that and when it last left is what it waited; how long of it
 * for a processor the scheduler accounts to it, right after it has told us that it comes, so by how much that has grown
 * is read when it leaves again. So neither who comes nor who wakes up is looked at. The clock is the one that the
 * stamps are of: the scheduler has just read it.
 *
 * No hook but the scheduler's is needed: whether a switch was voluntary is in the kernel's own count, which it raises
 * before it tells us; so are page faults; and the system call that waits is in the registers with which it came.
 *
 * A thread that was preempted just when it was about to wait comes back without a stamp. Then its slice is what the
 * scheduler accounts to it anyway: by how much that has grown since it left the last time.
 */
#include "bpf/kernel_types.h"

#include <bpf/bpf_tracing.h>

#include "bpf/sched.h"
#define TARGET_HAS_OWN_FORK
#include "bpf/target.bpf.h"

char licence[] SEC("license") = "GPL";

const volatile __u32 has_threads = 0;
const volatile __u64 long_wait_ns = 0;             /* 0: no stacks */
const volatile __u8 reasons[SCHED_CALLS_MAX] = {}; /* enum sched_reason, by system call; 0: other */

__u64 interval = 1;
__u64 lost[SCHED_LOST_COUNT];
__u64 n_inferred;

/* The kernel's own names; user space's header has others. */
struct pt_regs___x86 {
	unsigned long orig_ax;
} __attribute__((preserve_access_index));

struct pt_regs___aarch64 {
	int syscallno;
} __attribute__((preserve_access_index));

enum {
	FULL = 7, /* E2BIG: what a map without room answers */
};

/* What is of the last time that it left. It fills the one cache line that its map's own word leaves. */
struct thread {
	__u64 left_ns;    /* 0: it has not yet */
	__u64 arrived_ns; /* the stamp of the slice that ended then */
	__u64 ran_ns, delayed_ns;
	__u32 n_voluntary, n_minor_faults,
		n_major_faults; /* the kernel's counts, from which only differences are taken */
	__u32 n_involuntary;
	__u32 reason;
	__u32 reserved;
};

_Static_assert(sizeof(struct thread) == 56, "of 64 bytes");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct sched_long_wait);
} beginnings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SCHED_RING_BYTES);
} long_waits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SCHED_RUNNERS_MAX);
	__type(key, struct sched_key);
	__type(value, struct sched_runner);
} runners SEC(".maps");

/* Too large for a program's stack. */
static const struct sched_runner no_runner;

static __always_inline void lose(enum sched_loss what)
{
	__sync_fetch_and_add(&lost[what], 1);
}

/* ---- Who is measured ---- */

static __always_inline struct thread *thread_of(struct task_struct *task)
{
	return bpf_task_storage_get(&threads, task, 0, 0);
}

/* What the kernel counts of it, for differences. */
static __always_inline void note_accounts(struct task_struct *task, struct thread *t)
{
	t->arrived_ns = task->sched_info.last_arrival;
	t->ran_ns = task->se.sum_exec_runtime;
	t->delayed_ns = task->sched_info.run_delay;
	t->n_voluntary = (__u32)task->nvcsw;
	t->n_involuntary = (__u32)task->nivcsw;
	t->n_minor_faults = (__u32)task->min_flt;
	t->n_major_faults = (__u32)task->maj_flt;
}

static __always_inline struct thread *measure(struct task_struct *task)
{
	struct thread *t = bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!t) {
		lose(SCHED_LOST_THREADS);
		return 0;
	}
	note_accounts(task, t);
	return t;
}

SEC("iter/task")
int COUNTED(on_task, struct bpf_iter__task *)
{
	struct task_struct *task = ctx->task;

	if (task && target_of((__u32)task->tgid) && !thread_of(task))
		measure(task);
	return 0;
}

/* Of threads too: a thread's parent is the one that made it. */
SEC("tp_btf/sched_process_fork")
int COUNTED_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (!target_of((__u32)parent->tgid))
		return 0;
	if (parent->tgid != child->tgid)
		follow_child(child);
	measure(child);
	return 0;
}

/* ---- What it does ---- */

static __always_inline struct sched_key key_of(struct task_struct *task)
{
	if (has_threads)
		return (struct sched_key){ (__u32)task->tgid, (__u32)task->pid, 0 };
	return (struct sched_key){ (__u32)task->tgid, 0, bpf_get_smp_processor_id() };
}

static __always_inline struct sched_runner *runner_of(struct task_struct *task)
{
	struct sched_key key = key_of(task);
	struct sched_runner *r = bpf_map_lookup_elem(&runners, &key);
	long result;

	if (r)
		return r;
	result = bpf_map_update_elem(&runners, &key, &no_runner, BPF_NOEXIST);
	r = bpf_map_lookup_elem(&runners, &key);
	if (!r)
		lose(result == -FULL ? SCHED_LOST_RUNNERS : SCHED_LOST_MEMORY);
	return r;
}

static __always_inline __u32 reason_of(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	long call = -1;

	if (BPF_CORE_READ_BITFIELD(task, in_iowait))
		return SCHED_REASON_IO;
	if (bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		call = (long)((struct pt_regs___x86 *)regs)->orig_ax;
	else if (bpf_core_field_exists(struct pt_regs___aarch64, syscallno))
		call = ((struct pt_regs___aarch64 *)regs)->syscallno;
	if (call < 0)
		return SCHED_REASON_FAULT;
	if (call >= SCHED_CALLS_MAX || !reasons[call])
		return SCHED_REASON_OTHER;
	return reasons[call];
}

/* A stack can only be walked where a wait begins, and how long it is is known where it ends. */
static __always_inline void note_beginning(void *ctx, struct task_struct *task)
{
	struct sched_long_wait *w = bpf_task_storage_get(&beginnings, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!w) {
		lose(SCHED_LOST_STACKS);
		return;
	}
	w->n_kernel_bytes = (__s32)bpf_get_stack(ctx, w->kernel, sizeof(w->kernel), 0);
	w->n_user_bytes = (__s32)bpf_get_stack(ctx, w->user, sizeof(w->user), BPF_F_USER_STACK);
}

static __always_inline void send_long_wait(struct task_struct *task, const struct thread *t, __u64 wait_ns)
{
	struct sched_long_wait *w = bpf_task_storage_get(&beginnings, task, 0, 0);

	if (!w)
		return;
	w->duration_ns = wait_ns;
	w->tgid = (__u32)task->tgid;
	w->tid = (__u32)task->pid;
	w->reason = t->reason;
	if (bpf_ringbuf_output(&long_waits, w, sizeof(*w), BPF_RB_NO_WAKEUP))
		lose(SCHED_LOST_STACKS);
}

/* As the scheduler has it at this switch. A thread's own way to its processor's queue: the queue's symbol is not among
 * those that every kernel tells of. */
static __always_inline __u64 clock_of(struct task_struct *task)
{
	return task->se.cfs_rq->rq->clock;
}

/* When it came; 0: nobody knows, because it was there before us. */
static __always_inline __u64 arrival_of(struct task_struct *task, const struct thread *t, __u64 now)
{
	__u64 arrived = task->sched_info.last_arrival, ran;

	if (arrived != t->arrived_ns)
		return arrived < now ? arrived : now;
	if (!t->left_ns)
		return 0;
	__sync_fetch_and_add(&n_inferred, 1);
	ran = task->se.sum_exec_runtime - t->ran_ns;
	return ran < now - t->left_ns ? now - ran : t->left_ns;
}

/* Beside what we count: the check, and also what a slice without a stamp is made good with. */
static __always_inline void add_accounts(struct sched_runner *r, struct task_struct *task, const struct thread *t)
{
	__u32 n_voluntary = (__u32)task->nvcsw - t->n_voluntary;

	r->accounted_cpu_ns += task->se.sum_exec_runtime - t->ran_ns;
	r->accounted_delay_ns += task->sched_info.run_delay - t->delayed_ns;
	r->n_accounted_switches += n_voluntary + ((__u32)task->nivcsw - t->n_involuntary);
	r->n_voluntary += n_voluntary != 0;
	r->n_involuntary += n_voluntary == 0;
	r->n_minor_faults += (__u32)task->min_flt - t->n_minor_faults;
	r->n_major_faults += (__u32)task->maj_flt - t->n_major_faults;
}

/* A slice that ends, and the wait before it; the run delay is the end of that. */
static __always_inline void add_slice(struct sched_runner *r, struct task_struct *task, const struct thread *t,
                                      __u64 arrived, __u64 now)
{
	__u64 delay = task->sched_info.run_delay - t->delayed_ns, wait;

	hist_add(&r->on_cpu, now - arrived, interval);
	hist_add(&r->run_delay, delay, interval);
	if (!t->left_ns || t->reason >= SCHED_REASONS)
		return;
	/* Processors' clocks may differ a little. */
	wait = arrived > t->left_ns ? arrived - t->left_ns : 0;
	hist_add(&r->waits[t->reason], wait, interval);
	/* As the kernel counts it for delayacct_blkio_ticks: without the wait for a processor behind it. */
	if (t->reason == SCHED_REASON_IO && wait > delay)
		r->disk_wait_ns += wait - delay;
	if (long_wait_ns && t->reason != SCHED_REASON_PREEMPTED && wait >= long_wait_ns)
		send_long_wait(task, t, wait);
}

static __always_inline void leaves(struct task_struct *task, struct thread *t)
{
	__u64 now = clock_of(task), arrived = arrival_of(task, t, now);
	struct sched_runner *r = runner_of(task);
	__u32 reason = (__u32)task->nvcsw != t->n_voluntary ? reason_of(task) : SCHED_REASON_PREEMPTED;

	if (r) {
		if (arrived)
			add_slice(r, task, t, arrived, now);
		add_accounts(r, task, t);
		r->n_futex_waits += reason == SCHED_REASON_FUTEX;
	}
	note_accounts(task, t);
	t->reason = reason;
	t->left_ns = now;
}

SEC("tp_btf/sched_switch")
int COUNTED_PROG(on_switch, bool is_preempted, struct task_struct *prev)
{
	struct thread *t = prev->bpf_storage ? thread_of(prev) : 0;

	if (!t)
		return 0;
	leaves(prev, t);
	if (long_wait_ns && t->reason != SCHED_REASON_PREEMPTED)
		note_beginning(ctx, prev);
	return 0;
}

SEC("tp_btf/sched_migrate_task")
int COUNTED_PROG(on_migrate, struct task_struct *task)
{
	struct sched_runner *r = task->bpf_storage && thread_of(task) ? runner_of(task) : 0;

	if (r)
		r->n_migrations++;
	return 0;
}
