/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/ticky.h"
#include "tests/parsers/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADING "    Entries      Alloc    Alloc'd  Non-void Arguments      STG Name\n-----\n"
#define RULE    "**************************************************\n"

static void assert_said(const char *text, const char *expected)
{
	char *said = ticky_transcript(text, strlen(text), strlen(text), 1);

	assert_string_equal(said, expected);
	free(said);
}

static void sums_of_the_same_label_belong_to_their_section(void **state)
{
	assert_said(
		"ENTERS: 9  of which 8 (98.0%) direct to the entry code\n      7 ( 12.8%) thunks\n      6 (  0.0%) "
		"data values\n"
		"UPDATES: 5\n      4 (100.0%) data values\n\t\t  [3 in place, 2 allocated new space]\n"
		"      1 (  0.0%) partial applications\n\t\t  [11 in place, 12 allocated new space]\n"
		"      2 (  0.0%) updates by squeezing\n",
		"SUMS\tenters=9\tenters.direct=8\nSUMS\tenters.thunks=7\nSUMS\tenters.data_values=6\nSUMS\tupdates=5\n"
		"SUMS\tupdates.data_values=4\nSUMS\tupdates.data_values.in_place=3\tupdates.data_values.new_space=2\n"
		"SUMS\tupdates.partial_applications=1\n"
		"SUMS\tupdates.partial_applications.in_place=11\tupdates.partial_applications.new_space=12\n"
		"SUMS\tupdates.squeezing=2\nEND\n");
}

static void a_row_ends_with_a_name_of_several_words(void **state)
{
	assert_said(
		HEADING
		"        300       9600         16   2 ii                   go{v s5} (m@1:A.B) (fun) in s9Li\n"
		"          0          0         40   0                      sat_s2{v} (Main) (con: A.B{d r2}) in r2\n"
		"          1          0          0   1 i                    A.B.$wgr\xf6{v r3} (fun)\n",
		"HEADING\nHEADING\n"
		"ROW\t300\t9600\t16\t2\tii\tgo{v s5} (m@1:A.B) (fun) in s9Li\tgo{v s5}\tm@1:A.B\n"
		"ROW\t0\t0\t40\t0\t\tsat_s2{v} (Main) (con: A.B{d r2}) in r2\tsat_s2{v}\tMain\n"
		"ROW\t1\t0\t0\t1\ti\tA.B.$wgr\\xf6{v r3} (fun)\tA.B.$wgr\\xf6{v r3}\tA.B\nEND\n");
}

static void operators_and_main_have_modules_too(void **state)
{
	assert_said(HEADING "          1          0          0   1 i                    A.B..:+{v r3} (fun)\n"
	                    "          1          0          0   1 i                    main::Main.main{v 01D}\n"
	                    "          1          0          0   1 i                    x{v s} (fun,se) in r\n"
	                    "          1          0          0   1 i                    A.Con\n",
	            "HEADING\nHEADING\nROW\t1\t0\t0\t1\ti\tA.B..:+{v r3} (fun)\tA.B..:+{v r3}\tA.B\n"
	            "ROW\t1\t0\t0\t1\ti\tmain::Main.main{v 01D}\tmain::Main.main{v 01D}\tmain::Main\n"
	            "ROW\t1\t0\t0\t1\ti\tx{v s} (fun,se) in r\tx{v s}\t\nROW\t1\t0\t0\t1\ti\tA.Con\tA.Con\tA\nEND\n");
}

static void numbers_may_touch_or_widen_the_row(void **state)
{
	assert_said(HEADING "123456789011234567890112345678901   2 ii                   a\n"
	                    " 123456789012345678901         16   2 ii                   b\n"
	                    "123456789012          0          0   1 i                    c\n"
	                    "          1 1234567890123          0   1                      d\n",
	            "HEADING\nHEADING\nROW\t12345678901\t12345678901\t12345678901\t2\tii\ta\ta\t\n"
	            "ROW\t1234567890\t12345678901\t16\t2\tii\tb\tb\t\nROW\t123456789012\t0\t0\t1\ti\tc\tc\t\n"
	            "ROW\t1\t1234567890123\t0\t1\t\td\td\t\nEND\n");
}

static void a_row_that_is_none_is_bad(void **state)
{
	assert_said(HEADING "        300       9600         16   2\n        x00       9600         16   2 ii           "
	                    "        go\nhm\n\n",
	            "HEADING\nHEADING\nBAD\tticky.row\t74\t38\nBAD\tticky.row\t112\t62\nBAD\tticky."
	            "row\t174\t3\nTEXT\t\nEND\n");
}

static void counters_that_were_not_measured_have_no_value(void **state)
{
	assert_said(HEADING
	            "\n" RULE
	            "     256218 ALLOC_HEAP_ctr\n          0 E!NT_PERM_IND_ctr requires +RTS -Z\nfoo bar\n    7 X",
	            "HEADING\nHEADING\nTEXT\t\nHEADING\nCOUNTER\tALLOC_HEAP_ctr\t256218\nCOUNTER\tE!NT_PERM_IND_ctr\n"
	            "TEXT\tfoo bar\nCUT\t    7 X\nEND\n");
}

static void an_overlong_line_is_bad_in_pieces_whatever_the_windows(void **state)
{
	size_t n = 3 * TICKY_LINE_MAX;
	char *text = malloc(n), *whole, *parts;

	assert_non_null(text);
	memset(text, 'x', n);
	memcpy(text + n - 12, "\nRETURNS: 5\n", 12);
	whole = ticky_transcript(text, n, n, 1);
	assert_non_null(strstr(whole, "BAD\tticky.line"));
	assert_non_null(strstr(whole, "SUMS\treturns=5\nEND\n"));
	for (size_t split = 0; split < n; split += 4099) {
		parts = ticky_transcript(text, n, split, 1);
		assert_string_equal(parts, whole);
		free(parts);
	}
	free(whole);
	free(text);
}

static void every_prefix_asks_for_more_and_every_split_gives_the_same(void **state)
{
	static const char text[] =
		"'./p' +RTS '-r' \n\nENTERS: 9  of which 8 (98.0%) direct\n7 ( 12.8%) thunks\nhm\n\n" HEADING
		"        300       9600         16   2 ii                   go{v s5} (Main) (fun) in s9Li\nx\n\n" RULE
		"     256218 ALLOC_HEAP_ctr\n   1 A";

	assert_streams(ticky_transcript, text, sizeof(text) - 1);
}

static void a_report_is_sniffed(void **state)
{
	assert_in_range(ticky_sniff("ENTERS: 9  of which 8 (98.0%) direct\n", 38), 80, 100);
	assert_in_range(ticky_sniff(HEADING "x\n", strlen(HEADING) + 2), 80, 100);
	assert_int_equal(ticky_sniff("'./p' +RTS '-r' \n", 17), 0);
	assert_int_equal(ticky_sniff("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_of_the_same_label_belong_to_their_section),
		cmocka_unit_test(a_row_ends_with_a_name_of_several_words),
		cmocka_unit_test(operators_and_main_have_modules_too),
		cmocka_unit_test(numbers_may_touch_or_widen_the_row),
		cmocka_unit_test(a_row_that_is_none_is_bad),
		cmocka_unit_test(counters_that_were_not_measured_have_no_value),
		cmocka_unit_test(an_overlong_line_is_bad_in_pieces_whatever_the_windows),
		cmocka_unit_test(every_prefix_asks_for_more_and_every_split_gives_the_same),
		cmocka_unit_test(a_report_is_sniffed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
