/* SPDX-License-Identifier: Apache-2.0 */
/* What programs in the kernel cost an event: the kernel's own count of their time (BPF_ENABLE_STATS), for an event of
 * the target and for one of somebody else. The count has its own price, two readings of the clock: `on_nothing` is an
 * empty program at the same hook in the same run. Where bpftrace and libbpf-tools are installed they do the same job
 * under the same load. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "plugins/recorder.h"
#include "tests/support/golden.h"

enum {
	N_READS = 20000,
	N_MESSAGES = 200000,
	N_TURNS = 100000,
	BLOCK = 4096,
	FILE_BLOCKS = 2048,
	PROGRAMS_MAX = 64,
	PEER_START_S = 4,
};

static const char NOTHING[] = "on_nothing";

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "bench-bpf: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- Loads ---- */

static void read_disk(void)
{
	static const char path[] = "bench-bpf.file";
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	void *block = NULL;

	if (fd < 0 || posix_memalign(&block, BLOCK, BLOCK) != 0)
		die(path);
	memset(block, 1, BLOCK);
	for (int i = 0; i < FILE_BLOCKS; i++)
		if (write(fd, block, BLOCK) != BLOCK)
			die(path);
	(void)fsync(fd);
	(void)close(fd);
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	for (int i = 0; i < N_READS && fd >= 0; i++)
		if (pread(fd, block, BLOCK, (off_t)(i % FILE_BLOCKS) * BLOCK) != BLOCK)
			die(path);
	(void)close(fd);
	(void)unlink(path);
	free(block);
}

static void send_messages(void)
{
	char message[64] = { 0 };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		die("socketpair");
	for (int i = 0; i < N_MESSAGES; i++)
		if (write(ends[0], message, sizeof(message)) < 0 || read(ends[1], message, sizeof(message)) < 0)
			die("socket");
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void take_turns(void)
{
	int to[2], from[2];
	char byte = 0;
	pid_t pid;

	if (pipe(to) < 0 || pipe(from) < 0 || (pid = fork()) < 0)
		die("fork");
	for (int i = 0; i < N_TURNS; i++) {
		if (pid == 0 ? read(to[0], &byte, 1) != 1 || write(from[1], &byte, 1) != 1
		             : write(to[1], &byte, 1) != 1 || read(from[0], &byte, 1) != 1)
			die("pipe");
	}
	if (pid == 0)
		_exit(0);
	(void)waitpid(pid, NULL, 0);
}

/* ---- Somebody who does it when told ---- */

struct child {
	pid_t pid;
	int to, from;
};

static struct child child_start(void (*load)(void))
{
	int to[2], from[2];
	struct child c;
	char byte;

	if (pipe(to) < 0 || pipe(from) < 0 || (c.pid = fork()) < 0)
		die("fork");
	c.to = to[1];
	c.from = from[0];
	if (c.pid > 0)
		return c;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)close(to[1]);
	while (read(to[0], &byte, 1) == 1) {
		load();
		(void)!write(from[1], "d", 1);
	}
	_exit(0);
}

static double child_run(const struct child *c)
{
	double before = now_s();
	char byte;

	if (write(c->to, "g", 1) != 1 || read(c->from, &byte, 1) != 1)
		die("the load");
	return now_s() - before;
}

static void child_end(const struct child *c)
{
	(void)close(c->to);
	(void)kill(c->pid, SIGKILL);
	(void)waitpid(c->pid, NULL, 0);
}

/* ---- The kernel's count ---- */

struct counts {
	struct {
		uint32_t id;
		char name[BPF_OBJ_NAME_LEN];
		uint64_t ns, n;
	} at[PROGRAMS_MAX];
	unsigned n;
};

/* Programs that have come since; ours are called on_. */
static void take_counts(struct counts *c, uint32_t after, int is_ours)
{
	uint32_t id = after;

	c->n = 0;
	while (c->n < PROGRAMS_MAX && bpf_prog_get_next_id(id, &id) == 0) {
		struct bpf_prog_info info = { 0 };
		uint32_t n = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &info, &n) == 0 && is_ours == !strncmp(info.name, "on_", 3)) {
			c->at[c->n].id = id;
			memcpy(c->at[c->n].name, info.name, sizeof(info.name));
			c->at[c->n].ns = info.run_time_ns;
			c->at[c->n++].n = info.run_cnt;
		}
		(void)close(fd);
	}
}

static uint32_t last_program(void)
{
	uint32_t id = 0, next;

	while (bpf_prog_get_next_id(id, &next) == 0)
		id = next;
	return id;
}

static void print_counts(const char *who, const char *what, const struct counts *before, const struct counts *after,
                         double took_s)
{
	double total = 0;

	for (unsigned i = 0; i < after->n; i++) {
		uint64_t ns = after->at[i].ns, n = after->at[i].n;

		for (unsigned b = 0; b < before->n; b++)
			if (before->at[b].id == after->at[i].id) {
				ns -= before->at[b].ns;
				n -= before->at[b].n;
			}
		total += strcmp(after->at[i].name, NOTHING) == 0 ? 0 : (double)ns;
		if (n > N_READS / 10)
			printf("%-10s %-9s %-18s %8.0f ns an event  %9llu events\n", who, what, after->at[i].name,
			       (double)ns / (double)n, (unsigned long long)n);
	}
	printf("%-10s %-9s %-18s %8.2f %% of a core in %.2f s\n", who, what, "all of them", total / took_s / 1e7,
	       took_s);
}

/* ---- Ours ---- */

/* An empty program at a tracepoint. Its link; < 0: it cannot be had. */
static int hang_nothing(const char *tracepoint, int *ret_program)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, how, .expected_attach_type = BPF_TRACE_RAW_TP);
	int type = libbpf_find_vmlinux_btf_id(tracepoint, BPF_TRACE_RAW_TP);

	*ret_program = -1;
	if (type < 0)
		return type;
	how.attach_btf_id = (__u32)type;
	*ret_program = bpf_prog_load(BPF_PROG_TYPE_TRACING, NOTHING, "GPL", nothing,
	                             sizeof(nothing) / sizeof(nothing[0]), &how);
	return *ret_program < 0 ? *ret_program : bpf_raw_tracepoint_open(NULL, *ret_program);
}

static void measure_ours(const char *collector, const char *hook, const char *what, pid_t target,
                         const struct child *load)
{
	char pid[16];
	struct lend_pair context[] = { { "process.pid", pid } };
	const struct golden g = { .collector = collector, .context = context, .n_context = 1 };
	struct recorder_setup setup = golden_setup(&g);
	struct counts before, after;
	struct recorder_result result;
	struct weir_error error = { "" };
	struct recorder *rec = NULL;
	uint32_t last = last_program();
	int nothing, link;
	double took_s;

	(void)snprintf(pid, sizeof(pid), "%d", (int)target);
	if (recorder_open(&setup, &rec, &error) < 0 || recorder_poll(rec) < 0)
		die(error.text);
	if (!memmem(recorder_text(rec).at, recorder_text(rec).n_bytes, "\"tp_btf\"", strlen("\"tp_btf\"")))
		die("not on its best rung");
	link = hang_nothing(hook, &nothing);
	take_counts(&before, last, 1);
	took_s = child_run(load);
	take_counts(&after, last, 1);
	print_counts(collector, what, &before, &after, took_s);
	(void)close(link);
	(void)close(nothing);
	recorder_close(rec, &result);
	recorder_free(rec);
}

/* ---- Others ---- */

static void measure_peer(const char *const *command, const struct child *load)
{
	struct counts before, after;
	uint32_t last = last_program();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = fork();
	double took_s;

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		(void)execvp(command[0], (char **)(uintptr_t)command);
		_exit(127);
	}
	(void)sleep(PEER_START_S);
	if (waitpid(pid, NULL, WNOHANG) == pid) {
		printf("%-10s is not here, or cannot do it\n", command[0]);
		(void)close(null);
		return;
	}
	take_counts(&before, last, 0);
	took_s = child_run(load);
	take_counts(&after, last, 0);
	print_counts(command[0], "all", &before, &after, took_s);
	(void)kill(pid, SIGINT);
	(void)waitpid(pid, NULL, 0);
	(void)close(null);
}

static const struct job {
	const char *collector, *hook;
	void (*load)(void);
	const char *script;
	const char *tool[4]; /* of libbpf-tools */
} jobs[] = {
	{ "disk",
	  "block_rq_complete",
	  read_disk,
	  "tracepoint:block:block_rq_issue { @s[args->dev, args->sector] = nsecs; } "
	  "tracepoint:block:block_rq_complete /@s[args->dev, args->sector]/ { @l[args->dev] = hist(nsecs - "
	  "@s[args->dev, "
	  "args->sector]); @b[args->dev] = sum(args->nr_sector); delete(@s[args->dev, args->sector]); }",
	  { "biolatency", "-D", "3600" } },
	{ "net",
	  "sock_send_length",
	  send_messages,
	  "tracepoint:sock:sock_send_length { @s[pid] = sum(args->ret); } "
	  "tracepoint:sock:sock_recv_length { @r[pid] = sum(args->ret); }",
	  { "tcptop", "3600" } },
	{ "sched",
	  "sched_switch",
	  take_turns,
	  "tracepoint:sched:sched_wakeup, tracepoint:sched:sched_wakeup_new { @q[args->pid] = nsecs; } "
	  "tracepoint:sched:sched_switch { if (args->prev_state == 0) { @q[args->prev_pid] = nsecs; } "
	  "if (@q[args->next_pid]) { @h = hist(nsecs - @q[args->next_pid]); delete(@q[args->next_pid]); } }",
	  { "runqlat", "-P", "3600" } },
};

/* Of the collectors that are named, or of all. */
int main(int argc, char **argv)
{
	struct child idle = child_start(read_disk);
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	struct rusage usage;

	if (stats < 0) {
		printf("bpf        needs CAP_BPF\n");
		child_end(&idle);
		return 0;
	}
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		int is_wanted = argc < 2;
		struct child load;

		for (int a = 1; a < argc; a++)
			is_wanted |= strcmp(argv[a], jobs[i].collector) == 0;
		if (!is_wanted)
			continue;
		load = child_start(jobs[i].load);

		printf("%-10s %-9s %-18s %8.2f s\n", jobs[i].collector, "-", "without", child_run(&load));
		measure_ours(jobs[i].collector, jobs[i].hook, "target", load.pid, &load);
		measure_ours(jobs[i].collector, jobs[i].hook, "foreign", idle.pid, &load);
		measure_peer((const char *const[]){ "bpftrace", "-e", jobs[i].script, NULL }, &load);
		measure_peer(jobs[i].tool, &load);
		child_end(&load);
	}
	child_end(&idle);
	(void)close(stats);
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		printf("%-10s %-9s %-18s %8.1f MB\n", "all three", "-", "peak RSS", (double)usage.ru_maxrss / 1024);
	return 0;
}
