/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/node-trace/node_trace.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* What the context says in the test that runs: name, value, …, NULL. */
static const char *const *facts;

static int fake_context(const struct weir_host *h, const char *name, struct weir_text *ret)
{
	(void)h;
	for (const char *const *fact = facts; *fact; fact += 2)
		if (strcmp(fact[0], name) == 0) {
			*ret = (struct weir_text){ fact[1], strlen(fact[1]) };
			return WEIR_OK;
		}
	return -ENOENT;
}

static const struct weir_host host = { .context = fake_context };

static const char *const mainnet[] = { "genesis.system_start_ns",
	                               "1506203091000000000",
	                               "genesis.slot_length_ns",
	                               "1000000000",
	                               "genesis.epoch_length_slots",
	                               "432000",
	                               "genesis.byron_slots",
	                               "4492800",
	                               "genesis.byron_slot_length_ns",
	                               "20000000000",
	                               "genesis.byron_epochs",
	                               "208",
	                               "genesis.security_param",
	                               "2160",
	                               "genesis.active_slots_coeff",
	                               "0.05",
	                               NULL };

/* The first slots of mainnet's eras, as blocks of the public chain bear them; times by `date -u -d ... +%s`. */
static void mainnet_is_as_it_was(void **state)
{
	static const struct {
		int64_t slot, epoch, utc_s;
	} known[] = {
		{ 0, 0, 1506203091 },           /* 2017-09-23T21:44:51Z, Byron */
		{ 21600, 1, 1506635091 },       /* 2017-09-28T21:44:51Z */
		{ 4492800, 208, 1596059091 },   /* 2020-07-29T21:44:51Z, Shelley */
		{ 4924800, 209, 1596491091 },   /* 2020-08-03T21:44:51Z */
		{ 16588800, 236, 1608155091 },  /* 2020-12-16T21:44:51Z, Allegra */
		{ 23068800, 251, 1614635091 },  /* 2021-03-01T21:44:51Z, Mary */
		{ 39916800, 290, 1631483091 },  /* 2021-09-12T21:44:51Z, Alonzo */
		{ 72316800, 365, 1663883091 },  /* 2022-09-22T21:44:51Z, Babbage */
		{ 133660800, 507, 1725227091 }, /* 2024-09-01T21:44:51Z, Conway */
	};
	struct slots s;

	facts = mainnet;
	slots_init(&s, &host);
	assert_true(s.is_known);
	assert_int_equal(s.stability_slots, 43200);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int64_t start_ns = known[i].utc_s * 1000000000;

		assert_int_equal(slots_start_ns(&s, known[i].slot), start_ns);
		assert_int_equal(slots_at(&s, start_ns), known[i].slot);
		assert_int_equal(slots_epoch(&s, known[i].slot), known[i].epoch);
		assert_int_equal(slots_epoch_first(&s, known[i].epoch), known[i].slot);
		if (i == 0)
			continue;
		assert_int_equal(slots_at(&s, start_ns - 1), known[i].slot - 1);
		assert_int_equal(slots_epoch(&s, known[i].slot - 1), known[i].epoch - 1);
	}
	assert_int_equal(slots_at(&s, known[0].utc_s * INT64_C(1000000000) - 1), -1);
}

static void a_workbench_chain_begins_with_epoch_0(void **state)
{
	static const char *const devnet[] = { "genesis.system_start_ns",
		                              "1764572400250000000",
		                              "genesis.slot_length_ns",
		                              "200000000",
		                              "genesis.epoch_length_slots",
		                              "1000",
		                              NULL };
	struct slots s;

	facts = devnet;
	slots_init(&s, &host);
	assert_true(s.is_known);
	assert_int_equal(s.stability_slots, 0);
	assert_int_equal(slots_start_ns(&s, 1000), 1764572600250000000);
	assert_int_equal(slots_at(&s, 1764572600249999999), 999);
	assert_int_equal(slots_epoch(&s, 999), 0);
	assert_int_equal(slots_epoch(&s, 1000), 1);
}

/* Each alone makes the genesis unusable, and none an overflow. */
static void a_genesis_that_makes_no_sense_is_none(void **state)
{
	static const struct {
		const char *name, *value;
	} wrong[] = {
		{ "genesis.system_start_ns", "-1" },     { "genesis.system_start_ns", "9223372036854775807" },
		{ "genesis.slot_length_ns", "0" },       { "genesis.slot_length_ns", "86400000000001" },
		{ "genesis.epoch_length_slots", "0" },   { "genesis.epoch_length_slots", "1000000001" },
		{ "genesis.byron_slots", "100000001" },  { "genesis.byron_slots", "4492801" },
		{ "genesis.byron_epochs", "0" },         { "genesis.byron_slot_length_ns", "20000000001" },
		{ "genesis.byron_slot_length_ns", "0" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *changed[sizeof(mainnet) / sizeof(mainnet[0])];
		struct slots s;

		memcpy(changed, mainnet, sizeof(mainnet));
		for (size_t k = 0; changed[k]; k += 2)
			if (strcmp(changed[k], wrong[i].name) == 0)
				changed[k + 1] = wrong[i].value;
		facts = changed;
		slots_init(&s, &host);
		assert_false(s.is_known);
	}
}

static void the_last_slot_that_has_a_time_has_one(void **state)
{
	struct slots s;

	facts = mainnet;
	slots_init(&s, &host);
	assert_true(slots_has(&s, s.n_slots_max - 1));
	assert_false(slots_has(&s, s.n_slots_max));
	assert_false(slots_has(&s, -1));
	assert_true(slots_start_ns(&s, s.n_slots_max - 1) > 0);
	assert_int_equal(slots_at(&s, slots_start_ns(&s, s.n_slots_max - 1)), s.n_slots_max - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mainnet_is_as_it_was),
		cmocka_unit_test(a_workbench_chain_begins_with_epoch_0),
		cmocka_unit_test(a_genesis_that_makes_no_sense_is_none),
		cmocka_unit_test(the_last_slot_that_has_a_time_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
