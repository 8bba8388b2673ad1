/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/analysis/made_epochs.h"

#include "store/store.h"
#include "tests/store/place.h"
#include "tests/store/written.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum {
	START = 0,
	BOUNDARY,
	MISSED,
	PAUSE,
	CPU,
	LIVE,
	LATENCY,
	FORGED,
	ADOPTION,
	ADOPTED,
	OBSTACLE,
	ROWS,
};

#define SECOND  INT64_C(1000000000)
#define ZERO_NS (INT64_C(1700000000) * SECOND)

static const struct weir_metric rows[ROWS] = {
	[START] = { .name = "cardano.forge.start",
	            .unit = "ns",
	            .brief = "start",
	            .help = "h",
	            .shape = WEIR_SHAPE_SPAN,
	            .type = WEIR_TYPE_F64 },
	[BOUNDARY] = { .name = "cardano.epoch.boundary",
	               .unit = "ns",
	               .brief = "epoch",
	               .help = "h",
	               .shape = WEIR_SHAPE_SPAN,
	               .type = WEIR_TYPE_F64 },
	[MISSED] = { .name = "cardano.slot.missed",
	             .unit = "ns",
	             .brief = "missed",
	             .help = "h",
	             .shape = WEIR_SHAPE_SPAN,
	             .type = WEIR_TYPE_F64 },
	[PAUSE] = { .name = "ghc.gc.pause",
	            .unit = "ns",
	            .brief = "pause",
	            .help = "h",
	            .shape = WEIR_SHAPE_SPAN,
	            .type = WEIR_TYPE_F64 },
	[CPU] = { .name = "process.cpu.time",
	          .unit = "ns",
	          .brief = "CPU",
	          .help = "h",
	          .shape = WEIR_SHAPE_NUMBER,
	          .kind = WEIR_KIND_COUNTER,
	          .type = WEIR_TYPE_I64 },
	[LIVE] = { .name = "ghc.heap.live",
	           .unit = "By",
	           .brief = "live",
	           .help = "h",
	           .shape = WEIR_SHAPE_NUMBER,
	           .type = WEIR_TYPE_I64 },
	[LATENCY] = { .name = "disk.latency",
	              .unit = "ns",
	              .brief = "latency",
	              .help = "h",
	              .shape = WEIR_SHAPE_HISTOGRAM,
	              .type = WEIR_TYPE_F64 },
	[FORGED] = { .name = "cardano.forge.block",
	             .unit = "ns",
	             .brief = "forged",
	             .help = "h",
	             .shape = WEIR_SHAPE_SPAN,
	             .type = WEIR_TYPE_F64 },
	[ADOPTION] = { .name = "cardano.forge.adoption",
	               .unit = "ns",
	               .brief = "adoption",
	               .help = "h",
	               .shape = WEIR_SHAPE_SPAN,
	               .type = WEIR_TYPE_F64 },
	[ADOPTED] = { .name = "cardano.block.adopted",
	              .unit = "{block}",
	              .brief = "adopted",
	              .help = "h",
	              .shape = WEIR_SHAPE_SPAN,
	              .type = WEIR_TYPE_F64 },
	[OBSTACLE] = { .name = "cardano.forge.obstacle",
	               .unit = "1",
	               .brief = "obstacle",
	               .help = "h",
	               .shape = WEIR_SHAPE_SPAN,
	               .type = WEIR_TYPE_F64 },
};

/* Series 1 .. ROWS are the rows'; those after them are more of the same metric. */
enum {
	SERIES_CPU_USER = CPU + 1,
	SERIES_CPU_SYSTEM = ROWS + 1,
	SERIES_CPU_OTHER_PROCESS,
	SERIES_LATENCY_WRITE,
	SERIES,
};

static void declare(struct builder_sink *w)
{
	for (uint32_t row = 0; row < ROWS; row++)
		written_series(w, row + 1, row,
		               row == CPU        ? "{\"process.pid\":\"7\",\"state\":\"user\"}"
		               : row == LATENCY  ? "{\"direction\":\"read\"}"
		               : row == OBSTACLE ? "{\"obstacle\":\"NoLedgerView\"}"
		                                 : "{}");
	written_series(w, SERIES_CPU_SYSTEM, CPU, "{\"process.pid\":\"7\",\"state\":\"system\"}");
	written_series(w, SERIES_CPU_OTHER_PROCESS, CPU, "{\"process.pid\":\"8\",\"state\":\"user\"}");
	written_series(w, SERIES_LATENCY_WRITE, LATENCY, "{\"direction\":\"write\"}");
}

static int is_in_window(int slot)
{
	return slot >= EPOCH_SLOTS && slot < EPOCH_SLOTS + 20;
}

/* late_ns: behind the beginning of the slot. */
static void put_late_span(struct builder *b, uint32_t id, int slot, int64_t late_ns, int64_t duration_ns, double value)
{
	char json[40];
	struct weir_text attrs = { json, (uint64_t)snprintf(json, sizeof(json), "{\"slot\":\"%d\"}", slot) };

	assert_int_equal(builder_spans(b,
	                               &(struct weir_span){ .time_ns = ZERO_NS + slot * SECOND + late_ns,
	                                                    .duration_ns = duration_ns,
	                                                    .value = value,
	                                                    .series = id,
	                                                    .attrs = builder_attrs(b, attrs),
	                                                    .flags = WEIR_SPAN_HAS_VALUE },
	                               1),
	                 0);
}

static void put_span(struct builder *b, uint32_t row, int slot, int64_t duration_ns, double value)
{
	put_late_span(b, row + 1, slot, 0, duration_ns, value);
}

/* Every fifth slot, but the next epoch's first is late and takes long to be adopted. */
static int has_block(int slot)
{
	return slot == FIRST_BLOCK || (slot % 5 == 0 && (slot < EPOCH_SLOTS || slot > FIRST_BLOCK));
}

/* Forged a tenth of a second into the slot, adopted a hundredth later. */
static void put_blocks(struct builder *b)
{
	for (int slot = 0; slot < N_SLOTS; slot++) {
		if (!has_block(slot))
			continue;
		put_late_span(b, FORGED + 1, slot, SECOND / 20, SECOND / 20, 0);
		put_late_span(b, ADOPTION + 1, slot, SECOND / 10, SECOND / 100, 0);
		put_late_span(b, ADOPTED + 1, slot, SECOND / 10 + SECOND / 100, 0, 1);
	}
	for (int slot = 101; slot <= 103; slot++)
		put_late_span(b, OBSTACLE + 1, slot, SECOND / 50, 0, 0);
	put_late_span(b, OBSTACLE + 1, 50, SECOND / 50, 0, 0);
}

static void put_number(struct builder *b, uint32_t id, int64_t time_ns, int64_t value)
{
	assert_int_equal(
		builder_numbers(b, &(struct weir_number){ .time_ns = time_ns, .value.i64 = value, .series = id }, 1),
		0);
}

static void put_latency(struct builder *b, uint32_t id, int64_t time_ns, double ns)
{
	const uint64_t one = 1;

	assert_int_equal(builder_histograms(b,
	                                    &(struct weir_histogram){ .time_ns = time_ns,
	                                                              .duration_ns = SECOND,
	                                                              .count = 1,
	                                                              .sum = ns,
	                                                              .min = ns,
	                                                              .max = ns,
	                                                              .buckets = &one,
	                                                              .n_buckets = 1,
	                                                              .series = id },
	                                    1),
	                 0);
}

/* A second, which is a slot. In the window the process runs half of the time and waits longer for its disk. */
static void put_slot(struct builder *b, int slot, int64_t cpu[3])
{
	int64_t at = ZERO_NS + slot * SECOND;
	int is_missed = slot >= FIRST_MISSED && slot < FIRST_MISSED + N_MISSED, is_in = is_in_window(slot);

	if (!is_missed)
		put_span(b, START, slot, 1000000 + slot % 7 * 1000, 0);
	cpu[0] += is_in ? SECOND / 4 : SECOND / 100;
	cpu[1] += is_in ? SECOND / 8 : 0;
	cpu[2] += is_in ? SECOND / 8 : 0;
	put_number(b, SERIES_CPU_USER, at, cpu[0]);
	put_number(b, SERIES_CPU_SYSTEM, at, cpu[1]);
	if (slot >= EPOCH_SLOTS / 2)
		put_number(b, SERIES_CPU_OTHER_PROCESS, at, cpu[2]);
	put_number(b, LIVE + 1, at, (slot < EPOCH_SLOTS ? 100 : 200) << 20);
	put_latency(b, LATENCY + 1, at, 1e5);
	put_latency(b, SERIES_LATENCY_WRITE, at, is_in ? 8e6 : 2e5);
}

static void put_all(struct builder *b)
{
	int64_t cpu[3] = { 0, 0, 1000 * SECOND };

	for (int slot = 0; slot < N_SLOTS; slot++)
		put_slot(b, slot, cpu);
	for (int epoch = 1; epoch <= 3; epoch++)
		put_span(b, BOUNDARY, epoch * EPOCH_SLOTS, 0, epoch);
	put_span(b, MISSED, FIRST_MISSED, N_MISSED * SECOND, N_MISSED);
	/* One over the boundary, one into the missed slots, one far away, and the last that is seen. */
	put_span(b, PAUSE, 99, SECOND + SECOND / 4, 0);
	put_span(b, PAUSE, 107, 2 * SECOND, 0);
	put_span(b, PAUSE, 150, SECOND, 0);
	put_span(b, PAUSE, N_SLOTS - 1, 1000, 0);
	put_blocks(b);
}

/* What a node's log has of itself, once a slot: where epochs begin, and the CPU time of collections. */
static void declare_log(struct builder_sink *w)
{
	written_series(w, START + 1, START, "{}");
	written_series(w, BOUNDARY + 1, BOUNDARY, "{}");
	written_series(w, 3, CPU, "{\"state\":\"gc\"}");
	written_series(w, 4, ADOPTED, "{}");
	written_series(w, 5, LIVE, "{}");
}

static void put_log(struct builder *b)
{
	for (int slot = 0; slot < N_SLOTS; slot++) {
		put_span(b, START, slot, 1000, 0);
		put_number(b, 3, ZERO_NS + slot * SECOND, slot * (SECOND / 5));
		/* The last one of epoch 0 comes in epoch 1, the first one of epoch 1 late. */
		if (has_block(slot))
			put_late_span(b, 4, slot,
			              slot == 95            ? 6 * SECOND
			              : slot == FIRST_BLOCK ? SECOND
			                                    : SECOND / 5,
			              0, 1);
	}
	/* A collection long before the window, and some after the boundary. */
	put_number(b, 5, ZERO_NS + 30 * SECOND, 50 << 20);
	put_number(b, 5, ZERO_NS + 60 * SECOND, 100 << 20);
	for (int slot = 101; slot < 110; slot++)
		put_number(b, 5, ZERO_NS + slot * SECOND, 150 << 20);
	for (int epoch = 1; epoch <= 3; epoch++)
		put_span(b, BOUNDARY, epoch * EPOCH_SLOTS, 0, epoch);
}

/* Another collector that looks four times as often. */
static void declare_kernel(struct builder_sink *w)
{
	written_series(w, 1, CPU, "{\"state\":\"user\"}");
}

static void put_kernel(struct builder *b)
{
	for (int i = 0; i < 4 * N_SLOTS; i++)
		put_number(b, 1, ZERO_NS + i * (SECOND / 4), i * (SECOND / 8));
}

static void put_source(struct store *s, const char *node, const char *collector,
                       void declare_all(struct builder_sink *w), void put(struct builder *b))
{
	struct builder_sink w;

	written_begin(&w, s, "made", node, collector, rows, ROWS);
	declare_all(&w);
	put(w.builder);
	written_end(&w, 0);
}

int made_epochs_begin(void **state)
{
	struct weir_error error;
	struct store *s;
	int64_t run;

	place_init(&place);
	s = place_open(&place, STORE_CREATE);
	assert_int_equal(store_run(s, "made", &run, &error), 0);
	assert_int_equal(
		store_fact(s, run, 0, "genesis.slot_length_ns", (struct weir_text){ "1000000000", 10 }, &error), 0);
	assert_int_equal(store_fact(s, run, 0, "genesis.epoch_length_slots", (struct weir_text){ "100", 3 }, &error),
	                 0);
	put_source(s, "node-0", "live", declare, put_all);
	put_source(s, "node-1", "log", declare_log, put_log);
	put_source(s, "node-1", "live", declare_kernel, put_kernel);
	store_close(s);
	return 0;
}
