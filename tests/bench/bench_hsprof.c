/* SPDX-License-Identifier: Apache-2.0 */
/* What a sample of the profiler hsprof costs: nanoseconds of its program in the kernel, as the kernel counts them, and
 * CPU time of weir's side; and what the program that is profiled loses by it. Stacks are of a Haskell program with all
 * that a stack can be made of; it takes ghc. */
#include <bpf/bpf.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "plugins/recorder.h"
#include "tests/bench/sink.h"

enum {
	N_ROUNDS = 5,
	/* Of a program that only looks whether the process is one of ours, the two readings of the clock included. */
	FOREIGN_NS = 80,
};

static char folder[] = "/tmp/bench-hsprof-XXXXXX", program[64];

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "bench-hsprof: %s\n", what);
	exit(1);
}

static int compile(void)
{
	char command[1024];

	if (!mkdtemp(folder))
		die("no folder");
	(void)snprintf(program, sizeof(program), "%s/shapes", folder);
	(void)snprintf(command, sizeof(command),
	               "cp %s/Shapes.hs %s/spin.c %s && cd %s && ghc -v0 -O1 Shapes.hs spin.c -o shapes",
	               HSPROF_PROGRAM, HSPROF_PROGRAM, folder, folder);
	return system(command);
}

static void clean(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (system(command) != 0)
		fprintf(stderr, "bench-hsprof: %s stays\n", folder);
}

static double cpu_of_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct cost {
	uint64_t n_runs, run_ns, n_samples;
	double weir_s, program_s;
};

/* Of the program that this process holds: others may be profiling too. */
static void read_kernel(struct cost *cost)
{
	for (int fd = 3; fd < 1024; fd++) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		char path[32], kind[32];
		ssize_t n;

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, kind, sizeof(kind) - 1);
		kind[n > 0 ? n : 0] = '\0';
		if (strcmp(kind, "anon_inode:bpf-prog") == 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
		    strcmp(info.name, "on_sample") == 0) {
			cost->n_runs = info.run_cnt;
			cost->run_ns = info.run_time_ns;
		}
	}
}

static struct recorder *observe(pid_t pid, const char *frequency)
{
	void *library = dlopen(WEIR_COLLECTOR_DIR "/hsprof.so", RTLD_NOW | RTLD_LOCAL);
	char digits[16];
	struct lend_pair context[] = { { "process.pid", digits }, { "process.exe", program } },
			 option = { "frequency", frequency };
	struct recorder_setup setup = { .context = context, .n_context = 2, .options = &option, .n_options = 1 };
	struct weir_error error = { "" };
	struct recorder *rec;

	(void)snprintf(digits, sizeof(digits), "%d", pid);
	setup.collector = library ? dlsym(library, "weir_collector") : NULL;
	if (!setup.collector || recorder_open(&setup, &rec, &error) < 0)
		die(setup.collector ? error.text : dlerror());
	return rec;
}

static pid_t start(int *ret_go)
{
	char *const argv[] = { program, (char *)"250", (char *)"1", NULL };
	int go[2];
	pid_t pid;
	char byte;

	if (pipe(go) < 0 || (pid = fork()) < 0)
		die("no child");
	*ret_go = go[1];
	if (pid > 0)
		return pid;
	if (read(go[0], &byte, 1) != 1 || dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 1) != 1)
		_exit(1);
	(void)execv(program, argv);
	_exit(1);
}

/* One run; frequency NULL: without weir. */
static struct cost run(const char *frequency)
{
	struct cost cost = { 0 };
	struct recorder *rec = NULL;
	struct recorder_result result;
	struct rusage usage;
	int go, status;
	pid_t pid = start(&go);

	if (frequency)
		rec = observe(pid, frequency);
	if (write(go, "x", 1) != 1 || wait4(pid, &status, 0, &usage) != pid || status != 0)
		die("the program failed");
	(void)close(go);
	cost.program_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	if (!rec)
		return cost;
	read_kernel(&cost);
	cost.weir_s = cpu_of_us();
	if (recorder_poll(rec) < 0)
		die("a poll failed");
	cost.weir_s = cpu_of_us() - cost.weir_s;
	recorder_close(rec, &result);
	recorder_free(rec);
	cost.n_samples = result.ledger.n_read;
	return cost;
}

static double best_s(void)
{
	double best = run(NULL).program_s;

	for (int i = 1; i < N_ROUNDS; i++) {
		double s = run(NULL).program_s;

		best = s < best ? s : best;
	}
	return best;
}

/* Of the target's own samples: the kernel runs the program for all, and most are nobody's. */
static double kernel_ns(const struct cost *cost)
{
	return ((double)cost->run_ns - FOREIGN_NS * ((double)cost->n_runs - (double)cost->n_samples)) /
	       (double)cost->n_samples;
}

static void show(const char *frequency, double bare_s)
{
	struct cost best = run(frequency);
	double program_s = best.program_s;

	for (int i = 1; i < N_ROUNDS; i++) {
		struct cost next = run(frequency);

		if (next.n_samples && kernel_ns(&next) < kernel_ns(&best))
			best = next;
		program_s = next.program_s < program_s ? next.program_s : program_s;
	}
	if (best.n_samples == 0)
		die("no samples");
	printf("  %4s a second: %5llu samples; in the kernel %5.0f ns a sample (to reach: 5000); weir %4.1f us a "
	       "sample; "
	       "program %+.2f %%\n",
	       frequency, (unsigned long long)best.n_samples, kernel_ns(&best),
	       best.weir_s * 1e6 / (double)best.n_samples, 100 * (program_s - bare_s) / bare_s);
}

int main(void)
{
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	double bare;

	if (stats < 0) {
		printf("skipped: bpf_enable_stats takes CAP_SYS_ADMIN\n");
		return 0;
	}
	if (compile() != 0) {
		clean();
		printf("skipped: there is no ghc\n");
		return 0;
	}
	bare = best_s();
	printf("Haskell stacks: %.2f s of CPU time without weir, best of %d\n", bare, N_ROUNDS);
	show("99", bare);
	show("999", bare);
	clean();
	(void)close(stats);
	return 0;
}
