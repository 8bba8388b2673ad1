/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/folder.h"
#include "tests/support/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void help_and_version_go_to_stdout(void **state)
{
	struct program p = program_weir(NULL, "--help", NULL), q = program_weir(NULL, "help", NULL);

	assert_int_equal(p.code, 0);
	assert_string_equal(p.out, q.out);
	assert_string_equal(p.err, "");
	assert_non_null(strstr(p.out, "ingest"));
	program_done(&p);
	program_done(&q);
	p = program_weir(NULL, "--version", NULL);
	assert_int_equal(p.code, 0);
	assert_memory_equal(p.out, "weir ", 5);
	program_done(&p);
}

static void every_verb_says_what_it_takes(void **state)
{
	struct program list = program_weir(NULL, "--verbs", NULL), p, q;
	char *rest = list.out, *verb;
	int n = 0;

	while ((verb = strsep(&rest, "\n")) && *verb) {
		p = program_weir(NULL, verb, "--help", NULL);
		q = program_weir(NULL, "help", verb, NULL);
		assert_int_equal(p.code, 0);
		assert_string_equal(p.err, "");
		assert_memory_equal(p.out, "usage: weir ", 12);
		assert_memory_equal(p.out + 12, verb, strlen(verb));
		assert_string_equal(p.out, q.out);
		program_done(&p);
		program_done(&q);
		n++;
	}
	assert_true(n >= 8);
	program_done(&list);
}

static void a_command_line_without_sense_is_exit_code_2(void **state)
{
	static const char *const lines[][5] = {
		{ NULL },
		{ "frobnicate" },
		{ "summary" },
		{ "summary", "a", "b" },
		{ "summary", "--frob", "a" },
		{ "summary", "a", "--run" },
		{ "sql", "a" },
		{ "profile", "a", "--top", "many" },
		{ "profile", "a", "--top", "-1" },
		{ "profile", "a", "--min", "101" },
		{ "export", "a" },
		{ "export", "a", "--to", "xml" },
		{ "export", "a", "--to=csv", "--true-io" },
		{ "export", "a", "--true-io" },
		{ "ingest" },
		{ "ingest", "a", "-j", "0" },
		{ "ingest", "a", "-j", "257" },
		{ "ingest", "a", "-O", "x" },
		{ "ingest", "a", "-O", "nobody.x=1" },
		{ "ingest", "a", "--stall-timeout", "soon" },
		{ "ingest", "a", "--node", "" },
		{ "ingest", "a", "--true-io" },
		{ "ingest", "a", "--stall-timeout", "0" },
		{ "ingest", "-", "--for", "0" },
		{ "record", "--interval=0", "--", "true" },
		{ "record", "--interval=0.0000000001", "--", "true" },
		{ "record", "--coarse=0", "--", "true" },
		{ "attach", "1", "--interval", "0" },
		{ "attach", "1", "--for", "0s" },
		{ "help", "frobnicate" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct program p = program_weir(NULL, lines[i][0], lines[i][1], lines[i][2], lines[i][3], NULL);

		if (p.code != 2)
			fail_msg("line %zu: exit code %d: %s", i, p.code, p.err);
		assert_string_equal(p.out, "");
		assert_memory_equal(p.err, "weir: ", 6);
		program_done(&p);
	}
}

static void what_cannot_be_read_is_exit_code_1_with_its_name(void **state)
{
	static const char *const lines[][4] = { { "summary", "no.weir" },
		                                { "profile", "no.weir" },
		                                { "dict", "no.weir" },
		                                { "sql", "no.weir", "select 1" },
		                                { "export", "no.weir", "--to", "folded" },
		                                { "ingest", "no.prof" } };
	struct folder f = folder_new();

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct program p = program_weir(f.path, lines[i][0], lines[i][1], lines[i][2], lines[i][3], NULL);

		assert_int_equal(p.code, 1);
		assert_non_null(strstr(p.err, lines[i][1]));
		program_done(&p);
	}
	folder_free(&f);
}

static void output_that_does_not_arrive_is_a_failure(void **state)
{
	static const char *const argv[] = { "sh", "-c", "exec " WEIR_BINARY " help >/dev/full", NULL };
	struct program p = program_run(NULL, argv);

	assert_int_equal(p.code, 1);
	assert_non_null(strstr(p.err, "No space left on device"));
	program_done(&p);
}

static void names_from_outside_cannot_play_with_the_terminal(void **state)
{
	struct program p = program_weir(NULL, "summary", "\033]0;x\007\n.weir", NULL);

	assert_int_equal(p.code, 1);
	for (const char *c = p.err; *c; c++)
		assert_true(*c == '\n' ? c[1] == 0 : (unsigned char)*c >= ' ');
	program_done(&p);
}

static void completion_knows_all_options(void **state)
{
	struct program p = program_weir(NULL, "help", "--complete", NULL);

	assert_int_equal(p.code, 0);
	assert_non_null(strstr(p.out, "\nexport\t--to\tchrome|csv|folded|locli|speedscope\t"));
	assert_non_null(strstr(p.out, "\ningest\t-o\tSTORE\t"));
	assert_non_null(strstr(p.out, "\nprofile\t--help\t\t"));
	program_done(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_and_version_go_to_stdout),
		cmocka_unit_test(every_verb_says_what_it_takes),
		cmocka_unit_test(a_command_line_without_sense_is_exit_code_2),
		cmocka_unit_test(what_cannot_be_read_is_exit_code_1_with_its_name),
		cmocka_unit_test(output_that_does_not_arrive_is_a_failure),
		cmocka_unit_test(names_from_outside_cannot_play_with_the_terminal),
		cmocka_unit_test(completion_knows_all_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
