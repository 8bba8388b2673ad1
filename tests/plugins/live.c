/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of sources that are polled. */
#include "tests/plugins/stage.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

/* A first poll, and the next one in years. */
static const struct schedule distant = { .interval_ns = MS,
	                                 .coarse_ns = INT64_C(1000000000000000000),
	                                 .period_ns = INT64_C(3000000000000000000) };

static struct session_job job_of(struct stage *s, const char *fixture)
{
	stage_open_store(s);
	return (struct session_job){ .collector = stage_collector(s, fixture),
		                     .run = s->run,
		                     .node = s->node,
		                     .path = "live:it",
		                     .is_live = 1,
		                     .interval_ns = MS };
}

static struct session_totals run(struct stage *s, const struct session_job *job)
{
	struct session *session;

	assert_int_equal(session_new(&s->config, &session, &s->error), 0);
	assert_int_equal(session_add(session, job, NULL, &s->error), 0);
	assert_int_equal(session_run(session, &s->totals, &s->error), 0);
	session_free(session);
	return s->totals;
}

static void who_was_not_asked_for_and_has_nothing_to_measure_is_left_out(void **state)
{
	struct stage s = stage_new();
	struct session_job elsewhere = job_of(&s, "ladder-elsewhere"), fails = job_of(&s, "ladder-fails");
	struct session_totals totals;

	elsewhere.is_optional = fails.is_optional = 1;
	totals = run(&s, &elsewhere);
	assert_int_equal(totals.n_ok + totals.n_partial + totals.n_failed + totals.n_skipped, 0);
	assert_int_equal(stage_count(&s, "SELECT count(*) FROM sources"), 0);
	assert_int_equal(stage_count(&s, "SELECT count(*) FROM diags"), 0);
	/* One that fails in another way, or was asked for, has failed. */
	assert_int_equal(run(&s, &fails).n_failed, 1);
	elsewhere.is_optional = 0;
	assert_int_equal(run(&s, &elsewhere).n_failed, 1);
	assert_int_equal(stage_count(&s, "SELECT count(*) FROM sources WHERE status = 'failed'"), 2);
	stage_done(&s);
}

/* For longer than a file's worker may, and no longer than until its next poll. */
static void who_is_silent_between_two_polls_does_not_hang(void **state)
{
	const struct itimerspec end = { .it_value = { 2, 500 * MS } };
	struct stage s = stage_new();
	struct session_job job = job_of(&s, "pulse");

	job.schedule = distant;
	s.config.stall_timeout_ns = 100 * MS;
	s.config.live_end_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	assert_int_equal(timerfd_settime(s.config.live_end_fd, 0, &end, NULL), 0);
	(void)run(&s, &job);
	assert_string_equal(stage_query(&s, "SELECT code, message FROM diags"), "");
	assert_int_equal(s.totals.n_ok, 1);
	assert_int_equal(stage_count(&s, "SELECT count(*) FROM numbers"), 2);
	(void)close(s.config.live_end_fd);
	stage_done(&s);
}

static void who_leaves_without_a_word_keeps_its_ledger(void **state)
{
	struct stage s = stage_new();
	struct session_job job = job_of(&s, "pulse-quits");

	job.schedule = distant;
	s.config.live_end_fd = eventfd(1, EFD_CLOEXEC);
	assert_int_equal(run(&s, &job).n_partial, 1);
	assert_string_equal(stage_query(&s, "SELECT code FROM diags"), "host.exit\n");
	assert_int_equal(stage_count(&s, "SELECT count(*) FROM numbers"), 1);
	assert_string_equal(stage_query(&s, "SELECT status, read, stored FROM sources"), "partial|1|1\n");
	(void)close(s.config.live_end_fd);
	stage_done(&s);
}

static void who_waits_for_more_when_its_input_is_over_is_ended(void **state)
{
	struct stage s = stage_new();
	struct session_job job = job_of(&s, "waits");
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(write(ends[1], "a line\n", 7), 7);
	job.is_stream = 1;
	job.stream_fd = ends[0];
	s.config.live_end_fd = eventfd(1, EFD_CLOEXEC);
	assert_int_equal(run(&s, &job).n_failed, 1);
	assert_true(strstr(stage_query(&s, "SELECT message FROM diags"), "it waits for more when its input is over"));
	(void)close(s.config.live_end_fd);
	(void)close(ends[0]);
	(void)close(ends[1]);
	stage_done(&s);
}

struct session_listener {
	int n_heard;
};

static void raise_late(struct session_listener *l, uint32_t job, const struct session_outcome *outcome)
{
	assert_int_equal(raise(SIGTERM), 0);
}

static int hear(struct session_listener *l, int number, int sender)
{
	l->n_heard += number == SIGTERM && sender == getpid();
	return 1;
}

static void a_signal_that_comes_when_all_has_ended_is_passed_on(void **state)
{
	static const struct session_listener_ops ops = { .done = raise_late, .signal = hear };
	struct stage s = stage_new();
	struct session_job job = job_of(&s, "pulse");
	struct session_listener l = { 0 };

	s.config.ops = &ops;
	s.config.listener = &l;
	s.config.live_end_fd = eventfd(1, EFD_CLOEXEC);
	assert_int_equal(run(&s, &job).n_ok, 1);
	assert_int_equal(l.n_heard, 1);
	(void)close(s.config.live_end_fd);
	stage_done(&s);
}

static void signal_all(struct session_listener *l)
{
	assert_int_equal(kill(0, SIGTERM), 0);
	assert_int_equal(kill(0, SIGHUP), 0);
}

static void a_signal_to_the_whole_group_is_the_host_s_to_answer(void **state)
{
	static const struct session_listener_ops ops = { .opened = signal_all, .signal = hear };
	const struct itimerspec end = { .it_value = { 0, 300 * MS } };
	struct stage s = stage_new();
	struct session_job job = job_of(&s, "pulse");
	struct session_listener l = { 0 };

	(void)setpgid(0, 0);
	s.config.ops = &ops;
	s.config.listener = &l;
	s.config.live_end_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	assert_int_equal(timerfd_settime(s.config.live_end_fd, 0, &end, NULL), 0);
	assert_int_equal(run(&s, &job).n_ok, 1);
	assert_string_equal(stage_query(&s, "SELECT code, message FROM diags"), "");
	assert_int_equal(l.n_heard, 1);
	(void)close(s.config.live_end_fd);
	stage_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_not_asked_for_and_has_nothing_to_measure_is_left_out),
		cmocka_unit_test(who_is_silent_between_two_polls_does_not_hang),
		cmocka_unit_test(who_leaves_without_a_word_keeps_its_ledger),
		cmocka_unit_test(who_waits_for_more_when_its_input_is_over_is_ended),
		cmocka_unit_test(a_signal_that_comes_when_all_has_ended_is_passed_on),
		cmocka_unit_test(a_signal_to_the_whole_group_is_the_host_s_to_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
