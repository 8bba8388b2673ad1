/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/collectors/hear_prof.h"
#include "tests/support/bytes.h"

#define DATA "tests/data/ghc-prof/"

#define PROFILE(name)                                                                                                  \
	{                                                                                                              \
		.collector = "ghc-prof", .input = DATA name ".prof", .expected = DATA name ".golden",                  \
		.context = mtime, .n_context = 1                                                                       \
	}

static const struct golden goldens[] = {
	PROFILE("9.0-P"),     PROFILE("9.0-p"),  PROFILE("9.0-pj"),     PROFILE("9.0-arguments"), PROFILE("9.0-notick"),
	PROFILE("9.0-clash"), PROFILE("9.0-hr"), PROFILE("9.6-p-late"), PROFILE("8.8-p"),         PROFILE("8.0-p-N2"),
	PROFILE("7.10-hr-p"), PROFILE("7.10-P"), PROFILE("7.10-pa"),    PROFILE("9.10-hr-pj"),    PROFILE("empty"),
};

enum {
	N_GOLDENS = sizeof(goldens) / sizeof(goldens[0]),
};

static void every_report_says_what_it_said(void **state)
{
	for (size_t i = 0; i < N_GOLDENS; i++)
		golden_check(&goldens[i]);
}

static void windows_make_no_difference(void **state)
{
	for (size_t i = 0; i < N_GOLDENS; i++)
		golden_check_windows(&goldens[i], 2);
}

static void every_beginning_of_a_report_ends_well(void **state)
{
	for (size_t i = 0; i < N_GOLDENS; i++)
		golden_check_prefixes(&goldens[i], 53);
}

/* ---- One report at a time ---- */

static void assert_ledger(const struct heard *h, uint64_t n_read, uint64_t n_stored, uint64_t n_skipped, uint64_t n_bad)
{
	assert_int_equal(h->result.ledger.n_read, n_read);
	assert_int_equal(h->result.ledger.n_stored, n_stored);
	assert_int_equal(h->result.ledger.n_skipped, n_skipped);
	assert_int_equal(h->result.ledger.n_bad, n_bad);
}

static void a_report_that_adds_up_is_whole(void **state)
{
	struct heard h =
		hear(COSTS HALF(" a         ", "101", "          1") HALF(" b         ", "102", "          2"));

	assert_int_equal(h.result.status, STORE_OK);
	assert_ledger(&h, 3, 3, 0, 0);
	assert_silent_on(&h, "\"diag\"");
	assert_says(&h,
	            "{\"weight\":\"ghc.profile.ticks\",\"attrs\":{},\"stack\":[\"MAIN\",\"b\"],\"module\":\"Main\","
	            "\"src\":\"<built-in>\","
	            "\"native\":102,\"t_ns\":1795219679900000000,\"dur_ns\":100000000,\"self\":50,\"inclusive\":50}");
	assert_says(&h, "\"stack\":[\"MAIN\"],\"module\":\"Main\",\"src\":\"<built-in>\",\"native\":100,\"t_ns\":"
	                "1795219679900000000,"
	                "\"dur_ns\":100000000,\"self\":0,\"inclusive\":1600}");
	heard_done(&h);
}

static void rows_that_are_missing_leave_their_totals_behind(void **state)
{
	struct heard h = hear(COSTS HALF(" a         ", "101", "          1"));

	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"prof.totals\"");
	assert_says(&h, "50 of 100 ticks and 800 of 1600 bytes");
	assert_says(&h, "\"prof.inherited\"");
	heard_done(&h);
	h = hear(SHARES SHARED(" a         ", "101", "          1", "   50.0   50.0    50.0   50.0"));
	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"prof.inherited\",\"severity\":\"warning\",\"count\":1");
	heard_done(&h);
}

static void shares_are_checked_to_half_a_tenth(void **state)
{
	/* 1 of 1600 bytes is 0.0625 %, 0.1 as printed; 3 of 100 ticks are 3.0 exactly. */
	static const char good[] =
		COSTS ROW(" a         ", "101", "          1", "    3.0    0.1     3.0    0.1", "      3         1")
			ROW(" b         ", "102", "          1", "   97.0   99.9    97.0   99.9", "     97      1599");
	static const char bad_own[] =
		COSTS ROW(" a         ", "101", "          1", "    3.1    0.1     3.0    0.1", "      3         1")
			ROW(" b         ", "102", "          1", "   97.0   99.9    97.0   99.9", "     97      1599");
	static const char bad_inherited[] =
		COSTS ROW(" a         ", "101", "          1", "    3.0    0.1     3.0    0.2", "      3         1")
			ROW(" b         ", "102", "          1", "   97.0   99.9    97.0   99.9", "     97      1599");
	struct heard h = hear(good);

	assert_silent_on(&h, "\"diag\"");
	heard_done(&h);
	h = hear(bad_own);
	assert_says(&h, "\"prof.individual\",\"severity\":\"warning\",\"count\":1");
	assert_silent_on(&h, "\"prof.inherited\"");
	heard_done(&h);
	h = hear(bad_inherited);
	assert_says(&h, "\"prof.inherited\",\"severity\":\"warning\",\"count\":1");
	assert_silent_on(&h, "\"prof.individual\"");
	heard_done(&h);
}

static void shares_alone_are_checked_as_far_as_they_are_rounded(void **state)
{
	/* Four numbers that are off by up to 0.05 each: 0.2 is possible, 0.3 isn't. */
	struct heard h = hear(SHARES SHARED(" a         ", "101", "          1", "   49.9   49.9    49.9   50.0")
	                              SHARED(" b         ", "102", "          1", "   49.9   50.0    49.9   50.0"));

	assert_silent_on(&h, "\"diag\"");
	heard_done(&h);
	h = hear(SHARES SHARED(" a         ", "101", "          1", "   49.9   50.0    49.9   50.0")
	                 SHARED(" b         ", "102", "          1", "   49.8   50.0    49.8   50.0"));
	assert_says(&h, "\"prof.inherited\",\"severity\":\"warning\",\"count\":1");
	assert_says(
		&h,
		"{\"weight\":\"ghc.profile.time_share\",\"attrs\":{},\"stack\":[\"MAIN\",\"b\"],\"module\":\"Main\","
		"\"src\":\"<built-in>\",\"native\":102,\"t_ns\":1795219679900000000,\"dur_ns\":100000000,\"self\":49.8,"
		"\"inclusive\":49.8}");
	assert_silent_on(&h, "ghc.profile.ticks");
	heard_done(&h);
}

static void the_top_table_must_not_cost_more_than_the_tree(void **state)
{
#define TOP_ROW(ticks) "a           Main   <built-in>   50.0   50.0     " ticks "       800\n"
#define REST           TREE_COSTS HALF(" a         ", "101", "          1") HALF(" b         ", "102", "          2")
	struct heard h = hear(
		FRONT("-P", "100",
	              "1,600") "COST CENTRE MODULE SRC        %time %alloc  ticks     bytes\n\n" TOP_ROW("50") REST);

	assert_silent_on(&h, "\"diag\"");
	heard_done(&h);
	h = hear(FRONT("-P", "100",
	               "1,600") "COST CENTRE MODULE SRC        %time %alloc  ticks     bytes\n\n" TOP_ROW("51") REST);
	assert_says(&h, "\"prof.top_sum\",\"severity\":\"warning\",\"count\":1");
	assert_ledger(&h, 3, 3, 0, 0);
	heard_done(&h);
}

static void a_bad_line_of_the_top_table_makes_it_partial(void **state)
{
	struct heard h = hear(FRONT("-P", "100", "1,600") TOP_COSTS "x\ny z 1 2\n" TREE_COSTS HALF(
		" a         ", "101", "          1") HALF(" b         ", "102", "          2"));

	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"prof.top\"");
	assert_ledger(&h, 3, 3, 0, 0);
	heard_done(&h);
}

static void a_stale_tail_is_counted_from_its_first_byte(void **state)
{
#define WHOLE COSTS HALF(" a         ", "101", "          1") HALF(" b         ", "102", "          2")
	static const char tail[] = "ilt-in>   103           1   50.0\n" HALF(" c         ", "103", "          1");
	char words[256];
	struct heard h = hear(WHOLE "ilt-in>   103           1   50.0\n" HALF(" c         ", "103", "          1"));

	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_ledger(&h, 4, 3, 0, 1);
	(void)snprintf(words, sizeof(words), "{\"diag\":\"prof.stale_tail\",\"severity\":\"warning\",\"offset\":%zu",
	               sizeof(WHOLE) - 1);
	assert_says(&h, words);
	(void)snprintf(words, sizeof(words), "%zu stale bytes (2 lines)", sizeof(tail) - 1);
	assert_says(&h, words);
	assert_says(&h, "\"bad\":{\"prof.stale_tail\":1}");
	assert_silent_on(&h, "\"prof.totals\"");
	heard_done(&h);
}

static void a_number_that_comes_twice_starts_the_stale_tail(void **state)
{
	char words[256];
	struct heard h = hear(WHOLE HALF(" c         ", "103", "          1") HALF(" a         ", "101", "          1")
	                              HALF(" d         ", "104", "          1"));

	assert_ledger(&h, 5, 4, 0, 1);
	(void)snprintf(words, sizeof(words), "{\"diag\":\"prof.stale_tail\",\"severity\":\"warning\",\"offset\":%zu",
	               sizeof(WHOLE HALF(" c         ", "103", "          1")) - 1);
	assert_says(&h, words);
	(void)snprintf(words, sizeof(words), "%zu stale bytes (2 lines)",
	               2 * sizeof(HALF(" a         ", "101", "          1")) - 2);
	assert_says(&h, words);
	heard_done(&h);
}

static void numbers_are_compared_below_67108864(void **state)
{
	static const char rest[] = "          1   50.0   50.0    50.0   50.0     50       800\n";

	for (unsigned over = 0; over < 2; over++) {
		char text[2048];
		struct heard h;

		(void)snprintf(text, sizeof(text),
		               "%s a          Main   <built-in>   %u%s b          Main   <built-in>   %u%s", COSTS,
		               (1u << 26) - 1 + over, rest, (1u << 26) - 1 + over, rest);
		h = hear(text);
		assert_int_equal(h.result.status, over ? STORE_OK : STORE_PARTIAL);
		heard_done(&h);
	}
}

static void a_cut_report_says_what_was_kept(void **state)
{
	struct heard h = hear(COSTS HALF(" a         ", "101", "          1") " b          Main   <built-in>   10");

	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"prof.truncated\"");
	assert_says(&h, "ends inside a row: it was cut there, 2 stacks before were kept");
	assert_ledger(&h, 3, 2, 0, 1);
	heard_done(&h);
	h = hear(FRONT("-P", "100", "1,600") TOP_COSTS);
	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "ends before the tree of stacks");
	assert_says(&h, "\"ghc.profile.total_ticks\",\"attrs\":{},\"t_ns\":1795219680000000000");
	heard_done(&h);
	h = hear(TITLE "\t   zoo +RTS -p");
	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "nothing of it was read");
	heard_done(&h);
}

static void an_empty_file_is_partial_and_says_why(void **state)
{
	struct heard h = hear("");

	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"prof.empty\"");
	assert_says(&h, "killed");
	assert_ledger(&h, 0, 0, 0, 0);
	heard_done(&h);
}

static void what_is_no_report_fails(void **state)
{
	struct heard h = hear("mode: set\nfile.go:1.2,3.4 5 6\n");

	assert_int_equal(h.result.status, STORE_FAILED);
	assert_says(&h, "\"prof.header\"");
	heard_done(&h);
	h = hear("{\"version\": 1}");
	assert_int_equal(h.result.status, STORE_FAILED);
	assert_says(&h, "\"prof.header\"");
	heard_done(&h);
	h = hear(" \n \t");
	assert_int_equal(h.result.status, STORE_FAILED);
	heard_done(&h);
}

static void retainer_text_is_counted_and_left_to_the_heap_profile(void **state)
{
	struct heard h =
		hear("Retainer Profiling: 0, at 0.018249 seconds\n\tAverage number of visits per object = 1.306976\n"
	             "\nRetainer sets created during profiling:\nSET 2 = {<SYSTEM.SYSTEM>}\nSET 3 = {<>}\n");

	assert_int_equal(h.result.status, STORE_OK);
	assert_ledger(&h, 3, 0, 3, 0);
	assert_says(&h, "\"skipped\":{\"retainer_census\":1,\"retainer_set\":2}");
	assert_says(&h, "\"prof.retainer_only\",\"severity\":\"note\"");
	heard_done(&h);
}

/* ---- Whose costs ---- */

static void what_the_system_costs_is_told_apart(void **state)
{
	struct heard h = hear(
		FRONT("-pa", "100", "1,600") TOP_COSTS TREE_COSTS HALF(" a         ", "101", "          1")
			ROW(" GC        ", "102", "          0", "   50.0   50.0    50.0   50.0", "     50       800"));

	/* The label is right, the module isn't: a cost centre of the program that is called so. */
	assert_silent_on(&h, "scope");
	heard_done(&h);
	h = hear(FRONT("-pa", "100", "1,600") TOP_COSTS TREE_COSTS HALF(
		" a         ", "101", "          1") " GC         GC     <built-in>   102           0   25.0   25.0    "
	                                             "50.0   50.0     25       400\n"
	                                             "  below     GC     <built-in>   103           0   25.0   25.0    "
	                                             "25.0   25.0     25       400\n"
	                                             " IDLE       IDLE   <built-in>   104           7    0.0    0.0    "
	                                             " 0.0    0.0      0         0\n");
	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "{\"fact\":\"ghc.profile.mode\",\"value\":\"pa\"}");
	assert_says(&h, "\"ghc.profile.ticks\",\"attrs\":{\"scope\":\"system\"},\"stack\":[\"MAIN\",\"GC\"]");
	assert_says(&h, "\"ghc.profile.ticks\",\"attrs\":{\"scope\":\"system\"},\"stack\":[\"MAIN\",\"GC\",\"below\"]");
	assert_says(&h, "\"ghc.profile.ticks\",\"attrs\":{},\"stack\":[\"MAIN\",\"IDLE\"]"); /* it was entered: not the
	                                                                                        system's */
	assert_says(&h, "\"ghc.profile.ticks\",\"attrs\":{},\"stack\":[\"MAIN\"],\"module\":\"Main\",\"src\":\"<built-"
	                "in>\",\"native\":100,"
	                "\"t_ns\":1795219679900000000,\"dur_ns\":100000000,\"self\":0,\"inclusive\":50}");
	assert_says(&h, "{\"number\":\"ghc.profile.total_ticks\",\"attrs\":{\"scope\":\"all\"},\"t_ns\":"
	                "1795219680000000000,\"value\":100}");
	assert_says(&h,
	            "{\"number\":\"ghc.profile.total_ticks\",\"attrs\":{},\"t_ns\":1795219680000000000,\"value\":50}");
	assert_says(&h, "{\"number\":\"ghc.profile.total_alloc\",\"attrs\":{\"scope\":\"system\"},\"t_ns\":"
	                "1795219680000000000,\"value\":800}");
	assert_says(
		&h,
		"{\"number\":\"ghc.profile.total_time\",\"attrs\":{},\"t_ns\":1795219680000000000,\"value\":50000000}");
	heard_done(&h);
}

/* ---- Rows without a label ---- */

static void a_row_without_a_label_goes_where_its_costs_are_missing(void **state)
{
	/* a inherits 50 and costs 0; b costs nothing. What has no label is a's, not b's. */
	struct heard h = hear(
		COSTS ROW(" a         ", "101", "          9", "    0.0    0.0    50.0   50.0", "      0         0")
			ROW("  b        ", "102", "          9", "    0.0    0.0     0.0    0.0", "      0         0")
				ROW("           ", "103", "          1", "   50.0   50.0    50.0   50.0",
	                            "     50       800") HALF(" c         ", "104", "          1"));

	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "\"ghc.profile.ticks\",\"attrs\":{},\"stack\":[\"MAIN\",\"a\",\"\"]");
	assert_says(&h, "\"prof.unlabelled\",\"severity\":\"note\",\"count\":1");
	heard_done(&h);
}

static void a_row_without_a_label_and_costs_goes_where_it_was_numbered(void **state)
{
	/* MAIN still lacks half of everything, but this row was made right after a, so it is a's. */
	struct heard h = hear(COSTS HALF(" a         ", "101", "          9")
	                              ROW("           ", "102", "          1", "    0.0    0.0     0.0    0.0",
	                                  "      0         0") HALF(" b         ", "103", "          9"));

	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "\"stack\":[\"MAIN\",\"a\",\"\"]");
	heard_done(&h);
	/* Much later: it is MAIN's, which lacks something. */
	h = hear(COSTS HALF(" a         ", "101", "          9")
	                 ROW("           ", "120", "          1", "    0.0    0.0     0.0    0.0", "      0         0")
	                         HALF(" b         ", "103", "          9"));
	assert_says(&h, "\"stack\":[\"MAIN\",\"\"]");
	heard_done(&h);
	/* Nobody lacks anything: it is as deep as can be. */
	h = hear(COSTS HALF(" b         ", "103", "          9") HALF(" a         ", "101", "          9") ROW(
		"           ", "120", "          1", "    0.0    0.0     0.0    0.0", "      0         0"));
	assert_says(&h, "\"stack\":[\"MAIN\",\"a\",\"\"]");
	heard_done(&h);
}

static void rows_without_a_label_may_follow_each_other(void **state)
{
	struct heard h = hear(COSTS HALF(" a         ", "101", "          9") ROW(
		"           ", "102", "          1", "    0.0    0.0    50.0   50.0", "      0         0")
	                              ROW("           ", "103", "          1", "    0.0    0.0    50.0   50.0",
	                                  "      0         0") HALF("   b       ", "104", "          9"));

	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "\"stack\":[\"MAIN\",\"\",\"\",\"b\"]");
	assert_says(&h, "\"prof.unlabelled\",\"severity\":\"note\",\"count\":2");
	heard_done(&h);
}

/* ---- JSON ---- */

#define JSON_HEAD                                                                                                      \
	"{\n\"program\": \"zoo\",\n\"arguments\": [\"./zoo\", \"a\\\\b\", \"c\"],\n\"rts_arguments\": [\"-pj\", "      \
	"\"-N2\"],\n"                                                                                                  \
	"\"end_time\": \"Sat Nov 21 00:08 2026\",\n\"initial_capabilities\": 2,\n\"total_time\":        0.05,\n"       \
	"\"total_ticks\": 100,\n\"tick_interval\": 1000,\n\"total_alloc\":1600,\n\"cost_centres\": [\n"
#define CENTRE(id, label, module)                                                                                      \
	"{\"id\": " id ", \"label\": \"" label "\", \"module\": \"" module                                             \
	"\", \"src_loc\": \"<built-in>\", \"is_caf\": false}"
#define STACK(id, alloc, ticks)                                                                                        \
	"{\"id\": " id ", \"entries\": 0, \"alloc\": " alloc ", \"ticks\": " ticks ", \"children\": ["

static void json_says_the_same_as_text(void **state)
{
	struct heard h = hear(JSON_HEAD CENTRE("1", "MAIN", "MAIN") ", " CENTRE("2", "x\\\\y", "A") ", " CENTRE(
		"3", "GC", "GC") "]\n,\n\"profile\": " STACK("1", "100", "0")
	                              STACK("2", "700", "40") "]}\n," STACK("3", "800", "60") "]}\n]}\n}\n");

	assert_int_equal(h.result.status, STORE_OK);
	assert_ledger(&h, 3, 3, 0, 0);
	assert_says(&h, "{\"fact\":\"program.arguments\",\"value\":\"a\\\\b c\"}");
	assert_says(&h, "{\"fact\":\"ghc.rts.flags\",\"value\":\"-pj -N2\"}");
	assert_says(&h, "{\"fact\":\"ghc.profile.mode\",\"value\":\"pj\"}");
	assert_says(&h, "{\"weight\":\"ghc.profile.alloc\",\"attrs\":{},\"stack\":[\"MAIN\",\"x\\\\y\"],\"module\":"
	                "\"A\",\"src\":\"<built-in>\",\"native\":2,"
	                "\"t_ns\":1795219679950000000,\"dur_ns\":50000000,\"self\":700,\"inclusive\":700}");
	assert_says(
		&h,
		"\"attrs\":{},\"stack\":[\"MAIN\"],\"module\":\"MAIN\",\"src\":\"<built-in>\",\"native\":1,\"t_ns\":"
		"1795219679950000000,"
		"\"dur_ns\":50000000,\"self\":100,\"inclusive\":800}");
	assert_says(&h, "{\"number\":\"ghc.profile.total_time\",\"attrs\":{\"scope\":\"all\"},\"t_ns\":"
	                "1795219680000000000,\"value\":50000000}");
	heard_done(&h);
}

static void json_names_each_cost_centre_once(void **state)
{
	static const struct {
		const char *text, *words;
		uint64_t n_stored;
	} faults[] = {
		{ JSON_HEAD CENTRE("1", "MAIN", "MAIN") ", " CENTRE("1", "x", "A") "]\n,\n\"profile\": " STACK(
			  "1", "1600", "100") "]}\n}\n",
		  "a cost centre has the number of one before", 0 },
		{ JSON_HEAD CENTRE("1", "MAIN", "MAIN") "]\n,\n\"profile\": " STACK("1", "1600", "100")
		          STACK("2", "0", "0") "]}\n]}\n}\n",
		  "a stack is of a cost centre that isn't there", 1 },
		{ JSON_HEAD CENTRE("4194304", "MAIN", "MAIN") "]\n,\n\"profile\": " STACK("4194304", "1600",
		                                                                          "100") "]}\n}\n",
		  "a cost centre's number is 4194304 or more", 0 },
	};
	struct heard h;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		h = hear(faults[i].text);
		assert_int_equal(h.result.status, STORE_PARTIAL);
		assert_says(&h, "{\"diag\":\"prof.json\",\"severity\":\"warning\"");
		assert_says(&h, faults[i].words);
		assert_ledger(&h, faults[i].n_stored + 1, faults[i].n_stored, 0, 1);
		heard_done(&h);
	}
	h = hear(JSON_HEAD CENTRE("4194303", "MAIN", "MAIN") "]\n,\n\"profile\": " STACK("4194303", "1600",
	                                                                                 "100") "]}\n}\n");
	assert_int_equal(h.result.status, STORE_OK);
	heard_done(&h);
}

static void bytes_after_json_are_stale(void **state)
{
	struct heard h = hear(JSON_HEAD CENTRE("1", "MAIN", "MAIN") "]\n,\n\"profile\": " STACK(
		"1", "1600", "100") "]}\n}\n]}\n]}\n}\n");

	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"prof.stale_tail\"");
	assert_says(&h, "8 stale bytes");
	heard_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_report_says_what_it_said),
		cmocka_unit_test(windows_make_no_difference),
		cmocka_unit_test(every_beginning_of_a_report_ends_well),
		cmocka_unit_test(a_report_that_adds_up_is_whole),
		cmocka_unit_test(rows_that_are_missing_leave_their_totals_behind),
		cmocka_unit_test(shares_are_checked_to_half_a_tenth),
		cmocka_unit_test(shares_alone_are_checked_as_far_as_they_are_rounded),
		cmocka_unit_test(the_top_table_must_not_cost_more_than_the_tree),
		cmocka_unit_test(a_bad_line_of_the_top_table_makes_it_partial),
		cmocka_unit_test(a_stale_tail_is_counted_from_its_first_byte),
		cmocka_unit_test(a_number_that_comes_twice_starts_the_stale_tail),
		cmocka_unit_test(numbers_are_compared_below_67108864),
		cmocka_unit_test(a_cut_report_says_what_was_kept),
		cmocka_unit_test(an_empty_file_is_partial_and_says_why),
		cmocka_unit_test(what_is_no_report_fails),
		cmocka_unit_test(retainer_text_is_counted_and_left_to_the_heap_profile),
		cmocka_unit_test(what_the_system_costs_is_told_apart),
		cmocka_unit_test(a_row_without_a_label_goes_where_its_costs_are_missing),
		cmocka_unit_test(a_row_without_a_label_and_costs_goes_where_it_was_numbered),
		cmocka_unit_test(rows_without_a_label_may_follow_each_other),
		cmocka_unit_test(json_says_the_same_as_text),
		cmocka_unit_test(json_names_each_cost_centre_once),
		cmocka_unit_test(bytes_after_json_are_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
