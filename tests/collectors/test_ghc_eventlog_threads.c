/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/collectors/hear_eventlog.h"

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
	for (int is_leaving_first = 0; is_leaving_first <= 1; is_leaving_first++) {
		struct eventlog_writer w;
		struct heard heard;

		write_beginning(&w);
		if (is_leaving_first)
			write_leaving(&w);
		write_arriving(&w);
		if (!is_leaving_first)
			write_leaving(&w);
		write_end(&w);
		heard = hear(&w, eventlog_all_threads, 1, NULL, 0);
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

		write_beginning(&w);
		write_block(&w, T0, 0);
		for (unsigned to = 1; to <= n; to++)
			write_numbers(&w, 4, T0 + to, "ih", 7, to);
		write_block_end(&w, T0 + 1000);
		write_end(&w);
		heard = hear_plain(&w);
		assert_int_equal(count_of(&heard, "\"eventlog.migrations\""), n == LISTS_MAX);
		recorder_free(heard.rec);
	}
}

/* It was sent on before it did anything. The capability in the middle is read last. */
static void a_thread_that_only_passed_through_is_joined_too(void **state)
{
	static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	for (size_t k = 0; k < 6; k++) {
		struct eventlog_writer w;
		struct heard heard;

		write_beginning(&w);
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
		write_end(&w);
		heard = hear(&w, eventlog_all_threads, 1, NULL, 0);
		assert_says(&heard,
		            "\"state\":\"runnable\",\"thread\":\"7\"},\"t_ns\":1767225600000000450,\"value\":300}");
		assert_says(&heard, "\"count\":1,\"zero\":0,\"sum\":300,\"min\":300,\"max\":300,");
		recorder_free(heard.rec);
	}
}

static void a_wake_up_from_elsewhere_counts_and_changes_nothing(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
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
	write_end(&w);
	heard = hear(&w, eventlog_all_threads, 1, NULL, 0);
	assert_says(&heard, "\"state\":\"stm\",\"thread\":\"7\"},\"t_ns\":1767225600000000150,\"value\":80}");
	assert_says(&heard, "{\"number\":\"ghc.thread.wakeups\",\"attrs\":{\"capability\":\"1\"}");
	recorder_free(heard.rec);
}

static void threads_that_ran_little_are_put_together(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, T0, 0);
	for (uint32_t id = 1; id <= 3; id++) {
		uint64_t start_ns = T0 + id * 50000000;

		write_numbers(&w, 0, start_ns, "i", id);
		write_numbers(&w, 1, start_ns, "i", id);
		write_numbers(&w, 2, start_ns + (id == 3 ? 10000000 : 9999999), "ihi", id, 5, 0);
	}
	write_record(&w, 44, T0 + 300000000, "\0\0\0\1too late", 12);
	write_block_end(&w, T0 + 400000000);
	write_end(&w);
	heard = hear_plain(&w);
	assert_says(&heard,
	            "{\"state\":\"running\",\"thread\":\"3\"},\"t_ns\":1767225600160000000,\"value\":10000000}");
	assert_says(&heard,
	            "{\"state\":\"running\",\"thread\":\"other\"},\"t_ns\":1767225600109999999,\"value\":19999998}");
	assert_silent_on(&heard, "\"thread\":\"1\"");
	assert_says(&heard, "{\"number\":\"ghc.thread.others\",\"attrs\":{},\"t_ns\":1767225600109999999,\"value\":2}");
	assert_says(&heard,
	            "{\"histogram\":\"ghc.thread.run_time\",\"attrs\":{\"thread\":\"other\"},"
	            "\"t_ns\":1767225600050000000,\"dur_ns\":59999999,\"count\":2,\"zero\":0,\"sum\":19999998,");
	assert_says(&heard,
	            "{\"histogram\":\"ghc.thread.lifetime\",\"attrs\":{\"thread\":\"other\"},"
	            "\"t_ns\":1767225600050000000,\"dur_ns\":59999999,\"count\":2,\"zero\":0,\"sum\":19999998,");
	recorder_free(heard.rec);
}

/* Each runs for its number of nanoseconds, and all of them are worth series of their own. */
static void so_many_threads_have_series_of_their_own_and_nothing_of_the_others_is_lost(void **state)
{
	enum {
		SAID_MAX = 8192,
	};
	static const struct lend_pair every[] = { { "thread_min", "0" }, { "detail", "threads" } };

	for (uint32_t n_more = 0; n_more <= 1; n_more++) {
		struct eventlog_writer w;
		struct heard heard;

		write_beginning(&w);
		write_block(&w, T0, 0);
		for (uint32_t id = 1; id <= SAID_MAX + n_more; id++) {
			write_numbers(&w, 0, T0 + 10000 * id, "i", id);
			write_numbers(&w, 1, T0 + 10000 * id, "i", id);
			write_numbers(&w, 2, T0 + 10000 * id + id, "ihi", id, 5, 0);
		}
		write_block_end(&w, T0 + 10000 * (SAID_MAX + 2));
		write_end(&w);
		heard = hear(&w, every, 2, NULL, 0);
		assert_int_equal(count_of(&heard, "{\"number\":\"ghc.thread.time\""), SAID_MAX + n_more);
		assert_int_equal(count_of(&heard, "\"thread\":\"other\"},\"t_ns\":1767225600081938193,\"value\":8193}"),
		                 n_more);
		assert_int_equal(count_of(&heard, "\"eventlog.threads_together\""), n_more);
		assert_int_equal(count_of(&heard, "\"ghc.thread.life\""), SAID_MAX + n_more);
		assert_int_equal(count_of(&heard, "\"ghc.thread.run\""), SAID_MAX + n_more);
		recorder_free(heard.rec);
	}
}

static void a_reason_to_stop_that_nobody_knows_is_other(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, T0, 0);
	write_numbers(&w, 1, T0 + 1, "i", 1);
	write_numbers(&w, 2, T0 + 2, "ihi", 1, 22, 0);
	write_numbers(&w, 1, T0 + 3, "i", 1);
	write_numbers(&w, 2, T0 + 4, "ihi", 1, 21, 0);
	write_numbers(&w, 1, T0 + 5, "i", 1);
	write_numbers(&w, 2, T0 + 6, "ihi", 1, 0xffff, 0);
	write_block_end(&w, T0 + 10);
	write_end(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "\"ghc.thread.stops\",\"attrs\":{\"capability\":\"0\",\"reason\":\"other\"},"
	                    "\"t_ns\":1767225600000000006,\"value\":2}");
	assert_says(&heard, "\"reason\":\"io\"},\"t_ns\":1767225600000000006,\"value\":1}");
	recorder_free(heard.rec);
}

static void write_run(struct eventlog_writer *w, uint64_t time_ns, uint32_t id, uint64_t duration_ns, uint32_t status)
{
	write_numbers(w, 1, time_ns, "i", id);
	write_numbers(w, 2, time_ns + duration_ns, "ihi", id, status, 0);
}

/* The first one's place is free when the fourth is made. */
static void threads_whose_numbers_end_alike_are_told_apart(void **state)
{
	enum {
		WINDOW = 1 << 16, /* numbers whose threads have places of their own */
	};
	static const uint32_t ids[] = { 7, 7 + WINDOW, 7 + 2 * WINDOW, 7 + 3 * WINDOW };
	static const char *const times[] = { "000310,\"value\":10}", "004000,\"value\":1020}", "002000,\"value\":1030}",
		                             "000640,\"value\":40}" };
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, T0, 0);
	for (uint32_t i = 0; i < 3; i++)
		write_numbers(&w, 0, T0 + i, "i", ids[i]);
	write_run(&w, T0 + 100, ids[1], 20, 3);
	write_run(&w, T0 + 200, ids[2], 30, 3);
	write_run(&w, T0 + 300, ids[0], 10, 5);
	write_numbers(&w, 4, T0 + 400, "ih", ids[1], 1);
	write_numbers(&w, 4, T0 + 410, "ih", ids[2], 1);
	write_numbers(&w, 0, T0 + 500, "i", ids[3]);
	write_run(&w, T0 + 600, ids[3], 40, 5);
	write_block_end(&w, T0 + 700);
	write_block(&w, T0, 1);
	write_run(&w, T0 + 1000, ids[2], 1000, 5);
	write_run(&w, T0 + 3000, ids[1], 1000, 5);
	write_block_end(&w, T0 + 5000);
	write_end(&w);
	heard = hear(&w, eventlog_all_threads, 1, NULL, 0);
	for (int i = 0; i < 4; i++) {
		char words[128];

		(void)snprintf(words, sizeof(words),
		               "\"state\":\"running\",\"thread\":\"%u\"},\"t_ns\":1767225600000%s", ids[i], times[i]);
		assert_says(&heard, words);
	}
	assert_int_equal(count_of(&heard, "\"ghc.thread.life\",\"attrs\":{\"thread\""), 4);
	assert_int_equal(count_of(&heard, "eventlog.migrations"), 0);
	recorder_free(heard.rec);
}

static void so_many_threads_are_known_at_one_time_and_no_more(void **state)
{
	for (uint32_t n_more = 0; n_more <= 1; n_more++) {
		struct eventlog_writer w;
		struct heard heard;

		write_beginning(&w);
		write_block(&w, T0, 0);
		for (uint32_t id = 1; id <= (1 << 17) + n_more; id++)
			write_numbers(&w, 0, T0 + id, "i", id);
		write_numbers(&w, 1, T0 + 200000, "i", (1 << 17) + n_more);
		write_numbers(&w, 2, T0 + 200100, "ihi", (1 << 17) + n_more, 5, 0);
		write_block_end(&w, T0 + 300000);
		write_end(&w);
		heard = hear_plain(&w);
		assert_int_equal(count_of(&heard, "eventlog.threads\""), n_more);
		assert_says(&heard, "\"ghc.capability.time\",\"attrs\":{\"capability\":\"0\",\"state\":\"running\"},"
		                    "\"t_ns\":1767225600000200100,\"value\":100}");
		recorder_free(heard.rec);
	}
}

/* Threads that are over on the one capability and not on the other, as far as that has been read. */
static void finished_threads_that_are_elsewhere_too_make_no_room(void **state)
{
	enum {
		THREADS = 1 << 17,
		CHUNK = 1 << 10,
		FINISHED = THREADS - 2 * CHUNK, /* each is in one place in the end, and in two before */
	};
	uint64_t t = T0;
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	for (uint32_t first = 1; first <= FINISHED; first += CHUNK) {
		for (int step = 0; step < 3; step++) {
			write_block(&w, t, step == 1);
			for (uint32_t id = first; id < first + CHUNK; id++) {
				if (step == 0)
					write_numbers(&w, 0, ++t, "i", id);
				else
					write_numbers(&w, 1, ++t, "i", id);
				if (step > 0)
					write_numbers(&w, 2, ++t, "ihi", id, step == 1 ? 3 : 5, 0);
			}
			write_block_end(&w, t);
		}
	}
	write_block(&w, t, 0);
	for (uint32_t id = FINISHED + 1; id <= THREADS + 100; id++)
		write_numbers(&w, 0, ++t, "i", id);
	write_block_end(&w, t);
	write_end(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "\"eventlog.threads\",\"severity\":\"warning\",\"count\":100");
	assert_says(&heard, "\"eventlog.limit\":100");
	recorder_free(heard.rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_migration_is_joined_whichever_side_is_read_first),
		cmocka_unit_test(ends_of_one_threads_migrations_wait_on_so_many_capabilities_and_no_more),
		cmocka_unit_test(a_thread_that_only_passed_through_is_joined_too),
		cmocka_unit_test(a_wake_up_from_elsewhere_counts_and_changes_nothing),
		cmocka_unit_test(threads_that_ran_little_are_put_together),
		cmocka_unit_test(so_many_threads_have_series_of_their_own_and_nothing_of_the_others_is_lost),
		cmocka_unit_test(a_reason_to_stop_that_nobody_knows_is_other),
		cmocka_unit_test(threads_whose_numbers_end_alike_are_told_apart),
		cmocka_unit_test(so_many_threads_are_known_at_one_time_and_no_more),
		cmocka_unit_test(finished_threads_that_are_elsewhere_too_make_no_room),
	};

	return cmocka_run_group_tests_name("ghc-eventlog-threads", tests, NULL, NULL);
}
