/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Ctrl-C goes to the whole process group; it is the host that answers it. */
static void reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void child_begin(int parent, int output_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || null < 0)
		_exit(1);
	reset_signals();
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(output_fd < 0 ? null : output_fd, STDOUT_FILENO);
	(void)dup2(output_fd < 0 ? null : output_fd, STDERR_FILENO);
	(void)setvbuf(stdout, NULL, _IONBF, 0);
}
