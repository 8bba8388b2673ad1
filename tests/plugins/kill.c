/* SPDX-License-Identifier: Apache-2.0 */
/* Killing: of workers, of the whole, of the disk. The moments are random and printed by seed; what must hold, must at
 * every moment. */
#include "tests/plugins/stage.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	FILES = 6,
	LINES = 6000, /* of the largest file */
	KILLS = 60,
};

static const char *const all_pairs[] = { "good",    "0.lines", "good",    "1.lines", "good",    "2.lines", "good",
	                                 "3.lines", "good",    "4.lines", "good",    "5.lines", NULL };

static void write_files(struct stage *s)
{
	char name[16];

	for (uint32_t i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof(name), "%u.lines", i);
		stage_write_lines(s, name, LINES / (i + 1), LINES);
	}
}

static void sleep_us(long us)
{
	const struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	(void)nanosleep(&t, NULL);
}

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* What an undisturbed run leaves, and how long it takes. */
static char *undisturbed(int64_t *ret_us)
{
	struct stage s = stage_new();
	int64_t from;
	char *dump;

	write_files(&s);
	from = now_us();
	assert_int_equal(stage_run(&s, all_pairs), 0);
	*ret_us = now_us() - from;
	assert_int_equal(s.totals.n_ok, FILES);
	dump = stage_dump(&s, "good");
	stage_done(&s);
	return dump;
}

struct session_listener {
	struct store *store;
};

/* A commit after each source, so that kills find all kinds of half-done stores. */
static void commit(struct session_listener *l, uint32_t job, const struct session_outcome *outcome)
{
	struct weir_error error;

	(void)store_commit(l->store, 1, &error);
}

static int run_with_commits(struct stage *s)
{
	static const struct session_listener_ops ops = { .done = commit };
	struct session_listener l;

	stage_open_store(s);
	l.store = s->store;
	s->config.ops = &ops;
	s->config.listener = &l;
	return stage_run(s, all_pairs);
}

static void check_whole(struct stage *s, const char *expected)
{
	char *dump = stage_dump(s, "good");

	assert_string_equal(dump, expected);
	free(dump);
}

static void a_session_killed_at_any_moment_ends_as_if_it_had_not(void **state)
{
	int64_t us, delay;
	char *expected = undisturbed(&us);
	struct stage s = stage_new();
	int n_killed = 0, n_runs = 0, n_half_done = 0, status;
	int64_t n_sources;
	pid_t pid;

	write_files(&s);
	srandom(20261121);
	while (n_killed < KILLS) {
		assert_true(n_runs++ < 10 * KILLS);
		delay = random() % us;
		stage_close_store(&s);
		pid = fork();
		if (pid == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(run_with_commits(&s) != 0);
		}
		sleep_us(delay);
		(void)kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		n_killed += WIFSIGNALED(status);
		stage_open_store(&s);
		assert_string_equal(stage_query(&s, "PRAGMA integrity_check"), "ok\n");
		assert_int_equal(stage_count(&s, "SELECT count(*) FROM sources WHERE status <> 'ok'"), 0);
		n_sources = stage_count(&s, "SELECT count(*) FROM sources");
		n_half_done += n_sources > 0 && n_sources < FILES;
		if (WIFSIGNALED(status))
			continue;
		/* It was done before: from the start again. */
		assert_int_equal(WEXITSTATUS(status), 0);
		check_whole(&s, expected);
		stage_close_store(&s);
		(void)remove(folder_path(&s.folder, "test.weir"));
	}
	print_message("killed %d of %d, %d of them half done\n", n_killed, n_runs, n_half_done);
	assert_true(n_half_done > 0);
	assert_int_equal(stage_run(&s, all_pairs), 0);
	check_whole(&s, expected);
	free(expected);
	stage_done(&s);
}

/* Kills children of `of` at random until it is killed itself. */
static void kill_children(pid_t of, int64_t us)
{
	char path[64];
	int child;
	FILE *f;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)of, (int)of);
	for (;;) {
		sleep_us(random() % (us / 4 + 1));
		f = fopen(path, "re");
		while (f && fscanf(f, "%d", &child) == 1)
			if (child != getpid() && random() % 2)
				(void)kill(child, SIGKILL);
		if (f)
			(void)fclose(f);
	}
}

static void a_worker_killed_at_any_moment_costs_its_own_source(void **state)
{
	int64_t us;
	char *expected = undisturbed(&us);
	struct stage s = stage_new();
	uint32_t n_hurt = 0;
	const char *said;
	pid_t killer;

	write_files(&s);
	(void)stage_collector(&s, "good");
	srandom(20261121);
	for (int i = 0; i < 20; i++) {
		stage_close_store(&s);
		(void)remove(folder_path(&s.folder, "test.weir"));
		killer = fork();
		if (killer == 0)
			kill_children(getppid(), us);
		assert_int_equal(stage_run(&s, all_pairs), 0);
		(void)kill(killer, SIGKILL);
		assert_int_equal(waitpid(killer, NULL, 0), killer);
		assert_int_equal(s.totals.n_ok + s.totals.n_partial + s.totals.n_failed, FILES);
		assert_int_equal(stage_count(&s, "SELECT count(*) FROM sources WHERE status = 'ok'"), s.totals.n_ok);
		/* Whoever is not whole says why, and whoever is whole says nothing. */
		said = stage_query(&s,
		                   "SELECT path, status, code, message FROM sources LEFT JOIN diags USING (path) WHERE "
		                   "(status = 'ok') <> (code IS NULL) OR message NOT LIKE '%%killed by SIGKILL%%'");
		if (*said)
			fail_msg("%s", said);
		n_hurt += FILES - s.totals.n_ok;
	}
	assert_true(n_hurt > 0);
	print_message("hurt %u of %u\n", n_hurt, 20 * FILES);
	stage_close_store(&s);
	(void)remove(folder_path(&s.folder, "test.weir"));
	assert_int_equal(stage_run(&s, all_pairs), 0);
	check_whole(&s, expected);
	free(expected);
	stage_done(&s);
}

/* The disk is full when the file would grow beyond a limit: the kernel says so at the same place. */
static void a_full_disk_ends_everything_and_loses_nothing(void **state)
{
	int64_t us;
	char *expected = undisturbed(&us);
	struct stage s = stage_new();
	int status, n_full = 0;
	pid_t pid;

	write_files(&s);
	for (rlim_t limit = 50000; limit < 2000000; limit += limit / 3) {
		stage_close_store(&s);
		pid = fork();
		if (pid == 0) {
			(void)signal(SIGXFSZ, SIG_IGN);
			(void)setrlimit(RLIMIT_FSIZE, &(struct rlimit){ limit, limit });
			if (store_open(folder_path(&s.folder, "test.weir"), STORE_CREATE, &s.store, &s.error) < 0)
				_exit(2);
			s.config.store = s.store;
			status = stage_run(&s, all_pairs);
			_exit(status == 0 ? 0 : s.error.text[0] ? 2 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 1);
		n_full += WEXITSTATUS(status) == 2;
		stage_open_store(&s);
		assert_string_equal(stage_query(&s, "PRAGMA integrity_check"), "ok\n");
	}
	assert_true(n_full > 0);
	assert_int_equal(stage_run(&s, all_pairs), 0);
	check_whole(&s, expected);
	free(expected);
	stage_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_killed_at_any_moment_ends_as_if_it_had_not),
		cmocka_unit_test(a_worker_killed_at_any_moment_costs_its_own_source),
		cmocka_unit_test(a_full_disk_ends_everything_and_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
