/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/* Samples the processes that are followed: where each is, and the Haskell stack that it is on. Each sample goes to a
 * ring as it is; equal ones are put together outside, where nothing is lost by it. */
#include "bpf/kernel_types.h"

#include <linux/bpf_perf_event.h>

#include <bpf/bpf_tracing.h>

#include "bpf/hsprof.h"
#include "bpf/target.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct mm_struct___hsprof {
	unsigned long start_code, end_code, mmap_base;
} __attribute__((preserve_access_index));

struct task_struct___hsprof {
	struct mm_struct___hsprof *mm;
} __attribute__((preserve_access_index));

/* Where a sample is, and where the stacks are: GHC's Sp is rbp, on AArch64 x20 (rts/include/stg/MachRegs.h; nobody has
 * walked a stack there yet, so the collector asks for none). The kernel's pt_regs have names of their own; the
 * context's are user space's. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs___hsprof {
	unsigned long bp, ip, sp;
} __attribute__((preserve_access_index));

enum {
	USER_RING = 3, /* the privilege bits of cs */
};

#define IS_USER(at)          (((at)->cs & USER_RING) == USER_RING)
#define CODE_AT(at)          ((at)->rip)
#define STACK_AT(at)         ((at)->rbp)
#define C_STACK_AT(at)       ((at)->rsp)
#define KERNELS_CODE_AT(at)  ((at)->ip)
#define KERNELS_STACK_AT(at) ((at)->bp)
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs___hsprof {
	__u64 regs[31], sp, pc;
} __attribute__((preserve_access_index));

enum {
	EXCEPTION_LEVEL = 12, /* bits of pstate; 0: user space */
	STG_SP = 20,
};

#define IS_USER(at)      (((at)->pstate & EXCEPTION_LEVEL) == 0)
#define CODE_AT(at)      ((at)->pc)
#define STACK_AT(at)     ((at)->regs[STG_SP])
#define C_STACK_AT(at)   ((at)->sp)
#define KERNELS_CODE_AT  CODE_AT
#define KERNELS_STACK_AT STACK_AT
#endif

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, HSPROF_IMAGES_MAX);
	__type(key, struct hsprof_image_key);
	__type(value, struct hsprof_image);
} images SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* the collector makes it fit the machine */
} samples SEC(".maps");

/* Too large for a program's stack. */
struct room {
	struct hsprof_sample sample;
	__u64 c_stack[HSPROF_SCAN_MASK + 1];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct room);
} scratch SEC(".maps");

__u64 n_lost;       /* the ring was full */
__u64 n_most_bytes; /* that have lain in the ring at once */

enum {
	PAGE_MASK = 4095,
};

static __always_inline int walk_read(void *room, __u32 n, __u64 address)
{
	return bpf_probe_read_user(room, n, (const void *)address) != 0;
}

#include "bpf/hsprof_walk.bpf.h"

static long step(__u32 index, struct walk *w)
{
	return walk_step(w);
}

static long try_saved(__u32 index, struct walk *w)
{
	return walk_try_saved(w, index);
}

static long keep_call(__u32 index, struct walk *w)
{
	return walk_keep_call(w, index);
}

static __always_inline void follow(struct walk *w, __u32 n_slides_max)
{
	w->n_slides_max = n_slides_max;
	w->n_slides = 0;
	w->n_frames = 0;
	w->n_steps = 0;
	w->previous = 0;
	w->ending = HSPROF_CAPPED;
	(void)bpf_loop(HSPROF_STEPS_MAX + HSPROF_SLIDES_MAX, step, w, 0);
}

static __always_inline int is_whole(const struct walk *w)
{
	return w->ending == HSPROF_STOPPED || w->ending == HSPROF_CAPPED;
}

/* How many words of the C stack could be read: above it may lie a page that was never touched. */
static __always_inline __u32 read_c_stack(struct room *room, __u64 c_sp)
{
	__u32 n_bytes = HSPROF_SCAN_WORDS * sizeof(__u64);

	if (bpf_probe_read_user(room->c_stack, n_bytes, (const void *)c_sp) == 0)
		return HSPROF_SCAN_WORDS;
	n_bytes = PAGE_MASK + 1 - (c_sp & PAGE_MASK);
	if (n_bytes >= HSPROF_SCAN_WORDS * sizeof(__u64) ||
	    bpf_probe_read_user(room->c_stack, n_bytes, (const void *)c_sp))
		return 0;
	return n_bytes / sizeof(__u64);
}

/* C code keeps the Haskell stack's pointer in its register, saves it on its own stack, or is not called from Haskell.
 * A program's own C lies among its Haskell code; there it is known by that no frame was found. */
static __always_inline void follow_all(struct walk *w, struct room *room)
{
	__u64 sp = w->sp;
	int is_c = walk_is_c(w);
	__u32 n_words;

	w->c_stack = room->c_stack;
	follow(w, is_c ? 0 : HSPROF_SLIDES_MAX);
	if (!is_c && w->ending != HSPROF_NO_FRAME)
		return;
	n_words = read_c_stack(room, w->c_sp);
	if (!is_whole(w)) {
		w->sp = 0;
		(void)bpf_loop(n_words, try_saved, w, 0);
		if (w->sp)
			room->sample.flags |= HSPROF_SP_FROM_C;
		else
			w->sp = sp;
		follow(w, room->sample.flags & HSPROF_SP_FROM_C ? 0 : HSPROF_SLIDES_MAX);
	}
	(void)bpf_loop(n_words, keep_call, w, 0);
}

static __always_inline void walk_stack(struct room *room, __u64 libraries, __u64 sp, __u64 c_sp)
{
	struct hsprof_sample *s = &room->sample;
	struct hsprof_image_key key = { .n_code_bytes = s->code_end - s->code_start,
		                        .page_offset = s->code_start & PAGE_MASK };
	const struct hsprof_image *image = bpf_map_lookup_elem(&images, &key);
	struct walk w = { .sample = s, .image = image, .libraries = libraries, .sp = sp, .c_sp = c_sp };

	if (!image) {
		s->flags |= HSPROF_UNKNOWN_IMAGE;
		return;
	}
	if (!image->is_haskell)
		return;
	follow_all(&w, room);
	s->ending = (__u8)w.ending;
	s->n_slides = (__u8)w.n_slides;
	s->n_frames = (__u16)w.n_frames;
}

static __always_inline void send(const struct hsprof_sample *s)
{
	__u64 n_waiting = bpf_ringbuf_query(&samples, BPF_RB_AVAIL_DATA);
	__u64 n_words = (__u64)(s->n_frames & HSPROF_FRAMES_MAX) + (s->n_calls & (2 * HSPROF_CALLS_MAX - 1));

	if (n_words > HSPROF_FRAMES_MAX + HSPROF_CALLS_MAX)
		return;
	if (bpf_ringbuf_output(&samples, (void *)s, HSPROF_HEAD_BYTES + 8 * n_words, BPF_RB_NO_WAKEUP))
		__sync_fetch_and_add(&n_lost, 1);
	else if (n_waiting > n_most_bytes)
		n_most_bytes = n_waiting;
}

SEC("perf_event")
int COUNTED(on_sample, struct bpf_perf_event_data *)
{
	__u32 tgid = current_tgid(), zero = 0;
	struct mm_struct___hsprof *mm;
	struct task_struct *task;
	struct hsprof_sample *s;
	struct room *room;
	__u64 ip, sp, c_sp;

	if (!target_of(tgid))
		return 0;
	room = bpf_map_lookup_elem(&scratch, &zero);
	if (!room)
		return 0;
	s = &room->sample;
	task = bpf_get_current_task_btf();
	mm = ((struct task_struct___hsprof *)task)->mm;
	s->code_start = mm->start_code;
	s->code_end = mm->end_code;
	s->tgid = tgid;
	s->n_frames = 0;
	s->ending = HSPROF_NOT_WALKED;
	s->n_slides = 0;
	s->n_calls = 0;
	s->flags = 0;
	ip = CODE_AT(&ctx->regs);
	sp = STACK_AT(&ctx->regs);
	c_sp = C_STACK_AT(&ctx->regs);
	/* Else the compiler makes one load of both branches' and the verifier refuses a moved context. */
	asm volatile("" : "+r"(ip), "+r"(sp), "+r"(c_sp));
	if (!IS_USER(&ctx->regs)) {
		struct pt_regs___hsprof *regs = (void *)bpf_task_pt_regs(task);

		s->flags = HSPROF_IN_KERNEL;
		ip = KERNELS_CODE_AT(regs);
		sp = KERNELS_STACK_AT(regs);
		c_sp = regs->sp;
	}
	s->ip = ip;
	walk_stack(room, mm->mmap_base, sp, c_sp);
	send(s);
	return 0;
}
