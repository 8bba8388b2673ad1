/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/collectors/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TEXT_MAX = 16 << 20,
	POLLS_AFTER = 2,
	NOT_PERMITTED = 77,
	PATIENCE_S = 40, /* nothing that is watched takes so long */
};

int watch_drop_capabilities(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	return (int)syscall(SYS_capset, &head, none);
}

/* ---- The watched process ---- */

struct target {
	pid_t pid;
	int to, from; /* a byte each way: go on; done */
};

static void wait_byte(int fd)
{
	char c;

	while (read(fd, &c, 1) < 0 && errno == EINTR)
		continue;
}

static struct target start_target(const struct watching *w)
{
	struct target t;
	int to[2], from[2];

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	t.pid = fork();
	assert_true(t.pid >= 0);
	if (t.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)alarm(PATIENCE_S);
		/* Else it would wait for itself. */
		(void)close(to[1]);
		(void)close(from[0]);
		if (w->prepare)
			w->prepare(w->what);
		if (w->is_without_capabilities == WATCH_BOTH_WITHOUT && watch_drop_capabilities() < 0)
			_exit(1);
		(void)!write(from[1], "r", 1);
		wait_byte(to[0]);
		w->work(w->what);
		(void)!write(from[1], "d", 1);
		wait_byte(to[0]);
		_exit(0);
	}
	(void)close(to[0]);
	(void)close(from[1]);
	t.to = to[1];
	t.from = from[0];
	wait_byte(t.from);
	return t;
}

/* Or has ended. */
static int is_thread_asleep(const char *pid, const char *tid)
{
	char path[64], text[512], state = 'X';
	const char *end;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%.16s/task/%.16s/stat", pid, tid);
	f = fopen(path, "re");
	if (f && fgets(text, sizeof(text), f) && (end = strrchr(text, ')')))
		state = end[2];
	if (f)
		(void)fclose(f);
	return state == 'S' || state == 'Z' || state == 'X';
}

static int is_asleep(pid_t pid)
{
	char path[32], text[16];
	struct dirent *entry;
	int is_asleep = 1;
	DIR *tasks;

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	(void)snprintf(path, sizeof(path), "/proc/%s/task", text);
	tasks = opendir(path);
	while (tasks && is_asleep && (entry = readdir(tasks)))
		is_asleep = entry->d_name[0] == '.' || is_thread_asleep(text, entry->d_name);
	if (tasks)
		(void)closedir(tasks);
	return is_asleep;
}

/* Its byte comes before it waits for ours, and on a busy machine long before: what it still does until then would be in
 * one of two readings that are to be compared and not in the other. */
static void settle(const struct target *t)
{
	while (!is_asleep(t->pid))
		(void)sched_yield();
}

static void end_target(const struct target *t)
{
	int status;

	(void)close(t->to);
	(void)close(t->from);
	(void)waitpid(t->pid, &status, 0);
}

/* ---- The watching one, a process of its own too: what it gives up, the test keeps ---- */

/* Where there is no such folder there is nothing to hide. */
static int hide(const char *folder)
{
	return access(folder, F_OK) != 0 ? 0 : mount("none", folder, "tmpfs", 0, NULL);
}

static int hide_schedstat(pid_t pid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)pid, (int)pid);
	return mount("/dev/null", path, NULL, MS_BIND, NULL);
}

static void give_up(const struct watching *w, pid_t target)
{
	if ((w->is_without_types || w->is_without_tracefs || w->is_without_accounts) &&
	    (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		_exit(NOT_PERMITTED);
	if (w->is_without_types && hide("/sys/kernel/btf") < 0)
		_exit(NOT_PERMITTED);
	if (w->is_without_tracefs && (hide("/sys/kernel/tracing") < 0 || hide("/sys/kernel/debug") < 0))
		_exit(NOT_PERMITTED);
	if (w->is_without_accounts &&
	    (mount("/dev/null", "/proc/self/schedstat", NULL, MS_BIND, NULL) < 0 || hide_schedstat(target) < 0))
		_exit(NOT_PERMITTED);
	if (w->is_without_capabilities && watch_drop_capabilities() < 0)
		_exit(NOT_PERMITTED);
}

struct report {
	int r;
	size_t n;
	char text[TEXT_MAX];
};

static void run_collector(const struct watching *w, const struct target *t, struct report *report)
{
	char pid[16];
	struct lend_pair context[] = { { "interval_ns", "1000000000" }, { "process.pid", pid } };
	const struct golden g = { .collector = w->collector,
		                  .options = w->options,
		                  .n_options = w->n_options,
		                  .context = context,
		                  .n_context = w->is_without_target ? 1 : 2 };
	struct recorder_setup setup = golden_setup(&g);
	struct recorder_result result = { 0 };
	struct weir_error error = { "" };
	struct recorder *rec = NULL;
	struct weir_text text;

	settle(t);
	(void)snprintf(pid, sizeof(pid), "%d", (int)t->pid);
	setup.now_step_ns = 1000000000;
	report->r = recorder_open(&setup, &rec, &error);
	if (report->r >= 0)
		report->r = recorder_poll(rec);
	(void)!write(t->to, "g", 1);
	wait_byte(t->from);
	settle(t);
	for (int i = 0; i < POLLS_AFTER && report->r >= 0; i++)
		report->r = recorder_poll(rec);
	if (!rec) {
		report->n = (size_t)snprintf(report->text, sizeof(report->text), "%s", error.text);
		return;
	}
	recorder_close(rec, &result);
	text = recorder_text(rec);
	report->n = text.n_bytes < TEXT_MAX - 1 ? text.n_bytes : TEXT_MAX - 1;
	memcpy(report->text, text.at, report->n);
	recorder_free(rec);
}

struct watched watch(const struct watching *w)
{
	struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct target t = start_target(w);
	struct watched ret = { .pid = t.pid };
	int status = 0;
	pid_t pid;

	assert_true(report != MAP_FAILED);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		give_up(w, t.pid);
		run_collector(w, &t, report);
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	end_target(&t);
	ret.text = strndup(report->text, report->n);
	ret.r = report->r;
	(void)munmap(report, sizeof(*report));
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_PERMITTED) {
		print_message("needs CAP_SYS_ADMIN, to take something away from a process\n");
		skip();
	}
	assert_int_equal(status, 0);
	return ret;
}

void watched_done(struct watched *w)
{
	free(w->text);
	w->text = NULL;
}

/* ---- What was said ---- */

static int has_attrs(const struct watched *w, const json_t *attrs, const char *words)
{
	char copy[256], own[32], *equals, *save = NULL;
	const char *value;

	(void)snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (strcmp(word, "own") == 0) {
			(void)snprintf(own, sizeof(own), "process.pid=%d", w->pid);
			word = own;
		}
		equals = strchr(word, '=');
		if (!equals)
			return 0;
		*equals = '\0';
		value = json_string_value(json_object_get(attrs, word));
		if (!value || strcmp(value, equals + 1) != 0)
			return 0;
	}
	return 1;
}

typedef void see_function(void *what, const json_t *line);

static void each_line(const struct watched *w, const char *shape, const char *metric, const char *attrs,
                      see_function *see, void *what)
{
	for (const char *at = w->text, *end; *at; at = *end ? end + 1 : end) {
		json_t *line;
		const char *name;

		end = strchrnul(at, '\n');
		line = json_loadb(at, (size_t)(end - at), 0, NULL);
		name = json_string_value(json_object_get(line, shape));
		if (name && strcmp(name, metric) == 0 && has_attrs(w, json_object_get(line, "attrs"), attrs))
			see(what, line);
		json_decref(line);
	}
}

void watch_have_children(int n, void (*each)(int which))
{
	for (int i = 0; i < n; i++) {
		if (fork() == 0) {
			each(i);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		continue;
}

enum {
	SERIES_MAX = 4096,
};

struct gains {
	char *attrs[SERIES_MAX];
	json_int_t first[SERIES_MAX], last[SERIES_MAX];
	int64_t first_time;
	int n;
};

/* What comes after the first poll starts at 0. */
static void see_number(void *what, const json_t *line)
{
	struct gains *g = what;
	char *attrs = json_dumps(json_object_get(line, "attrs"), JSON_SORT_KEYS);
	json_int_t value = json_integer_value(json_object_get(line, "value"));
	json_int_t time = json_integer_value(json_object_get(line, "t_ns"));
	int i = 0;

	while (i < g->n && strcmp(g->attrs[i], attrs) != 0)
		i++;
	g->last[i] = value;
	if (i < g->n) {
		free(attrs);
		return;
	}
	assert_true(g->n < SERIES_MAX - 1);
	g->attrs[g->n++] = attrs;
	g->first[i] = time == g->first_time ? value : 0;
}

/* Of the first poll: what every poll says, and only then. */
static int64_t first_time(const struct watched *w)
{
	const char *skew = strstr(w->text, "{\"number\":\"weir.snapshot.skew\""),
		   *at = skew ? strstr(skew, "\"t_ns\":") : NULL;

	return at ? strtoll(at + strlen("\"t_ns\":"), NULL, 10) : 0;
}

int64_t watched_gain(const struct watched *w, const char *metric, const char *attrs)
{
	struct gains g = { .first_time = first_time(w) };
	int64_t gain = 0;

	each_line(w, "number", metric, attrs, see_number, &g);
	for (int i = 0; i < g.n; i++) {
		gain += g.last[i] - g.first[i];
		free(g.attrs[i]);
	}
	return g.n ? gain : -1;
}

struct totals {
	int64_t count;
	double sum;
	int is_any;
};

static void see_histogram(void *what, const json_t *line)
{
	struct totals *t = what;

	t->is_any = 1;
	t->count += json_integer_value(json_object_get(line, "count"));
	t->sum += json_number_value(json_object_get(line, "sum"));
}

int64_t watched_count(const struct watched *w, const char *metric, const char *attrs)
{
	struct totals t = { 0 };

	each_line(w, "histogram", metric, attrs, see_histogram, &t);
	return t.is_any ? t.count : -1;
}

int64_t watched_sum(const struct watched *w, const char *metric, const char *attrs)
{
	struct totals t = { 0 };

	each_line(w, "histogram", metric, attrs, see_histogram, &t);
	return t.is_any ? (int64_t)t.sum : -1;
}

int watched_says(const struct watched *w, const char *words)
{
	return strstr(w->text, words) != NULL;
}

int watched_is_on(const struct watched *w, const char *rung)
{
	char fact[64];

	(void)snprintf(fact, sizeof(fact), "{\"fact\":\"rung\",\"value\":\"%s\"}", rung);
	return watched_says(w, fact);
}

void assert_watched_says(const struct watched *w, const char *words)
{
	if (!watched_says(w, words))
		fail_msg("'%s' is not in\n%s", words, w->text);
}

int is_near(int64_t a, int64_t b, double share, int64_t slack)
{
	double off = (double)(a > b ? a - b : b - a);

	if (off <= share * (double)b + (double)slack)
		return 1;
	print_message("%lld is not near %lld\n", (long long)a, (long long)b);
	return 0;
}

void watch_needs_bpf(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	if (!HAS_BPF) {
		print_message("needs a weir with eBPF (-Dbpf=enabled)\n");
		skip();
	}
	if (syscall(SYS_capget, &head, caps) < 0 || !(caps[1].effective & 1U << (CAP_BPF - 32))) {
		print_message("needs CAP_BPF and CAP_PERFMON\n");
		skip();
	}
	if (access("/sys/kernel/btf/vmlinux", R_OK) != 0) {
		print_message("needs a kernel that shows its types\n");
		skip();
	}
}

struct watched watch_kernel(const struct watching *w)
{
	watch_needs_bpf();
	return watch(w);
}
