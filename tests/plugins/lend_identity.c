/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/plugins/lent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/series_table.h"

static void undeclared_rows_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(series_of(f, N_ROWS), 0);
	assert_string_equal(f->receiver.last_code, "host.metric");
	assert_int_equal(f->receiver.last_severity, WEIR_WARNING);
	assert_int_equal(series_of(f, N_ROWS - 1), 1);
}

static void equal_attributes_are_one_series(void **state)
{
	struct fixture *f = *state;
	const struct weir_attr one[] = { { text("b.c"), text("x\"") }, { text("a"), text("1") } };
	const struct weir_attr two[] = { one[1], one[0] };

	assert_int_equal(f->h->series(f->h, 0, one, 2), 1);
	assert_string_equal(f->receiver.last_attrs, "{\"a\":\"1\",\"b.c\":\"x\\\"\"}");
	assert_int_equal(f->h->series(f->h, 0, two, 2), 1);
	assert_int_equal(f->h->series(f->h, 1, two, 2), 2);
	assert_int_equal(f->h->series(f->h, 0, two, 1), 3);
	assert_int_equal(f->receiver.n_series, 3);
}

static void a_series_that_is_not_received_leaves_no_gap(void **state)
{
	struct fixture *f = *state;

	f->receiver.fails = -EPIPE;
	assert_int_equal(series_of(f, 0), 0);
	f->receiver.fails = 0;
	assert_int_equal(series_of(f, 1), 1);
	assert_int_equal(series_of(f, 0), 2);
	assert_int_equal(series_of(f, 1), 1);
}

static void keys_are_dotted_lower_case_names(void **state)
{
	static const char *const good[] = { "a", "process.pid", "a_b.c_1", "a1" };
	static const char *const bad[] = { "", "A", "a..b", ".a", "a.", "a b", "1a", "a-b", "a\"", "\xC3\xA9" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_not_equal(f->h->series(f->h, 0, &(struct weir_attr){ text(good[i]), text("x") }, 1), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(f->h->series(f->h, 0, &(struct weir_attr){ text(bad[i]), text("x") }, 1), 0);
	assert_string_equal(f->receiver.last_code, "host.attribute_key");
}

static void a_bad_key_is_shown(void **state)
{
	struct fixture *f = *state;
	char key[100];

	memset(key, 'X', sizeof(key));
	for (uint64_t n = 60; n <= sizeof(key); n++) {
		char expected[100];

		assert_int_equal(f->h->series(f->h, 0, &(struct weir_attr){ { key, n }, text("x") }, 1), 0);
		(void)snprintf(expected, sizeof(expected), "key '%.*s'", n < 64 ? (int)n : 64, key);
		if (f->receiver.n_diags <= LEND_DIAGS_PER_CODE_MAX && !strstr(f->receiver.last_message, expected))
			fail_msg("%s", f->receiver.last_message);
	}
}

static void a_key_comes_once(void **state)
{
	struct fixture *f = *state;
	const struct weir_attr twice[] = { { text("a"), text("1") }, { text("a"), text("1") } };

	assert_int_equal(f->h->attrs(f->h, twice, 2), 0);
	assert_string_equal(f->receiver.last_code, "host.attribute_key");
	assert_int_equal(f->h->attrs(f->h, twice, 1), 1);
}

static void a_set_has_as_many_attributes_as_the_bound(void **state)
{
	struct fixture *f = *state;
	struct weir_attr attrs[LEND_ATTRS_MAX + 1];
	char keys[LEND_ATTRS_MAX + 1][8];

	for (int i = 0; i <= LEND_ATTRS_MAX; i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "k%d", i);
		attrs[i] = (struct weir_attr){ text(keys[i]), text("v") };
	}
	assert_int_not_equal(f->h->attrs(f->h, attrs, LEND_ATTRS_MAX), 0);
	assert_int_equal(f->h->attrs(f->h, attrs, LEND_ATTRS_MAX + 1), 0);
	assert_string_equal(f->receiver.last_code, "host.attributes");
	assert_int_equal(f->h->attrs(f->h, NULL, 1), 0);
}

static void a_set_has_as_many_bytes_as_the_bound(void **state)
{
	struct fixture *f = *state;
	char *big = malloc(LEND_TEXT_MAX);
	struct weir_attr attrs[5];

	memset(big, 'x', LEND_TEXT_MAX);
	for (int i = 0; i < 5; i++)
		attrs[i] = (struct weir_attr){ text((const char *[]){ "a", "b", "c", "d", "e" }[i]),
			                       { big, LEND_TEXT_MAX } };
	/* Four values and their 4 * `"k":"",` and braces, cut to fit exactly, then by one. */
	attrs[3].value.n_bytes = LEND_ATTRS_JSON_MAX - 3 * LEND_TEXT_MAX - (4 * 7 - 1) - 2;
	assert_int_not_equal(f->h->attrs(f->h, attrs, 4), 0);
	attrs[3].value.n_bytes++;
	assert_int_equal(f->h->attrs(f->h, attrs, 4), 0);
	assert_string_equal(f->receiver.last_code, "host.attributes");
	free(big);
}

static void long_texts_are_cut_at_a_character(void **state)
{
	struct fixture *f = *state;
	char *big = malloc(LEND_TEXT_MAX + 8);

	memset(big, 'x', LEND_TEXT_MAX + 8);
	(void)f->h->frame(f->h, (struct weir_text){ big, LEND_TEXT_MAX }, text(""), text(""));
	assert_int_equal(f->receiver.last_text_bytes, LEND_TEXT_MAX);
	assert_int_equal(f->receiver.n_diags, 0);
	(void)f->h->frame(f->h, (struct weir_text){ big, LEND_TEXT_MAX + 1 }, text(""), text(""));
	assert_int_equal(f->receiver.last_text_bytes, LEND_TEXT_MAX);
	assert_string_equal(f->receiver.last_code, "host.cut");
	assert_int_equal(f->receiver.last_severity, WEIR_NOTE);
	memcpy(big + LEND_TEXT_MAX - 2, "\xE2\x82\xAC", 3);
	(void)f->h->frame(f->h, (struct weir_text){ big, LEND_TEXT_MAX + 1 }, text(""), text(""));
	assert_int_equal(f->receiver.last_text_bytes, LEND_TEXT_MAX - 2);
	free(big);
}

static void attributes_are_repaired_and_names_are_kept(void **state)
{
	struct fixture *f = *state;

	assert_int_not_equal(f->h->series(f->h, 0, &(struct weir_attr){ text("a"), text("x\xFFy") }, 1), 0);
	assert_string_equal(f->receiver.last_attrs, "{\"a\":\"x\xEF\xBF\xBDy\"}");
	assert_string_equal(f->receiver.last_code, "host.utf8");
	assert_int_equal(f->receiver.last_severity, WEIR_NOTE);
	(void)f->h->frame(f->h, text("x\xFFy"), text(""), text(""));
	assert_memory_equal(f->receiver.last_text, "x\xFFy", 3);
	assert_int_equal(f->receiver.n_diags, 1);
}

static void texts_at_null_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct weir_text nowhere = { NULL, 3 };

	assert_int_equal(f->h->frame(f->h, nowhere, text(""), text("")), 0);
	assert_int_equal(f->h->fact(f->h, "a.b", nowhere), -EINVAL);
	assert_string_equal(f->receiver.last_code, "host.text");
	assert_int_equal(f->h->fact(f->h, "a.b", (struct weir_text){ NULL, 0 }), 0);
}

static void stacks_stand_on_what_was_given(void **state)
{
	struct fixture *f = *state;
	uint32_t frame, root;

	assert_int_equal(f->h->stack(f->h, 0, 1, 0), 0);
	assert_string_equal(f->receiver.last_code, "host.stack");
	frame = f->h->frame(f->h, text("f"), text("M"), text(""));
	assert_int_equal(f->h->stack(f->h, 0, 0, 0), 0);
	assert_int_equal(f->h->stack(f->h, 1, frame, 0), 0);
	root = f->h->stack(f->h, 0, frame, 0);
	assert_int_not_equal(root, 0);
	assert_int_equal(f->h->stack(f->h, root + 1, frame, 0), 0);
	assert_int_not_equal(f->h->stack(f->h, root, frame, 0), 0);
}

static void a_full_dictionary_is_said(void **state)
{
	struct fixture *f = *state;

	f->receiver.fails = -1;
	assert_int_equal(f->h->frame(f->h, text("f"), text(""), text("")), 0);
	assert_string_equal(f->receiver.last_code, "host.identity");
}

static void a_table_has_as_many_series_as_the_bound(void **state)
{
	struct series_table t;

	series_table_init(&t);
	for (uint32_t i = 0; i < LEND_SERIES_MAX; i++)
		assert_int_equal(series_table_add(&t, i, text("{}")), i + 1);
	assert_int_equal(series_table_add(&t, LEND_SERIES_MAX, text("{}")), 0);
	assert_int_equal(series_table_find(&t, 12345, text("{}")), 12346);
	assert_int_equal(series_table_find(&t, LEND_SERIES_MAX, text("{}")), 0);
	series_table_done(&t);
}

static void a_table_has_as_much_text_as_the_bound(void **state)
{
	char *big = calloc(1, SERIES_TABLE_TEXT_MAX + 1);
	struct series_table t;

	series_table_init(&t);
	assert_int_equal(series_table_add(&t, 0, (struct weir_text){ big, SERIES_TABLE_TEXT_MAX + 1 }), 0);
	assert_int_equal(series_table_add(&t, 0, (struct weir_text){ big, SERIES_TABLE_TEXT_MAX }), 1);
	assert_int_equal(series_table_add(&t, 1, text("x")), 0);
	series_table_drop(&t);
	assert_int_equal(series_table_add(&t, 1, text("x")), 1);
	series_table_done(&t);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LENT_TEST(undeclared_rows_are_refused),
		LENT_TEST(equal_attributes_are_one_series),
		LENT_TEST(a_series_that_is_not_received_leaves_no_gap),
		LENT_TEST(keys_are_dotted_lower_case_names),
		LENT_TEST(a_bad_key_is_shown),
		LENT_TEST(a_key_comes_once),
		LENT_TEST(a_set_has_as_many_attributes_as_the_bound),
		LENT_TEST(a_set_has_as_many_bytes_as_the_bound),
		LENT_TEST(long_texts_are_cut_at_a_character),
		LENT_TEST(attributes_are_repaired_and_names_are_kept),
		LENT_TEST(texts_at_null_are_refused),
		LENT_TEST(stacks_stand_on_what_was_given),
		LENT_TEST(a_full_dictionary_is_said),
		cmocka_unit_test(a_table_has_as_many_series_as_the_bound),
		cmocka_unit_test(a_table_has_as_much_text_as_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
