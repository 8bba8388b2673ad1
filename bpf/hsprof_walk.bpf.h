/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_HSPROF_WALK_BPF_H
#define BPF_HSPROF_WALK_BPF_H

/* One step on the stack of a Haskell thread. The stack grows down; Sp points at the innermost frame:
 *
 *     Sp ->  info pointer  --->  code of the return point
 *            payload             before it: { u64 layout; u32 type; u32 srt }, the info table
 *            info pointer        (a profiled one has more before that, and the same there)
 *            ...
 *
 * The layout's low 6 bits say how many words of payload there are; RET_BIG has that in a bitmap that the layout points
 * at, RET_FUN and RET_BCO in the frame. An underflow frame leads on to the next chunk of the stack. Source:
 * rts/include/rts/storage/{InfoTables,Closures,ClosureMacros}.h of GHC 9.0, stack_frame_sizeW().
 *
 * Frames that only hold the machine together (update, underflow, stop) are passed over. What recursion leaves, runs of
 * equal frames, pairs and threes of frames, is kept once, as in GHC's own cost-centre stacks. Compiles for the kernel,
 * and for user space, where tests walk stacks that they made: who includes this defines walk_read(), 0 when all bytes
 * are there.
 */

#include "bpf/hsprof.h"

static __always_inline int walk_read(void *room, __u32 n, __u64 address);

struct walk_table {
	__u64 layout;
	__u32 type;
	__s32 srt;
};

/* A kind of frame that was met; recursion meets the same one or two again and again. */
struct walk_known {
	__u64 info; /* 0: none */
	struct walk_table table;
};

struct walk {
	struct hsprof_sample *sample;
	const struct hsprof_image *image;
	__u64 sp;
	__u64 previous;  /* the frame before */
	__u64 libraries; /* where the kernel started to map them: mm_struct.mmap_base */
	__u32 n_frames;
	__u32 n_steps;
	__u32 n_slides, n_slides_max;
	__u32 ending; /* enum hsprof_ending */
	__u64 c_sp;   /* the C stack's pointer */
	const __u64 *c_stack;
	struct walk_known known[2];
};

enum {
	WALK_SMALL_SIZE = 0x3f, /* BITMAP_SIZE_MASK, 64-bit */
	WALK_BCO_SIZE_AT = 40,  /* of struct StgBCO_ up to its bitmap, which starts with its size */
	WALK_STACK_AT = 8,      /* of struct StgStack_ without and with profiling: what is behind its info pointer */
	WALK_STACK_PROFILED_AT = 24,
	WALK_LIBRARIES_BITS = 40,    /* shared libraries lie at most so far from where the kernel maps the first */
	WALK_C_STACK_SPAN = 8 << 20, /* bytes around the C stack's pointer that are taken for C's */
};

static __always_inline int walk_is_code(const struct walk *w, __u64 info)
{
	const struct hsprof_sample *s = w->sample;

	if (info & 7)
		return 0;
	if (info >= s->code_start && info < s->code_end)
		return 1;
	/* Libraries lie one below the other, or above (`ulimit -s unlimited`), from a place that is drawn anew for each
	 * process out of a TiB, and which a large stack limit moves; GHC's heap starts at 0x4200000000, far below. Type
	 * and size of what is there are looked at too. */
	return w->image->is_shared &&
	       (info - w->libraries + (1ULL << WALK_LIBRARIES_BITS)) >> (WALK_LIBRARIES_BITS + 1) == 0;
}

static __always_inline int walk_is_frame(const struct hsprof_image *image, __u32 type)
{
	return (type >= image->ret_bco && type <= image->stop) ||
	       (type >= image->atomically && type <= image->catch_stm) ||
	       (image->annotation && type == image->annotation);
}

/* From an underflow frame to the chunk of stack that it stands for: { info; [profiling: 2 words;] u32 size, …; sp;
 * stack[size] }. Where sp lies tells which of both it is. */
static __always_inline int walk_next_chunk(struct walk *w, __u64 chunk)
{
	__u64 words[4], at, n;

	if (walk_read(words, sizeof(words), chunk + WALK_STACK_AT))
		return 0;
	at = chunk + WALK_STACK_AT + 16;
	n = (words[0] & 0xffffffff) * 8;
	if (words[1] >= at && words[1] - at < n) {
		w->sp = words[1];
		return 1;
	}
	at = chunk + WALK_STACK_PROFILED_AT + 16;
	n = (words[2] & 0xffffffff) * 8;
	if (words[3] >= at && words[3] - at < n) {
		w->sp = words[3];
		return 1;
	}
	return 0;
}

/* Words of a frame with its info pointer; 0: it can't be read. word: the one behind the info pointer. */
static __always_inline __u64 walk_size(const struct walk *w, const struct walk_table *table, __u64 info, __u64 word)
{
	__u64 n;

	if (table->type == w->image->ret_big)
		return walk_read(&n, sizeof(n), info + (__u64)(__s64)(__s32)table->layout) ? 0 : 1 + n;
	if (table->type == w->image->ret_fun)
		return 3 + word;
	if (table->type == w->image->ret_bco)
		return walk_read(&n, sizeof(n), word + WALK_BCO_SIZE_AT) ? 0 : 2 + n;
	return 1 + (table->layout & WALK_SMALL_SIZE);
}

/* 1: the walk is over, w->ending says how. */
static __always_inline long walk_end(struct walk *w, __u32 ending)
{
	w->ending = ending;
	return 1;
}

/* What to do about a word that is no frame. Between moving Sp and writing the frame's info pointer there are a few
 * instructions, in which the last whole frame is a little further up. */
static __always_inline long walk_no_frame(struct walk *w)
{
	if (w->n_steps > 0)
		return walk_end(w, HSPROF_LOST);
	if (w->n_slides >= w->n_slides_max)
		return walk_end(w, HSPROF_NO_FRAME);
	w->n_slides++;
	w->sp += 8;
	return 0;
}

static __always_inline __u64 walk_kept(const struct walk *w, __u32 back)
{
	return w->sample->frames[(w->n_frames - back) & HSPROF_FRAMES_MAX];
}

static __always_inline void walk_keep(struct walk *w, __u64 info)
{
	if (info == w->previous)
		return;
	w->previous = info;
	w->sample->frames[w->n_frames & HSPROF_FRAMES_MAX] = info;
	w->n_frames++;
	if (w->n_frames >= 4 && info == walk_kept(w, 3) && walk_kept(w, 2) == walk_kept(w, 4))
		w->n_frames -= 2;
	else if (w->n_frames >= 6 && info == walk_kept(w, 4) && walk_kept(w, 2) == walk_kept(w, 5) &&
	         walk_kept(w, 3) == walk_kept(w, 6))
		w->n_frames -= 3;
}

/* The info table of a word that may be a frame's first: 1, or 0 when it is none. */
static __always_inline int walk_table_of(struct walk *w, __u64 info, struct walk_table *ret)
{
	if (info && info == w->known[0].info) {
		*ret = w->known[0].table;
		return 1;
	}
	if (info && info == w->known[1].info) {
		*ret = w->known[1].table;
		return 1;
	}
	if (!walk_is_code(w, info) || walk_read(ret, sizeof(*ret), info - sizeof(*ret)) ||
	    !walk_is_frame(w->image, ret->type))
		return 0;
	w->known[1] = w->known[0];
	w->known[0].info = info;
	w->known[0].table = *ret;
	return 1;
}

/* Whether there is a frame at sp; then its first words and its info table. < 0: there is no memory. */
static __always_inline int walk_look(struct walk *w, __u64 sp, __u64 words[2], struct walk_table *table)
{
	/* The stop frame is a stack's last word, and what is behind it may be a page that nobody has touched. */
	words[1] = 0;
	if (walk_read(words, 2 * sizeof(words[0]), sp) && walk_read(words, sizeof(words[0]), sp))
		return -1;
	return walk_table_of(w, words[0], table);
}

static __always_inline long walk_step(struct walk *w)
{
	const struct hsprof_image *image = w->image;
	struct walk_table table;
	__u64 words[2], size;
	int is_frame;

	if (w->n_frames >= HSPROF_FRAMES_MAX || w->n_steps >= HSPROF_STEPS_MAX)
		return walk_end(w, HSPROF_CAPPED);
	is_frame = walk_look(w, w->sp, words, &table);
	if (is_frame < 0)
		return walk_end(w, w->n_steps > 0 ? HSPROF_LOST : HSPROF_NO_FRAME);
	if (!is_frame)
		return walk_no_frame(w);
	w->n_steps++;
	if (table.type == image->stop)
		return walk_end(w, HSPROF_STOPPED);
	if (table.type == image->underflow)
		return walk_next_chunk(w, words[1]) ? 0 : walk_end(w, HSPROF_LOST);
	if (table.type != image->update)
		walk_keep(w, words[0]);
	size = walk_size(w, &table, words[0], words[1]);
	if (size == 0 || size > 1 << 20)
		return walk_end(w, HSPROF_LOST);
	w->sp += 8 * size;
	return 0;
}

/* Where a word of the C stack points at a frame, C code may have saved the Haskell stack's pointer there. 1: it is. */
static __always_inline long walk_try_saved(struct walk *w, __u32 index)
{
	__u64 word = w->c_stack[index & HSPROF_SCAN_MASK], words[2];
	struct walk_table table;

	if (word & 7 || word < 1 << 16 || word - w->c_sp + WALK_C_STACK_SPAN < 2 * WALK_C_STACK_SPAN ||
	    walk_is_code(w, word) || walk_look(w, word, words, &table) != 1)
		return 0;
	w->sp = word;
	return 1;
}

/* Keeps a word of the C stack that is an address in the program's code. 1: there is room for no more. */
static __always_inline long walk_keep_call(struct walk *w, __u32 index)
{
	__u64 word = w->c_stack[index & HSPROF_SCAN_MASK];
	struct hsprof_sample *s = w->sample;

	if (word < s->code_start || word >= s->code_end)
		return 0;
	s->frames[(w->n_frames & HSPROF_FRAMES_MAX) + (s->n_calls & (HSPROF_CALLS_MAX - 1))] = word;
	s->n_calls++;
	return s->n_calls >= HSPROF_CALLS_MAX;
}

/* Whether the sample met C. */
static __always_inline int walk_is_c(const struct walk *w)
{
	const struct hsprof_sample *s = w->sample;
	__u64 at = s->ip - s->code_start;

	if (s->ip < s->code_start || s->ip >= s->code_end)
		return !w->image->is_shared;
	return w->image->haskell_to > 0 && (at < w->image->haskell_from || at >= w->image->haskell_to);
}

#endif
