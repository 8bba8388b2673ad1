/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/collectors/hear_eventlog.h"

static void a_span_may_start_on_one_capability_and_stop_on_another(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, T0, 1);
	write_text(&w, 19, T0 + 50, "STOP work");
	write_text(&w, 19, T0 + 80, "STOP work");
	write_block_end(&w, T0 + 100);
	write_block(&w, T0, 0);
	write_text(&w, 19, T0 + 10, "START work");
	write_text(&w, 19, T0 + 60, "START work");
	write_text(&w, 19, T0 + 70, "START WINDOW");
	write_text(&w, 19, T0 + 90, "STOP WINDOW");
	write_text(&w, 19, T0 + 95, "START never");
	write_text(&w, 19, T0 + 96, "STOP nothing");
	write_text(&w, 19, T0 + 97, "STOP ");
	write_block_end(&w, T0 + 100);
	write_end(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"label\":\"work\"},\"t_ns\":1767225600000000010,\"dur_ns\":40}");
	assert_says(&heard, "{\"label\":\"work\"},\"t_ns\":1767225600000000060,\"dur_ns\":20}");
	assert_says(&heard, "{\"span\":\"ghc.user.window\",\"attrs\":{},\"t_ns\":1767225600000000070,\"dur_ns\":20}");
	assert_says(&heard, "{\"span\":\"ghc.user.message\",\"attrs\":{\"message\":\"STOP \"}");
	assert_says(&heard, "1 spans stop that have not started, 1 start and do not stop");
	assert_says(&heard, "\"eventlog.unpaired\":2");
	recorder_free(heard.rec);
}

static void capabilities_that_are_read_late_are_in_order_with_the_others(void **state)
{
	const uint64_t ms = 1000000;
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, T0, 0);
	write_text(&w, 19, T0 + ms, "START x");
	for (uint64_t i = 2; i < 20000; i++)
		write_text(&w, 19, T0 + i * ms, "m");
	write_block_end(&w, T0 + 20000 * ms);
	write_block(&w, T0, 1);
	write_text(&w, 19, T0 + 3 * ms, "STOP x");
	write_block_end(&w, T0 + 20000 * ms);
	write_end(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"span\":\"ghc.user.span\",\"attrs\":{\"label\":\"x\"},\"t_ns\":1767225600001000000,"
	                    "\"dur_ns\":2000000}");
	assert_silent_on(&heard, "eventlog.late_messages");
	recorder_free(heard.rec);
}

struct message {
	uint64_t at_ns; /* from T0 on; less than 100 */
	const char *text;
};

/* What one capability says, in one block. */
static struct heard hear_messages(const struct message *messages, size_t n)
{
	struct eventlog_writer w;

	write_beginning(&w);
	write_block(&w, T0, 0);
	for (size_t i = 0; i < n; i++)
		write_text(&w, 19, T0 + messages[i].at_ns, messages[i].text);
	write_block_end(&w, T0 + 100);
	write_end(&w);
	return hear_plain(&w);
}

static void spans_of_one_label_nest(void **state)
{
	static const struct message said[] = {
		{ 10, "START a" }, { 20, "START a" }, { 30, "STOP a" }, { 50, "STOP a" }
	};
	struct heard heard = hear_messages(said, 4);

	assert_says(&heard, "\"t_ns\":1767225600000000020,\"dur_ns\":10}");
	assert_says(&heard, "\"t_ns\":1767225600000000010,\"dur_ns\":40}");
	recorder_free(heard.rec);
}

static void a_span_is_found_whether_its_label_was_kept_before_or_after_it_started(void **state)
{
	static const char *const spans[] = { "\"t_ns\":1767225600000000020,\"dur_ns\":10}",
		                             "\"t_ns\":1767225600000000040,\"dur_ns\":5}",
		                             "\"t_ns\":1767225600000000010,\"dur_ns\":40}" };
	static const struct message said[] = { { 10, "START a" }, { 20, "START a" }, { 30, "STOP a" },
		                               { 40, "START a" }, { 45, "STOP a" },  { 50, "STOP a" },
		                               { 60, "STOP a" } };
	struct heard heard = hear_messages(said, sizeof(said) / sizeof(said[0]));

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		assert_says(&heard, spans[i]);
	assert_int_equal(count_of(&heard, "\"ghc.user.span\""), 3);
	assert_says(&heard, "\"eventlog.unpaired\":1");
	recorder_free(heard.rec);
}

static void so_many_different_texts_are_kept_and_no_more(void **state)
{
	static const struct lend_pair two[] = { { "messages", "2" } };
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, T0, 0);
	write_text(&w, 19, T0 + 10, "one");
	write_text(&w, 58, T0 + 20, "two");
	write_text(&w, 19, T0 + 30, "three");
	write_text(&w, 19, T0 + 40, "one");
	write_block_end(&w, T0 + 100);
	write_end(&w);
	heard = hear(&w, two, 1, NULL, 0);
	assert_int_equal(count_of(&heard, "\"message\":\"one\""), 2);
	assert_says(&heard, "\"marker\":\"two\"");
	assert_silent_on(&heard, "three");
	assert_says(&heard, "\"eventlog.limit\":1");
	recorder_free(heard.rec);
}

static void call_stacks_of_the_stack_profiler_have_names(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, T0, 0);
	write_record(&w, 169, T0 + 1,
	             "\0\0\0\0\0\x40\x12\x34t\0"
	             "21\0\0inner\0M\0M.hs:1\0",
	             29);
	write_record(&w, 181, T0 + 2, "\xff\xcc\0\0\0\0\0\0\0\1\0\5outer", 17);
	write_record(&w, 181, T0 + 3, "\xff\xcc\0\0\0\0\0\0\0\2\0\4A.hs", 16);
	write_record(&w, 181, T0 + 4, "\xff\xcd\0\0\0\0\0\0\0\3\0\0\0\7\0\0\0\5\0\0\0\0\0\0\0\2", 26);
	write_record(&w, 181, T0 + 5, "\xff\xcb\0\0\0\0\0\0\0\11\0\1\1\0\0\0\0\0\x40\x12\x34", 21);
	write_record(&w, 181, T0 + 6,
	             "\xff\xca\0\0\0\0\0\0\0\11\0\2\3\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\3\2\0\0\0\0\0\0\0\1", 38);
	write_record(&w, 181, T0 + 7, "\xff\xca\0\0", 4);
	write_record(&w, 181, T0 + 8, "\1\2\3", 3);
	write_block_end(&w, T0 + 100);
	write_end(&w);
	heard = hear_plain(&w);
	assert_says(&heard,
	            "{\"weight\":\"ghc.profile.samples\",\"attrs\":{},\"stack\":[\"outer\",\"outer\",\"inner\"],"
	            "\"module\":\"M\",\"src\":\"M.hs:1\"");
	assert_says(&heard, "\"span\":\"ghc.user.binary\",\"attrs\":{},\"t_ns\":1767225600000000008,\"dur_ns\":0,"
	                    "\"value\":3}");
	assert_int_equal(heard.result.ledger.n_bad, 1);
	recorder_free(heard.rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_may_start_on_one_capability_and_stop_on_another),
		cmocka_unit_test(capabilities_that_are_read_late_are_in_order_with_the_others),
		cmocka_unit_test(spans_of_one_label_nest),
		cmocka_unit_test(a_span_is_found_whether_its_label_was_kept_before_or_after_it_started),
		cmocka_unit_test(so_many_different_texts_are_kept_and_no_more),
		cmocka_unit_test(call_stacks_of_the_stack_profiler_have_names),
	};

	return cmocka_run_group_tests_name("ghc-eventlog-user", tests, NULL, NULL);
}
