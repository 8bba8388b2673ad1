/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live.h"
#include "cli/say.h"
#include "cli/store_path.h"
#include "cli/verbs.h"
#include "runs/run.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/fail.h>

enum {
	ATTACH_NODE = LIVE_ROWS,
	ATTACH_ROWS,
};

static const struct page_option options[] = {
	LIVE_PAGE_OPTIONS,
	[ATTACH_NODE] = { "node", "NODE", "call the process so (its program's name)", 0 },
};

const struct page attach_page = {
	.verb = "attach",
	.arguments = "PID|RUN_DIR [-o STORE] [-c NAME,...] [--interval SECONDS] [--for SECONDS]",
	.about = "Measures a running process, or each node of a run directory that runs (supervisor/node2pid.map says "
		 "which\n"
		 "process is whose), with all that it starts. Ends with it, after --for, or at Ctrl-C.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.min_arguments = 1,
	.max_arguments = 1,
};

/* ---- Who is measured ---- */

struct targets {
	struct live_target *at;
	uint32_t n;
};

/* A number that no process has is no other process's either: only its last bits would be asked for. -E2BIG: there are
 * too many. */
static int add_target(struct targets *t, const char *text, const char *node)
{
	long pid = strtol(text, NULL, 10);
	struct live_target *target;
	char link[64];
	const char *slash;
	ssize_t n;

	if (pid <= 0 || pid > INT32_MAX || (kill((pid_t)pid, 0) < 0 && errno == ESRCH))
		return -ESRCH;
	if (t->n == LIVE_TARGETS_MAX)
		return -E2BIG;
	target = &t->at[t->n];
	*target = (struct live_target){ .pid = (pid_t)pid };
	(void)snprintf(link, sizeof(link), "/proc/%ld/exe", pid);
	n = readlink(link, target->exe, sizeof(target->exe) - 1);
	target->exe[n > 0 ? n : 0] = 0;
	slash = strrchr(target->exe, '/');
	target->node = node ? node : slash ? slash + 1 : "process";
	t->n++;
	return 0;
}

static int add_nodes(struct targets *t, const struct run *run)
{
	for (uint32_t i = 0; i < run->n_nodes; i++) {
		const char *pid = run_fact(run, i, "process.pid");
		int r = pid ? add_target(t, pid, run->nodes[i].name) : 0;

		if (r == -E2BIG)
			say("attach: %s: not measured: at most %d processes are", run->nodes[i].name, LIVE_TARGETS_MAX);
		else if (r < 0)
			say("attach: %s: process %s does not run", run->nodes[i].name, pid);
	}
	return t->n > 0 ? 0 : -ESRCH;
}

static int is_number(const char *text)
{
	while (isdigit((unsigned char)*text))
		text++;
	return *text == 0;
}

/* ---- The verb ---- */

static int measure(struct live_run *run, const struct targets *targets, const char *tag)
{
	char store_path[STORE_PATH_MAX];
	struct live_outcome outcome;
	int code;

	run->targets = targets->at;
	run->n_targets = targets->n;
	run->tag = run->request->tag ? run->request->tag : tag;
	run->store_path = store_path;
	if (store_path_pick("attach", run->request->output, run->tag, store_path) < 0)
		return EXIT_MISUSE;
	run->end_fd = run->request->for_ns > 0 ? live_end_fd(0, run->request->for_ns) : 0;
	if (run->end_fd < 0) {
		say("attach: --for: %s", strerror(-run->end_fd));
		return EXIT_FAILED;
	}
	code = live_record(run, &outcome);
	if (outcome.started_ns)
		live_print_outcome(run, &outcome);
	return code;
}

static int attach_process(struct live_run *run, struct targets *targets, const char *pid)
{
	char tag[256];

	if (add_target(targets, pid, run->request->node) < 0) {
		say("attach: %s: no such process", pid);
		return EXIT_FAILED;
	}
	live_tag(targets->at[0].node, tag, sizeof(tag));
	run->layout = "attach";
	return measure(run, targets, tag);
}

/* The run of a folder, found as `weir ingest` finds it, so that both call it alike. */
static int open_run(const char *path, struct run **ret)
{
	struct weir_error error;
	char *root, *real;
	int r = run_root(path, &root, &real, &error);

	if (r == 0 && !root)
		r = weir_fail(&error, -ENOTDIR, "run: %s: neither a process nor a run directory", path);
	if (r == 0)
		r = run_open(&(struct run_config){ .root = root }, ret, &error);
	if (r < 0)
		say("attach: %s", error.text);
	free(root);
	free(real);
	return r;
}

static int attach_run(struct live_request *q, struct live_run *run, struct targets *targets, const char *path)
{
	struct run *found;
	int code;

	if (open_run(path, &found) < 0)
		return EXIT_FAILED;
	if (add_nodes(targets, found) < 0) {
		say("attach: %s: none of its nodes runs; is there a supervisor/node2pid.map?", path);
		code = EXIT_FAILED;
	} else {
		code = live_take_run(&attach_page, q, found) < 0 ? EXIT_MISUSE : measure(run, targets, found->tag);
	}
	run_close(found);
	return code;
}

static int take(struct live_request *q, int row, const char *argument)
{
	if (row != ATTACH_NODE)
		return live_take(&attach_page, q, row, argument);
	q->node = argument;
	return 0;
}

int verb_attach(int argc, char **argv)
{
	struct live_request q = { .interval_ns = INT64_C(1000000000) };
	struct live_run run = { .request = &q };
	struct targets targets = { .at = calloc(LIVE_TARGETS_MAX, sizeof(*targets.at)) };
	const char *argument;
	int row, code;

	if (!targets.at)
		return EXIT_FAILED;
	while ((row = page_next(&attach_page, argc, argv, &argument)) >= 0)
		if (take(&q, row, argument) < 0)
			break;
	run.user = q.has_user ? &q.user : NULL;
	q.has_run = row == PAGE_DONE && !is_number(argv[optind]);
	if (row >= 0)
		code = EXIT_MISUSE;
	else if (row != PAGE_DONE)
		code = page_exit(row);
	else if (live_check(&attach_page, &q) < 0)
		code = EXIT_MISUSE;
	else
		code = is_number(argv[optind]) ? attach_process(&run, &targets, argv[optind])
		                               : attach_run(&q, &run, &targets, argv[optind]);
	free(targets.at);
	return code;
}
