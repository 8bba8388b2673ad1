/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/atoms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_same_bytes_have_the_same_number(void **state)
{
	struct atoms *t = atoms_new();
	size_t n;

	assert_int_equal(atoms_id(t, "a", 1), 1);
	assert_int_equal(atoms_id(t, "", 0), 2);
	assert_int_equal(atoms_id(t, "a\0b", 3), 3);
	assert_int_equal(atoms_id(t, "a", 1), 1);
	assert_int_equal(atoms_id(t, NULL, 0), 2);
	assert_int_equal(atoms_find(t, "a\0b", 3), 3);
	assert_int_equal(atoms_find(t, "a\0c", 3), 0);
	assert_memory_equal(atoms_bytes(t, 3, &n), "a\0b", 4);
	assert_int_equal(n, 3);
	assert_int_equal(atoms_count(t), 3);
	atoms_free(t);
}

static void numbers_stay_when_the_table_grows(void **state)
{
	enum {
		N = 100000
	};
	struct atoms *t = atoms_new();
	char text[16];

	for (uint32_t pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < N; i++) {
			int n = snprintf(text, sizeof(text), "%u", i * 7919);

			assert_int_equal(atoms_id(t, text, (size_t)n), i + 1);
			assert_string_equal(atoms_bytes(t, i + 1, NULL), text);
		}
	assert_int_equal(atoms_count(t), N);
	atoms_free(t);
}

static void a_text_may_be_longer_than_a_slab(void **state)
{
	struct atoms *t = atoms_new();
	char *text = malloc(1 << 20);

	memset(text, 'x', 1 << 20);
	assert_int_equal(atoms_id(t, text, 1 << 20), 1);
	assert_int_equal(atoms_id(t, text, (1 << 20) - 1), 2);
	assert_memory_equal(atoms_bytes(t, 1, NULL), text, 1 << 20);
	free(text);
	atoms_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_bytes_have_the_same_number),
		cmocka_unit_test(numbers_stay_when_the_table_grows),
		cmocka_unit_test(a_text_may_be_longer_than_a_slab),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
