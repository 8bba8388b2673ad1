/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/rts_command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(struct parse_text t, const char *expected)
{
	if (t.n != strlen(expected) || (t.n && memcmp(t.at, expected, t.n) != 0))
		fail_msg("'%.*s' is not '%s'", (int)t.n, t.at ? t.at : "", expected);
}

static struct rts_command split(const char *text)
{
	return rts_command_split((struct parse_text){ text, strlen(text) });
}

static void assert_line(const char *text, int is_last, enum parse_result expected, size_t n_expected)
{
	size_t n = 0;

	assert_int_equal(rts_command_line(text, strlen(text), is_last, &n), expected);
	if (expected == PARSE_OK)
		assert_int_equal(n, n_expected);
}

static void both_spellings_have_the_same_parts(void **state)
{
	struct rts_command c = split("'./heap-ev' '3000' +RTS '-tstats.txt' '--machine-readable' \n");

	assert_text(c.program, "./heap-ev");
	assert_text(c.arguments, "'3000'");
	assert_text(c.flags, "'-tstats.txt' '--machine-readable'");
	c = split("./heap-ev 3000 +RTS -tstats.txt --machine-readable ");
	assert_text(c.program, "./heap-ev");
	assert_text(c.arguments, "3000");
	assert_text(c.flags, "-tstats.txt --machine-readable");
	assert_true(c.has_rts);
}

static void the_last_rts_counts_and_a_quoted_one_does_not(void **state)
{
	assert_text(split("p a +RTS b +RTS -hc").arguments, "a +RTS b");
	assert_text(split("'p' '+RTS' +RTS '-s' ").arguments, "'+RTS'");
	assert_text(split("p +RTSx").arguments, "+RTSx");
	assert_text(split("p +RTS").flags, "");
	assert_true(split("p +RTS").has_rts);
	assert_false(split("heap-ev").has_rts);
	assert_text(split("heap-ev").program, "heap-ev");
	assert_text(split("").program, "");
}

static void quotes_in_arguments_stay(void **state)
{
	struct parse_text text = { "'it''s' 'a b'  c ''", 20 }, word;
	char room[32];

	text.n = strlen(text.at);
	assert_int_equal(rts_command_plain(text, room, sizeof(room)), 16);
	assert_memory_equal(room, "it''s 'a b' c ''", 16);
	assert_int_equal(rts_command_plain(text, room, 7), 7);
	assert_true(rts_command_word(&text, &word));
	assert_text(word, "it''s");
	assert_true(rts_command_word(&text, &word));
	assert_text(word, "a b");
	assert_true(rts_command_word(&text, &word));
	assert_text(word, "c");
	assert_true(rts_command_word(&text, &word));
	assert_text(word, "");
	assert_false(rts_command_word(&text, &word));
}

static void a_first_line_ends_with_a_space(void **state)
{
	assert_line("'p' 'a' +RTS '-s' \nrest", 0, PARSE_OK, 19);
	assert_line("p +RTS -s \r\nrest", 0, PARSE_OK, 12);
	assert_line("p +RTS -s\n", 0, PARSE_END, 0);
	assert_line("*** Exception (reporting due to +RTS -xc): (THUNK_STATIC), stack trace: \n", 0, PARSE_END, 0);
	assert_line("p +RTS \n", 0, PARSE_OK, 8);
	assert_line("  1,024 bytes allocated in the heap\n", 0, PARSE_END, 0);
	assert_line("p +RTS -s ", 0, PARSE_MORE, 0);
	assert_line("p +RTS -s ", 1, PARSE_END, 0);
}

static void an_argument_may_hold_newlines(void **state)
{
	assert_line("'p' 'a\nb' +RTS '-s' \nrest", 0, PARSE_OK, 21);
	assert_line("'p' 'a\nb", 0, PARSE_MORE, 0);
	assert_line("'p' 'a\nb\n", 1, PARSE_END, 0);
}

static void a_first_line_has_one_mib_at_most(void **state)
{
	char *text = malloc(RTS_COMMAND_MAX + 16);
	size_t n;

	assert_non_null(text);
	memset(text, 'a', RTS_COMMAND_MAX + 16);
	text[0] = '\'';
	memcpy(text + RTS_COMMAND_MAX - 7, " +RTS \n", 7);
	assert_int_equal(rts_command_line(text, RTS_COMMAND_MAX + 16, 0, &n), PARSE_OK);
	assert_int_equal(n, RTS_COMMAND_MAX);
	memcpy(text + RTS_COMMAND_MAX - 7, "a +RTS \n", 8);
	assert_int_equal(rts_command_line(text, RTS_COMMAND_MAX + 16, 0, &n), PARSE_END);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_spellings_have_the_same_parts),
		cmocka_unit_test(the_last_rts_counts_and_a_quoted_one_does_not),
		cmocka_unit_test(quotes_in_arguments_stay),
		cmocka_unit_test(a_first_line_ends_with_a_space),
		cmocka_unit_test(an_argument_may_hold_newlines),
		cmocka_unit_test(a_first_line_has_one_mib_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
