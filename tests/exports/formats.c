/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/csv.h"
#include "exports/jsonout.h"
#include "exports/profile_out.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct memory {
	FILE *file;
	char *at;
	size_t n;
};

static void open_memory(struct memory *m)
{
	m->file = open_memstream(&m->at, &m->n);
	assert_non_null(m->file);
}

static char *close_memory(struct memory *m)
{
	assert_int_equal(fclose(m->file), 0);
	return m->at;
}

static struct weir_text text(const char *at)
{
	return (struct weir_text){ at, strlen(at) };
}

static void json_is_written_as_it_is_read(void **state)
{
	struct memory m;
	struct jsonout j;
	json_t *tree;

	for (int is_compact = 0; is_compact < 2; is_compact++) {
		open_memory(&m);
		j = jsonout_on(m.file, is_compact);
		jsonout_object(&j, NULL);
		jsonout_text(&j, "text", "a\"b\\c\n\x01");
		jsonout_text(&j, "no text", NULL);
		jsonout_i64(&j, "least", INT64_MIN);
		jsonout_f64(&j, "real", 0.1);
		jsonout_f64(&j, "nan", NAN);
		jsonout_f64(&j, "infinite", INFINITY);
		jsonout_bool(&j, "yes", 1);
		jsonout_array(&j, "empty");
		jsonout_end(&j);
		jsonout_array(&j, "array");
		jsonout_i64(&j, NULL, 1);
		jsonout_object(&j, NULL);
		jsonout_end(&j);
		jsonout_json(&j, NULL, "{\"x\":[2]}");
		jsonout_end(&j);
		jsonout_end(&j);
		close_memory(&m);
		assert_int_equal(m.at[m.n - 1], '\n');
		assert_int_equal(strchr(m.at, '\n') == m.at + m.n - 1, is_compact);
		tree = json_loads(m.at, 0, NULL);
		assert_non_null(tree);
		assert_string_equal(json_string_value(json_object_get(tree, "text")), "a\"b\\c\n\x01");
		assert_true(json_is_null(json_object_get(tree, "no text")));
		assert_true(json_integer_value(json_object_get(tree, "least")) == INT64_MIN);
		assert_true(json_real_value(json_object_get(tree, "real")) == 0.1);
		assert_true(json_is_null(json_object_get(tree, "nan")));
		assert_true(json_is_null(json_object_get(tree, "infinite")));
		assert_true(json_is_true(json_object_get(tree, "yes")));
		assert_int_equal(json_array_size(json_object_get(tree, "array")), 3);
		json_decref(tree);
		free(m.at);
	}
}

static void long_texts_are_not_cut_within_a_character(void **state)
{
	char long_text[2048];
	struct memory m;
	struct jsonout j;
	json_t *tree;

	for (size_t lead = 0; lead < 8; lead++) {
		size_t n = lead;

		memset(long_text, 'x', lead);
		while (n + 4 < sizeof(long_text)) {
			memcpy(long_text + n, "\xf0\x9f\x90\x9f", 4); /* one character of four bytes */
			n += 4;
		}
		long_text[n] = 0;
		open_memory(&m);
		j = jsonout_on(m.file, 1);
		jsonout_array(&j, NULL);
		jsonout_text(&j, NULL, long_text);
		jsonout_end(&j);
		tree = json_loads(close_memory(&m), 0, NULL);
		assert_string_equal(json_string_value(json_array_get(tree, 0)), long_text);
		json_decref(tree);
		free(m.at);
	}
}

static void bytes_that_are_no_text_still_give_json(void **state)
{
	char noise[1024];
	struct memory m;
	struct jsonout j;
	json_t *tree;

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 197 + i / 13);
	open_memory(&m);
	j = jsonout_on(m.file, 1);
	jsonout_array(&j, NULL);
	jsonout_bytes(&j, NULL, (struct weir_text){ noise, sizeof(noise) });
	jsonout_end(&j);
	close_memory(&m);
	tree = json_loadb(m.at, m.n, JSON_ALLOW_NUL, NULL);
	assert_non_null(tree);
	json_decref(tree);
	free(m.at);
}

static void csv_quotes_what_needs_it(void **state)
{
	struct memory m;

	open_memory(&m);
	csv_cell(m.file, 1, text("plain"));
	csv_cell(m.file, 0, text("a,b"));
	csv_cell(m.file, 0, text("say \"x\""));
	csv_cell(m.file, 0, text("two\nlines"));
	csv_cell(m.file, 0, text(""));
	csv_cell(m.file, 0, text(" lead"));
	csv_plain(m.file, 0, "12");
	csv_plain(m.file, 0, "");
	csv_end(m.file);
	assert_string_equal(close_memory(&m), "plain,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"\",\" lead\",12,\n");
	free(m.at);
}

/* MAIN (1) - f;x (10) - g (5)
 *          - g (0)            */
static struct profile_set *made(const char *unit, double factor)
{
	static const struct {
		uint32_t parent;
		const char *name, *module, *source;
		double self;
	} table[] = { { 0, "MAIN", "MAIN", "<built-in>", 1 },
		      { 1, "f;x", "M", "src/M.hs:(12,1)-(21,21)", 10 },
		      { 2, "g", "M", "src/M.hs:7:3-40", 5 },
		      { 1, "g", "M", "src/M.hs:7:3-40", 0 } };
	struct profile_set *set = profile_set_new("m", unit, PROFILE_BY_NAME);
	struct profile_weight w = { .duration_ns = 1, .has_self = 1 };
	struct weir_error error;

	assert_int_equal(profile_source_begin(set, "r", "node-0", 0, &error), 0);
	for (uint32_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint32_t frame =
			profile_source_frame(set, text(table[i].name), text(table[i].module), text(table[i].source));

		assert_int_equal(profile_source_stack(set, i + 1, table[i].parent, frame), 0);
		w.stack = i + 1;
		w.self = table[i].self * factor;
		assert_int_equal(profile_source_weight(set, text("{}"), &w), 0);
	}
	assert_int_equal(profile_source_end(set, &error), 0);
	assert_int_equal(profile_set_finish(set, &error), 0);
	return set;
}

static void folded_stacks_are_whole_and_weighted(void **state)
{
	struct profile_set *set = made("{tick}", 1);
	struct memory m;

	open_memory(&m);
	assert_int_equal(folded_write(m.file, set, profile_set_at(set, 0), NULL), 0);
	assert_string_equal(close_memory(&m), "MAIN.MAIN 1\nMAIN.MAIN;M.f:x 10\nMAIN.MAIN;M.f:x;M.g 5\n");
	free(m.at);
	profile_set_free(set);
	set = made("%", 0.01);
	open_memory(&m);
	assert_int_equal(folded_write(m.file, set, profile_set_at(set, 0), "node-0"), 0);
	assert_string_equal(close_memory(&m),
	                    "node-0;MAIN.MAIN 10\nnode-0;MAIN.MAIN;M.f:x 100\nnode-0;MAIN.MAIN;M.f:x;M.g 50\n");
	free(m.at);
	profile_set_free(set);
}

/* The total of each frame's open time, and that events nest and never go back. */
static double open_time(const json_t *profile, json_int_t wanted)
{
	double at = 0, opened = 0, sum = 0;
	json_int_t path[16];
	size_t depth = 0, i;
	json_t *event;

	json_array_foreach(json_object_get(profile, "events"), i, event)
	{
		json_int_t frame = json_integer_value(json_object_get(event, "frame"));
		double now = json_number_value(json_object_get(event, "at"));

		assert_true(now >= at);
		at = now;
		if (strcmp(json_string_value(json_object_get(event, "type")), "O") == 0) {
			path[depth++] = frame;
			opened = frame == wanted ? now : opened;
		} else {
			assert_true(depth > 0 && path[depth - 1] == frame);
			depth--;
			sum += frame == wanted ? now - opened : 0;
		}
	}
	assert_int_equal(depth, 0);
	assert_true(at == json_number_value(json_object_get(profile, "endValue")));
	return sum;
}

static void speedscope_events_nest_and_last_as_long_as_they_cost(void **state)
{
	struct profile_set *set = made("By", 1);
	json_t *tree, *frames, *profile;
	struct speedscope *s;
	struct memory m;

	open_memory(&m);
	s = speedscope_begin(m.file, "r");
	assert_int_equal(speedscope_profile(s, set, profile_set_at(set, 0), "node-0: m"), 0);
	assert_int_equal(speedscope_profile(s, set, profile_set_at(set, 0), "again"), 0);
	speedscope_end(s);
	tree = json_loads(close_memory(&m), 0, NULL);
	assert_non_null(tree);
	frames = json_object_get(json_object_get(tree, "shared"), "frames");
	assert_int_equal(json_array_size(frames), 3);
	assert_string_equal(json_string_value(json_object_get(json_array_get(frames, 1), "name")), "M.f;x");
	assert_string_equal(json_string_value(json_object_get(json_array_get(frames, 1), "file")), "src/M.hs");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(frames, 1), "line")), 12);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(frames, 2), "line")), 7);
	assert_null(json_object_get(json_array_get(frames, 0), "line"));
	assert_int_equal(json_array_size(json_object_get(tree, "profiles")), 2);
	profile = json_array_get(json_object_get(tree, "profiles"), 0);
	assert_string_equal(json_string_value(json_object_get(profile, "unit")), "bytes");
	assert_true(open_time(profile, 0) == 16);
	assert_true(open_time(profile, 1) == 15);
	assert_true(open_time(profile, 2) == 5);
	json_decref(tree);
	free(m.at);
	profile_set_free(set);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_written_as_it_is_read),
		cmocka_unit_test(long_texts_are_not_cut_within_a_character),
		cmocka_unit_test(bytes_that_are_no_text_still_give_json),
		cmocka_unit_test(csv_quotes_what_needs_it),
		cmocka_unit_test(folded_stacks_are_whole_and_weighted),
		cmocka_unit_test(speedscope_events_nest_and_last_as_long_as_they_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
