/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/collectors/hear_eventlog.h"

static void times_wait_for_a_clock_that_comes_last(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	eventlog_writer_init(&w);
	write_header(&w);
	write_block(&w, 0, 0);
	write_numbers(&w, 51, 500, "iq", 1, (uint64_t)77);
	write_block_end(&w, 600);
	write_block(&w, 0, 0xffff);
	write_clock(&w);
	write_block_end(&w, T0);
	write_end(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"number\":\"ghc.heap.live\",\"attrs\":{},\"t_ns\":1767225599999000500,\"value\":77}");
	assert_says(&heard, "\"tie\":\"the log's wall-clock record\"");
	recorder_free(heard.rec);
}

static void without_a_clock_what_the_run_knows_has_to_do(void **state)
{
	static const struct lend_pair start[] = { { "process.start_ns", "1000000000000000000" } };
	struct eventlog_writer w;
	struct heard heard;

	for (int has_start = 0; has_start <= 1; has_start++) {
		eventlog_writer_init(&w);
		write_header(&w);
		write_block(&w, 0, 0);
		write_numbers(&w, 51, 500, "iq", 1, (uint64_t)77);
		write_block_end(&w, 600);
		write_end(&w);
		heard = hear(&w, NULL, 0, has_start ? start : eventlog_mtime, 1);
		assert_says(&heard, has_start ? "\"t_ns\":1000000000000000500," : "\"t_ns\":1795230300000000000,");
		recorder_free(heard.rec);
	}
}

enum {
	TOO_MANY_TO_WAIT = 1120000, /* numbers */
};

/* Numbers of many a capability's block, and then the clock, if there is one; else a block that says it ends when
 * nothing can. */
static void write_late_clock(struct eventlog_writer *w, int has_clock)
{
	eventlog_writer_init(w);
	write_header(w);
	for (uint64_t t = 0; t < TOO_MANY_TO_WAIT; t += 70000) {
		write_block(w, t, (uint32_t)(t / 70000) & 1);
		for (uint64_t i = 0; i < 70000; i++)
			write_numbers(w, 51, t + i, "iq", 1, i);
		write_block_end(w, t + 70000);
	}
	write_block(w, 0, 0xffff);
	if (has_clock)
		write_clock(w);
	write_block_end(w, has_clock ? T0 : INT64_MAX - 1);
	write_end(w);
}

static void what_is_too_much_to_wait_has_the_clock_that_a_second_look_finds(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_late_clock(&w, 1);
	heard = hear_input(&w, NULL, 0, eventlog_mtime, 1, 1);
	assert_says(&heard, "\"tie\":\"the log's wall-clock record\"");
	assert_says(&heard, "{\"number\":\"ghc.heap.live\",\"attrs\":{},\"t_ns\":1767225599999000500,\"value\":500}");
	assert_silent_on(&heard, "eventlog.late_clock");
	assert_silent_on(&heard, "eventlog.no_clock");
	assert_int_equal(count_of(&heard, "\"ghc.heap.live\""), TOO_MANY_TO_WAIT);
	recorder_free(heard.rec);
	/* None is there: the file's own time is that of its last record. */
	write_late_clock(&w, 0);
	heard = hear_input(&w, NULL, 0, eventlog_mtime, 1, 1);
	assert_says(&heard, "{\"number\":\"ghc.heap.live\",\"attrs\":{},\"t_ns\":1795230299998880500,\"value\":500}");
	recorder_free(heard.rec);
	/* It can't be read again: what came before the clock is said to be late. */
	write_late_clock(&w, 1);
	heard = hear(&w, NULL, 0, NULL, 0);
	assert_says(&heard, "eventlog.late_clock");
	recorder_free(heard.rec);
}

static void a_second_clock_changes_nothing(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, 0, 0xffff);
	write_numbers(&w, 43, T0 + 5, "iqi", 1, (uint64_t)1, 0);
	write_numbers(&w, 51, T0 + 6, "iq", 1, (uint64_t)77);
	write_block_end(&w, T0 + 7);
	write_end(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "\"t_ns\":1767225600000000006,\"value\":77}");
	recorder_free(heard.rec);
}

static void a_clock_without_sense_is_bad(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	eventlog_writer_init(&w);
	write_header(&w);
	write_block(&w, 0, 0xffff);
	write_numbers(&w, 43, T0, "iqi", 1, (uint64_t)1767225600, 1000000000);
	write_numbers(&w, 43, T0, "iqi", 1, UINT64_MAX, 0);
	write_block_end(&w, T0);
	write_end(&w);
	heard = hear_plain(&w);
	assert_int_equal(heard.result.ledger.n_bad, 2);
	recorder_free(heard.rec);
}

static void a_time_beyond_all_reason_is_bad_and_spoils_nothing(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, 0, 0);
	write_numbers(&w, 1, T0, "i", 1);
	write_numbers(&w, 51, (uint64_t)INT64_MAX - 5, "iq", 1, (uint64_t)77);
	write_block_end(&w, UINT64_MAX);
	write_block(&w, 0, 1);
	write_numbers(&w, 51, T0, "iq", 1, (uint64_t)78);
	write_block_end(&w, UINT64_MAX);
	write_end(&w);
	heard = hear_plain(&w);
	assert_int_equal(heard.result.ledger.n_bad, 1);
	assert_silent_on(&heard, "\"value\":77}");
	assert_says(&heard, "\"value\":78}");
	recorder_free(heard.rec);
}

static void a_long_idle_stretch_is_one_interval(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, 0, 0);
	write_numbers(&w, 1, T0, "i", 1);
	write_numbers(&w, 2, T0 + 1000, "ihi", 1, 7, 0);
	write_numbers(&w, 1, (uint64_t)100000 * 1000000000, "i", 1);
	write_block_end(&w, (uint64_t)100000 * 1000000000);
	write_end(&w);
	heard = hear_plain(&w);
	assert_true(count_of(&heard, "ghc.capability.utilisation") < 3700);
	recorder_free(heard.rec);
}

/* ---- Logs that are still being written ---- */

static void write_live(struct eventlog_writer *w, int has_clock)
{
	eventlog_writer_init(w);
	write_header(w);
	if (has_clock) {
		write_block(w, 0, 0xffff);
		write_clock(w);
		write_block_end(w, T0);
	}
	write_block(w, T0, 1);
	write_text(w, 19, T0 + 50, "idle from now on");
	write_text(w, 19, T0 + 50, "START walk");
	write_block_end(w, T0 + 50);
	write_block(w, T0, 0);
	write_record(w, 9, T0 + 60, NULL, 0);
	write_stats(w, T0 + 61, 1);
	write_record(w, 10, T0 + 70, NULL, 0);
	write_numbers(w, 51, T0 + 80, "iq", 1, (uint64_t)77);
	write_text(w, 19, (uint64_t)5000 * T0, "five seconds later");
	write_text(w, 19, (uint64_t)5000 * T0, "STOP walk");
	write_block_end(w, (uint64_t)5000 * T0);
	write_end(w);
}

static void a_live_log_is_said_as_it_comes(void **state)
{
	static const char *const words[] = {
		"idle from now on", "five seconds later", "\"walk\"",
		"\"ghc.gc.pause\"", "\"value\":77}",      "\"ghc.capability.utilisation\""
	};
	struct eventlog_writer w;
	struct heard heard;

	write_live(&w, 1);
	heard = hear_live(&w, NULL, 0, 600000000, 2);
	assert_int_equal(heard.result.r, WEIR_AGAIN);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_says(&heard, words[i]);
	assert_says(&heard, "\"t_ns\":1767225600000000050,");
	recorder_free(heard.rec);
	/* So soon after the last bytes more may be on its way. */
	heard = hear_live(&w, NULL, 0, 300000000, 2);
	assert_says(&heard, "five seconds later");
	assert_silent_on(&heard, "\"walk\"");
	recorder_free(heard.rec);
	heard = hear_live(&w, NULL, 0, 100000000, 2);
	assert_silent_on(&heard, "idle from now on");
	recorder_free(heard.rec);
	eventlog_writer_done(&w);
}

static void a_live_log_without_a_clock_is_tied_by_what_is_known(void **state)
{
	static const struct lend_pair start[] = { { "process.start_ns", "1767225500000000000" } };
	struct eventlog_writer w;
	struct heard heard;

	write_live(&w, 0);
	heard = hear_live(&w, start, 1, 600000000, 2);
	assert_says(&heard, "\"tie\":\"start of the process\"");
	assert_says(&heard, "\"t_ns\":1767225500001000080,\"value\":77}");
	recorder_free(heard.rec);
	/* The latest record, 5 s after the start, came with the first bytes. */
	heard = hear_live(&w, NULL, 0, 600000000, 2);
	assert_says(&heard, "\"tie\":\"arrival of its records\"");
	assert_says(&heard, "\"t_ns\":1767225596601000080,\"value\":77}");
	recorder_free(heard.rec);
	eventlog_writer_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_wait_for_a_clock_that_comes_last),
		cmocka_unit_test(without_a_clock_what_the_run_knows_has_to_do),
		cmocka_unit_test(what_is_too_much_to_wait_has_the_clock_that_a_second_look_finds),
		cmocka_unit_test(a_second_clock_changes_nothing),
		cmocka_unit_test(a_clock_without_sense_is_bad),
		cmocka_unit_test(a_time_beyond_all_reason_is_bad_and_spoils_nothing),
		cmocka_unit_test(a_long_idle_stretch_is_one_interval),
		cmocka_unit_test(a_live_log_is_said_as_it_comes),
		cmocka_unit_test(a_live_log_without_a_clock_is_tied_by_what_is_known),
	};

	return cmocka_run_group_tests_name("ghc-eventlog-clocks", tests, NULL, NULL);
}
