/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/collectors/hear_prof.h"

static void assert_clock(const struct lend_pair *context, uint32_t n, const char *report, const char *end_ns,
                         const char *error_ns)
{
	char words[256];
	struct heard h = hear_with(report, context, n);

	(void)snprintf(words, sizeof(words), "\"ghc.profile.total_ticks\",\"attrs\":{},\"t_ns\":%s,", end_ns);
	assert_says(&h, words);
	(void)snprintf(words, sizeof(words), "\"error_ns\":%s}", error_ns);
	if (*error_ns)
		assert_says(&h, words);
	else
		assert_silent_on(&h, "error_ns");
	heard_done(&h);
}

/* The report says 00:08 of 2026-11-21: 1795219680 seconds if that is UTC. */
static void a_date_is_tied_to_utc_by_what_is_known(void **state)
{
	static const char report[] =
		COSTS HALF(" a         ", "101", "          1") HALF(" b         ", "102", "          2");
	static const char heap[] =
		FRONT("-P -hc", "100", "1,600") TOP_COSTS TREE_COSTS HALF(" a         ", "101", "          1")
			HALF(" b         ", "102", "          2");
	const struct lend_pair same_minute = { "file.mtime_ns", "1795219739999999999" };
	const struct lend_pair next_minute = { "file.mtime_ns", "1795219799999999999" };
	const struct lend_pair minute_after = { "file.mtime_ns", "1795219800000000000" };
	const struct lend_pair before = { "file.mtime_ns", "1795219679999999999" };
	const struct lend_pair kathmandu = { "file.mtime_ns", "1795198980000000000" }; /* 5 h 45 min earlier */
	const struct lend_pair new_york = { "file.mtime_ns", "1795237680000000000" };  /* 5 h later */
	const struct lend_pair new_york_run[] = { new_york,
		                                  { "run.start_ns", "1795237670000000000" },
		                                  { "run.end_ns", "1795237680000000000" } };
	const struct lend_pair no_zone = { "file.mtime_ns", "1795220580000000000" }; /* 15 min later */
	const struct lend_pair in_run[] = { no_zone,
		                            { "run.start_ns", "1795219580000000000" },
		                            { "run.end_ns", "1795220600000000000" } };
	const struct lend_pair after_run[] = { { "file.mtime_ns", "1795300000000000000" },
		                               { "run.start_ns", "1795219580000000000" },
		                               { "run.end_ns", "1795220600000000000" } };
	const struct lend_pair long_run[] = { { "run.start_ns", "1795219680000000000" },
		                              { "run.end_ns", "1795223400000000000" } };
	const struct lend_pair in_process[] = { no_zone,
		                                { "run.start_ns", "1" },
		                                { "process.start_ns", "1795219580000000000" } };
	const struct lend_pair other_run[] = { { "run.start_ns", "1700000000000000000" },
		                               { "run.end_ns", "1700000001000000000" } };

	assert_clock(&same_minute, 1, report, "1795219739999999999", "60000000000");
	assert_clock(&next_minute, 1, report, "1795219799999999999", "120000000000");
	assert_clock(&minute_after, 1, report, "1795219680000000000", "50460000000000");
	assert_clock(&before, 1, report, "1795219680000000000", "50460000000000");
	assert_clock(&kathmandu, 1, report, "1795198980000000000", "60000000000");
	assert_clock(&new_york, 1, report, "1795237680000000000", "18120000000000"); /* or copied five hours later */
	assert_clock(new_york_run, 3, report, "1795237680000000000", "60000000000");
	assert_clock(&no_zone, 1, report, "1795219680000000000", "50460000000000");
	assert_clock(in_run, 3, report, "1795220580000000000", "1000000000000");
	assert_clock(after_run, 3, report, "1795219710000000000", "30000000000");
	assert_clock(long_run, 2, report, "1795221510000000000", "1830000000000"); /* UTC or one hour west of it */
	assert_clock(in_process, 3, report, "1795220580000000000", "1000000000000");
	assert_clock(other_run, 2, report, "1795219680000000000", "50460000000000");
	assert_clock(NULL, 0, report, "1795219680000000000", "50460000000000");
	assert_clock(NULL, 0, heap, "1795219680000000000", "");
	assert_clock(after_run, 3, heap, "1795219710000000000", "");
	assert_clock(&same_minute, 1, heap, "1795219739999999999", "60000000000");
}

#define DATED(date)                                                                                                    \
	"\t" date " Time and Allocation Profiling Report  (Final)\n\n\t   zoo +RTS -P -RTS\n\n"                        \
	"\ttotal time  =        0.10 secs   (100 ticks @ 1000 us, 1 processor)\n"                                      \
	"\ttotal alloc = 1,600 bytes  (excludes profiling overheads)\n\n" TOP_COSTS TREE_COSTS HALF(                   \
		" a         ", "101", "          1") HALF(" b         ", "102", "          2")

static void without_a_date_there_is_the_files_time(void **state)
{
	static const char report[] = DATED("sometime"), beyond[] = DATED("Sat Nov 21 00:08 9999");
	const struct lend_pair file = { "file.mtime_ns", "1795219739999999999" };

	assert_clock(&file, 1, report, "1795219739999999999", "");
	assert_clock(&file, 1, beyond, "1795219739999999999", "");
	assert_clock(NULL, 0, report, "1767225600000000000", ""); /* the time of reading */
}

static void the_clocks_time_is_exact_where_the_report_rounds(void **state)
{
	struct heard h =
		hear_with(FRONT("-P", "104", "0")
	                          TOP_COSTS BAND HEAD_COSTS ROW("MAIN       ", "100", "          0",
	                                                        "  100.0    0.0   100.0    0.0", "    104         0"),
	                  NULL, 0);

	assert_says(&h, "\"ghc.profile.total_time\",\"attrs\":{},\"t_ns\":1795219680000000000,\"value\":104000000}");
	heard_done(&h);
	/* 106 ticks of a millisecond aren't 0.10 seconds: what is printed counts. */
	h = hear_with(FRONT("-P", "106", "0")
	                      TOP_COSTS BAND HEAD_COSTS ROW("MAIN       ", "100", "          0",
	                                                    "  100.0    0.0   100.0    0.0", "    106         0"),
	              NULL, 0);
	assert_says(&h, "\"ghc.profile.total_time\",\"attrs\":{},\"t_ns\":1795219680000000000,\"value\":100000000}");
	heard_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_date_is_tied_to_utc_by_what_is_known),
		cmocka_unit_test(without_a_date_there_is_the_files_time),
		cmocka_unit_test(the_clocks_time_is_exact_where_the_report_rounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
