/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/rts/rts.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "bpf/live.h"

enum {
	MEGABLOCK_BYTES = 1 << 20,
	AS_COUNTED = 0, /* sizes and counts */
	OF_STATISTICS,  /* times, which the program keeps only when it was told to */
	WITHOUT_PROBES, /* what probes say of each collection */
};

/* A field of the statistics and the series that it goes to. */
static const struct {
	uint16_t offset;
	uint8_t is_narrow; /* 32 bits */
	uint8_t when;
	enum row row;
	const char *key, *value;
} fields[] = {
#define WIDE(field, row, key, value)                                                                                   \
	{                                                                                                              \
		offsetof(struct rts_memory, field), 0, AS_COUNTED, row, key, value                                     \
	}
#define NARROW(field, row, key, value)                                                                                 \
	{                                                                                                              \
		offsetof(struct rts_memory, field), 1, AS_COUNTED, row, key, value                                     \
	}
#define TIME(field, row, value)                                                                                        \
	{                                                                                                              \
		offsetof(struct rts_memory, field), 0, OF_STATISTICS, row, "state", value                              \
	}
	NARROW(gcs, ROW_GC_COUNT, "counter", "stats"),
	NARROW(major_gcs, ROW_GC_MAJOR, NULL, NULL),
	WIDE(copied_bytes, ROW_GC_COPIED, "counter", "stats"),
	WIDE(par_copied_bytes, ROW_GC_PARALLEL_COPIED, NULL, NULL),
	WIDE(par_max_copied_bytes, ROW_GC_PARALLEL_MAX, NULL, NULL),
	WIDE(par_balanced_copied_bytes, ROW_GC_PARALLEL_BALANCED, NULL, NULL),
	WIDE(allocated_bytes, ROW_HEAP_ALLOCATED, NULL, NULL),
	{ offsetof(struct rts_memory, last_live_bytes), 0, WITHOUT_PROBES, ROW_HEAP_LIVE, NULL, NULL },
	WIDE(max_live_bytes, ROW_HEAP_LIVE_MAX, NULL, NULL),
	WIDE(max_mem_bytes, ROW_HEAP_SIZE_MAX, NULL, NULL),
	TIME(init_cpu_ns, ROW_CPU, "init"),
	TIME(gc_cpu_ns, ROW_CPU, "gc"),
	TIME(cpu_ns, ROW_CPU, "total"),
	TIME(init_elapsed_ns, ROW_ELAPSED, "init"),
	TIME(gc_elapsed_ns, ROW_ELAPSED, "gc"),
	TIME(elapsed_ns, ROW_ELAPSED, "total"),
#undef WIDE
#undef NARROW
#undef TIME
};

enum {
	N_FIELDS = sizeof(fields) / sizeof(fields[0]),
	SERIES_MEGABLOCKS = N_FIELDS,
	SERIES_CAPABILITIES,
	SERIES_COUNT,
};

_Static_assert(SERIES_COUNT <= sizeof(((struct counters *)0)->series) / sizeof(uint32_t), "a place for each series");

struct batch {
	struct weir_number at[SERIES_COUNT];
	uint32_t n;
	int64_t now_ns;
};

static void add(struct counters *c, struct batch *b, uint32_t place, enum row row, const char *key, const char *value,
                int64_t number)
{
	if (!c->series[place])
		c->series[place] = rts_series(c->host, row, key, value);
	if (c->series[place])
		b->at[b->n++] = (struct weir_number){ b->now_ns, { .i64 = number }, c->series[place], 0 };
}

static int64_t field_of(const struct rts_memory *m, uint32_t i)
{
	uint32_t narrow;
	int64_t wide;

	if (fields[i].is_narrow) {
		memcpy(&narrow, (const char *)m + fields[i].offset, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, (const char *)m + fields[i].offset, sizeof(wide));
	return wide < 0 ? 0 : wide;
}

/* The collector may be writing while we read: what it writes last, the counts, has to be the same twice. */
static int read_whole(const struct runtime *rt, struct rts_memory *ret, struct parse_fault *ret_fault)
{
	uint8_t bytes[RTS_MEMORY_HEAD_BYTES], again[RTS_MEMORY_HEAD_BYTES];
	int r;

	for (unsigned n_tries = 0; n_tries < 8; n_tries++) {
		r = runtime_read(rt, SYMBOL_STATS, bytes, sizeof(bytes));
		if (r == 0)
			r = runtime_read(rt, SYMBOL_STATS, again, sizeof(again));
		if (r < 0)
			return r;
		if (memcmp(bytes, again, sizeof(bytes)) == 0)
			return rts_memory(bytes, sizeof(bytes), ret, ret_fault) == PARSE_OK ? 0 : -EBADMSG;
	}
	return -EAGAIN;
}

static void complain(struct counters *c, const struct parse_fault *fault)
{
	if (c->is_refused)
		return;
	c->is_refused = 1;
	live_say(c->host, WEIR_WARNING, fault->code, fault->reason);
}

/* A new reading is said whole; one that is as before is not said again. */
static void add_statistics(struct counters *c, struct batch *b, const struct rts_memory *m)
{
	int has_times = m->gc_elapsed_ns > 0;

	if (c->has_last && c->last.gcs == m->gcs)
		return;
	for (uint32_t i = 0; i < N_FIELDS; i++)
		if (fields[i].when == AS_COUNTED || (fields[i].when == OF_STATISTICS && has_times) ||
		    (fields[i].when == WITHOUT_PROBES && !c->has_probes))
			add(c, b, i, fields[i].row, fields[i].key, fields[i].value, field_of(m, i));
}

static void add_variables(struct counters *c, struct batch *b, const struct runtime *rt)
{
	uint64_t megablocks;
	uint32_t capabilities;

	if (runtime_read(rt, SYMBOL_MEGABLOCKS, &megablocks, sizeof(megablocks)) == 0 &&
	    (!c->has_last || megablocks != c->last_megablocks) && megablocks < INT64_MAX / MEGABLOCK_BYTES) {
		add(c, b, SERIES_MEGABLOCKS, ROW_HEAP_SIZE, NULL, NULL, (int64_t)megablocks * MEGABLOCK_BYTES);
		c->last_megablocks = megablocks;
	}
	if (runtime_read(rt, SYMBOL_CAPABILITIES, &capabilities, sizeof(capabilities)) == 0 &&
	    (!c->has_last || capabilities != c->last_capabilities)) {
		add(c, b, SERIES_CAPABILITIES, ROW_CAPABILITY_COUNT, NULL, NULL, capabilities);
		c->last_capabilities = capabilities;
	}
}

int counters_poll(struct counters *c, const struct runtime *rt, int64_t now_ns)
{
	struct batch b = { .n = 0, .now_ns = now_ns };
	struct parse_fault fault;
	struct rts_memory m;
	int r = read_whole(rt, &m, &fault);

	if (r < 0 && r != -EBADMSG && r != -EAGAIN)
		return r;
	c->host->tally(c->host, WEIR_READ, 1, NULL);
	if (r < 0) {
		c->host->tally(c->host, r == -EBADMSG ? WEIR_BAD : WEIR_SKIPPED, 1,
		               r == -EBADMSG ? "rts.statistics" : "rts.torn");
		if (r == -EBADMSG)
			complain(c, &fault);
		return WEIR_OK;
	}
	add_statistics(c, &b, &m);
	add_variables(c, &b, rt);
	c->last = m;
	c->has_last = 1;
	c->host->tally(c->host, WEIR_STORED, 1, NULL);
	return b.n ? c->host->numbers(c->host, b.at, b.n) : WEIR_OK;
}
