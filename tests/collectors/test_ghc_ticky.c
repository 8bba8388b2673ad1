/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/collectors/hear.h"

static const struct lend_pair mtime[] = { { "file.mtime_ns", "1795230300000000000" } };

static const struct golden reservoir = {
	.collector = "ghc-ticky",
	.input = "tests/data/ghc-ticky/reservoir.ticky",
	.expected = "tests/data/ghc-ticky/reservoir.golden",
	.context = mtime,
	.n_context = 1,
};

static void a_report_says_what_it_said(void **state)
{
	golden_check(&reservoir);
}

static void windows_make_no_difference(void **state)
{
	golden_check_windows(&reservoir, 4);
}

static void every_beginning_of_a_report_ends_well(void **state)
{
	golden_check_prefixes(&reservoir, 13);
}

static struct heard hear(const char *text)
{
	return hear_text(&(struct hearing){ .collector = "ghc-ticky", .text = text, .context = mtime, .n_context = 1 });
}

#define HEADING "    Entries      Alloc    Alloc'd  Non-void Arguments      STG Name\n-----\n"
#define RULE    "\n**************************************************\n"

static void a_row_is_three_weights_of_one_closure(void **state)
{
	struct heard h = hear(
		HEADING "        300       9600         16   2 ii                   go{v s5} (Main) (fun) in s9\n" RULE
			"     256218 ALLOC_HEAP_ctr\n          0 ENT_PERM_IND_ctr requires +RTS -Z\n");

	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "{\"weight\":\"ghc.ticky.entries\",\"attrs\":{},\"stack\":[\"go{v s5} (Main) (fun) in s9\"],"
	                "\"module\":\"Main\",\"t_ns\":1795230300000000000,\"self\":300}");
	assert_says(&h, "\"ghc.ticky.alloc\",");
	assert_says(&h, "\"self\":9600}");
	assert_says(&h, "\"ghc.ticky.allocd\",");
	assert_says(&h, "\"self\":16}");
	assert_says(&h, "{\"number\":\"ghc.ticky.counter\",\"attrs\":{\"counter\":\"ALLOC_HEAP_ctr\"},"
	                "\"t_ns\":1795230300000000000,\"value\":256218}");
	assert_silent_on(&h, "ENT_PERM_IND");
	assert_says(&h, "\"read\":3,\"stored\":2,\"skipped\":1,\"bad\":0");
	heard_done(&h);
}

static void entries_that_hold_bytes_are_doubted(void **state)
{
	struct heard h = hear(
		HEADING
		"        760          0          0   0                      s{v} (Main) (con: B{d r2}) in r2\n" RULE
		"          1 ALLOC_HEAP_ctr\n");

	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"ticky.entries\",\"severity\":\"warning\"");
	heard_done(&h);
	h = hear(HEADING "        760          0          0   0                      s{v} (Main) (con: B{d r2}) in r2\n"
	                 "          1          0          8   0                      t{v} (Main) (thk) in r2\n" RULE
	                 "          1 ALLOC_HEAP_ctr\n");
	assert_int_equal(h.result.status, STORE_OK);
	heard_done(&h);
}

static void what_is_not_whole_is_partial(void **state)
{
	static const char *const texts[][2] = {
		{ "", "\"ticky.none\"" },
		{ "'./p' +RTS '-r' \n", "\"ticky.none\"" },
		{ HEADING "          1          0          8   0                      t{v} (Main) (thk) in r2\n",
		  "\"ticky.cut\"" },
		{ HEADING "          1          0          8   0                      t{v} (M", "\"ticky.cut_line\"" },
		{ HEADING "          1          0          x   0                      t\n" RULE "  1 A\n",
		  "\"ticky.row\"" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct heard h = hear(texts[i][0]);

		assert_int_equal(h.result.status, STORE_PARTIAL);
		assert_says(&h, texts[i][1]);
		heard_done(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_says_what_it_said),
		cmocka_unit_test(windows_make_no_difference),
		cmocka_unit_test(every_beginning_of_a_report_ends_well),
		cmocka_unit_test(a_row_is_three_weights_of_one_closure),
		cmocka_unit_test(entries_that_hold_bytes_are_doubted),
		cmocka_unit_test(what_is_not_whole_is_partial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
