/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_RUNS_BPF_H
#define BPF_RUNS_BPF_H

/* A program counts its runs, and times a few of them: the kernel's own statistics would time each run of each program
 * of the machine, somebody else's too, and take longer than most of ours do. RUNS_EACH is a prime, so that what goes by
 * twos and tens (a thread that comes and leaves) is not always timed in the same half.
 *
 * The kernel lets no program of ours interrupt itself on a processor, but for those on probes in user space, where once
 * in a while a run may be missing.
 *
 * In place of BPF_PROG(name, args...) stands COUNTED_PROG(name, args...), and COUNTED(name, type) where the context is
 * all. Include after bpf_tracing.h.
 */

#include "bpf/runs.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct runs);
} RUNS_MAP SEC(".maps");

static __always_inline struct runs_count *runs_of(__u32 program)
{
	const __u32 zero = 0;
	struct runs *all = bpf_map_lookup_elem(&RUNS_MAP, &zero);

	return all ? &all->of[program] : 0;
}

/* When a run that is timed began, put off by what reading the clock takes. */
static __noinline __u64 runs_start(void)
{
	__u64 looked_ns = bpf_ktime_get_ns(), now_ns = bpf_ktime_get_ns();

	return now_ns + (now_ns - looked_ns);
}

/* 0: this run is not timed. */
static __always_inline __u64 runs_begin(__u32 program)
{
	struct runs_count *c = runs_of(program);

	if (!c || c->n_runs++ < c->next_timed)
		return 0;
	return runs_start();
}

static __always_inline void runs_end(__u32 program, const char *name, __u32 n_name, __u64 began_ns)
{
	__u64 now_ns = bpf_ktime_get_ns(), took_ns = now_ns > began_ns ? now_ns - began_ns : 0, n_meant;
	struct runs_count *c = runs_of(program);

	if (!c)
		return;
	if (!c->name[0])
		__builtin_memcpy(c->name, name, n_name < RUNS_NAME_MAX ? n_name : RUNS_NAME_MAX - 1);
	n_meant = c->n_runs < RUNS_EACH ? 1 : RUNS_EACH;
	c->time_ns += took_ns > RUNS_LONG_NS ? took_ns : took_ns * n_meant;
	c->next_timed = c->n_runs + n_meant - 1;
}

/* The program's own function, which calls that of the body that follows. */
#define RUNS_COUNTED(number, program)                                                                                  \
	{                                                                                                              \
		const __u32 which = number;                                                                            \
		__u64 began_ns = runs_begin(which);                                                                    \
		int result = counted_##program(ctx);                                                                   \
                                                                                                                       \
		_Static_assert(number < RUNS_PROGRAMS_MAX, "room for it");                                             \
		if (__builtin_expect(began_ns != 0, 0))                                                                \
			runs_end(which, #program, sizeof(#program), began_ns);                                         \
		return result;                                                                                         \
	}

/* It would take what follows the body for a part of it. */
/* clang-format off */
#define COUNTED(program, type)                                                                                         \
	program(type ctx);                                                                                             \
	static __always_inline int counted_##program(type ctx);                                                        \
	int program(type ctx) RUNS_COUNTED(__COUNTER__, program)                                                       \
	static __always_inline int counted_##program(type ctx)

#define COUNTED_PROG(program, args...)                                                                                 \
	program(unsigned long long *ctx);                                                                              \
	static __always_inline int counted_##program(unsigned long long *ctx);                                         \
	int program(unsigned long long *ctx) RUNS_COUNTED(__COUNTER__, program)                                        \
	static __always_inline int BPF_PROG(counted_##program, ##args)
/* clang-format on */

#endif
