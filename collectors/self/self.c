/* SPDX-License-Identifier: Apache-2.0 */
/* What weir itself costs: CPU time and memory of the host and of each worker, run time and count of their BPF programs.
 * Workers are the host's children, and are called `weir:COLLECTOR`; a worker's programs and maps are those that it has
 * descriptors of, as /proc/PID/fdinfo shows them. */
#include <weir/collector.h>
#include <weir/fail.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	WORKERS_MAX = 256,
	PROGRAMS_MAX = 64, /* of one worker */
	TEXT_MAX = 8192,   /* of a file of /proc that is looked at */
	BATCH_MAX = WORKERS_MAX * 4 + 1024,
	COMM_MAX = 16, /* TASK_COMM_LEN */
	TAG_MAX = 24,
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

struct program {
	uint64_t id;
	uint32_t time, runs; /* series */
	uint64_t seen;       /* the look that saw it last */
};

struct worker {
	pid_t pid;
	char name[COMM_MAX], number[16];
	uint32_t cpu, memory, bpf_memory; /* series */
	struct program programs[PROGRAMS_MAX];
	uint32_t n_programs;
};

struct weir_instance {
	const struct weir_host *host;
	struct worker workers[WORKERS_MAX];
	struct weir_number batch[BATCH_MAX];
	uint32_t n_workers, n_batch;
	uint64_t n_looks, n_closed;
	int64_t now_ns;
	pid_t weir; /* the process that all workers are children of */
	int stats_fd;
	int has_complained;
	int is_spare;
	char text[TEXT_MAX];
};

#define ROW(k, n, u, b, h)                                                                                             \
	{                                                                                                              \
		.name = n, .unit = u, .brief = b, .help = h, .shape = WEIR_SHAPE_NUMBER, .kind = k,                    \
		.type = WEIR_TYPE_I64, .better = -1, .range = WEIR_RANGE_FROM_ZERO                                     \
	}

static const struct weir_metric metrics[ROW_COUNT] = {
	[ROW_CPU] = ROW(WEIR_KIND_COUNTER, "weir.cost.cpu", "ns", "weir's CPU time",
	                "CPU time of weir: of the worker of each collector, and of the host."),
	[ROW_MEMORY] = ROW(WEIR_KIND_GAUGE, "weir.cost.memory", "By", "weir's memory",
	                   "Resident memory of weir: of the worker of each collector, and of the host. Code that they "
	                   "share counts for each."),
	[ROW_BPF_TIME] = ROW(WEIR_KIND_COUNTER, "weir.cost.bpf.time", "ns", "BPF time",
	                     "Time that the kernel spent in a BPF program of weir, on all processors."),
	[ROW_BPF_RUNS] = ROW(WEIR_KIND_COUNTER, "weir.cost.bpf.runs", "{run}", "BPF runs",
	                     "How often the kernel ran a BPF program of weir."),
	[ROW_BPF_MEMORY] = ROW(WEIR_KIND_GAUGE, "weir.cost.bpf.memory", "By", "BPF memory",
	                       "Kernel memory of a collector's BPF programs and maps."),
};

static const struct weir_option options[OPTION_COUNT] = {
	[OPTION_BPF_STATS] = { "bpf-stats", "true", NULL,
	                       "Measure BPF programs' run times; costs each run some ten nanoseconds.", 0, 0,
	                       WEIR_OPTION_BOOL, 0 },
};

static const struct weir_claim claims[] = { { NULL, WEIR_CLAIM_LIVE, 0 } };

/* ---- Files ---- */

__attribute__((format(printf, 2, 3))) static int read_text(struct weir_instance *i, const char *path, ...)
{
	char full[96];
	va_list args;
	ssize_t n;
	int fd;

	va_start(args, path);
	(void)vsnprintf(full, sizeof(full), path, args);
	va_end(args);
	i->text[0] = '\0';
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, i->text, TEXT_MAX - 1);
	(void)close(fd);
	i->text[n > 0 ? n : 0] = '\0';
	return n > 0 ? 0 : -EIO;
}

/* The number behind a label at the start of a line. */
static int labelled(const char *text, const char *label, uint64_t *ret)
{
	size_t n = strlen(label);

	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (strncmp(line, label, n) != 0)
			continue;
		*ret = strtoull(line + n, NULL, 10);
		return 1;
	}
	return 0;
}

/* ---- Series ---- */

static struct weir_text text_of(const char *at)
{
	return (struct weir_text){ at, strlen(at) };
}

static uint32_t series(struct weir_instance *i, enum row row, const struct worker *w, const char *program)
{
	const struct weir_attr attrs[] = { { text_of("collector"), text_of(w->name) },
		                           { text_of("process.pid"), text_of(w->number) },
		                           { text_of("program"), text_of(program ? program : "") } };

	return i->host->series(i->host, (uint32_t)row, attrs, program ? 3 : 2);
}

static void add(struct weir_instance *i, uint32_t to, uint64_t value)
{
	if (to == 0 || i->n_batch == BATCH_MAX)
		return;
	i->batch[i->n_batch++] = (struct weir_number){ .time_ns = i->now_ns,
		                                       .value.i64 = value < INT64_MAX ? (int64_t)value : INT64_MAX,
		                                       .series = to };
}

static struct worker *worker_of(struct weir_instance *i, pid_t pid, const char *name)
{
	struct worker *w = i->workers;

	while (w < i->workers + i->n_workers && w->pid != pid)
		w++;
	if (w < i->workers + i->n_workers)
		return w;
	if (i->n_workers == WORKERS_MAX)
		return NULL;
	i->n_workers++;
	*w = (struct worker){ .pid = pid };
	(void)snprintf(w->name, sizeof(w->name), "%s", name);
	(void)snprintf(w->number, sizeof(w->number), "%d", pid);
	w->cpu = series(i, ROW_CPU, w, NULL);
	w->memory = series(i, ROW_MEMORY, w, NULL);
	return w;
}

/* ---- BPF ---- */

static struct program *program_of(struct weir_instance *i, struct worker *w, uint64_t id, const char *tag)
{
	struct program *p = w->programs;

	while (p < w->programs + w->n_programs && p->id != id)
		p++;
	if (p < w->programs + w->n_programs)
		return p;
	if (w->n_programs == PROGRAMS_MAX)
		return NULL;
	w->n_programs++;
	*p = (struct program){ .id = id };
	p->time = series(i, ROW_BPF_TIME, w, tag);
	p->runs = series(i, ROW_BPF_RUNS, w, tag);
	return p;
}

/* A tag is the hash of a program's instructions: the same for the same program in each recording. */
static void take_tag(const char *text, char ret[TAG_MAX])
{
	const char *at = strstr(text, "\nprog_tag:\t");
	size_t n = 0;

	for (at = at ? at + strlen("\nprog_tag:\t") : ""; n < TAG_MAX - 1 && isxdigit((unsigned char)at[n]); n++)
		ret[n] = at[n];
	ret[n] = '\0';
}

static void take_program(struct weir_instance *i, struct worker *w)
{
	uint64_t id, time_ns, n_runs;
	struct program *p;
	char tag[TAG_MAX];

	if (!labelled(i->text, "prog_id:", &id) || !labelled(i->text, "run_time_ns:", &time_ns) ||
	    !labelled(i->text, "run_cnt:", &n_runs))
		return;
	take_tag(i->text, tag);
	p = program_of(i, w, id, tag);
	/* More than one descriptor may lead to it. */
	if (!p || p->seen == i->n_looks)
		return;
	p->seen = i->n_looks;
	/* Without statistics nothing is counted, and 0 would be wrong. */
	if (i->stats_fd < 0 && n_runs == 0)
		return;
	add(i, p->time, time_ns);
	add(i, p->runs, n_runs);
}

static void look_at_bpf(struct weir_instance *i, struct worker *w)
{
	uint64_t memory = 0, n;
	char path[64];
	struct dirent *d;
	DIR *files;
	int is_any = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo", w->pid);
	files = opendir(path);
	i->n_closed += !files && (errno == EACCES || errno == EPERM);
	while (files && (d = readdir(files))) {
		if (!isdigit((unsigned char)d->d_name[0]) || read_text(i, "%s/%.16s", path, d->d_name) < 0)
			continue;
		take_program(i, w);
		if (!labelled(i->text, "memlock:", &n))
			continue;
		is_any = 1;
		memory += n;
	}
	if (files)
		(void)closedir(files);
	if (!is_any)
		return;
	if (w->bpf_memory == 0)
		w->bpf_memory = series(i, ROW_BPF_MEMORY, w, NULL);
	add(i, w->bpf_memory, memory);
}

/* ---- Processes ---- */

static void look_at(struct weir_instance *i, struct worker *w)
{
	uint64_t n;

	/* Nanoseconds on a processor, first of three. Every process of weir has one thread while it measures. */
	if (read_text(i, "/proc/%d/schedstat", w->pid) == 0)
		add(i, w->cpu, strtoull(i->text, NULL, 10));
	if (read_text(i, "/proc/%d/status", w->pid) == 0 && labelled(i->text, "VmRSS:", &n))
		add(i, w->memory, n * 1024);
	if (w->pid != i->weir)
		look_at_bpf(i, w);
}

static void look_at_child(struct weir_instance *i, pid_t pid)
{
	static const char mark[] = "weir:";
	char name[COMM_MAX];
	struct worker *w;

	if (read_text(i, "/proc/%d/comm", pid) < 0 || strncmp(i->text, mark, sizeof(mark) - 1) != 0)
		return;
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(i->text + sizeof(mark) - 1, "\n"),
	               i->text + sizeof(mark) - 1);
	/* Where many processes are measured there are many of us, and one is enough. */
	i->is_spare |= strcmp(name, "self") == 0 && pid < getpid();
	w = worker_of(i, pid, name);
	if (w)
		look_at(i, w);
}

static int look_at_all(struct weir_instance *i)
{
	char children[TEXT_MAX], *at = children, *end;
	int r = read_text(i, "/proc/%d/task/%d/children", i->weir, i->weir);
	struct worker *host = worker_of(i, i->weir, "host");
	long pid;

	memcpy(children, i->text, sizeof(children));
	if (host)
		look_at(i, host);
	for (pid = strtol(at, &end, 10); end != at; pid = strtol(at, &end, 10)) {
		look_at_child(i, (pid_t)pid);
		at = end;
	}
	return r;
}

/* ---- Verbs ---- */

static void tell_rungs(struct weir_instance *i, int error, int wants)
{
	struct weir_error why;
	struct weir_rung r = { .part = "bpf.time", .name = "bpf_stats", .state = i->stats_fd >= 0 };

	r.means = text_of("the kernel's own statistics of each program");
	if (i->stats_fd < 0) {
		(void)snprintf(why.text, sizeof(why.text), "they cannot be switched on: %s",
		               wants ? strerror(error) : "the option bpf-stats is false");
		r.why_not = text_of(why.text);
		r.remedy = text_of(
			"run weir as root or with CAP_SYS_ADMIN, or set the sysctl kernel.bpf_stats_enabled to 1");
	}
	i->host->rung(i->host, &r);
	if (i->stats_fd < 0) {
		r = (struct weir_rung){ .part = "bpf.time", .name = "as_it_is", .state = WEIR_RUNG_WORKS };
		r.means = text_of("what is counted where somebody else has switched them on");
		r.loss = text_of("run times and counts of BPF programs, where nobody has");
		i->host->rung(i->host, &r);
	}
	r = (struct weir_rung){ .part = "cpu", .name = "schedstat", .state = WEIR_RUNG_WORKS };
	r.means = text_of("/proc/PID/schedstat, in nanoseconds");
	i->host->rung(i->host, &r);
}

static int self_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));
	union weir_value wants = { .i64 = 1 };
	union bpf_attr attr;
	int error;

	if (!i)
		return weir_fail(reterr, -ENOMEM, "self: no memory");
	*ret = i;
	i->host = h;
	i->weir = getppid();
	i->stats_fd = -1;
	errno = 0;
	memset(&attr, 0, sizeof(attr));
	attr.enable_stats.type = BPF_STATS_RUN_TIME;
	(void)h->option(h, OPTION_BPF_STATS, &wants);
	if (wants.i64)
		i->stats_fd = (int)syscall(SYS_bpf, BPF_ENABLE_STATS, &attr, sizeof(attr));
	error = errno;
	(void)h->clock(h, &(struct weir_clock){ "CLOCK_REALTIME", text_of("UTC, read when a look starts"), 0 });
	if (WEIR_HAS(h, rung))
		tell_rungs(i, error, wants.i64 != 0);
	return WEIR_OK;
}

static void complain(struct weir_instance *i)
{
	static const char message[] = "BPF programs of other workers may not be looked at: they belong to another user";

	if (i->has_complained || i->n_closed == 0)
		return;
	i->has_complained = 1;
	i->host->diag(i->host, &(struct weir_diag){ .code = "self.closed",
	                                            .message = text_of(message),
	                                            .offset = WEIR_NO_OFFSET,
	                                            .count = i->n_closed,
	                                            .severity = WEIR_NOTE });
}

static int self_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	int r;

	i->n_batch = 0;
	i->now_ns = now_ns;
	i->n_looks++;
	i->host->tally(i->host, WEIR_READ, 1, NULL);
	r = look_at_all(i);
	if (r < 0)
		return weir_fail(reterr, r, "self: process %d: %s", i->weir, strerror(-r));
	if (i->is_spare) {
		i->host->tally(i->host, WEIR_SKIPPED, 1, "self.spare");
		return WEIR_END;
	}
	complain(i);
	r = i->host->numbers(i->host, i->batch, i->n_batch);
	if (r < 0)
		return weir_fail(reterr, r, "self: %s", strerror(-r));
	i->host->tally(i->host, WEIR_STORED, 1, NULL);
	return WEIR_AGAIN;
}

static void self_close(struct weir_instance *i)
{
	if (!i)
		return;
	if (i->stats_fd >= 0)
		(void)close(i->stats_fd);
	free(i);
}

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "self",
	.version = "0.1.0",
	.summary = "what weir itself costs: CPU time and memory of its processes, BPF programs' run times",
	.licence = "Apache-2.0",
	.metrics = metrics,
	.options = options,
	.claims = claims,
	.n_metrics = ROW_COUNT,
	.n_options = OPTION_COUNT,
	.n_claims = sizeof(claims) / sizeof(claims[0]),
	.open = self_open,
	.poll = self_poll,
	.close = self_close,
};
