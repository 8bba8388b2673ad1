/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/collectors/hear_eventlog.h"
#include "tests/support/bytes.h"

static const struct lend_pair threads[] = { { "detail", "threads" }, { "interval", "10ms" }, { "thread_min", "0" } };

#define LOG(name, what, options_, n)                                                                                   \
	{                                                                                                              \
		.collector = "ghc-eventlog", .input = EVENTLOG_DATA name ".eventlog",                                  \
		.expected = EVENTLOG_DATA what ".golden", .options = options_, .n_options = n,                         \
		.context = eventlog_mtime, .n_context = 1                                                              \
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
	write_end(&w);
	heard = hear(&w, NULL, 0, eventlog_mtime, 1);
	assert_says(&heard, "\"eventlog.unknown\":2");
	assert_says(&heard, "\"eventlog.foreign\":2");
	assert_says(&heard, "records of type 300, which is not known, were passed over");
	assert_says(&heard, "{\"end\":\"ok\"");
	recorder_free(heard.rec);
}

static void records_of_threads_that_lack_a_part_are_bad(void **state)
{
	static const uint32_t tags[] = { 0, 1, 2, 3, 8 }; /* created, runs, stops, migrates, woken up */
	struct eventlog_writer w;
	struct heard heard;

	eventlog_writer_init(&w);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		w.size[tags[i]] = 3;
	write_header(&w);
	write_block(&w, 0, 0);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		write_record(&w, tags[i], T0, "abc", 3);
	write_block_end(&w, T0);
	write_end(&w);
	heard = hear(&w, NULL, 0, eventlog_mtime, 1);
	assert_says(&heard, "\"bad\":5");
	assert_says(&heard, "{\"end\":\"partial\"");
	recorder_free(heard.rec);
}

/* Those that are read without the table of fields: sparks stolen and counted, bytes of the heap, collections, samples.
 */
static void frequent_records_that_lack_a_part_are_bad(void **state)
{
	static const struct {
		uint32_t tag, size;
		int is_bad;
	} records[] = {
		{ 39, 1, 1 },  { 39, 2, 0 },  { 34, 55, 1 }, { 34, 56, 0 }, { 49, 11, 1 }, { 49, 12, 0 }, { 50, 11, 1 },
		{ 50, 12, 0 }, { 51, 11, 1 }, { 51, 12, 0 }, { 53, 49, 1 }, { 53, 50, 0 }, { 53, 51, 1 }, { 53, 57, 1 },
		{ 53, 58, 0 }, { 53, 59, 0 }, { 162, 7, 1 }, { 162, 8, 0 }, { 165, 7, 1 }, { 165, 8, 0 },
	};
	static const uint8_t payload[64] = { 0 };

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct eventlog_writer w;
		struct heard heard;

		eventlog_writer_init(&w);
		w.size[records[i].tag] = (uint16_t)records[i].size;
		write_header(&w);
		write_block(&w, 0, 0);
		write_record(&w, records[i].tag, T0, payload, records[i].size);
		write_block_end(&w, T0);
		write_end(&w);
		heard = hear(&w, NULL, 0, eventlog_mtime, 1);
		assert_says(&heard, records[i].is_bad ? "\"bad\":1" : "\"bad\":0");
		recorder_free(heard.rec);
	}
}

static void logs_of_killed_programs_are_whole_as_far_as_they_go(void **state)
{
	struct eventlog_writer w;
	struct heard heard;

	write_beginning(&w);
	heard = hear_plain(&w);
	assert_says(&heard, "{\"diag\":\"eventlog.no_end\",\"severity\":\"note\"");
	assert_says(&heard, "{\"end\":\"ok\"");
	recorder_free(heard.rec);
	write_beginning(&w);
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
		recorder_free(hear(&w, g->options, g->n_options, eventlog_mtime, 1).rec);
	}
}

static void damage_costs_what_is_damaged_only(void **state)
{
	struct bytes file = bytes_read(WEIR_SOURCE_ROOT "/" EVENTLOG_DATA "hc.eventlog");
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

static const uint64_t ms = 1000000;

enum {
	FOUR_BYTES = 4 * 14,
};

/* A block of four records, of which a copy is kept, and the begin of the next one. */
static void write_four_and_next(struct eventlog_writer *w, uint8_t copy[FOUR_BYTES])
{
	write_beginning(w);
	write_block(w, T0, 0);
	for (uint64_t i = 1; i <= 4; i++)
		write_numbers(w, 0, T0 + i * 2 * ms, "i", i);
	memcpy(copy, w->at + w->n - FOUR_BYTES, FOUR_BYTES);
	write_block_end(w, T0 + 9 * ms);
	write_block(w, T0 + 9 * ms, 0);
}

/* The four again, and a fifth; then a block of its own with a sixth. */
static struct heard hear_repeated(struct eventlog_writer *w, const uint8_t copy[FOUR_BYTES], uint64_t begin_ns,
                                  uint64_t time_ns)
{
	write_bytes(w, copy, FOUR_BYTES);
	write_numbers(w, 0, T0 + 10 * ms, "i", (uint64_t)5);
	write_block_end(w, T0 + 10 * ms);
	write_block(w, begin_ns, 0);
	write_numbers(w, 0, time_ns, "i", (uint64_t)6);
	write_block_end(w, begin_ns + ms);
	write_end(w);
	return hear_plain(w);
}

static void records_behind_a_torn_one_that_were_in_the_block_before_count_once(void **state)
{
	struct eventlog_writer w;
	struct heard heard;
	uint8_t copy[FOUR_BYTES];

	write_four_and_next(&w, copy);
	write_numbers(&w, 0, T0 + 10 * ms, "i", (uint64_t)5); /* what a torn record's rest may look like */
	write_bytes(&w, "\xff\xff\xff\xff\xff\xff\xff", 7);
	write_bytes(&w, copy, FOUR_BYTES);
	write_numbers(&w, 0, T0 + 11 * ms, "i", (uint64_t)6);
	write_block_end(&w, T0 + 12 * ms);
	write_end(&w);
	heard = hear_plain(&w);
	assert_int_equal(count_of(&heard, "\"diag\":\"eventlog.gap\""), 1);
	assert_says(&heard, "\"eventlog.repeated\":4");
	assert_says(&heard, "\"value\":6}");
	recorder_free(heard.rec);
}

/* A timer empties the buffer, and the program goes on where it was: so does the next block. */
static void a_block_s_records_that_were_in_the_one_before_count_once(void **state)
{
	struct eventlog_writer w;
	struct heard heard;
	uint8_t copy[FOUR_BYTES];

	write_four_and_next(&w, copy);
	/* The last is older than its block, but nothing that has been there: its marker may be what is wrong. */
	heard = hear_repeated(&w, copy, T0 + 20 * ms, T0 + 12 * ms);
	assert_says(&heard, "\"eventlog.repeated\":4");
	assert_says(&heard, "{\"diag\":\"eventlog.repeated\",\"severity\":\"note\"");
	assert_says(&heard, "{\"number\":\"ghc.thread.created\",\"attrs\":{\"capability\":\"0\"}");
	assert_says(&heard, "\"value\":6}");
	recorder_free(heard.rec);
}

/* The same, but its marker is the old one, too, and the rest of the old contents is still behind it. */
static void a_block_with_the_marker_of_the_one_before_counts_once(void **state)
{
	struct eventlog_writer w;
	struct heard heard;
	uint8_t copy[FOUR_BYTES];

	write_four_and_next(&w, copy);
	w.n = w.block; /* the marker that was written last */
	write_block(&w, T0, 0);
	/* The last begins its block by its own right: nothing is that old. */
	heard = hear_repeated(&w, copy, T0 + 11 * ms, T0 + 11 * ms);
	assert_says(&heard, "\"eventlog.repeated\":4");
	assert_says(&heard, "\"value\":6}");
	assert_silent_on(&heard, "eventlog.gap");
	recorder_free(heard.rec);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_log_says_what_it_said),
		cmocka_unit_test(windows_make_no_difference),
		cmocka_unit_test(every_beginning_of_a_log_ends_well),
		cmocka_unit_test(unknown_and_foreign_types_are_passed_over_and_counted),
		cmocka_unit_test(records_of_threads_that_lack_a_part_are_bad),
		cmocka_unit_test(frequent_records_that_lack_a_part_are_bad),
		cmocka_unit_test(logs_of_killed_programs_are_whole_as_far_as_they_go),
		cmocka_unit_test(flipped_bits_leave_the_ledger_adding_up),
		cmocka_unit_test(damage_costs_what_is_damaged_only),
		cmocka_unit_test(a_block_s_records_that_were_in_the_one_before_count_once),
		cmocka_unit_test(a_block_with_the_marker_of_the_one_before_counts_once),
		cmocka_unit_test(records_behind_a_torn_one_that_were_in_the_block_before_count_once),
		cmocka_unit_test(a_damaged_header_is_the_end_of_it),
	};

	return cmocka_run_group_tests_name("ghc-eventlog", tests, NULL, NULL);
}
