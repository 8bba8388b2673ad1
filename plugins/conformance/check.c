/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/conformance/check.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir/fail.h>

#include "plugins/conformance/trial.h"
#include "plugins/loader.h"
#include "store/now.h"

static const struct trial_test *const topics[] = { object_tests, table_tests,   sniff_tests,       open_tests,
	                                           input_tests,  honesty_tests, surroundings_tests };

enum {
	N_TOPICS = sizeof(topics) / sizeof(topics[0]),
};

/* What a trial's process leaves for the host. */
struct slip {
	int is_done;
	enum check_outcome outcome;
	char text[512];
};

struct checking {
	const struct check_config *config;
	struct object object;
	struct samples samples;
	regex_t only;
	struct slip *slip;
	const char *broken[TRIAL_GATES]; /* the test that should have opened a gate, and did not */
	char path[4096];
};

static const struct trial_test *test_at(uint32_t i)
{
	for (uint32_t k = 0; k < N_TOPICS; k++)
		for (const struct trial_test *test = topics[k]; test->name; test++)
			if (i-- == 0)
				return test;
	return NULL;
}

const char *check_test(uint32_t i, const char **ret_claim)
{
	const struct trial_test *test = test_at(i);

	if (test && ret_claim)
		*ret_claim = test->claim;
	return test ? test->name : NULL;
}

/* ---- In the trial's process ---- */

static const char *why_not(const struct trial *t, unsigned applies)
{
	const struct weir_collector *c = t->c ? t->c : t->raw;

	if (!c)
		return NULL;
	if ((applies & TRIAL_FILE) && !trial_has_claim(c, WEIR_CLAIM_FILE))
		return "it claims no files";
	if ((applies & TRIAL_LIVE) && !trial_has_claim(c, WEIR_CLAIM_LIVE))
		return "it claims no live system";
	if ((applies & TRIAL_COMPANIONS) && !c->n_companions)
		return "it has no companions";
	if ((applies & TRIAL_OPTIONS) && !c->n_options)
		return "it has no options";
	if ((applies & TRIAL_SNIFF) && !c->sniff)
		return "it has no sniff";
	if ((applies & TRIAL_SAMPLE) && !t->samples->n_own)
		return "no sample file was given";
	return NULL;
}

static void load(struct trial *t, enum trial_gate gate)
{
	struct weir_error error = { "" };
	void *handle;

	if (gate >= TRIAL_LOADED) {
		handle = dlopen(t->path, RTLD_NOW | RTLD_LOCAL);
		t->raw = handle ? dlsym(handle, "weir_collector") : NULL;
		if (!t->raw)
			trial_skip(t, "it cannot be loaded");
	}
	if (gate >= TRIAL_TAKEN && t->raw && loader_load(t->path, "it", &t->c, &error) < 0)
		trial_skip(t, "%s", error.text);
}

static void run_trial(struct checking *k, const struct trial_test *test, struct slip *slip)
{
	struct trial t = { .path = k->path, .object = &k->object, .samples = &k->samples, .seed = k->config->seed };
	const char *reason;

	load(&t, test->gate);
	reason = why_not(&t, test->applies);
	if (reason)
		trial_skip(&t, "%s", reason);
	if (t.outcome == CHECK_PASS)
		test->run(&t);
	slip->outcome = t.outcome;
	memcpy(slip->text, t.text, sizeof(slip->text));
	slip->is_done = 1;
}

static void silence(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)dup2(fd, STDIN_FILENO);
	(void)dup2(fd, STDOUT_FILENO);
	(void)dup2(fd, STDERR_FILENO);
	(void)close(fd);
}

/* ---- In the host's ---- */

static void describe_death(struct slip *slip, int status)
{
	slip->outcome = CHECK_FAIL;
	if (WIFSIGNALED(status))
		(void)snprintf(slip->text, sizeof(slip->text), "killed by SIG%s (%s)", sigabbrev_np(WTERMSIG(status)),
		               strsignal(WTERMSIG(status)));
	else
		(void)snprintf(slip->text, sizeof(slip->text), "it ended the process, with code %d",
		               WEXITSTATUS(status));
}

static void wait_for(const struct checking *k, pid_t pid, struct slip *slip)
{
	int64_t timeout_ns = k->config->timeout_ns ? k->config->timeout_ns : CHECK_TIMEOUT_NS;
	struct pollfd p = { .fd = pidfd_open(pid, 0), .events = POLLIN };
	int n_ready, status = 0;

	do
		n_ready = poll(&p, 1, (int)(timeout_ns / 1000000));
	while (n_ready < 0 && errno == EINTR);
	/* Its whole group: what it has forked goes with it. */
	(void)kill(-pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	(void)close(p.fd);
	if (n_ready == 0) {
		slip->outcome = CHECK_FAIL;
		(void)snprintf(slip->text, sizeof(slip->text), "no end after %lld ms",
		               (long long)(timeout_ns / 1000000));
	} else if (!slip->is_done) {
		describe_death(slip, status);
	}
}

static void run_apart(struct checking *k, const struct trial_test *test)
{
	struct slip *slip = k->slip;
	pid_t pid = fork();

	if (pid == 0) {
		(void)setpgid(0, 0);
		silence();
		run_trial(k, test, slip);
		_exit(0);
	}
	if (pid < 0) {
		slip->outcome = CHECK_FAIL;
		(void)snprintf(slip->text, sizeof(slip->text), "no process for it: %s", strerror(errno));
		return;
	}
	(void)setpgid(pid, pid);
	wait_for(k, pid, slip);
}

/* The test that closes the way to this gate; NULL: open. */
static const char *closed_by(const struct checking *k, enum trial_gate gate)
{
	for (int g = TRIAL_OBJECT; g <= (int)gate; g++)
		if (k->broken[g])
			return k->broken[g];
	return NULL;
}

static void run_one(struct checking *k, const struct trial_test *test, struct check_verdict *v)
{
	const char *closed = closed_by(k, test->gate);
	int64_t start_ns = now_monotonic_ns();

	*k->slip = (struct slip){ 0 };
	if (closed) {
		k->slip->outcome = CHECK_SKIP;
		(void)snprintf(k->slip->text, sizeof(k->slip->text), "%s did not pass", closed);
	} else if (k->config->is_in_process) {
		run_trial(k, test, k->slip);
	} else {
		run_apart(k, test);
	}
	if (test->opens && k->slip->outcome != CHECK_PASS && k->slip->outcome != CHECK_WARN)
		k->broken[test->opens] = test->name;
	*v = (struct check_verdict){ .test = test->name,
		                     .claim = test->claim,
		                     .outcome = k->slip->outcome,
		                     .elapsed_ns = now_monotonic_ns() - start_ns };
	memcpy(v->text, k->slip->text, sizeof(v->text));
}

static void count(struct check_totals *totals, enum check_outcome outcome)
{
	totals->n_pass += outcome == CHECK_PASS;
	totals->n_warn += outcome == CHECK_WARN;
	totals->n_fail += outcome == CHECK_FAIL;
	totals->n_skip += outcome == CHECK_SKIP;
}

static void run_all(struct checking *k, struct check_totals *ret)
{
	const struct check_config *config = k->config;
	const struct trial_test *test;
	struct check_verdict v;
	int is_wanted;

	for (uint32_t i = 0; (test = test_at(i)); i++) {
		is_wanted = !config->only || regexec(&k->only, test->name, 0, NULL, 0) == 0;
		if (!is_wanted && !test->opens)
			continue;
		run_one(k, test, &v);
		if (!is_wanted)
			continue;
		count(ret, v.outcome);
		if (config->say)
			config->say(config->listener, &v);
	}
}

static int compile(struct checking *k, struct weir_error *reterr)
{
	char reason[128];
	int r;

	if (!k->config->only)
		return 0;
	r = regcomp(&k->only, k->config->only, REG_EXTENDED | REG_NOSUB);
	if (r == 0)
		return 0;
	(void)regerror(r, &k->only, reason, sizeof(reason));
	return weir_fail(reterr, -EINVAL, "check: %s: no regular expression: %s", k->config->only, reason);
}

static int start(struct checking *k, struct weir_error *reterr)
{
	void *map;
	int r;

	/* dlopen() would look for a name without a slash in the system's folders. */
	if (!realpath(k->config->path, k->path)) {
		r = -errno;
		return weir_fail(reterr, r, "check: %s: %s", k->config->path, strerror(-r));
	}
	r = object_read(k->path, &k->object, reterr);
	if (r == 0)
		r = samples_open(&k->samples, k->config->samples, k->config->n_samples, SAMPLE_BYTES_MAX, reterr);
	if (r == 0)
		r = samples_add_plains(&k->samples, reterr);
	if (r < 0)
		return r;
	map = mmap(NULL, sizeof(*k->slip), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return weir_fail(reterr, -ENOMEM, "check: no memory");
	k->slip = map;
	return 0;
}

int check_run(const struct check_config *config, struct check_totals *ret, struct weir_error *reterr)
{
	struct checking k = { .config = config };
	int r = compile(&k, reterr);

	if (r < 0)
		return r;
	*ret = (struct check_totals){ 0 };
	r = start(&k, reterr);
	if (r == 0) {
		run_all(&k, ret);
		(void)munmap(k.slip, sizeof(*k.slip));
	}
	samples_close(&k.samples);
	object_done(&k.object);
	if (config->only)
		regfree(&k.only);
	return r;
}
