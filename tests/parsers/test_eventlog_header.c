/* SPDX-License-Identifier: Apache-2.0 */
/* Where logs begin and end. */
#include "parsers/eventlog.h"
#include "tests/parsers/eventlog_said.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_end_marker_is_no_fault),
		cmocka_unit_test(a_header_may_come_again),
		cmocka_unit_test(nothing_gives_nothing),
		cmocka_unit_test(what_does_not_begin_like_an_eventlog_is_refused),
		cmocka_unit_test(a_header_that_a_text_mode_copy_changed_is_told_apart),
		cmocka_unit_test(a_header_has_its_bounds),
	};

	return cmocka_run_group_tests_name("eventlog-header", tests, NULL, NULL);
}
