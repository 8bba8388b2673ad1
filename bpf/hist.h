/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_HIST_H
#define BPF_HIST_H

/* A histogram that only ever grows, filled in the kernel, in exactly the contract's buckets: base 2^(1/4), bucket i for
 * the values in (base^i, base^(i+1)]. Source: OpenTelemetry metrics data model, "ExponentialHistogram", scale 2.
 *
 * An interval's histogram is the difference of two readings. Minima and maxima have no difference, so they are kept for
 * the running interval and the one before: the reader raises `interval` by one, then reads the edges of the one that
 * ended. Compiles for both sides; one CPU writes each copy.
 */

#include <linux/types.h>

enum {
	HIST_SCALE = 2,
	HIST_SLOTS = 160, /* [0] is the zeros, [1 + n] bucket n - 1; the last also has what is beyond it: 2^39.5 */
};

struct hist_edge {
	__u64 min;
	__u64 max;
	__u64 interval; /* that min and max are of */
};

/* How many values came is the sum of its slots, which begin anew from 0 when they are full: nobody waits four billion
 * values before he reads it again, and the fewer cache lines it takes, the sooner they are at hand. */
struct hist {
	__u64 sum;
	struct hist_edge edges[2]; /* by the interval's last bit */
	__u64 reserved; /* what is before the slots fills one cache line, of a structure that begins with one */
	__u32 slots[HIST_SLOTS];
};

_Static_assert(sizeof(struct hist) == 64 + 4 * HIST_SLOTS, "the layout that both compilers see");

/* 1 if a > b, else 0; both below 2^63. Made of what lets no compiler jump: values come in no order that a processor could
 * learn, and a wrong guess costs more than all of a slot's arithmetic. */
static inline __attribute__((always_inline)) __u64 hist_exceeds(__u64 a, __u64 b)
{
	__u64 difference = b - a;

	__asm__("" : "+r"(difference));
	return difference >> 63;
}

static inline __attribute__((always_inline)) __u64 hist_log2(__u64 v)
{
	__u64 r, shift;

	r = hist_exceeds(v, 0xffffffff) << 5;
	v >>= r;
	shift = hist_exceeds(v, 0xffff) << 4;
	v >>= shift;
	r |= shift;
	shift = hist_exceeds(v, 0xff) << 3;
	v >>= shift;
	r |= shift;
	shift = hist_exceeds(v, 0xf) << 2;
	v >>= shift;
	r |= shift;
	shift = hist_exceeds(v, 0x3) << 1;
	v >>= shift;
	r |= shift;
	return r | v >> 1;
}

static inline __attribute__((always_inline)) __u32 hist_slot(__u64 v)
{
	/* 2^62 times 2^(1/4), 2^(2/4) and 2^(3/4). Of an integer v and an irrational or whole bound b, v > b is
	 * v - 1 >= floor(b). */
	const __u64 quarter[3] = { 0x4c1bf828c6dc54b7ULL, 0x5a827999fcef3242ULL, 0x6ba27e656b4eb57aULL };
	__u64 u = v - 1, down, slot;

	if (v <= 1)
		return (__u32)v;
	if (u >> 62)
		return HIST_SLOTS - 1;
	down = hist_log2(u);
	slot = 5 + 4 * down;
	down = 62 - down;
	slot -= hist_exceeds(quarter[0] >> down, u) + hist_exceeds(quarter[1] >> down, u) +
	        hist_exceeds(quarter[2] >> down, u);
	return slot < HIST_SLOTS ? (__u32)slot : HIST_SLOTS - 1;
}

static inline __attribute__((always_inline)) void hist_add(struct hist *h, __u64 v, __u64 interval)
{
	struct hist_edge *edge = &h->edges[interval & 1];

	h->sum += v;
	h->slots[hist_slot(v)]++;
	if (edge->interval != interval) {
		edge->interval = interval;
		edge->min = v;
		edge->max = v;
		return;
	}
	if (v < edge->min)
		edge->min = v;
	if (v > edge->max)
		edge->max = v;
}

#endif
