/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/collectors/hear_eventlog.h"

static void counters_of_perf_add_up(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	write_block(&w, T0, 0);
	write_record(&w, 140, T0 + 1, "\0\0\0\7cycles", 10);
	write_record(&w, 140, T0 + 1, "\0\0\0\10sched:switch", 16);
	write_numbers(&w, 141, T0 + 10, "iqq", 7, (uint64_t)99, (uint64_t)1000);
	write_numbers(&w, 141, T0 + 20, "iqq", 7, (uint64_t)98, (uint64_t)500);
	write_numbers(&w, 142, T0 + 30, "iq", 8, (uint64_t)99);
	write_numbers(&w, 142, T0 + 40, "iq", 9, (uint64_t)99);
	write_block_end(&w, T0 + 100);
	write_end(&w);
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

	write_beginning(&w);
	write_block(&w, T0, 0xffff);
	write_record(&w, 160, T0 + 1, "\1\0\0\0\0\0\0\0\0\0\0\0\11\0\0\0\0\0\0\0", 20);
	write_numbers(&w, 162, T0 + 10, "q", (uint64_t)0);
	write_record(&w, 164, T0 + 12,
	             "\1\0\0\0\0\0\0\0\52"
	             "3",
	             11);
	write_numbers(&w, 165, T0 + 15, "q", (uint64_t)0);
	write_block_end(&w, T0 + 100);
	write_end(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"weight\":\"ghc.heap.residency\",\"attrs\":{\"breakdown\":\"era\"},\"stack\":[\"3\"],"
	                    "\"t_ns\":1767225600000000010,\"self\":42}");
	recorder_free(heard.rec);
}

/* Its samples have times of their own. Those of one that is bad are of the record's. */
static void a_biographys_time_beyond_all_reason_is_bad(void **state)
{
	const uint64_t times_end_ns = ((uint64_t)1 << 30) * 1000000000;

	for (uint64_t over = 0; over <= 1; over++) {
		struct eventlog_writer w;
		struct heard heard;

		write_beginning(&w);
		write_block(&w, T0, 0xffff);
		write_numbers(&w, 166, T0 + 10, "qq", (uint64_t)0, over ? UINT64_MAX / 2 : times_end_ns - 1);
		write_record(&w, 164, T0 + 12, "\1\0\0\0\0\0\0\0\52LAG", 13);
		write_numbers(&w, 165, T0 + 15, "q", (uint64_t)0);
		write_numbers(&w, 166, T0 + 20, "qq", (uint64_t)1, times_end_ns - 1 + over);
		write_numbers(&w, 165, T0 + 25, "q", (uint64_t)1);
		write_block_end(&w, T0 + 100);
		write_end(&w);
		heard = hear_plain(&w);
		assert_int_equal(heard.result.ledger.n_bad, 2 * over);
		assert_says(&heard, over ? "\"t_ns\":1767225600000000012,\"self\":42}"
		                         : "\"t_ns\":2840967423998999999,\"self\":42}");
		recorder_free(heard.rec);
	}
}

/* What the runtime wrote into the size of a record leaves the rest of it sound. */
static void a_heap_larger_than_addresses_reach_is_bad(void **state)
{
	const uint64_t end = (uint64_t)1 << 48;

	for (uint64_t over = 0; over <= 1; over++) {
		struct eventlog_writer w;
		struct heard heard;

		write_beginning(&w);
		write_block(&w, T0, 0xffff);
		write_numbers(&w, 163, T0 + 10, "bqbi", 1, end - 1 + over, 1, 9);
		write_numbers(&w, 50, T0 + 11, "iq", 0, end - 1 + over);
		write_numbers(&w, 51, T0 + 12, "iq", 0, end - 1 + over);
		write_block_end(&w, T0 + 100);
		write_end(&w);
		heard = hear_plain(&w);
		assert_int_equal(heard.result.ledger.n_bad, 3 * over);
		assert_int_equal(count_of(&heard, "281474976710655}"), 3 * !over);
		assert_silent_on(&heard, "281474976710656");
		recorder_free(heard.rec);
	}
}

/* Of two capabilities, each with its own sample. */
static void write_tick(struct eventlog_writer *w, uint64_t time_ns, uint64_t tick)
{
	for (uint8_t capability = 0; capability < 2; capability++) {
		uint8_t payload[] = { 0, 0, 0, capability, 0, 0, 0, 0, 0, 0, 0, (uint8_t)tick, 1, 0, 0, 0, 9 };

		write_record(w, 167, time_ns + capability, payload, sizeof(payload));
	}
}

static struct heard hear_ticks(const uint64_t *ticks, size_t n)
{
	struct eventlog_writer w;

	write_beginning(&w);
	write_block(&w, T0, 0xffff);
	for (size_t i = 0; i < n; i++)
		write_tick(&w, T0 + 10 * (i + 1), ticks[i]);
	write_block_end(&w, T0 + 1000);
	write_end(&w);
	return hear_plain(&w);
}

static void ticks_that_were_written_over_are_said(void **state)
{
	static const uint64_t whole[] = { 1, 2, 3, 4 }, torn[] = { 2, 3, 12, 13 };
	struct heard heard = hear_ticks(whole, 4);

	assert_silent_on(&heard, "_ticks\"");
	recorder_free(heard.rec);
	/* The first, and 4 to 11: as many as are taken for one accident. */
	heard = hear_ticks(torn, 4);
	assert_says(&heard, "\"eventlog.lost_ticks\",\"severity\":\"warning\"");
	assert_says(&heard, "\"count\":9");
	assert_silent_on(&heard, "stopped_ticks");
	recorder_free(heard.rec);
}

static void a_clock_that_stood_still_has_lost_nothing(void **state)
{
	static const uint64_t stopped[] = { 1, 11, 12 };
	struct heard heard = hear_ticks(stopped, 3);

	assert_says(&heard, "\"eventlog.stopped_ticks\",\"severity\":\"note\"");
	assert_says(&heard, "\"count\":9");
	assert_silent_on(&heard, "lost_ticks");
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

	write_beginning(&w);
	write_block(&w, T0, 0xffff);
	write_numbers(&w, 212, T0 + 10, "");
	write_ticky(&w, T0 + 11, 7, 5);
	write_numbers(&w, 212, T0 + 20, "");
	write_ticky(&w, T0 + 21, 7, 6);
	write_ticky(&w, T0 + 22, 8, 9);
	write_ticky_name(&w, T0 + 30, 7);
	write_block_end(&w, T0 + 40);
	write_end(&w);
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

	write_beginning(&w);
	write_block(&w, T0, 0xffff);
	write_ticky(&w, T0 + 10, 7, 5);
	write_ticky(&w, T0 + 50, 7, 6);
	write_ticky_name(&w, T0 + 60, 7);
	write_block_end(&w, T0 + 70);
	write_end(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "\"t_ns\":1767225600000000010,\"dur_ns\":40,\"self\":6}");
	recorder_free(heard.rec);
}

static uint64_t sum_of_entries(const struct heard *heard)
{
	static const char words[] = "{\"weight\":\"ghc.ticky.entries\"", self[] = "\"self\":";
	const char *at = heard->text.at, *end = at + heard->text.n_bytes;
	uint64_t sum = 0;

	while ((at = find_words(at, end, words))) {
		at = find_words(at, end, self);
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

		write_beginning(&w);
		write_block(&w, T0, 0xffff);
		write_numbers(&w, 212, T0 + 10, "");
		for (unsigned i = 0; i < TICKY_HELD + n_more; i++)
			write_ticky(&w, T0 + 11 + i, 7, 3);
		if (n_more)
			write_ticky(&w, T0 + 12 + TICKY_HELD, 9, 3); /* a new one finds no place */
		write_ticky_name(&w, T0 + 2 * TICKY_HELD, 7);
		write_block_end(&w, T0 + 2 * TICKY_HELD);
		write_end(&w);
		heard = hear_plain(&w);
		assert_int_equal(sum_of_entries(&heard), 3 * (TICKY_HELD + n_more));
		assert_int_equal(count_of(&heard, "{\"weight\":\"ghc.ticky.entries\""), TICKY_HELD);
		assert_int_equal(count_of(&heard, "eventlog.ticky_merged"), n_more);
		assert_int_equal(count_of(&heard, "\"eventlog.limit\":1"), n_more);
		recorder_free(heard.rec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_of_perf_add_up),
		cmocka_unit_test(eras_are_a_breakdown_of_their_own),
		cmocka_unit_test(a_biographys_time_beyond_all_reason_is_bad),
		cmocka_unit_test(a_heap_larger_than_addresses_reach_is_bad),
		cmocka_unit_test(ticks_that_were_written_over_are_said),
		cmocka_unit_test(a_clock_that_stood_still_has_lost_nothing),
		cmocka_unit_test(ticky_counters_get_the_names_that_come_last),
		cmocka_unit_test(ticky_samples_of_9_2_go_on_where_the_last_ended),
		cmocka_unit_test(so_many_ticky_samples_wait_and_further_ones_are_added_to_them),
	};

	return cmocka_run_group_tests_name("ghc-eventlog-profiles", tests, NULL, NULL);
}
