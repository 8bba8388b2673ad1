/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/eventlog_fields.h"
#include "tests/parsers/eventlog_said.h"
#include "tests/support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- What a log is ---- */

static void a_log_is_its_types_and_the_records_of_its_blocks(void **state)
{
	static const char said_before[] = "header\ntype\t1\trun\ntype\t18\tblock\ntype\t19\ta\\x0ab\n";
	struct eventlog_writer w = { 0 };
	char *said;

	eventlog_writer_init(&w);
	write_bytes(&w, "hdrbhetb", 8);
	write_type(&w, 1, 4, "run");
	write_type(&w, 18, 14, "block");
	write_type(&w, 19, 0xffff, "a\nb");
	write_bytes(&w, "hetehdredatb", 12);
	write_block(&w, 100, 3);
	write_numbers(&w, 1, 110, "i", 7);
	write_text(&w, 19, 120, "hello\xff");
	write_block_end(&w, 130);
	write_end(&w);
	said = transcript_of(&w);
	assert_memory_equal(said, said_before, strlen(said_before));
	assert_string_equal(body(said), "100\t3\t18\tblock_marker\tbytes=56\tend_ns=130\tcapability=3\n"
	                                "110\t3\t1\trun_thread\tthread=7\n"
	                                "120\t3\t19\tuser_msg\ttext=\"hello\\xff\"\n"
	                                "0\t65535\t18\tblock_marker\tbytes=26\tend_ns=0\tcapability=65535\nend\nEND\n");
	free(said);
	eventlog_writer_done(&w);
}

static void write_threads(struct eventlog_writer *w)
{
	write_numbers(w, 0, 101, "i", 1);
	write_numbers(w, 1, 102, "i", 2);
	write_numbers(w, 2, 103, "ihi", 3, 8, 4);
	write_numbers(w, 3, 104, "i", 5);
	write_numbers(w, 4, 105, "ih", 6, 7);
	write_numbers(w, 5, 106, "i", 8);
	write_numbers(w, 6, 107, "ih", 9, 10);
	write_numbers(w, 8, 108, "ih", 11, 12);
	write_numbers(w, 15, 109, "i", 13);
	write_record(w, 44, 110, "\0\0\0\15\xce\xbb label", 12);
	write_numbers(w, 45, 111, "h", 1);
	write_numbers(w, 46, 112, "h", 2);
	write_numbers(w, 47, 113, "h", 3);
	write_numbers(w, 48, 114, "h", 4);
	write_numbers(w, 55, 115, "qhq", (uint64_t)1 << 40, 2, (uint64_t)3);
	write_numbers(w, 56, 116, "qhh", (uint64_t)1, 2, 3);
	write_numbers(w, 57, 117, "q", (uint64_t)1);
}

static void write_identity(struct eventlog_writer *w)
{
	write_text(w, 16, 200, "log");
	write_numbers(w, 17, 201, "h", 2);
	write_text(w, 19, 202, "");
	write_text(w, 23, 203, "7.10");
	write_text(w, 24, 204, "./prog");
	write_numbers(w, 25, 205, "ih", 0, 2);
	write_numbers(w, 26, 206, "i", 0);
	write_numbers(w, 27, 207, "ih", 0, 1);
	write_numbers(w, 28, 208, "ih", 0, 1);
	write_record(w, 29, 209, "\0\0\0\1GHC-9.10.3 rts_thr", 22);
	write_record(w, 30, 210, "\0\0\0\1./prog\0+RTS\0\0-l", 19);
	write_record(w, 31, 211, "\0\0\0\1A=1\0B=2\0", 12);
	write_numbers(w, 32, 212, "ii", 1, 4711);
	write_numbers(w, 33, 213, "ii", 1, 4710);
	write_record(w, 42, 214, "text\0\0\0\7", 8);
	write_numbers(w, 43, 215, "iqi", 1, (uint64_t)1700000000, 999999999);
	write_text(w, 58, 216, "marker");
	write_record(w, 181, 217, "\0\xff\r\n", 4);
}

static void write_collections(struct eventlog_writer *w)
{
	static const uint16_t plain[] = { 7, 9, 10, 11, 12, 20, 21, 22, 35, 36, 37, 38, 40, 41, 54, 59, 60, 61 };

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		write_record(w, plain[i], 300 + i, NULL, 0);
	write_numbers(w, 34, 320, "qqqqqqq", (uint64_t)1, (uint64_t)2, (uint64_t)3, (uint64_t)4, (uint64_t)5,
	              (uint64_t)6, (uint64_t)7);
	write_numbers(w, 39, 321, "h", 1);
	for (uint32_t tag = 49; tag <= 51; tag++)
		write_numbers(w, tag, 322, "iq", 1, UINT64_MAX);
	write_numbers(w, 52, 323, "ihqqqq", 1, 2, (uint64_t)3, (uint64_t)4, (uint64_t)5, (uint64_t)6);
	write_numbers(w, 53, 324, "ihqqqiqqq", 1, 1, (uint64_t)3, (uint64_t)4, (uint64_t)5, 6, (uint64_t)7, (uint64_t)8,
	              (uint64_t)9);
	write_numbers(w, 90, 325, "iiii", 1, 2, 3, 4);
	write_numbers(w, 91, 326, "iq", 1, (uint64_t)2);
	for (uint32_t tag = 200; tag <= 205; tag++)
		write_record(w, tag, 327, "\0\0\1\0", tag == 201 ? 4 : 0);
	write_numbers(w, 206, 328, "h", 1);
	write_numbers(w, 207, 329, "hiii", 512, 2, 3, 4);
	write_numbers(w, 208, 330, "ii", 1, 2);
}

static void write_profiles(struct eventlog_writer *w)
{
	write_record(w, 160, 400, "\1\0\0\0\0\5\xf5\xe1\0\0\0\0\1m\0c\0t\0cc\0ccs\0r\0b\0", 30);
	write_record(w, 161, 401, "\0\0\0\7main\0Main\0a b.hs:1:2\0\1", 27);
	write_numbers(w, 162, 402, "q", (uint64_t)1);
	write_numbers(w, 163, 403, "bqbii", 0, (uint64_t)100, 2, 7, 8);
	write_numbers(w, 163, 404, "bqb", 0, (uint64_t)100, 0);
	write_record(w, 164, 405, "\0\0\0\0\0\0\0\0\7a\tb\0", 13);
	write_numbers(w, 165, 406, "q", (uint64_t)1);
	write_numbers(w, 166, 407, "qq", (uint64_t)1, (uint64_t)2);
	write_numbers(w, 167, 408, "iqbi", 3, (uint64_t)9, 1, 7);
	write_numbers(w, 168, 409, "q", (uint64_t)1000000);
	write_record(w, 169, 410,
	             "\0\0\0\0\0\x40\x12\x34t\0"
	             "21\0ty\0l\0M\0M.hs:1\0",
	             27);
	write_record(w, 210, 411,
	             "\0\0\0\0\0\0\0\1\0\2MM\0gr\xf6\xdf"
	             "e\0",
	             19);
	write_record(w, 210, 412, "\0\0\0\0\0\0\0\1\0\2M\0n\0\0\0\0\0\0\0\0\2{}\0", 25);
	write_numbers(w, 211, 413, "qqqq", (uint64_t)1, (uint64_t)2, (uint64_t)3, (uint64_t)4);
	write_record(w, 212, 414, NULL, 0);
}

static void write_others(struct eventlog_writer *w)
{
	write_numbers(w, 62, 500, "i", 1);
	write_numbers(w, 63, 501, "i", 1);
	write_numbers(w, 64, 502, "ii", 1, 2);
	write_numbers(w, 65, 503, "hq", 1, UINT64_MAX - 1);
	write_numbers(w, 66, 504, "h", 1);
	write_numbers(w, 67, 505, "biihii", 1, 2, 3, 4, 5, 6);
	write_numbers(w, 68, 506, "biihiii", 1, 2, 3, 4, 5, 6, 7);
	write_numbers(w, 69, 507, "biiii", 1, 2, 3, 4, 5);
	for (uint32_t tag = 100; tag <= 113; tag++)
		write_record(w, tag, 508, "\0\0\0\0\0\0\0\1\0\0\0\2", w->size[tag]);
	write_record(w, 140, 509, "\0\0\0\1cycles", 10);
	write_numbers(w, 141, 510, "iqq", 1, (uint64_t)2, (uint64_t)3);
	write_numbers(w, 142, 511, "iq", 1, (uint64_t)2);
}

static void write_all_types(struct eventlog_writer *w)
{
	begin(w);
	write_threads(w);
	write_identity(w);
	write_block_end(w, 299);
	write_block(w, 300, 0xffff);
	write_collections(w);
	write_profiles(w);
	write_others(w);
	write_block_end(w, 600);
	write_end(w);
}

static void every_type_has_its_fields(void **state)
{
	static const char path[] = WEIR_SOURCE_ROOT "/tests/parsers/eventlog_types.golden";
	struct eventlog_writer w = { 0 };
	struct bytes expected;
	char *said;

	write_all_types(&w);
	said = transcript_of(&w);
	if (getenv("WEIR_GOLDEN_UPDATE")) {
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		fputs(said, f);
		(void)fclose(f);
	}
	expected = bytes_read(path);
	assert_int_equal(strlen(said), expected.n);
	assert_memory_equal(said, expected.at, expected.n);
	bytes_done(&expected);
	free(said);
	eventlog_writer_done(&w);
}

/* The short way to a sample against the table's, over payloads of every length and kind of contents. */
static void samples_have_the_same_values_without_the_table(void **state)
{
	static const uint16_t tags[] = { EVENTLOG_HEAP_PROF_SAMPLE_COST_CENTRE, EVENTLOG_HEAP_PROF_SAMPLE_STRING,
		                         EVENTLOG_PROF_SAMPLE_COST_CENTRE };
	uint64_t seed = 42;

	for (int round = 0; round < 30000; round++) {
		struct eventlog_event e = { .tag = tags[round % 3], .n_payload = (uint32_t)(round / 3 % 40) };
		uint8_t payload[40];
		struct eventlog_values v;
		struct bytes guarded;
		struct parse_text text;
		uint64_t number = 0;
		int is_sound, is_stack = e.tag != EVENTLOG_HEAP_PROF_SAMPLE_STRING;

		for (uint32_t i = 0; i < e.n_payload; i++) {
			seed = seed * 6364136223846793005 + 1442695040888963407;
			payload[i] = (uint8_t)((seed >> 33) % (is_stack ? 7 : 12));
		}
		guarded = bytes_guarded(payload, e.n_payload);
		e.payload = guarded.at;
		is_sound = is_stack ? eventlog_sample_stack(&e, &number, &text)
		                    : eventlog_sample_label(&e, &number, &text);
		assert_int_equal(is_sound, eventlog_values(&e, &v) == PARSE_OK);
		if (is_sound) {
			struct parse_text expected = v.at[is_stack ? 3 : 2].text;

			assert_ptr_equal(text.at, expected.at);
			assert_int_equal(text.n, expected.n);
			assert_int_equal(number, v.at[1].number);
		}
		bytes_done(&guarded);
	}
}

static void every_prefix_asks_for_more_and_every_split_gives_the_same(void **state)
{
	struct eventlog_writer w = { 0 };

	write_all_types(&w);
	assert_streams(eventlog_transcript, (const char *)w.at, w.n);
	eventlog_writer_done(&w);
}

static void a_batch_holds_so_many_records_and_no_more(void **state)
{
	static struct eventlog s;
	static struct eventlog_batch b;
	struct eventlog_writer w = { 0 };
	struct parse_fault fault;
	size_t at = 0, n_first = 0, n = 0;

	begin(&w);
	for (int i = 0; i < EVENTLOG_BATCH_MAX + EVENTLOG_HELD; i++)
		write_record(&w, 9, 101, NULL, 0);
	finish(&w, 104);
	eventlog_init(&s);
	while (eventlog_read(&s, w.at + at, w.n - at, 1, &b, &fault) == PARSE_OK) {
		at += b.n_used;
		if (s.phase != EVENTLOG_IN_RECORDS || b.events[0].kind != EVENTLOG_RECORD)
			continue;
		n_first = n_first ? n_first : b.n;
		n += b.n;
	}
	assert_int_equal(n_first, EVENTLOG_BATCH_MAX);
	assert_int_equal(n, EVENTLOG_BATCH_MAX + EVENTLOG_HELD + 1);
	eventlog_writer_done(&w);
}

static int has_gap(uint32_t capability, uint64_t time_ns)
{
	struct eventlog_writer w = { 0 };
	char *said;
	int has;

	eventlog_writer_init(&w);
	write_header(&w);
	write_block(&w, 5 * (uint64_t)EVENTLOG_TIME_SLACK_NS, capability);
	write_record(&w, 9, 5 * (uint64_t)EVENTLOG_TIME_SLACK_NS, NULL, 0);
	write_record(&w, 10, time_ns, NULL, 0);
	write_record(&w, 9, 5 * (uint64_t)EVENTLOG_TIME_SLACK_NS, NULL, 0);
	finish(&w, 6 * (uint64_t)EVENTLOG_TIME_SLACK_NS);
	said = transcript_of(&w);
	has = strstr(said, "gap\t") != NULL;
	free(said);
	eventlog_writer_done(&w);
	return has;
}

static void capabilities_and_times_have_their_bounds(void **state)
{
	const uint64_t slack = EVENTLOG_TIME_SLACK_NS;

	assert_false(has_gap(EVENTLOG_CAPABILITIES_MAX - 1, 5 * slack));
	assert_true(has_gap(EVENTLOG_CAPABILITIES_MAX, 5 * slack));
	assert_false(has_gap(0, 4 * slack));
	assert_true(has_gap(0, 4 * slack - 1));
	assert_true(has_gap(0, 7 * slack + 1));
}

/* A first block begins microseconds after the program and may be seconds long. */
static void a_record_may_step_back_in_a_block_that_begins_at_once(void **state)
{
	const uint64_t slack = EVENTLOG_TIME_SLACK_NS;
	const uint64_t after[] = { slack + 100, slack / 2, 100 };

	for (size_t i = 0; i < 3; i++)
		for (int is_too_far = 0; is_too_far < 2; is_too_far++) {
			uint64_t back = after[i] > slack ? slack : after[i] - 1;
			struct eventlog_writer w = { 0 };
			char *said;

			eventlog_writer_init(&w);
			write_header(&w);
			write_block(&w, 50, 0);
			write_record(&w, 9, after[i], NULL, 0);
			write_record(&w, 10, after[i] - back - (uint64_t)is_too_far, NULL, 0);
			write_record(&w, 9, after[i], NULL, 0);
			finish(&w, 6 * slack);
			said = transcript_of(&w);
			assert_int_equal(strstr(said, "gap\t") != NULL, is_too_far);
			free(said);
			eventlog_writer_done(&w);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_is_its_types_and_the_records_of_its_blocks),
		cmocka_unit_test(every_type_has_its_fields),
		cmocka_unit_test(samples_have_the_same_values_without_the_table),
		cmocka_unit_test(every_prefix_asks_for_more_and_every_split_gives_the_same),
		cmocka_unit_test(a_batch_holds_so_many_records_and_no_more),
		cmocka_unit_test(capabilities_and_times_have_their_bounds),
		cmocka_unit_test(a_record_may_step_back_in_a_block_that_begins_at_once),
	};

	return cmocka_run_group_tests_name("eventlog", tests, NULL, NULL);
}
