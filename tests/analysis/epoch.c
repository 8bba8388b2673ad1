/* SPDX-License-Identifier: Apache-2.0 */
/* A made node of which live collectors saw everything: what is exact here is exact by construction. */
#include "analysis/epoch.h"
#include "store/builder.h"
#include "store/store.h"
#include "tests/store/place.h"

#include <weir/collector.h>
#include <weir/fail.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

	EPOCH_SLOTS = 100,
	N_SLOTS = 300,      /* epochs 0, 1 and 2; then the log ends as epoch 3 begins */
	FIRST_MISSED = 108, /* the last two of the epoch's first tenth, and one of the second */
	N_MISSED = 3,
	FIRST_BLOCK = 107,
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

struct builder_sink {
	struct store_source *source;
	struct weir_error error;
};

static int flush(struct builder_sink *sink, const struct block *block)
{
	return store_source_block(sink->source, block, &sink->error);
}

static void series(struct builder *b, struct builder_sink *sink, uint32_t id, uint32_t row, const char *attrs)
{
	assert_int_equal(builder_series(b, id, (uint8_t)rows[row].shape, (uint8_t)rows[row].type), 0);
	assert_int_equal(
		store_source_series(sink->source, id, row, (struct weir_text){ attrs, strlen(attrs) }, &sink->error),
		0);
}

static void declare(struct builder *b, struct builder_sink *sink)
{
	for (uint32_t row = 0; row < ROWS; row++)
		series(b, sink, row + 1, row,
		       row == CPU        ? "{\"process.pid\":\"7\",\"state\":\"user\"}"
		       : row == LATENCY  ? "{\"direction\":\"read\"}"
		       : row == OBSTACLE ? "{\"obstacle\":\"NoLedgerView\"}"
		                         : "{}");
	series(b, sink, SERIES_CPU_SYSTEM, CPU, "{\"process.pid\":\"7\",\"state\":\"system\"}");
	series(b, sink, SERIES_CPU_OTHER_PROCESS, CPU, "{\"process.pid\":\"8\",\"state\":\"user\"}");
	series(b, sink, SERIES_LATENCY_WRITE, LATENCY, "{\"direction\":\"write\"}");
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
	assert_int_equal(builder_finish(b), 0);
}

/* What a node's log has of itself, once a slot: where epochs begin, and the CPU time of collections. */
static void declare_log(struct builder *b, struct builder_sink *sink)
{
	series(b, sink, START + 1, START, "{}");
	series(b, sink, BOUNDARY + 1, BOUNDARY, "{}");
	series(b, sink, 3, CPU, "{\"state\":\"gc\"}");
	series(b, sink, 4, ADOPTED, "{}");
	series(b, sink, 5, LIVE, "{}");
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
	assert_int_equal(builder_finish(b), 0);
}

/* Another collector that looks four times as often. */
static void declare_kernel(struct builder *b, struct builder_sink *sink)
{
	series(b, sink, 1, CPU, "{\"state\":\"user\"}");
}

static void put_kernel(struct builder *b)
{
	for (int i = 0; i < 4 * N_SLOTS; i++)
		put_number(b, 1, ZERO_NS + i * (SECOND / 4), i * (SECOND / 8));
	assert_int_equal(builder_finish(b), 0);
}

typedef void declare_series(struct builder *b, struct builder_sink *sink);
typedef void put_observations(struct builder *b);

static void put_source(struct store *s, int64_t run, const char *node, const char *collector,
                       declare_series *declare_all, put_observations *put)
{
	struct store_collector c = {
		.name = collector, .version = "1.0", .abi_major = 1, .metrics = rows, .n_metrics = ROWS
	};
	const struct store_source_result result = {
		.status = STORE_OK, .clock = "CLOCK_REALTIME", .clock_tie = "t", .reasons_json = "{}"
	};
	struct store_source_info info = { .run = run, .path = collector, .options_json = "{}" };
	struct builder_sink sink = { 0 };
	struct weir_error error;
	struct builder *b = builder_new(flush, &sink);

	assert_non_null(b);
	assert_int_equal(store_node(s, run, node, &info.node, &error), 0);
	if (store_collector(s, &c, &info.collector, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(store_source_begin(s, &info, &sink.source, &error), 0);
	declare_all(b, &sink);
	put(b);
	builder_free(b);
	assert_int_equal(store_source_end(sink.source, &result, &error), 0);
}

static void make_store(void)
{
	struct store *s = place_open(&place, STORE_CREATE);
	struct weir_error error;
	int64_t run;

	assert_int_equal(store_run(s, "made", &run, &error), 0);
	assert_int_equal(
		store_fact(s, run, 0, "genesis.slot_length_ns", (struct weir_text){ "1000000000", 10 }, &error), 0);
	assert_int_equal(store_fact(s, run, 0, "genesis.epoch_length_slots", (struct weir_text){ "100", 3 }, &error),
	                 0);
	put_source(s, run, "node-0", "live", declare, put_all);
	put_source(s, run, "node-1", "log", declare_log, put_log);
	put_source(s, run, "node-1", "live", declare_kernel, put_kernel);
	store_close(s);
}

static int begin(void **state)
{
	place_init(&place);
	make_store();
	return 0;
}

static struct epochs read_window(struct store *s, const char *node, int64_t after_slots)
{
	const struct epoch_config config = { .before_slots = 20, .after_slots = after_slots, .part = 4, .node = node };
	struct weir_error error = { "" };
	struct epochs e;

	if (epochs_read(s, &config, &e, &error) < 0)
		fail_msg("%s", error.text);
	return e;
}

static struct epochs read_epochs(struct store *s, const char *node)
{
	return read_window(s, node, 20);
}

static const struct epoch_gauge *gauge(const struct epoch_boundary *b, const char *name)
{
	for (int i = 0; i < EPOCH_GAUGES; i++)
		if (strcmp(b->gauges[i].name, name) == 0)
			return &b->gauges[i];
	fail_msg("no gauge %s", name);
	return NULL;
}

static void assert_near(double value, double want)
{
	if (!(fabs(value - want) <= 1e-9 * fabs(want) + 1e-12))
		fail_msg("%.17g, and it should be %.17g", value, want);
}

/* The node says how long it collected; a collector that looked more often does not know. */
static void who_does_not_have_a_state_is_not_asked_for_it(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-1");

	assert_int_equal(e.n, 2);
	assert_string_equal(e.at[0].gc_from, "resources");
	assert_near(e.at[0].gc_share, 0.2);
	assert_near(e.at[0].gc_share_base, 0.2);
	assert_string_equal(gauge(&e.at[0], "CPU")->from, "live");
	assert_near(gauge(&e.at[0], "CPU")->base, 0.5);
	epochs_done(&e);
	store_close(s);
}

static void a_gauge_is_what_it_was_last(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-1");

	assert_near(gauge(&e.at[0], "heap, live")->base, 100);
	assert_near(gauge(&e.at[0], "heap, live")->window, 150);
	assert_true(isnan(gauge(&e.at[0], "heap, live")->effect.low));
	assert_true(isnan(gauge(&e.at[1], "heap, live")->window));
	epochs_done(&e);
	store_close(s);
}

static void a_boundary_where_the_log_ends_is_none(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-0");

	assert_int_equal(e.n, 2);
	assert_int_equal(e.at[0].epoch, 1);
	assert_int_equal(e.at[1].epoch, 2);
	for (int i = 0; i < EPOCH_TENTHS; i++)
		assert_true(e.at[1].tenth_is_seen[i]);
	epochs_done(&e);
	store_close(s);
}

static void pauses_are_cut_at_the_boundary_the_window_and_the_missed_slots(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-0");
	const struct epoch_boundary *b = &e.at[0];

	assert_string_equal(b->gc_from, "live");
	assert_int_equal(b->n_pauses, 2);
	assert_near(b->pause_total_s, 3.25);
	assert_near(b->pause_longest_s, 2);
	assert_near(b->boundary_pause_s, 0.25);
	assert_int_equal(b->n_missed, N_MISSED);
	assert_int_equal(b->n_missed_runs, 1);
	assert_int_equal(b->missed[0].first_slot, FIRST_MISSED);
	assert_int_equal(b->missed[0].n_pauses, 1);
	assert_near(b->missed[0].pause_s, 1);
	assert_near(b->gc_share, 3.25 / 40);
	/* What is left of two epochs: 80 and 60 seconds of epoch 0 and 1, for the next window begins at 180. */
	assert_near(b->gc_share_base, 1.0 / 140);
	assert_non_null(strstr(b->sentence, "3 slots missed from 108 on, 33 % of their time collections"));
	assert_non_null(strstr(b->sentence, "a collection took 2 s"));
	epochs_done(&e);
	store_close(s);
}

static void processes_and_states_add_up_and_devices_do_not(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-0");
	const struct epoch_boundary *b = &e.at[0];

	assert_string_equal(gauge(b, "CPU")->from, "live");
	assert_near(gauge(b, "CPU")->base, 0.01);
	/* Half of the window lies before the boundary, where nothing happens yet. */
	assert_near(gauge(b, "CPU")->window, (20 * 0.01 + 20 * 0.5) / 40);
	assert_near(gauge(b, "heap, live")->window, 200);
	assert_near(gauge(b, "heap, live")->base, 100);
	assert_true(gauge(b, "heap, live")->effect.low > 99 && gauge(b, "heap, live")->effect.high < 101);
	/* The worse of reading and writing. */
	assert_near(gauge(b, "disk latency, p99")->base, 0.2);
	assert_true(isnan(gauge(b, "network, sent")->window));
	assert_non_null(strstr(b->sentence, "heap, live 200 MiB, 100 before"));
	/* A quiet boundary has nothing that stands out. */
	assert_string_equal(e.at[1].sentence, "");
	epochs_done(&e);
	store_close(s);
}

/* Each in the tenth, and on the side of the window's end, that it lies in. */
static void a_run_of_missed_slots_is_counted_slot_by_slot(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs wide = read_epochs(s, "node-0"), narrow = read_window(s, "node-0", 10);

	assert_int_equal(wide.at[0].tenth_missed[0], 2);
	assert_int_equal(wide.at[0].tenth_missed[1], 1);
	assert_int_equal(wide.at[0].n_missed, 3);
	assert_int_equal(wide.at[0].n_missed_base, 0);
	assert_int_equal(narrow.at[0].n_missed, 2);
	assert_int_equal(narrow.at[0].n_missed_base, 1);
	assert_int_equal(narrow.at[0].missed[0].first_slot, FIRST_MISSED);
	assert_int_equal(narrow.at[0].missed[0].n, 2);
	epochs_done(&wide);
	epochs_done(&narrow);
	store_close(s);
}

/* The second process comes when epoch 0 is half over, with a CPU time that it had before: it is no step of the sum. */
static void a_process_that_comes_is_no_step(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-0");

	assert_near(gauge(&e.at[0], "CPU")->base, 0.01);
	assert_true(gauge(&e.at[0], "CPU")->effect.low > 0);
	epochs_done(&e);
	store_close(s);
}

static void the_first_block_is_the_epochs_own(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-1");
	const struct epoch_boundary *b = &e.at[0];
	const struct epoch_first_block *f = &b->first_block;

	assert_int_equal(b->slot, EPOCH_SLOTS);
	assert_int_equal(f->slot, FIRST_BLOCK);
	assert_near(b->first_block_s, FIRST_BLOCK - EPOCH_SLOTS + 1);
	assert_string_equal(f->forger, "node-0");
	assert_near(f->forging_s, 0.1);
	assert_near(f->adoption_s, 0.01);
	assert_near(f->propagation_s, 0.9);
	assert_near(f->propagation_base_s, 0.1);
	assert_int_equal(f->gap_slots, FIRST_BLOCK - 95);
	assert_near(f->gap_base_slots, 5);
	/* Nine times what others take is not yet said. */
	assert_null(strstr(b->sentence, "first block"));
	epochs_done(&e);
	/* A node's own blocks are set against its own. */
	e = read_epochs(s, "node-0");
	assert_string_equal(e.at[0].first_block.forger, "node-0");
	assert_near(e.at[0].first_block.propagation_s, 0.01);
	assert_near(e.at[0].first_block.propagation_base_s, 0.01);
	epochs_done(&e);
	store_close(s);
}

static void the_delay_of_the_first_block_is_that_behind_the_first_node(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, NULL);

	assert_int_equal(e.n, 4);
	assert_string_equal(e.at[0].node, "node-0");
	assert_near(e.at[0].first_block_delay_s, 0);
	assert_near(e.at[2].first_block_delay_s, 0.89);
	epochs_done(&e);
	store_close(s);
}

static void what_was_in_the_way_is_counted_by_its_name(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-0");

	assert_int_equal(e.at[0].n_obstacles, 1);
	assert_string_equal(e.at[0].obstacles[0].name, "NoLedgerView");
	assert_int_equal(e.at[0].obstacles[0].n_window, 3);
	assert_int_equal(e.at[0].obstacles[0].n_base, 1);
	assert_non_null(strstr(e.at[0].sentence, "NoLedgerView 3 times, 1 elsewhere"));
	assert_int_equal(e.at[1].n_obstacles, 0);
	epochs_done(&e);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_does_not_have_a_state_is_not_asked_for_it),
		cmocka_unit_test(a_gauge_is_what_it_was_last),
		cmocka_unit_test(a_boundary_where_the_log_ends_is_none),
		cmocka_unit_test(pauses_are_cut_at_the_boundary_the_window_and_the_missed_slots),
		cmocka_unit_test(processes_and_states_add_up_and_devices_do_not),
		cmocka_unit_test(a_run_of_missed_slots_is_counted_slot_by_slot),
		cmocka_unit_test(a_process_that_comes_is_no_step),
		cmocka_unit_test(the_first_block_is_the_epochs_own),
		cmocka_unit_test(the_delay_of_the_first_block_is_that_behind_the_first_node),
		cmocka_unit_test(what_was_in_the_way_is_counted_by_its_name),
	};

	return cmocka_run_group_tests(tests, begin, place_end);
}
