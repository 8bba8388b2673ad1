/* SPDX-License-Identifier: Apache-2.0 */
/* What all live collectors together cost while a program does what a busy node does: 2,000 IO, 20,000 socket calls and
 * 5 garbage collections a second on a machine that switches 20,000 times a second. `weir record` measures this very
 * program, run again with a word (live_load.h).
 *
 * Printed are the rates that were reached, as the kernel counts them; weir's own processes, and apart from them what
 * its programs take in the kernel (of which 42 ns a run are the kernel's two clock readings, which are there only to
 * measure), as shares of one processor; the kernel's memory for maps; what is resident. At last, by how much the same
 * work takes longer with weir than without, in pairs of runs. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/live_load.h"

enum {
	WARM_S = 4,
	WINDOW_S = 10,
	PAIRS = 7, /* of runs: an odd number, which has a median */
	PROCESSES_MAX = 32,
	PROGRAMS_MAX = 128,
	LINE_MAX = 256,
	CLOCK_NS = 42,
	SLICE_NS = 250000000,
	SLICE_RUNS_MIN = 100,
};

static const char store[] = "bench-live.weir";

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "bench-live: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- What it costs ---- */

/* The number behind a word at the start of a line; 0: there is none. */
static uint64_t number_in(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char line[LINE_MAX];
	uint64_t n = 0;

	while (file && n == 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, word, strlen(word)) == 0)
			n = strtoull(line + strlen(word), NULL, 10);
	if (file)
		(void)fclose(file);
	return n;
}

struct process {
	pid_t pid;
	char name[LINE_MAX];
	uint64_t cpu_ns;
};

static struct process look(pid_t pid)
{
	struct process p = { .pid = pid };
	char path[LINE_MAX];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (file) {
		if (fgets(p.name, sizeof(p.name), file))
			p.name[strcspn(p.name, "\n")] = '\0';
		(void)fclose(file);
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	p.cpu_ns = number_in(path, "");
	return p;
}

/* Weir and its workers, which are called after it; not its target. */
static int find_processes(pid_t weir, struct process *ret)
{
	char path[LINE_MAX], *at, *end;
	char text[4096] = "";
	int n = 0, fd;

	ret[n++] = look(weir);
	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", weir, weir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		die(path);
	(void)close(fd);
	for (at = text; n < PROCESSES_MAX; at = end) {
		pid_t pid = (pid_t)strtol(at, &end, 10);

		if (end == at)
			break;
		ret[n] = look(pid);
		n += strncmp(ret[n].name, "weir", 4) == 0;
	}
	return n;
}

struct programs {
	struct {
		char name[BPF_OBJ_NAME_LEN];
		uint32_t id;
		uint64_t ns, runs;
		double quietest_ns; /* of a run, in the slice when one took least; 0: it ran too seldom */
	} at[PROGRAMS_MAX];
	unsigned n;
};

struct ids {
	uint32_t at[PROGRAMS_MAX];
	unsigned n;
};

static void add_id(struct ids *ids, uint64_t id)
{
	for (unsigned i = 0; i < ids->n; i++)
		if (ids->at[i] == id)
			return;
	if (id && ids->n < PROGRAMS_MAX)
		ids->at[ids->n++] = (uint32_t)id;
}

/* Others may measure on this machine meanwhile: weir's are those that its workers have descriptors of. */
static void find_own(const struct process *workers, int n, struct ids *programs, struct ids *maps)
{
	char path[LINE_MAX];
	struct dirent *entry;
	DIR *files;

	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo", workers[i].pid);
		files = opendir(path);
		while (files && (entry = readdir(files))) {
			(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.16s", workers[i].pid, entry->d_name);
			/* A link has the number of its program, and no memory. */
			if (entry->d_name[0] == '.' || !number_in(path, "memlock:"))
				continue;
			add_id(programs, number_in(path, "prog_id:"));
			add_id(maps, number_in(path, "map_id:"));
		}
		if (files)
			(void)closedir(files);
	}
}

static void run_times(const struct ids *of, struct programs *ret)
{
	ret->n = 0;
	for (unsigned i = 0; i < of->n; i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t n = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(of->at[i]);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &n) == 0) {
			memcpy(ret->at[ret->n].name, info.name, sizeof(info.name));
			ret->at[ret->n].id = of->at[i];
			ret->at[ret->n].ns = info.run_time_ns;
			ret->at[ret->n++].runs = info.run_cnt;
		}
		if (fd >= 0)
			(void)close(fd);
	}
}

static uint64_t map_bytes(const struct ids *of)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < of->n; i++) {
		int fd = bpf_map_get_fd_by_id(of->at[i]);
		char path[LINE_MAX];

		(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		if (fd < 0)
			continue;
		bytes += number_in(path, "memlock:");
		(void)close(fd);
	}
	return bytes;
}

static char program[4096]; /* this one */

/* This program again, to do what `word` says, under weir or alone. */
static pid_t start(const char *word, int is_measured)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (is_measured)
			(void)execl(WEIR, "weir", "record", "-q", "--no-ingest", "-o", store, "--", program, word,
			            (char *)NULL);
		else
			(void)execl(program, program, word, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static double share(uint64_t ns)
{
	return (double)ns / 1e7 / WINDOW_S;
}

/* Of a busy machine nothing is exact: caches are others', and programs in the kernel are interrupted, too. */
struct idleness {
	uint64_t idle, all; /* ticks of all processors */
};

static struct idleness idle_now(void)
{
	struct idleness r = { 0, 0 };
	unsigned long long t[8] = { 0 };
	FILE *f = fopen("/proc/stat", "re");

	if (f && fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3], &t[4], &t[5],
	                &t[6], &t[7]) == 8)
		r.idle = t[3] + t[4];
	for (int i = 0; i < 8; i++)
		r.all += t[i];
	if (f)
		(void)fclose(f);
	return r;
}

struct rates {
	struct idleness processors;
	uint64_t machine_switches, target_switches, n_io, n_calls, n_collections;
};

static struct rates rates_now(const struct load_account *a)
{
	struct rates r = { idle_now(), load_machine_switches(), 0, a->n_io, a->n_calls, a->n_collections };

	for (int i = 0; i < LOAD_PARTS; i++)
		r.target_switches += a->switches[i];
	return r;
}

static void print_rate(const char *what, uint64_t before, uint64_t after, unsigned wanted)
{
	printf("live       %-18s %8.0f a second", what, (double)(after - before) / WINDOW_S);
	if (wanted)
		printf(", of %u", wanted);
	(void)putchar('\n');
}

static void print_rates(const struct rates *before, const struct rates *after)
{
	print_rate("IO", before->n_io, after->n_io, LOAD_IO);
	print_rate("socket calls", before->n_calls, after->n_calls, LOAD_CALLS);
	print_rate("switches", before->machine_switches, after->machine_switches, LOAD_SWITCHES);
	print_rate("  of the target", before->target_switches, after->target_switches, 0);
	print_rate("collections", before->n_collections, after->n_collections, LOAD_COLLECTIONS);
	printf("live       %-18s %8.0f %% of the time\n", "processors idle",
	       100.0 * (double)(after->processors.idle - before->processors.idle) /
	               (double)(after->processors.all - before->processors.all));
}

/* What all processes took between two looks, of which the second is now. */
static uint64_t print_processes(const struct process *before, int n)
{
	uint64_t cpu_ns = 0, resident = 0, proportional = 0;

	for (int i = 0; i < n; i++) {
		struct process now = look(before[i].pid);
		char path[LINE_MAX];
		uint64_t kilobytes;

		(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", now.pid);
		kilobytes = number_in(path, "Rss:");
		proportional += number_in(path, "Pss:");
		resident += kilobytes;
		cpu_ns += now.cpu_ns - before[i].cpu_ns;
		printf("live       %-18s %8.3f %% of a core  %6.1f MB resident\n", now.name,
		       share(now.cpu_ns - before[i].cpu_ns), (double)kilobytes / 1024);
	}
	printf("live       %-18s %8.3f %% of a core  %6.1f MB resident, %.1f MB with what they share counted once\n",
	       "all processes", share(cpu_ns), (double)resident / 1024, (double)proportional / 1024);
	return cpu_ns;
}

/* Sleeps, and keeps what a run took in the slice of time when the machine disturbed it least. */
static void watch(const struct ids *of, struct programs *quietest)
{
	static struct programs before, after;
	static const struct timespec slice = { 0, SLICE_NS };

	run_times(of, &before);
	*quietest = before;
	for (int i = 0; i < WINDOW_S * (1000000000 / SLICE_NS); i++) {
		(void)nanosleep(&slice, NULL);
		run_times(of, &after);
		for (unsigned k = 0; k < after.n && k < before.n; k++) {
			uint64_t runs = after.at[k].runs - before.at[k].runs;
			double ns = runs ? (double)(after.at[k].ns - before.at[k].ns) / (double)runs : 0;

			if (runs >= SLICE_RUNS_MIN && (i == 0 || ns < quietest->at[k].quietest_ns))
				quietest->at[k].quietest_ns = ns;
		}
		before = after;
	}
}

/* What they took since `before`, of which `quietest` has what a run takes at best. */
static uint64_t print_programs(const struct programs *before, const struct programs *after,
                               const struct programs *quietest)
{
	uint64_t all_ns = 0, all_runs = 0;
	double quiet_ns = 0;

	for (unsigned i = 0; i < after->n && i < before->n; i++) {
		uint64_t ns = after->at[i].ns - before->at[i].ns, runs = after->at[i].runs - before->at[i].runs;
		double best = quietest->at[i].quietest_ns;

		all_ns += ns;
		all_runs += runs;
		quiet_ns += best > 0 ? best * (double)runs : (double)ns;
		if (runs > WINDOW_S)
			printf("live       %-18s %8.3f %% of a core  %6.0f runs a second, %.0f ns each, %.0f at the "
			       "quietest\n",
			       after->at[i].name, share(ns), (double)runs / WINDOW_S, (double)ns / (double)runs,
			       best > 0 ? best : (double)ns / (double)runs);
	}
	printf("live       %-18s %8.3f %% of a core  %6.0f runs a second; %.3f %% at the quietest\n", "in the kernel",
	       share(all_ns), (double)all_runs / WINDOW_S, share((uint64_t)quiet_ns));
	printf("live       %-18s %8.3f %% of a core are the clock readings of the kernel's own measuring\n", "of which",
	       share(all_runs * CLOCK_NS));
	return all_ns;
}

static void measure(pid_t weir, const struct load_account *account)
{
	struct process processes[PROCESSES_MAX];
	static struct programs before, after, quietest;
	static struct ids programs, maps;
	struct rates then, now;
	uint64_t ns;
	int n;

	(void)sleep(WARM_S);
	n = find_processes(weir, processes);
	find_own(processes, n, &programs, &maps);
	run_times(&programs, &before);
	n = find_processes(weir, processes);
	then = rates_now(account);
	watch(&programs, &quietest);
	now = rates_now(account);
	run_times(&programs, &after);
	print_rates(&then, &now);
	ns = print_processes(processes, n);
	ns += print_programs(&before, &after, &quietest);
	printf("live       %-18s %8.3f %% of a core  %6.1f MB of maps\n", "together", share(ns),
	       (double)map_bytes(&maps) / (1 << 20));
}

static void cost_at_rates(const struct load_account *account)
{
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	pid_t weir = start("--load", 1);

	if (stats < 0)
		die("statistics of BPF programs");
	measure(weir, account);
	(void)kill(weir, SIGTERM);
	(void)waitpid(weir, NULL, 0);
	(void)unlink(store);
	(void)close(stats);
}

/* ---- By how much it slows ---- */

struct times {
	double wall, cpu;
};

static struct times work(struct load_account *account, int is_measured)
{
	int status;
	pid_t pid = start("--work", is_measured);

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) == 1)
		die("work");
	(void)unlink(store);
	return (struct times){ (double)account->wall_ns, (double)account->cpu_ns };
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void print_slowdown(const char *what, double slower[PAIRS], double seconds)
{
	qsort(slower, PAIRS, sizeof(*slower), by_size);
	printf("live       %-18s %+8.2f %% with weir, the median of %d pairs of runs of %.1f s (%+.2f to %+.2f)\n",
	       what, slower[PAIRS / 2], PAIRS, seconds, slower[0], slower[PAIRS - 1]);
}

static void slowdown(struct load_account *account)
{
	double wall[PAIRS], cpu[PAIRS];
	struct times without = { 0, 0 }, with;

	for (int i = 0; i < PAIRS; i++) {
		/* Which comes first changes, so that what drifts is for neither. */
		if (i % 2)
			with = work(account, 1);
		without = work(account, 0);
		if (i % 2 == 0)
			with = work(account, 1);
		wall[i] = (with.wall / without.wall - 1) * 100;
		cpu[i] = (with.cpu / without.cpu - 1) * 100;
	}
	print_slowdown("slower by", wall, without.wall / 1e9);
	print_slowdown("more CPU time by", cpu, without.cpu / 1e9);
}

int main(int argc, char **argv)
{
	struct load_account *account;
	int stats;

	if (argc == 2 && strcmp(argv[1], "--load") == 0)
		load_at_rates();
	if (argc == 2 && strcmp(argv[1], "--work") == 0)
		load_work();
	if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		die("/proc/self/exe");
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0) {
		printf("live       needs CAP_BPF and CAP_SYS_ADMIN\n");
		return 0;
	}
	(void)close(stats);
	(void)unlink(store);
	account = load_account();
	cost_at_rates(account);
	if (argc < 2 || strcmp(argv[1], "--cost") != 0)
		slowdown(account);
	(void)unlink("bench-live.account");
	return 0;
}
