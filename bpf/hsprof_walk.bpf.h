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
 * equal frames and of equal pairs of frames, is kept once, as in GHC's own cost-centre stacks. Compiles for the kernel,
 * and for user space, where tests walk stacks that they made: who includes this defines walk_read(), 0 when all bytes
 * are there.
 */

#include "bpf/hsprof.h"

static __always_inline int walk_read(void *room, __u32 n, __u64 address);

struct walk {
	struct hsprof_sample *sample;
	const struct hsprof_image *image;
	__u64 sp;
	__u64 previous; /* the frame before */
	__u32 n_frames;
	__u32 n_steps;
	__u32 n_slides, n_slides_max;
	__u32 ending; /* enum hsprof_ending */
};

struct walk_table {
	__u64 layout;
	__u32 type;
	__s32 srt;
};

enum {
	WALK_SMALL_SIZE = 0x3f, /* BITMAP_SIZE_MASK, 64-bit */
	WALK_BCO_SIZE_AT = 40,  /* of struct StgBCO_ up to its bitmap, which starts with its size */
	WALK_STACK_AT = 8,      /* of struct StgStack_ without and with profiling: what is behind its info pointer */
	WALK_STACK_PROFILED_AT = 24,
	WALK_LIBRARIES_SPAN = 40, /* bits: shared libraries lie at most so far below each other */
};

static __always_inline int walk_is_code(const struct walk *w, __u64 info)
{
	const struct hsprof_sample *s = w->sample;

	if (info & 7)
		return 0;
	if (info >= s->code_start && info < s->code_end)
		return 1;
	/* Where the loader puts libraries on x86-64; type and size of what is there are looked at too. */
	return w->image->is_shared && info >> WALK_LIBRARIES_SPAN == 0x7f;
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
}

static __always_inline long walk_step(struct walk *w)
{
	const struct hsprof_image *image = w->image;
	struct walk_table table;
	__u64 words[2], size;

	if (w->n_frames >= HSPROF_FRAMES_MAX || w->n_steps >= HSPROF_STEPS_MAX)
		return walk_end(w, HSPROF_CAPPED);
	/* The stop frame is a stack's last word, and what is behind it may be a page that nobody has touched. */
	words[1] = 0;
	if (walk_read(words, sizeof(words), w->sp) && walk_read(words, sizeof(words[0]), w->sp))
		return walk_end(w, w->n_steps > 0 ? HSPROF_LOST : HSPROF_NO_FRAME);
	if (!walk_is_code(w, words[0]) || walk_read(&table, sizeof(table), words[0] - sizeof(table)) ||
	    !walk_is_frame(image, table.type))
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

#endif
