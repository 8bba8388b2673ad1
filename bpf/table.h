/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_TABLE_H
#define BPF_TABLE_H

/* A map of counters and histograms that only grow, read entry by entry; for each entry its series and what was last
 * read of it. One thread. */

#include "bpf/interval.h"
#include "bpf/live.h"
#include "bpf/probes.h"

enum {
	TABLE_KEY_MAX = 16,
	TABLE_SERIES = 24,
	TABLE_HISTS = 12,
	TABLE_PAIRS_MAX = 5,
};

/* An entry. What the collector keeps in it is all 0 at first. */
struct table_slot {
	union {
		uint32_t tgid; /* where it is the key's first member */
		unsigned char bytes[TABLE_KEY_MAX];
	} key;
	uint8_t is_used;
	uint8_t is_silent; /* the collector's */
	uint8_t is_over;   /* the collector's */
	uint32_t reading;  /* that saw it last */
	uint32_t named;    /* of its rows, a bit each */
	uint32_t series[TABLE_SERIES];
	struct interval_mark marks[TABLE_HISTS];
};

/* Where the map is not a per-CPU one, copies of a value are entries of their own, with the processor as their key's
 * last member. */
struct table {
	struct table_slot *slots;
	char *values; /* of the entry that table_next gave: its copies */
	const char *name;
	int map;
	unsigned n_copies;
	uint32_t n_max;
	size_t n_key; /* bytes of a key that tell entries apart */
	size_t n_value;
	int has_cpu_in_key;
	uint32_t n_seen; /* slots from here on were never used */
	uint32_t n_read; /* entries, by the reading that goes on or was the last */
	uint32_t expected;
	uint32_t reading; /* counts them */
	int is_at_end;
	unsigned char next[TABLE_KEY_MAX];
};

/* n_copies: of a value, as many as processors, or 1. 0 or -ENOMEM. */
int table_open(struct table *t, const struct probes *p, const char *map, unsigned n_copies);
void table_close(struct table *t); /* one of zeros is fine */

/* A reading: table_begin, then table_next until it gives NULL. */
void table_begin(struct table *t);
struct table_slot *table_next(struct table *t);

/* A member of a map's values. */
struct table_row {
	uint32_t row;            /* of the collector's metrics */
	size_t offset;           /* of a uint64_t that only grows, or of a struct hist */
	uint8_t is_hist;         /* at most TABLE_HISTS of them */
	uint8_t is_rare;         /* of hists: has a series only once that it has values */
	const char *key, *value; /* an attribute that only it has; NULL: none */
};

/* Whether the entry that was given last has a row that is yet to be named. */
int table_lacks_name(const struct table *t, const struct table_slot *slot, const struct table_row *rows, unsigned n);
/* Makes the series that it lacks: of each of its rows, at most TABLE_SERIES, with the pairs and what only the row has.
 */
void table_name(const struct table *t, struct table_slot *slot, const struct outbox *o, const struct table_row *rows,
                unsigned n, const struct outbox_pair *pairs, unsigned n_pairs);
/* Says the rows of the entry that was given last, all copies together: of a histogram what it gained since it was last
 * told. interval: that the programs filled until now. */
void table_tell(const struct table *t, struct table_slot *slot, const struct table_row *rows, unsigned n,
                struct outbox *o, uint64_t interval);
/* How full the map was when it was read. */
void table_tell_fill(const struct table *t, struct live *l);

/* The entry is taken out of the map. Where copies are entries of their own, what they held at last is in `values`. */
void table_forget(struct table *t, struct table_slot *slot);
/* All entries of a process; keys begin with their thread group. */
void table_forget_process(struct table *t, uint32_t tgid);

#endif
