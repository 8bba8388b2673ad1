/* SPDX-License-Identifier: Apache-2.0 */
/* The constants of a run's chain, and where they come from. */
#include "tests/runs/opened.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void the_genesis_says_more_than_the_profile(void **state)
{
	folder_write(&place, "meta.json", opened_meta);
	folder_write(
		&place, "genesis/genesis.shelley.json",
		"{\"activeSlotsCoeff\":5.0e-2,\"epochLength\":1200,\"initialFunds\":{\"a\":[1,{}]},\"networkMagic\":42,"
		"\"securityParam\":6,\"slotLength\":1,\"slotsPerKESPeriod\":129600,\"systemStart\":"
		"\"2026-11-21T02:06:00.25Z\",\"maxKESEvolutions\":62,\"protocolParams\":{\"a\":{\"maxTxSize\":1},"
		"\"maxBlockBodySize\":90112,\"maxTxSize\":16384}}");
	open_run(0);
	assert_fact(NULL, "genesis.epoch_length_slots", "1200");
	assert_fact(NULL, "genesis.slot_length_ns", "1000000000");
	assert_fact(NULL, "genesis.system_start_ns", "1795226760250000000");
	assert_fact(NULL, "genesis.active_slots_coeff", "5.0e-2");
	assert_fact(NULL, "genesis.security_param", "6");
	assert_fact(NULL, "genesis.network_magic", "42");
	assert_fact(NULL, "genesis.slots_per_kes_period", "129600");
	assert_fact(NULL, "genesis.max_kes_evolutions", "62");
	assert_fact(NULL, "genesis.max_tx_size_bytes", "16384");
	assert_fact(NULL, "genesis.max_block_body_size_bytes", "90112");
	assert_int_equal(document("genesis/genesis.shelley.json")->n_stored, 10);
	assert_int_equal(document("meta.json")->n_skipped, 5);
}

static void parameters_that_are_no_object_are_noted(void **state)
{
	folder_write(&place, "genesis-shelley.json", "{\"protocolParams\":[1],\"epochLength\":7}");
	open_run(0);
	assert_non_null(strstr(note_of("genesis-shelley.json")->text, "protocolParams: no object"));
	assert_fact(NULL, "genesis.epoch_length_slots", "7");
}

static void a_genesis_alone_says_when_epochs_begin(void **state)
{
	static const struct {
		const char *text, *why; /* NULL: it does */
	} table[] = {
		{ "{\"systemStart\":\"2026-11-21T05:00:00Z\",\"slotLength\":0.2,\"epochLength\":600}", NULL },
		{ "{\"systemStart\":\"2026-11-21T05:00:00Z\",\"slotLength\":0.2}", "lacks systemStart" },
		{ "{\"systemStart\":\"2026-11-21T05:00:00Z\",\"slotLength\":1,\"epochLength\":-1}", "lacks" },
		{ "{\"systemStart\":\"2026-11-21T05:00:00Z\",\"slotLength\":1,\"epochLength\":1000000000}", NULL },
		{ "{\"systemStart\":\"2026-11-21T05:00:00Z\",\"slotLength\":1,\"epochLength\":1000000001}", "lacks" },
		{ "{\"systemStart\":\"soon\",\"slotLength\":1,\"epochLength\":600}", "systemStart: not a time" },
		{ "{\"systemStart\":", "not JSON" },
	};
	struct weir_error error;
	int64_t start_ns, epoch_ns;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int is_one = !table[i].why;

		folder_write(&place, "g.json", table[i].text);
		run_close(run);
		run = NULL;
		assert_int_equal(run_open_genesis(folder_path(&place, "g.json"), &run, &error) == 0, is_one);
		assert_true(is_one ? run_epochs(run, &start_ns, &epoch_ns) : strstr(error.text, table[i].why) != NULL);
	}
	folder_write(&place, "g.json", table[0].text);
	assert_int_equal(run_open_genesis(folder_path(&place, "g.json"), &run, &error), 0);
	assert_true(run_epochs(run, &start_ns, &epoch_ns));
	assert_int_equal(start_ns, INT64_C(1795237200000000000));
	assert_int_equal(epoch_ns, INT64_C(120000000000));
	assert_true(run_open_genesis(folder_path(&place, "none.json"), &(struct run *){ NULL }, &error) < 0);
	assert_non_null(strstr(error.text, "none.json: No such file"));
}

static void a_chain_that_had_a_byron_era_says_how_long(void **state)
{
	folder_write(&place, "genesis/genesis.shelley.json",
	             "{\"epochLength\":432000,\"networkMagic\":764824073,\"slotLength\":1,\"systemStart\":"
	             "\"2017-09-23T21:44:51Z\"}");
	open_run(0);
	assert_fact(NULL, "genesis.system_start_ns", "1506203091000000000");
	assert_fact(NULL, "genesis.byron_epochs", "208");
	assert_fact(NULL, "genesis.byron_slots", "4492800");
	assert_fact(NULL, "genesis.byron_slot_length_ns", "20000000000");
	/* A cluster that forks into Shelley at its third epoch, with small constants. */
	folder_write(&place, "node-0/config.json", "{\"TestShelleyHardForkAtEpoch\":3}");
	folder_write(&place, "genesis/genesis.byron.json",
	             "{\"blockVersionData\":{\"slotDuration\":\"200\"},\"protocolConsts\":{\"k\":10}}");
	open_run(0);
	assert_fact(NULL, "genesis.byron_epochs", "3");
	assert_fact(NULL, "genesis.byron_slots", "300");
	assert_fact(NULL, "genesis.byron_slot_length_ns", "200000000");
}

static void a_chain_without_a_byron_era_has_none(void **state)
{
	static const char *const configs[] = { "{\"TestShelleyHardForkAtEpoch\":0}", "{}" };

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		folder_write(&place, "genesis/genesis.shelley.json", "{\"epochLength\":600,\"networkMagic\":42}");
		folder_write(&place, "genesis/genesis.byron.json",
		             "{\"blockVersionData\":{\"slotDuration\":\"20000\"},\"protocolConsts\":{\"k\":2160}}");
		folder_write(&place, "node-0/config.json", configs[i]);
		open_run(0);
		assert_fact(NULL, "genesis.byron_slots", NULL);
		assert_fact(NULL, "genesis.byron_slot_length_ns", NULL);
	}
}

static void a_byron_era_that_makes_no_sense_is_noted_and_left_out(void **state)
{
	static const char *const forks[] = { "-1", "1000001", "true", "\"x\"", "1.5" };

	for (size_t i = 0; i < sizeof(forks) / sizeof(forks[0]); i++) {
		char config[100];

		(void)snprintf(config, sizeof(config), "{\"TestShelleyHardForkAtEpoch\":%s}", forks[i]);
		folder_write(&place, "node-0/config.json", config);
		open_run(0);
		assert_fact(NULL, "genesis.byron_epochs", NULL);
		assert_non_null(strstr(note_of("node-0/config.json")->text, "not an epoch"));
	}
}

static void without_a_genesis_the_profile_has_to_do(void **state)
{
	folder_write(&place, "meta.json", opened_meta);
	open_run(0);
	assert_fact(NULL, "genesis.epoch_length_slots", "600");
	assert_fact(NULL, "genesis.slot_length_ns", "200000000");
	assert_fact(NULL, "genesis.active_slots_coeff", "0.05");
	assert_fact(NULL, "genesis.system_start_ns", "1795226760000000000");
}

static void the_older_genesis_name_is_found(void **state)
{
	folder_write(&place, "genesis/genesis.json", "{\"blockVersionData\":{}}");
	folder_write(&place, "genesis-shelley.json", "{\"epochLength\":7}");
	open_run(0);
	assert_fact(NULL, "genesis.epoch_length_slots", "7");
}

static void a_genesis_is_walked_up_to_its_bound_and_no_further(void **state)
{
	folder_write(&place, "genesis-shelley.json", "x");
	assert_int_equal(truncate(folder_path(&place, "genesis-shelley.json"), RUN_GENESIS_BYTES_MAX), 0);
	open_run(0);
	assert_non_null(strstr(note_of("genesis-shelley.json")->text, "not JSON"));
	assert_int_equal(truncate(folder_path(&place, "genesis-shelley.json"), RUN_GENESIS_BYTES_MAX + 1), 0);
	open_run(0);
	assert_non_null(strstr(note_of("genesis-shelley.json")->text, "at most 268435456 are read"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		OPENED_TEST(the_genesis_says_more_than_the_profile),
		OPENED_TEST(parameters_that_are_no_object_are_noted),
		OPENED_TEST(a_genesis_alone_says_when_epochs_begin),
		OPENED_TEST(a_chain_that_had_a_byron_era_says_how_long),
		OPENED_TEST(a_chain_without_a_byron_era_has_none),
		OPENED_TEST(a_byron_era_that_makes_no_sense_is_noted_and_left_out),
		OPENED_TEST(without_a_genesis_the_profile_has_to_do),
		OPENED_TEST(the_older_genesis_name_is_found),
		OPENED_TEST(a_genesis_is_walked_up_to_its_bound_and_no_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
