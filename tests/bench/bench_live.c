/* SPDX-License-Identifier: Apache-2.0 */
/* What all live collectors together cost while a program does what a busy node does: 2,000 IO, 20,000 socket calls,
 * 20,000 switches and 5 garbage collections a second. `weir record` measures this very program, run again with a word;
 * its collections are those of a made-up run-time system, because what they do costs nobody but themselves.
 *
 * Printed are the rates that were reached, weir's own processes and what its programs take in the kernel (of which 42
 * ns a run are the kernel's two clock readings), as shares of one processor; the kernel's memory for maps; what is
 * resident. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	TICK_NS = 1000000,
	IO_A_TICK = 2,
	MESSAGES_A_TICK = 10, /* each a write and a read */
	TURNS_A_TICK = 10,    /* each lets two processes wait */
	GC_REST_US = 200000,
	BLOCK = 4096,
	FILE_BLOCKS = 2048,
	WARM_S = 4,
	WINDOW_S = 10,
	PROCESSES_MAX = 32,
	PROGRAMS_MAX = 128,
	LINE_MAX = 256,
	CLOCK_NS = 42,
};

void fake_collect(unsigned n, unsigned rest_us);

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "bench-live: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- The load ---- */

static void each_tick(void (*work)(void *what), void *what)
{
	struct timespec next;

	(void)clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		work(what);
		next.tv_nsec += TICK_NS;
		next.tv_sec += next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}

struct reading {
	int fd, at;
	void *block;
};

static void read_some(void *what)
{
	struct reading *r = what;

	for (int i = 0; i < IO_A_TICK; i++)
		if (pread(r->fd, r->block, BLOCK, (off_t)(r->at++ % FILE_BLOCKS) * BLOCK) != BLOCK)
			die("reading");
}

static void read_disk(void)
{
	static const char path[] = "bench-live.file";
	struct reading r = { .fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) };

	if (r.fd < 0 || posix_memalign(&r.block, BLOCK, BLOCK) != 0)
		die(path);
	memset(r.block, 1, BLOCK);
	for (int i = 0; i < FILE_BLOCKS; i++)
		if (write(r.fd, r.block, BLOCK) != BLOCK)
			die(path);
	(void)fsync(r.fd);
	(void)close(r.fd);
	r.fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	(void)unlink(path);
	each_tick(read_some, &r);
}

static void send_some(void *what)
{
	const int *ends = what;
	char message[64] = { 0 };

	for (int i = 0; i < MESSAGES_A_TICK; i++)
		if (write(ends[0], message, sizeof(message)) < 0 || read(ends[1], message, sizeof(message)) < 0)
			die("socket");
}

static void send_messages(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		die("socketpair");
	each_tick(send_some, ends);
}

static void turn_some(void *what)
{
	const int *ends = what;
	char byte = 0;

	for (int i = 0; i < TURNS_A_TICK; i++)
		if (write(ends[1], &byte, 1) != 1 || read(ends[0], &byte, 1) != 1)
			die("pipe");
}

static void take_turns(void)
{
	int to[2], from[2], ends[2];
	char byte;

	if (pipe(to) < 0 || pipe(from) < 0)
		die("pipe");
	if (fork() == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (read(to[0], &byte, 1) == 1)
			(void)!write(from[1], &byte, 1);
		_exit(0);
	}
	ends[0] = from[0];
	ends[1] = to[1];
	each_tick(turn_some, ends);
}

static int be_the_load(void)
{
	static void (*const loads[])(void) = { read_disk, send_messages, take_turns };

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		if (fork() == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			loads[i]();
		}
	fake_collect((WARM_S + WINDOW_S + 3) * 1000000 / GC_REST_US, GC_REST_US);
	return 0;
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
	} at[PROGRAMS_MAX];
	unsigned n;
};

static void run_times(uint32_t after, struct programs *ret)
{
	ret->n = 0;
	for (uint32_t id = after; ret->n < PROGRAMS_MAX && bpf_prog_get_next_id(id, &id) == 0;) {
		struct bpf_prog_info info = { 0 };
		uint32_t n = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &n) == 0) {
			memcpy(ret->at[ret->n].name, info.name, sizeof(info.name));
			ret->at[ret->n].id = id;
			ret->at[ret->n].ns = info.run_time_ns;
			ret->at[ret->n++].runs = info.run_cnt;
		}
		if (fd >= 0)
			(void)close(fd);
	}
}

static uint64_t map_bytes(uint32_t after)
{
	uint64_t bytes = 0;

	for (uint32_t id = after; bpf_map_get_next_id(id, &id) == 0;) {
		int fd = bpf_map_get_fd_by_id(id);
		char path[LINE_MAX];

		(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		if (fd < 0)
			continue;
		bytes += number_in(path, "memlock:");
		(void)close(fd);
	}
	return bytes;
}

static uint32_t last_id(int (*next_id)(uint32_t, uint32_t *))
{
	uint32_t id = 0, next;

	while (next_id(id, &next) == 0)
		id = next;
	return id;
}

static pid_t start(const char *self, const char *store)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		(void)execl(WEIR, "weir", "record", "-q", "--no-ingest", "-o", store, "--", self, "--load",
		            (char *)NULL);
		_exit(127);
	}
	return pid;
}

static double share(uint64_t ns)
{
	return (double)ns / 1e7 / WINDOW_S;
}

/* By what it lent weir itself: the store has the rates. */
static void print_rates(const char *store)
{
	char command[1024];

	(void)snprintf(command, sizeof(command),
	               "%s sql %s \"select metric, cast(sum(rate) as integer) as a_second from (select metric, attrs, "
	               "(max(value) - min(value)) * 1e9 / (max(t_ns) - min(t_ns)) as rate from numbers where metric in "
	               "('process.disk.operations', 'process.network.calls', 'sched.switches', 'ghc.gc.count') "
	               "group by 1, 2) group by 1\"",
	               WEIR, store);
	(void)fflush(stdout);
	if (system(command) != 0)
		printf("live       the rates are not known\n");
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

static uint64_t print_programs(const struct programs *before, const struct programs *after)
{
	uint64_t all_ns = 0, all_runs = 0;

	for (unsigned i = 0; i < after->n; i++) {
		uint64_t ns = after->at[i].ns, runs = after->at[i].runs;

		for (unsigned b = 0; b < before->n; b++)
			if (before->at[b].id == after->at[i].id) {
				ns -= before->at[b].ns;
				runs -= before->at[b].runs;
			}
		all_ns += ns;
		all_runs += runs;
		if (runs > WINDOW_S)
			printf("live       %-18s %8.3f %% of a core  %6.0f runs a second, %.0f ns each\n",
			       after->at[i].name, share(ns), (double)runs / WINDOW_S, (double)ns / (double)runs);
	}
	printf("live       %-18s %8.3f %% of a core  %6.0f runs a second; %.3f %% without the clock readings\n",
	       "in the kernel", share(all_ns), (double)all_runs / WINDOW_S, share(all_ns - all_runs * CLOCK_NS));
	return all_ns;
}

static void measure(pid_t weir, uint32_t last_program, uint32_t last_map)
{
	struct process processes[PROCESSES_MAX];
	static struct programs before, after;
	uint64_t ns;
	int n;

	(void)sleep(WARM_S);
	run_times(last_program, &before);
	n = find_processes(weir, processes);
	(void)sleep(WINDOW_S);
	run_times(last_program, &after);
	ns = print_processes(processes, n);
	ns += print_programs(&before, &after);
	printf("live       %-18s %8.3f %% of a core  %6.1f MB of maps\n", "together", share(ns),
	       (double)map_bytes(last_map) / (1 << 20));
}

int main(int argc, char **argv)
{
	static const char store[] = "bench-live.weir";
	uint32_t last_program = last_id(bpf_prog_get_next_id), last_map = last_id(bpf_map_get_next_id);
	char self[4096] = "";
	int stats, status;
	pid_t weir;

	if (argc == 2 && strcmp(argv[1], "--load") == 0)
		return be_the_load();
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		die("/proc/self/exe");
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0) {
		printf("live       needs CAP_BPF and CAP_SYS_ADMIN\n");
		return 0;
	}
	(void)unlink(store);
	weir = start(self, store);
	measure(weir, last_program, last_map);
	if (waitpid(weir, &status, 0) == weir && WIFEXITED(status) && WEXITSTATUS(status) != 1)
		print_rates(store);
	(void)unlink(store);
	(void)close(stats);
	return 0;
}
