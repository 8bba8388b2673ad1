/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct golden lines = { .collector = EXAMPLE_DIR "/lines.so",
	                             .input = "examples/lines/tests/three.txt",
	                             .expected = "examples/lines/tests/three.json" };

static void says_what_it_said_before(void **state)
{
	golden_check(&lines);
	golden_check_windows(&lines, 16);
	golden_check_prefixes(&lines, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_it_said_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
