/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_TABLE_H
#define BPF_TABLE_H

/* A map of counters and histograms that only grow, read entry by entry; for each entry its series and what was last
 * read of it. One thread. */

#include "bpf/interval.h"
#include "bpf/outbox.h"

enum {
	TABLE_KEY_MAX = 16,
	TABLE_SERIES = 12,
	TABLE_HISTS = 2,
};

/* An entry. What the collector keeps in it is all 0 at first. */
struct table_slot {
	union {
		uint32_t tgid; /* where it is the key's first member */
		unsigned char bytes[TABLE_KEY_MAX];
	} key;
	uint8_t is_used;
	uint8_t is_named;  /* the collector's */
	uint8_t is_silent; /* the collector's */
	uint8_t is_over;   /* the collector's */
	uint32_t reading;  /* that saw it last */
	uint32_t series[TABLE_SERIES];
	struct interval_mark marks[TABLE_HISTS];
};

struct table_shape {
	uint32_t n_key, n_max;
	size_t n_value;
	unsigned n_copies;  /* of a value: as many as processors, or 1 */
	int has_cpu_in_key; /* copies are entries of their own, with the processor as their key's last member */
};

struct table {
	struct table_slot *slots;
	char *values; /* of the entry that table_next gave: its copies */
	struct table_shape shape;
	int map;
	uint32_t n_seen; /* slots from here on were never used */
	uint32_t n_read; /* entries, by the reading that goes on or was the last */
	uint32_t expected;
	uint32_t reading; /* counts them */
	int is_at_end;
	unsigned char next[TABLE_KEY_MAX];
};

/* 0 or -ENOMEM. */
int table_init(struct table *t, int map, const struct table_shape *shape);
void table_done(struct table *t); /* one of zeros is fine */

/* A reading: table_begin, then table_next until it gives NULL. */
void table_begin(struct table *t);
struct table_slot *table_next(struct table *t);

/* Of the entry that was given last, all copies together; offset: of a uint64_t, or of a struct hist. */
uint64_t table_sum(const struct table *t, size_t offset);

/* What a poll is of. */
struct table_poll {
	struct outbox *out;
	int64_t duration_ns;
	uint64_t interval; /* that the programs filled until now */
};

/* Says what a histogram gained since it was last taken; mark: its place in slot->marks. */
void table_take(const struct table *t, struct table_slot *slot, unsigned mark, size_t offset, uint32_t series,
                const struct table_poll *poll);

/* The entry is taken out of the map. */
void table_forget(struct table *t, struct table_slot *slot);
/* All entries of a process; keys begin with their thread group. */
void table_forget_process(struct table *t, uint32_t tgid);

#endif
