/* SPDX-License-Identifier: Apache-2.0 */
/* Collectors that were compiled against an earlier minor version, kept as they were, still run as they did. */
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "plugins/conformance/check.h"
#include "plugins/loader.h"

#define KEPT "tests/contract/fixtures/abi-1.0/"

static const struct golden witness_1_0 = { .collector = WEIR_SOURCE_ROOT "/" KEPT "witness.so",
	                                   .input = KEPT "sample.witness",
	                                   .companions = { KEPT "sample.beside" },
	                                   .expected = KEPT "witness.json" };

static void the_collector_of_1_0_is_of_1_0(void **state)
{
	const struct weir_collector *c;
	struct weir_error error = { "" };

	if (loader_load(witness_1_0.collector, "witness", &c, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(c->abi_major, 1);
	assert_int_equal(c->abi_minor, 0);
	assert_string_equal(c->name, "witness");
	assert_int_equal(c->n_metrics, 5);
	assert_string_equal(c->metrics[4].name, "witness.cost");
	assert_int_equal(c->n_options, 7);
	assert_string_equal(c->options[6].choices, "brief|full");
	assert_string_equal(c->companions[0], "{stem}.beside");
	assert_int_equal(c->sniff((struct weir_text){ "x", 1 }, (const uint8_t *)"w", 1), 100);
}

static void the_collector_of_1_0_says_what_it_said(void **state)
{
	golden_check(&witness_1_0);
	golden_check_windows(&witness_1_0, 20);
	golden_check_prefixes(&witness_1_0, 1);
}

static void the_collector_of_1_0_keeps_the_contract(void **state)
{
	static const char sample[] = WEIR_SOURCE_ROOT "/" KEPT "sample.witness";
	const char *samples[] = { sample };
	const struct check_config config = {
		.path = witness_1_0.collector, .samples = samples, .n_samples = 1, .seed = 1
	};
	struct check_totals totals;

	assert_int_equal(check_run(&config, &totals, NULL), 0);
	assert_int_equal(totals.n_fail, 0);
	assert_int_equal(totals.n_warn, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_collector_of_1_0_is_of_1_0),
		cmocka_unit_test(the_collector_of_1_0_says_what_it_said),
		cmocka_unit_test(the_collector_of_1_0_keeps_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
