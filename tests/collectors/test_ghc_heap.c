/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/collectors/hear.h"

#define DATA "tests/data/ghc-heap/"

static const struct lend_pair mtime[] = { { "file.mtime_ns", "1795230300000000000" } };

#define PROFILE(name, report)                                                                                          \
	{                                                                                                              \
		.collector = "ghc-heap", .input = DATA name ".hp", .companions = { report, DATA name ".hp" },          \
		.expected = DATA name ".golden", .context = mtime, .n_context = 1                                      \
	}

static const struct golden goldens[] = {
	PROFILE("hc", DATA "hc.prof"), PROFILE("hc-alone", NULL),
	PROFILE("hc-selected", NULL),  PROFILE("hm", NULL),
	PROFILE("hd", NULL),           PROFILE("hy", NULL),
	PROFILE("hr", DATA "hr.prof"), PROFILE("hr-pj", DATA "hr-pj.prof"),
	PROFILE("hb", NULL),           PROFILE("hT", NULL),
};

enum {
	N_GOLDENS = sizeof(goldens) / sizeof(goldens[0]),
};

static void every_mode_says_what_it_said(void **state)
{
	for (size_t i = 0; i < N_GOLDENS; i++)
		golden_check(&goldens[i]);
}

static void windows_make_no_difference(void **state)
{
	for (size_t i = 0; i < N_GOLDENS; i++)
		golden_check_windows(&goldens[i], 2);
}

static void every_beginning_of_a_profile_ends_well(void **state)
{
	golden_check_prefixes(&goldens[0], 7);
	golden_check_prefixes(&goldens[N_GOLDENS - 1], 31);
}

/* ---- One profile at a time ---- */

static struct heard hear_with(const char *profile, const char *report, const struct lend_pair *context,
                              uint32_t n_context, const char *profile_again)
{
	return hear_text(&(struct hearing){ .collector = "ghc-heap",
	                                    .text = profile,
	                                    .companions = { report, profile_again },
	                                    .context = context,
	                                    .n_context = n_context });
}

static struct heard hear(const char *profile, const char *report)
{
	return hear_with(profile, report, mtime, 1, profile);
}

#define HEAD(job)        "JOB \"" job "\"\nDATE \"Sat Nov 21 03:04 2026\"\nSAMPLE_UNIT \"seconds\"\nVALUE_UNIT \"bytes\"\n"
#define FIRST            "BEGIN_SAMPLE 0.000000\nEND_SAMPLE 0.000000\n"
#define SAMPLE(t, bands) "BEGIN_SAMPLE " t "\n" bands "END_SAMPLE " t "\n"

static void an_empty_file_is_partial_and_says_why(void **state)
{
	struct heard h = hear("", NULL);

	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"hp.empty\"");
	heard_done(&h);
}

static void artefacts_and_empty_samples_are_told_apart(void **state)
{
	struct heard h =
		hear(HEAD("p +RTS -hm") FIRST SAMPLE("0.1", "") SAMPLE("0.2", "Main\t8\n") SAMPLE("0.3", ""), NULL);

	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "\"read\":4,\"stored\":1,\"skipped\":3,\"bad\":0");
	assert_says(&h, "{\"skipped\":{\"hp.artefact_sample\":2,\"hp.empty_sample\":1}}");
	heard_done(&h);
	h = hear(HEAD("p +RTS -hm") FIRST SAMPLE("0.3", ""), NULL);
	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "\"hp.no_bands\"");
	heard_done(&h);
}

static void a_sample_without_end_is_left_out(void **state)
{
	struct heard h =
		hear(HEAD("p +RTS -hm") FIRST SAMPLE("0.1", "Main\t8\n") "BEGIN_SAMPLE 0.2\nMain\t16\nMain\t2", NULL);

	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"read\":4,\"stored\":1,\"skipped\":2,\"bad\":1");
	assert_says(&h, "\"hp.unended_sample\"");
	assert_silent_on(&h, "\"self\":16");
	heard_done(&h);
	h = hear(HEAD("p +RTS -hm") "BEGIN_SAMPLE 0.1\nMain\t8\n" SAMPLE("0.2", "Main\t16\n"), NULL);
	assert_says(&h, "\"read\":2,\"stored\":1,\"skipped\":1,\"bad\":0");
	assert_silent_on(&h, "\"self\":8");
	heard_done(&h);
}

static void a_sample_of_two_writers_is_bad(void **state)
{
	struct heard h = hear(HEAD("p +RTS -hm") "BEGIN_SAMPLE 0.1\nMain\t8\nEND_SAMPLE 0.2\nEND_SAMPLE 0.2\n", NULL);

	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"bad\":2,\"lost\":0,\"reasons\":{\"bad\":{\"hp.end\":1,\"hp.torn_sample\":1}}");
	heard_done(&h);
}

static void a_sample_may_be_a_second_older_than_the_one_before_and_no_more(void **state)
{
	struct heard h = hear(HEAD("p +RTS -hm") SAMPLE("-0.1", "Main\t4\n") SAMPLE("5.0", "Main\t8\n")
	                              SAMPLE("4.0", "Main\t16\n"),
	                      NULL);

	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "\"hp.time_step\",\"severity\":\"note\"");
	assert_says(&h, "\"stored\":3");
	assert_says(&h, "\"self\":16}");
	heard_done(&h);
	h = hear(HEAD("p +RTS -hm") SAMPLE("5.0", "Main\t8\n") SAMPLE("3.999999", "Main\t16\n"), NULL);
	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"hp.time\",\"severity\":\"warning\"");
	assert_says(&h, "\"self\":16}");
	heard_done(&h);
}

static void breakdown_says(const char *job, const char *bands, const char *breakdown)
{
	char text[1024], expected[64];
	struct heard h;

	(void)snprintf(text, sizeof(text), "JOB \"%s\"\nDATE \"d\"\nBEGIN_SAMPLE 0.1\n%sEND_SAMPLE 0.1\n", job, bands);
	(void)snprintf(expected, sizeof(expected), "{\"breakdown\":\"%s\"", breakdown);
	h = hear(text, NULL);
	assert_says(&h, expected);
	heard_done(&h);
}

static void flags_tell_the_breakdown(void **state)
{
	static const char *const flags[][2] = {
		{ "-h", "cost-centre" },   { "-hc", "cost-centre" }, { "-hC", "cost-centre" }, { "-hm", "module" },
		{ "-hd", "closure" },      { "-hy", "type" },        { "-hr", "retainer" },    { "-hb", "biography" },
		{ "-hT", "closure-type" }, { "-hi", "info-table" },  { "-he", "era" },         { "-hc -hy", "type" },
		{ "-hy -hrlazy", "type" },
	};
	char job[64];

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		(void)snprintf(job, sizeof(job), "p 1 +RTS -i0.1 %s -L3", flags[i][0]);
		breakdown_says(job, "x\t8\n", flags[i][1]);
	}
}

static void without_flags_labels_tell_the_breakdown(void **state)
{
	static const char *const labels[][2] = {
		{ "(3)a/main\t8\nMAIN\t8\n", "cost-centre" },
		{ "(3)CAF,MAIN\t8\nMANY\t8\n", "retainer" },
		{ "VOID\t8\nDRAG\t0\n", "biography" },
		{ "0x7d19a0\t8\n0x40e010\t8\n", "info-table" },
		{ "1\t8\n2\t8\n", "era" },
		{ "<Main.sat_s4tz>\t8\nJust\t8\n", "closure" },
		{ "->>IO\t8\n[]\t8\n", "type" },
		{ "Main\t8\nGHC.IO\t8\n", "unknown" },
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		breakdown_says("p +RTS -i0.1", labels[i][0], labels[i][1]);
	breakdown_says("p", "Just\t8\n", "closure-type");
	breakdown_says("p", "0x7d19a0\t8\n", "info-table");
}

static void a_path_is_spelled_from_main_unless_it_is_cut(void **state)
{
	struct heard h = hear(HEAD("p +RTS -hc -L10")
	                              SAMPLE("0.1", "(3)a/b/Main.CAF\t8\n(4)c/ddd...\t16\n(5)ends...\t24\nMAIN\t32\n"),
	                      NULL);

	assert_says(&h, "\"stack\":[\"MAIN\",\"CAF\",\"b\",\"a\"],\"native\":3");
	assert_says(&h, "\"stack\":[\"MAIN\",\"ddd...\",\"c\"],\"native\":4");
	heard_done(&h);
	h = hear(HEAD("p +RTS -hc -L9") SAMPLE("0.1", "(4)c/ddd...\t16\n"), NULL);
	assert_says(&h, "\"stack\":[\"ddd...\",\"c\"],\"native\":4");
	assert_says(&h, "\"hp.cut_label\"");
	heard_done(&h);
}

static void a_report_of_another_run_is_not_joined(void **state)
{
	static const char report[] =
		"\tSat Nov 21 03:04 2026 Time and Allocation Profiling Report  (Final)\n\n\t   p +RTS -p -RTS\n\n"
		"\ttotal time  =        0.00 secs   (0 ticks @ 1000 us, 1 processor)\n"
		"\ttotal alloc =         160 bytes  (excludes profiling overheads)\n\n"
		"COST CENTRE MODULE SRC        %time %alloc\n\n\n\n"
		"                                                    individual      inherited\n"
		"COST CENTRE MODULE SRC        no.     entries  %time %alloc   %time %alloc\n\n"
		"MAIN        MAIN   <built-in>   1           0    0.0    0.0     0.0    0.0\n"
		" main       Main   M.hs:1:1     2           1    0.0    0.0     0.0    0.0\n"
		"  a/b       Main   M.hs:2:1     3           1    0.0    0.0     0.0    0.0\n"
		"  a.\\.\\     Main   M.hs:3:1     4           1    0.0    0.0     0.0    0.0\n";
	struct heard h = hear(HEAD("p +RTS -hc") SAMPLE("0.1", "(3)a/b/main\t8\n"), report);

	assert_says(&h, "\"stack\":[\"MAIN\",\"main\",\"a/b\"],\"module\":\"Main\",\"src\":\"M.hs:2:1\",\"native\":3");
	assert_int_equal(h.result.status, STORE_OK);
	heard_done(&h);
	h = hear(HEAD("p +RTS -hc") SAMPLE("0.1", "(3)a/main\t8\n(2)other\t8\n(9)main\t8\n"), report);
	assert_int_equal(h.result.status, STORE_PARTIAL);
	assert_says(&h, "\"hp.other_report\",\"severity\":\"warning\",\"count\":2");
	assert_says(&h, "\"hp.unjoined\",\"severity\":\"note\",\"count\":1");
	heard_done(&h);
	/* A cut label ends in dots, and so may what is left of the last cost centre. */
	h = hear(HEAD("p +RTS -hc -L6") SAMPLE("0.1", "(4)a....\t8\n"), report);
	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "[\"MAIN\",\"main\",\"a.\\\\.\\\\\"]");
	heard_done(&h);
	h = hear(HEAD("p +RTS -hc -L8") SAMPLE("0.1", "(3)a/b/...\t8\n"), report);
	assert_says(&h, "[\"MAIN\",\"main\",\"a/b\"]");
	heard_done(&h);
}

static void other_units_are_refused(void **state)
{
	struct heard h = hear("JOB \"p +RTS -hc\"\nDATE \"d\"\nSAMPLE_UNIT \"seconds\"\nVALUE_UNIT \"words\"\n", NULL);

	assert_int_equal(h.result.r, -ENOTSUP);
	assert_non_null(strstr(h.result.error.text, "units"));
	heard_done(&h);
}

/* ---- Time ---- */

/* Mutator time 0 s, 1 s and 2 s, by DATE 03:04 local time. The run starts at 01:04:20Z, so that was UTC+2. */
#define THREE   HEAD("p +RTS -hm -N2") FIRST SAMPLE("1.000000", "Main\t8\n") SAMPLE("2.000000", "")
#define DATE_NS "1795230240000000000" /* 03:04:00Z */

static void assert_tie(const struct lend_pair *context, uint32_t n_context, const char *again, const char *clock,
                       const char *time)
{
	struct heard h = hear_with(THREE, NULL, context, n_context, again);

	assert_says(&h, clock);
	assert_says(&h, time);
	heard_done(&h);
}

static void process_start_and_end_of_file_tie_both_ends(void **state)
{
	const struct lend_pair c[] = { { "process.start_ns", "1795223050000000000" },
		                       { "file.mtime_ns", "1795223060000000000" } };

	assert_tie(c, 2, THREE,
	           "{\"clock\":\"mutator CPU time\",\"tie\":\"process start and the file's modification time\","
	           "\"error_ns\":9010000000}",
	           "\"t_ns\":1795223055000000000,\"self\":8}");
}

static void date_and_run_leave_one_zone(void **state)
{
	const struct lend_pair c[] = { { "run.start_ns", "1795223060000000000" },
		                       { "file.mtime_ns", "1795223090000000000" } };

	/* 01:04:20Z to 01:04:50Z: only UTC+2 fits, and the start is 01:04:30Z give or take 30 s. */
	assert_tie(c, 2, THREE,
	           "\"tie\":\"DATE within the run and the file's modification time\",\"error_ns\":49000000000}",
	           "\"t_ns\":1795223080000000000,\"self\":8}");
}

static void a_copied_file_does_not_tie_the_end(void **state)
{
	const struct lend_pair c[] = { { "process.start_ns", "1795223050000000000" },
		                       { "run.end_ns", "1795223060000000000" },
		                       { "file.mtime_ns", "1795323060000000000" } };

	assert_tie(c, 3, THREE, "\"tie\":\"process start\",\"error_ns\":10000000000}",
	           "\"t_ns\":1795223051000000000,\"self\":8}");
}

static void a_process_that_started_at_another_minute_does_not_count(void **state)
{
	const struct lend_pair c[] = { { "process.start_ns", "1795223250000000000" },
		                       { "file.mtime_ns", "1795223260000000000" } };

	assert_tie(c, 2, THREE, "\"tie\":\"the file's modification time\"}",
	           "\"t_ns\":1795223259000000000,\"self\":8}");
}

static void the_end_of_the_file_alone_ties_the_end(void **state)
{
	const struct lend_pair c[] = { { "file.mtime_ns", "1795223060000000000" } };

	assert_tie(c, 1, THREE, "\"tie\":\"the file's modification time\"}",
	           "\"t_ns\":1795223059000000000,\"self\":8}");
}

static void without_anything_date_is_taken_for_utc(void **state)
{
	struct heard h;

	assert_tie(NULL, 0, THREE, "\"tie\":\"DATE taken for UTC\"}", "\"t_ns\":1795230241000000000,\"self\":8}");
	assert_tie(mtime, 1, NULL, "\"tie\":\"DATE taken for UTC\"}", "\"t_ns\":1795230241000000000,\"self\":8}");
	h = hear_with("JOB \"p +RTS -hm\"\n" SAMPLE("1.0", "Main\t8\n"), NULL, NULL, 0, NULL);
	assert_says(&h, "\"hp.no_clock\",\"severity\":\"warning\"");
	assert_says(&h, "\"t_ns\":1000000000,\"self\":8}");
	heard_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mode_says_what_it_said),
		cmocka_unit_test(windows_make_no_difference),
		cmocka_unit_test(every_beginning_of_a_profile_ends_well),
		cmocka_unit_test(an_empty_file_is_partial_and_says_why),
		cmocka_unit_test(artefacts_and_empty_samples_are_told_apart),
		cmocka_unit_test(a_sample_without_end_is_left_out),
		cmocka_unit_test(a_sample_of_two_writers_is_bad),
		cmocka_unit_test(a_sample_may_be_a_second_older_than_the_one_before_and_no_more),
		cmocka_unit_test(flags_tell_the_breakdown),
		cmocka_unit_test(without_flags_labels_tell_the_breakdown),
		cmocka_unit_test(a_path_is_spelled_from_main_unless_it_is_cut),
		cmocka_unit_test(a_report_of_another_run_is_not_joined),
		cmocka_unit_test(other_units_are_refused),
		cmocka_unit_test(process_start_and_end_of_file_tie_both_ends),
		cmocka_unit_test(date_and_run_leave_one_zone),
		cmocka_unit_test(a_copied_file_does_not_tie_the_end),
		cmocka_unit_test(a_process_that_started_at_another_minute_does_not_count),
		cmocka_unit_test(the_end_of_the_file_alone_ties_the_end),
		cmocka_unit_test(without_anything_date_is_taken_for_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
