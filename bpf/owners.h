/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_OWNERS_H
#define BPF_OWNERS_H

/* Whose a request in flight is, by the request's address, hashed, in one of two places: reading and writing it is a
 * fraction of what a map takes. The last one wins: a request that finds others in both of its places goes in, and one
 * of them is forgotten. Compiles for both sides. */

#include "bpf/disk.h"

enum {
	OWNERS_BITS = 12, /* places for requests of targets in flight, several times what devices take */
	OWNERS_MAX = 1 << OWNERS_BITS,
};

struct owner {
	__u64 address;
	struct disk_process_key key;
};

struct owners {
	/* Of each place a piece of the hash that it was taken with; 0: it is free. Who is not in it is most often told
	 * by one look at a page that others have looked at too. */
	__u8 tags[OWNERS_MAX];
	struct owner at[OWNERS_MAX];
};

struct owners_place {
	__u32 at; /* or its neighbour */
	__u8 tag;
};

static inline __attribute__((always_inline)) struct owners_place owners_place(__u64 address)
{
	/* Fibonacci hashing: requests lie at regular distances. */
	__u64 hash = address * 0x9e3779b97f4a7c15ULL;

	return (struct owners_place){ (__u32)(hash >> (64 - OWNERS_BITS)), (__u8)(hash >> 40) | 1 };
}

static inline __attribute__((always_inline)) int owners_has(const struct owners *o, __u32 at, __u8 tag, __u64 address)
{
	at &= OWNERS_MAX - 1;
	return o->tags[at] == tag && o->at[at].address == address;
}

/* The owner of the request at this address, which has none any more; what it was is still there to be read. NULL: it
 * had none. */
static inline __attribute__((always_inline)) const struct owner *owners_take(struct owners *o, __u64 address)
{
	struct owners_place place = owners_place(address);

	if (!owners_has(o, place.at, place.tag, address)) {
		place.at ^= 1;
		if (!owners_has(o, place.at, place.tag, address))
			return 0;
	}
	place.at &= OWNERS_MAX - 1;
	o->tags[place.at] = 0;
	return &o->at[place.at];
}

/* Returns how many others were forgotten for it. */
static inline __attribute__((always_inline)) int owners_put(struct owners *o, __u64 address,
                                                            const struct disk_process_key *key)
{
	struct owners_place place = owners_place(address);
	__u32 at = place.at & (OWNERS_MAX - 1);
	int n_forgotten = 0;

	/* Its own old place is as good as a free one. */
	if (o->tags[at] && !owners_has(o, at, place.tag, address)) {
		at = (at ^ 1) & (OWNERS_MAX - 1);
		n_forgotten = o->tags[at] && !owners_has(o, at, place.tag, address);
	}
	o->at[at].key = *key;
	o->at[at].address = address;
	o->tags[at] = place.tag;
	return n_forgotten;
}

#endif
