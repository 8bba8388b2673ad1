/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of a hostile source in a timeline: long, escaped, and no UTF-8. The sample run's is in timeline.sh. */
#include "exports/timeline.h"
#include "store/builder.h"
#include "store/json.h"
#include "store/store.h"
#include "tests/store/place.h"

#include <weir/collector.h>
#include <weir/fail.h>

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	LEVEL,
	MESSAGE,
	ROWS,
	LONGEST = 700, /* bytes of an attribute; a counter's name holds fewer */
	JSON_ROOM = 8 * LONGEST,
};

static const struct weir_metric rows[ROWS] = {
	[LEVEL] = { .name = "process.made",
	            .unit = "By",
	            .brief = "b",
	            .help = "h",
	            .shape = WEIR_SHAPE_NUMBER,
	            .type = WEIR_TYPE_I64 },
	[MESSAGE] = { .name = "ghc.user.message",
	              .unit = "ns",
	              .brief = "b",
	              .help = "h",
	              .shape = WEIR_SHAPE_SPAN,
	              .type = WEIR_TYPE_F64 },
};

struct builder_sink {
	struct store_source *source;
	struct weir_error error;
};

static int flush(struct builder_sink *sink, const struct block *block)
{
	return store_source_block(sink->source, block, &sink->error);
}

/* {"message":text}, as the host would write it. */
static struct weir_text attrs_of(const char *text, size_t n, char room[JSON_ROOM])
{
	struct weir_attr attr = { { "message", 7 }, { text, n } };
	struct json_out out = { .at = room, .n_max = JSON_ROOM };

	assert_int_equal(json_attrs(&out, &attr, 1), 0);
	assert_true(out.n <= out.n_max);
	return (struct weir_text){ room, out.n };
}

static void put(struct builder *b, struct builder_sink *sink, const char *text, size_t n)
{
	char room[JSON_ROOM];
	struct weir_text attrs = attrs_of(text, n, room);

	for (uint32_t row = 0; row < ROWS; row++) {
		assert_int_equal(builder_series(b, row + 1, (uint8_t)rows[row].shape, (uint8_t)rows[row].type), 0);
		assert_int_equal(store_source_series(sink->source, row + 1, row,
		                                     row == LEVEL ? attrs : (struct weir_text){ "{}", 2 },
		                                     &sink->error),
		                 0);
	}
	for (int i = 0; i < 3; i++) {
		struct weir_number level = { .time_ns = i, .value.i64 = i, .series = LEVEL + 1 };
		struct weir_span said = { .time_ns = i, .series = MESSAGE + 1, .attrs = builder_attrs(b, attrs) };

		assert_int_equal(builder_numbers(b, &level, 1), 0);
		assert_int_equal(builder_spans(b, &said, 1), 0);
	}
	assert_int_equal(builder_finish(b), 0);
}

static void make_store(const char *text, size_t n, int64_t clock_error_ns)
{
	struct store *s = place_open(&place, STORE_CREATE);
	struct store_collector c = {
		.name = "made", .version = "1.0", .abi_major = 1, .metrics = rows, .n_metrics = ROWS
	};
	const struct store_source_result result = { .status = STORE_OK,
		                                    .clock = "c",
		                                    .clock_tie = "t",
		                                    .clock_error_ns = clock_error_ns,
		                                    .reasons_json = "{}" };
	struct store_source_info info = { .path = "p", .options_json = "{}" };
	struct builder_sink sink = { 0 };
	struct weir_error error;
	struct builder *b = builder_new(flush, &sink);

	assert_non_null(b);
	assert_int_equal(store_run(s, "run", &info.run, &error), 0);
	assert_int_equal(store_node(s, info.run, "node-0", &info.node, &error), 0);
	assert_int_equal(store_collector(s, &c, &info.collector, &error), 0);
	assert_int_equal(store_source_begin(s, &info, &sink.source, &error), 0);
	put(b, &sink, text, n);
	builder_free(b);
	assert_int_equal(store_source_end(sink.source, &result, &error), 0);
	store_close(s);
}

/* NULL: there was nothing to draw, and it was said. */
static json_t *draw(struct timeline_result *ret)
{
	struct store *s = place_open(&place, STORE_READ);
	const struct timeline_choice choice = { .title = "t" };
	struct weir_error error = { "" };
	char *text;
	size_t n;
	FILE *file = open_memstream(&text, &n);
	json_error_t why;
	json_t *root = NULL;
	int result = timeline_write(s, &choice, file, ret, &error);

	(void)fclose(file);
	store_close(s);
	if (result == 0) {
		root = json_loads(text, JSON_REJECT_DUPLICATES, &why);
		if (!root)
			fail_msg("%s: %s", why.text, text);
	} else {
		assert_non_null(strstr(error.text, "nothing with a known time"));
	}
	free(text);
	return root;
}

/* Every length around the bound of a name, of what takes one, two and six bytes to write, and of what is no text. */
static void texts_of_any_length_and_bytes_make_good_json(void **state)
{
	static const char *const pieces[] = { "a", "\"", "\\", "\x01", "\xc3\xa9", "\xff", "\n\\\"" };
	char text[LONGEST + 4];

	for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
		for (size_t n_most = 40; n_most <= LONGEST; n_most += 33) {
			struct timeline_result result;
			size_t n = 0, n_piece = strlen(pieces[k]);
			json_t *root;

			for (; n + n_piece <= n_most; n += n_piece)
				memcpy(text + n, pieces[k], n_piece);
			(void)place_begin(NULL);
			make_store(text, n, 0);
			root = draw(&result);
			assert_non_null(root);
			/* Three messages, three points, and the names of the process and of the track. */
			assert_int_equal(json_array_size(json_object_get(root, "traceEvents")), 10);
			json_decref(root);
			(void)place_end(NULL);
		}
	}
}

static void a_clock_that_is_not_known_to_a_second_is_left_out_and_said(void **state)
{
	static const int64_t errors[] = { 1000000001, -1 };
	struct timeline_result result;

	for (size_t i = 0; i < 2; i++) {
		(void)place_begin(NULL);
		make_store("x", 1, errors[i]);
		assert_null(draw(&result));
		(void)place_end(NULL);
	}
	(void)place_begin(NULL);
	make_store("x", 1, 1000000000);
	json_decref(draw(&result));
	assert_int_equal(result.n_left_out, 0);
	(void)place_end(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_any_length_and_bytes_make_good_json),
		cmocka_unit_test(a_clock_that_is_not_known_to_a_second_is_left_out_and_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
