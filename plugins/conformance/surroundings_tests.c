/* SPDX-License-Identifier: Apache-2.0 */
/* Whether it keeps to itself: what it says does not depend on where it runs, and what it does leaves no trace. */
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "plugins/conformance/comma.h"
#include "plugins/conformance/imports.h"
#include "plugins/conformance/trial.h"
#include "plugins/sandbox.h"
#include "store/now.h"

enum {
	FDS_MAX = 1024,
	HEAP_FILL = 0x5A,
	PATIENCE_NS = 1000000000, /* for a joined thread to leave /proc */
	LIVE_POLLS = 20,
	ROOM_BYTES = 256 << 20,
};

/* ---- What it says ---- */

static char **texts_of_all(struct trial *t)
{
	char **texts = calloc(SAMPLES_MAX, sizeof(*texts));
	struct recorder_setup s;

	for (uint32_t i = 0; texts && i < t->samples->n; i++) {
		s = trial_setup(t, i);
		texts[i] = trial_text(t, &s);
	}
	return texts;
}

static void compare_all(struct trial *t, char **before, const char *what)
{
	char **after = texts_of_all(t);
	char object[160];

	for (uint32_t i = 0; before && after && i < t->samples->n; i++) {
		(void)snprintf(object, sizeof(object), "%.64s, %s", t->samples->all[i].name, what);
		trial_compare(t, object, after[i], before[i]);
	}
	for (uint32_t i = 0; i < t->samples->n; i++) {
		if (before)
			free(before[i]);
		if (after)
			free(after[i]);
	}
	free(before);
	free(after);
}

static void speaks_the_same_in_every_locale(struct trial *t)
{
	char **before = texts_of_all(t);
	const char *name = comma_locale();
	char what[64];

	if (!name) {
		trial_skip(t, "there is no locale with a decimal comma, and none could be made");
		return;
	}
	(void)snprintf(what, sizeof(what), "with the decimal comma of %s", name);
	compare_all(t, before, what);
}

static void works_in_any_folder(struct trial *t)
{
	char **before = texts_of_all(t);
	char folder[] = "/tmp/weir-check-XXXXXX";

	if (!mkdtemp(folder) || chdir(folder) < 0) {
		trial_skip(t, "no folder to go to: %s", strerror(errno));
		return;
	}
	(void)rmdir(folder);
	compare_all(t, before, "in another folder");
}

static void ignores_the_environment(struct trial *t)
{
	char **before = texts_of_all(t);

	if (clearenv() != 0 || setenv("TZ", "XYZ-11:30", 1) < 0 || setenv("HOME", "/nowhere", 1) < 0) {
		trial_skip(t, "the environment cannot be changed");
		return;
	}
	tzset();
	compare_all(t, before, "in another time zone and an empty environment");
}

/* Clocks that are 4000 days ahead. */
#define AHEAD_S ((time_t)4000 * 86400)

static time_t time_ahead(time_t *ret)
{
	time_t now = time(NULL) + AHEAD_S;

	if (ret)
		*ret = now;
	return now;
}

static int clock_gettime_ahead(clockid_t id, struct timespec *ret)
{
	int r = clock_gettime(id, ret);

	ret->tv_sec += AHEAD_S;
	return r;
}

static int gettimeofday_ahead(struct timeval *ret, void *zone)
{
	int r = gettimeofday(ret, NULL);

	ret->tv_sec += AHEAD_S;
	return r;
}

static void takes_the_time_from_the_host(struct trial *t)
{
	static const struct import clocks[] = {
		{ "time", (import_function *)time_ahead },
		{ "clock_gettime", (import_function *)clock_gettime_ahead },
		{ "gettimeofday", (import_function *)gettimeofday_ahead },
	};
	char **before = texts_of_all(t);

	if (imports_replace((import_function *)t->c->open, clocks, sizeof(clocks) / sizeof(clocks[0])) < 0) {
		trial_skip(t, "its calls cannot be watched on this machine");
		return;
	}
	compare_all(t, before, "4000 days later by the system's clock");
}

/* In another process, with a heap full of something else. */
static void says_the_same_again(struct trial *t)
{
	char **before = texts_of_all(t);
	struct trial *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int status;

	if (shared == MAP_FAILED) {
		trial_skip(t, "no memory");
		return;
	}
	*shared = *t;
	pid = fork();
	if (pid == 0) {
		(void)mallopt(M_PERTURB, HEAP_FILL);
		compare_all(shared, before, "in another process");
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		trial_fail(t, "it ended another process that did the same");
	else if (shared->outcome == CHECK_FAIL)
		trial_fail(t, "%s", shared->text);
}

/* ---- What it does ---- */

static void run_all(struct trial *t)
{
	struct recorder_result r;
	struct recorder_setup s;

	for (uint32_t i = 0; i < trial_n_samples(t) && !trial_is_over(t); i++) {
		s = trial_setup(t, i);
		(void)trial_result(t, &s, &r);
	}
}

static void read_fds(uint8_t open[FDS_MAX])
{
	struct stat st;

	for (int fd = 0; fd < FDS_MAX; fd++)
		open[fd] = fstat(fd, &st) == 0;
}

static void leaves_no_file_open(struct trial *t)
{
	uint8_t before[FDS_MAX], after[FDS_MAX];
	char link[64], target[128];
	ssize_t n;

	run_all(t); /* what its libraries open once and keep */
	read_fds(before);
	run_all(t);
	read_fds(after);
	for (int fd = 0; fd < FDS_MAX; fd++) {
		if (!after[fd] || before[fd])
			continue;
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, target, sizeof(target));
		trial_fail(t, "descriptor %d is open still: %.*s", fd, n < 0 ? 1 : (int)n, n < 0 ? "?" : target);
	}
}

/* What was written to a descriptor during a run of everything; -1: it could not be watched. */
static off_t written_to(struct trial *t, int fd, FILE *stream, char *ret, size_t n)
{
	int file = memfd_create("output", MFD_CLOEXEC), saved = dup(fd);
	off_t n_bytes;
	ssize_t n_read;

	if (file < 0 || saved < 0 || fflush(stream) != 0 || dup2(file, fd) < 0)
		return -1;
	run_all(t);
	(void)fflush(stream);
	(void)dup2(saved, fd);
	(void)close(saved);
	n_bytes = lseek(file, 0, SEEK_END);
	n_read = pread(file, ret, n - 1, 0);
	ret[n_read < 0 ? 0 : n_read] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	(void)close(file);
	return n_bytes;
}

static void prints_nothing(struct trial *t)
{
	char text[128];
	off_t n = written_to(t, STDOUT_FILENO, stdout, text, sizeof(text));

	if (n < 0)
		trial_skip(t, "standard output cannot be watched");
	else if (n > 0)
		trial_fail(t, "%lld bytes on standard output, the first of them '%s'", (long long)n, text);
}

static void complains_to_the_host_only(struct trial *t)
{
	char text[128];
	off_t n = written_to(t, STDERR_FILENO, stderr, text, sizeof(text));

	if (n < 0)
		trial_skip(t, "standard error cannot be watched");
	else if (n > 0)
		trial_warn(t, "%lld bytes on standard error, the first of them '%s'; nobody reads them: use diag()",
		           (long long)n, text);
}

static void leaves_signals_alone(struct trial *t)
{
	struct sigaction before[NSIG], after;
	sigset_t mask_before, mask_after;

	memset(before, 0, sizeof(before));
	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, NULL, &before[i]);
	(void)sigprocmask(SIG_SETMASK, NULL, &mask_before);
	run_all(t);
	for (int i = 1; i < NSIG; i++)
		if (sigaction(i, NULL, &after) == 0 && after.sa_handler != before[i].sa_handler)
			trial_fail(t, "it changed what SIG%s does", sigabbrev_np(i) ? sigabbrev_np(i) : "RT");
	(void)sigprocmask(SIG_SETMASK, NULL, &mask_after);
	for (int i = 1; i < NSIG; i++)
		if (sigismember(&mask_before, i) != sigismember(&mask_after, i))
			trial_fail(t, "it changed whether signal %d is blocked", i);
}

static unsigned n_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		(void)closedir(d);
	return n;
}

static void leaves_no_thread(struct trial *t)
{
	unsigned before = n_threads(), after;
	int64_t end_ns;

	run_all(t);
	end_ns = now_monotonic_ns() + PATIENCE_NS;
	while ((after = n_threads()) > before && now_monotonic_ns() < end_ns)
		(void)sched_yield();
	if (after > before)
		trial_fail(t, "%u threads run on after close", after - before);
}

static void starts_no_process(struct trial *t)
{
	run_all(t);
	if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD)
		trial_fail(t, "it started another process");
}

static void needs_no_rights(struct trial *t)
{
	struct sandbox box = { .memory_max = ROOM_BYTES };
	struct weir_error error = { "" };

	/* The samples' companions are files: read them while that is possible. */
	struct recorder_setup *setups = calloc(SAMPLES_MAX, sizeof(*setups));
	struct recorder_result r;

	if (!setups)
		return;
	for (uint32_t i = 0; i < t->samples->n; i++)
		setups[i] = trial_setup(t, i);
	if (sandbox_enter(&box, &error) < 0 || sandbox_seal(&box, &error) < 0) {
		trial_skip(t, "%s", error.text);
		return;
	}
	for (uint32_t i = 0; i < t->samples->n && !trial_is_over(t); i++)
		(void)trial_result(t, &setups[i], &r);
}

/* ---- Live ones ---- */

static void goes_on_measuring(struct trial *t)
{
	struct recorder_setup s = trial_setup(t, 0);
	struct recorder_result r;

	s.n_polls = LIVE_POLLS;
	if (!trial_result(t, &s, &r))
		return;
	if (r.r < 0)
		trial_fail(t, "poll %llu: %s", (unsigned long long)r.n_polls, r.error.text);
	else if (r.r == WEIR_END)
		trial_fail(t, "it ended after %llu polls; a live system goes on", (unsigned long long)r.n_polls);
	else if (!r.n_observations)
		trial_fail(t, "%d polls, a second apart, and no observation", LIVE_POLLS);
}

static void takes_a_clock_that_goes_back(struct trial *t)
{
	struct recorder_setup s = trial_setup(t, 0);
	struct recorder_result r;

	s.now_step_ns = -s.now_step_ns;
	if (trial_result(t, &s, &r) && r.r < 0)
		trial_fail(t, "%s", r.error.text);
}

const struct trial_test surroundings_tests[] = {
	{ "says_the_same_again", "another process says the same of the same input", says_the_same_again, TRIAL_OPENED,
	  TRIAL_FILE, 0 },
	{ "takes_the_time_from_the_host", "what it says of a file does not depend on the system's clock",
	  takes_the_time_from_the_host, TRIAL_OPENED, TRIAL_FILE, 0 },
	{ "speaks_the_same_in_every_locale", "a decimal comma changes nothing", speaks_the_same_in_every_locale,
	  TRIAL_OPENED, TRIAL_FILE, 0 },
	{ "works_in_any_folder", "the folder it runs in changes nothing", works_in_any_folder, TRIAL_OPENED, TRIAL_FILE,
	  0 },
	{ "ignores_the_environment", "environment and time zone change nothing", ignores_the_environment, TRIAL_OPENED,
	  TRIAL_FILE, 0 },
	{ "leaves_no_file_open", "no descriptor is left open", leaves_no_file_open, TRIAL_OPENED, 0, 0 },
	{ "prints_nothing", "nothing comes out of standard output", prints_nothing, TRIAL_OPENED, 0, 0 },
	{ "complains_to_the_host_only", "nothing comes out of standard error", complains_to_the_host_only, TRIAL_OPENED,
	  0, 0 },
	{ "leaves_signals_alone", "signals do what they did", leaves_signals_alone, TRIAL_OPENED, 0, 0 },
	{ "leaves_no_thread", "no thread runs on after close", leaves_no_thread, TRIAL_OPENED, 0, 0 },
	{ "starts_no_process", "it starts no other process", starts_no_process, TRIAL_OPENED, 0, 0 },
	{ "needs_no_rights", "it works where no file can be opened and nothing be started", needs_no_rights,
	  TRIAL_OPENED, TRIAL_FILE, 0 },
	{ "goes_on_measuring", "a live one goes on, and says something", goes_on_measuring, TRIAL_OPENED, TRIAL_LIVE,
	  0 },
	{ "takes_a_clock_that_goes_back", "time that goes backwards is no failure", takes_a_clock_that_goes_back,
	  TRIAL_OPENED, TRIAL_LIVE, 0 },
	{ 0 },
};
