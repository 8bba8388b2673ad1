/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof_json.h"
#include "tests/parsers/transcript.h"
#include "tests/support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                                                           \
	"{\n\"program\": \"zoo\",\n\"arguments\": [\"./zoo\", \"300\"],\n\"rts_arguments\": [\"-pj\"],\n"              \
	"\"end_time\": \"Sat Nov 21 00:08 2026\",\n\"initial_capabilities\": 0,\n\"total_time\":        0.04,\n"       \
	"\"total_ticks\": 36,\n\"tick_interval\": 1000,\n\"total_alloc\":42637272,\n\"cost_centres\": [\n"
#define CENTRES                                                                                                        \
	"{\"id\": 1, \"label\": \"MAIN\", \"module\": \"MAIN\", \"src_loc\": \"<built-in>\", \"is_caf\": false}, "     \
	"{\"id\": 2, \"label\": \"CAF\", \"module\": \"A.B\", \"src_loc\": \"<entire-module>\", \"is_caf\": true}]\n"
#define ROOT  ",\n\"profile\": {\"id\": 1, \"entries\": 0, \"alloc\": 832, \"ticks\": 0, \"children\": ["
#define CHILD "{\"id\": 2, \"entries\": 1, \"alloc\": 0, \"ticks\": 3, \"children\": ["
#define STACKS_OPEN                                                                                                    \
	ROOT CHILD "{\"id\": 1, \"entries\": 9, \"alloc\": 7, \"ticks\": 3, \"children\": []}\n]}\n,"                  \
		   "{\"id\": 2, \"entries\": 5, \"alloc\": 4, \"ticks\": 3, \"children\": ["
#define STACKS_CLOSED "]}\n]}\n"
#define STACKS        STACKS_OPEN STACKS_CLOSED
#define PROFILE       HEAD CENTRES STACKS "}\n"

#define HEAD_SAID    "HEADER\tzoo\t[./zoo,300]\t[-pj]\tSat Nov 21 00:08 2026\t0\t4\t36\t1000\t42637272\n"
#define CENTRES_SAID "CENTRE\t1\tMAIN\tMAIN\t<built-in>\t0\nCENTRE\t2\tCAF\tA.B\t<entire-module>\t1\n"
#define STACKS_SAID  "STACK\t0\t1\t0\t832\t0\nSTACK\t1\t2\t1\t0\t3\nSTACK\t2\t1\t9\t7\t3\nSTACK\t1\t2\t5\t4\t3\n"

static void assert_said(const char *text, const char *expected)
{
	char *said = prof_json_transcript(text, strlen(text), strlen(text), 1);

	assert_string_equal(said, expected);
	free(said);
}

/* A text that is in order up to `left`, and n_passed bytes of that too. */
static void assert_fault(const char *text, const char *said, const char *code, const char *left, size_t n_passed)
{
	char whole[8192], expected[8192];

	(void)snprintf(whole, sizeof(whole), "%s%s", text, left);
	(void)snprintf(expected, sizeof(expected), "%sBAD\t%s\t%zu\t%zu\nSTALE\t%zu\nEND\n", said, code,
	               strlen(text) + n_passed, n_passed, strlen(left) - n_passed);
	assert_said(whole, expected);
}

static void a_profile_is_its_header_its_centres_and_its_stacks(void **state)
{
	assert_said(PROFILE, HEAD_SAID CENTRES_SAID STACKS_SAID "END\n");
}

static void a_string_ends_where_the_next_key_starts(void **state)
{
	assert_said(HEAD "{\"id\": 1, \"label\": \"quo\"te\\\\back\t\n\", \"module\": \"A\", \"src_loc\": \"a\\\\b "
	                 "\"c\".hs\", \"is_caf\": "
	                 "false}, "
	                 "{\"id\": 2, \"label\": \"x\",\"module\":\"y\", \"module\": \"B\", \"src_loc\": \"\", "
	                 "\"is_caf\": false}, "
	                 "{\"id\": 3, \"label\": \"\\\", \\\"module\\\": \\\"z\\\\\", \"module\": \"C\", \"src_loc\": "
	                 "\"\", \"is_caf\": false}]\n" STACKS "}\n",
	            HEAD_SAID "CENTRE\t1\tquo\"te\\x5cback\\x09\\x0a\tA\ta\\x5cb \"c\".hs\t0\n"
	                      "CENTRE\t2\tx\",\"module\":\"y\tB\t\t0\n"
	                      "CENTRE\t3\t\", \"module\": \"z\\x5c\tC\t\t0\n" STACKS_SAID "END\n");
}

static void arguments_may_be_escaped_or_not(void **state)
{
	static const char rest[] =
		"\n\"end_time\": \"d\",\n\"initial_capabilities\": 4,\n\"total_time\":    1234.50,\n"
		"\"total_ticks\": 36,\n\"tick_interval\": 1000,\n\"total_alloc\":1,\n\"cost_centres\": [\n" CENTRES
			STACKS "}\n";
	char text[4096];

	(void)snprintf(text, sizeof(text),
	               "{\n\"program\": \"z\"o\\o\",\n\"arguments\": [\"a\", \"nl\n\", \"quo\"te\", \"back\\slash\", "
	               "\"\", \"\\u0007\\\"\\/\\b\\f\\n\\r\\t\\\\\\u00e9\\u00\"],\n\"rts_arguments\": [],%s",
	               rest);
	assert_said(text, "HEADER\tz\"o\\x5co\t[a,nl\\x0a,quo\"te,back\\x5cslash,,\\x07\"/"
	                  "\\x08\\x0c\\x0a\\x0d\\x09\\x5c\\x5cu00e9\\x5cu00]\t[]\td\t4\t"
	                  "123450\t36\t1000\t1\n" CENTRES_SAID STACKS_SAID "END\n");
	(void)snprintf(text, sizeof(text),
	               "{\n\"program\": \"p\",\n\"arguments\": [],\n\"rts_arguments\": [\"-pj\", \"],\"],%s", rest);
	assert_said(text, "HEADER\tp\t[]\t[-pj,],]\td\t4\t123450\t36\t1000\t1\n" CENTRES_SAID STACKS_SAID "END\n");
}

/* The same keys in the same order, but white space as other tools write it. */
static void other_tools_may_have_written_it_again(void **state)
{
	static const char compact[] = "{\"program\":\"zoo\",\"arguments\":[\"./"
				      "zoo\",\"3\\\",\\\"00\"],\"rts_arguments\":[\"-pj\"],\"end_time\":\"d\","
				      "\"initial_capabilities\":0,\"total_time\":0.5,\"total_ticks\":36,\"tick_"
				      "interval\":1000,\"total_alloc\":7,"
				      "\"cost_centres\":[{\"id\":1,\"label\":\"a\\\"b\",\"module\":\"M\",\"src_loc\":"
				      "\"s\",\"is_caf\":false}],"
				      "\"profile\":{\"id\":1,\"entries\":0,\"alloc\":832,\"ticks\":0,\"children\":[{"
				      "\"id\":1,\"entries\":0,\"alloc\":0,"
				      "\"ticks\":2,\"children\":[]}]}}";
	static const char said[] =
		"HEADER\tzoo\t[./zoo,3\",\"00]\t[-pj]\td\t0\t50\t36\t1000\t7\nCENTRE\t1\ta\"b\tM\ts\t0\n"
		"STACK\t0\t1\t0\t832\t0\nSTACK\t1\t1\t0\t0\t2\nEND\n";
	char spaced[4096], *to = spaced;
	int is_in_string = 0;

	assert_said(compact, said);
	for (const char *from = compact; *from; from++) {
		is_in_string ^= *from == '"' && from[-1] != '\\';
		if (!is_in_string && strchr("{}[]:,", *from))
			to = stpcpy(to, "\r\n  ");
		*to++ = *from;
		if (!is_in_string && strchr("{}[]:,", *from))
			to = stpcpy(to, "\t ");
	}
	*to = 0;
	assert_said(spaced, said);
}

#define CENSUS                                                                                                         \
	"Retainer Profiling: 0, at 0.000250 seconds\n\tMax auxiliary stack size = 7\n"                                 \
	"\tAverage number of visits per object = 1.500000\n"
#define SETS           "\nRetainer sets created during profiling:\nSET 2 = {<SYSTEM.SYSTEM>}\nSET 30 = {<A.f,A.main>, <>}\n"
#define WITH_RETAINERS CENSUS CENSUS PROFILE SETS
#define CENSUS_SAID    "CENSUS\t0\t250\t1500000\t7\n"

static void retainer_text_may_stand_around_it(void **state)
{
	static const char sets[] = "SET\t2\t<SYSTEM|SYSTEM>\nSET\t30\t<A|f A|main>\t<>\nEND\n";
	char said[2048];

	(void)snprintf(said, sizeof(said), "%s%s", CENSUS_SAID CENSUS_SAID HEAD_SAID CENTRES_SAID STACKS_SAID, sets);
	assert_said(WITH_RETAINERS, said);
	assert_streams(prof_json_transcript, WITH_RETAINERS, sizeof(WITH_RETAINERS) - 1);
	assert_fault(CENSUS PROFILE SETS,
	             CENSUS_SAID HEAD_SAID CENTRES_SAID STACKS_SAID
	             "SET\t2\t<SYSTEM|SYSTEM>\nSET\t30\t<A|f A|main>\t<>\n",
	             "prof.truncated", "SET 3", 0);
}

static void its_form_shows_behind_censuses(void **state)
{
	static const char json[] = CENSUS CENSUS "\n{", text[] = CENSUS "\n\tSat Nov";

	for (size_t n = 0; n <= sizeof(json) - 1; n++) {
		size_t n_looked = 0;

		assert_int_equal(prof_is_json(json, n, 0, &n_looked), n < sizeof(json) - 1 ? PARSE_MORE : PARSE_OK);
		n_looked = 0;
		assert_int_equal(prof_is_json(json, n, 1, &n_looked), n < sizeof(json) - 1 ? PARSE_BAD : PARSE_OK);
	}
	assert_int_equal(prof_is_json(text, sizeof(text) - 1, 0, &(size_t){ 0 }), PARSE_BAD);
}

static void a_profile_streams(void **state)
{
	static const char foreign[] =
		" {\"program\":\"zoo\", \"arguments\": [\"./zoo\",\"300\"] , \"rts_arguments\":[], \"end_time\":\"d\","
		"\"initial_capabilities\":0,\"total_time\":0.5,\"total_ticks\":36,\"tick_interval\":1000,\"total_"
		"alloc\":7,"
		"\"cost_centres\":[{\"id\":1,\"label\":\"a\",\"module\":\"M\",\"src_loc\":\"s\",\"is_caf\":false}],"
		"\"profile\":{\"id\":1,\"entries\":0,\"alloc\":832,\"ticks\":0,\"children\":[]}}\n";

	assert_streams(prof_json_transcript, PROFILE, sizeof(PROFILE) - 1);
	assert_streams(prof_json_transcript, foreign, sizeof(foreign) - 1);
	assert_streams(prof_json_transcript, PROFILE "x", sizeof(PROFILE));
}

static void a_cut_profile_says_so(void **state)
{
	for (size_t i = 1; i < sizeof(PROFILE) - 2; i++) {
		char *said = prof_json_transcript(PROFILE, i, i, 1);

		assert_non_null(strstr(said, "BAD\tprof.truncated\t"));
		free(said);
	}
}

static void what_follows_the_end_is_stale(void **state)
{
	assert_fault(HEAD CENTRES STACKS_OPEN, HEAD_SAID CENTRES_SAID STACKS_SAID, "prof.stale",
	             STACKS_CLOSED "}\n]}\n}\n", sizeof(STACKS_CLOSED "}\n") - 1);
}

static void what_ghc_does_not_write_is_a_fault_at_its_place(void **state)
{
	assert_fault("", "", "prof.header", "hello", 0);
	assert_fault("", "", "prof.header", "{\n\"programme\": \"zoo\"", 10);
	assert_fault(HEAD, HEAD_SAID, "prof.json", "{\"id\": x", 7);
	assert_fault(HEAD, HEAD_SAID, "prof.json", "{\"id\": 18446744073709551616,", 27);
	assert_fault(HEAD, HEAD_SAID, "prof.json", ",", 0);
	assert_fault(HEAD CENTRES STACKS_OPEN, HEAD_SAID CENTRES_SAID STACKS_SAID, "prof.json", STACKS_CLOSED "]", 6);
	assert_fault(HEAD CENTRES ROOT, HEAD_SAID CENTRES_SAID "STACK\t0\t1\t0\t832\t0\n", "prof.json", ",{", 0);
	assert_fault(HEAD CENTRES ROOT CHILD, HEAD_SAID CENTRES_SAID "STACK\t0\t1\t0\t832\t0\nSTACK\t1\t2\t1\t0\t3\n",
	             "prof.json", "]} {", 3);
}

static void a_record_has_256_kib_at_most(void **state)
{
	static const char start[] = "{\"id\": 1, \"label\": \"";
	size_t n = sizeof(HEAD) - 1, n_used;
	char *text = malloc(PROF_JSON_RECORD_MAX);

	assert_non_null(text);
	memset(text, 'x', PROF_JSON_RECORD_MAX);
	memcpy(text, start, sizeof(start) - 1);
	for (size_t over = 0; over < 2; over++) {
		struct prof_json_parser p = { 0 };
		struct prof_json_record record;
		struct parse_fault fault;

		assert_int_equal(prof_json_next(&p, HEAD, n, 0, &record, &n_used, &fault), PARSE_OK);
		assert_int_equal(prof_json_next(&p, text, PROF_JSON_RECORD_MAX - 1 + over, 0, &record, &n_used, &fault),
		                 over ? PARSE_BAD : PARSE_MORE);
	}
	free(text);
}

/* Also where all of it is in sight: who reads has room for so much. */
static void a_whole_record_has_256_kib_at_most(void **state)
{
	static const char start[] = "{\"id\": 1, \"label\": \"", end[] = "\", \"module\": \"M\", \"src_loc\": \"s\", "
									 "\"is_caf\": false}";
	size_t n = PROF_JSON_RECORD_MAX + 1 + sizeof(CENTRES), n_used;
	char *text = malloc(n);

	assert_non_null(text);
	for (size_t over = 0; over < 2; over++) {
		size_t n_record = PROF_JSON_RECORD_MAX + over;
		struct prof_json_parser p = { 0 };
		struct prof_json_record record;
		struct parse_fault fault;

		memset(text, 'x', n_record);
		memcpy(text, start, sizeof(start) - 1);
		memcpy(text + n_record - (sizeof(end) - 1), end, sizeof(end) - 1);
		strcpy(text + n_record, "]\n" ROOT);
		assert_int_equal(prof_json_next(&p, HEAD, sizeof(HEAD) - 1, 0, &record, &n_used, &fault), PARSE_OK);
		assert_int_equal(prof_json_next(&p, text, strlen(text), 0, &record, &n_used, &fault),
		                 over ? PARSE_BAD : PARSE_OK);
		if (!over)
			assert_int_equal(n_used, n_record);
	}
	free(text);
}

static void a_header_has_16_mib_at_most(void **state)
{
	char *text = malloc(PROF_JSON_HEADER_MAX);
	size_t n_used;

	assert_non_null(text);
	memset(text, 'x', PROF_JSON_HEADER_MAX);
	memcpy(text, HEAD, 20);
	for (size_t over = 0; over < 2; over++) {
		struct prof_json_parser p = { 0 };
		struct prof_json_record record;
		struct parse_fault fault;

		assert_int_equal(prof_json_next(&p, text, PROF_JSON_HEADER_MAX - 1 + over, 0, &record, &n_used, &fault),
		                 over ? PARSE_BAD : PARSE_MORE);
	}
	free(text);
}

static void a_stack_is_65535_deep_at_most(void **state)
{
	static const char start[] = HEAD "]\n,\n\"profile\": ",
			  stack[] = "{\"id\": 1, \"entries\": 0, \"alloc\": 8, \"ticks\": 0, \"children\": [";
	struct prof_json_parser p = { 0 };
	struct prof_json_record record;
	struct parse_fault fault;
	size_t n_used, n = sizeof(start) - 1 + PROF_JSON_DEPTH_MAX * (sizeof(stack) - 1), at = 0;
	char *text = malloc(n + 1), *to = text;
	uint32_t n_stacks = 0;
	enum parse_result r = PARSE_OK;

	assert_non_null(text);
	to = stpcpy(to, start);
	for (uint32_t i = 0; i < PROF_JSON_DEPTH_MAX; i++)
		to = stpcpy(to, stack);
	for (; (r = prof_json_next(&p, text + at, n - at, 1, &record, &n_used, &fault)) == PARSE_OK; at += n_used)
		if (record.what == PROF_JSON_STACK)
			assert_int_equal(record.stack.depth, n_stacks++);
	assert_int_equal(r, PARSE_BAD);
	assert_string_equal(fault.code, "prof.depth");
	assert_int_equal(n_stacks, PROF_JSON_DEPTH_MAX - 1);
	free(text);
}

static void all_that_closes_a_deep_stack_is_one_record(void **state)
{
	struct prof_json_parser p = { .stage = 2, .depth = PROF_JSON_DEPTH_MAX - 1, .is_inside = 0 };
	struct prof_json_record record;
	struct parse_fault fault;
	size_t n = 3 * (size_t)(PROF_JSON_DEPTH_MAX - 1), n_used;
	char *text = malloc(n + 2);

	assert_non_null(text);
	for (size_t i = 0; i < n; i += 3)
		memcpy(text + i, "]}\n", 3);
	memcpy(text + n, "}\n", 2);
	assert_int_equal(prof_json_next(&p, text, n, 0, &record, &n_used, &fault), PARSE_MORE);
	assert_int_equal(prof_json_next(&p, text, n + 2, 1, &record, &n_used, &fault), PARSE_END);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_profile_is_its_header_its_centres_and_its_stacks),
		cmocka_unit_test(a_string_ends_where_the_next_key_starts),
		cmocka_unit_test(arguments_may_be_escaped_or_not),
		cmocka_unit_test(other_tools_may_have_written_it_again),
		cmocka_unit_test(retainer_text_may_stand_around_it),
		cmocka_unit_test(its_form_shows_behind_censuses),
		cmocka_unit_test(a_profile_streams),
		cmocka_unit_test(a_cut_profile_says_so),
		cmocka_unit_test(what_follows_the_end_is_stale),
		cmocka_unit_test(what_ghc_does_not_write_is_a_fault_at_its_place),
		cmocka_unit_test(a_record_has_256_kib_at_most),
		cmocka_unit_test(a_whole_record_has_256_kib_at_most),
		cmocka_unit_test(a_header_has_16_mib_at_most),
		cmocka_unit_test(a_stack_is_65535_deep_at_most),
		cmocka_unit_test(all_that_closes_a_deep_stack_is_one_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
