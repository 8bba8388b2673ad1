/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/collectors/hear_eventlog.h"

static void write_identity(struct eventlog_writer *w)
{
	write_beginning(w);
	write_block(w, T0, 0xffff);
	write_record(w, 29, T0 + 1, "\0\0\0\1GHC-8.6.5 rts_thr_p", 23);
	write_record(w, 30, T0 + 2, "\0\0\0\1/opt/run\0--key\0k3y\0+RTS\0-N2\0-RTS\0more\0--RTS\0+RTS", 53);
	write_record(w, 31, T0 + 3, "\0\0\0\1TOKEN=s3cret\0", 17);
	write_numbers(w, 32, T0 + 4, "ii", 1, 4711);
	write_block_end(w, T0 + 100);
	write_end(w);
}

static void the_environment_is_never_kept_unless_it_is_asked_for(void **state)
{
	static const struct lend_pair asked[] = { { "environment", "true" } };
	struct eventlog_writer w;
	struct heard heard;

	write_identity(&w);
	heard = hear_plain(&w);
	assert_silent_on(&heard, "s3cret");
	assert_says(&heard, "\"eventlog.redacted\":1");
	recorder_free(heard.rec);
	write_identity(&w);
	heard = hear(&w, asked, 1, NULL, 0);
	assert_says(&heard, "{\"fact\":\"process.environment\",\"value\":\"TOKEN=s3cret\\n\"}");
	recorder_free(heard.rec);
}

static void arguments_are_told_from_the_runtimes_and_can_be_left_out(void **state)
{
	static const struct lend_pair none[] = { { "arguments", "none" } }, runtime[] = { { "arguments", "runtime" } };
	struct eventlog_writer w;
	struct heard heard;

	write_identity(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"fact\":\"program.name\",\"value\":\"run\"}");
	assert_says(&heard, "{\"fact\":\"program.arguments\",\"value\":\"--key k3y more +RTS\"}");
	assert_says(&heard, "{\"fact\":\"ghc.rts.flags\",\"value\":\"-N2\"}");
	assert_says(&heard, "{\"fact\":\"ghc.version\",\"value\":\"8.6.5\"}");
	assert_says(&heard, "{\"fact\":\"ghc.profiled\",\"value\":\"true\"}");
	assert_says(&heard, "{\"fact\":\"process.pid\",\"value\":\"4711\"}");
	recorder_free(heard.rec);
	write_identity(&w);
	heard = hear(&w, runtime, 1, NULL, 0);
	assert_silent_on(&heard, "k3y");
	assert_says(&heard, "\"-N2\"");
	recorder_free(heard.rec);
	write_identity(&w);
	heard = hear(&w, none, 1, NULL, 0);
	assert_silent_on(&heard, "k3y");
	assert_silent_on(&heard, "-N2");
	recorder_free(heard.rec);
}

static void capability_sets_say_whose_they_are(void **state)
{
	for (uint32_t n_more = 0; n_more <= 1; n_more++) {
		struct eventlog_writer w;
		struct heard heard;

		write_beginning(&w);
		write_block(&w, T0, 0xffff);
		write_numbers(&w, 25, T0 + 1, "ih", 0, 2);
		write_numbers(&w, 25, T0 + 1, "ih", 1, 3);
		write_numbers(&w, 27, T0 + 2, "ih", 0, 0);
		write_numbers(&w, 27, T0 + 2, "ih", 0, 1023);
		write_numbers(&w, 27, T0 + 2, "ih", 1, 1);
		write_numbers(&w, 28, T0 + 3, "ih", 1, 1);
		write_numbers(&w, 26, T0 + 4, "i", 1);
		write_numbers(&w, 27, T0 + 5, "ih", 99, 0);
		write_numbers(&w, 27, T0 + 5, "ih", 0, 1024);
		for (uint32_t i = 2; i < 64 + n_more; i++)
			write_numbers(&w, 25, T0 + 6, "ih", i + 100, 7);
		write_block_end(&w, T0 + 100);
		write_end(&w);
		heard = hear_plain(&w);
		assert_says(&heard, "{\"fact\":\"ghc.capability_set.0\",\"value\":\"osprocess 0 1023\"}");
		assert_says(&heard, "{\"fact\":\"ghc.capability_set.1\",\"value\":\"clockdomain 1\"}");
		assert_says(&heard, "{\"fact\":\"ghc.capability_set.163\",\"value\":\"unknown\"}");
		assert_int_equal(count_of(&heard, "\"eventlog.limit\":1"), n_more);
		assert_says(&heard, "\"eventlog.unpaired\":1");
		assert_says(&heard, "\"eventlog.payload\":1");
		recorder_free(heard.rec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environment_is_never_kept_unless_it_is_asked_for),
		cmocka_unit_test(arguments_are_told_from_the_runtimes_and_can_be_left_out),
		cmocka_unit_test(capability_sets_say_whose_they_are),
	};

	return cmocka_run_group_tests_name("ghc-eventlog-identity", tests, NULL, NULL);
}
