/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program under a live collector of the build tree and prints what the collector says, as plugins/recorder.h
 * describes: `live COLLECTOR [context=value]... [-option=value]... [interval_ms=N] [pid=PID] -- CMD ARGS...`. The
 * collector's open() finds the program right after its exec, halted, as `weir record` has it; with `sleep_ms=N` it has
 * run for so long, as `weir attach` finds it; with `before_exec=1` it is yet to become the program. The program's
 * output goes where ours would, our own to file 3 if open. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/golden.h"

enum {
	PAIRS_MAX = 16,
	MS = 1000000,
};

static struct lend_pair context[PAIRS_MAX], options[PAIRS_MAX];
static uint32_t n_context, n_options;
static long interval_ms = 100, sleep_ms = -1, end_ms, is_before_exec;
static int release_fd = -1, out_fd;
static char pid_text[16];

static void take_argument(char *argument)
{
	char *equals = strchr(argument, '=');

	if (!equals || n_context == PAIRS_MAX || n_options == PAIRS_MAX)
		exit(2);
	*equals++ = '\0';
	if (strcmp(argument, "interval_ms") == 0)
		interval_ms = strtol(equals, NULL, 10);
	else if (strcmp(argument, "sleep_ms") == 0)
		sleep_ms = strtol(equals, NULL, 10);
	else if (strcmp(argument, "for_ms") == 0)
		end_ms = strtol(equals, NULL, 10);
	else if (strcmp(argument, "before_exec") == 0)
		is_before_exec = strtol(equals, NULL, 10);
	else if (argument[0] == '-')
		options[n_options++] = (struct lend_pair){ argument + 1, equals };
	else
		context[n_context++] = (struct lend_pair){ argument, equals };
}

static void rest(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * MS };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static void become(char **argv, int go_fd)
{
	char byte;

	if (out_fd == 3)
		(void)close(out_fd);
	if (!is_before_exec)
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	else if (read(go_fd, &byte, 1) != 1)
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

static pid_t start(char **argv)
{
	int go[2], status;
	pid_t child;

	if (pipe2(go, O_CLOEXEC) < 0)
		exit(1);
	child = fork();
	if (child == 0)
		become(argv, go[0]);
	release_fd = go[1];
	if (child < 0 || (!is_before_exec && (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status))))
		exit(1);
	if (sleep_ms >= 0) {
		(void)ptrace(PTRACE_DETACH, child, NULL, NULL);
		rest(sleep_ms);
	}
	(void)snprintf(pid_text, sizeof(pid_text), "%d", child);
	context[n_context++] = (struct lend_pair){ "process.pid", pid_text };
	return child;
}

static int64_t utc_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int run(struct recorder_setup *setup, pid_t child)
{
	struct weir_error error = { "" };
	struct recorder_result result;
	struct recorder *rec = NULL;
	struct weir_text text;
	int r = recorder_open(setup, &rec, &error);
	long ms = 0;

	if (is_before_exec)
		(void)!write(release_fd, "x", 1);
	else if (sleep_ms < 0)
		(void)ptrace(PTRACE_DETACH, child, NULL, NULL);
	if (r < 0 && !rec) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	while (r >= 0 && r != WEIR_END && (end_ms == 0 || ms < end_ms)) {
		rest(interval_ms);
		ms += interval_ms;
		r = recorder_poll(rec);
	}
	recorder_close(rec, &result);
	text = recorder_text(rec);
	(void)!write(out_fd, text.at, text.n_bytes);
	if (result.r < 0)
		fprintf(stderr, "%s\n", result.error.text);
	recorder_free(rec);
	return result.r < 0;
}

int main(int argc, char **argv)
{
	struct golden what = { 0 };
	struct recorder_setup setup;
	pid_t child;
	int i = 2, r;

	out_fd = fcntl(3, F_GETFD) < 0 ? 1 : 3;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++)
		take_argument(argv[i]);
	if (i + 1 >= argc)
		return 2;
	what.collector = argv[1];
	child = start(argv + i + 1);
	what.context = context;
	what.n_context = n_context;
	setup = golden_setup(&what);
	setup.options = options;
	setup.n_options = n_options;
	setup.now_ns = utc_ns();
	setup.now_step_ns = interval_ms * MS;
	r = run(&setup, child);
	if (end_ms)
		(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	golden_done(&setup);
	return r;
}
