/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/amount.h"
#include "cli/eventlog.h"
#include "cli/ingest.h"
#include "cli/left.h"
#include "cli/live.h"
#include "cli/say.h"
#include "cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	RECORD_NODE = LIVE_ROWS,
	RECORD_NO_INGEST,
	RECORD_EVENTLOG,
	RECORD_ROWS,
	EXIT_NO_EXEC = 127, /* as a shell has it */
	EXIT_SIGNAL = 128,
};

static const struct page_option options[] = {
	LIVE_PAGE_OPTIONS,
	[RECORD_NODE] = { "node", "NODE", "call the process so (the program's name)", 0 },
	[RECORD_NO_INGEST] = { "no-ingest", NULL, "do not read what the program left", 0 },
	[RECORD_EVENTLOG] = { "eventlog", NULL, "have a program of GHC write its eventlog, and read that as it comes",
	                      0 },
};

const struct page record_page = {
	.verb = "record",
	.arguments = "[-o STORE] [-c NAME,...] [--interval SECONDS] [--node NODE] -- COMMAND ARGUMENT...",
	.about = "Runs a program and measures it and all that it starts, from its first instruction on. What it left "
		 "in this\n"
		 "folder that a collector claims is read at the end. Signals go to the program, and its exit code is\n"
		 "weir's, unless that is 0 and something was lost (3). Options end at --.\n",
	.options = options,
	.n_options = RECORD_ROWS,
	.min_arguments = 1,
	.max_arguments = 100000,
};

/* ---- The program ---- */

/* Waits, once it is forked, until it is told to go. */
struct live_listener {
	pid_t pid;
	int go_fd;    /* a byte: go; the end: there is nothing to wait for */
	int fault_fd; /* the errno of an exec that failed */
	struct eventlog *log;
	const struct rights_user *user; /* who runs it; NULL: who runs this */
	int has_hung;
};

/* At once, since collectors look at whose process it is. The kernel hides what changes its user, until it is another
 * program; there is nothing of root's to see in what was just forked. */
static int change_user(const struct rights_user *user)
{
	int r = user ? rights_become(user, 0) : 0;

	if (!user || r < 0)
		return r;
	if (setenv("USER", user->name, 1) < 0 || setenv("LOGNAME", user->name, 1) < 0 ||
	    setenv("HOME", user->home, 1) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0)
		return -errno;
	return 0;
}

__attribute__((noreturn)) static void become(const struct rights_user *user, char **argv, int go_fd, int fault_fd)
{
	int fault = -change_user(user);
	char go;

	/* Until it is the program: the collector `self` tells it from workers by this. */
	(void)prctl(PR_SET_NAME, "weir-target");
	if (read(go_fd, &go, 1) == 1) {
		if (fault == 0) {
			(void)execvp(argv[0], argv);
			fault = errno;
		}
		(void)!write(fault_fd, &fault, sizeof(fault));
	}
	_exit(EXIT_NO_EXEC);
}

static int start(char **argv, struct live_listener *ret)
{
	int go[2], fault[2];

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(fault, O_CLOEXEC) < 0) {
		(void)close(go[0]);
		(void)close(go[1]);
		return -errno;
	}
	(void)fflush(NULL);
	ret->pid = fork();
	if (ret->pid == 0) {
		(void)close(go[1]);
		become(ret->user, argv, go[0], fault[1]);
	}
	(void)close(go[0]);
	(void)close(fault[1]);
	ret->go_fd = go[1];
	ret->fault_fd = fault[0];
	return ret->pid < 0 ? -errno : 0;
}

/* It may have been killed meanwhile: then nobody reads. */
static void let_go(struct live_listener *l)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);

	if (l->go_fd >= 0) {
		(void)!write(l->go_fd, "", 1);
		(void)close(l->go_fd);
	}
	l->go_fd = -1;
	(void)signal(SIGPIPE, before);
}

/* It ends without having been the program. */
static void call_off(struct live_listener *l)
{
	(void)close(l->go_fd);
	l->go_fd = -1;
}

/* What the terminal sends, it sends to the program, too. */
static int pass_signal(struct live_listener *l, int number, int sender)
{
	if (sender != 0)
		(void)kill(l->pid, number);
	return 1;
}

/* The last word to a program that is done and does not end. */
static void watch(struct live_listener *l)
{
	if (l->has_hung || !eventlog_hangs(l->log, l->pid, amount_now()))
		return;
	l->has_hung = 1;
	(void)kill(l->pid, SIGKILL);
}

/* Keeps what is to be passed on until somebody looks. What nohup started ignores SIGHUP. */
static void hold_signals(sigset_t *ret_before)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	struct sigaction now;
	sigset_t held;

	(void)sigemptyset(&held);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i] != SIGHUP || (sigaction(SIGHUP, NULL, &now) == 0 && now.sa_handler != SIG_IGN))
			(void)sigaddset(&held, numbers[i]);
	(void)sigprocmask(SIG_BLOCK, &held, ret_before);
}

/* Waits for the program, which outlives a recording with an end of its own, and passes on what comes meanwhile. */
static int wait_for(struct live_listener *l)
{
	static const struct timespec at_once;
	sigset_t child, heard;
	siginfo_t info;
	int status = 0;

	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
	(void)sigprocmask(SIG_BLOCK, NULL, &heard);
	while (waitpid(l->pid, &status, WNOHANG) == 0)
		if (sigwaitinfo(&heard, &info) > 0 && info.si_signo != SIGCHLD)
			(void)pass_signal(l, info.si_signo, info.si_pid);
	/* What the terminal sent was for the program. */
	while (sigtimedwait(&heard, NULL, &at_once) > 0)
		;
	return status;
}

/* Its exit code, as a shell has it. */
static int reap(struct live_listener *l, const char *name)
{
	int status = wait_for(l), fault = 0;

	if (read(l->fault_fd, &fault, sizeof(fault)) == sizeof(fault))
		say("record: %s: cannot be started: %s", name, strerror(fault));
	if (l->has_hung)
		say("record: %s: it hung at its end for %d s, waiting for itself, and was ended; its work was done",
		    name, EVENTLOG_HANG_S);
	(void)close(l->fault_fd);
	return WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The file that execvp() will take; empty: there is none. */
static void find_program(const char *name, char ret[LIVE_PATH_MAX])
{
	const char *path = getenv("PATH");
	char *copy = strdup(strchr(name, '/') || !path ? "" : path), *rest = copy;
	char candidate[LIVE_PATH_MAX], real[PATH_MAX];

	ret[0] = 0;
	for (char *folder; copy && !ret[0] && (folder = strsep(&rest, ":")) != NULL;) {
		(void)snprintf(candidate, sizeof(candidate), "%s%s%s", folder, *folder ? "/" : "", name);
		if (access(candidate, X_OK) == 0 && realpath(candidate, real))
			(void)snprintf(ret, LIVE_PATH_MAX, "%s", real);
	}
	free(copy);
}

/* ---- The verb ---- */

struct request {
	struct live_request live;
	int has_ingest, has_eventlog;
};

static int ingest_left(const struct live_run *run, const char *node, int64_t since_ns)
{
	struct ingest_request q = { .output = run->store_path, .is_quiet = run->request->is_quiet };
	struct left left;
	int code = EXIT_ALL;

	if (left_find(".", since_ns, &left) < 0) {
		say("record: no memory to look for what the program left");
		code = EXIT_FAILED;
	} else if (left.n_paths > 0) {
		q.plan = (struct plan_config){
			.paths = (const char *const *)left.paths, .n_paths = left.n_paths, .tag = run->tag, .node = node
		};
		code = ingest_run(&q);
	}
	left_done(&left);
	return code;
}

static int record(const struct request *q, struct live_run *run, struct live_target *target, struct eventlog *log,
                  char **argv)
{
	static const struct live_ops ops = { let_go, pass_signal, watch };
	struct live_listener l = { .log = log, .user = run->user };
	struct live_outcome outcome = { 0 };
	sigset_t before;
	int code, left_code = EXIT_ALL, program_code, r = start(argv, &l);

	if (r < 0) {
		say("record: %s: cannot be started: %s", argv[0], strerror(-r));
		return EXIT_FAILED;
	}
	hold_signals(&before);
	target->pid = l.pid;
	run->ops = &ops;
	run->listener = &l;
	run->end_fd = live_end_fd(l.pid, q->live.for_ns);
	if (run->end_fd < 0)
		say("record: %s: its end cannot be waited for: %s", argv[0], strerror(-run->end_fd));
	code = run->end_fd < 0 ? EXIT_FAILED : live_record(run, &outcome);
	if (outcome.started_ns == 0)
		call_off(&l);
	let_go(&l);
	program_code = reap(&l, argv[0]);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (outcome.started_ns == 0)
		return code;
	live_print_outcome(run, &outcome);
	if (q->has_ingest)
		left_code = ingest_left(run, target->node, outcome.started_ns);
	return program_code ? program_code : code ? code : left_code;
}

static int take(struct request *q, int row, const char *argument)
{
	if (row == RECORD_NODE)
		q->live.node = argument;
	else if (row == RECORD_NO_INGEST)
		q->has_ingest = 0;
	else if (row == RECORD_EVENTLOG)
		q->has_eventlog = 1;
	else
		return live_take(&record_page, &q->live, row, argument);
	return 0;
}

/* Who runs the program writes it. */
static int prepare_log(const struct live_run *run, const char *exe, struct eventlog *ret)
{
	struct weir_error error;
	int r;

	(void)rights_of_files(run->user);
	r = eventlog_prepare(exe, ret, &error);
	(void)rights_of_files(NULL);
	if (r < 0)
		say("%s", error.text);
	return r;
}

int verb_record(int argc, char **argv)
{
	struct request q = { .live = { .interval_ns = INT64_C(1000000000) }, .has_ingest = 1 };
	struct live_target target = { 0 };
	struct live_run run = { .request = &q.live, .targets = &target, .n_targets = 1, .layout = "record" };
	char tag[256], store_path[STORE_PATH_MAX];
	struct eventlog log = { .fd = -1 };
	const char *argument, *slash;
	int row, code;

	while ((row = page_next(&record_page, argc, argv, &argument)) >= 0)
		if (take(&q, row, argument) < 0)
			return EXIT_MISUSE;
	if (row != PAGE_DONE)
		return page_exit(row);
	if (live_check(&record_page, &q.live) < 0)
		return EXIT_MISUSE;
	argv += optind;
	slash = strrchr(argv[0], '/');
	target.node = q.live.node ? q.live.node : slash ? slash + 1 : argv[0];
	find_program(argv[0], target.exe);
	live_tag(argv[0], tag, sizeof(tag));
	run.tag = q.live.tag ? q.live.tag : tag;
	run.store_path = store_path;
	if (store_path_pick("record", q.live.output, run.tag, store_path) < 0)
		return EXIT_MISUSE;
	run.user = q.live.has_user ? &q.live.user : NULL;
	if (q.has_eventlog && prepare_log(&run, target.exe, &log) < 0)
		return EXIT_FAILED;
	run.log_fd = log.fd > 0 ? log.fd : 0;
	run.log_path = log.path;
	code = record(&q, &run, &target, &log, argv);
	eventlog_done(&log);
	return code;
}
