/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_OWNERS_H
#define BPF_OWNERS_H

/* Whose a request in flight is, by the request's address, hashed, in one of two places, which are neighbours: reading
 * and writing it is a fraction of what a map takes. The last one wins: a request that finds others in both of its
 * places goes in, and one of them is forgotten. Compiles for both sides. */

#include <linux/types.h>

enum {
	OWNERS_BITS = 12, /* places for requests of targets in flight, several times what devices take */
	OWNERS_MAX = 1 << OWNERS_BITS,
	OWNERS_REST_BITS = 32,
	OWNERS_ADDRESS_SHIFT = 3, /* requests and pieces lie at multiples of 8 */
	OWNERS_TGID_BITS = 22,    /* the kernel's PID_MAX_LIMIT */
};

/* In each place the bits of the hash that do not tell the place, then whether it is the neighbour's, then the thread
 * group; 0: it is free. The hash can be turned back, so all of it is the address: its 47 bits that tell all memory
 * apart. */
struct owners {
	__u64 at[OWNERS_MAX];
};

struct owners_place {
	__u32 at; /* or its neighbour */
	__u64 mark;
};

static inline __attribute__((always_inline)) struct owners_place owners_place(__u64 address)
{
	/* Fibonacci hashing: requests lie at regular distances. */
	__u64 hash =
		(address >> OWNERS_ADDRESS_SHIFT) * 0x9e3779b97f5ULL & ((1ULL << (OWNERS_BITS + OWNERS_REST_BITS)) - 1);

	return (struct owners_place){ (__u32)(hash >> OWNERS_REST_BITS), hash << 32 };
}

enum {
	OWNERS_NEIGHBOUR = 1 << OWNERS_TGID_BITS,
};

static inline __attribute__((always_inline)) int owners_has(__u64 owner, __u64 mark)
{
	return owner && owner >> OWNERS_TGID_BITS == mark >> OWNERS_TGID_BITS;
}

/* The owner of the request at this address, which has none any more. 0: it had none. */
static inline __attribute__((always_inline)) __u32 owners_take(struct owners *o, __u64 address)
{
	struct owners_place place = owners_place(address);
	__u64 owner = o->at[place.at & (OWNERS_MAX - 1)];

	if (!owners_has(owner, place.mark)) {
		place.at ^= 1;
		owner = o->at[place.at & (OWNERS_MAX - 1)];
		if (!owners_has(owner, place.mark | OWNERS_NEIGHBOUR))
			return 0;
	}
	o->at[place.at & (OWNERS_MAX - 1)] = 0;
	return (__u32)owner & (OWNERS_NEIGHBOUR - 1);
}

/* tgid: not 0. Returns how many others were forgotten for it. */
static inline __attribute__((always_inline)) int owners_put(struct owners *o, __u64 address, __u32 tgid)
{
	struct owners_place place = owners_place(address);
	__u64 owner = o->at[place.at & (OWNERS_MAX - 1)];

	/* Its own old place is as good as a free one. */
	if (owner && !owners_has(owner, place.mark)) {
		place.at ^= 1;
		place.mark |= OWNERS_NEIGHBOUR;
		owner = o->at[place.at & (OWNERS_MAX - 1)];
	}
	o->at[place.at & (OWNERS_MAX - 1)] = place.mark | tgid;
	return owner && !owners_has(owner, place.mark);
}

#endif
