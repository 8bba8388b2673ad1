/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/node-trace/node_trace.h"
#include "collectors/program/report.h"

#include <string.h>

enum {
	CENTISECOND_NS = 10000000,
};

/* Fields of a `Resources` line. Source: trace-resources, Cardano.Logging.Resources.Types; what is known of their truth:
 * CentiBlkIO reads the wrong field of /proc/self/stat, NetRd and NetWr are compiled out, so that 0 there is no zero. */
static const struct {
	const char *field;
	uint8_t row;
	const char *key, *value; /* the series' attribute */
	int64_t factor;          /* to the metric's unit */
	uint8_t is_dead;
} fields[] = {
	{ "CentiCpu", ROW_CPU, "state", "total", CENTISECOND_NS, 0 },
	{ "CentiGC", ROW_CPU, "state", "gc", CENTISECOND_NS, 0 },
	{ "CentiMut", ROW_CPU, "state", "mutator", CENTISECOND_NS, 0 },
	{ "GcsMajor", ROW_GC_COUNT, "generation", "major", 1, 0 },
	{ "GcsMinor", ROW_GC_COUNT, "generation", "minor", 1, 0 },
	{ "Alloc", ROW_ALLOCATED, NULL, NULL, 1, 0 },
	{ "Live", ROW_LIVE, NULL, NULL, 1, 0 },
	{ "Heap", ROW_HEAP, NULL, NULL, 1, 0 },
	{ "RSS", ROW_RSS, NULL, NULL, 1, 0 },
	{ "Threads", ROW_THREADS, NULL, NULL, 1, 0 },
	{ "FsRd", ROW_DISK, "direction", "read", 1, 0 },
	{ "FsWr", ROW_DISK, "direction", "write", 1, 0 },
	{ "NetRd", ROW_NETWORK, "direction", "receive", 1, 1 },
	{ "NetWr", ROW_NETWORK, "direction", "transmit", 1, 1 },
	{ "CentiBlkIO", ROW_BLOCK_IO_WAIT, NULL, NULL, CENTISECOND_NS, 1 },
};

enum {
	N_FIELDS = sizeof(fields) / sizeof(fields[0]),
	FIRST_DEAD = N_FIELDS - RESOURCES_DEAD,
};

_Static_assert(N_FIELDS <= sizeof(((struct resources *)0)->series) / sizeof(uint32_t), "a series for each field");

static uint32_t series_of(struct resources *r, struct emit *e, size_t i)
{
	if (r->series[i])
		return r->series[i];
	if (fields[i].key)
		r->series[i] = emit_series(e, (enum row)fields[i].row, fields[i].key,
		                           (struct weir_text){ fields[i].value, strlen(fields[i].value) });
	else
		r->series[i] = emit_plain(e, (enum row)fields[i].row);
	return r->series[i];
}

void resources_line(struct resources *r, struct emit *e, const struct trace_line *line)
{
	r->n_samples++;
	for (size_t i = 0; i < N_FIELDS; i++) {
		int64_t value;

		if (!member_i64(line, fields[i].field, &value) ||
		    __builtin_mul_overflow(value, fields[i].factor, &value))
			continue;
		/* As long as a dead field says 0, nothing was measured. */
		if (fields[i].is_dead && !r->is_alive[i - FIRST_DEAD]) {
			r->n_dead[i - FIRST_DEAD]++;
			if (!value)
				continue;
			r->is_alive[i - FIRST_DEAD] = value > 0;
		}
		emit_i64(e, series_of(r, e, i), line->at_ns, value);
	}
}

void resources_finish(const struct resources *r, const struct weir_host *h)
{
	static const char *const messages[RESOURCES_DEAD] = {
		"NetRd is 0 in every sample: this node does not measure it",
		"NetWr is 0 in every sample: this node does not measure it",
		"CentiBlkIO is 0 in every sample: this node does not measure it",
	};

	for (size_t i = 0; i < RESOURCES_DEAD; i++)
		if (r->n_dead[i] && !r->is_alive[i])
			report_say(h, WEIR_NOTE, "trace.not_measured", messages[i], WEIR_NO_OFFSET, 1);
}
