/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/folder.h"
#include "tests/support/sanitized.h"

enum {
	WORKED = 0,
	REFUSED = 1,
	NOT_SEALED = 2,
	TRAPPED = 3,
	MEMORY = 64 << 20,
};

static struct folder here;

static void on_trap(int sig)
{
	_exit(TRAPPED);
}

/* What one deed comes to in a child, before the sandbox's second step or after it. */
static int outcome_of(int (*deed)(void), int is_sealed)
{
	struct sandbox s = { .memory_max = MEMORY };
	struct weir_error error;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* A worker's output is a pipe; a file could not even be written any more. */
		(void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
		(void)signal(SIGSYS, on_trap);
		if (sandbox_enter(&s, &error) < 0 || s.missing[0] || (is_sealed && sandbox_seal(&s, &error) < 0))
			_exit(NOT_SEALED);
		_exit(deed() < 0 ? REFUSED : WORKED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int reads_file(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static int writes_file(void)
{
	return open(folder_path(&here, "there"), O_WRONLY | O_CLOEXEC);
}

static int makes_file(void)
{
	return open(folder_path(&here, "new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static int removes_file(void)
{
	return unlink(folder_path(&here, "there"));
}

static int forks(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}

static int runs_program(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static int makes_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int kills_parent(void)
{
	return kill(getppid(), 0);
}

static int signals_parents_thread(void)
{
	return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static int queues_a_signal(void)
{
	return sigqueue(getppid(), 0, (union sigval){ .sival_int = 0 });
}

static int signals_by_descriptor(void)
{
	return (int)syscall(SYS_pidfd_send_signal, -1, 0, NULL, 0);
}

static int signals_itself(void)
{
	return raise(SIGURG);
}

static int limits_parent(void)
{
	struct rlimit same = { RLIM_INFINITY, RLIM_INFINITY };

	return prlimit(getppid(), RLIMIT_CPU, &same, NULL);
}

static int traces(void)
{
	return (int)syscall(SYS_ptrace, 0, 0, 0, 0);
}

static int changes_owner(void)
{
	return chown(folder_path(&here, "there"), 1, 1);
}

static int makes_code(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? -1 : mprotect(at, 4096, PROT_READ | PROT_EXEC);
}

static void *nothing(void *data)
{
	return data;
}

static int starts_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, nothing, NULL) == 0 ? pthread_join(thread, NULL) : -1;
}

static int allocates_too_much(void)
{
	volatile char *at = malloc(2u * MEMORY);

	return at ? 0 : -1;
}

/* Memory, time, its descriptors, a sleep: all that a collector does. */
static int works(void)
{
	struct timespec t = { 0, 1000 };
	char byte;
	char *at = malloc(MEMORY / 4);

	if (!at)
		return -1;
	memset(at, 1, MEMORY / 4);
	at = realloc(at, MEMORY / 2);
	free(at);
	if (read(STDIN_FILENO, &byte, 0) < 0 || nanosleep(&t, NULL) < 0)
		return -1;
	return printf("%s %f\n", "formatted", 1.5) < 0 || fflush(stdout) != 0 ? -1 : 0;
}

struct deed {
	const char *name;
	int (*deed)(void);
	int entered, sealed; /* outcomes */
	int is_not_for_sanitizers;
};

static const struct deed deeds[] = {
	{ "works", works, WORKED, WORKED, 0 },
	{ "reads_file", reads_file, WORKED, TRAPPED, 1 },
	{ "writes_file", writes_file, REFUSED, TRAPPED, 1 },
	{ "makes_file", makes_file, REFUSED, TRAPPED, 1 },
	{ "removes_file", removes_file, REFUSED, TRAPPED, 0 },
	{ "forks", forks, TRAPPED, TRAPPED, 0 },
	{ "runs_program", runs_program, TRAPPED, TRAPPED, 0 },
	{ "makes_socket", makes_socket, TRAPPED, TRAPPED, 0 },
	{ "kills_parent", kills_parent, TRAPPED, TRAPPED, 0 },
	{ "signals_parents_thread", signals_parents_thread, TRAPPED, TRAPPED, 0 },
	{ "queues_a_signal", queues_a_signal, TRAPPED, TRAPPED, 0 },
	{ "signals_by_descriptor", signals_by_descriptor, TRAPPED, TRAPPED, 0 },
	{ "signals_itself", signals_itself, WORKED, WORKED, 0 },
	{ "limits_parent", limits_parent, TRAPPED, TRAPPED, 0 },
	{ "traces", traces, TRAPPED, TRAPPED, 0 },
	{ "changes_owner", changes_owner, REFUSED, TRAPPED, 0 },
	{ "makes_code", makes_code, WORKED, TRAPPED, 0 },
	{ "starts_thread", starts_thread, WORKED, TRAPPED, 1 },
	{ "allocates_too_much", allocates_too_much, REFUSED, REFUSED, 1 },
};

static void each_step_allows_what_it_says_and_nothing_more(void **state)
{
	int entered, sealed;

	folder_write(&here, "there", "x");
	if (outcome_of(works, 0) == NOT_SEALED) {
		print_message("skipped: this kernel lacks Landlock or seccomp\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		if (IS_SANITIZED && deeds[i].is_not_for_sanitizers)
			continue;
		entered = outcome_of(deeds[i].deed, 0);
		sealed = outcome_of(deeds[i].deed, 1);
		if (entered != deeds[i].entered || sealed != deeds[i].sealed)
			fail_msg("%s: %d entered, %d sealed; expected %d and %d", deeds[i].name, entered, sealed,
			         deeds[i].entered, deeds[i].sealed);
	}
	assert_int_equal(access(folder_path(&here, "there"), F_OK), 0);
	assert_int_not_equal(access(folder_path(&here, "new"), F_OK), 0);
}

static int has_capabilities(void)
{
	unsigned long long bits = 1;
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		(void)sscanf(line, "CapEff: %llx", &bits);
	return bits ? -1 : 0;
}

static void no_capability_is_left(void **state)
{
	assert_int_equal(outcome_of(has_capabilities, 0), WORKED);
}

/* A kernel without Landlock, as far as this process can tell. */
static void hide_landlock(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SYS_landlock_create_ruleset, 0) < 0 ||
	    seccomp_load(filter) < 0)
		_exit(NOT_SEALED);
	seccomp_release(filter);
}

static void what_the_kernel_lacks_is_named_and_the_rest_holds(void **state)
{
	struct sandbox s = { .memory_max = MEMORY };
	struct weir_error error;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)signal(SIGSYS, on_trap);
		hide_landlock();
		if (sandbox_enter(&s, &error) < 0 || strcmp(s.missing, "Landlock: Function not implemented") != 0 ||
		    sandbox_seal(&s, &error) < 0)
			_exit(NOT_SEALED);
		_exit(makes_socket() < 0 ? REFUSED : WORKED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), TRAPPED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_step_allows_what_it_says_and_nothing_more),
		cmocka_unit_test(no_capability_is_left),
		cmocka_unit_test(what_the_kernel_lacks_is_named_and_the_rest_holds),
	};
	int r;

	here = folder_new();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	folder_free(&here);
	return r;
}
