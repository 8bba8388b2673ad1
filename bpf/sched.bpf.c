/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/* How long threads of the target run, wait to run, and wait for something else.
 *
 * Whether a thread is measured is whether it has storage of ours: others cost two looks at an empty pointer. Threads
 * that are there before us get theirs from an iterator, later ones when they are made. A thread's storage is written
 * where it is switched, so by one processor at a time.
 *
 * No hook but the scheduler's is needed: whether a switch was voluntary is in the kernel's own count, which it raises
 * before it tells us; so are page faults; and the system call that waits is in the registers with which it came. Nor is
 * a program at each wake-up of anybody, to time how long the woken one waits for a processor: the scheduler accounts
 * that to each thread as it comes, right after it has told us, so by how much it has grown is read when it leaves
 * again.
 *
 * A thread that leaves is always seen to, by a program that runs in that thread. That it comes is seen by a program in
 * whatever ran before it, and there are threads in which no program runs (agents of some virtual machines), nor does a
 * program that has interrupted itself. Then its slice is what the scheduler accounts to it anyway: by how much that has
 * grown since it left the last time.
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

struct thread {
	__u64 on_ns;       /* on a processor since; 0: it isn't, or nobody knows since when */
	__u64 off_ns;      /* off it since */
	__u64 for_disk_ns; /* how long it was off it for storage before it came the last time */
	__u64 n_voluntary, n_involuntary, n_minor_faults, n_major_faults; /* the kernel's counts when last looked at */
	__u64 ran_ns, delayed_ns; /* the scheduler's accounts when it left the last time */
	__u32 reason;
	__u32 reserved;
};

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
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct sched_key);
	__type(value, struct sched_runner);
} runners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SCHED_WAITS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct sched_wait_key);
	__type(value, struct hist);
} waits SEC(".maps");

/* Too large for a program's stack. */
static const struct sched_runner no_runner;
static const struct hist no_hist;

static __always_inline void lose(enum sched_loss what)
{
	__sync_fetch_and_add(&lost[what], 1);
}

/* ---- Who is measured ---- */

static __always_inline struct thread *thread_of(struct task_struct *task)
{
	return bpf_task_storage_get(&threads, task, 0, 0);
}

static __always_inline int has_delays(void)
{
	return bpf_core_field_exists(struct sched_info, run_delay);
}

/* What the kernel counts of it, for differences. */
static __always_inline void note_accounts(struct task_struct *task, struct thread *t)
{
	t->n_voluntary = task->nvcsw;
	t->n_involuntary = task->nivcsw;
	t->n_minor_faults = task->min_flt;
	t->n_major_faults = task->maj_flt;
	t->ran_ns = task->se.sum_exec_runtime;
	if (has_delays())
		t->delayed_ns = task->sched_info.run_delay;
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
int on_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task && target_of((__u32)task->tgid) && !thread_of(task))
		measure(task);
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

/* now: when it ended. */
static __always_inline void add_wait(struct task_struct *task, const struct thread *t, __u64 now)
{
	struct sched_key whose = key_of(task);
	struct sched_wait_key key = { whose.tgid, whose.tid, t->reason, whose.cpu };
	struct hist *h = bpf_map_lookup_elem(&waits, &key);
	long result = 0;

	if (!h) {
		result = bpf_map_update_elem(&waits, &key, &no_hist, BPF_NOEXIST);
		h = bpf_map_lookup_elem(&waits, &key);
	}
	if (h)
		hist_add(h, now - t->off_ns, interval);
	else
		lose(result == -FULL ? SCHED_LOST_WAITS : SCHED_LOST_MEMORY);
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

static __always_inline void send_long_wait(struct task_struct *task, const struct thread *t, __u64 now)
{
	struct sched_long_wait *w = bpf_task_storage_get(&beginnings, task, 0, 0);

	if (!w)
		return;
	w->duration_ns = now - t->off_ns;
	w->tgid = (__u32)task->tgid;
	w->tid = (__u32)task->pid;
	w->reason = (__u32)t->reason;
	if (bpf_ringbuf_output(&long_waits, w, sizeof(*w), BPF_RB_NO_WAKEUP))
		lose(SCHED_LOST_STACKS);
}

static __always_inline void ends_wait(struct task_struct *task, struct thread *t, __u64 now)
{
	add_wait(task, t, now);
	t->for_disk_ns = t->reason == SCHED_REASON_IO ? now - t->off_ns : 0;
}

/* Nobody saw it come; what it ran since it left the last time is one slice. */
static __always_inline void infer_coming(struct task_struct *task, struct thread *t, __u64 now)
{
	__u64 ran = task->se.sum_exec_runtime - t->ran_ns;

	if (!has_delays()) {
		lose(SCHED_LOST_SWITCHES);
		return;
	}
	__sync_fetch_and_add(&n_inferred, 1);
	t->on_ns = ran < now - t->off_ns ? now - ran : t->off_ns;
	ends_wait(task, t, t->on_ns);
}

/* Beside what we count: the check, and also what a switch that was not seen is made good with. */
static __always_inline void add_accounts(struct sched_runner *r, struct task_struct *task, const struct thread *t)
{
	r->accounted_cpu_ns += task->se.sum_exec_runtime - t->ran_ns;
	if (has_delays())
		r->accounted_delay_ns += task->sched_info.run_delay - t->delayed_ns;
	r->n_accounted_switches += task->nvcsw - t->n_voluntary + task->nivcsw - t->n_involuntary;
}

/* A slice that ends, and the wait for a processor before it. */
static __always_inline void add_slice(struct sched_runner *r, struct task_struct *task, const struct thread *t,
                                      __u64 now)
{
	__u64 delay;

	hist_add(&r->on_cpu, now - t->on_ns, interval);
	if (!has_delays())
		return;
	delay = task->sched_info.run_delay - t->delayed_ns;
	hist_add(&r->run_delay, delay, interval);
	/* As the kernel counts it for delayacct_blkio_ticks: without the wait for a processor behind it. */
	if (t->for_disk_ns > delay)
		r->disk_wait_ns += t->for_disk_ns - delay;
}

static __always_inline void leaves(struct task_struct *task, struct thread *t, __u64 now)
{
	struct sched_runner *r = runner_of(task);
	int is_voluntary = task->nvcsw != t->n_voluntary;

	if (t->off_ns)
		infer_coming(task, t, now);
	t->reason = is_voluntary ? reason_of(task) : SCHED_REASON_PREEMPTED;
	if (r) {
		if (t->on_ns)
			add_slice(r, task, t, now);
		add_accounts(r, task, t);
		r->n_voluntary += (__u64)is_voluntary;
		r->n_involuntary += (__u64)!is_voluntary;
		r->n_futex_waits += t->reason == SCHED_REASON_FUTEX;
		r->n_minor_faults += task->min_flt - t->n_minor_faults;
		r->n_major_faults += task->maj_flt - t->n_major_faults;
	}
	note_accounts(task, t);
	t->for_disk_ns = 0;
	t->on_ns = 0;
	t->off_ns = now;
}

static __always_inline void comes(struct task_struct *task, struct thread *t, __u64 now)
{
	if (t->on_ns)
		lose(SCHED_LOST_SWITCHES);
	else if (t->off_ns)
		ends_wait(task, t, now);
	if (long_wait_ns && t->off_ns && t->reason != SCHED_REASON_PREEMPTED && now - t->off_ns >= long_wait_ns)
		send_long_wait(task, t, now);
	t->on_ns = now;
	t->off_ns = 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool is_preempted, struct task_struct *prev, struct task_struct *next)
{
	struct thread *t_prev = prev->pid ? thread_of(prev) : 0;
	struct thread *t_next = next->pid ? thread_of(next) : 0;
	__u64 now = 0;

	if (t_prev) {
		now = bpf_ktime_get_ns();
		leaves(prev, t_prev, now);
		if (long_wait_ns && t_prev->reason != SCHED_REASON_PREEMPTED)
			note_beginning(ctx, prev);
	}
	if (t_next)
		comes(next, t_next, now ? now : bpf_ktime_get_ns());
	return 0;
}

SEC("tp_btf/sched_migrate_task")
int BPF_PROG(on_migrate, struct task_struct *task)
{
	struct sched_runner *r = thread_of(task) ? runner_of(task) : 0;

	if (r)
		r->n_migrations++;
	return 0;
}
