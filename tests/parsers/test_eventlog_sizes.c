/* SPDX-License-Identifier: Apache-2.0 */
/* Records of another size than is known, or than is declared. */
#include "parsers/eventlog.h"
#include "tests/parsers/eventlog_said.h"

#include <stdio.h>

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

/* Three of that size, of which the first has room behind it and the last has none, and what is of other types. */
static void assert_fixed(uint16_t size, int n_between)
{
	static const uint8_t payload[1000];
	struct eventlog_writer w = { 0 };
	char expected[4096];
	int n = 0, n_bytes = 24 + 3 * (10 + size) + 2 * 10 * n_between;

	eventlog_writer_init(&w);
	w.size[300] = size;
	write_header(&w);
	write_block(&w, 100, 3);
	n += snprintf(expected, sizeof(expected), "100\t3\t18\tblock_marker\tbytes=%d\tend_ns=200\tcapability=3\n",
	              n_bytes);
	for (int i = 0; i < 3; i++) {
		write_record(&w, 300, 101, payload, size);
		n += snprintf(expected + n, sizeof(expected) - (size_t)n, "101\t3\t300\t?\n");
		for (int k = 0; i < 2 && k < n_between; k++) {
			write_record(&w, 9, 102, NULL, 0);
			n += snprintf(expected + n, sizeof(expected) - (size_t)n, "102\t3\t9\tgc_start\n");
		}
	}
	(void)snprintf(expected + n, sizeof(expected) - (size_t)n, "end\nEND\n");
	finish(&w, 200);
	assert_body(&w, expected);
}

static void a_record_is_as_long_as_declared_wherever_it_stands(void **state)
{
	static const uint16_t sizes[] = { 0, 1, 4, 117, 118, 119, 128, 1000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int n_between = 0; n_between < 30; n_between++)
			assert_fixed(sizes[i], n_between);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_type_that_nobody_knows_is_passed_over_by_its_declared_size),
		cmocka_unit_test(a_record_is_as_long_as_declared_wherever_it_stands),
		cmocka_unit_test(a_larger_size_than_known_is_a_newer_runtime),
		cmocka_unit_test(a_smaller_size_than_needed_is_malformed),
		cmocka_unit_test(older_runtimes_wrote_shorter_payloads),
		cmocka_unit_test(sizes_that_6_12_declared_wrongly_are_found_out),
		cmocka_unit_test(a_task_that_was_declared_too_short_is_found_out),
		cmocka_unit_test(an_info_table_ends_after_its_names_whatever_its_length_says),
		cmocka_unit_test(an_info_table_has_a_longest_length),
	};

	return cmocka_run_group_tests_name("eventlog-sizes", tests, NULL, NULL);
}
