/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/rts_stats.h"
#include "tests/parsers/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_said(const char *text, const char *expected)
{
	char *said = rts_stats_transcript(text, strlen(text), strlen(text), 1);

	assert_string_equal(said, expected);
	free(said);
}

static void the_list_is_pairs_between_brackets(void **state)
{
	assert_said("'./p' +RTS '-tx' \n [(\"bytes allocated\", \"123\")\n ,(\"mut_cpu_seconds\", \"0.019998\")\n"
	            " ,(\"sparks_dud \", \"3\")\n ,(\"gen_1_max_pause_seconds\", \"0.004396\")\n ,(\"new_in_9_99\", "
	            "\"7\")\n ]\n",
	            "COMMAND\t'./p' +RTS '-tx'\nREADINGS\tallocated=123\nREADINGS\tmut.cpu=0.019998\n"
	            "READINGS\tsparks.dud=3\nREADINGS\tgen.pause.max[1]=0.004396\nREADINGS\tunknown[new_in_9_99]=7\n"
	            "LIST_END\nEND\n");
}

static void a_number_that_is_none_is_said_to_be_none(void **state)
{
	assert_said(" [(\"num_GCs\", \"0\")\n ,(\"nonmoving_sync_avg_pause_seconds\", \"-nan\")\n"
	            "  Gen  1         0 syncs,                       0.000s     nans    0.0000s\n",
	            "READINGS\tgcs=0\nREADINGS\tsync.pause.avg=none\n"
	            "READINGS\tsync.count=0\tsync.elapsed=0\tsync.pause.avg=none\tsync.pause.max=0\nEND\n");
}

static void the_list_may_start_behind_foreign_text(void **state)
{
	assert_said("progress [(\"num_GCs\", \"5\")\n ,(\"major_gcs\", \"2\")\nfoo\n ]\n ]\n",
	            "READINGS\tgcs=5\nREADINGS\tmajor_gcs=2\nTEXT\tfoo\nLIST_END\nTEXT\t ]\nEND\n");
}

static void pairs_outside_of_a_list_are_text(void **state)
{
	assert_said(" [(\"mine\", \"5\")\n ,(\"num_GCs\", \"5\")\n",
	            "TEXT\t [(\"mine\", \"5\")\nTEXT\t ,(\"num_GCs\", \"5\")\nEND\n");
}

static void a_broken_pair_in_a_list_is_bad(void **state)
{
	assert_said(" [(\"num_GCs\", \"5\")\n ,(\"major_gcs\", \"x\")\n ,(\"major_gcs\n ]\n",
	            "READINGS\tgcs=5\nBAD\trts_stats.pair\t19\t21\nBAD\trts_stats.pair\t40\t14\nLIST_END\nEND\n");
}

static void a_summary_is_told_by_its_labels(void **state)
{
	assert_said(
		"done.      62,598,544 bytes allocated in the heap\r\n  Gen  0        51 colls,     0 par    0.022s   "
		"0.025s    "
		" 0.0005s    0.0024s\n  CONC GC time    0,064s  (  0,128s elapsed)\n  GC      time    0.132s  (  "
		"0.139s "
		"elapsed)\n  %GC     time       5.0%  (6.0% elapsed)\n",
		"READINGS\tallocated=62598544\nREADINGS\tgen.collections[0]=51\tgen.par[0]=0\tgen.cpu[0]=0.022\t"
		"gen.elapsed[0]=0.025\tgen.pause.avg[0]=0.0005\tgen.pause.max[0]=0.0024\n"
		"READINGS\tconcurrent.cpu=0.064\tconcurrent.elapsed=0.128\nREADINGS\tgc.cpu=0.132\tgc.elapsed=0.139\n"
		"READINGS\tgc_share.cpu=0.05\tgc_share.elapsed=0.06\nEND\n");
}

static void the_one_line_stands_anywhere(void **state)
{
	assert_said(
		"a<<ghc: 8 bytes, 1 GCs, 9/10 avg/max bytes residency (2 samples), 7M in use, 0.001 INIT (0.002 "
		"elapsed), "
		"0.019 MUT (0.026 elapsed), 0.025 GC (0.029 elapsed) :ghc>>b\n",
		"READINGS\tallocated=8\tgcs=1\tlive.avg=9\tlive.max=10\tmajor_gcs=2\tmem.max.mib=7\tinit.cpu=0.001\t"
		"init.elapsed=0.002\tmut.cpu=0.019\tmut.elapsed=0.026\tgc.cpu=0.025\tgc.elapsed=0.029\nEND\n");
	assert_said("<<ghc: 8 bytes, 1 GCs\n", "TEXT\t<<ghc: 8 bytes, 1 GCs\nEND\n");
}

static void collections_are_rows_even_when_they_widen_or_have_text_in_front(void **state)
{
	assert_said("    Alloc    Copied     Live     GC     GC      TOT      TOT  Page Flts\n"
	            "50% 1158136    217904    308048  0.000  0.001    0.002    0.003    0    0  (Gen:  0)\n"
	            "123456789012 34567890123 4567890123 12.000 13.001 1234.002 2345.003 55555 66666  (Gen: 10)\n# "
	            "sync  0.004\n"
	            "    18944                      0.000  0.000\n    18944      0.000  0.000\n",
	            "HEADING\nGC\t0\t1158136\t217904\t308048\t0.000\t0.001\t0.002\t0.003\t0\t0\n"
	            "GC\t10\t123456789012\t34567890123\t4567890123\t12.000\t13.001\t1234.002\t2345.003\t55555\t66666\n"
	            "SYNC\t0.004\nLAST_ALLOC\t18944\nTEXT\t    18944      0.000  0.000\nEND\n");
}

static void a_last_allocation_needs_collections(void **state)
{
	assert_said("    18944                      0.000  0.000\n",
	            "TEXT\t    18944                      0.000  0.000\nEND\n");
}

static void a_cut_number_is_not_trusted(void **state)
{
	assert_said("    any_work                   12", "CUT\t    any_work                   12\nEND\n");
	assert_said("# sync  0.00", "CUT\t# sync  0.00\nEND\n");
	assert_said(" [(\"num_GCs\", \"5\")\n ,(\"major_gcs\", \"1",
	            "READINGS\tgcs=5\nCUT\t ,(\"major_gcs\", \"1\nEND\n");
	assert_said("  1 bytes copied during GC", "READINGS\tcopied=1\nEND\n");
	assert_said("Internal Counters require the RTS to be built with PROF_SPIN", "HEADING\nEND\n");
}

static char *repeated(char c, size_t n, const char *tail)
{
	char *text = malloc(n + strlen(tail) + 1);

	assert_non_null(text);
	memset(text, c, n);
	strcpy(text + n, tail);
	return text;
}

static void a_long_line_is_text_in_pieces_whatever_the_windows(void **state)
{
	char *text = repeated('x', 2 * RTS_STATS_LINE_MAX, "7 bytes copied during GC\n7 bytes copied during GC\n");
	char *whole = rts_stats_transcript(text, strlen(text), strlen(text), 1);

	assert_string_equal(whole + strlen(whole) - 22, "READINGS\tcopied=7\nEND\n");
	assert_null(strstr(whole, "copied=7\nREADINGS"));
	for (size_t split = 0; split < strlen(text); split += 4099) {
		char *parts = rts_stats_transcript(text, strlen(text), split, 1);

		assert_string_equal(parts, whole);
		free(parts);
	}
	free(whole);
	free(text);
	text = repeated(' ', RTS_STATS_LINE_MAX - 25, "7 bytes copied during GC\n");
	whole = rts_stats_transcript(text, strlen(text), strlen(text), 1);
	assert_string_equal(whole, "READINGS\tcopied=7\nEND\n");
	free(whole);
	free(text);
}

static void every_prefix_asks_for_more_and_every_split_gives_the_same(void **state)
{
	static const char file[] =
		"'./p' 'a\nb' +RTS '-Sx' \n    Alloc    Copied     Live     GC     GC\n"
		"  8 9  7  0.000  0.001    0.002    0.003    0    0  (Gen:  0)\n"
		"    18944                      0.000  0.000\n\n  1,024 bytes copied during GC\nfoo\n"
		" [(\"num_GCs\", \"5\")\n ,(\"x\", \"\n ]\n    gc_spin    9    3\nlast";

	assert_streams(rts_stats_transcript, file, sizeof(file) - 1);
}

static void what_is_surely_such_statistics_is_sniffed(void **state)
{
	static const char *const sure[] = { "hello\n   1,024 bytes allocated in the heap\n",
		                            "x [(\"num_GCs\", \"5\")\n",
		                            "    Alloc    Copied     Live     GC     GC\n" };
	static const char *const not_sure[] = { "", "hello\n", "[(\"num_GCs\", 5)]\n", "Gen 0 51 colls\n" };

	for (size_t i = 0; i < sizeof(sure) / sizeof(sure[0]); i++)
		assert_in_range(rts_stats_sniff(sure[i], strlen(sure[i])), 80, 100);
	for (size_t i = 0; i < sizeof(not_sure) / sizeof(not_sure[0]); i++)
		assert_int_equal(rts_stats_sniff(not_sure[i], strlen(not_sure[i])), 0);
	assert_in_range(rts_stats_sniff("'p' +RTS '-sx' \n", 16), 1, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_is_pairs_between_brackets),
		cmocka_unit_test(a_number_that_is_none_is_said_to_be_none),
		cmocka_unit_test(the_list_may_start_behind_foreign_text),
		cmocka_unit_test(pairs_outside_of_a_list_are_text),
		cmocka_unit_test(a_broken_pair_in_a_list_is_bad),
		cmocka_unit_test(a_summary_is_told_by_its_labels),
		cmocka_unit_test(the_one_line_stands_anywhere),
		cmocka_unit_test(collections_are_rows_even_when_they_widen_or_have_text_in_front),
		cmocka_unit_test(a_last_allocation_needs_collections),
		cmocka_unit_test(a_cut_number_is_not_trusted),
		cmocka_unit_test(a_long_line_is_text_in_pieces_whatever_the_windows),
		cmocka_unit_test(every_prefix_asks_for_more_and_every_split_gives_the_same),
		cmocka_unit_test(what_is_surely_such_statistics_is_sniffed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
