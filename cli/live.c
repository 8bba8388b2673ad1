/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live.h"

#include "cli/amount.h"
#include "cli/live_choice.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "plugins/session.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <weir/fail.h>

enum {
	CONTEXT_MAX = 8 + RUN_CONSTANTS,
	SAID_MAX = 20, /* diags that are printed as they come; all are in the store */
	SECOND_NS = 1000000000,
};

int64_t live_start_ns(pid_t pid)
{
	struct timespec boot, now;
	long long ticks = -1;
	char path[64], line[1024];
	const char *at;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	/* Field 22; the second, the name, may have blanks and brackets in it. */
	at = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	(void)fclose(f);
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		ticks = strtoll(at, NULL, 10);
	if (ticks < 0 || clock_gettime(CLOCK_BOOTTIME, &boot) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
		return -1;
	return (int64_t)(now.tv_sec - boot.tv_sec) * SECOND_NS + (now.tv_nsec - boot.tv_nsec) +
	       ticks * (SECOND_NS / sysconf(_SC_CLK_TCK));
}

/* The descriptor stays open as long as this process: the set needs it. */
static int add_to(int set, int fd)
{
	struct epoll_event e = { .events = EPOLLIN };
	int r = fd < 0 || epoll_ctl(set, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;

	return r;
}

int live_end_fd(pid_t pid, int64_t for_ns)
{
	struct itimerspec after = { .it_value = { for_ns / SECOND_NS, for_ns % SECOND_NS } };
	int set = epoll_create1(EPOLL_CLOEXEC), timer;
	int r = set < 0 ? -errno : 0;

	if (r == 0 && pid > 0)
		r = add_to(set, pidfd_open(pid, 0));
	if (r == 0 && for_ns > 0) {
		timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
		r = add_to(set, timer);
		if (r == 0 && timerfd_settime(timer, 0, &after, NULL) < 0)
			r = -errno;
	}
	if (r < 0 && set >= 0)
		(void)close(set);
	return r < 0 ? r : set;
}

/* ---- While it records ---- */

struct session_listener {
	const struct live_run *run;
	const char *const *names; /* of the jobs */
	uint64_t n_rows;
	uint32_t n_said;
	int is_terminal, is_shown;
};

static void wipe(struct session_listener *l)
{
	if (l->is_shown)
		fputs("\r\033[K", stderr);
	l->is_shown = 0;
}

static void on_progress(struct session_listener *l, const struct session_progress *p)
{
	char span[AMOUNT_MAX];

	if (l->run->ops && l->run->ops->tick)
		l->run->ops->tick(l->run->listener);
	if (!l->is_terminal || l->run->request->is_quiet)
		return;
	fprintf(stderr, "\rrecording: %s, %u source%s\033[K", amount_span(span, (double)p->elapsed_ns), p->n_running,
	        p->n_running == 1 ? "" : "s");
	l->is_shown = 1;
}

static void on_diag(struct session_listener *l, uint32_t job, const struct weir_diag *d)
{
	if (d->severity == WEIR_NOTE || l->n_said++ >= SAID_MAX)
		return;
	wipe(l);
	say("%s: %.*s (%s)", l->names[job], d->message.n_bytes < 1024 ? (int)d->message.n_bytes : 1024, d->message.at,
	    d->code);
}

static void on_done(struct session_listener *l, uint32_t job, const struct session_outcome *o)
{
	l->n_rows += o->n_rows;
	if (!o->is_left_out || l->run->request->is_quiet)
		return;
	wipe(l);
	say("%s: left out: %s", l->names[job], o->why.text);
}

/* Whether workers have become somebody whom that user may not signal. */
static int has_others(const struct live_run *run)
{
	char path[32];
	struct stat owner;

	for (uint32_t i = 0; run->user && i < run->n_targets; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d", (int)run->targets[i].pid);
		if (stat(path, &owner) == 0 && owner.st_uid != run->user->uid)
			return 1;
	}
	return 0;
}

/* What is left to do with rights of root's: ending workers that became other users, passing signals on, and the files
 * that root was called for, of which SQLite gives its own to the owner of a store. Who hears whether a program hangs on
 * its eventlog looks into its threads. */
static int give_up_rights(const struct live_run *run)
{
	uint32_t of_others = has_others(run) ? RIGHTS_BIT(CAP_KILL) : 0;
	uint32_t roots = RIGHTS_BIT(CAP_KILL) | RIGHTS_BIT(CAP_CHOWN) | RIGHTS_BIT(CAP_DAC_OVERRIDE) |
	                 RIGHTS_BIT(CAP_DAC_READ_SEARCH) | (run->log_fd > 0 ? RIGHTS_BIT(CAP_SYS_PTRACE) : 0);
	int r = run->user ? rights_become(run->user, of_others) : rights_keep(geteuid() == 0 ? roots : 0);

	return r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : r;
}

static void on_opened(struct session_listener *l)
{
	int r = give_up_rights(l->run);

	if (r < 0) {
		wipe(l);
		say("%s: rights that are not needed any more cannot be given up: %s", l->run->store_path, strerror(-r));
	}
	if (l->run->ops && l->run->ops->opened)
		l->run->ops->opened(l->run->listener);
}

static int on_signal(struct session_listener *l, int number, int sender)
{
	return l->run->ops && l->run->ops->signal ? l->run->ops->signal(l->run->listener, number, sender) : 0;
}

static void hear(struct registry_listener *nobody, uint32_t severity, const char *sentence)
{
	if (severity != WEIR_NOTE)
		say("%s", sentence);
}

/* ---- Jobs ---- */

struct numbers {
	char pid[16], start_ns[24];
};

static uint32_t collect_context(const struct live_run *run, const struct live_target *t, struct numbers *room,
                                struct lend_pair *ret)
{
	int64_t start_ns = live_start_ns(t->pid);
	uint32_t n = 0;

	(void)snprintf(room->pid, sizeof(room->pid), "%d", (int)t->pid);
	(void)snprintf(room->start_ns, sizeof(room->start_ns), "%" PRId64, start_ns);
	ret[n++] = (struct lend_pair){ "run", run->tag };
	ret[n++] = (struct lend_pair){ "node", t->node };
	ret[n++] = (struct lend_pair){ "process.pid", room->pid };
	if (start_ns >= 0)
		ret[n++] = (struct lend_pair){ "process.start_ns", room->start_ns };
	if (t->exe[0])
		ret[n++] = (struct lend_pair){ "process.exe", t->exe };
	for (uint32_t i = 0; i < run->request->n_constants; i++)
		ret[n++] = (struct lend_pair){ run->request->constants[i].name, run->request->constants[i].value };
	return n;
}

struct ids {
	int64_t run, nodes[LIVE_TARGETS_MAX];
};

static int add_job(struct session *session, struct session_job *j, const struct live_run *run,
                   const struct live_target *t, struct weir_error *reterr)
{
	const struct live_request *q = run->request;
	struct lend_pair options[GIVEN_MAX], context[CONTEXT_MAX];
	struct numbers room;
	uint32_t number;

	j->options = options;
	j->context = context;
	j->is_live = 1;
	j->interval_ns = q->interval_ns;
	j->n_options = given_of(&q->options, j->collector->name, options);
	j->n_context = collect_context(run, t, &room, context);
	return session_add(session, j, &number, reterr);
}

static int add_measuring(struct session *session, const struct live_run *run, const struct registry_collector *c,
                         const struct live_target *t, const struct ids *ids, int64_t started_ns,
                         struct weir_error *reterr)
{
	char path[64];
	struct session_job j = { .collector = c,
		                 .run = ids->run,
		                 .node = ids->nodes[t - run->targets],
		                 .path = path,
		                 .schedule = run->request->schedule,
		                 .started_ns = started_ns,
		                 .target = (int)t->pid,
		                 .is_optional = !run->request->collectors };

	(void)snprintf(path, sizeof(path), "live:%s", c->name);
	return add_job(session, &j, run, t, reterr);
}

/* What the first target writes of itself. */
static int add_log(struct session *session, const struct live_run *run, const struct registry_collector *c,
                   const struct ids *ids, int64_t started_ns, struct weir_error *reterr)
{
	struct session_job j = { .collector = c,
		                 .run = ids->run,
		                 .node = ids->nodes[0],
		                 .path = run->log_path,
		                 .is_stream = 1,
		                 .stream_fd = run->log_fd,
		                 .started_ns = started_ns };

	return add_job(session, &j, run, &run->targets[0], reterr);
}

static int put_fact(struct store *s, const struct ids *ids, int64_t node, const char *name, const char *value,
                    struct weir_error *reterr)
{
	return store_fact(s, ids->run, node, name, (struct weir_text){ value, strlen(value) }, reterr);
}

/* The run, its nodes, and what is known of them now. */
static int identify(struct store *s, const struct live_run *run, struct ids *ret, struct weir_error *reterr)
{
	struct numbers room;
	int r = store_run(s, run->tag, &ret->run, reterr);

	if (r == 0 && run->layout)
		r = put_fact(s, ret, 0, "run.layout", run->layout, reterr);
	for (uint32_t i = 0; i < run->request->n_constants && r == 0; i++)
		r = put_fact(s, ret, 0, run->request->constants[i].name, run->request->constants[i].value, reterr);
	for (uint32_t i = 0; i < run->n_targets && r == 0; i++) {
		const struct live_target *t = &run->targets[i];

		r = store_node(s, ret->run, t->node, &ret->nodes[i], reterr);
		(void)snprintf(room.pid, sizeof(room.pid), "%d", (int)t->pid);
		if (r == 0)
			r = put_fact(s, ret, ret->nodes[i], "process.pid", room.pid, reterr);
		if (r == 0 && t->exe[0])
			r = put_fact(s, ret, ret->nodes[i], "process.executable.path", t->exe, reterr);
	}
	return r == 0 ? store_commit(s, 1, reterr) : r;
}

/* ---- The whole ---- */

static int add_jobs(struct session *session, const struct live_run *run, const struct live_choice *chosen,
                    const struct ids *ids, const char **names, int64_t started_ns, struct weir_error *reterr)
{
	uint32_t n = 0;
	int r = 0;

	for (uint32_t i = 0; i < chosen->n; i++)
		for (uint32_t k = 0; k < run->n_targets && r == 0; k++) {
			names[n++] = chosen->at[i]->name;
			r = add_measuring(session, run, chosen->at[i], &run->targets[k], ids, started_ns, reterr);
		}
	if (r == 0 && chosen->log) {
		names[n++] = chosen->log->name;
		r = add_log(session, run, chosen->log, ids, started_ns, reterr);
	}
	return r;
}

static int run_session(struct store *s, const struct live_run *run, const struct live_choice *chosen,
                       const struct ids *ids, struct live_outcome *ret, struct weir_error *reterr)
{
	static const struct session_listener_ops ops = { on_progress, on_diag, on_done, on_opened, on_signal };
	const char *names[LIVE_COLLECTORS_MAX * LIVE_TARGETS_MAX + 1];
	struct session_listener l = { .run = run, .names = names, .is_terminal = isatty(STDERR_FILENO) };
	struct session_config config = { .store = s, .ops = &ops, .listener = &l, .live_end_fd = run->end_fd };
	struct session_totals totals = { 0 };
	struct session *session;
	int r = session_new(&config, &session, reterr);

	if (r < 0)
		return r;
	r = add_jobs(session, run, chosen, ids, names, ret->started_ns, reterr);
	if (r == 0)
		r = session_run(session, &totals, reterr);
	session_free(session);
	wipe(&l);
	ret->n_ok = totals.n_ok;
	ret->n_partial = totals.n_partial;
	ret->n_failed = totals.n_failed;
	ret->n_rows = l.n_rows;
	return r;
}

static int64_t utc_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* With its first rows, since SQLite makes all of its files then. */
static int open_store(const struct live_run *run, struct store **ret, struct ids *ret_ids, struct weir_error *reterr)
{
	int r = rights_of_files(run->user);

	if (r < 0)
		return weir_fail(reterr, r, "%s: cannot be written as %s: %s", run->store_path, run->user->name,
		                 strerror(-r));
	r = store_open(run->store_path, STORE_CREATE, ret, reterr);
	if (r == 0) {
		r = identify(*ret, run, ret_ids, reterr);
		if (r < 0)
			store_close(*ret);
	}
	(void)rights_of_files(NULL);
	return r;
}

static int fill_store(const struct live_run *run, const struct live_choice *chosen, struct live_outcome *ret)
{
	struct weir_error error;
	struct ids ids;
	struct store *s;
	int r = open_store(run, &s, &ids, &error);

	if (r == 0) {
		ret->started_ns = utc_ns();
		r = run_session(s, run, chosen, &ids, ret, &error);
		store_close(s);
	}
	if (r < 0) {
		say("%s", error.text);
		return r == -EINVAL ? EXIT_MISUSE : EXIT_FAILED;
	}
	return ret->n_partial + ret->n_failed > 0 ? EXIT_INCOMPLETE : EXIT_ALL;
}

int live_record(const struct live_run *run, struct live_outcome *ret)
{
	struct live_choice chosen = { .n = 0 };
	struct registry *registry;
	struct weir_error error;
	int r = registry_open(&(struct registry_config){ .say = hear }, &registry, &error);

	*ret = (struct live_outcome){ 0 };
	if (r < 0) {
		say("%s", error.text);
		return EXIT_FAILED;
	}
	r = live_choose(registry, run, &chosen);
	registry_rest(registry);
	r = r < 0 ? EXIT_MISUSE : fill_store(run, &chosen, ret);
	registry_close(registry);
	return r;
}

void live_print_outcome(const struct live_run *run, const struct live_outcome *o)
{
	uint32_t n = o->n_ok + o->n_partial + o->n_failed;
	char count[AMOUNT_MAX];

	if (!run->request->is_quiet)
		printf("%s: %u live source%s; %s observations\n", run->store_path, n, n == 1 ? "" : "s",
		       amount_count(count, o->n_rows));
}
