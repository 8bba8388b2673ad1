/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/bytes.h"

/* A message with these texts, against a page that nobody may read. */
static struct bytes message_of(struct wire fixed, const char *first, uint32_t n_first, const char *second,
                               uint32_t n_second)
{
	size_t n = sizeof(fixed) + n_first + n_second;
	uint8_t *at = malloc(n);
	struct bytes b;

	fixed.n_text[0] = n_first;
	fixed.n_text[1] = n_second;
	memcpy(at, &fixed, sizeof(fixed));
	memcpy(at + sizeof(fixed), first, n_first);
	memcpy(at + sizeof(fixed) + n_first, second, n_second);
	b = bytes_guarded(at, n);
	free(at);
	return b;
}

static int is_read(const struct bytes *b)
{
	struct wire_message m;
	const char *fault;
	int r = wire_read(b->at, b->n, &m, &fault);

	assert_true(r == 0 ? fault == NULL : r == -EBADMSG && fault != NULL);
	return r == 0;
}

static int is_message(struct wire fixed, const char *first, uint32_t n_first, const char *second, uint32_t n_second)
{
	struct bytes b = message_of(fixed, first, n_first, second, n_second);
	int r = is_read(&b);

	bytes_done(&b);
	return r;
}

static void a_message_comes_out_as_it_went_in(void **state)
{
	struct wire fixed = { .kind = WIRE_DIAG, .of.diag = { .offset = 7, .count = 3, .severity = WEIR_WARNING } };
	struct bytes b = message_of(fixed, "prof.row", 9, "a message", 9);
	struct wire_message m;
	const char *fault;

	assert_int_equal(wire_read(b.at, b.n, &m, &fault), 0);
	assert_int_equal(m.fixed.of.diag.offset, 7);
	assert_string_equal(m.text[0].at, "prof.row");
	assert_int_equal(m.text[0].n_bytes, 8);
	assert_memory_equal(m.text[1].at, "a message", 9);
	assert_int_equal(m.text[1].n_bytes, 9);
	bytes_done(&b);
}

static void every_prefix_and_every_longer_one_is_refused(void **state)
{
	struct wire fixed = { .kind = WIRE_FACT };
	struct bytes b = message_of(fixed, "name", 5, "value", 5), prefix;

	for (size_t n = 0; n < b.n; n++) {
		prefix = bytes_guarded(b.at, n);
		assert_false(is_read(&prefix));
		bytes_done(&prefix);
	}
	assert_true(is_read(&b));
	bytes_done(&b);
	/* A byte more than the texts say. */
	b = message_of(fixed, "name", 5, "values", 6);
	b.at[offsetof(struct wire, n_text) + sizeof(uint32_t)] = 5;
	assert_false(is_read(&b));
	bytes_done(&b);
}

static void unknown_kinds_are_refused(void **state)
{
	assert_false(is_message((struct wire){ .kind = 0 }, "name", 5, "", 0));
	assert_false(is_message((struct wire){ .kind = WIRE_KIND_COUNT }, "name", 5, "", 0));
	assert_false(is_message((struct wire){ .kind = UINT32_MAX }, "name", 5, "", 0));
}

static void names_end_where_they_say(void **state)
{
	struct wire fact = { .kind = WIRE_FACT };

	assert_true(is_message(fact, "name", 5, "v", 1));
	assert_false(is_message(fact, "name", 4, "v", 1));
	assert_false(is_message(fact, "na\0e", 5, "v", 1));
	assert_false(is_message(fact, "", 0, "v", 1));
	assert_true(is_message(fact, "name", 5, "v\0v", 3));
}

static void texts_fit_their_bound_and_not_one_byte_more(void **state)
{
	static const struct {
		uint32_t kind, n_first, n_second;
	} most[] = {
		{ WIRE_SERIES, LEND_ATTRS_JSON_MAX, 0 },
		{ WIRE_BLOCK, BLOCK_BYTES_MAX, 0 },
		{ WIRE_FACT, WIRE_CODE_MAX, LEND_TEXT_MAX },
		{ WIRE_CLOCK, WIRE_CODE_MAX, LEND_TEXT_MAX },
		{ WIRE_DIAG, WIRE_CODE_MAX, LEND_MESSAGE_MAX },
		{ WIRE_END, WIRE_REASONS_MAX, sizeof(struct weir_error) },
	};
	char *text = malloc(BLOCK_BYTES_MAX + 2);

	memset(text, 'x', BLOCK_BYTES_MAX + 2);
	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		struct wire fixed = { .kind = most[i].kind };
		uint32_t n = most[i].n_first;
		char *first = strndup(text, n + 1);
		char *second = strndup(text, most[i].n_second + 1);

		first[n - 1] = '\0';
		assert_true(is_message(fixed, first, n, second, most[i].n_second));
		first[n - 1] = 'x';
		first[n] = '\0';
		assert_false(is_message(fixed, first, n + 1, second, most[i].n_second));
		first[n - 1] = '\0';
		assert_false(is_message(fixed, first, n, second, most[i].n_second + 1));
		free(first);
		free(second);
	}
	free(text);
}

static void random_bytes_are_read_without_harm(void **state)
{
	struct wire fixed = { .kind = WIRE_DIAG };
	struct bytes b = message_of(fixed, "prof.row", 9, "a message", 9);
	uint32_t n_good = 0;

	srandom(1);
	for (int i = 0; i < 100000; i++) {
		uint8_t *at = &b.at[(size_t)random() % b.n];
		uint8_t was = *at;

		*at = (uint8_t)random();
		n_good += (uint32_t)is_read(&b);
		*at = was;
	}
	/* Most bytes are payload; those of kind and lengths are not. */
	assert_in_range(n_good, 1, 99999);
	bytes_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_comes_out_as_it_went_in),
		cmocka_unit_test(every_prefix_and_every_longer_one_is_refused),
		cmocka_unit_test(unknown_kinds_are_refused),
		cmocka_unit_test(names_end_where_they_say),
		cmocka_unit_test(texts_fit_their_bound_and_not_one_byte_more),
		cmocka_unit_test(random_bytes_are_read_without_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
