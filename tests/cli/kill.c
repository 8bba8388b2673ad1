/* SPDX-License-Identifier: Apache-2.0 */
/* `weir ingest` of a real run, killed at random moments and run again: what is in the store then is what is there
 * without a kill, row by row. The moments are random; what must hold, must at every moment. */
#include "tests/support/folder.h"
#include "tests/support/program.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SAMPLE_RUN WEIR_SOURCE_ROOT "/tests/data/sample-run"

enum {
	KILLS = 60,
	RUNS_MAX = 1000,
	CANCELLED = 1, /* exit code */
};

static void sleep_us(long us)
{
	const struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	(void)nanosleep(&t, NULL);
}

static long now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Every row of every view, in an order that does not depend on the order of work. */
static char *dump(const struct folder *f, const char *store)
{
	static const char *const queries[] = {
		"SELECT * FROM runs ORDER BY 1",
		"SELECT * FROM nodes ORDER BY 1, 2",
		"SELECT * FROM sources ORDER BY 1, 2, 3, 4",
		"SELECT * FROM diags ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9",
		"SELECT * FROM facts ORDER BY 1, 2, 3, 4, 5, 6",
		"SELECT * FROM components ORDER BY 1, 2, 3, 4",
		"SELECT * FROM unclaimed ORDER BY 1, 2, 3",
		"SELECT * FROM metrics ORDER BY 1",
		"SELECT * FROM numbers ORDER BY 1, 2, 3, 4, 5, 6, 7, 8",
		"SELECT * FROM histograms ORDER BY 1, 2, 3, 4, 5, 6, 7, 8",
		"SELECT * FROM spans ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9",
		"SELECT * FROM weights ORDER BY 1, 2, 3, 4, 6, 7, 9, 10, 11, 12, 13, 14, native_id",
	};
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		struct program p = program_weir(f->path, "sql", store, queries[i], "--json", NULL);

		if (p.code != 0)
			fail_msg("%s: exit code %d: %s", queries[i], p.code, p.err);
		(void)fputs(p.out, out);
		program_done(&p);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Starts an ingest in a process group of its own. */
static pid_t start(const struct folder *f, const char *store)
{
	pid_t pid = fork();
	int log;

	if (pid != 0)
		return pid;
	(void)setpgid(0, 0);
	log = open(folder_path(f, "log"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	(void)dup2(log, STDOUT_FILENO);
	(void)dup2(log, STDERR_FILENO);
	(void)execl(WEIR_BINARY, WEIR_BINARY, "ingest", SAMPLE_RUN, "-o", folder_path(f, store), (char *)NULL);
	_exit(127);
}

static int end_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return status;
}

static void assert_whole(const struct folder *f, const char *store, const char *expected)
{
	char *text = dump(f, store);

	if (strcmp(text, expected) != 0) {
		folder_write(f, "expected", expected);
		folder_write(f, "got", text);
		fail_msg("%s differs: compare %s/expected with %s/got", store, f->path, f->path);
	}
	free(text);
}

static char *undisturbed(const struct folder *f, long *ret_us)
{
	long from = now_us();

	assert_int_equal(end_of(start(f, "undisturbed.weir")), 0);
	*ret_us = now_us() - from;
	return dump(f, "undisturbed.weir");
}

static void ingest_to_the_end(const struct folder *f, const char *store)
{
	struct program p = program_weir(f->path, "ingest", SAMPLE_RUN, "-o", store, NULL);

	if (p.code != 0)
		fail_msg("exit code %d: %s", p.code, p.err);
	program_done(&p);
}

static void killed_at_any_moment_and_run_again_it_is_as_if_it_had_not_been(void **state)
{
	struct folder f = folder_new();
	int n_killed = 0, n_runs = 0, status;
	char *expected;
	long us;
	pid_t pid;

	expected = undisturbed(&f, &us);
	srandom(20261121);
	while (n_killed < KILLS) {
		assert_true(n_runs++ < RUNS_MAX);
		pid = start(&f, "killed.weir");
		sleep_us(random() % us);
		/* The program alone, or with its children. */
		(void)kill(random() % 2 ? pid : -pid, SIGKILL);
		status = end_of(pid);
		n_killed += WIFSIGNALED(status);
		/* Half of the kills hit what an earlier one has left. */
		if (n_killed % 2 && WIFSIGNALED(status))
			continue;
		ingest_to_the_end(&f, "killed.weir");
		assert_whole(&f, "killed.weir", expected);
		(void)unlink(folder_path(&f, "killed.weir"));
		(void)unlink(folder_path(&f, "killed.weir-wal"));
		(void)unlink(folder_path(&f, "killed.weir-shm"));
	}
	print_message("killed %d of %d runs\n", n_killed, n_runs);
	free(expected);
	folder_free(&f);
}

static void a_signal_is_answered_with_a_sentence_and_a_whole_store(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM };
	struct folder f = folder_new();
	int n_answered = 0, n_runs = 0, status;
	char *expected;
	long us;
	pid_t pid;

	expected = undisturbed(&f, &us);
	srandom(20261121);
	while (n_answered < 6) {
		assert_true(n_runs++ < RUNS_MAX);
		pid = start(&f, "cancelled.weir");
		sleep_us(random() % us);
		(void)kill(-pid, signals[n_runs % 2]);
		status = end_of(pid);
		/* Before it listens, a signal just ends it. */
		if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
			struct program said = program_run(f.path, (const char *const[]){ "cat", "log", NULL });

			assert_int_equal(WEXITSTATUS(status), CANCELLED);
			assert_non_null(strstr(said.out, "cancelled"));
			n_answered++;
			program_done(&said);
		}
		ingest_to_the_end(&f, "cancelled.weir");
		assert_whole(&f, "cancelled.weir", expected);
		(void)unlink(folder_path(&f, "cancelled.weir"));
	}
	free(expected);
	folder_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_any_moment_and_run_again_it_is_as_if_it_had_not_been),
		cmocka_unit_test(a_signal_is_answered_with_a_sentence_and_a_whole_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
