/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/eventlog_recovery.h"
#include "tests/parsers/eventlog_writer.h"
#include "tests/parsers/transcript.h"
#include "tests/support/bytes.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	N_BEFORE = 8, /* records on either side of the damage */
	N_AFTER = 8,
};

static const uint64_t t0 = 5000000000;
static const uint32_t small_id = 9, large_id = 0x8fe1a7c3;

/* ---- Counting ---- */

struct account {
	uint64_t n_records, n_record_bytes, n_gaps, n_gap_bytes, n_repaired, n_rest;
	uint64_t is_beyond_recovery; /* as wide as the others, so that accounts compare as bytes */
};

static size_t record_bytes(const struct eventlog *s, const struct eventlog_event *e)
{
	size_t n_length = s->size[e->tag] == EVENTLOG_SIZE_VARIABLE || s->size[e->tag] == EVENTLOG_SIZE_NAMES ? 2 : 0;

	return e->kind == EVENTLOG_RECORD ? EVENTLOG_HEAD_BYTES + n_length + e->n_payload : 0;
}

/* Reads to the end, in windows of at least n_window bytes that grow when asked. */
static struct account account_of(const uint8_t *at, size_t n, size_t n_window)
{
	static struct eventlog s;
	static struct eventlog_recovery recovery;
	static struct eventlog_batch b;
	struct account a = { 0 };
	size_t used = 0, end = n_window < n ? n_window : n;

	eventlog_init(&s);
	recovery = (struct eventlog_recovery){ 0 };
	for (;; used += b.n_used) {
		struct eventlog_gap gap = { 0 };
		struct parse_fault fault;
		enum parse_result r = eventlog_read(&s, at + used, end - used, end == n, &b, &fault);

		if (r == PARSE_BAD)
			r = eventlog_recover(&recovery, &s, at + used, end - used, end == n, &fault, &b, &gap);
		a.n_gaps += gap.code && strcmp(gap.code, "eventlog.cut") != 0;
		a.n_gap_bytes += gap.n_bytes;
		a.n_repaired += gap.is_repaired ? gap.n_records : 0;
		for (size_t i = 0; r == PARSE_OK && i < b.n; i++) {
			a.n_records += b.events[i].kind == EVENTLOG_RECORD;
			a.n_record_bytes += record_bytes(&s, &b.events[i]);
		}
		if (r == PARSE_END && b.n_used)
			a.n_record_bytes += b.n_used;
		else if (r == PARSE_MORE && end < n)
			end = end + n_window < n ? end + n_window : n;
		else if (r != PARSE_OK) {
			a.is_beyond_recovery = r == PARSE_BAD;
			break;
		}
	}
	a.n_rest = n - used;
	return a;
}

/* Each byte is in a record, in a gap or in the header; of a repair whose records shared a byte, one may count twice. */
static void assert_accounted(const struct account *a, size_t n, size_t n_header)
{
	uint64_t n_sum = a->n_record_bytes + a->n_gap_bytes + a->n_rest + n_header;

	if (n_sum < n || n_sum > n + a->n_repaired / 2)
		fail_msg("%zu bytes, but %lu in records, %lu in gaps, %lu left, %zu in the header", n,
		         a->n_record_bytes, a->n_gap_bytes, a->n_rest, n_header);
}

/* ---- Damage ---- */

static size_t header_bytes(void)
{
	struct eventlog_writer w;
	size_t n;

	eventlog_writer_init(&w);
	write_header(&w);
	n = w.n;
	eventlog_writer_done(&w);
	return n;
}

static void write_sample(struct eventlog_writer *w, uint32_t i)
{
	write_numbers(w, 163, t0 + 1000 * (uint64_t)i, "bqbii", 0, (uint64_t)(100 + i), 2, 7 + i, 8);
}

static void write_tick(struct eventlog_writer *w, uint64_t time_ns, uint32_t depth, uint32_t id)
{
	write_numbers(w, 167, time_ns, depth == 1 ? "iqbi" : "iqbiii", 3, (uint64_t)77, depth, id, id + 1, id - 1);
}

static void begin(struct eventlog_writer *w)
{
	eventlog_writer_init(w);
	write_header(w);
	write_block(w, t0, 0);
	for (uint32_t i = 0; i < N_BEFORE; i++)
		write_sample(w, i);
}

static void finish(struct eventlog_writer *w)
{
	for (uint32_t i = 0; i < N_AFTER; i++)
		write_sample(w, 200 + i);
	write_block_end(w, t0 + 1000000000);
	write_end(w);
}

/* Two records alone, as the runtime would have written them one after the other. Small ids are what is found in logs;
 * they are mostly zeros, and which zero belongs to which record can often not be told. */
static void write_pair(struct eventlog_writer *x, struct eventlog_writer *y, int which, uint32_t id)
{
	eventlog_writer_init(x);
	eventlog_writer_init(y);
	write_tick(x, t0 + 100500, which & 1 ? 3 : 1, id);
	if (which & 2)
		write_numbers(y, 162, t0 + 100400, "q", (uint64_t)0);
	else
		write_sample(y, 100);
	if (which & 4) {
		struct eventlog_writer z = *x;

		*x = *y;
		*y = z;
	}
}

/* The log with X and Y woven together: X[0..n_x) Y[n_shared..n_y) X.. Y.. */
static void weave(struct eventlog_writer *w, const struct eventlog_writer *x, const struct eventlog_writer *y,
                  size_t n_x, size_t n_y, size_t n_shared)
{
	begin(w);
	write_bytes(w, x->at, n_x);
	write_bytes(w, y->at + n_shared, n_y - n_shared);
	write_bytes(w, x->at + n_x, x->n - n_x);
	write_bytes(w, y->at + n_y, y->n - n_y);
	finish(w);
}

/* What the log without the damage says, and the two records alone. */
static char *intact(const struct eventlog_writer *x, const struct eventlog_writer *y)
{
	struct eventlog_writer w;
	char *said;

	begin(&w);
	write_bytes(&w, x->at, x->n);
	write_bytes(&w, y->at, y->n);
	finish(&w);
	said = eventlog_transcript((const char *)w.at, w.n, w.n, 1);
	eventlog_writer_done(&w);
	return said;
}

/* Every record that is said was really written, and all that are not in the damage are said. */
static unsigned assert_nothing_is_invented(char *said, const char *truth)
{
	unsigned n = 0;

	for (char *line = strtok(said, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "gap\t", 4) == 0 || strncmp(line, "type\t", 5) == 0 || strstr(line, "\t18\t"))
			continue;
		if (!strstr(truth, line))
			fail_msg("'%s' was never written; what was:%s", line, strstr(truth, "\n5000"));
		n += strstr(line, "\t163\t") || strstr(line, "\t167\t") || strstr(line, "\t162\t");
	}
	return n;
}

/* Counts in `n` how many there were, how many were put together, and how many give no sign of damage at all: when a
 * zero of one stands where the other has one, too. */
struct weaves {
	unsigned n, n_whole, n_unseen;
};

static void check_weave(const struct eventlog_writer *x, const struct eventlog_writer *y, size_t n_x, size_t n_y,
                        size_t n_shared, struct weaves *weaves)
{
	struct eventlog_writer w;
	char *truth = intact(x, y), *said;
	struct account a;
	unsigned n;

	weave(&w, x, y, n_x, n_y, n_shared);
	said = eventlog_transcript((const char *)w.at, w.n, w.n, 1);
	a = account_of(w.at, w.n, w.n);
	assert_accounted(&a, w.n, header_bytes());
	weaves->n++;
	if (!strstr(said, "gap\t")) {
		weaves->n_unseen++;
	} else {
		n = assert_nothing_is_invented(said, truth);
		assert_true(n >= N_BEFORE + N_AFTER - 1);
		weaves->n_whole += n == N_BEFORE + N_AFTER + 2;
	}
	free(said);
	free(truth);
	eventlog_writer_done(&w);
}

static struct weaves check_weaves(uint32_t id, size_t n_shared)
{
	struct weaves weaves = { 0 };

	for (int which = 0; which < 8; which++) {
		struct eventlog_writer x, y;

		write_pair(&x, &y, which, id);
		for (size_t n_x = n_shared ? 2 : 1; n_x < (n_shared ? 3 : x.n); n_x++)
			for (size_t n_y = 1 + n_shared; n_y <= y.n; n_y++)
				check_weave(&x, &y, n_x, n_y, n_shared, &weaves);
		eventlog_writer_done(&x);
		eventlog_writer_done(&y);
	}
	print_message("ids like %u: of %u interleavings %u repaired, %u without any sign\n", id, weaves.n,
	              weaves.n_whole, weaves.n_unseen);
	return weaves;
}

static void two_interleaved_records_are_put_together_and_none_is_invented(void **state)
{
	struct weaves small = check_weaves(small_id, 0), large = check_weaves(large_id, 0);

	assert_true(large.n_whole * 100 > large.n * 65);
	assert_true(small.n_whole * 100 > small.n * 65);
	assert_true((small.n_unseen + large.n_unseen) * 100 < small.n + large.n);
}

static void a_tag_whose_zero_fell_on_the_others_is_put_together(void **state)
{
	struct weaves small = check_weaves(small_id, 1), large = check_weaves(large_id, 1);

	assert_int_equal(large.n_whole, large.n);
	assert_int_equal(small.n_whole, small.n);
}

/* How many records of either side of the damage are said. */
static unsigned survivors(const char *said)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < N_BEFORE + N_AFTER; i++) {
		char line[32];

		(void)snprintf(line, sizeof(line), "\n%lu\t0\t163\t",
		               t0 + 1000 * (uint64_t)(i < N_BEFORE ? i : 192 + i));
		n += strstr(said, line) != NULL;
	}
	return n;
}

static void the_rest_survives_when_any_bytes_are_lost(void **state)
{
	struct eventlog_writer x, y;

	write_pair(&x, &y, 0, large_id);
	for (size_t n_x = 1; n_x < x.n; n_x++)
		for (size_t n_lost = n_x == 1 ? 2 : 1; n_lost < 12; n_lost++) {
			struct eventlog_writer w;
			struct account a;
			char *said;

			begin(&w);
			write_bytes(&w, x.at, n_x);
			write_bytes(&w, y.at + n_lost, y.n - n_lost);
			finish(&w);
			said = eventlog_transcript((const char *)w.at, w.n, w.n, 1);
			a = account_of(w.at, w.n, w.n);
			assert_accounted(&a, w.n, header_bytes());
			assert_int_equal(a.n_gaps, 1);
			assert_true(survivors(said) >= N_BEFORE + N_AFTER - 1);
			free(said);
			eventlog_writer_done(&w);
		}
	eventlog_writer_done(&x);
	eventlog_writer_done(&y);
}

static void what_is_found_does_not_depend_on_the_windows(void **state)
{
	struct eventlog_writer x, y, w;

	write_pair(&x, &y, 0, large_id);
	weave(&w, &x, &y, 2, 2, 0);
	assert_streams(eventlog_transcript, (const char *)w.at, w.n);
	eventlog_writer_done(&w);
	begin(&w);
	write_bytes(&w, x.at, 11);
	finish(&w);
	assert_streams(eventlog_transcript, (const char *)w.at, w.n);
	eventlog_writer_done(&w);
	eventlog_writer_done(&x);
	eventlog_writer_done(&y);
}

static void a_gap_says_where_and_how_much(void **state)
{
	struct eventlog_writer w;
	char expected[128], *said;
	size_t at;

	begin(&w);
	at = w.n;
	write_bytes(&w, "\0\xa7\xde\xad\xbe\xef", 6);
	finish(&w);
	said = eventlog_transcript((const char *)w.at, w.n, w.n, 1);
	(void)snprintf(expected, sizeof(expected), "gap\t%zu\t6\t1\teventlog.time\n", at);
	assert_non_null(strstr(said, expected));
	free(said);
	eventlog_writer_done(&w);
}

/* Made of the begin of one record and the rest of another: sound by itself, and all that follows is too early. */
static void a_time_that_never_was_costs_its_own_record_only(void **state)
{
	struct eventlog_writer w;
	struct account a;
	size_t n_wild;

	begin(&w);
	n_wild = w.n;
	write_sample(&w, 18000000);
	n_wild = w.n - n_wild;
	for (uint32_t i = 0; i < N_AFTER; i++)
		write_sample(&w, 200 + i);
	write_block_end(&w, t0 + 370000000000);
	write_block(&w, t0 + 1000000, 0);
	finish(&w);
	for (size_t n_window = 1; n_window <= w.n; n_window = n_window * 3 + 1) {
		a = account_of(w.at, w.n, n_window);
		assert_int_equal(a.n_gaps, 1);
		assert_int_equal(a.n_gap_bytes, n_wild);
		assert_int_equal(a.n_records, N_BEFORE + 2 * N_AFTER + 3);
	}
	eventlog_writer_done(&w);
}

/* ---- Blocks ---- */

/* A log of two blocks, the first of which says that it is n_more bytes longer than it is. */
static char *with_block_of(long n_more, size_t *ret_gap_bytes)
{
	struct eventlog_writer w;
	struct account a;
	size_t n;
	char *said;

	begin(&w);
	write_block_end(&w, t0 + 1000000);
	n = w.n;
	w.n = w.block + 10;
	write_u32(&w, (uint64_t)((long)(n - w.block) + n_more));
	w.n = n;
	write_block(&w, t0 + 150000, 1);
	finish(&w);
	said = eventlog_transcript((const char *)w.at, w.n, w.n, 1);
	a = account_of(w.at, w.n, w.n);
	assert_accounted(&a, w.n, header_bytes());
	*ret_gap_bytes = a.n_gap_bytes;
	assert_int_equal(a.n_gaps, 1);
	eventlog_writer_done(&w);
	return said;
}

static void a_block_that_lies_about_its_length_loses_nothing(void **state)
{
	static const long n_more[] = { -60, -33, -30, -1, 1, 24, 30, 100 };

	for (size_t i = 0; i < sizeof(n_more) / sizeof(n_more[0]); i++) {
		size_t n_gap_bytes;
		char *said = with_block_of(n_more[i], &n_gap_bytes);
		char line[128];

		assert_int_equal(n_gap_bytes, 0);
		for (uint32_t k = 0; k < N_BEFORE; k++) {
			(void)snprintf(line, sizeof(line), "%lu\t0\t163\t", t0 + 1000 * (uint64_t)k);
			assert_non_null(strstr(said, line));
		}
		assert_non_null(strstr(said, "\t1\t163\t"));
		free(said);
	}
}

static void a_record_that_a_flush_cut_off_is_a_gap_up_to_the_next_block(void **state)
{
	struct eventlog_writer w;
	struct account a;

	begin(&w);
	write_bytes(&w, "\0", 1);
	write_block_end(&w, t0 + 1000000);
	write_block(&w, t0 + 150000, 0);
	finish(&w);
	a = account_of(w.at, w.n, w.n);
	assert_int_equal(a.n_gaps, 1);
	assert_int_equal(a.n_gap_bytes, 1);
	assert_int_equal(a.n_records, N_BEFORE + N_AFTER + 3);
	eventlog_writer_done(&w);
}

static void a_header_that_begins_in_the_middle_is_read(void **state)
{
	struct eventlog_writer w;
	char *said;

	begin(&w);
	write_bytes(&w, "\0\xa7\0\0", 4);
	write_block_end(&w, t0 + 1000000);
	write_header(&w);
	write_block(&w, t0, 4);
	finish(&w);
	said = eventlog_transcript((const char *)w.at, w.n, w.n, 1);
	assert_non_null(strstr(strstr(said, "gap\t"), "\nheader\n"));
	assert_non_null(strstr(said, "\t4\t163\t"));
	free(said);
	eventlog_writer_done(&w);
}

static void bytes_after_the_end_are_a_gap(void **state)
{
	struct eventlog_writer w;
	struct account a;

	begin(&w);
	finish(&w);
	write_bytes(&w, "garbage", 7);
	a = account_of(w.at, w.n, w.n);
	assert_int_equal(a.n_gaps, 1);
	assert_int_equal(a.n_gap_bytes, 7);
	eventlog_writer_done(&w);
}

/* ---- Chance ---- */

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void flipped_bits_are_accounted_for(void **state)
{
	struct eventlog_writer w;
	size_t n_header = header_bytes();
	uint64_t seed = 20261121;

	begin(&w);
	for (uint32_t i = 0; i < 40; i++)
		write_tick(&w, t0 + 8000 + 100 * (uint64_t)i, i & 1 ? 1 : 3, 9);
	finish(&w);
	for (int round = 0; round < 4000; round++) {
		struct bytes copy = bytes_guarded(w.at, w.n);
		struct account whole, windows;

		for (int i = round % 5; i >= 0; i--)
			copy.at[n_header + next_random(&seed) % (w.n - n_header)] ^=
				(uint8_t)(1 << next_random(&seed) % 8);
		whole = account_of(copy.at, copy.n, copy.n);
		windows = account_of(copy.at, copy.n, 1 + next_random(&seed) % 300);
		assert_memory_equal(&whole, &windows, sizeof(whole));
		assert_accounted(&whole, w.n, n_header);
		bytes_done(&copy);
	}
	eventlog_writer_done(&w);
}

/* ---- Real ones ---- */

static int is_eventlog(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && strcmp(dot, ".eventlog") == 0;
}

static const char *const damaged[] = { "ev-corrupt-proftick.eventlog", "ev-flush-nonthreaded.eventlog" };

static int is_damaged(const char *name)
{
	return strcmp(name, damaged[0]) == 0 || strcmp(name, damaged[1]) == 0;
}

static void check_real(const char *path, const char *name, unsigned n_seen[2])
{
	struct bytes file = bytes_read(path);
	struct account a = account_of(file.at, file.n, file.n), b = account_of(file.at, file.n, 5000);

	assert_memory_equal(&a, &b, sizeof(a));
	assert_false(a.is_beyond_recovery);
	if (is_damaged(name)) {
		print_message("%s: %lu gaps, %lu of %zu bytes lost, %lu records repaired\n", name, a.n_gaps,
		              a.n_gap_bytes, file.n, a.n_repaired);
		assert_true(a.n_gaps > 0);
		assert_true(a.n_gap_bytes * 1000 <= file.n);
	} else if (a.n_gaps) {
		fail_msg("%s: %lu gaps in an intact log", path, a.n_gaps);
	}
	n_seen[is_damaged(name)]++;
	bytes_done(&file);
}

static void walk(const char *folder, unsigned n_seen[2])
{
	DIR *dir = opendir(folder);

	assert_non_null(dir);
	for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
		char path[4096];

		(void)snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		if (d->d_type == DT_DIR && d->d_name[0] != '.')
			walk(path, n_seen);
		else if (is_eventlog(d->d_name))
			check_real(path, d->d_name, n_seen);
	}
	(void)closedir(dir);
}

static void damaged_logs_keep_nearly_all_and_intact_ones_have_no_gap(void **state)
{
	const char *root = corpus_root();
	unsigned n_seen[2] = { 0 };
	char folder[4096];

	if (!root)
		skip();
	(void)snprintf(folder, sizeof(folder), "%s/ghc", root);
	walk(folder, n_seen);
	print_message("%u intact logs, %u damaged ones\n", n_seen[0], n_seen[1]);
	assert_true(n_seen[0] > 100);
	assert_int_equal(n_seen[1], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_interleaved_records_are_put_together_and_none_is_invented),
		cmocka_unit_test(a_tag_whose_zero_fell_on_the_others_is_put_together),
		cmocka_unit_test(the_rest_survives_when_any_bytes_are_lost),
		cmocka_unit_test(what_is_found_does_not_depend_on_the_windows),
		cmocka_unit_test(a_gap_says_where_and_how_much),
		cmocka_unit_test(a_time_that_never_was_costs_its_own_record_only),
		cmocka_unit_test(a_block_that_lies_about_its_length_loses_nothing),
		cmocka_unit_test(a_record_that_a_flush_cut_off_is_a_gap_up_to_the_next_block),
		cmocka_unit_test(a_header_that_begins_in_the_middle_is_read),
		cmocka_unit_test(bytes_after_the_end_are_a_gap),
		cmocka_unit_test(flipped_bits_are_accounted_for),
		cmocka_unit_test(damaged_logs_keep_nearly_all_and_intact_ones_have_no_gap),
	};

	return cmocka_run_group_tests_name("eventlog-recovery", tests, NULL, NULL);
}
