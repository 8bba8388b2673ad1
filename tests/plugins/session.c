/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/plugins/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/says.h"

enum {
	LINES = 20,
	LINES_BEFORE = 10, /* the fault */
	ROWS_PER_LINE = 3,
};

#define HANG_NS INT64_C(1500000000)

static void a_good_source_is_whole(void **state)
{
	static const char *const alone[] = { "good", "good.lines", NULL };
	struct stage s = stage_new();

	stage_write_lines(&s, "good.lines", 5000, 5000);
	assert_int_equal(stage_run(&s, alone), 0);
	assert_string_equal(stage_query(&s, "SELECT code, message FROM diags"), "");
	assert_int_equal(s.totals.n_ok, 1);
	assert_int_equal(stage_count(&s, "SELECT count(*) FROM numbers"), 5000);
	assert_int_equal(stage_count(&s, "SELECT count(*) FROM spans"), 5000);
	assert_int_equal(stage_count(&s, "SELECT count(DISTINCT stack) FROM weights"), 5000);
	assert_int_equal(stage_count(&s, "SELECT sum(value) FROM numbers"),
	                 stage_count(&s, "SELECT sum(self) FROM weights"));
	assert_string_equal(
		stage_query(&s, "SELECT run, node, collector, path, status, read, stored, clock FROM sources"),
		"run|node|good|good.lines|ok|5000|5000|lines\n");
	assert_int_equal(stage_count(&s, "SELECT count(*) FROM diags"), 0);
	assert_int_equal(stage_count(&s, "SELECT length(sha256) FROM sources"), 64);
	stage_done(&s);
}

/* ---- What is read again, and what isn't ---- */

/* Runs one job; 1: it was read, 0: it was skipped. */
static int is_read(struct stage *s, const struct session_job *job)
{
	struct session *session;

	assert_int_equal(session_new(&s->config, &session, &s->error), 0);
	assert_int_equal(session_add(session, job, NULL, &s->error), 0);
	if (session_run(session, &s->totals, &s->error) < 0)
		fail_msg("%s", s->error.text);
	session_free(session);
	assert_int_equal(s->totals.n_ok + s->totals.n_skipped, 1);
	assert_int_equal(stage_count(s, "SELECT count(*) FROM sources"), 1);
	return (int)s->totals.n_ok;
}

static void set_time(struct stage *s, const char *path, int64_t seconds)
{
	const struct timespec times[2] = { { seconds, 0 }, { seconds, 0 } };

	assert_int_equal(utimensat(AT_FDCWD, folder_path(&s->folder, path), times, 0), 0);
}

static void only_what_differs_is_read_again(void **state)
{
	const struct lend_pair deep = { "depth", "5" }, pid = { "process.pid", "17" };
	char beside[512];
	const char *companions[] = { beside };
	struct stage s = stage_new();
	struct session_job job;

	stage_write_lines(&s, "x.lines", 10, 10);
	set_time(&s, "x.lines", 1000);
	job = stage_job(&s, "asks", "x.lines");
	assert_true(is_read(&s, &job));
	assert_false(is_read(&s, &job));
	set_time(&s, "x.lines", 2000);
	assert_true(is_read(&s, &job));
	assert_false(is_read(&s, &job));
	job.options = &deep;
	job.n_options = 1;
	assert_true(is_read(&s, &job));
	assert_false(is_read(&s, &job));
	job.context = &pid;
	job.n_context = 1;
	assert_true(is_read(&s, &job));
	assert_false(is_read(&s, &job));
	(void)snprintf(beside, sizeof(beside), "%s", folder_path(&s.folder, "x.beside"));
	job.companions = companions;
	assert_false(is_read(&s, &job));
	folder_write(&s.folder, "x.beside", "12345");
	assert_true(is_read(&s, &job));
	assert_false(is_read(&s, &job));
	stage_done(&s);
}

static void verifying_hashes_again_and_reads_what_has_changed(void **state)
{
	struct stage s = stage_new();
	struct session_job job;

	folder_write(&s.folder, "x.lines", "one\ntwo\n");
	set_time(&s, "x.lines", 1000);
	job = stage_job(&s, "good", "x.lines");
	assert_true(is_read(&s, &job));
	/* The same size and time, other bytes. */
	folder_write(&s.folder, "x.lines", "one\ntoo much\n");
	assert_int_equal(truncate(folder_path(&s.folder, "x.lines"), 8), 0);
	set_time(&s, "x.lines", 1000);
	assert_false(is_read(&s, &job));
	for (int is_in_process = 0; is_in_process < 2; is_in_process++) {
		s.config.has_verify = 1;
		s.config.is_in_process = is_in_process;
		assert_true(is_read(&s, &job));
		assert_false(is_read(&s, &job));
		folder_write(&s.folder, "x.lines", "one\ntwo\n");
		set_time(&s, "x.lines", 1000);
	}
	stage_done(&s);
}

/* ---- What a collector is lent ---- */

static void a_collector_gets_its_options_context_and_companions(void **state)
{
	const struct lend_pair deep = { "depth", "5" }, pid = { "process.pid", "17" };
	char beside[512];
	const char *companions[] = { beside };
	struct stage s = stage_new();
	struct session_job job;

	folder_write(&s.folder, "x.lines", "one\ntwo\n");
	set_time(&s, "x.lines", 1000);
	folder_write(&s.folder, "x.beside", "12345");
	(void)snprintf(beside, sizeof(beside), "%s", folder_path(&s.folder, "x.beside"));
	job = stage_job(&s, "asks", "x.lines");
	job.options = &deep;
	job.context = &pid;
	job.n_options = job.n_context = 1;
	job.companions = companions;
	assert_true(is_read(&s, &job));
	assert_string_equal(stage_query(&s, "SELECT name, value FROM facts WHERE path = 'x.lines' ORDER BY name"),
	                    "companion.bytes|5\ncompanion.result|0\nfile.mtime_ns|1000000000000\nfile.size_bytes|8\n"
	                    "option.depth|5\npath|x.lines\nprocess.pid|17\n");
	job.companions = NULL;
	assert_true(is_read(&s, &job));
	assert_string_equal(stage_query(&s, "SELECT value FROM facts WHERE name = 'companion.result'"), "-2\n");
	stage_done(&s);
}

static void an_option_that_does_not_fit_is_refused_before_anything_runs(void **state)
{
	static const struct lend_pair wrong[] = { { "dept", "5" }, { "depth", "10" }, { "depth", "much" } };
	static const char *const words[] = { "depth", "9", "much" };
	struct stage s = stage_new();
	struct session *session;
	struct session_job job = stage_job(&s, "good", "x.lines");

	assert_int_equal(session_new(&s.config, &session, &s.error), 0);
	job.n_options = 1;
	for (size_t i = 0; i < 3; i++) {
		job.options = &wrong[i];
		assert_int_equal(session_add(session, &job, NULL, &s.error), -EINVAL);
		assert_says(s.error.text, words[i]);
	}
	session_free(session);
	stage_done(&s);
}

/* ---- Files ---- */

static void what_cannot_be_opened_is_a_failed_source(void **state)
{
	static const char *const pairs[] = { "good",   "nothing", "good",    "fifo", "good",
		                             "folder", "good",    "x.lines", NULL };
	struct stage s = stage_new();

	assert_int_equal(mkfifo(folder_path(&s.folder, "fifo"), 0600), 0);
	folder_make(&s.folder, "folder");
	folder_write(&s.folder, "x.lines", "one\n");
	assert_int_equal(stage_run(&s, pairs), 0);
	assert_int_equal(s.totals.n_failed, 3);
	assert_int_equal(s.totals.n_ok, 1);
	assert_says(stage_query(&s, "SELECT message FROM diags WHERE path = 'nothing' AND code = 'host.file'"),
	            "No such file");
	assert_says(stage_query(&s, "SELECT message FROM diags WHERE path = 'fifo' AND code = 'host.file'"),
	            "not a regular file");
	assert_says(stage_query(&s, "SELECT message FROM diags WHERE path = 'folder' AND code = 'host.file'"),
	            "not a regular file");
	stage_done(&s);
}

static void an_empty_file_is_whole(void **state)
{
	static const char *const pairs[] = { "good", "x.lines", NULL };
	struct stage s = stage_new();

	folder_write(&s.folder, "x.lines", "");
	assert_int_equal(stage_run(&s, pairs), 0);
	assert_int_equal(s.totals.n_ok, 1);
	assert_string_equal(stage_query(&s, "SELECT bytes, sha256 FROM sources"),
	                    "0|e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
	stage_done(&s);
}

static void a_record_beyond_every_window_ends_its_source(void **state)
{
	static const char *const pairs[] = { "stuck-record", "x.lines", NULL };
	struct stage s = stage_new();

	folder_write(&s.folder, "x.lines", "boom\n");
	assert_int_equal(truncate(folder_path(&s.folder, "x.lines"), (off_t)WEIR_WINDOW_MAX + 10), 0);
	assert_int_equal(stage_run(&s, pairs), 0);
	assert_int_equal(s.totals.n_failed, 1);
	assert_says(stage_query(&s, "SELECT message FROM diags WHERE code = 'host.verb'"), "input says -7");
	stage_done(&s);
}

struct session_listener {
	struct stage *stage;
	uint32_t n_progress, n_done, n_diags;
	struct session_progress last;
	int to_send; /* a signal, when the first source is done */
};

static void append_to_file(struct session_listener *l, const struct session_progress *p)
{
	FILE *f = fopen(folder_path(&l->stage->folder, "x.lines"), "ae");

	(void)fputs("more\n", f);
	(void)fclose(f);
}

static void a_file_that_changes_while_it_is_read_is_partial(void **state)
{
	static const struct session_listener_ops ops = { .progress = append_to_file };
	static const char *const pairs[] = { "hang-sleep", "x.lines", NULL };
	struct stage s = stage_new();
	struct session_listener l = { .stage = &s };

	s.config.ops = &ops;
	s.config.listener = &l;
	s.config.stall_timeout_ns = HANG_NS;
	stage_write_lines(&s, "x.lines", LINES, LINES_BEFORE);
	assert_int_equal(stage_run(&s, pairs), 0);
	assert_says(stage_query(&s, "SELECT message FROM diags WHERE code = 'host.changed'"),
	            "run the same command again");
	stage_done(&s);
}

/* ---- Many ---- */

static void hear_progress(struct session_listener *l, const struct session_progress *p)
{
	assert_true(p->n_bytes_done >= l->last.n_bytes_done && p->n_bytes_done <= p->n_bytes_total);
	assert_true(p->n_sources_done >= l->last.n_sources_done && p->n_rows >= l->last.n_rows);
	l->last = *p;
	l->n_progress++;
}

static void hear_diag(struct session_listener *l, uint32_t job, const struct weir_diag *diag)
{
	assert_int_equal(job, 5);
	assert_string_equal(diag->code, "host.verb");
	l->n_diags++;
}

static void hear_done(struct session_listener *l, uint32_t job, const struct session_outcome *outcome)
{
	assert_int_equal(outcome->status, job == 5 ? STORE_PARTIAL : STORE_OK);
	assert_int_equal(outcome->n_rows, ROWS_PER_LINE * (job == 5 ? LINES_BEFORE : LINES + (int)job));
	l->n_done++;
	if (l->to_send)
		assert_int_equal(kill(getpid(), l->to_send), 0);
	l->to_send = 0;
}

static const struct session_listener_ops all_ops = { hear_progress, hear_diag, hear_done };

enum {
	MANY = 40
};

/* Names and pairs of many files, of which number 5 is bad. */
static void write_many(struct stage *s, char names[MANY][16], const char *pairs[2 * MANY + 1])
{
	for (uint32_t i = 0; i < MANY; i++) {
		(void)snprintf(names[i], 16, "%u.lines", i);
		stage_write_lines(s, names[i], LINES + (i == 5 ? 0 : i), i == 5 ? LINES_BEFORE : LINES + i);
		pairs[2 * i] = i == 5 ? "gives-up" : "good";
		pairs[2 * i + 1] = names[i];
	}
	pairs[2 * MANY] = NULL;
}

static void more_sources_than_workers_are_all_read_and_told(void **state)
{
	static const uint32_t n_workers[] = { 1, 2, 7, 64 };
	const char *pairs[2 * MANY + 1];
	char names[MANY][16];

	for (size_t i = 0; i < sizeof(n_workers) / sizeof(n_workers[0]); i++) {
		struct stage s = stage_new();
		struct session_listener l = { .stage = &s };

		write_many(&s, names, pairs);
		s.config.n_workers = n_workers[i];
		s.config.ops = &all_ops;
		s.config.listener = &l;
		assert_int_equal(stage_run(&s, pairs), 0);
		assert_int_equal(s.totals.n_ok, MANY - 1);
		assert_int_equal(s.totals.n_partial, 1);
		assert_int_equal(l.n_done, MANY);
		assert_int_equal(l.n_diags, 1);
		assert_true(l.n_progress > 0);
		assert_int_equal(l.last.n_sources_done, MANY);
		assert_int_equal(l.last.n_bytes_done, l.last.n_bytes_total);
		assert_int_equal(l.last.n_rows,
		                 stage_count(&s, "SELECT (SELECT count(*) FROM numbers) + (SELECT count(*) "
		                                 "FROM spans) + (SELECT count(*) FROM weights)"));
		stage_done(&s);
	}
}

static void in_process_gives_the_same(void **state)
{
	const char *pairs[2 * MANY + 1];
	char names[MANY][16];
	char *dumps[2];

	for (int i = 0; i < 2; i++) {
		struct stage s = stage_new();

		write_many(&s, names, pairs);
		for (uint32_t k = 0; k < MANY; k++)
			set_time(&s, names[k], 1000);
		s.config.is_in_process = i;
		assert_int_equal(stage_run(&s, pairs), 0);
		assert_int_equal(s.totals.n_ok, MANY - 1);
		dumps[i] = stage_dump(&s, "good");
		stage_done(&s);
	}
	assert_string_equal(dumps[0], dumps[1]);
	free(dumps[0]);
	free(dumps[1]);
}

/* ---- Cancelling ---- */

static void a_signal_ends_the_session_and_leaves_what_is_done(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM };
	const char *pairs[2 * MANY + 1];
	char names[MANY][16];

	for (size_t i = 0; i < 2; i++) {
		struct stage s = stage_new();
		struct session_listener l = { .stage = &s, .to_send = signals[i] };

		write_many(&s, names, pairs);
		s.config.ops = &all_ops;
		s.config.listener = &l;
		assert_int_equal(stage_run(&s, pairs), -EINTR);
		assert_says(s.error.text, "cancelled");
		assert_says(s.error.text, "run the same command again");
		assert_in_range(l.n_done, 1, MANY - 1);
		stage_close_store(&s);
		stage_open_store(&s);
		assert_int_equal(stage_count(&s, "SELECT count(*) FROM sources"), l.n_done);
		s.config.ops = NULL;
		assert_int_equal(stage_run(&s, pairs), 0);
		assert_int_equal(stage_count(&s, "SELECT count(*) FROM sources"), MANY);
		assert_int_equal(s.totals.n_ok + s.totals.n_partial + s.totals.n_skipped, MANY);
		assert_true(s.totals.n_skipped > 0);
		stage_done(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_source_is_whole),
		cmocka_unit_test(only_what_differs_is_read_again),
		cmocka_unit_test(verifying_hashes_again_and_reads_what_has_changed),
		cmocka_unit_test(a_collector_gets_its_options_context_and_companions),
		cmocka_unit_test(an_option_that_does_not_fit_is_refused_before_anything_runs),
		cmocka_unit_test(what_cannot_be_opened_is_a_failed_source),
		cmocka_unit_test(an_empty_file_is_whole),
		cmocka_unit_test(a_record_beyond_every_window_ends_its_source),
		cmocka_unit_test(a_file_that_changes_while_it_is_read_is_partial),
		cmocka_unit_test(more_sources_than_workers_are_all_read_and_told),
		cmocka_unit_test(in_process_gives_the_same),
		cmocka_unit_test(a_signal_ends_the_session_and_leaves_what_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
