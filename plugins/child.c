/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void close_others(const struct child_setup *setup)
{
	int keep[CHILD_KEEP_MAX];
	unsigned int from = setup->output_fd < 0 ? 0 : STDOUT_FILENO + 1;

	memcpy(keep, setup->keep, sizeof(keep));
	qsort(keep, setup->n_keep, sizeof(*keep), by_number);
	for (uint32_t i = 0; i < setup->n_keep; i++) {
		if (keep[i] < (int)from)
			continue;
		if ((unsigned int)keep[i] > from)
			(void)close_range(from, (unsigned int)keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	(void)close_range(from, ~0U, 0);
	(void)close(STDIN_FILENO);
}

/* What terminals and service managers send, they send to the whole group; it is the host that answers it. */
static void reset_signals(void)
{
	static const int ignored[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void child_begin(const struct child_setup *setup)
{
	int null;

	if (setup->output_fd >= 0)
		(void)dup2(setup->output_fd, STDOUT_FILENO);
	close_others(setup);
	null = open("/dev/null", O_RDWR);
	if (null != STDIN_FILENO || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != setup->parent)
		_exit(1);
	reset_signals();
	if (setup->output_fd < 0)
		(void)dup2(null, STDOUT_FILENO);
	(void)dup2(STDOUT_FILENO, STDERR_FILENO);
	(void)setvbuf(stdout, NULL, _IONBF, 0);
}

void child_reserve(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}
