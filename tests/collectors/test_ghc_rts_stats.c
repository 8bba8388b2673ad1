/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/ghc-rts-stats/ghc_rts_stats.h"
#include "tests/collectors/hear.h"

#define DATA "tests/data/ghc-rts-stats/"

static const struct lend_pair mtime[] = { { "file.mtime_ns", "1795230300000000000" } };

#define STATISTICS(name, twin)                                                                                         \
	{                                                                                                              \
		.collector = "ghc-rts-stats", .input = DATA name, .companions = { twin },                              \
		.expected = DATA name ".golden", .context = mtime, .n_context = 1                                      \
	}

static const struct golden goldens[] = {
	STATISTICS("s.stderr", NULL),
	STATISTICS("s-threaded.stderr", NULL),
	STATISTICS("s-prof.stderr", NULL),
	STATISTICS("s-nonmoving.stderr", NULL),
	STATISTICS("S.stderr", NULL),
	STATISTICS("S.txt", NULL),
	STATISTICS("t.stderr", NULL),
	STATISTICS("reservoir.stats", DATA "reservoir.stats"),
	STATISTICS("reservoir.gcstats", DATA "reservoir.stats"),
};

enum {
	N_GOLDENS = sizeof(goldens) / sizeof(goldens[0]),
};

static void every_form_says_what_it_said(void **state)
{
	for (size_t i = 0; i < N_GOLDENS; i++)
		golden_check(&goldens[i]);
}

static void windows_make_no_difference(void **state)
{
	for (size_t i = 0; i < N_GOLDENS; i++)
		golden_check_windows(&goldens[i], 2);
}

static void every_beginning_ends_well(void **state)
{
	golden_check_prefixes(&goldens[1], 5);
	golden_check_prefixes(&goldens[5], 37);
	golden_check_prefixes(&goldens[7], 11);
}

/* ---- One text at a time ---- */

static struct heard hear_with(const char *text, size_t n, const char *twin, const struct lend_pair *context,
                              uint32_t n_context)
{
	return hear_text(&(struct hearing){ .collector = "ghc-rts-stats",
	                                    .text = text,
	                                    .n_text = n,
	                                    .companions = { NULL, twin },
	                                    .context = context,
	                                    .n_context = n_context });
}

static struct heard hear(const char *text)
{
	return hear_with(text, strlen(text), NULL, mtime, 1);
}

static void an_empty_file_is_fine_beside_a_full_one_only(void **state)
{
	struct heard h = hear_with("", 0, " [(\"num_GCs\", \"5\")\n", mtime, 1);

	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "\"rts_stats.empty_twin\",\"severity\":\"note\"");
	heard_done(&h);
	h = hear_with("", 0, "", mtime, 1);
	assert_int_equal(h.result.status, STORE_PARTIAL);
	heard_done(&h);
	h = hear("");
	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"rts_stats.empty\",\"severity\":\"warning\"");
	heard_done(&h);
}

static void a_command_line_without_statistics_is_partial(void **state)
{
	struct heard h = hear("'./p' '1' +RTS '-sx' \n");

	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "{\"fact\":\"program.name\",\"value\":\"p\"}");
	assert_says(&h, "{\"fact\":\"ghc.rts.flags\",\"value\":\"-sx\"}");
	heard_done(&h);
	h = hear("./p 1 +RTS -r \n");
	assert_int_equal(h.result.status, STORE_OK);
	heard_done(&h);
	h = hear("hello\n\nworld\n");
	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "\"read\":2,\"stored\":0,\"skipped\":2,\"bad\":0");
	heard_done(&h);
}

static void a_file_called_as_ours_without_statistics_is_partial(void **state)
{
	struct lend_pair context[] = { { "path", "node-0/cardano-node.stats" } };
	static const char cut[] = "'./cardano-node' 'ru";
	struct heard h = hear_with(cut, sizeof(cut) - 1, NULL, context, 1);

	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"rts_stats.none\",\"severity\":\"warning\"");
	heard_done(&h);
	context[0].value = "node-0/stderr";
	h = hear_with(cut, sizeof(cut) - 1, NULL, context, 1);
	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "\"rts_stats.none\",\"severity\":\"note\"");
	heard_done(&h);
}

static void what_is_no_number_is_absent(void **state)
{
	struct heard h =
		hear(" [(\"num_GCs\", \"0\")\n ,(\"nonmoving_sync_avg_pause_seconds\", \"-nan\")\n"
	             " ,(\"nonmoving_concurrent_avg_pause_seconds\", \"inf\")\n ,(\"from_ghc_12\", \"1\")\n ]\n");

	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "\"reasons\":{\"skipped\":{\"rts_stats.not_finite\":2,\"rts_stats.unknown_key\":1}}");
	assert_silent_on(&h, "ghc.gc.pause.avg");
	heard_done(&h);
}

static void what_is_said_twice_is_stored_once(void **state)
{
	struct heard h = hear(" [(\"bytes allocated\", \"8\")\n ,(\"gc_alloc_block_sync_spin\", \"3\")\n"
	                      " ,(\"gc_alloc_block_sync_spin\", \"3\")\n ,(\"allocated_bytes\", \"8\")\n"
	                      " ,(\"peak_megabytes_allocated\", \"7\")\n ,(\"max_mem_in_use_bytes\", \"7340032\")\n"
	                      " ,(\"sparks_dud \", \"2\")\n ]\n");

	assert_says(&h, "\"read\":7,\"stored\":4,\"skipped\":3,\"bad\":0");
	assert_says(&h, "{\"number\":\"ghc.spark.count\",\"attrs\":{\"state\":\"dud\"}");
	assert_says(&h,
	            "{\"number\":\"ghc.heap.size.max\",\"attrs\":{},\"t_ns\":1795230300000000000,\"value\":7340032}");
	assert_silent_on(&h, "\"report\"");
	heard_done(&h);
}

static void the_heap_size_of_ghc_8_4_to_8_8_is_left_out(void **state)
{
	struct heard h = hear("  2,570,176 bytes maximum residency (12 sample(s))\n"
	                      "          2 MB total memory in use (0 MB lost due to fragmentation)\n"
	                      "  Total   time    0.066s  (  0.081s elapsed)\n");

	assert_int_equal(h.result.status, STORE_OK);
	assert_silent_on(&h, "ghc.heap.size.max");
	assert_says(&h, "\"rts_stats.heap_size\"");
	heard_done(&h);
	h = hear("  2,570,176 bytes maximum residency (12 sample(s))\n"
	         "          3 MB total memory in use (0 MB lost due to fragmentation)\n"
	         "  Total   time    0.066s  (  0.081s elapsed)\n");
	assert_says(&h, "ghc.heap.size.max");
	heard_done(&h);
}

static void statistics_that_stop_short_are_partial(void **state)
{
	static const char *const texts[] = {
		" [(\"num_GCs\", \"5\")\n ,(\"major_gcs\", \"2\")\n",
		"  1,024 bytes allocated in the heap\n  1,024 bytes copied during GC\n",
		"  1158136    217904    308048  0.000  0.001    0.002    0.003    0    0  (Gen:  0)\n",
		"  Total   time    0.066s  (  0.081s elapsed)\n    any_work   12",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct heard h = hear(texts[i]);

		assert_int_equal(h.result.status, STORE_PARTIAL);
		assert_says(&h, "\"rts_stats.cut");
		heard_done(&h);
	}
}

static void programs_that_share_a_stderr_have_a_report_each(void **state)
{
	struct heard h = hear(
		"<<ghc: 8 bytes, 3 GCs, 9/10 avg/max bytes residency (2 samples), 7M in use, 0.1 INIT (0.1 elapsed), "
		"0.1 MUT (0.1 elapsed), 0.1 GC (0.2 elapsed) :ghc>>\nbetween\n"
		"<<ghc: 16 bytes, 4 GCs, 9/10 avg/max bytes residency (2 samples), 7M in use, 0.1 INIT (0.1 elapsed), "
		"0.1 MUT (0.1 elapsed), 0.1 GC (0.2 elapsed) :ghc>>\n");

	assert_says(&h, "{\"number\":\"ghc.heap.allocated\",\"attrs\":{},\"t_ns\":1795230300000000000,\"value\":8}");
	assert_says(&h, "{\"number\":\"ghc.heap.allocated\",\"attrs\":{\"report\":\"2\"},\"t_ns\":1795230300000000000,"
	                "\"value\":16}");
	assert_says(&h, "{\"number\":\"ghc.gc.count\",\"attrs\":{\"generation\":\"minor\"},\"t_ns\":"
	                "1795230300000000000,\"value\":1}");
	assert_says(&h, "\"rts_stats.reports\"");
	heard_done(&h);
}

/* ---- Time ---- */

#define ROWS                                                                                                           \
	"  8 9  7  0.250  0.500    1.000    2.000    1    2  (Gen:  0)\n"                                              \
	"  8 9  6  0.250  0.250    2.000    3.000    0    1  (Gen:  1)\n"                                              \
	"  16 bytes allocated in the heap\n  Total   time    3.000s  (  5.000s elapsed)\n"

static void collections_end_where_elapsed_time_says(void **state)
{
	const struct lend_pair start[] = { { "process.start_ns", "1795230290000000000" }, mtime[0] };
	struct heard h = hear_with(ROWS, sizeof(ROWS) - 1, NULL, start, 2);

	assert_says(&h, "{\"span\":\"ghc.gc.pause\",\"attrs\":{\"generation\":\"0\"},\"t_ns\":1795230291500000000,"
	                "\"dur_ns\":500000000,\"value\":250000000}");
	assert_says(&h, "{\"number\":\"ghc.gc.copied\",\"attrs\":{},\"t_ns\":1795230293000000000,\"value\":18}");
	assert_says(&h, "{\"number\":\"ghc.heap.live\",\"attrs\":{},\"t_ns\":1795230293000000000,\"value\":6}");
	assert_says(&h, "{\"number\":\"process.paging.faults\",\"attrs\":{\"phase\":\"mutator\",\"type\":\"major\"},"
	                "\"t_ns\":1795230293000000000,\"value\":3}");
	assert_says(&h, "\"t_ns\":1795230295000000000,\"value\":5000000000}");
	assert_says(&h, "\"tie\":\"process start and its elapsed time\",\"error_ns\":20000000}");
	heard_done(&h);
	h = hear(ROWS);
	assert_says(&h, "{\"span\":\"ghc.gc.pause\",\"attrs\":{\"generation\":\"0\"},\"t_ns\":1795230296500000000,");
	assert_says(&h, "\"tie\":\"the file's modification time\",\"error_ns\":10000000}");
	heard_done(&h);
	h = hear(ROWS "bye\n");
	assert_says(&h, "\"tie\":\"the file's modification time\"}");
	heard_done(&h);
}

static void collections_of_programs_that_share_a_stderr_are_told_apart(void **state)
{
	static const char *const series[] = { "\"ghc.gc.copied\",\"attrs\":{",
		                              "\"ghc.gc.pause\",\"attrs\":{\"generation\":\"1\"",
		                              "\"process.paging.faults\",\"attrs\":{\"phase\":\"mutator\"" };
	struct heard h = hear(ROWS "between\n" ROWS);

	for (size_t i = 0; i < sizeof(series) / sizeof(series[0]); i++) {
		char words[128];

		assert_says(&h, series[i]);
		(void)snprintf(words, sizeof(words), "%s%s\"report\":\"2\"", series[i], i ? "," : "");
		assert_says(&h, words);
	}
	assert_says(&h, "{\"report\":\"2\"},\"t_ns\":1795230298000000000,\"value\":18}");
	assert_silent_on(&h, "\"value\":36}");
	assert_int_equal(h.result.ledger.n_read, h.result.ledger.n_stored + h.result.ledger.n_skipped);
	heard_done(&h);
}

static void a_process_that_ended_after_its_file_is_another(void **state)
{
	const struct lend_pair start[] = { { "process.start_ns", "1795230400000000000" }, mtime[0] };
	struct heard h = hear_with(ROWS, sizeof(ROWS) - 1, NULL, start, 2);

	assert_says(&h, "\"tie\":\"the file's modification time\"");
	heard_done(&h);
}

static void a_copied_file_ends_with_its_run(void **state)
{
	const struct lend_pair run[] = { { "run.end_ns", "1795220000000000000" }, mtime[0] };
	struct heard h = hear_with(ROWS, sizeof(ROWS) - 1, NULL, run, 2);

	assert_says(&h, "\"tie\":\"the run's end\"}");
	assert_says(&h, "\"t_ns\":1795220000000000000,\"value\":5000000000}");
	heard_done(&h);
	h = hear_with(ROWS, sizeof(ROWS) - 1, NULL, NULL, 0);
	assert_says(&h, "\"rts_stats.no_clock\",\"severity\":\"warning\"");
	heard_done(&h);
}

/* n rows of -S and a summary. */
static char *many_rows(size_t n, size_t *ret_n)
{
	char *text = malloc(n * 80 + 200);
	size_t at = 0;

	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		at += (size_t)sprintf(text + at, "  8 9  7  0.000  0.001    1.000 %zu.%03zu    0    0  (Gen:  0)\n",
		                      i / 1000, i % 1000);
	at += (size_t)sprintf(text + at,
	                      "  16 bytes allocated in the heap\n  Total   time    3.000s  (999.000s elapsed)\n");
	*ret_n = at;
	return text;
}

static void collections_beyond_those_kept_take_the_time_that_is_known(void **state)
{
	const struct lend_pair start[] = { { "process.start_ns", "1795229000000000000" }, mtime[0] };

	for (size_t over = 0; over < 2; over++) {
		size_t n;
		char *text = many_rows(GCS_MAX + over, &n);
		struct heard h = hear_with(text, n, NULL, mtime, 1);

		assert_int_equal(h.result.ledger.n_read, GCS_MAX + over + 3);
		assert_int_equal(h.result.ledger.n_read, h.result.ledger.n_stored + h.result.ledger.n_skipped);
		assert_int_equal(says(&h, "\"rts_stats.early_clock\""), over);
		heard_done(&h);
		h = hear_with(text, n, NULL, start, 2);
		assert_silent_on(&h, "\"rts_stats.early_clock\"");
		assert_says(&h, "\"t_ns\":1795229000000000000,\"dur_ns\":1000000,");
		heard_done(&h);
		free(text);
	}
}

static void generations_and_counters_have_bounds(void **state)
{
	struct heard h = hear(" [(\"num_GCs\", \"5\")\n ,(\"gen_63_collections\", \"5\")\n ]\n");

	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "{\"generation\":\"63\"}");
	heard_done(&h);
	h = hear(" [(\"num_GCs\", \"5\")\n ,(\"gen_64_collections\", \"5\")\n ]\n");
	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"rts_stats.no_room\"");
	heard_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_says_what_it_said),
		cmocka_unit_test(windows_make_no_difference),
		cmocka_unit_test(every_beginning_ends_well),
		cmocka_unit_test(an_empty_file_is_fine_beside_a_full_one_only),
		cmocka_unit_test(a_command_line_without_statistics_is_partial),
		cmocka_unit_test(a_file_called_as_ours_without_statistics_is_partial),
		cmocka_unit_test(what_is_no_number_is_absent),
		cmocka_unit_test(what_is_said_twice_is_stored_once),
		cmocka_unit_test(the_heap_size_of_ghc_8_4_to_8_8_is_left_out),
		cmocka_unit_test(statistics_that_stop_short_are_partial),
		cmocka_unit_test(programs_that_share_a_stderr_have_a_report_each),
		cmocka_unit_test(collections_end_where_elapsed_time_says),
		cmocka_unit_test(collections_of_programs_that_share_a_stderr_are_told_apart),
		cmocka_unit_test(a_process_that_ended_after_its_file_is_another),
		cmocka_unit_test(a_copied_file_ends_with_its_run),
		cmocka_unit_test(collections_beyond_those_kept_take_the_time_that_is_known),
		cmocka_unit_test(generations_and_counters_have_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
