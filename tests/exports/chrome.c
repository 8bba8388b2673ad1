/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/chrome.h"
#include "exports/chrome_rules.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct written {
	FILE *file;
	char *text;
	size_t n;
	struct chrome *chrome;
};

static void begin(struct written *w, int64_t zero_ns)
{
	*w = (struct written){ 0 };
	w->file = open_memstream(&w->text, &w->n);
	assert_non_null(w->file);
	w->chrome = chrome_begin(w->file, "a \"store\" \xff", zero_ns);
	assert_non_null(w->chrome);
	chrome_process(w->chrome, "node-0");
}

/* The events, strictly parsed: jansson takes no invalid UTF-8 and no trailing comma. */
static json_t *end(struct written *w)
{
	json_error_t error;
	json_t *root, *events;
	uint64_t n = chrome_end(w->chrome);

	(void)fclose(w->file);
	root = json_loads(w->text, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		fail_msg("%s in %s", error.text, w->text);
	events = json_incref(json_object_get(root, "traceEvents"));
	assert_int_equal(json_array_size(events), n);
	json_decref(root);
	free(w->text);
	return events;
}

static struct chrome_event event(int64_t time_ns, int64_t duration_ns, const char *name, const char *attrs)
{
	return (struct chrome_event){ .time_ns = time_ns,
		                      .duration_ns = duration_ns,
		                      .name = { name, strlen(name) },
		                      .attrs = { attrs, strlen(attrs) },
		                      .value = NAN,
		                      .category = "made.metric" };
}

/* The i-th event that is no metadata. */
static json_t *nth(json_t *events, size_t i)
{
	size_t k;
	json_t *e;

	json_array_foreach(events, k, e)
	{
		if (strcmp(json_string_value(json_object_get(e, "ph")), "M") != 0 && i-- == 0)
			return e;
	}
	fail_msg("there are not so many events");
	return NULL;
}

static const char *text_of(json_t *e, const char *key)
{
	const char *text = json_string_value(json_object_get(e, key));

	assert_non_null(text);
	return text;
}

static double number_of(json_t *e, const char *key)
{
	assert_true(json_is_number(json_object_get(e, key)));
	return json_number_value(json_object_get(e, key));
}

static void times_are_microseconds_from_zero_to_the_nanosecond(void **state)
{
	struct written w;
	struct chrome_event e = event(1795230052000000000 + 1234567891, 5000, "s", "{}");
	struct chrome_event early = event(1795230052000000000 - 1, 0, "i", "");
	json_t *events;

	begin(&w, 1795230052000000000);
	assert_int_equal(chrome_slice(w.chrome, &e, "t", 1), 0);
	assert_int_equal(chrome_instant(w.chrome, &early, "t", 1), 0);
	events = end(&w);
	assert_true(number_of(nth(events, 0), "ts") == 1234567.891);
	assert_true(number_of(nth(events, 0), "dur") == 4.998);
	assert_true(number_of(nth(events, 1), "ts") == -0.001);
	json_decref(events);
}

static void a_slice_ends_before_the_next_one_begins(void **state)
{
	struct written w;
	json_t *events;
	int64_t at = 0;

	begin(&w, 0);
	for (int i = 0; i < 2000; i++) {
		int64_t length = 1 + (int64_t)i * i * 7919 % 1000003;
		struct chrome_event e = event(at, length, "s", "{}");

		assert_int_equal(chrome_slice(w.chrome, &e, "t", 1), 0);
		at += length;
	}
	events = end(&w);
	for (size_t i = 1; i < 2000; i++) {
		json_t *last = nth(events, i - 1), *e = nth(events, i);

		assert_true(number_of(last, "ts") + number_of(last, "dur") <= number_of(e, "ts"));
	}
	json_decref(events);
}

static void what_is_no_utf8_becomes_a_replacement_and_the_rest_stays(void **state)
{
	struct written w;
	struct chrome_event e = event(0, 1, "caf\xc3\xa9 \xe2\x82 \xff \\\"x\\\"", "{\"key\":\"\xed\xa0\x80v\"}");
	json_t *events, *found;

	begin(&w, 0);
	assert_int_equal(chrome_slice(w.chrome, &e, "track \"1\" \x80", 1), 0);
	events = end(&w);
	found = nth(events, 0);
	assert_non_null(strstr(text_of(found, "name"), "caf\xc3\xa9 \xef\xbf\xbd"));
	assert_non_null(strstr(text_of(found, "name"), "\"x\""));
	assert_non_null(strstr(text_of(json_object_get(found, "args"), "key"), "v"));
	json_decref(events);
}

static void values_and_attributes_are_arguments(void **state)
{
	struct written w;
	struct chrome_event e = event(0, 0, "i", "{\"slot\":\"41\"}"), bare = event(0, 0, "i", "{}");
	json_t *events, *args;

	begin(&w, 0);
	e.value = 2.5;
	chrome_mark(w.chrome, &e);
	chrome_mark(w.chrome, &bare);
	chrome_counter(w.chrome, 0, e.name, INFINITY);
	events = end(&w);
	args = json_object_get(nth(events, 0), "args");
	assert_true(number_of(args, "value") == 2.5);
	assert_string_equal(text_of(args, "slot"), "41");
	assert_string_equal(text_of(nth(events, 0), "s"), "p");
	assert_int_equal(json_object_size(json_object_get(nth(events, 1), "args")), 0);
	/* No JSON number is infinite. */
	assert_true(number_of(json_object_get(nth(events, 2), "args"), "value") == 0);
	json_decref(events);
}

static void two_halves_of_an_asynchronous_event_find_each_other(void **state)
{
	struct written w;
	struct chrome_event e = event(1000, 3000, "a", "{}");
	json_t *events;

	begin(&w, 0);
	chrome_async(w.chrome, &e);
	chrome_async(w.chrome, &e);
	events = end(&w);
	assert_string_equal(text_of(nth(events, 0), "ph"), "b");
	assert_string_equal(text_of(nth(events, 1), "ph"), "e");
	assert_true(number_of(nth(events, 1), "ts") == 4);
	assert_true(json_equal(json_object_get(nth(events, 0), "id2"), json_object_get(nth(events, 1), "id2")));
	assert_false(json_equal(json_object_get(nth(events, 0), "id2"), json_object_get(nth(events, 2), "id2")));
	json_decref(events);
}

static void a_process_without_events_is_not_there(void **state)
{
	struct written w;
	struct chrome_event e = event(0, 1, "s", "{}");
	json_t *events, *found;
	size_t i, n = 0;

	begin(&w, 0);
	chrome_process(w.chrome, "node-1");
	assert_int_equal(chrome_slice(w.chrome, &e, "t", 1), 0);
	chrome_process(w.chrome, "node-2");
	events = end(&w);
	json_array_foreach(events, i, found)
	{
		if (strcmp(text_of(found, "name"), "process_name") == 0) {
			n++;
			assert_string_equal(text_of(json_object_get(found, "args"), "name"), "node-1");
		}
	}
	assert_int_equal(n, 1);
	json_decref(events);
}

static void every_metric_has_a_rule(void **state)
{
	uint32_t first, order;

	assert_string_equal(chrome_rule_of("ghc.gc.pause", &order)->track, "collections");
	assert_int_equal(chrome_rule_of("cardano.forge.ledger_view", &order)->draw, CHROME_SLICE);
	/* The wait for a slot's turn overlaps the loop before it. */
	assert_string_not_equal(chrome_rule_of("cardano.forge.start", &first)->track,
	                        chrome_rule_of("cardano.forge.ticked", &order)->track);
	assert_int_equal(chrome_rule_of("cardano.epoch.boundary", &order)->draw, CHROME_MARK);
	assert_int_equal(chrome_rule_of("nobody.knows.it", &order)->draw, CHROME_ASYNC);
	assert_int_equal(chrome_level_of("ghc.heap.live"), CHROME_AT_ITS_TIME);
	assert_int_equal(chrome_level_of("ghc.capability.utilisation"), CHROME_SINCE_THE_LAST);
	assert_int_equal(chrome_level_of("trace.count"), CHROME_NOT_DRAWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_microseconds_from_zero_to_the_nanosecond),
		cmocka_unit_test(a_slice_ends_before_the_next_one_begins),
		cmocka_unit_test(what_is_no_utf8_becomes_a_replacement_and_the_rest_stays),
		cmocka_unit_test(values_and_attributes_are_arguments),
		cmocka_unit_test(two_halves_of_an_asynchronous_event_find_each_other),
		cmocka_unit_test(a_process_without_events_is_not_there),
		cmocka_unit_test(every_metric_has_a_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
