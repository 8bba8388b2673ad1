/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/ghc-eventlog/distribution.h"
#include "tests/parsers/eventlog_writer.h"
#include "tests/support/bytes.h"
#include "tests/support/golden.h"

#define DATA "tests/data/ghc-eventlog/"

static const struct lend_pair mtime[] = { { "file.mtime_ns", "1795230300000000000" } };
static const struct lend_pair threads[] = { { "detail", "threads" }, { "interval", "10ms" }, { "thread_min", "0" } };

#define LOG(name, what, options_, n)                                                                                   \
	{                                                                                                              \
		.collector = "ghc-eventlog", .input = DATA name ".eventlog", .expected = DATA what ".golden",          \
		.options = options_, .n_options = n, .context = mtime, .n_context = 1                                  \
	}

static const struct golden goldens[] = {
	LOG("ferry", "ferry", NULL, 0),
	LOG("ferry", "ferry-threads", threads, 3),
	LOG("nonmoving", "nonmoving", NULL, 0),
	LOG("user", "user", NULL, 0),
	LOG("hT", "hT", NULL, 0),
	LOG("hc", "hc", NULL, 0),
	LOG("hb", "hb", NULL, 0),
	LOG("ticky", "ticky", NULL, 0),
};

enum {
	N_GOLDENS = sizeof(goldens) / sizeof(goldens[0]),
};

static void every_kind_of_log_says_what_it_said(void **state)
{
	for (size_t i = 0; i < N_GOLDENS; i++)
		golden_check(&goldens[i]);
}

static void windows_make_no_difference(void **state)
{
	for (size_t i = 0; i < N_GOLDENS; i++)
		golden_check_windows(&goldens[i], 1);
}

static void every_beginning_of_a_log_ends_well(void **state)
{
	golden_check_prefixes(&goldens[0], 31);
	golden_check_prefixes(&goldens[5], 37);
	golden_check_prefixes(&goldens[N_GOLDENS - 1], 97);
}

/* ---- Logs that are made here ---- */

struct heard {
	struct recorder *rec;
	struct recorder_result result;
	struct weir_text text;
};

/* is_file: the log can be read a second time. */
static struct heard hear_input(struct eventlog_writer *w, const struct lend_pair *options, uint32_t n_options,
                               const struct lend_pair *context, uint32_t n_context, int is_file)
{
	const struct golden what = { .collector = "ghc-eventlog",
		                     .input = DATA "user.eventlog",
		                     .options = options,
		                     .n_options = n_options,
		                     .context = context,
		                     .n_context = n_context };
	struct recorder_setup setup = golden_setup(&what);
	const struct recorder_setup ours = setup;
	struct heard heard = { 0 };
	struct weir_error error = { "" };

	setup.inputs[0] = (struct recorder_input){ w->at, w->n, 1 };
	setup.inputs[1] = (struct recorder_input){ w->at, w->n, is_file };
	if (recorder_run(&setup, &heard.rec, &heard.result, &error) < 0)
		fail_msg("%s", error.text);
	heard.text = recorder_text(heard.rec);
	setup.inputs[0] = ours.inputs[0];
	setup.inputs[1] = ours.inputs[1];
	golden_done(&setup);
	assert_int_equal(heard.result.n_host_diags, 0);
	assert_int_equal(heard.result.ledger.n_read,
	                 heard.result.ledger.n_stored + heard.result.ledger.n_skipped + heard.result.ledger.n_bad);
	eventlog_writer_done(w);
	return heard;
}

static struct heard hear(struct eventlog_writer *w, const struct lend_pair *options, uint32_t n_options,
                         const struct lend_pair *context, uint32_t n_context)
{
	return hear_input(w, options, n_options, context, n_context, 0);
}

static struct heard hear_plain(struct eventlog_writer *w)
{
	return hear(w, NULL, 0, NULL, 0);
}

/* As memmem(), of which the sanitizer looks over all of the text at each call. */
static const char *find(const char *at, const char *end, const char *words)
{
	size_t n = strlen(words);

	while ((size_t)(end - at) >= n && (at = memchr(at, words[0], (size_t)(end - at) - n + 1))) {
		if (memcmp(at, words, n) == 0)
			return at;
		at++;
	}
	return NULL;
}

static unsigned count_of(const struct heard *heard, const char *words)
{
	const char *at = heard->text.at, *end = at + heard->text.n_bytes;
	unsigned n = 0;

	while ((at = find(at, end, words))) {
		at += strlen(words);
		n++;
	}
	return n;
}

static void assert_says(const struct heard *heard, const char *words)
{
	if (!count_of(heard, words))
		fail_msg("'%s' is not in\n%.*s", words, (int)heard->text.n_bytes, heard->text.at);
}

static void assert_silent_on(const struct heard *heard, const char *words)
{
	if (count_of(heard, words))
		fail_msg("'%s' is in\n%.*s", words, (int)heard->text.n_bytes, heard->text.at);
}

enum {
	T0 = 1000000,
};

/* 2026-01-01T00:00:00Z was 1 ms after the runtime's start. */
static void write_clock(struct eventlog_writer *w)
{
	write_numbers(w, 43, T0, "iqi", 1, (uint64_t)1767225600, 0);
}

static void begin(struct eventlog_writer *w)
{
	eventlog_writer_init(w);
	write_header(w);
	write_block(w, 0, 0xffff);
	write_clock(w);
	write_block_end(w, T0);
}

static void finish(struct eventlog_writer *w)
{
	write_end(w);
}

/* ---- Clocks ---- */

static void times_wait_for_a_clock_that_comes_last(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	eventlog_writer_init(&w);
	write_header(&w);
	write_block(&w, 0, 0);
	write_numbers(&w, 51, 500, "iq", 1, (uint64_t)77);
	write_block_end(&w, 600);
	write_block(&w, 0, 0xffff);
	write_clock(&w);
	write_block_end(&w, T0);
	finish(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"number\":\"ghc.heap.live\",\"attrs\":{},\"t_ns\":1767225599999000500,\"value\":77}");
	assert_says(&heard, "\"tie\":\"the log's wall-clock record\"");
	recorder_free(heard.rec);
}

static void without_a_clock_what_the_run_knows_has_to_do(void **state)
{
	static const struct lend_pair start[] = { { "process.start_ns", "1000000000000000000" } };
	struct eventlog_writer w;
	struct heard heard;

	for (int has_start = 0; has_start <= 1; has_start++) {
		eventlog_writer_init(&w);
		write_header(&w);
		write_block(&w, 0, 0);
		write_numbers(&w, 51, 500, "iq", 1, (uint64_t)77);
		write_block_end(&w, 600);
		finish(&w);
		heard = hear(&w, NULL, 0, has_start ? start : mtime, 1);
		assert_says(&heard, has_start ? "\"t_ns\":1000000000000000500," : "\"t_ns\":1795230300000000000,");
		recorder_free(heard.rec);
	}
}

enum {
	TOO_MANY_TO_WAIT = 840000, /* numbers */
};

/* Numbers of many a capability's block, and then the clock, if there is one. */
static void write_late_clock(struct eventlog_writer *w, int has_clock)
{
	eventlog_writer_init(w);
	write_header(w);
	for (uint64_t t = 0; t < TOO_MANY_TO_WAIT; t += 70000) {
		write_block(w, t, (uint32_t)(t / 70000) & 1);
		for (uint64_t i = 0; i < 70000; i++)
			write_numbers(w, 51, t + i, "iq", 1, i);
		write_block_end(w, t + 70000);
	}
	if (has_clock) {
		write_block(w, 0, 0xffff);
		write_clock(w);
		write_block_end(w, T0);
	}
	finish(w);
}

static void what_is_too_much_to_wait_has_the_clock_that_a_second_look_finds(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_late_clock(&w, 1);
	heard = hear_input(&w, NULL, 0, mtime, 1, 1);
	assert_says(&heard, "\"tie\":\"the log's wall-clock record\"");
	assert_says(&heard, "{\"number\":\"ghc.heap.live\",\"attrs\":{},\"t_ns\":1767225599999000500,\"value\":500}");
	assert_silent_on(&heard, "eventlog.late_clock");
	assert_silent_on(&heard, "eventlog.no_clock");
	assert_int_equal(count_of(&heard, "\"ghc.heap.live\""), TOO_MANY_TO_WAIT);
	recorder_free(heard.rec);
	/* None is there: the file's own time is that of its last record. */
	write_late_clock(&w, 0);
	heard = hear_input(&w, NULL, 0, mtime, 1, 1);
	assert_says(&heard, "{\"number\":\"ghc.heap.live\",\"attrs\":{},\"t_ns\":1795230299999160500,\"value\":500}");
	recorder_free(heard.rec);
	/* It can't be read again: what came before the clock is said to be late. */
	write_late_clock(&w, 1);
	heard = hear(&w, NULL, 0, NULL, 0);
	assert_says(&heard, "eventlog.late_clock");
	recorder_free(heard.rec);
}

static void a_second_clock_changes_nothing(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, 0, 0xffff);
	write_numbers(&w, 43, T0 + 5, "iqi", 1, (uint64_t)1, 0);
	write_numbers(&w, 51, T0 + 6, "iq", 1, (uint64_t)77);
	write_block_end(&w, T0 + 7);
	finish(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "\"t_ns\":1767225600000000006,\"value\":77}");
	recorder_free(heard.rec);
}

static void a_clock_without_sense_is_bad(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	eventlog_writer_init(&w);
	write_header(&w);
	write_block(&w, 0, 0xffff);
	write_numbers(&w, 43, T0, "iqi", 1, (uint64_t)1767225600, 1000000000);
	write_numbers(&w, 43, T0, "iqi", 1, UINT64_MAX, 0);
	write_block_end(&w, T0);
	finish(&w);
	heard = hear_plain(&w);
	assert_int_equal(heard.result.ledger.n_bad, 2);
	recorder_free(heard.rec);
}

static void a_time_beyond_all_reason_is_bad_and_spoils_nothing(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, 0, 0);
	write_numbers(&w, 1, T0, "i", 1);
	write_numbers(&w, 51, (uint64_t)INT64_MAX - 5, "iq", 1, (uint64_t)77);
	write_block_end(&w, UINT64_MAX);
	write_block(&w, 0, 1);
	write_numbers(&w, 51, T0, "iq", 1, (uint64_t)78);
	write_block_end(&w, UINT64_MAX);
	finish(&w);
	heard = hear_plain(&w);
	assert_int_equal(heard.result.ledger.n_bad, 1);
	assert_silent_on(&heard, "\"value\":77}");
	assert_says(&heard, "\"value\":78}");
	recorder_free(heard.rec);
}

static void a_long_idle_stretch_is_one_interval(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, 0, 0);
	write_numbers(&w, 1, T0, "i", 1);
	write_numbers(&w, 2, T0 + 1000, "ihi", 1, 7, 0);
	write_numbers(&w, 1, (uint64_t)100000 * 1000000000, "i", 1);
	write_block_end(&w, (uint64_t)100000 * 1000000000);
	finish(&w);
	heard = hear_plain(&w);
	assert_true(count_of(&heard, "ghc.capability.utilisation") < 3700);
	recorder_free(heard.rec);
}

/* ---- Threads ---- */

static void write_leaving(struct eventlog_writer *w)
{
	write_block(w, T0, 0);
	write_numbers(w, 0, T0 + 100, "i", 7);
	write_numbers(w, 1, T0 + 110, "i", 7);
	write_numbers(w, 2, T0 + 150, "ihi", 7, 3, 0);
	write_numbers(w, 4, T0 + 200, "ih", 7, 1);
	write_block_end(w, T0 + 300);
}

static void write_arriving(struct eventlog_writer *w)
{
	write_block(w, T0, 1);
	write_numbers(w, 1, T0 + 230, "i", 7);
	write_numbers(w, 2, T0 + 330, "ihi", 7, 7, 0);
	write_numbers(w, 8, T0 + 400, "ih", 7, 1);
	write_numbers(w, 1, T0 + 410, "i", 7);
	write_numbers(w, 2, T0 + 500, "ihi", 7, 5, 0);
	write_block_end(w, T0 + 600);
}

static void a_migration_is_joined_whichever_side_is_read_first(void **state)
{
	static const struct lend_pair all[] = { { "thread_min", "0" } };

	for (int is_leaving_first = 0; is_leaving_first <= 1; is_leaving_first++) {
		struct eventlog_writer w;
		struct heard heard;

		begin(&w);
		if (is_leaving_first)
			write_leaving(&w);
		write_arriving(&w);
		if (!is_leaving_first)
			write_leaving(&w);
		finish(&w);
		heard = hear(&w, all, 1, NULL, 0);
		assert_says(&heard,
		            "\"state\":\"running\",\"thread\":\"7\"},\"t_ns\":1767225600000000500,\"value\":230}");
		assert_says(&heard,
		            "\"state\":\"runnable\",\"thread\":\"7\"},\"t_ns\":1767225600000000500,\"value\":100}");
		assert_says(&heard, "\"state\":\"mvar\",\"thread\":\"7\"},\"t_ns\":1767225600000000500,\"value\":70}");
		/* 80 since it yielded on the other capability, 10 since it was woken up. */
		assert_says(&heard, "\"ghc.thread.run_delay\",\"attrs\":{\"capability\":\"1\"}");
		assert_says(&heard, "\"count\":2,\"zero\":0,\"sum\":90,\"min\":10,\"max\":80,");
		assert_says(&heard, "{\"span\":\"ghc.thread.life\",\"attrs\":{\"thread\":\"7\"},"
		                    "\"t_ns\":1767225600000000100,\"dur_ns\":400,\"value\":230}");
		recorder_free(heard.rec);
	}
}

/* To as many capabilities, and here again each time: one of the ends that wait is here. */
static void ends_of_one_threads_migrations_wait_on_so_many_capabilities_and_no_more(void **state)
{
	enum {
		LISTS_MAX = 256,
	};

	for (unsigned n = LISTS_MAX - 1; n <= LISTS_MAX; n++) {
		struct eventlog_writer w;
		struct heard heard;

		begin(&w);
		write_block(&w, T0, 0);
		for (unsigned to = 1; to <= n; to++)
			write_numbers(&w, 4, T0 + to, "ih", 7, to);
		write_block_end(&w, T0 + 1000);
		finish(&w);
		heard = hear_plain(&w);
		assert_int_equal(count_of(&heard, "\"eventlog.migrations\""), n == LISTS_MAX);
		recorder_free(heard.rec);
	}
}

/* It was sent on before it did anything. The capability in the middle is read last. */
static void a_thread_that_only_passed_through_is_joined_too(void **state)
{
	static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	static const struct lend_pair all[] = { { "thread_min", "0" } };

	for (size_t k = 0; k < 6; k++) {
		struct eventlog_writer w;
		struct heard heard;

		begin(&w);
		for (int i = 0; i < 3; i++) {
			write_block(&w, T0, (uint32_t)orders[k][i]);
			if (orders[k][i] == 0) {
				write_numbers(&w, 0, T0 + 100, "i", 7);
				write_numbers(&w, 4, T0 + 200, "ih", 7, 1);
			} else if (orders[k][i] == 1) {
				write_numbers(&w, 4, T0 + 300, "ih", 7, 2);
			} else {
				write_numbers(&w, 1, T0 + 400, "i", 7);
				write_numbers(&w, 2, T0 + 450, "ihi", 7, 5, 0);
			}
			write_block_end(&w, T0 + 1000);
		}
		finish(&w);
		heard = hear(&w, all, 1, NULL, 0);
		assert_says(&heard,
		            "\"state\":\"runnable\",\"thread\":\"7\"},\"t_ns\":1767225600000000450,\"value\":300}");
		assert_says(&heard, "\"count\":1,\"zero\":0,\"sum\":300,\"min\":300,\"max\":300,");
		recorder_free(heard.rec);
	}
}

static void a_wake_up_from_elsewhere_counts_and_changes_nothing(void **state)
{
	static const struct lend_pair all[] = { { "thread_min", "0" } };
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, T0, 1);
	write_numbers(&w, 8, T0 + 100, "ih", 7, 0);
	write_block_end(&w, T0 + 1000);
	write_block(&w, T0, 0);
	write_numbers(&w, 0, T0 + 10, "i", 7);
	write_numbers(&w, 1, T0 + 20, "i", 7);
	write_numbers(&w, 2, T0 + 30, "ihi", 7, 12, 0);
	write_numbers(&w, 8, T0 + 110, "ih", 7, 0);
	write_numbers(&w, 1, T0 + 140, "i", 7);
	write_numbers(&w, 2, T0 + 150, "ihi", 7, 5, 0);
	write_block_end(&w, T0 + 1000);
	finish(&w);
	heard = hear(&w, all, 1, NULL, 0);
	assert_says(&heard, "\"state\":\"stm\",\"thread\":\"7\"},\"t_ns\":1767225600000000150,\"value\":80}");
	assert_says(&heard, "{\"number\":\"ghc.thread.wakeups\",\"attrs\":{\"capability\":\"1\"}");
	recorder_free(heard.rec);
}

static void threads_that_ran_little_are_put_together(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, T0, 0);
	for (uint32_t id = 1; id <= 3; id++) {
		uint64_t start_ns = T0 + id * 50000000;

		write_numbers(&w, 0, start_ns, "i", id);
		write_numbers(&w, 1, start_ns, "i", id);
		write_numbers(&w, 2, start_ns + (id == 3 ? 10000000 : 9999999), "ihi", id, 5, 0);
	}
	write_record(&w, 44, T0 + 300000000, "\0\0\0\1too late", 12);
	write_block_end(&w, T0 + 400000000);
	finish(&w);
	heard = hear_plain(&w);
	assert_says(&heard,
	            "{\"state\":\"running\",\"thread\":\"3\"},\"t_ns\":1767225600160000000,\"value\":10000000}");
	assert_says(&heard,
	            "{\"state\":\"running\",\"thread\":\"other\"},\"t_ns\":1767225600109999999,\"value\":19999998}");
	assert_silent_on(&heard, "\"thread\":\"1\"");
	recorder_free(heard.rec);
}

static void a_reason_to_stop_that_nobody_knows_is_other(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, T0, 0);
	write_numbers(&w, 1, T0 + 1, "i", 1);
	write_numbers(&w, 2, T0 + 2, "ihi", 1, 22, 0);
	write_numbers(&w, 1, T0 + 3, "i", 1);
	write_numbers(&w, 2, T0 + 4, "ihi", 1, 21, 0);
	write_numbers(&w, 1, T0 + 5, "i", 1);
	write_numbers(&w, 2, T0 + 6, "ihi", 1, 0xffff, 0);
	write_block_end(&w, T0 + 10);
	finish(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "\"ghc.thread.stops\",\"attrs\":{\"capability\":\"0\",\"reason\":\"other\"},"
	                    "\"t_ns\":1767225600000000006,\"value\":2}");
	assert_says(&heard, "\"reason\":\"io\"},\"t_ns\":1767225600000000006,\"value\":1}");
	recorder_free(heard.rec);
}

static void so_many_threads_are_known_at_one_time_and_no_more(void **state)
{
	for (uint32_t n_more = 0; n_more <= 1; n_more++) {
		struct eventlog_writer w;
		struct heard heard;

		begin(&w);
		write_block(&w, T0, 0);
		for (uint32_t id = 1; id <= (1 << 17) + n_more; id++)
			write_numbers(&w, 0, T0 + id, "i", id);
		write_numbers(&w, 1, T0 + 200000, "i", (1 << 17) + n_more);
		write_numbers(&w, 2, T0 + 200100, "ihi", (1 << 17) + n_more, 5, 0);
		write_block_end(&w, T0 + 300000);
		finish(&w);
		heard = hear_plain(&w);
		assert_int_equal(count_of(&heard, "eventlog.threads\""), n_more);
		assert_says(&heard, "\"ghc.capability.time\",\"attrs\":{\"capability\":\"0\",\"state\":\"running\"},"
		                    "\"t_ns\":1767225600000200100,\"value\":100}");
		recorder_free(heard.rec);
	}
}

/* ---- Collections ---- */

static void write_stats(struct eventlog_writer *w, uint64_t time_ns, uint32_t generation)
{
	write_numbers(w, 53, time_ns, "ihqqqiqqq", 1, generation, (uint64_t)1000, (uint64_t)2, (uint64_t)3, 1,
	              (uint64_t)0, (uint64_t)0, (uint64_t)0);
}

static void the_pause_is_the_leaders(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, T0, 0);
	write_record(&w, 12, T0 + 10, NULL, 0);
	write_record(&w, 9, T0 + 30, NULL, 0);
	write_stats(&w, T0 + 95, 1);
	write_record(&w, 10, T0 + 90, NULL, 0);
	write_block_end(&w, T0 + 100);
	write_block(&w, T0, 1);
	write_record(&w, 9, T0 + 35, NULL, 0);
	write_record(&w, 21, T0 + 40, NULL, 0);
	write_record(&w, 20, T0 + 60, NULL, 0);
	write_record(&w, 22, T0 + 65, NULL, 0);
	write_record(&w, 10, T0 + 85, NULL, 0);
	write_block_end(&w, T0 + 100);
	finish(&w);
	heard = hear_plain(&w);
	assert_int_equal(count_of(&heard, "\"ghc.gc.pause\""), 1);
	assert_says(&heard, "{\"span\":\"ghc.gc.pause\",\"attrs\":{\"generation\":\"1\",\"mode\":\"parallel\"},"
	                    "\"t_ns\":1767225600000000030,\"dur_ns\":60,\"value\":20}");
	assert_says(&heard, "\"ghc.gc.sync\",\"attrs\":{\"capability\":\"0\"}");
	assert_says(&heard, "\"sum\":20,\"min\":20,\"max\":20,");
	assert_says(&heard, "{\"capability\":\"1\",\"state\":\"work\"},\"t_ns\":1767225600000000085,\"value\":20}");
	assert_says(&heard, "{\"capability\":\"1\",\"state\":\"idle\"},\"t_ns\":1767225600000000085,\"value\":5}");
	assert_says(&heard, "{\"capability\":\"1\",\"state\":\"done\"},\"t_ns\":1767225600000000085,\"value\":20}");
	assert_says(&heard, "\"ghc.capability.time\",\"attrs\":{\"capability\":\"1\",\"state\":\"gc\"},"
	                    "\"t_ns\":1767225600000000085,\"value\":50}");
	recorder_free(heard.rec);
}

static void write_collection(struct eventlog_writer *w, uint64_t time_ns, uint32_t generation)
{
	write_record(w, 9, time_ns, NULL, 0);
	write_stats(w, time_ns + 12, generation);
	write_record(w, 10, time_ns + 10, NULL, 0);
}

static void write_run(struct eventlog_writer *w, uint64_t time_ns, uint32_t status)
{
	write_numbers(w, 1, time_ns, "i", 1);
	write_numbers(w, 2, time_ns + 1, "ihi", 1, status, 0);
}

static void a_pause_has_the_cause_that_went_before_it(void **state)
{
	const uint64_t tick_ns = 10000000;
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, T0, 0);
	write_run(&w, T0, 1);
	write_collection(&w, T0 + 10, 0);
	write_run(&w, T0 + 30, 6);
	write_collection(&w, T0 + 40, 1);
	write_run(&w, T0 + 60, 3);
	write_collection(&w, T0 + 70, 0);
	write_run(&w, T0 + 90, 7);
	write_collection(&w, T0 + 90 + tick_ns, 1);
	write_run(&w, T0 + 110 + tick_ns, 7);
	write_collection(&w, T0 + 111 + 2 * tick_ns, 1);
	/* A threaded runtime collects everything of itself after such a call, too. */
	for (uint32_t generation = 0; generation <= 1; generation++) {
		uint64_t t = T0 + 200 + (2 + generation) * tick_ns;

		write_run(&w, t, 6);
		write_record(&w, 12, t + 10, NULL, 0);
		write_collection(&w, t + 15, generation);
	}
	write_block_end(&w, T0 + 5 * tick_ns);
	finish(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"cause\":\"allocation\",\"generation\":\"0\"},\"t_ns\":1767225600000000010,");
	assert_says(&heard, "{\"cause\":\"request\",\"generation\":\"1\"},\"t_ns\":1767225600000000040,");
	assert_says(&heard, "{\"generation\":\"0\"},\"t_ns\":1767225600000000070,");
	assert_says(&heard, "{\"generation\":\"1\"},\"t_ns\":1767225600010000090,");
	assert_says(&heard, "{\"cause\":\"idle\",\"generation\":\"1\"},\"t_ns\":1767225600020000111,");
	assert_says(&heard, "{\"cause\":\"request\",\"generation\":\"0\",\"mode\":\"parallel\"}");
	assert_says(&heard, "{\"span\":\"ghc.gc.pause\",\"attrs\":{\"generation\":\"1\",\"mode\":\"parallel\"}");
	recorder_free(heard.rec);
}

static void what_each_collection_did_stands_at_its_end(void **state)
{
	static const struct lend_pair each[] = { { "detail", "collections" } };

	for (int is_each = 0; is_each <= 1; is_each++) {
		struct eventlog_writer w;
		struct heard heard;

		begin(&w);
		write_block(&w, T0, 0);
		for (uint32_t i = 0; i < 4; i++)
			write_collection(&w, T0 + 100 * i, i == 2);
		write_block_end(&w, T0 + 500);
		finish(&w);
		heard = hear(&w, each, (uint32_t)is_each, NULL, 0);
		assert_says(&heard, "\"ghc.gc.copied\",\"attrs\":{\"capability\":\"0\",\"generation\":\"1\"},"
		                    "\"t_ns\":1767225600000000210,\"value\":1000}");
		assert_says(&heard, "\"ghc.heap.slop\",\"attrs\":{},\"t_ns\":1767225600000000210,\"value\":2}");
		assert_says(&heard,
		            "\"ghc.heap.fragmentation\",\"attrs\":{},\"t_ns\":1767225600000000210,\"value\":3}");
		assert_int_equal(
			count_of(&heard, "\"ghc.gc.copied\",\"attrs\":{\"capability\":\"0\",\"generation\":\"0\"}"),
			is_each ? 3 : 2);
		assert_int_equal(count_of(&heard, "\"ghc.heap.slop\""), is_each ? 4 : 2);
		recorder_free(heard.rec);
	}
}

static void generations_beyond_the_bound_are_counted_without_a_number(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, T0, 0);
	for (uint32_t generation = 15; generation <= 16; generation++) {
		write_record(&w, 9, T0 + 10 * generation, NULL, 0);
		write_stats(&w, T0 + 10 * generation + 1, generation);
		write_record(&w, 10, T0 + 10 * generation + 2, NULL, 0);
	}
	write_block_end(&w, T0 + 500);
	finish(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "\"ghc.gc.count\",\"attrs\":{\"capability\":\"0\",\"generation\":\"15\"}");
	assert_says(&heard, "\"ghc.gc.count\",\"attrs\":{\"capability\":\"0\"}");
	recorder_free(heard.rec);
}

static void an_end_without_a_start_is_unpaired(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, T0, 0);
	write_record(&w, 10, T0 + 10, NULL, 0);
	write_record(&w, 20, T0 + 11, NULL, 0);
	write_record(&w, 203, T0 + 12, NULL, 0);
	write_numbers(&w, 57, T0 + 13, "q", (uint64_t)9);
	write_block_end(&w, T0 + 500);
	finish(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "\"eventlog.unpaired\":4");
	recorder_free(heard.rec);
}

/* ---- What programs say ---- */

static void a_span_may_start_on_one_capability_and_stop_on_another(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
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
	finish(&w);
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

	begin(&w);
	write_block(&w, T0, 0);
	write_text(&w, 19, T0 + ms, "START x");
	for (uint64_t i = 2; i < 20000; i++)
		write_text(&w, 19, T0 + i * ms, "m");
	write_block_end(&w, T0 + 20000 * ms);
	write_block(&w, T0, 1);
	write_text(&w, 19, T0 + 3 * ms, "STOP x");
	write_block_end(&w, T0 + 20000 * ms);
	finish(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"span\":\"ghc.user.span\",\"attrs\":{\"label\":\"x\"},\"t_ns\":1767225600001000000,"
	                    "\"dur_ns\":2000000}");
	assert_silent_on(&heard, "eventlog.late_messages");
	recorder_free(heard.rec);
}

static void spans_of_one_label_nest(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, T0, 0);
	write_text(&w, 19, T0 + 10, "START a");
	write_text(&w, 19, T0 + 20, "START a");
	write_text(&w, 19, T0 + 30, "STOP a");
	write_text(&w, 19, T0 + 50, "STOP a");
	write_block_end(&w, T0 + 100);
	finish(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "\"t_ns\":1767225600000000020,\"dur_ns\":10}");
	assert_says(&heard, "\"t_ns\":1767225600000000010,\"dur_ns\":40}");
	recorder_free(heard.rec);
}

static void a_span_is_found_whether_its_label_was_kept_before_or_after_it_started(void **state)
{
	static const char *const spans[] = { "\"t_ns\":1767225600000000020,\"dur_ns\":10}",
		                             "\"t_ns\":1767225600000000040,\"dur_ns\":5}",
		                             "\"t_ns\":1767225600000000010,\"dur_ns\":40}" };
	static const char *const words[] = { "START a", "START a", "STOP a", "START a", "STOP a", "STOP a", "STOP a" };
	static const uint8_t at_ns[] = { 10, 20, 30, 40, 45, 50, 60 };
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, T0, 0);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		write_text(&w, 19, T0 + at_ns[i], words[i]);
	write_block_end(&w, T0 + 100);
	finish(&w);
	heard = hear_plain(&w);
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

	begin(&w);
	write_block(&w, T0, 0);
	write_text(&w, 19, T0 + 10, "one");
	write_text(&w, 58, T0 + 20, "two");
	write_text(&w, 19, T0 + 30, "three");
	write_text(&w, 19, T0 + 40, "one");
	write_block_end(&w, T0 + 100);
	finish(&w);
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

	begin(&w);
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
	finish(&w);
	heard = hear_plain(&w);
	assert_says(&heard,
	            "{\"weight\":\"ghc.profile.samples\",\"attrs\":{},\"stack\":[\"outer\",\"outer\",\"inner\"],"
	            "\"module\":\"M\",\"src\":\"M.hs:1\"");
	assert_says(&heard, "\"span\":\"ghc.user.binary\",\"attrs\":{},\"t_ns\":1767225600000000008,\"dur_ns\":0,"
	                    "\"value\":3}");
	assert_int_equal(heard.result.ledger.n_bad, 1);
	recorder_free(heard.rec);
}

/* ---- Logs that are still being written ---- */

/* Up to n_polls, and every second time there is nothing new. */
static struct heard hear_live(struct eventlog_writer *w, const struct lend_pair *context, uint32_t n_context,
                              int64_t step_ns, uint64_t n_polls)
{
	const struct golden what = {
		.collector = "ghc-eventlog", .input = DATA "user.eventlog", .context = context, .n_context = n_context
	};
	struct recorder_setup setup = golden_setup(&what);
	const struct recorder_setup ours = setup;
	struct heard heard = { 0 };
	struct weir_error error = { "" };

	setup.inputs[0] = (struct recorder_input){ w->at, w->n, 1 };
	setup.now_ns = (int64_t)1767225601000000000;
	setup.now_step_ns = step_ns;
	setup.n_polls = n_polls;
	setup.windows = RECORDER_STEPS;
	setup.step = w->n - 1;
	setup.again_every = 2;
	if (recorder_run(&setup, &heard.rec, &heard.result, &error) < 0)
		fail_msg("%s", error.text);
	heard.text = recorder_text(heard.rec);
	setup.inputs[0] = ours.inputs[0];
	golden_done(&setup);
	return heard;
}

static void write_live(struct eventlog_writer *w, int has_clock)
{
	eventlog_writer_init(w);
	write_header(w);
	if (has_clock) {
		write_block(w, 0, 0xffff);
		write_clock(w);
		write_block_end(w, T0);
	}
	write_block(w, T0, 1);
	write_text(w, 19, T0 + 50, "idle from now on");
	write_text(w, 19, T0 + 50, "START walk");
	write_block_end(w, T0 + 50);
	write_block(w, T0, 0);
	write_record(w, 9, T0 + 60, NULL, 0);
	write_stats(w, T0 + 61, 1);
	write_record(w, 10, T0 + 70, NULL, 0);
	write_numbers(w, 51, T0 + 80, "iq", 1, (uint64_t)77);
	write_text(w, 19, (uint64_t)5000 * T0, "five seconds later");
	write_text(w, 19, (uint64_t)5000 * T0, "STOP walk");
	write_block_end(w, (uint64_t)5000 * T0);
	finish(w);
}

static void a_live_log_is_said_as_it_comes(void **state)
{
	static const char *const words[] = {
		"idle from now on", "five seconds later", "\"walk\"",
		"\"ghc.gc.pause\"", "\"value\":77}",      "\"ghc.capability.utilisation\""
	};
	struct eventlog_writer w;
	struct heard heard;

	write_live(&w, 1);
	heard = hear_live(&w, NULL, 0, 600000000, 2);
	assert_int_equal(heard.result.r, WEIR_AGAIN);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_says(&heard, words[i]);
	assert_says(&heard, "\"t_ns\":1767225600000000050,");
	recorder_free(heard.rec);
	/* So soon after the last bytes more may be on its way. */
	heard = hear_live(&w, NULL, 0, 300000000, 2);
	assert_says(&heard, "five seconds later");
	assert_silent_on(&heard, "\"walk\"");
	recorder_free(heard.rec);
	heard = hear_live(&w, NULL, 0, 100000000, 2);
	assert_silent_on(&heard, "idle from now on");
	recorder_free(heard.rec);
	eventlog_writer_done(&w);
}

static void a_live_log_without_a_clock_is_tied_by_what_is_known(void **state)
{
	static const struct lend_pair start[] = { { "process.start_ns", "1767225500000000000" } };
	struct eventlog_writer w;
	struct heard heard;

	write_live(&w, 0);
	heard = hear_live(&w, start, 1, 600000000, 2);
	assert_says(&heard, "\"tie\":\"start of the process\"");
	assert_says(&heard, "\"t_ns\":1767225500001000080,\"value\":77}");
	recorder_free(heard.rec);
	/* The latest record, 5 s after the start, came with the first bytes. */
	heard = hear_live(&w, NULL, 0, 600000000, 2);
	assert_says(&heard, "\"tie\":\"arrival of its records\"");
	assert_says(&heard, "\"t_ns\":1767225596601000080,\"value\":77}");
	recorder_free(heard.rec);
	eventlog_writer_done(&w);
}

/* ---- Who wrote it ---- */

static void write_identity(struct eventlog_writer *w)
{
	begin(w);
	write_block(w, T0, 0xffff);
	write_record(w, 29, T0 + 1, "\0\0\0\1GHC-8.6.5 rts_thr_p", 23);
	write_record(w, 30, T0 + 2, "\0\0\0\1/opt/run\0--key\0k3y\0+RTS\0-N2\0-RTS\0more\0--RTS\0+RTS", 53);
	write_record(w, 31, T0 + 3, "\0\0\0\1TOKEN=s3cret\0", 17);
	write_numbers(w, 32, T0 + 4, "ii", 1, 4711);
	write_block_end(w, T0 + 100);
	finish(w);
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

		begin(&w);
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
		finish(&w);
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

static void counters_of_perf_add_up(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, T0, 0);
	write_record(&w, 140, T0 + 1, "\0\0\0\7cycles", 10);
	write_record(&w, 140, T0 + 1, "\0\0\0\10sched:switch", 16);
	write_numbers(&w, 141, T0 + 10, "iqq", 7, (uint64_t)99, (uint64_t)1000);
	write_numbers(&w, 141, T0 + 20, "iqq", 7, (uint64_t)98, (uint64_t)500);
	write_numbers(&w, 142, T0 + 30, "iq", 8, (uint64_t)99);
	write_numbers(&w, 142, T0 + 40, "iq", 9, (uint64_t)99);
	write_block_end(&w, T0 + 100);
	finish(&w);
	heard = hear_plain(&w);
	assert_says(
		&heard,
		"\"ghc.perf.count\",\"attrs\":{\"counter\":\"cycles\"},\"t_ns\":1767225600000000020,\"value\":1500}");
	assert_says(&heard, "\"attrs\":{\"counter\":\"sched:switch\"},\"t_ns\":1767225600000000030,\"value\":1}");
	assert_says(&heard, "\"eventlog.unpaired\":1");
	recorder_free(heard.rec);
}

static void eras_are_a_breakdown_of_their_own(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, T0, 0xffff);
	write_record(&w, 160, T0 + 1, "\1\0\0\0\0\0\0\0\0\0\0\0\11\0\0\0\0\0\0\0", 20);
	write_numbers(&w, 162, T0 + 10, "q", (uint64_t)0);
	write_record(&w, 164, T0 + 12,
	             "\1\0\0\0\0\0\0\0\52"
	             "3",
	             11);
	write_numbers(&w, 165, T0 + 15, "q", (uint64_t)0);
	write_block_end(&w, T0 + 100);
	finish(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"weight\":\"ghc.heap.residency\",\"attrs\":{\"breakdown\":\"era\"},\"stack\":[\"3\"],"
	                    "\"t_ns\":1767225600000000010,\"self\":42}");
	recorder_free(heard.rec);
}

/* ---- Ticky-ticky ---- */

enum {
	TICKY_HELD = 1 << 18, /* samples that wait for their counters' names */
};

static void write_ticky(struct eventlog_writer *w, uint64_t time_ns, uint64_t id, uint64_t n_entries)
{
	write_numbers(w, 211, time_ns, "qqqq", id, n_entries, 2 * n_entries, (uint64_t)0);
}

static void write_ticky_name(struct eventlog_writer *w, uint64_t time_ns, uint64_t id)
{
	static const char rest[] = "\0\2LM\0go{v r2} (Main) (fun) in r1\0\0\0\0\0\0\0\0\x10"
				   "{\"type\":\"entCntr\",\"subTy\":\"fun\",\"fvs_c\":1,\"fvs\":\"I\",\"args\":\"LM\"}";
	uint8_t payload[8 + sizeof(rest)] = { 0 };

	payload[7] = (uint8_t)id;
	memcpy(payload + 8, rest, sizeof(rest));
	write_record(w, 210, time_ns, payload, sizeof(payload));
}

static void ticky_counters_get_the_names_that_come_last(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, T0, 0xffff);
	write_numbers(&w, 212, T0 + 10, "");
	write_ticky(&w, T0 + 11, 7, 5);
	write_numbers(&w, 212, T0 + 20, "");
	write_ticky(&w, T0 + 21, 7, 6);
	write_ticky(&w, T0 + 22, 8, 9);
	write_ticky_name(&w, T0 + 30, 7);
	write_block_end(&w, T0 + 40);
	finish(&w);
	heard = hear_plain(&w);
	assert_says(&heard,
	            "{\"weight\":\"ghc.ticky.entries\",\"attrs\":{},\"stack\":[\"go{v r2} (Main) (fun) in r1\"],"
	            "\"module\":\"Main\",\"native\":7,\"t_ns\":1767225600000000010,\"dur_ns\":10,\"self\":6}");
	assert_says(
		&heard,
		"{\"weight\":\"ghc.ticky.arity\",\"attrs\":{\"arguments\":\"LM\",\"closure\":\"fun\",\"free\":\"I\"}");
	assert_int_equal(count_of(&heard, "\"ghc.ticky.alloc\""), 3);
	assert_silent_on(&heard, "ghc.ticky.allocd");
	/* Its name never came: its number has to do. */
	assert_says(&heard, "\"stack\":[\"0x8\"]");
	assert_says(&heard, "\"eventlog.unnamed_ticky\"");
	assert_silent_on(&heard, "unpaired");
	recorder_free(heard.rec);
}

static void ticky_samples_of_9_2_go_on_where_the_last_ended(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	write_block(&w, T0, 0xffff);
	write_ticky(&w, T0 + 10, 7, 5);
	write_ticky(&w, T0 + 50, 7, 6);
	write_ticky_name(&w, T0 + 60, 7);
	write_block_end(&w, T0 + 70);
	finish(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "\"t_ns\":1767225600000000010,\"dur_ns\":40,\"self\":6}");
	recorder_free(heard.rec);
}

static uint64_t sum_of_entries(const struct heard *heard)
{
	static const char words[] = "{\"weight\":\"ghc.ticky.entries\"", self[] = "\"self\":";
	const char *at = heard->text.at, *end = at + heard->text.n_bytes;
	uint64_t sum = 0;

	while ((at = find(at, end, words))) {
		at = find(at, end, self);
		assert_non_null(at);
		sum += strtoull(at + sizeof(self) - 1, NULL, 10);
	}
	return sum;
}

static void so_many_ticky_samples_wait_and_further_ones_are_added_to_them(void **state)
{
	for (unsigned n_more = 0; n_more <= 1; n_more++) {
		struct eventlog_writer w;
		struct heard heard;

		begin(&w);
		write_block(&w, T0, 0xffff);
		write_numbers(&w, 212, T0 + 10, "");
		for (unsigned i = 0; i < TICKY_HELD + n_more; i++)
			write_ticky(&w, T0 + 11 + i, 7, 3);
		if (n_more)
			write_ticky(&w, T0 + 12 + TICKY_HELD, 9, 3); /* a new one finds no place */
		write_ticky_name(&w, T0 + 2 * TICKY_HELD, 7);
		write_block_end(&w, T0 + 2 * TICKY_HELD);
		finish(&w);
		heard = hear_plain(&w);
		assert_int_equal(sum_of_entries(&heard), 3 * (TICKY_HELD + n_more));
		assert_int_equal(count_of(&heard, "{\"weight\":\"ghc.ticky.entries\""), TICKY_HELD);
		assert_int_equal(count_of(&heard, "eventlog.ticky_merged"), n_more);
		assert_int_equal(count_of(&heard, "\"eventlog.limit\":1"), n_more);
		recorder_free(heard.rec);
	}
}

/* ---- The ledger ---- */

static void unknown_and_foreign_types_are_passed_over_and_counted(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	eventlog_writer_init(&w);
	w.size[300] = 1;
	write_header(&w);
	write_block(&w, 0, 0);
	write_record(&w, 300, T0, "x", 1);
	write_record(&w, 300, T0, "x", 1);
	write_record(&w, 60, T0, NULL, 0);
	write_record(&w, 113, T0, NULL, 0);
	write_block_end(&w, T0);
	finish(&w);
	heard = hear(&w, NULL, 0, mtime, 1);
	assert_says(&heard, "\"eventlog.unknown\":2");
	assert_says(&heard, "\"eventlog.foreign\":2");
	assert_says(&heard, "records of type 300, which is not known, were passed over");
	assert_says(&heard, "{\"end\":\"ok\"");
	recorder_free(heard.rec);
}

static void logs_of_killed_programs_are_whole_as_far_as_they_go(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	begin(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"diag\":\"eventlog.no_end\",\"severity\":\"note\"");
	assert_says(&heard, "{\"end\":\"ok\"");
	recorder_free(heard.rec);
	begin(&w);
	write_block(&w, 0, 0);
	write_bytes(&w, "\0\1\0", 3);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"diag\":\"eventlog.cut\",\"severity\":\"warning\"");
	assert_says(&heard, "{\"end\":\"partial\"");
	recorder_free(heard.rec);
	eventlog_writer_init(&w);
	write_bytes(&w, "", 0);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"diag\":\"eventlog.empty\"");
	recorder_free(heard.rec);
}

/* Any bytes of a real log taken out: the rest is still said, and what is lost is told. */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* hear() holds the ledger against itself, and no observation that the host would refuse may come of it. */
static void flipped_bits_leave_the_ledger_adding_up(void **state)
{
	uint64_t seed = 20261121;

	for (int round = 0; round < 240; round++) {
		struct eventlog_writer w = { 0 };
		struct bytes file;
		const struct golden *g = &goldens[round % N_GOLDENS];
		char path[512];
		size_t n_kept;

		(void)snprintf(path, sizeof(path), "%s/%s", WEIR_SOURCE_ROOT, g->input);
		file = bytes_read(path);
		n_kept = round % 3 ? file.n : 2000 + next_random(&seed) % (file.n - 2000);
		write_bytes(&w, file.at, n_kept);
		for (int i = round % 7; i >= 0; i--)
			w.at[2000 + next_random(&seed) % (n_kept - 2000)] ^= (uint8_t)(1 << next_random(&seed) % 8);
		bytes_done(&file);
		recorder_free(hear(&w, g->options, g->n_options, mtime, 1).rec);
	}
}

static void damage_costs_what_is_damaged_only(void **state)
{
	struct bytes file = bytes_read(WEIR_SOURCE_ROOT "/" DATA "hc.eventlog");
	uint64_t seed = 4711;

	for (int round = 0; round < 200; round++) {
		struct eventlog_writer w;
		struct heard heard;
		size_t at, n;

		seed = seed * 6364136223846793005 + 1442695040888963407;
		at = 4000 + (seed >> 33) % (file.n - 4100);
		n = 1 + (seed >> 20) % 40;
		eventlog_writer_init(&w);
		write_bytes(&w, file.at, at);
		write_bytes(&w, file.at + at + n, file.n - at - n);
		heard = hear_plain(&w);
		assert_true(heard.result.ledger.n_read > 200);
		assert_true(count_of(&heard, "\"diag\":\"eventlog.") > 0);
		recorder_free(heard.rec);
	}
	bytes_done(&file);
}

static void a_damaged_header_is_the_end_of_it(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	eventlog_writer_init(&w);
	write_bytes(&w, "hdrbhetbetb", 12);
	write_bytes(&w, "\0\0\0\4\xff\0\0\0", 8);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"diag\":\"eventlog.header\",\"severity\":\"error\"");
	assert_says(&heard, "{\"end\":\"failed\"");
	recorder_free(heard.rec);
}

/* ---- Buckets ---- */

/* By the definition: bucket j (counted from 0 here) holds the values in (2^((j-1)/8), 2^(j/8)]. v^8 <= 2^j, in long
 * division. */
static int is_at_most(uint64_t value, uint32_t bucket)
{
	long double power = 1;

	for (int i = 0; i < 8; i++)
		power *= (long double)value;
	for (uint32_t i = 0; i < bucket; i++)
		power /= 2;
	return power <= 1;
}

static void every_value_is_in_its_bucket(void **state)
{
	uint64_t seed = 88172645463325252;

	for (int i = 0; i < 200000; i++) {
		uint64_t value;
		uint32_t bucket;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		value = i < 5000 ? (uint64_t)i + 1 : seed >> (seed & 63);
		if (!value)
			continue;
		bucket = distribution_bucket(value);
		assert_true(bucket < DISTRIBUTION_BUCKETS);
		assert_true(is_at_most(value, bucket));
		assert_true(bucket == 0 || !is_at_most(value, bucket - 1));
	}
	assert_int_equal(distribution_bucket(1), 0);
	assert_int_equal(distribution_bucket(UINT64_MAX), DISTRIBUTION_BUCKETS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_log_says_what_it_said),
		cmocka_unit_test(windows_make_no_difference),
		cmocka_unit_test(every_beginning_of_a_log_ends_well),
		cmocka_unit_test(times_wait_for_a_clock_that_comes_last),
		cmocka_unit_test(without_a_clock_what_the_run_knows_has_to_do),
		cmocka_unit_test(what_is_too_much_to_wait_has_the_clock_that_a_second_look_finds),
		cmocka_unit_test(a_second_clock_changes_nothing),
		cmocka_unit_test(a_clock_without_sense_is_bad),
		cmocka_unit_test(a_time_beyond_all_reason_is_bad_and_spoils_nothing),
		cmocka_unit_test(a_long_idle_stretch_is_one_interval),
		cmocka_unit_test(a_migration_is_joined_whichever_side_is_read_first),
		cmocka_unit_test(a_thread_that_only_passed_through_is_joined_too),
		cmocka_unit_test(ends_of_one_threads_migrations_wait_on_so_many_capabilities_and_no_more),
		cmocka_unit_test(a_wake_up_from_elsewhere_counts_and_changes_nothing),
		cmocka_unit_test(threads_that_ran_little_are_put_together),
		cmocka_unit_test(a_reason_to_stop_that_nobody_knows_is_other),
		cmocka_unit_test(so_many_threads_are_known_at_one_time_and_no_more),
		cmocka_unit_test(the_pause_is_the_leaders),
		cmocka_unit_test(a_pause_has_the_cause_that_went_before_it),
		cmocka_unit_test(what_each_collection_did_stands_at_its_end),
		cmocka_unit_test(generations_beyond_the_bound_are_counted_without_a_number),
		cmocka_unit_test(an_end_without_a_start_is_unpaired),
		cmocka_unit_test(a_span_may_start_on_one_capability_and_stop_on_another),
		cmocka_unit_test(capabilities_that_are_read_late_are_in_order_with_the_others),
		cmocka_unit_test(spans_of_one_label_nest),
		cmocka_unit_test(a_span_is_found_whether_its_label_was_kept_before_or_after_it_started),
		cmocka_unit_test(so_many_different_texts_are_kept_and_no_more),
		cmocka_unit_test(call_stacks_of_the_stack_profiler_have_names),
		cmocka_unit_test(a_live_log_is_said_as_it_comes),
		cmocka_unit_test(a_live_log_without_a_clock_is_tied_by_what_is_known),
		cmocka_unit_test(the_environment_is_never_kept_unless_it_is_asked_for),
		cmocka_unit_test(arguments_are_told_from_the_runtimes_and_can_be_left_out),
		cmocka_unit_test(capability_sets_say_whose_they_are),
		cmocka_unit_test(counters_of_perf_add_up),
		cmocka_unit_test(eras_are_a_breakdown_of_their_own),
		cmocka_unit_test(ticky_counters_get_the_names_that_come_last),
		cmocka_unit_test(ticky_samples_of_9_2_go_on_where_the_last_ended),
		cmocka_unit_test(so_many_ticky_samples_wait_and_further_ones_are_added_to_them),
		cmocka_unit_test(unknown_and_foreign_types_are_passed_over_and_counted),
		cmocka_unit_test(logs_of_killed_programs_are_whole_as_far_as_they_go),
		cmocka_unit_test(flipped_bits_leave_the_ledger_adding_up),
		cmocka_unit_test(damage_costs_what_is_damaged_only),
		cmocka_unit_test(a_damaged_header_is_the_end_of_it),
		cmocka_unit_test(every_value_is_in_its_bucket),
	};

	return cmocka_run_group_tests_name("ghc-eventlog", tests, NULL, NULL);
}
