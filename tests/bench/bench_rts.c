/* SPDX-License-Identifier: Apache-2.0 */
/* What the collector rts costs the program that it looks at: the time of one collection's calls, from a stand-in for
 * the run-time system, without it, with its probes, with its counters only; and what a poll costs weir itself. */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "plugins/recorder.h"
#include "tests/bench/sink.h"

enum {
	N_COLLECTIONS = 20000,
	N_ROUNDS = 5,
	N_POLLS = 2000,
};

/* The stand-in's loop (tests/collectors/fake_rts.c). */
void fake_collect(unsigned n, unsigned rest_us);

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "bench-rts: %s\n", what);
	exit(1);
}

static double cpu_now(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A child that does a round whenever it is told to and says how long it took; best of all. */
struct child {
	pid_t pid;
	int to, from;
};

static struct child start(void)
{
	int to[2], from[2];
	struct child c;
	char byte;

	if (pipe(to) < 0 || pipe(from) < 0 || (c.pid = fork()) < 0)
		die("no child");
	c.to = to[1];
	c.from = from[0];
	if (c.pid > 0)
		return c;
	(void)close(to[1]);
	while (read(to[0], &byte, 1) == 1) {
		double before = cpu_now(CLOCK_PROCESS_CPUTIME_ID), took;

		fake_collect(N_COLLECTIONS, 0);
		took = cpu_now(CLOCK_PROCESS_CPUTIME_ID) - before;
		if (write(from[1], &took, sizeof(took)) != sizeof(took))
			_exit(1);
	}
	_exit(0);
}

static double round_ns(const struct child *c)
{
	double took;

	if (write(c->to, "x", 1) != 1 || read(c->from, &took, sizeof(took)) != sizeof(took))
		die("the child is gone");
	return took * 1e9 / N_COLLECTIONS;
}

static double best_ns(const struct child *c, struct recorder *rec)
{
	double best = round_ns(c), ns;

	for (unsigned i = 1; i < N_ROUNDS; i++) {
		if (rec)
			(void)recorder_poll(rec);
		ns = round_ns(c);
		best = ns < best ? ns : best;
	}
	return best;
}

static struct recorder *observe(const struct child *c, const char *probes)
{
	void *library = dlopen(WEIR_COLLECTOR_DIR "/rts.so", RTLD_NOW | RTLD_LOCAL);
	char pid[16];
	struct lend_pair context = { "process.pid", pid }, option = { "probes", probes };
	struct recorder_setup setup = { .context = &context, .n_context = 1, .options = &option, .n_options = 1 };
	struct weir_error error = { "" };
	struct recorder *rec;

	(void)snprintf(pid, sizeof(pid), "%d", c->pid);
	setup.collector = library ? dlsym(library, "weir_collector") : NULL;
	if (!setup.collector || recorder_open(&setup, &rec, &error) < 0)
		die(setup.collector ? error.text : dlerror());
	return rec;
}

static double poll_us(struct recorder *rec)
{
	double before = cpu_now(CLOCK_PROCESS_CPUTIME_ID);

	for (unsigned i = 0; i < N_POLLS; i++)
		if (recorder_poll(rec) < 0)
			die("a poll failed");
	return (cpu_now(CLOCK_PROCESS_CPUTIME_ID) - before) * 1e6 / N_POLLS;
}

int main(void)
{
	struct child c = start();
	struct recorder_result result;
	double bare, with, counters, idle;
	struct recorder *rec;

	bare = best_ns(&c, NULL);
	rec = observe(&c, "false");
	counters = best_ns(&c, rec);
	idle = poll_us(rec);
	recorder_close(rec, &result);
	recorder_free(rec);
	rec = observe(&c, "true");
	with = best_ns(&c, rec);
	recorder_close(rec, &result);
	if (!memmem(recorder_text(rec).at, recorder_text(rec).n_bytes, "\"uprobes\"", 9))
		printf("  no probes here: they are not in the figures\n");
	recorder_free(rec);
	(void)kill(c.pid, SIGKILL);
	(void)waitpid(c.pid, NULL, 0);
	printf("GHC's run-time system: CPU time of %d collections' calls, best of %d\n", N_COLLECTIONS, N_ROUNDS);
	printf("  without weir          %8.1f ns a collection\n", bare);
	printf("  counters only         %8.1f ns a collection\n", counters);
	printf("  with probes           %8.1f ns a collection, %.2f us added (to reach: 5)\n", with,
	       (with - bare) / 1e3);
	printf("  a poll of weir's      %8.1f us\n", idle);
	return 0;
}
