/* SPDX-License-Identifier: Apache-2.0 */
/* The collectors to learn from say what they should, in any windows, and keep the contract. */
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "plugins/conformance/check.h"

static const struct lend_pair tabs_options[] = { { "separator", "tab" }, { "unit", "ms" } };

static const struct golden examples[] = {
	{ .collector = EXAMPLE_DIR "/lines.so",
	  .input = "examples/lines/tests/three.txt",
	  .expected = "examples/lines/tests/three.json" },
	{ .collector = EXAMPLE_DIR "/csv.so",
	  .input = "examples/csv/tests/room.csv",
	  .expected = "examples/csv/tests/room.json" },
	{ .collector = EXAMPLE_DIR "/csv.so",
	  .input = "examples/csv/tests/tabs.csv",
	  .expected = "examples/csv/tests/tabs.json",
	  .options = tabs_options,
	  .n_options = 2 },
	{ .collector = EXAMPLE_DIR "/phases.so",
	  .input = "examples/phases/tests/build.phases",
	  .companions = { "examples/phases/tests/build.names" },
	  .expected = "examples/phases/tests/build.json" },
	{ .collector = EXAMPLE_DIR "/phases.so",
	  .input = "examples/phases/tests/build.phases",
	  .expected = "examples/phases/tests/nameless.json" },
	{ .collector = EXAMPLE_DIR "/phases.so",
	  .input = "examples/phases/tests/long.phases",
	  .expected = "examples/phases/tests/long.json" },
	{ .collector = EXAMPLE_DIR "/newcomer.so",
	  .input = "examples/template/tests/sample.newcomer",
	  .expected = "examples/template/tests/golden.json" },
};

enum {
	N_EXAMPLES = sizeof(examples) / sizeof(examples[0]),
};

static void they_say_what_they_said_before(void **state)
{
	for (int i = 0; i < N_EXAMPLES; i++)
		golden_check(&examples[i]);
}

static void windows_change_nothing(void **state)
{
	for (int i = 0; i < N_EXAMPLES; i++)
		golden_check_windows(&examples[i], 20);
}

static void every_beginning_ends_well(void **state)
{
	for (int i = 0; i < N_EXAMPLES; i++)
		golden_check_prefixes(&examples[i], 1);
}

struct check_listener {
	const char *object;
};

static void hear(struct check_listener *l, const struct check_verdict *v)
{
	if (v->outcome == CHECK_FAIL || v->outcome == CHECK_WARN)
		print_error("%s: %s: %s\n", l->object, v->test, v->text);
}

static void they_keep_the_contract(void **state)
{
	struct check_listener l;
	struct check_totals totals;
	char sample[4096];
	const char *samples[] = { sample };
	struct check_config config = { .samples = samples, .n_samples = 1, .seed = 1, .say = hear, .listener = &l };

	for (int i = 0; i < N_EXAMPLES; i++) {
		(void)snprintf(sample, sizeof(sample), "%s/%s", WEIR_SOURCE_ROOT, examples[i].input);
		l.object = config.path = examples[i].collector;
		assert_int_equal(check_run(&config, &totals, NULL), 0);
		assert_int_equal(totals.n_fail, 0);
		/* A sanitizer keeps variables of its own in an object. */
		assert_int_equal(IS_SANITIZED ? 0 : totals.n_warn, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_say_what_they_said_before),
		cmocka_unit_test(windows_change_nothing),
		cmocka_unit_test(every_beginning_ends_well),
		cmocka_unit_test(they_keep_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
