/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of a hostile source in a timeline: long, escaped, and no UTF-8. The sample run's is in timeline.sh. */
#include "exports/timeline.h"
#include "exports/timeline_name.h"
#include "store/json.h"
#include "store/store.h"
#include "tests/store/place.h"
#include "tests/store/written.h"
#include "tests/support/bytes.h"

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

/* {"message":text}, as the host would write it. */
static struct weir_text attrs_of(const char *text, size_t n, char room[JSON_ROOM])
{
	struct weir_attr attr = { { "message", 7 }, { text, n } };
	struct json_out out = { .at = room, .n_max = JSON_ROOM };

	assert_int_equal(json_attrs(&out, &attr, 1), 0);
	assert_true(out.n <= out.n_max);
	return (struct weir_text){ room, out.n };
}

static void make_store(const char *text, size_t n, int64_t clock_error_ns)
{
	struct store *s = place_open(&place, STORE_CREATE);
	char room[JSON_ROOM + 1];
	struct weir_text attrs = attrs_of(text, n, room);
	struct builder_sink w;

	room[attrs.n_bytes] = 0;
	written_begin(&w, s, "run", "node-0", "made", rows, ROWS);
	written_series(&w, LEVEL + 1, LEVEL, room);
	written_series(&w, MESSAGE + 1, MESSAGE, "{}");
	for (int i = 0; i < 3; i++) {
		struct weir_number level = { .time_ns = i, .value.i64 = i, .series = LEVEL + 1 };
		struct weir_span said = { .time_ns = i,
			                  .series = MESSAGE + 1,
			                  .attrs = builder_attrs(w.builder, attrs) };

		assert_int_equal(builder_numbers(w.builder, &level, 1), 0);
		assert_int_equal(builder_spans(w.builder, &said, 1), 0);
	}
	written_end(&w, clock_error_ns);
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

/* A store that somebody else wrote need not be what the host would have written. */
static void attributes_without_an_end_are_not_read_beyond_it(void **state)
{
	static const char *const all[] = { "{\"label\":\"a", "{\"label\":\"a\\", "{\"label\":\"" };
	const struct chrome_rule rule = { .metric = "m", .name = "x ", .attribute = "label" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct bytes b = bytes_guarded((const uint8_t *)all[i], strlen(all[i]));
		struct timeline_room room = { 0 };
		struct weir_text name =
			timeline_span_name(&rule, "m", (struct weir_text){ (const char *)b.at, b.n }, &room);

		assert_int_equal(name.n_bytes, 1);
		assert_memory_equal(name.at, "x", 1);
		free(room.at);
		bytes_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_any_length_and_bytes_make_good_json),
		cmocka_unit_test(attributes_without_an_end_are_not_read_beyond_it),
		cmocka_unit_test(a_clock_that_is_not_known_to_a_second_is_left_out_and_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
