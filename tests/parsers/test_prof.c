/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof.h"
#include "tests/parsers/prof_report.h"
#include "tests/parsers/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER_SAID "HEADER\tSat Nov 21 00:08 2026\tzoo\t-p\t300\t3\t26\t1000\t31549040\t1\n"
#define TOP_SAID    "TOP\tfeed.go\tZoo\tZoo.hs:1:2-3\t38\t29\n"
#define MAIN_SAID   "ROW\t0\tMAIN\tMAIN\t<built-in>\t154\t0\t0\t0\t1000\t1000\n"
#define CAF_SAID    "ROW\t1\tCAF\tZoo\t<entire-module>\t302\t0\t38\t29\t38\t29\n"
#define REPORT_SAID HEADER_SAID TOP_SAID "TREE\n" MAIN_SAID CAF_SAID

static void assert_said(const char *text, const char *expected)
{
	char *said = prof_transcript(text, strlen(text), strlen(text), 1);

	assert_string_equal(said, expected);
	free(said);
}

/* A text that is in order up to `faulty`, at which there is this fault. */
static void assert_fault(const char *text, const char *said, const char *code, const char *faulty)
{
	char whole[8192], expected[8192];
	size_t n_lines = 0;

	(void)snprintf(whole, sizeof(whole), "%s%s", text, faulty);
	for (const char *at = faulty; *at; at++)
		n_lines += *at == '\n';
	(void)snprintf(expected, sizeof(expected), "%sBAD\t%s\t%zu\t0\nSTALE\t%zu\t%zu\nEND\n", said, code,
	               strlen(text), strlen(faulty), n_lines);
	assert_said(whole, expected);
}

static size_t columns_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

struct stack {
	const char *label, *module, *source, *id, *entries;
};

/* Appends a row as GHC does: texts padded to the widths of HEAD, counted in code points. */
static void put_row(char *to, size_t n_room, int depth, struct stack s, const char *line_end)
{
	char label[256];
	size_t n = strlen(to);

	(void)snprintf(label, sizeof(label), "%*s%s", depth, "", s.label);
	(void)snprintf(to + n, n_room - n, "%s%*s %s%*s %s%*s %s%s    3.8    2.9     3.8    2.9%s", label,
	               11 - (int)columns_of(label), "", s.module, 6 - (int)columns_of(s.module), "", s.source,
	               16 - (int)columns_of(s.source), "", s.id, s.entries, line_end);
}

#define TREE      BEFORE_TOP BAND HEAD MAIN_ROW
#define TREE_SAID HEADER_SAID "TREE\n" MAIN_SAID

/* Rows after that of MAIN, each a level deeper. */
static void assert_rows(const struct stack *stacks, const char *expected)
{
	char text[8192] = TREE, said[8192];

	for (int i = 0; stacks[i].label; i++)
		put_row(text, sizeof(text), i + 1, stacks[i], "\n");
	(void)snprintf(said, sizeof(said), "%s%s", TREE_SAID, expected);
	assert_said(text, said);
}

static void a_report_is_its_header_its_top_and_its_tree(void **state)
{
	assert_said(REPORT, REPORT_SAID "END\n");
}

static void costs_are_read_where_they_are(void **state)
{
	assert_said(
		TITLE PROGRAM TIME ALLOC
		"COST CENTRE MODULE SRC           %time %alloc  ticks     bytes\n\n"
		"feed.go     Zoo    Zoo.hs:1:2-3    3.8    2.9      1    911200\n" BAND
		"COST CENTRE MODULE SRC             no.     entries  %time %alloc   %time %alloc  ticks     bytes\n\n"
		"MAIN        MAIN   <built-in>      154           0    0.0    0.0   100.0  100.0      0       832\n"
		" CAF        Zoo    <entire-module> 302 18446744073709551615    3.8    2.9     3.8    2.9 1234567"
		" 12345678901234\n",
		HEADER_SAID "TOP\tfeed.go\tZoo\tZoo.hs:1:2-3\t38\t29\t1\t911200\nTREE\n"
			    "ROW\t0\tMAIN\tMAIN\t<built-in>\t154\t0\t0\t0\t1000\t1000\t0\t832\n"
			    "ROW\t1\tCAF\tZoo\t<entire-module>\t302\t18446744073709551615\t38\t29\t38\t29\t1234567\t"
			    "12345678901234\nEND\n");
}

static void a_number_of_65_bits_is_no_number(void **state)
{
	assert_fault(TREE, TREE_SAID, "prof.row",
	             " CAF        Zoo    <entire-module>  302 18446744073709551616    3.8    2.9     3.8    2.9\n");
}

#define HEADER_7 TITLE PROGRAM TIME ALLOC "COST CENTRE MODULE  %time %alloc\n\n"
#define BAND_7   "\n\n                                                  individual     inherited\n"
#define HEAD_7   "COST CENTRE MODULE        no.     entries  %time %alloc   %time %alloc\n\n"
#define SHARES   "    0.0    0.0   100.0  100.0\n"

static void versions_to_7_10_have_no_source_and_glue_numbers(void **state)
{
	assert_said(
		HEADER_7
		"feed.go     Zoo       3.8    2.9\n" BAND_7 HEAD_7 "MAIN        MAIN           51           0" SHARES
		" a          Foo.Bar2   123456           0" SHARES "  b         Foo.Bar23 1234567           9" SHARES
		"   c        Foo.Barrrr2123456           7" SHARES "   d        Foo.Barrrr23123456           8" SHARES
		"   e        Foo.Barrrr2     6           8" SHARES,
		HEADER_SAID "TOP\tfeed.go\tZoo\t\t38\t29\nTREE\n"
			    "ROW\t0\tMAIN\tMAIN\t\t51\t0\t0\t0\t1000\t1000\n"
			    "ROW\t1\ta\tFoo.Bar2\t\t123456\t0\t0\t0\t1000\t1000\n"
			    "ROW\t2\tb\tFoo.Bar23\t\t1234567\t9\t0\t0\t1000\t1000\n"
			    "ROW\t3\tc\tFoo.Barrrr2\t\t123456\t7\t0\t0\t1000\t1000\n"
			    "ROW\t3\td\tFoo.Barrrr2\t\t3123456\t8\t0\t0\t1000\t1000\n"
			    "ROW\t3\te\tFoo.Barrrr2\t\t6\t8\t0\t0\t1000\t1000\nEND\n");
	assert_fault(HEADER_7 BAND_7 HEAD_7, HEADER_SAID "TREE\n", "prof.row",
	             "MAIN        MAIN         x 51           0" SHARES);
	assert_fault(HEADER_7 BAND_7 HEAD_7, HEADER_SAID "TREE\n", "prof.row",
	             "MAIN        MAINNNNNNNN             0" SHARES);
}

static void versions_8_0_to_8_8_glue_entries(void **state)
{
	static const struct stack stacks[] = {
		{ "a", "Zoo", "<entire-module>", "302", "12345678901" },
		{ "b", "Zoo", "<entire-module>", " 31", "12345678901" },
		{ "c", "Zoo", "a 12 b.hs:1:2", "303", "123456789012" },
		{ "d", "Zoo", "x.hs:1:2", "304", "18446744073709551615" },
		{ 0 },
	};
	static const char text[] = BEFORE_TOP BAND HEAD "MAIN        MAIN   <built-in>       154          0" SHARES;
	struct prof_parser p = { 0 };
	struct prof_record record = { 0 };
	struct parse_fault fault;
	size_t n_used;

	assert_rows(stacks, "ROW\t1\ta\tZoo\t<entire-module>\t302\t12345678901\t38\t29\t38\t29\n"
	                    "ROW\t2\tb\tZoo\t<entire-module>\t31\t12345678901\t38\t29\t38\t29\n"
	                    "ROW\t3\tc\tZoo\ta 12 b.hs:1:2\t303\t123456789012\t38\t29\t38\t29\n"
	                    "ROW\t4\td\tZoo\tx.hs:1:2\t304\t18446744073709551615\t38\t29\t38\t29\nEND\n");
	for (size_t at = 0; record.what != PROF_ROW; at += n_used)
		assert_int_equal(prof_next(&p, text + at, sizeof(text) - 1 - at, 1, &record, &n_used, &fault),
		                 PARSE_OK);
	assert_int_equal(p.is_glued, 1);
	assert_fault(TREE, TREE_SAID, "prof.row",
	             " d          Zoo    x.hs:1:2        3041844674407370955161512" SHARES);
	assert_fault(TREE, TREE_SAID, "prof.row", " d          Zoo    x.hs:1:2         99           " SHARES);
}

static void old_clocks_tick_in_milliseconds(void **state)
{
	assert_said("\tThu Jul 24 21:34 2008 Time and Allocation Profiling Report  (Final)\n\n"
	            "\t   main +RTS -p -RTS\n\n"
	            "\ttotal time  =        0.32 secs   (16 ticks @ 20 ms)\n"
	            "\ttotal alloc =   4,121,500 bytes  (excludes profiling overheads)\n\n"
	            "COST CENTRE   MODULE   %time %alloc\n\n"
	            "CAF           Main       0.0  100.0\n\n\n"
	            "                                            individual    inherited\n"
	            "COST CENTRE   MODULE       no.    entries  %time %alloc   %time %alloc\n\n"
	            "MAIN          MAIN           1           0   0.0    0.0     0.0  100.0\n"
	            " CAF          GHC.Handle    88           4   0.0    0.0     0.0    0.0\n",
	            "HEADER\tThu Jul 24 21:34 2008\tmain\t-p\t\t32\t16\t20000\t4121500\n"
	            "TOP\tCAF\tMain\t\t0\t1000\nTREE\nROW\t0\tMAIN\tMAIN\t\t1\t0\t0\t0\t0\t1000\n"
	            "ROW\t1\tCAF\tGHC.Handle\t\t88\t4\t0\t0\t0\t0\nEND\n");
}

static void a_label_may_be_anything(void **state)
{
	static const struct stack stacks[] = {
		{ "a\tb", "Zoo", "<entire-module>", "302", "           0" },
		{ "q\"\\", "Zoo", "<entire-module>", "303", "           0" },
		{ "\xe8\xa8\x88\xe7\xae\x97\xf0\x9f\x9a\x80", "Z\xc3\xb6", "C:\\a b\\\xc3\xb6.hs 9", "304",
		  "           0" },
		{ "a  b", "Zoo", "<no location>", "305", "           0" },
		{ "12345", "Zoo", "", "306", "           0" },
		{ 0 },
	};

	assert_rows(stacks, "ROW\t1\ta\\x09b\tZoo\t<entire-module>\t302\t0\t38\t29\t38\t29\n"
	                    "ROW\t2\tq\"\\x5c\tZoo\t<entire-module>\t303\t0\t38\t29\t38\t29\n"
	                    "ROW\t3\t\\xe8\\xa8\\x88\\xe7\\xae\\x97\\xf0\\x9f\\x9a\\x80\tZ\\xc3\\xb6\tC:\\x5ca "
	                    "b\\x5c\\xc3\\xb6.hs 9\t304\t0\t38\t29\t38\t29\n"
	                    "ROW\t4\ta  b\tZoo\t<no location>\t305\t0\t38\t29\t38\t29\n"
	                    "ROW\t5\t12345\tZoo\t\t306\t0\t38\t29\t38\t29\nEND\n");
}

static void an_empty_label_is_as_deep_as_it_can_be(void **state)
{
	static const struct stack stacks[] = {
		{ "a", "Zoo", "<entire-module>", "302", "           0" },
		{ "", "Zoo", "<entire-module>", "303", "           0" },
		{ "x", "Zoo", "<entire-module>", "304", "           0" },
		{ 0 },
	};

	assert_rows(stacks, "ROW\t1\ta\tZoo\t<entire-module>\t302\t0\t38\t29\t38\t29\n"
	                    "ROW\t2?\t\tZoo\t<entire-module>\t303\t0\t38\t29\t38\t29\n"
	                    "ROW\t3\tx\tZoo\t<entire-module>\t304\t0\t38\t29\t38\t29\nEND\n");
}

static const struct stack lines[] = {
	{ "one\ntwo", "Zoo", "<entire-module>", "302", "           0" },
	{ "\na\n\nb", "Zoo", "<entire-module>", "303", "           0" },
	{ "c\n", "Zoo", "<entire-module>", "304", "           0" },
	{ 0 },
};

static void a_label_may_go_over_lines(void **state)
{
	assert_rows(lines, "ROW\t1\tone\\x0atwo\tZoo\t<entire-module>\t302\t0\t38\t29\t38\t29\n"
	                   "ROW\t2\t\\x0aa\\x0a\\x0ab\tZoo\t<entire-module>\t303\t0\t38\t29\t38\t29\n"
	                   "ROW\t3\tc\\x0a\tZoo\t<entire-module>\t304\t0\t38\t29\t38\t29\nEND\n");
	assert_said(BEFORE_TOP "\nab         Zoo    Zoo.hs:1:2-3    3.8    2.9\n"
	                       "\n\nc         Zoo    Zoo.hs:1:2-3    3.8    2.9\n" BAND HEAD MAIN_ROW,
	            HEADER_SAID "TOP\t\\x0aab\tZoo\tZoo.hs:1:2-3\t38\t29\n"
	                        "TOP\t\\x0a\\x0ac\tZoo\tZoo.hs:1:2-3\t38\t29\nTREE\n" MAIN_SAID "END\n");
}

/* Two lines that don't belong together don't make a row, whatever the columns say. */
static void stale_lines_are_not_taken_for_a_label(void **state)
{
	assert_fault(TREE, TREE_SAID, "prof.row",
	             " one\n two    Zoo    <entire-module>  302           0    3.8    2.9     3.8    2.9\n");
	assert_fault(TREE, TREE_SAID, "prof.row",
	             " one\ntwo     Zoo    <entire-module>  302           0    3.8    2.9     3.8    2.9\n");
	assert_fault(TREE, TREE_SAID, "prof.row", "a long line without numbers\n" CAF_ROW);
}

static void lines_may_end_in_cr_lf(void **state)
{
	char lf[8192] = REPORT, text[8192], *to = text;

	for (int i = 0; lines[i].label; i++)
		put_row(lf, sizeof(lf), i + 1, lines[i], "\n");
	for (const char *from = lf; *from; from++) {
		if (*from == '\n')
			*to++ = '\r';
		*to++ = *from;
	}
	*to = 0;
	assert_said(text, REPORT_SAID
	            "ROW\t1\tone\\x0d\\x0atwo\tZoo\t<entire-module>\t302\t0\t38\t29\t38\t29\n"
	            "ROW\t2\t\\x0d\\x0aa\\x0d\\x0a\\x0d\\x0ab\tZoo\t<entire-module>\t303\t0\t38\t29\t38\t29\n"
	            "ROW\t3\tc\\x0d\\x0a\tZoo\t<entire-module>\t304\t0\t38\t29\t38\t29\nEND\n");
}

static void arguments_may_look_like_totals(void **state)
{
	static const char fake[] = "\ttotal time  =        9.99 secs   (9 ticks @ 1 us, 2 processors)\n"
				   "\ttotal alloc =           1 bytes  (excludes profiling overheads)\n\n";
	char text[8192], said[8192];

	(void)snprintf(text, sizeof(text), "%s\t   p +RTS -p -RTS a\nb\n\n%s%s%s", TITLE, fake, TOP_HEAD,
	               "x           Zoo    Zoo.hs:1:2-3    3.8    2.9\n\n" TIME ALLOC TOP_HEAD TOP BAND HEAD MAIN_ROW);
	(void)snprintf(
		said, sizeof(said), "%s%s%s",
		"HEADER\tSat Nov 21 00:08 2026\tp\t-p\ta\\x0ab\\x0a\\x0a\\x09total time  =        9.99 secs   (9 ticks "
		"@ 1 "
		"us, 2 processors)\\x0a\\x09total alloc =           1 bytes  (excludes profiling overheads)\\x0a\\x0a",
		"COST CENTRE MODULE SRC           %time %alloc\\x0a\\x0ax           Zoo    Zoo.hs:1:2-3    3.8    2.9"
		"\t3\t26\t1000\t31549040\t1\n",
		TOP_SAID "TREE\n" MAIN_SAID "END\n");
	assert_said(text, said);
	assert_said(TITLE "\t   p +RTS -p -RTS \n\n\ttotal time  = soon\n\n" TIME ALLOC TOP_HEAD BAND HEAD MAIN_ROW,
	            "HEADER\tSat Nov 21 00:08 2026\tp\t-p\t\\x0a\\x0a\\x09total time  = "
	            "soon\t3\t26\t1000\t31549040\t1\nTREE\n" MAIN_SAID "END\n");
}

static void flags_and_arguments_are_told_apart(void **state)
{
	assert_said(TITLE "\t   my prog +RTS -p -N2 -RTS\n\n" TIME ALLOC TOP_HEAD BAND HEAD MAIN_ROW,
	            "HEADER\tSat Nov 21 00:08 2026\tmy prog\t-p -N2\t\t3\t26\t1000\t31549040\t1\nTREE\n" MAIN_SAID
	            "END\n");
	assert_said(TITLE "\t   p +RTS -RTS -RTS x\n\n" TIME ALLOC TOP_HEAD BAND HEAD MAIN_ROW,
	            "HEADER\tSat Nov 21 00:08 2026\tp\t\t-RTS x\t3\t26\t1000\t31549040\t1\nTREE\n" MAIN_SAID "END\n");
	assert_said(TITLE "\t   p\n\n" TIME ALLOC TOP_HEAD BAND HEAD MAIN_ROW,
	            "HEADER\tSat Nov 21 00:08 2026\tp\t\t\t3\t26\t1000\t31549040\t1\nTREE\n" MAIN_SAID "END\n");
}

static void retainer_text_may_stand_before_and_after(void **state)
{
	assert_said(
		"Retainer Profiling: 0, at 0.020716 seconds\n\tMax auxiliary stack size = 677\n"
		"\tAverage number of visits per object = 1.310341\n"
		"Retainer Profiling: 1, at 12.000001 seconds\n\tAverage number of visits per object = 2.000000\n" REPORT
		"\nRetainer sets created during profiling:\nSET 2 = {<SYSTEM.SYSTEM>}\n"
		"SET 3 = {<Main.t,Main.a.b\\,GHC.IO.CAF>, <>}\n",
		"CENSUS\t0\t20716\t1310341\t677\nCENSUS\t1\t12000001\t2000000\n" REPORT_SAID
		"SET\t2\t<SYSTEM|SYSTEM>\nSET\t3\t<Main|t Main|a.b\\x5c GHC.IO|CAF>\t<>\nEND\n");
	assert_said("Retainer Profiling: 0, at 0.020716 seconds\n\tAverage number of visits per object = 1.310341\n",
	            "CENSUS\t0\t20716\t1310341\nEND\n");
	assert_said("\nRetainer sets created during profiling:\nSET 2 = {<SYSTEM.SYSTEM>}\n",
	            "SET\t2\t<SYSTEM|SYSTEM>\nEND\n");
}

static void a_stale_tail_ends_the_report(void **state)
{
	assert_fault(REPORT, REPORT_SAID, "prof.row",
	             "ire-module>  302           0    3.8    2.9     3.8    2.9\n" CAF_ROW);
	assert_fault(REPORT, REPORT_SAID, "prof.depth",
	             "   x        Zoo    <entire-module>  304           0    3.8    2.9     3.8    2.9\n" CAF_ROW);
	assert_fault(REPORT, REPORT_SAID, "prof.row", "\n" CAF_ROW);
	assert_fault(BEFORE_TOP TOP BAND HEAD, HEADER_SAID TOP_SAID "TREE\n", "prof.depth", CAF_ROW);
	assert_fault(REPORT "\nRetainer sets created during profiling:\nSET 2 = {<A.B>}\n",
	             REPORT_SAID "SET\t2\t<A|B>\n", "prof.set", "SET two\n");
	assert_fault(REPORT, REPORT_SAID, "prof.set", "\nRetainer sets created during profiling:\n\n");
}

static void a_bad_line_of_the_top_table_is_passed_over(void **state)
{
	char said[1024];

	(void)snprintf(said, sizeof(said), "%sBAD\tprof.top\t%zu\t33\n%s", HEADER_SAID, sizeof(BEFORE_TOP) - 1,
	               TOP_SAID "TREE\n" MAIN_SAID "END\n");
	assert_said(BEFORE_TOP "feed.go Zoo Zoo.hs:1:2-3 3.8 2.9\n" TOP BAND HEAD MAIN_ROW, said);
}

/* Everything that a report can be cut to says so, at the place. */
static void a_cut_report_says_where(void **state)
{
	static const char text[] = REPORT;
	size_t n = sizeof(text) - 1, n_header = sizeof(BEFORE_TOP) - 1, n_tree = n - 2 * (sizeof(MAIN_ROW) - 1);

	for (size_t i = 1; i < n; i++) {
		char *said = prof_transcript(text, i, i, 1);
		const char *bad = strstr(said, "BAD\tprof.truncated\t");

		if (i == n_tree || i == n - (sizeof(CAF_ROW) - 1))
			assert_null(bad); /* between two rows: only the sums can tell */
		else
			assert_non_null(bad);
		if (i < n_header)
			assert_ptr_equal(bad, said);
		free(said);
	}
	assert_fault(REPORT, REPORT_SAID, "prof.truncated",
	             " CAF        Zoo    <entire-module>  303           0    3.8    2.9     3.8    2.");
	assert_fault(BEFORE_TOP TOP, HEADER_SAID TOP_SAID, "prof.truncated", "feed.go");
}

static void what_is_no_report_is_said_to_be_none(void **state)
{
	assert_said("", "END\n");
	assert_fault("", "", "prof.header", "hello\n");
	assert_fault("", "", "prof.header", "\tSat Nov 21 00:08 2026\n");
	assert_fault("", "", "prof.header", "{\n\"program\": \"zoo\",\n");
	assert_fault("", "", "prof.header", "Retainer Profiling: x, at 0.020716 seconds\n");
	assert_fault("", "", "prof.header",
	             TITLE PROGRAM TIME ALLOC "COST CENTRE MODULE FOO %time %alloc\n\n" BAND HEAD MAIN_ROW);
	assert_fault("", "", "prof.header",
	             TITLE PROGRAM "\ttotal time  = 1.00 secs   (26 ticks)\n" ALLOC TOP_HEAD BAND HEAD MAIN_ROW);
	assert_fault("", "", "prof.header",
	             TITLE PROGRAM TIME
	             "\ttotal alloc = 18,446,744,073,709,551,616 bytes\n\n" TOP_HEAD BAND HEAD MAIN_ROW);
}

static void a_report_streams(void **state)
{
	static const char text[] =
		"Retainer Profiling: 0, at 0.020716 seconds\n\tMax auxiliary stack size = 677\n"
		"\tAverage number of visits per object = 1.310341\n" REPORT
		" one\ntwo    Zoo    <entire-module>  302           0    3.8    2.9     3.8    2.9\n"
		"            Zoo    <entire-module>  303           0    3.8    2.9     3.8    2.9\n"
		"\nRetainer sets created during profiling:\nSET 2 = {<SYSTEM.SYSTEM>}\nSET 3 = {<>, <A.b\n}\nSET\n>}\n";

	assert_streams(prof_transcript, text, sizeof(text) - 1);
	assert_streams(prof_transcript, REPORT "stale\n" CAF_ROW, sizeof(REPORT "stale\n" CAF_ROW) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_is_its_header_its_top_and_its_tree),
		cmocka_unit_test(costs_are_read_where_they_are),
		cmocka_unit_test(a_number_of_65_bits_is_no_number),
		cmocka_unit_test(versions_to_7_10_have_no_source_and_glue_numbers),
		cmocka_unit_test(versions_8_0_to_8_8_glue_entries),
		cmocka_unit_test(old_clocks_tick_in_milliseconds),
		cmocka_unit_test(a_label_may_be_anything),
		cmocka_unit_test(an_empty_label_is_as_deep_as_it_can_be),
		cmocka_unit_test(a_label_may_go_over_lines),
		cmocka_unit_test(stale_lines_are_not_taken_for_a_label),
		cmocka_unit_test(lines_may_end_in_cr_lf),
		cmocka_unit_test(arguments_may_look_like_totals),
		cmocka_unit_test(flags_and_arguments_are_told_apart),
		cmocka_unit_test(retainer_text_may_stand_before_and_after),
		cmocka_unit_test(a_stale_tail_ends_the_report),
		cmocka_unit_test(a_bad_line_of_the_top_table_is_passed_over),
		cmocka_unit_test(a_cut_report_says_where),
		cmocka_unit_test(what_is_no_report_is_said_to_be_none),
		cmocka_unit_test(a_report_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
