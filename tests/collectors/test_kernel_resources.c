/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/collectors/hear.h"

static const struct lend_pair mtime[] = { { "file.mtime_ns", "1795230300000000000" } };

static const struct golden node = {
	.collector = "kernel-resources",
	.input = "tests/data/sample-run/node-0/kernel-resource-summary.json",
	.expected = "tests/data/kernel-resources/node-0.golden",
	.context = mtime,
	.n_context = 1,
};

static void a_summary_says_what_it_said(void **state)
{
	golden_check(&node);
}

static void windows_make_no_difference(void **state)
{
	golden_check_windows(&node, 2);
}

static void every_beginning_of_a_summary_ends_well(void **state)
{
	golden_check_prefixes(&node, 3);
}

static struct heard hear_with(const char *text, const struct lend_pair *context, uint32_t n_context)
{
	return hear_text(&(struct hearing){
		.collector = "kernel-resources", .text = text, .context = context, .n_context = n_context });
}

static struct heard hear(const char *text)
{
	return hear_with(text, mtime, 1);
}

static void units_are_bytes_and_nanoseconds(void **state)
{
	struct heard h = hear("{ \"user_cpu_s\": 1.25, \"rss_peak_kb\": 3, \"io_fs_writes\": 4, \"wall_clock_s\": 2 }");

	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "{\"number\":\"process.cpu.time\",\"attrs\":{\"state\":\"user\"},\"t_ns\":1795230300000000000,"
	                "\"value\":1250000000}");
	assert_says(
		&h,
		"{\"number\":\"process.memory.usage.max\",\"attrs\":{},\"t_ns\":1795230300000000000,\"value\":3072}");
	assert_says(&h,
	            "{\"number\":\"process.disk.io\",\"attrs\":{\"direction\":\"write\"},\"t_ns\":1795230300000000000,"
	            "\"value\":2048}");
	assert_says(
		&h,
		"{\"number\":\"process.elapsed.time\",\"attrs\":{},\"t_ns\":1795230300000000000,\"value\":2000000000}");
	heard_done(&h);
}

static void what_linux_does_not_count_is_absent(void **state)
{
	struct heard h =
		hear("{ \"swaps\": 0, \"signals_received\": 0, \"avg_cpu_pct\": \"?%\", \"pageflt_major\": 0 }");

	assert_says(&h, "\"read\":4,\"stored\":1,\"skipped\":3,\"bad\":0");
	heard_done(&h);
}

static void a_command_line_with_quotes_is_understood(void **state)
{
	struct heard h = hear("{ \"user_cpu_s\": 1.25\n, \"cmdline\":           \"p \"a\" \\x \"exit_code\": 3\"\n, "
	                      "\"exit_code\":  7 }");

	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "{\"fact\":\"process.command_line\",\"value\":\"p \\\"a\\\" \\\\x \\\"exit_code\\\": 3\"}");
	assert_says(&h, "{\"fact\":\"process.exit_code\",\"value\":\"7\"}");
	assert_says(&h, "\"resources.quotes\",\"severity\":\"note\"");
	heard_done(&h);
}

static void a_signal_is_no_exit_code(void **state)
{
	struct heard h = hear("Command terminated by signal 9\n{ \"user_cpu_s\": 1.25, \"exit_code\": 0 }\n");

	assert_int_equal(h.result.status, STORE_OK);
	assert_says(&h, "{\"fact\":\"process.exit_signal\",\"value\":\"9\"}");
	assert_silent_on(&h, "process.exit_code");
	heard_done(&h);
	h = hear("Command exited with non-zero status 3\n{ \"exit_code\": 3 }\n");
	assert_says(&h, "{\"fact\":\"process.exit_code\",\"value\":\"3\"}");
	heard_done(&h);
}

static void what_is_no_summary_is_partial(void **state)
{
	static const char *const texts[][2] = {
		{ "", "\"resources.none\"" },
		{ "Command terminated by signal 9\n", "\"resources.none\"" },
		{ "{ \"user_cpu_s\": 1.2", "\"resources.json\"" },
		{ "{ \"cmdline\": \"x", "\"resources.json\"" },
		{ "{ \"user_cpu_s\": \"x\" }", "\"resources.value\"" },
		{ "{ \"rss_peak_kb\": 9223372036854775807 }", "\"resources.value\"" },
		{ "{ \"rss_peak_kb\": -1 }", "\"resources.value\"" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct heard h = hear(texts[i][0]);

		assert_int_equal(h.result.status, STORE_PARTIAL);
		assert_says(&h, texts[i][1]);
		heard_done(&h);
	}
}

static void a_summary_has_4_mib_at_most(void **state)
{
	enum {
		MOST = 4 << 20
	};
	char *text = malloc(MOST + 2);
	struct heard h;

	assert_non_null(text);
	memset(text, ' ', MOST + 1);
	memcpy(text, "{ \"exit_code\": 0 }", 18);
	text[MOST] = '\0';
	h = hear(text);
	assert_int_equal(h.result.status, STORE_OK);
	heard_done(&h);
	text[MOST] = ' ';
	text[MOST + 1] = '\0';
	h = hear(text);
	assert_int_equal(h.result.r, -E2BIG);
	heard_done(&h);
	free(text);
}

static void the_process_ends_as_long_after_its_start_as_it_ran(void **state)
{
	const struct lend_pair c[] = { { "process.start_ns", "1795230000000000000" }, mtime[0] };
	struct heard h = hear_with("{ \"wall_clock_s\": 28.49 }", c, 2);

	assert_says(&h, "\"tie\":\"process start and its elapsed time\",\"error_ns\":20000000}");
	assert_says(&h, "\"t_ns\":1795230028490000000,\"value\":28490000000}");
	heard_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_summary_says_what_it_said),
		cmocka_unit_test(windows_make_no_difference),
		cmocka_unit_test(every_beginning_of_a_summary_ends_well),
		cmocka_unit_test(units_are_bytes_and_nanoseconds),
		cmocka_unit_test(what_linux_does_not_count_is_absent),
		cmocka_unit_test(a_command_line_with_quotes_is_understood),
		cmocka_unit_test(a_signal_is_no_exit_code),
		cmocka_unit_test(what_is_no_summary_is_partial),
		cmocka_unit_test(a_summary_has_4_mib_at_most),
		cmocka_unit_test(the_process_ends_as_long_after_its_start_as_it_ran),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
