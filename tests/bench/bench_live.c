/* SPDX-License-Identifier: Apache-2.0 */
/* What all live collectors together cost while a program does what a busy node does: 2,000 IO, 20,000 socket calls and
 * 5 garbage collections a second on a machine that switches 20,000 times a second. `weir record` measures this very
 * program, run again with a word (live_load.h).
 *
 * Printed are the rates that were reached, as the kernel counts them; weir's own processes, and apart from them what
 * its programs take in the kernel, as shares of one processor; how much of that is the kernel's own measuring, by what
 * programs that do nothing have at the same hooks at the same time; the kernel's memory for maps; what is resident.
 *
 * At last, how much more processor time work takes when it is measured. Of two processes that do the same in short
 * portions by turns weir measures one, so that what the machine does meanwhile is done to both, and what is compared
 * is portions beside each other. What a program costs those that it passes over is therefore not in it. The same two
 * with nobody measuring say what such a figure is worth. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <linux/bpf.h>
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
	PAIRS = 800,   /* of portions of work */
	UNPAIRED = 50, /* before them, of each */
	NOTHINGS = 3,
	PROCESSES_MAX = 32,
	PROGRAMS_MAX = 128,
	LINE_MAX = 256,
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

/* This program again, to do what `--load` says, under weir. */
static pid_t start_measured(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		(void)execl(WEIR, "weir", "record", "-q", "--no-ingest", "-o", store, "--", program, "--load",
		            (char *)NULL);
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

/* ---- What measuring costs by itself ---- */

/* Programs that do nothing, at hooks that weir's are at; behind them, so that they find the kernel's part of it as warm
 * as it gets. */
static void hang_nothings(struct ids *ret)
{
	static const char *const hooks[NOTHINGS] = { "sched_switch", "sock_send_length", "block_rq_complete" };
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	for (int i = 0; i < NOTHINGS; i++) {
		LIBBPF_OPTS(bpf_prog_load_opts, how, .expected_attach_type = BPF_TRACE_RAW_TP);
		int type = libbpf_find_vmlinux_btf_id(hooks[i], BPF_TRACE_RAW_TP), fd;
		struct bpf_prog_info info = { 0 };
		uint32_t n = sizeof(info);

		how.attach_btf_id = type > 0 ? (uint32_t)type : 0;
		fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "nothing", "GPL", nothing,
		                   sizeof(nothing) / sizeof(nothing[0]), &how);
		if (fd < 0 || bpf_raw_tracepoint_open(NULL, fd) < 0 || bpf_obj_get_info_by_fd(fd, &info, &n) < 0)
			die("a program that does nothing");
		add_id(ret, info.id);
	}
}

static double ns_a_run(const struct programs *before, const struct programs *after)
{
	uint64_t ns = 0, runs = 0;

	for (unsigned i = 0; i < after->n && i < before->n; i++) {
		ns += after->at[i].ns - before->at[i].ns;
		runs += after->at[i].runs - before->at[i].runs;
	}
	return runs ? (double)ns / (double)runs : 0;
}

/* What they took since `before`, of which `quietest` has what a run takes at best. Returns it without what measuring
 * takes: nobody but this program has the kernel measure them. */
static uint64_t print_programs(const struct programs *before, const struct programs *after,
                               const struct programs *quietest, double nothing_ns)
{
	uint64_t all_ns = 0, all_runs = 0, measuring_ns;
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
	measuring_ns = (uint64_t)(nothing_ns * (double)all_runs);
	printf("live       %-18s %8.3f %% of a core are this program's having them measured: %.0f ns each when nothing "
	       "is done\n",
	       "of which", share(measuring_ns), nothing_ns);
	return all_ns > measuring_ns ? all_ns - measuring_ns : 0;
}

static void measure(pid_t weir, const struct load_account *account)
{
	struct process processes[PROCESSES_MAX];
	static struct programs before, after, quietest, nothings_before, nothings_after;
	static struct ids programs, maps, nothings;
	struct rates then, now;
	uint64_t ns;
	int n;

	(void)sleep(WARM_S);
	n = find_processes(weir, processes);
	find_own(processes, n, &programs, &maps);
	hang_nothings(&nothings);
	run_times(&programs, &before);
	run_times(&nothings, &nothings_before);
	n = find_processes(weir, processes);
	then = rates_now(account);
	watch(&programs, &quietest);
	now = rates_now(account);
	run_times(&programs, &after);
	run_times(&nothings, &nothings_after);
	print_rates(&then, &now);
	ns = print_processes(processes, n);
	ns += print_programs(&before, &after, &quietest, ns_a_run(&nothings_before, &nothings_after));
	printf("live       %-18s %8.3f %% of a core without that, %6.1f MB of maps\n", "together", share(ns),
	       (double)map_bytes(&maps) / (1 << 20));
}

static void cost_at_rates(const struct load_account *account)
{
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	pid_t weir = start_measured();

	if (stats < 0)
		die("statistics of BPF programs");
	measure(weir, account);
	(void)kill(weir, SIGTERM);
	(void)waitpid(weir, NULL, 0);
	(void)unlink(store);
	(void)close(stats);
}

/* ---- By how much it slows ---- */

struct worker {
	pid_t pid;
	int ask, told;
};

static double work(const struct worker *w)
{
	uint64_t ns;

	if (write(w->ask, "", 1) != 1 || read(w->told, &ns, sizeof(ns)) != sizeof(ns))
		die("work");
	return (double)ns;
}

static struct worker start_worker(void)
{
	int ask[2], tell[2];
	struct worker w;

	(void)fflush(stdout);
	if (pipe(ask) < 0 || pipe(tell) < 0)
		die("pipe");
	w = (struct worker){ fork(), ask[1], tell[0] };
	if (w.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(ask[1]);
		load_portions(ask[0], tell[1]);
	}
	(void)close(ask[0]);
	(void)close(tell[1]);
	(void)fcntl(w.ask, F_SETFD, FD_CLOEXEC);
	/* Its file has the name that the other one's has, until it is ready. */
	(void)work(&w);
	return w;
}

static pid_t measure_worker(const struct worker *w)
{
	pid_t pid = fork();
	char target[16];

	(void)snprintf(target, sizeof(target), "%d", w->pid);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		(void)execl(WEIR, "weir", "attach", "-q", "-o", store, target, (char *)NULL);
		_exit(127);
	}
	(void)sleep(WARM_S);
	return pid;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The median and its 95 % interval, which is exact however they are distributed: how many of them lie below the true
 * median is as coins fall. */
static void print_excess(const char *what, double *excess, double portion_ns)
{
	size_t k = 0;

	qsort(excess, PAIRS, sizeof(*excess), by_size);
	while (gsl_cdf_binomial_P((unsigned)k, 0.5, PAIRS) <= 0.025)
		k++;
	printf("live       %-18s %+8.2f %% processor time, %+.2f to %+.2f by 95 %%: the median of %d pairs of %.0f "
	       "ms\n",
	       what, gsl_stats_median_from_sorted_data(excess, 1, PAIRS), excess[k - 1], excess[PAIRS - k], PAIRS,
	       portion_ns / 1e6);
}

static void compare(const char *what, int is_measured)
{
	static double excess[PAIRS];
	struct worker workers[2] = { start_worker(), start_worker() };
	pid_t weir = is_measured ? measure_worker(&workers[0]) : 0;
	double used[2] = { 0, 0 };

	for (int i = -UNPAIRED; i < PAIRS; i++) {
		/* Who comes first changes, so that what drifts is for neither. */
		int first = i & 1;

		used[first] = work(&workers[first]);
		used[!first] = work(&workers[!first]);
		if (i >= 0)
			excess[i] = (used[0] / used[1] - 1) * 100;
	}
	print_excess(what, excess, used[1]);
	for (int i = 0; i < 2; i++) {
		(void)kill(workers[i].pid, SIGKILL);
		(void)waitpid(workers[i].pid, NULL, 0);
		(void)close(workers[i].ask);
		(void)close(workers[i].told);
	}
	if (weir)
		(void)waitpid(weir, NULL, 0);
	(void)unlink(store);
}

int main(int argc, char **argv)
{
	struct load_account *account;
	int stats;

	if (argc == 2 && strcmp(argv[1], "--load") == 0)
		load_at_rates();
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
	if (argc == 2 && strcmp(argv[1], "--cost") == 0)
		return unlink("bench-live.account");
	compare("measured", 1);
	compare("nobody measuring", 0);
	(void)unlink("bench-live.account");
	return 0;
}
