/* SPDX-License-Identifier: Apache-2.0 */
/* The host against a worker that says anything at all. */
#include "plugins/intake.h"
#include "plugins/ring.h"
#include "store/builder.h"
#include "tests/plugins/stage.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	ROWS_MAX = 1000
};

struct hostile {
	struct stage stage;
	struct intake intake;
	uint8_t *room;
};

static struct hostile hostile_new(void)
{
	struct hostile h = { .stage = stage_new(), .room = malloc(RING_MESSAGE_MAX) };
	const struct registry_collector *c = stage_collector(&h.stage, "good");
	struct store_collector of = {
		.name = c->name, .version = c->version, .abi_major = 1, .metrics = c->metrics, .n_metrics = c->n_metrics
	};
	struct store_source_info info = { .run = h.stage.run, .node = h.stage.node, .path = "x", .options_json = "{}" };

	assert_int_equal(store_collector(h.stage.store, &of, &info.collector, &h.stage.error), 0);
	h.intake = (struct intake){ .collector = c, .rows_max = ROWS_MAX, .clock_error_ns = -1 };
	assert_int_equal(store_source_begin(h.stage.store, &info, &h.intake.source, &h.stage.error), 0);
	return h;
}

static void hostile_done(struct hostile *h)
{
	store_source_abort(h->intake.source);
	intake_done(&h->intake);
	stage_done(&h->stage);
	free(h->room);
}

static int say(struct hostile *h, struct wire fixed, const void *first, uint64_t n_first, const void *second,
               uint64_t n_second)
{
	fixed.n_text[0] = (uint32_t)n_first;
	fixed.n_text[1] = (uint32_t)n_second;
	memcpy(h->room, &fixed, sizeof(fixed));
	if (n_first)
		memcpy(h->room + sizeof(fixed), first, n_first);
	if (n_second)
		memcpy(h->room + sizeof(fixed) + n_first, second, n_second);
	h->stage.error.text[0] = '\0';
	return intake_take(&h->intake, h->room, sizeof(fixed) + n_first + n_second, &h->stage.error);
}

static int say_series(struct hostile *h, uint32_t id, uint32_t row, const char *attrs)
{
	return say(h, (struct wire){ .kind = WIRE_SERIES, .of.series = { id, row } }, attrs, strlen(attrs), "", 0);
}

static int say_fact(struct hostile *h, const char *name)
{
	return say(h, (struct wire){ .kind = WIRE_FACT }, name, strlen(name) + 1, "v", 1);
}

static int say_diag(struct hostile *h, const char *code, uint64_t count, uint32_t severity, uint32_t input)
{
	struct wire fixed = { .kind = WIRE_DIAG, .of.diag = { .count = count, .severity = severity, .input = input } };

	return say(h, fixed, code, strlen(code) + 1, "words", 5);
}

static int say_end(struct hostile *h, uint32_t way, uint32_t status, const char *reasons)
{
	struct wire fixed = { .kind = WIRE_END, .of.end = { .way = way, .status = status } };

	return say(h, fixed, reasons, strlen(reasons) + 1, "", 0);
}

static void series_come_in_order_and_of_declared_metrics(void **state)
{
	struct hostile h = hostile_new();

	assert_int_equal(say_series(&h, 2, 0, "{}"), -EPROTO);
	assert_int_equal(say_series(&h, 0, 0, "{}"), -EPROTO);
	assert_int_equal(say_series(&h, 1, 3, "{}"), -EPROTO);
	assert_non_null(strstr(h.stage.error.text, "3 are declared"));
	assert_int_equal(say_series(&h, 1, UINT32_MAX, "{}"), -EPROTO);
	assert_int_equal(say_series(&h, 1, 0, "{\"b\":\"1\",\"a\":\"2\"}"), -EPROTO);
	assert_int_equal(say_series(&h, 1, 0, "{\"a\":1}"), -EPROTO);
	assert_int_equal(say_series(&h, 1, 0, ""), -EPROTO);
	assert_int_equal(say_series(&h, 1, 2, "{\"a\":\"1\"}"), 0);
	assert_int_equal(say_series(&h, 1, 2, "{}"), -EPROTO);
	assert_int_equal(say_series(&h, 2, 0, "{}"), 0);
	hostile_done(&h);
}

static void facts_and_diags_are_well_formed_and_not_too_many(void **state)
{
	struct hostile h = hostile_new();

	assert_int_equal(say_fact(&h, "Bad Name"), -EPROTO);
	assert_int_equal(say_fact(&h, ""), -EPROTO);
	for (int i = 0; i < INTAKE_FACTS_MAX; i++)
		assert_int_equal(say_fact(&h, "ghc.version"), 0);
	assert_int_equal(say_fact(&h, "ghc.version"), -EPROTO);
	assert_int_equal(say_diag(&h, "Bad Code", 1, WEIR_NOTE, 0), -EPROTO);
	assert_int_equal(say_diag(&h, "a.code", 0, WEIR_NOTE, 0), -EPROTO);
	assert_int_equal(say_diag(&h, "a.code", 1, WEIR_ERROR + 1, 0), -EPROTO);
	assert_int_equal(say_diag(&h, "a.code", 1, WEIR_NOTE, 2), -EPROTO);
	for (int i = 0; i < INTAKE_DIAGS_MAX; i++)
		assert_int_equal(say_diag(&h, "a.code", 1, WEIR_NOTE, 1), 0);
	assert_int_equal(say_diag(&h, "a.code", 1, WEIR_NOTE, 1), -EPROTO);
	hostile_done(&h);
}

static void an_end_is_known_and_the_last_word(void **state)
{
	struct hostile h = hostile_new();

	assert_int_equal(say_end(&h, 0, STORE_OK, "{}"), -EPROTO);
	assert_int_equal(say_end(&h, WIRE_WAY_COUNT, STORE_OK, "{}"), -EPROTO);
	assert_int_equal(say_end(&h, WIRE_WAY_DONE, 0, "{}"), -EPROTO);
	assert_int_equal(say_end(&h, WIRE_WAY_DONE, STORE_FAILED + 1, "{}"), -EPROTO);
	assert_int_equal(say_end(&h, WIRE_WAY_DONE, STORE_OK, "{"), -EPROTO);
	assert_int_equal(say_end(&h, WIRE_WAY_DONE, STORE_OK, "[]"), -EPROTO);
	assert_false(h.intake.has_end);
	assert_int_equal(say_end(&h, WIRE_WAY_DONE, STORE_OK, "{\"bad\":{\"x\":1}}"), 0);
	assert_true(h.intake.has_end);
	assert_int_equal(say_end(&h, WIRE_WAY_DONE, STORE_OK, "{}"), -EPROTO);
	assert_int_equal(say_fact(&h, "ghc.version"), -EPROTO);
	hostile_done(&h);
}

static void one_that_only_hashes_has_nothing_to_say(void **state)
{
	struct hostile h = hostile_new();

	h.intake.collector = NULL;
	assert_int_equal(say_series(&h, 1, 0, "{}"), -EPROTO);
	assert_int_equal(say_fact(&h, "ghc.version"), -EPROTO);
	assert_int_equal(say_diag(&h, "a.code", 1, WEIR_NOTE, 0), -EPROTO);
	assert_int_equal(say_end(&h, WIRE_WAY_DONE, STORE_OK, "{}"), 0);
	hostile_done(&h);
}

/* ---- Blocks ---- */

struct builder_sink {
	struct block block;
	uint8_t bytes[4096];
	uint32_t n_seen;
};

/* Keeps the last block. */
static int keep_block(struct builder_sink *sink, const struct block *block)
{
	sink->block = *block;
	assert_true(block->n_bytes <= sizeof(sink->bytes));
	memcpy(sink->bytes, block->bytes, block->n_bytes);
	sink->n_seen++;
	return 0;
}

static struct builder_sink numbers_block(uint32_t n)
{
	struct builder_sink sink = { 0 };
	struct builder *b = builder_new(keep_block, &sink);
	struct weir_number number = { .series = 1 };

	assert_int_equal(builder_series(b, 1, WEIR_SHAPE_NUMBER, WEIR_TYPE_I64), 0);
	for (uint32_t i = 0; i < n; i++) {
		number.time_ns = i;
		number.value.i64 = i;
		assert_int_equal(builder_numbers(b, &number, 1), 0);
	}
	assert_int_equal(builder_finish(b), 0);
	builder_free(b);
	assert_int_equal(sink.n_seen, 1);
	return sink;
}

static struct builder_sink attrs_block(void)
{
	struct builder_sink sink = { 0 };
	struct builder *b = builder_new(keep_block, &sink);

	assert_int_equal(builder_attrs(b, (struct weir_text){ "{\"a\":\"1\"}", 9 }), 1);
	assert_int_equal(builder_finish(b), 0);
	builder_free(b);
	return sink;
}

static int say_block(struct hostile *h, const struct builder_sink *sink)
{
	return say(h, (struct wire){ .kind = WIRE_BLOCK, .of.block = sink->block }, sink->bytes, sink->block.n_bytes,
	           "", 0);
}

/* With a CRC that is right for what it says now. */
static int say_changed(struct hostile *h, struct builder_sink sink)
{
	uint32_t crc;

	sink.block.bytes = sink.bytes;
	crc = block_crc(&sink.block);
	for (int i = 0; i < 4; i++)
		sink.bytes[sink.block.n_bytes - 4 + (uint64_t)i] = (uint8_t)(crc >> (8 * i));
	return say_block(h, &sink);
}

static void blocks_are_whole_and_of_known_series(void **state)
{
	struct hostile h = hostile_new();
	struct builder_sink good = numbers_block(10), bad;

	assert_int_equal(say_block(&h, &good), -EPROTO);
	assert_non_null(strstr(h.stage.error.text, "never said"));
	assert_int_equal(say_series(&h, 1, 0, "{}"), 0);
	assert_int_equal(say_block(&h, &good), 0);
	assert_int_equal(say_changed(&h, good), 0);
	assert_int_equal(h.intake.n_rows, 20);
	bad = good;
	bad.bytes[bad.block.n_bytes / 2] ^= 1;
	assert_int_equal(say_block(&h, &bad), -EPROTO);
	bad = good;
	bad.block.v_max += 1;
	assert_int_equal(say_block(&h, &bad), -EPROTO);
	bad = good;
	bad.block.series = 2;
	assert_int_equal(say_changed(&h, bad), -EPROTO);
	bad = good;
	bad.block.n_rows = UINT32_MAX;
	assert_int_equal(say_changed(&h, bad), -EPROTO);
	bad = good;
	bad.block.kind = BLOCK_KIND_COUNT;
	assert_int_equal(say_changed(&h, bad), -EPROTO);
	bad = good;
	bad.block.kind = BLOCK_SPANS;
	assert_int_equal(say_changed(&h, bad), -EPROTO);
	assert_int_equal(h.intake.n_rows, 20);
	hostile_done(&h);
}

static void observations_are_counted_up_to_the_bound(void **state)
{
	struct hostile h = hostile_new();
	struct builder_sink part = numbers_block(ROWS_MAX / 2), one = numbers_block(1);

	assert_int_equal(say_series(&h, 1, 0, "{}"), 0);
	assert_int_equal(say_block(&h, &part), 0);
	assert_int_equal(say_block(&h, &part), 0);
	assert_int_equal(say_block(&h, &one), -EDQUOT);
	assert_non_null(strstr(h.stage.error.text, "more than 1000"));
	hostile_done(&h);
}

static void dictionaries_grow_without_gaps(void **state)
{
	struct hostile h = hostile_new();
	struct builder_sink attrs = attrs_block();

	assert_int_equal(attrs.block.first_id, 1);
	assert_int_equal(say_block(&h, &attrs), 0);
	assert_int_equal(say_block(&h, &attrs), -EPROTO);
	attrs.block.first_id = 3;
	assert_int_equal(say_changed(&h, attrs), -EPROTO);
	attrs.block.first_id = 2;
	assert_int_equal(say_changed(&h, attrs), 0);
	hostile_done(&h);
}

static void random_messages_are_taken_without_harm(void **state)
{
	struct hostile h = hostile_new();
	struct builder_sink good = numbers_block(10);
	uint8_t message[8192];
	uint64_t n;
	int r;

	assert_int_equal(say_series(&h, 1, 0, "{}"), 0);
	srandom(1);
	for (int i = 0; i < 50000; i++) {
		struct wire fixed = { .kind = 1 + (uint32_t)random() % (WIRE_KIND_COUNT - 1),
			              .n_text = { (uint32_t)random() % 16, (uint32_t)random() % 16 } };

		n = sizeof(fixed) + fixed.n_text[0] + fixed.n_text[1];
		memset(message, 0, sizeof(message));
		memcpy(message, &fixed, sizeof(fixed));
		if (fixed.kind == WIRE_BLOCK) {
			fixed.of.block = good.block;
			fixed.n_text[0] = (uint32_t)good.block.n_bytes;
			fixed.n_text[1] = 0;
			memcpy(message, &fixed, sizeof(fixed));
			memcpy(message + sizeof(fixed), good.bytes, good.block.n_bytes);
			n = sizeof(fixed) + good.block.n_bytes;
		}
		for (int k = (int)random() % 6; k > 0; k--)
			message[(uint64_t)random() % n] = (uint8_t)random();
		r = intake_take(&h.intake, message, n, &h.stage.error);
		assert_true(r == 0 || r == -EPROTO || r == -EDQUOT);
		h.intake.has_end = 0;
	}
	hostile_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(series_come_in_order_and_of_declared_metrics),
		cmocka_unit_test(facts_and_diags_are_well_formed_and_not_too_many),
		cmocka_unit_test(an_end_is_known_and_the_last_word),
		cmocka_unit_test(one_that_only_hashes_has_nothing_to_say),
		cmocka_unit_test(blocks_are_whole_and_of_known_series),
		cmocka_unit_test(observations_are_counted_up_to_the_bound),
		cmocka_unit_test(dictionaries_grow_without_gaps),
		cmocka_unit_test(random_messages_are_taken_without_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
