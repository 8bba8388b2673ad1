/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/support/golden.h"

static const struct lend_pair genesis[] = {
	{ "genesis.system_start_ns", "1764572400000000000" },
	{ "genesis.slot_length_ns", "1000000000" },
	{ "genesis.epoch_length_slots", "10" },
	{ "genesis.security_param", "1" },
	{ "genesis.active_slots_coeff", "0.5" },
};

static const struct golden mixed = {
	.collector = "node-trace",
	.input = "tests/data/node-trace/mixed.log",
	.expected = "tests/data/node-trace/mixed.golden",
	.context = genesis,
	.n_context = sizeof(genesis) / sizeof(genesis[0]),
};

static void a_log_says_what_it_said(void **state)
{
	golden_check(&mixed);
}

static void windows_make_no_difference(void **state)
{
	golden_check_windows(&mixed, 4);
}

static void every_beginning_of_a_log_ends_well(void **state)
{
	golden_check_prefixes(&mixed, 97);
}

static int count(struct weir_text text, const char *needle)
{
	const char *at = text.at, *end = text.at + text.n_bytes;
	int n = 0;

	while ((at = memmem(at, (size_t)(end - at), needle, strlen(needle)))) {
		n++;
		at++;
	}
	return n;
}

static struct recorder *run(const struct golden *g, struct recorder_result *ret)
{
	struct recorder_setup setup = golden_setup(g);
	struct recorder *rec = NULL;

	assert_true(recorder_run(&setup, &rec, ret, NULL) >= 0);
	golden_done(&setup);
	return rec;
}

/* The log was made without slots 10, 11 and 21; 10 begins epoch 1. */
static void exactly_the_slots_that_were_not_started_are_missed(void **state)
{
	struct recorder_result result;
	struct recorder *rec = run(&mixed, &result);
	struct weir_text said = recorder_text(rec);

	assert_int_equal(count(said, "{\"span\":\"cardano.slot.missed\""), 2);
	assert_int_equal(
		count(said,
	              "\"epoch\":\"1\",\"slot\":\"10\",\"thread\":\"50\"},\"track\":50,\"t_ns\":1764572410000000000,"
	              "\"dur_ns\":2000000000,\"value\":2}"),
		1);
	assert_int_equal(
		count(said,
	              "\"epoch\":\"2\",\"slot\":\"21\",\"thread\":\"50\"},\"track\":50,\"t_ns\":1764572421000000000,"
	              "\"dur_ns\":1000000000,\"value\":1}"),
		1);
	recorder_free(rec);
}

static void without_a_genesis_missed_slots_are_still_exact(void **state)
{
	struct golden bare = mixed;
	struct recorder_result result;
	struct recorder *rec;

	bare.context = NULL;
	bare.n_context = 0;
	rec = run(&bare, &result);
	assert_int_equal(count(recorder_text(rec), "{\"span\":\"cardano.slot.missed\""), 2);
	assert_int_equal(count(recorder_text(rec), "cardano.forge.start\""), 0);
	assert_int_equal(count(recorder_text(rec), "trace.no_genesis"), 1);
	recorder_free(rec);
}

static void dead_fields_are_not_zeros(void **state)
{
	struct recorder_result result;
	struct recorder *rec = run(&mixed, &result);

	assert_int_equal(count(recorder_text(rec), "process.network.io"), 0);
	assert_int_equal(count(recorder_text(rec), "\"trace.not_measured\""), 3);
	assert_true(count(recorder_text(rec), "\"process.disk.io\"") > 0);
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_says_what_it_said),
		cmocka_unit_test(windows_make_no_difference),
		cmocka_unit_test(every_beginning_of_a_log_ends_well),
		cmocka_unit_test(exactly_the_slots_that_were_not_started_are_missed),
		cmocka_unit_test(without_a_genesis_missed_slots_are_still_exact),
		cmocka_unit_test(dead_fields_are_not_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
