/* SPDX-License-Identifier: Apache-2.0 */
/* What weir itself costs: CPU time and memory of the host and of each worker, run time and count of their BPF programs.
 * Workers are the host's children, and are called `weir:COLLECTOR`. */
#include <weir/collector.h>
#include <weir/fail.h>

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bpf/kept.h"
#include "bpf/live.h"
#include "bpf/rows.h"
#include "collectors/self/programs.h"
#include "parsers/procfs.h"

enum {
	WORKERS_MAX = 256,
	TEXT_MAX = 8192,   /* of a file of /proc that is looked at */
	COMM_MAX = 16,     /* TASK_COMM_LEN */
	MEMORY_LOOKS = 10, /* maps grow slowly, and are many */
	WAIT_MS = 5000,    /* for the other workers to be open */
	WAIT_STEP_MS = 5,
};

enum row {
	ROW_CPU,
	ROW_MEMORY,
	ROW_BPF_TIME,
	ROW_BPF_RUNS,
	ROW_BPF_MEMORY,
	ROW_COUNT,
};

enum option {
	OPTION_BPF_STATS,
	OPTION_COUNT,
};

struct worker {
	pid_t pid;
	char name[COMM_MAX], number[16];
	uint32_t cpu, memory, bpf_memory;                 /* series */
	uint32_t times[PROGRAMS_MAX], runs[PROGRAMS_MAX]; /* of its programs */
	struct programs programs;
	int is_counted; /* by the kernel: one of its programs has run since somebody wants that */
};

struct weir_instance {
	const struct weir_host *host;
	struct worker *workers[WORKERS_MAX];
	struct outbox outbox;
	uint32_t n_workers;
	uint64_t n_looks, page_bytes;
	uint32_t n_closed;
	pid_t weir;          /* the process that all workers are children of */
	int stats_fd;        /* -1: nobody asked for the kernel's own count, or it isn't to be had */
	struct runs *counts; /* room for those of all processors; NULL: nobody's can be read */
	uint32_t n_processors;
	int has_complained;
	int is_spare;
	char text[TEXT_MAX];
	struct kept files;
};

static const struct weir_metric metrics[ROW_COUNT] = {
	[ROW_CPU] = ROWS_COUNTER("weir.cost.cpu", "ns", "weir's CPU time",
	                         "CPU time of weir: of the worker of each collector, and of the host.", -1),
	[ROW_MEMORY] =
		ROWS_GAUGE("weir.cost.memory", "By", "weir's memory",
	                   "Resident memory of weir: of the worker of each collector, and of the host. Code that they "
	                   "share counts for each.",
	                   -1),
	[ROW_BPF_TIME] =
		ROWS_COUNTER("weir.cost.bpf.time", "ns", "BPF time",
	                     "Time that the kernel spent in a BPF program of weir, on all processors: one of 61 "
	                     "runs is timed and stands for them.",
	                     -1),
	[ROW_BPF_RUNS] = ROWS_COUNTER("weir.cost.bpf.runs", "{run}", "BPF runs",
	                              "How often the kernel ran a BPF program of weir.", -1),
	[ROW_BPF_MEMORY] = ROWS_GAUGE("weir.cost.bpf.memory", "By", "BPF memory",
	                              "Kernel memory of a collector's BPF programs and maps.", -1),
};

static const struct weir_option options[OPTION_COUNT] = {
	[OPTION_BPF_STATS] = { "bpf-stats", "false", NULL,
	                       "Let the kernel time all runs of all BPF programs of the machine; each then costs some "
	                       "ten nanoseconds more.",
	                       0, 0, WEIR_OPTION_BOOL, 0 },
};

/* ---- Files of a process ---- */

static int read_of(struct weir_instance *i, pid_t pid, const char *file)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return (int)kept_read(&i->files, path, i->text, TEXT_MAX);
}

static struct weir_text text_of(const char *at)
{
	return (struct weir_text){ at, strlen(at) };
}

static uint32_t series(const struct weir_instance *i, enum row row, const struct worker *w, const char *of_program)
{
	const struct outbox_pair pairs[] = { { "collector", w->name },
		                             { "process.pid", w->number },
		                             { "program", of_program } };

	return outbox_series(&i->outbox, (uint32_t)row, pairs, LIVE_COUNT_OF(pairs));
}

/* ---- Processes ---- */

static void find_programs(struct weir_instance *i, struct worker *w)
{
	i->n_closed += programs_find(w->pid, &w->programs) == -EACCES;
	for (uint32_t k = 0; k < w->programs.n; k++) {
		w->times[k] = series(i, ROW_BPF_TIME, w, w->programs.at[k].name);
		w->runs[k] = series(i, ROW_BPF_RUNS, w, w->programs.at[k].name);
	}
	if (w->programs.n + w->programs.n_maps > 0)
		w->bpf_memory = series(i, ROW_BPF_MEMORY, w, NULL);
}

static struct worker *worker_of(struct weir_instance *i, pid_t pid, const char *name)
{
	struct worker *w;

	for (uint32_t k = 0; k < i->n_workers; k++)
		if (i->workers[k]->pid == pid)
			return i->workers[k];
	w = i->n_workers == WORKERS_MAX ? NULL : calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	i->workers[i->n_workers++] = w;
	w->pid = pid;
	w->programs.counts_fd = -1;
	(void)snprintf(w->name, sizeof(w->name), "%s", name);
	(void)snprintf(w->number, sizeof(w->number), "%d", pid);
	w->cpu = series(i, ROW_CPU, w, NULL);
	w->memory = series(i, ROW_MEMORY, w, NULL);
	/* What we hold is theirs. */
	if (pid != i->weir && strcmp(name, "self") != 0)
		find_programs(i, w);
	return w;
}

/* By what they count themselves, else by what the kernel does. */
static void look_at_costs(struct weir_instance *i, struct worker *w)
{
	int has_counts = i->stats_fd < 0 && i->counts && programs_count(&w->programs, i->counts, i->n_processors) == 0;

	for (uint32_t k = 0; k < w->programs.n; k++) {
		uint64_t time_ns = w->programs.at[k].time_ns, n_runs = w->programs.at[k].n_runs;

		if (!has_counts && programs_cost(&w->programs, k, &time_ns, &n_runs) < 0)
			continue;
		/* Where nobody wants it the kernel counts nothing, and 0 would be wrong. */
		w->is_counted |= has_counts || i->stats_fd >= 0 || n_runs > 0;
		if (!w->is_counted)
			continue;
		outbox_count(&i->outbox, w->times[k], time_ns);
		outbox_count(&i->outbox, w->runs[k], n_runs);
	}
}

static void look_at_programs(struct weir_instance *i, struct worker *w)
{
	look_at_costs(i, w);
	if (w->bpf_memory && i->n_looks % MEMORY_LOOKS == 1)
		outbox_count(&i->outbox, w->bpf_memory, programs_memory(&w->programs));
}

static void look_at(struct weir_instance *i, struct worker *w)
{
	uint64_t n, pages[2];
	int n_text;

	/* Nanoseconds on a processor, first of three. Every process of weir has one thread while it measures. */
	n_text = read_of(i, w->pid, "schedstat");
	if (n_text > 0 && procfs_numbers(i->text, (size_t)n_text, &n, 1) == 1)
		outbox_count(&i->outbox, w->cpu, n);
	/* All pages, and those that are resident. `status` says the same, and 50 things more. */
	n_text = read_of(i, w->pid, "statm");
	if (n_text > 0 && procfs_numbers(i->text, (size_t)n_text, pages, 2) == 2)
		outbox_count(&i->outbox, w->memory, pages[1] * i->page_bytes);
	look_at_programs(i, w);
}

/* A worker among the host's children, which has a name; NULL: it isn't one. */
static struct worker *child_of(struct weir_instance *i, pid_t pid)
{
	static const char mark[] = "weir:";
	char name[COMM_MAX];

	if (read_of(i, pid, "comm") < 0 || strncmp(i->text, mark, sizeof(mark) - 1) != 0)
		return NULL;
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(i->text + sizeof(mark) - 1, "\n"),
	               i->text + sizeof(mark) - 1);
	/* Where many processes are measured there are many of us, and one is enough. */
	i->is_spare |= strcmp(name, "self") == 0 && pid < getpid();
	return worker_of(i, pid, name);
}

/* Whether it has come up to where it gives up its rights, having opened what it will. */
static int is_open(struct weir_instance *i, pid_t pid)
{
	uint64_t is_sealed;
	int n;

	/* `weir` will soon be called after its collector; `weir-target` is what is measured. */
	if (pid == getpid() || read_of(i, pid, "comm") < 0 || strncmp(i->text, "weir", 4) != 0 || i->text[4] == '-' ||
	    strncmp(i->text, "weir:self", 9) == 0)
		return 1;
	n = read_of(i, pid, "status");
	return n <= 0 || procfs_field(i->text, (size_t)n, "NoNewPrivs", &is_sealed) < 0 || is_sealed;
}

/* Numbers of the host's children. 0, or -errno. */
static int list_children(struct weir_instance *i, char ret[TEXT_MAX])
{
	char path[64];
	int n;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)i->weir, (int)i->weir);
	n = (int)kept_read(&i->files, path, ret, TEXT_MAX);
	return n < 0 ? n : 0;
}

static pid_t next_child(const char **at)
{
	char *end;
	long pid = strtol(*at, &end, 10);

	*at = end;
	return (pid_t)pid;
}

/* Programs that are not loaded yet cannot be looked for, and later we have no right to. A worker that is not open for
 * long is not waited for. */
static void wait_for_workers(struct weir_instance *i)
{
	static const struct timespec rest = { 0, WAIT_STEP_MS * 1000000 };
	char children[TEXT_MAX];
	int is_all = 0;

	for (int waited_ms = 0; !is_all && waited_ms < WAIT_MS; waited_ms += WAIT_STEP_MS) {
		const char *at = children;
		pid_t pid;

		is_all = 1;
		if (list_children(i, children) < 0)
			return;
		while (is_all && (pid = next_child(&at)) > 0)
			is_all = is_open(i, pid);
		if (!is_all)
			(void)nanosleep(&rest, NULL);
	}
}

static void meet_workers(struct weir_instance *i)
{
	char children[TEXT_MAX];
	const char *at = children;
	pid_t pid;

	if (list_children(i, children) < 0)
		return;
	while ((pid = next_child(&at)) > 0)
		(void)child_of(i, pid);
}

static int look_at_all(struct weir_instance *i)
{
	char children[TEXT_MAX];
	const char *at = children;
	int r = list_children(i, children);
	struct worker *w = worker_of(i, i->weir, "host");
	pid_t pid;

	if (w)
		look_at(i, w);
	while (r == 0 && (pid = next_child(&at)) > 0) {
		w = child_of(i, pid);
		if (w)
			look_at(i, w);
	}
	return r;
}

/* ---- Verbs ---- */

/* One way to what programs cost, which takes CAP_SYS_ADMIN. error: what it failed with; 0: it works. */
static void tell_way(struct weir_instance *i, const char *name, const char *means, const char *fails, int error)
{
	struct weir_rung r = { .part = "bpf.time", .name = name, .state = error == 0 };
	struct weir_error why;

	r.means = text_of(means);
	if (error) {
		(void)snprintf(why.text, sizeof(why.text), "%s: %s", fails, strerror(-error));
		r.why_not = text_of(why.text);
		r.remedy = text_of(error == -EPERM    ? "run weir as root or with CAP_SYS_ADMIN"
		                   : error == -ENOENT ? "a mounted /sys"
		                                      : "a kernel with BPF, from 5.8 on");
	}
	i->host->rung(i->host, &r);
}

static void tell_lowest(struct weir_instance *i)
{
	struct weir_rung r = { .part = "bpf.time", .name = "as_it_is", .state = WEIR_RUNG_WORKS };

	r.means = text_of("what the kernel counts where somebody else wants that (kernel.bpf_stats_enabled)");
	r.loss = text_of("run times and counts of BPF programs, where nobody does");
	i->host->rung(i->host, &r);
}

/* Best first. */
static void find_way(struct weir_instance *i, int wants_statistics)
{
	int has_rungs = WEIR_HAS(i->host, rung), error = 0;
	union bpf_attr attr;

	if (wants_statistics) {
		memset(&attr, 0, sizeof(attr));
		attr.enable_stats.type = BPF_STATS_RUN_TIME;
		i->stats_fd = (int)syscall(SYS_bpf, BPF_ENABLE_STATS, &attr, sizeof(attr));
		error = i->stats_fd < 0 ? -errno : 0;
		if (has_rungs)
			tell_way(i, "bpf_stats", "the kernel's own statistics of each program",
			         "they cannot be switched on", error);
		if (!error)
			return;
	}
	error = programs_may_be_held();
	i->n_processors = error ? 0 : programs_processors();
	i->counts = i->n_processors ? calloc(i->n_processors, sizeof(*i->counts)) : NULL;
	if (!error && !i->counts)
		error = i->n_processors ? -ENOMEM : -ENOENT;
	if (has_rungs)
		tell_way(i, "own_counts", "programs count their runs and time one of 61",
		         "other workers' maps cannot be read", error);
	if (has_rungs && error)
		tell_lowest(i);
}

static void tell_cpu(struct weir_instance *i)
{
	struct weir_rung cpu = { .part = "cpu", .name = "schedstat", .state = WEIR_RUNG_WORKS };

	if (!WEIR_HAS(i->host, rung))
		return;
	cpu.means = text_of("/proc/PID/schedstat, in nanoseconds");
	i->host->rung(i->host, &cpu);
}

static int self_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));
	union weir_value wants = { .i64 = 0 };

	if (!i)
		return weir_fail(reterr, -ENOMEM, "self: no memory");
	*ret = i;
	i->host = h;
	i->outbox.host = h;
	i->weir = getppid();
	i->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	i->stats_fd = -1;
	(void)h->option(h, OPTION_BPF_STATS, &wants);
	(void)live_clock(h);
	find_way(i, wants.i64 != 0);
	tell_cpu(i);
	wait_for_workers(i);
	meet_workers(i);
	return WEIR_OK;
}

static void complain(struct weir_instance *i)
{
	if (i->n_closed && !i->has_complained)
		live_say(i->host, WEIR_NOTE, "self.closed",
		         "BPF programs of other workers may not be looked at: they belong to another user");
	i->has_complained |= i->n_closed > 0;
}

static int self_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	int r;

	outbox_begin(&i->outbox, now_ns, 0);
	i->n_looks++;
	r = i->is_spare ? 0 : look_at_all(i);
	if (r < 0)
		return weir_fail(reterr, r, "self: process %d: %s", i->weir, strerror(-r));
	if (i->is_spare) {
		i->host->tally(i->host, WEIR_READ, 1, NULL);
		i->host->tally(i->host, WEIR_SKIPPED, 1, "self.spare");
		return WEIR_END;
	}
	complain(i);
	r = outbox_end(&i->outbox);
	return r < 0 ? weir_fail(reterr, r, "self: %s", strerror(-r)) : WEIR_AGAIN;
}

static void self_close(struct weir_instance *i)
{
	if (!i)
		return;
	for (uint32_t k = 0; k < i->n_workers; k++) {
		programs_release(&i->workers[k]->programs);
		free(i->workers[k]);
	}
	kept_close(&i->files);
	free(i->counts);
	if (i->stats_fd >= 0)
		(void)close(i->stats_fd);
	free(i);
}

const struct weir_collector weir_collector =
	LIVE_COLLECTOR("self", "what weir itself costs: CPU time and memory of its processes, BPF programs' run times",
                       metrics, options, self_open, self_poll, self_close, NULL);
