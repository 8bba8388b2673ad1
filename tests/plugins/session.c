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

#include "tests/support/sanitized.h"

enum {
	LINES = 20,
	LINES_BEFORE = 10, /* the fault */
	ROWS_PER_LINE = 3,
};

#define HANG_NS INT64_C(1500000000)

static void assert_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("\"%s\" does not say \"%s\"", text, words);
}

/* What is left of `good` when it is read alone. */
static char *lone_dump(void)
{
	static const char *const alone[] = { "good", "good.lines", NULL };
	struct stage s = stage_new();
	char *dump;

	stage_write_lines(&s, "good.lines", 5000, 5000);
	assert_int_equal(stage_run(&s, alone), 0);
	assert_int_equal(s.totals.n_ok, 1);
	dump = stage_dump(&s, "good");
	stage_done(&s);
	return dump;
}

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

struct fault {
	const char *fixture;
	const char *status; /* of the source */
	const char *code;   /* of the diag that must be there */
	const char *words[3];
	int n_lines_kept; /* -1: that is chance */
	int is_not_for_sanitizers;
};

static const struct fault faults[] = {
	{ "gives-up", "partial", "host.verb", { "gives-up: boom" }, LINES_BEFORE, 0 },
	{ "crash-open", "failed", "host.crash", { "SIGSEGV at address 0x10 in crash-open.so+0x", "in open" }, 0, 0 },
	{ "crash-poll",
	  "partial",
	  "host.crash",
	  { "collector crash-poll: SIGSEGV at address 0x10 in crash-poll.so+0x", "(misbehave), in poll, after" },
	  LINES_BEFORE,
	  0 },
	{ "crash-close", "partial", "host.crash", { "SIGSEGV", "in close" }, LINES, 0 },
	{ "crash-call",
	  "partial",
	  "host.crash",
	  { "SIGSEGV at address 0x0 in 0x0, where no code is, called from crash-call.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "crash-abort",
	  "partial",
	  "host.crash",
	  { "SIGABRT in libc.so.6+0x", "called from crash-abort.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "crash-stack", "partial", "host.crash", { "SIGSEGV", "crash-stack.so+0x" }, LINES_BEFORE, 0 },
	{ "crash-batch",
	  "partial",
	  "host.crash",
	  { "SIGSEGV at address 0x", "called from crash-batch.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "hang-spin",
	  "partial",
	  "host.hang",
	  { "nothing for 1.5 s", "in hang-spin.so+0x", "in poll" },
	  LINES_BEFORE,
	  0 },
	{ "hang-sleep", "partial", "host.hang", { "called from hang-sleep.so+0x" }, LINES_BEFORE, 0 },
	{ "allocate", "partial", "host.memory", { "more than the 256 MiB", "allocate.so+0x" }, -1, 0 },
	{ "allocate-small", "partial", "host.memory", { "more than the 256 MiB", "in poll" }, -1, 0 },
	{ "flood",
	  "partial",
	  "host.flood",
	  { "more than 10", "observations, the bound for inputs of this size", "in poll" },
	  -1,
	  0 },
	{ "undeclared", "partial", "host.metric", { "no metric row 3, only 3 rows" }, LINES, 0 },
	{ "wrong-shape", "partial", "host.id", { "its series has another shape" }, LINES, 0 },
	{ "print",
	  "partial",
	  "host.output",
	  { "hello from print and to stderr", "wrote 31 bytes to its standard output or error: hello" },
	  LINES,
	  0 },
	{ "print-forever",
	  "partial",
	  "host.hang",
	  { "nothing for 1.5 s", "called from print-forever.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "forks", "partial", "host.denied", { "system call clone (", "called from forks.so+0x" }, LINES_BEFORE, 0 },
	{ "starts-thread",
	  "partial",
	  "host.denied",
	  { "which a collector may not make", "called from starts-thread.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "exits", "partial", "host.exit", { "left its process with status 7", "in poll" }, LINES_BEFORE, 0 },
	{ "quits", "failed", "host.exit", { "left its process with status 7", "in poll" }, 0, 0 },
	{ "uses-too-much", "partial", "host.input", { "it used 1048576 bytes of a window of" }, LINES_BEFORE, 0 },
	{ "opens-file", "partial", "host.denied", { "system call openat (" }, LINES_BEFORE, 1 },
	{ "connects",
	  "partial",
	  "host.denied",
	  { "system call socket (", "called from connects.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "runs-program",
	  "partial",
	  "host.denied",
	  { "system call execve (", "called from runs-program.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "kills-host",
	  "partial",
	  "host.denied",
	  { "system call kill (", "called from kills-host.so+0x" },
	  LINES_BEFORE,
	  0 },
};

static void check_fault(const struct fault *f, const char *good_alone)
{
	const char *const pairs[] = { f->fixture, "bad.lines", "good", "good.lines", NULL };
	struct stage s = stage_new();
	char *dump;

	if (strcmp(f->code, "host.hang") == 0)
		s.config.stall_timeout_ns = HANG_NS;
	if (strncmp(f->fixture, "allocate", 8) == 0)
		s.config.memory_max = 256 << 20;
	stage_write_lines(&s, "bad.lines", LINES, LINES_BEFORE);
	stage_write_lines(&s, "good.lines", 5000, 5000);
	assert_int_equal(stage_run(&s, pairs), 0);
	assert_int_equal(s.totals.n_ok, 1);
	assert_int_equal(s.totals.n_partial + s.totals.n_failed, 1);
	assert_says(stage_query(&s, "SELECT status, collector, code, message FROM sources JOIN diags USING (path, "
	                            "collector) WHERE path = 'bad.lines'"),
	            f->status);
	for (size_t i = 0; i < 3 && f->words[i]; i++)
		assert_says(
			stage_query(&s, "SELECT message FROM diags WHERE path = 'bad.lines' AND code = '%s'", f->code),
			f->words[i]);
	if (f->n_lines_kept >= 0)
		assert_int_equal(stage_count(&s, "SELECT count(*) FROM numbers WHERE collector = '%s'", f->fixture),
		                 f->n_lines_kept);
	if (strcmp(f->code, "host.flood") == 0)
		assert_int_equal(stage_count(&s, "SELECT sum(n) FROM totals WHERE collector = 'flood'"),
		                 stage_count(&s, "SELECT 1000000 + 64 * bytes FROM sources WHERE collector = 'flood'"));
	dump = stage_dump(&s, "good");
	assert_string_equal(dump, good_alone);
	free(dump);
	stage_done(&s);
}

static void every_fault_costs_its_own_source_only(void **state)
{
	char *good_alone = lone_dump();

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (!IS_SANITIZED || !faults[i].is_not_for_sanitizers)
			check_fault(&faults[i], good_alone);
	free(good_alone);
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
		cmocka_unit_test(every_fault_costs_its_own_source_only),
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
