/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/collectors/hear_eventlog.h"

static void the_pause_is_the_leaders(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, T0, 0);
	write_record(&w, 12, T0 + 10, NULL, 0);
	write_record(&w, 9, T0 + 30, NULL, 0);
	write_stats(&w, T0 + 95, 1);
	write_record(&w, 10, T0 + 90, NULL, 0);
	write_block_end(&w, T0 + 100);
	write_block(&w, T0, 1);
	write_record(&w, 9, T0 + 35, NULL, 0);
	write_record(&w, 21, T0 + 40, NULL, 0);
	write_record(&w, 20, T0 + 60, NULL, 0);
	write_record(&w, 22, T0 + 65, NULL, 0);
	write_record(&w, 10, T0 + 85, NULL, 0);
	write_block_end(&w, T0 + 100);
	write_end(&w);
	heard = hear_plain(&w);
	assert_int_equal(count_of(&heard, "\"ghc.gc.pause\""), 1);
	assert_says(&heard, "{\"span\":\"ghc.gc.pause\",\"attrs\":{\"generation\":\"1\",\"mode\":\"parallel\"},"
	                    "\"t_ns\":1767225600000000030,\"dur_ns\":60,\"value\":20}");
	assert_says(&heard, "\"ghc.gc.sync\",\"attrs\":{\"capability\":\"0\"}");
	assert_says(&heard, "\"sum\":20,\"min\":20,\"max\":20,");
	assert_says(&heard, "{\"capability\":\"1\",\"state\":\"work\"},\"t_ns\":1767225600000000085,\"value\":20}");
	assert_says(&heard, "{\"capability\":\"1\",\"state\":\"idle\"},\"t_ns\":1767225600000000085,\"value\":5}");
	assert_says(&heard, "{\"capability\":\"1\",\"state\":\"done\"},\"t_ns\":1767225600000000085,\"value\":20}");
	assert_says(&heard, "\"ghc.capability.time\",\"attrs\":{\"capability\":\"1\",\"state\":\"gc\"},"
	                    "\"t_ns\":1767225600000000085,\"value\":50}");
	recorder_free(heard.rec);
}

static void write_collection(struct eventlog_writer *w, uint64_t time_ns, uint32_t generation)
{
	write_record(w, 9, time_ns, NULL, 0);
	write_stats(w, time_ns + 12, generation);
	write_record(w, 10, time_ns + 10, NULL, 0);
}

static void write_run(struct eventlog_writer *w, uint64_t time_ns, uint32_t status)
{
	write_numbers(w, 1, time_ns, "i", 1);
	write_numbers(w, 2, time_ns + 1, "ihi", 1, status, 0);
}

static void a_pause_has_the_cause_that_went_before_it(void **state)
{
	const uint64_t tick_ns = 10000000;
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, T0, 0);
	write_run(&w, T0, 1);
	write_collection(&w, T0 + 10, 0);
	write_run(&w, T0 + 30, 6);
	write_collection(&w, T0 + 40, 1);
	write_run(&w, T0 + 60, 3);
	write_collection(&w, T0 + 70, 0);
	write_run(&w, T0 + 90, 7);
	write_collection(&w, T0 + 90 + tick_ns, 1);
	write_run(&w, T0 + 110 + tick_ns, 7);
	write_collection(&w, T0 + 111 + 2 * tick_ns, 1);
	/* A threaded runtime collects everything of itself after such a call, too. */
	for (uint32_t generation = 0; generation <= 1; generation++) {
		uint64_t t = T0 + 200 + (2 + generation) * tick_ns;

		write_run(&w, t, 6);
		write_record(&w, 12, t + 10, NULL, 0);
		write_collection(&w, t + 15, generation);
	}
	write_block_end(&w, T0 + 5 * tick_ns);
	write_end(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"cause\":\"allocation\",\"generation\":\"0\"},\"t_ns\":1767225600000000010,");
	assert_says(&heard, "{\"cause\":\"request\",\"generation\":\"1\"},\"t_ns\":1767225600000000040,");
	assert_says(&heard, "{\"generation\":\"0\"},\"t_ns\":1767225600000000070,");
	assert_says(&heard, "{\"generation\":\"1\"},\"t_ns\":1767225600010000090,");
	assert_says(&heard, "{\"cause\":\"idle\",\"generation\":\"1\"},\"t_ns\":1767225600020000111,");
	assert_says(&heard, "{\"cause\":\"request\",\"generation\":\"0\",\"mode\":\"parallel\"}");
	assert_says(&heard, "{\"span\":\"ghc.gc.pause\",\"attrs\":{\"generation\":\"1\",\"mode\":\"parallel\"}");
	recorder_free(heard.rec);
}

static void what_each_collection_did_stands_at_its_end(void **state)
{
	static const struct lend_pair each[] = { { "detail", "collections" } };

	for (int is_each = 0; is_each <= 1; is_each++) {
		struct eventlog_writer w;
		struct heard heard;

		write_beginning(&w);
		write_block(&w, T0, 0);
		for (uint32_t i = 0; i < 4; i++)
			write_collection(&w, T0 + 100 * i, i == 2);
		write_block_end(&w, T0 + 500);
		write_end(&w);
		heard = hear(&w, each, (uint32_t)is_each, NULL, 0);
		assert_says(&heard, "\"ghc.gc.copied\",\"attrs\":{\"capability\":\"0\",\"generation\":\"1\"},"
		                    "\"t_ns\":1767225600000000210,\"value\":1000}");
		assert_says(&heard, "\"ghc.heap.slop\",\"attrs\":{},\"t_ns\":1767225600000000210,\"value\":2}");
		assert_says(&heard,
		            "\"ghc.heap.fragmentation\",\"attrs\":{},\"t_ns\":1767225600000000210,\"value\":3}");
		assert_int_equal(
			count_of(&heard, "\"ghc.gc.copied\",\"attrs\":{\"capability\":\"0\",\"generation\":\"0\"}"),
			is_each ? 3 : 2);
		assert_int_equal(count_of(&heard, "\"ghc.heap.slop\""), is_each ? 4 : 2);
		recorder_free(heard.rec);
	}
}

static void generations_beyond_the_bound_are_counted_without_a_number(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, T0, 0);
	for (uint32_t generation = 15; generation <= 16; generation++) {
		write_record(&w, 9, T0 + 10 * generation, NULL, 0);
		write_stats(&w, T0 + 10 * generation + 1, generation);
		write_record(&w, 10, T0 + 10 * generation + 2, NULL, 0);
	}
	write_block_end(&w, T0 + 500);
	write_end(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "\"ghc.gc.count\",\"attrs\":{\"capability\":\"0\",\"generation\":\"15\"}");
	assert_says(&heard, "\"ghc.gc.count\",\"attrs\":{\"capability\":\"0\"}");
	recorder_free(heard.rec);
}

static void an_end_without_a_start_is_unpaired(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, T0, 0);
	write_record(&w, 10, T0 + 10, NULL, 0);
	write_record(&w, 20, T0 + 11, NULL, 0);
	write_record(&w, 203, T0 + 12, NULL, 0);
	write_numbers(&w, 57, T0 + 13, "q", (uint64_t)9);
	write_block_end(&w, T0 + 500);
	write_end(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "\"eventlog.unpaired\":4");
	/* The log may have begun in the middle of a collection. */
	assert_silent_on(&heard, "out_of_step");
	recorder_free(heard.rec);
}

static void collections_that_contradict_each_other_show_that_records_are_missing(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, T0, 0);
	write_record(&w, 9, T0 + 10, NULL, 0);
	write_record(&w, 20, T0 + 15, NULL, 0);
	write_collection(&w, T0 + 100, 0); /* the first one's end is missing */
	write_record(&w, 10, T0 + 300, NULL, 0);
	write_block_end(&w, T0 + 500);
	write_end(&w);
	heard = hear_plain(&w);
	assert_int_equal(count_of(&heard, "\"span\":\"ghc.gc.pause\""), 1);
	assert_says(&heard, "{\"diag\":\"eventlog.out_of_step\",\"severity\":\"warning\"");
	assert_says(&heard, "\"count\":2");
	/* 5 ns are known of the first one, and 10 of the second. */
	assert_says(&heard, "\"ghc.capability.time\",\"attrs\":{\"capability\":\"0\",\"state\":\"gc\"},"
	                    "\"t_ns\":1767225600000000300,\"value\":15}");
	recorder_free(heard.rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pause_is_the_leaders),
		cmocka_unit_test(a_pause_has_the_cause_that_went_before_it),
		cmocka_unit_test(what_each_collection_did_stands_at_its_end),
		cmocka_unit_test(generations_beyond_the_bound_are_counted_without_a_number),
		cmocka_unit_test(an_end_without_a_start_is_unpaired),
		cmocka_unit_test(collections_that_contradict_each_other_show_that_records_are_missing),
	};

	return cmocka_run_group_tests_name("ghc-eventlog-gc", tests, NULL, NULL);
}
