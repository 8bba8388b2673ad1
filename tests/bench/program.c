/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/program.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/sink.h"

enum {
	EXIT_PARTLY = 3,
};

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

struct program_cost program_run(const char *folder, const char *const argv[], const char *output)
{
	double start = sink_now();
	struct rusage usage;
	pid_t pid;
	int status;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (chdir(folder) == 0 &&
		    (!output || strcmp(output, "/dev/stdout") == 0 || freopen(output, "w", stdout)) &&
		    (output || freopen("/dev/null", "w", stdout)) && (output || freopen("/dev/null", "w", stderr)))
			execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || !WIFEXITED(status) ||
	    (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != EXIT_PARTLY)) {
		(void)fprintf(stderr, "%s %s: failed\n", argv[0], argv[1]);
		exit(1);
	}
	return (struct program_cost){ .s = sink_now() - start,
		                      .cpu_s = seconds(&usage.ru_utime) + seconds(&usage.ru_stime),
		                      .peak_mb = (double)usage.ru_maxrss * 1024 / 1e6 };
}
