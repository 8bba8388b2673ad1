/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/eventlog_fields.h"
#include "tests/parsers/eventlog_writer.h"
#include "tests/parsers/transcript.h"
#include "tests/support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *transcript_of(const struct eventlog_writer *w)
{
	return eventlog_transcript((const char *)w->at, w->n, w->n, 1);
}

/* What follows the header of what is said. */
static const char *body(const char *said)
{
	const char *at = said, *next = said;

	while (strncmp(next, "type\t", 5) == 0 || strncmp(next, "header\n", 7) == 0) {
		at = strchr(next, '\n') + 1;
		next = at;
	}
	return at;
}

static void assert_body(struct eventlog_writer *w, const char *expected)
{
	char *said = transcript_of(w);

	assert_string_equal(body(said), expected);
	free(said);
	eventlog_writer_done(w);
}

static void begin(struct eventlog_writer *w)
{
	eventlog_writer_init(w);
	write_header(w);
	write_block(w, 100, 3);
}

static void finish(struct eventlog_writer *w, uint64_t time_ns)
{
	write_block_end(w, time_ns);
	write_u16(w, 0xffff);
}

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

static void a_type_that_nobody_knows_is_passed_over_by_its_declared_size(void **state)
{
	struct eventlog_writer w = { 0 };

	eventlog_writer_init(&w);
	w.size[300] = 5;
	w.size[301] = 0xffff;
	write_header(&w);
	write_block(&w, 100, 3);
	write_record(&w, 300, 101, "12345", 5);
	write_record(&w, 301, 102, "abc", 3);
	write_record(&w, 9, 103, NULL, 0);
	finish(&w, 104);
	assert_body(&w, "100\t3\t18\tblock_marker\tbytes=64\tend_ns=104\tcapability=3\n101\t3\t300\t?\n"
	                "102\t3\t301\t?\n103\t3\t9\tgc_start\nend\nEND\n");
}

static void a_larger_size_than_known_is_a_newer_runtime(void **state)
{
	struct eventlog_writer w = { 0 };

	eventlog_writer_init(&w);
	w.size[1] = 9;
	write_header(&w);
	write_block(&w, 100, 3);
	write_record(&w, 1, 101, "\0\0\0\7extra", 9);
	finish(&w, 104);
	assert_body(&w, "100\t3\t18\tblock_marker\tbytes=43\tend_ns=104\tcapability=3\n"
	                "101\t3\t1\trun_thread\tthread=7\nend\nEND\n");
}

static void a_smaller_size_than_needed_is_malformed(void **state)
{
	struct eventlog_writer w = { 0 };

	eventlog_writer_init(&w);
	w.size[1] = 3;
	write_header(&w);
	write_block(&w, 100, 3);
	write_record(&w, 1, 101, "\0\0\7", 3);
	finish(&w, 104);
	assert_body(&w, "100\t3\t18\tblock_marker\tbytes=37\tend_ns=104\tcapability=3\n"
	                "101\t3\t1\trun_thread\tmalformed\nend\nEND\n");
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

/* ---- Sizes that differ ---- */

static void older_runtimes_wrote_shorter_payloads(void **state)
{
	struct eventlog_writer w = { 0 };

	eventlog_writer_init(&w);
	w.size[2] = 6;
	w.size[53] = 50;
	w.size[207] = 13;
	write_header(&w);
	write_block(&w, 100, 3);
	write_numbers(&w, 2, 101, "ih", 7, 5);
	write_numbers(&w, 53, 102, "ihqqqiqq", 1, 0, (uint64_t)3, (uint64_t)4, (uint64_t)5, 6, (uint64_t)7,
	              (uint64_t)8);
	write_numbers(&w, 207, 103, "biii", 9, 2, 3, 4);
	finish(&w, 104);
	assert_body(&w, "100\t3\t18\tblock_marker\tbytes=123\tend_ns=104\tcapability=3\n"
	                "101\t3\t2\tstop_thread\tthread=7\tstatus=5\n"
	                "102\t3\t53\tgc_stats\tset=1\tgeneration=0\tcopied_bytes=3\tslop_bytes=4\tfragmentation_bytes=5"
	                "\tthreads=6\tmax_copied_bytes=7\ttotal_copied_bytes=8\n"
	                "103\t3\t207\tnonmoving_heap_census\tblock_bytes=512\tactive_segments=2\tfilled_segments=3"
	                "\tlive_blocks=4\nend\nEND\n");
}

/* 6.12 declared 8 bytes of thread id and wrote 4, and no bytes of STARTUP and wrote 2. */
static void sizes_that_6_12_declared_wrongly_are_found_out(void **state)
{
	static const uint16_t ids[] = { 0, 1, 3, 5, 15 }, more[] = { 2, 4, 6, 8 };
	struct eventlog_writer w = { 0 };
	struct eventlog_writer said_size;

	eventlog_writer_init(&w);
	w.size[2] = 6;
	said_size = w;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		w.size[ids[i]] = 8;
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		w.size[more[i]] = 10;
	w.size[17] = 0;
	write_header(&w);
	memcpy(w.size, said_size.size, sizeof(w.size));
	write_block(&w, 100, 3);
	write_numbers(&w, 17, 101, "h", 2);
	write_numbers(&w, 0, 102, "i", 1);
	write_numbers(&w, 1, 103, "i", 1);
	write_numbers(&w, 8, 104, "ih", 1, 2);
	write_numbers(&w, 2, 105, "ih", 1, 5);
	finish(&w, 106);
	assert_body(&w, "100\t3\t18\tblock_marker\tbytes=96\tend_ns=106\tcapability=3\n"
	                "101\t3\t17\tstartup\tcapabilities=2\n102\t3\t0\tcreate_thread\tthread=1\n"
	                "103\t3\t1\trun_thread\tthread=1\n104\t3\t8\tthread_wakeup\tthread=1\tcapability=2\n"
	                "105\t3\t2\tstop_thread\tthread=1\tstatus=5\nend\nEND\n");
}

static void a_task_that_was_declared_too_short_is_found_out(void **state)
{
	struct eventlog_writer w = { 0 };

	eventlog_writer_init(&w);
	w.size[55] = 14;
	w.size[212] = 32;
	write_header(&w);
	w.size[212] = 0;
	write_block(&w, 100, 3);
	write_numbers(&w, 55, 101, "qhq", (uint64_t)1, 2, (uint64_t)3);
	write_numbers(&w, 57, 102, "q", (uint64_t)1);
	write_record(&w, 212, 103, NULL, 0);
	write_numbers(&w, 57, 104, "q", (uint64_t)2);
	finish(&w, 105);
	assert_body(&w, "100\t3\t18\tblock_marker\tbytes=98\tend_ns=105\tcapability=3\n"
	                "101\t3\t55\ttask_create\ttask=1\tcapability=2\ttid=3\n102\t3\t57\ttask_delete\ttask=1\n"
	                "103\t3\t212\tticky_begin_sample\n104\t3\t57\ttask_delete\ttask=2\nend\nEND\n");
}

/* ---- Info tables ---- */

static void write_info_table(struct eventlog_writer *w, uint64_t time_ns, size_t n_label, int n_too_much)
{
	char *label = malloc(n_label + 1);

	assert_non_null(label);
	memset(label, 'x', n_label);
	label[n_label] = 0;
	write_u16(w, 169);
	write_u64(w, time_ns);
	write_u16(w, 8 + 2 + 3 + 1 + n_label + 1 + 1 + 1 + (size_t)n_too_much);
	write_u64(w, 0x401234);
	write_bytes(w,
	            "t\0"
	            "21\0\0",
	            6);
	write_bytes(w, label, n_label + 1);
	write_bytes(w, "\0\0", 2);
	free(label);
}

static int reads_info_tables(size_t n_label, int n_too_much)
{
	struct eventlog_writer w = { 0 };
	char *said;
	int is_read;

	begin(&w);
	write_info_table(&w, 101, n_label, n_too_much);
	write_info_table(&w, 102, 3, n_too_much);
	write_record(&w, 9, 103, NULL, 0);
	finish(&w, 104);
	said = transcript_of(&w);
	is_read = !strstr(said, "gap") && strstr(said, "103\t3\t9\tgc_start\nend\nEND\n") &&
	          strstr(said,
	                 "102\t3\t169\tipe\taddress=4198964\ttable=\"t\"\tclosure=\"21\"\ttype=\"\"\tlabel=\"xxx\"");
	free(said);
	eventlog_writer_done(&w);
	return is_read;
}

static void an_info_table_ends_after_its_names_whatever_its_length_says(void **state)
{
	for (int n_too_much = 0; n_too_much <= 1; n_too_much++) {
		assert_true(reads_info_tables(5, n_too_much));
		assert_true(reads_info_tables(0xffff, n_too_much)); /* has wrapped around */
		assert_true(reads_info_tables(0xffff - 17, n_too_much));
		assert_true(reads_info_tables(3 * 0x10000, n_too_much));
	}
	assert_false(reads_info_tables(5, 2));
}

static void an_info_table_has_a_longest_length(void **state)
{
	assert_true(reads_info_tables(EVENTLOG_RECORD_MAX - 17, 0));
	assert_false(reads_info_tables(EVENTLOG_RECORD_MAX - 16, 0));
}

/* ---- Ends and beginnings ---- */

static void a_missing_end_marker_is_no_fault(void **state)
{
	struct eventlog_writer w = { 0 };

	begin(&w);
	write_record(&w, 9, 101, NULL, 0);
	assert_body(&w, "100\t3\t18\tblock_marker\tbytes=0\tend_ns=0\tcapability=3\n101\t3\t9\tgc_start\nMORE\n");
}

static void a_header_may_come_again(void **state)
{
	struct eventlog_writer w = { 0 };
	char *said;

	begin(&w);
	write_record(&w, 9, 101, NULL, 0);
	finish(&w, 102);
	w.size[10] = 0xfffe;
	w.size[9] = 2;
	write_header(&w);
	write_block(&w, 5, 0);
	write_record(&w, 9, 6, "xx", 2);
	write_block_end(&w, 7);
	write_header(&w);
	write_end(&w);
	said = transcript_of(&w);
	assert_non_null(strstr(said, "101\t3\t9\tgc_start\nend\nheader\ntype\t0\ttype 0\n"));
	assert_non_null(strstr(said, "type\t9\ttype 9\ntype\t11\ttype 11\n"));
	assert_non_null(strstr(said, "6\t0\t9\tgc_start\nheader\n"));
	free(said);
	assert_streams(eventlog_transcript, (const char *)w.at, w.n);
	eventlog_writer_done(&w);
}

static void nothing_gives_nothing(void **state)
{
	char *said = eventlog_transcript("", 0, 0, 1);

	assert_string_equal(said, "MORE\n");
	free(said);
}

static void assert_refused(const void *at, size_t n, const char *code)
{
	char *said = eventlog_transcript(at, n, n, 1);

	if (!strstr(said, code))
		fail_msg("%s is not in\n%s", code, said);
	free(said);
}

static void what_does_not_begin_like_an_eventlog_is_refused(void **state)
{
	assert_refused("hdrbheta", 8, "BAD\teventlog.header.start\t0\n");
	assert_refused("x", 1, "BAD\teventlog.header.start\t0\n");
}

/* Replaces the first `from` by `to` in a whole header, and says what becomes of it. */
static void assert_mangled(const char *from, size_t n_from, const char *to, size_t n_to, const char *code)
{
	struct eventlog_writer w = { 0 }, mangled = { 0 };
	uint8_t *found;

	eventlog_writer_init(&w);
	write_bytes(&w, "hdrbhetb", 8);
	write_type(&w, 0, 4, "Create thread");
	write_type(&w, 1, 4, "Run thread");
	write_type(&w, 2, 10, "Stop thread");
	write_bytes(&w, "hetehdredatb", 12);
	found = memmem(w.at, w.n, from, n_from);
	assert_non_null(found);
	write_bytes(&mangled, w.at, (size_t)(found - w.at));
	write_bytes(&mangled, to, n_to);
	write_bytes(&mangled, found + n_from, w.n - (size_t)(found - w.at) - n_from);
	assert_refused(mangled.at, mangled.n, code);
	eventlog_writer_done(&w);
	eventlog_writer_done(&mangled);
}

static void a_header_that_a_text_mode_copy_changed_is_told_apart(void **state)
{
	assert_mangled("\0\12", 2, "\0\15\12", 3, "BAD\teventlog.header.text_mode\t");
	assert_mangled("\15Create", 7, "\12\15Create", 8, "BAD\teventlog.header.text_mode\t");
	assert_mangled("\15Create", 7, "\12Create", 7, "BAD\teventlog.header.text_mode\t8\n");
	assert_mangled("\12Run", 4, "\15Run", 4, "BAD\teventlog.header.text_mode\t");
	assert_mangled("ete", 3, "etx", 3, "BAD\teventlog.header\t8\n");
}

static void assert_type(uint32_t tag, uint32_t size, size_t n_text, int is_good)
{
	struct eventlog_writer w = { 0 };
	char *text = malloc(n_text + 1);
	char *said;

	assert_non_null(text);
	memset(text, 'x', n_text);
	text[n_text] = 0;
	eventlog_writer_init(&w);
	write_bytes(&w, "hdrbhetb", 8);
	write_type(&w, tag, size, text);
	write_bytes(&w, "hetehdredatb", 12);
	said = transcript_of(&w);
	assert_int_equal(!strstr(said, "BAD\teventlog.header\t8\n"), is_good);
	free(said);
	free(text);
	eventlog_writer_done(&w);
}

static void a_header_has_its_bounds(void **state)
{
	assert_type(EVENTLOG_TAGS_MAX - 1, 4, 1, 1);
	assert_type(EVENTLOG_TAGS_MAX, 4, 1, 0);
	assert_type(0, 4, EVENTLOG_DESCRIPTION_MAX, 1);
	assert_type(0, 4, EVENTLOG_DESCRIPTION_MAX + 1, 0);
	assert_type(0, EVENTLOG_SIZE_SPECIAL_MIN - 1, 1, 1);
	assert_type(0, EVENTLOG_SIZE_SPECIAL_MIN, 1, 0);
	assert_type(EVENTLOG_BLOCK_MARKER, 14, 1, 1);
	assert_type(EVENTLOG_BLOCK_MARKER, 15, 1, 0);
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
		cmocka_unit_test(a_type_that_nobody_knows_is_passed_over_by_its_declared_size),
		cmocka_unit_test(a_larger_size_than_known_is_a_newer_runtime),
		cmocka_unit_test(a_smaller_size_than_needed_is_malformed),
		cmocka_unit_test(a_batch_holds_so_many_records_and_no_more),
		cmocka_unit_test(older_runtimes_wrote_shorter_payloads),
		cmocka_unit_test(sizes_that_6_12_declared_wrongly_are_found_out),
		cmocka_unit_test(a_task_that_was_declared_too_short_is_found_out),
		cmocka_unit_test(an_info_table_ends_after_its_names_whatever_its_length_says),
		cmocka_unit_test(an_info_table_has_a_longest_length),
		cmocka_unit_test(a_missing_end_marker_is_no_fault),
		cmocka_unit_test(a_header_may_come_again),
		cmocka_unit_test(nothing_gives_nothing),
		cmocka_unit_test(what_does_not_begin_like_an_eventlog_is_refused),
		cmocka_unit_test(a_header_that_a_text_mode_copy_changed_is_told_apart),
		cmocka_unit_test(a_header_has_its_bounds),
		cmocka_unit_test(capabilities_and_times_have_their_bounds),
		cmocka_unit_test(a_record_may_step_back_in_a_block_that_begins_at_once),
	};

	return cmocka_run_group_tests_name("eventlog", tests, NULL, NULL);
}
