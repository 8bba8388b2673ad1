// SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only)
/* Garbage collections of GHC-compiled programs, from the entries of the functions with which the run-time system keeps
 * its own statistics. They have been called in this order and with these first arguments since GHC 7:
 *
 *     stat_startGCSync(gct)                                      threaded only: asks the capabilities to halt
 *     stat_startGC(cap, gct)                                     they have halted
 *     stat_endGC(cap, gct, live, copied, slop, gen, n_threads)   words; n_threads is the first on the stack
 *
 * Source: rts/Stats.h of GHC 7.10 to 9.14. No type of the kernel is looked at, so this object needs no BTF.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/rts.h"
#include "bpf/runs.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* From the stack pointer at the probe to that at the function's entry. */
const volatile __u32 end_stack_bytes = 0;

struct starts {
	__u64 asked_ns, start_ns, concurrent_ns, sync_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RTS_PROCESSES_MAX);
	__type(key, __u32);
	__type(value, struct starts);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RTS_RING_BYTES);
} events SEC(".maps");

/* What could not be said: read by user space where they lie. */
__u64 n_dropped = 0;
__u64 n_refused = 0;

static __always_inline struct starts *starts_of(__u32 process)
{
	struct starts none = {}, *s = bpf_map_lookup_elem(&processes, &process);

	if (s)
		return s;
	if (bpf_map_update_elem(&processes, &process, &none, BPF_NOEXIST) < 0)
		__sync_fetch_and_add(&n_refused, 1);
	return bpf_map_lookup_elem(&processes, &process);
}

static __always_inline __u32 this_process(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

static __always_inline struct rts_event *reserve(__u32 kind)
{
	struct rts_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		__sync_fetch_and_add(&n_dropped, 1);
		return NULL;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->end_ns = bpf_ktime_get_ns();
	e->process = this_process();
	e->thread = (__u32)bpf_get_current_pid_tgid();
	return e;
}

SEC("uprobe")
int COUNTED(on_gc_asked, struct pt_regs *)
{
	struct starts *s = starts_of(this_process());

	if (s)
		s->asked_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("uprobe")
int COUNTED(on_gc_start, struct pt_regs *)
{
	struct starts *s = starts_of(this_process());

	if (s)
		s->start_ns = bpf_ktime_get_ns();
	return 0;
}

#if defined(__TARGET_ARCH_x86)
#define SIXTH(ctx) ((ctx)->r9)
#elif defined(__TARGET_ARCH_arm64)
#define SIXTH(ctx) (((const struct user_pt_regs *)(ctx))->regs[5])
#endif

/* The seventh argument: on x86-64 the first behind the return address. */
static __always_inline __u32 take_n_threads(struct pt_regs *ctx)
{
	__u32 n = 0;

#if defined(__TARGET_ARCH_x86)
	if (bpf_probe_read_user(&n, sizeof(n), (void *)(PT_REGS_SP(ctx) + end_stack_bytes + 8)) < 0)
		return 0;
#endif
	return n;
}

SEC("uprobe")
int COUNTED(on_gc_end, struct pt_regs *)
{
	struct starts *s = starts_of(this_process());
	struct rts_event *e;

	if (!s || !s->start_ns)
		return 0;
	e = reserve(RTS_COLLECTION);
	if (e) {
		e->asked_ns = s->asked_ns;
		e->start_ns = s->start_ns;
		e->live_words = PT_REGS_PARM3(ctx);
		e->copied_words = PT_REGS_PARM4(ctx);
		e->slop_words = PT_REGS_PARM5(ctx);
		e->generation = (__u32)SIXTH(ctx);
		e->n_threads = take_n_threads(ctx);
		bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	}
	s->asked_ns = s->start_ns = 0;
	return 0;
}

/* The non-moving collector's phases: they carry no arguments. */
SEC("uprobe")
int COUNTED(on_concurrent_start, struct pt_regs *)
{
	struct starts *s = starts_of(this_process());

	if (s)
		s->concurrent_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int end_phase(__u64 *start_ns, __u32 kind)
{
	struct rts_event *e;

	if (!*start_ns)
		return 0;
	e = reserve(kind);
	if (e) {
		e->start_ns = *start_ns;
		bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	}
	*start_ns = 0;
	return 0;
}

SEC("uprobe")
int COUNTED(on_concurrent_end, struct pt_regs *)
{
	struct starts *s = starts_of(this_process());

	return s ? end_phase(&s->concurrent_ns, RTS_CONCURRENT) : 0;
}

SEC("uprobe")
int COUNTED(on_sync_start, struct pt_regs *)
{
	struct starts *s = starts_of(this_process());

	if (s)
		s->sync_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("uprobe")
int COUNTED(on_sync_end, struct pt_regs *)
{
	struct starts *s = starts_of(this_process());

	return s ? end_phase(&s->sync_ns, RTS_SYNC) : 0;
}
