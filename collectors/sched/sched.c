/* SPDX-License-Identifier: Apache-2.0 */
/* Where a process and all that descend from it spend their time: on a CPU, waiting for something, waiting for a CPU.
 *
 * On its best rung, eBPF, it times every switch of their threads. Beside it stands what the scheduler accounts to each
 * thread (/proc/PID/task/TID/schedstat), under names of its own; the lowest rung is that alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir/fail.h>

#include "bpf/rows.h"
#include "sched.h"

static const struct weir_metric metrics[ROW_COUNT] = {
	[ROW_ON_CPU] = ROWS_TIMES("sched.on_cpu", "on CPU",
	                          "How long threads of the process ran before they were switched away.", -1),
	[ROW_OFF_CPU] =
		ROWS_TIMES("sched.off_cpu", "off CPU",
	                   "From switching away until running again, by reason: what was waited for, or preempted when "
	                   "another's turn had come.",
	                   -1),
	[ROW_RUN_DELAY] = ROWS_TIMES(
		"sched.run_delay", "run-queue delay",
		"From being able to run until running, as the scheduler accounts it to the slice that ended.", -1),
	[ROW_STACKS] = { .name = "sched.off_cpu.stacks",
	                 .unit = "ns",
	                 .brief = "long waits by stack",
	                 .help = "Time of long waits by the stack on which they began, as they ended.",
	                 .shape = WEIR_SHAPE_WEIGHT,
	                 .kind = WEIR_KIND_COUNTER,
	                 .type = WEIR_TYPE_I64,
	                 .better = -1,
	                 .range = WEIR_RANGE_FROM_ZERO },
	[ROW_SWITCHES] = ROWS_COUNTER(
		"sched.switches", "{context_switch}", "switches",
		"Switches away: voluntary ones to wait, involuntary ones because another's turn had come.", -1),
	[ROW_MIGRATIONS] = ROWS_COUNTER("sched.migrations", "{migration}", "migrations",
	                                "Moves of threads of the process to another CPU.", -1),
	[ROW_FUTEX_WAITS] =
		ROWS_COUNTER("sched.futex_waits", "{wait}", "futex waits",
	                     "Switches away in a futex call: to wait for a lock or for another thread.", -1),
	[ROW_PAGE_FAULTS] =
		ROWS_COUNTER("sched.page_faults", "{fault}", "page faults",
	                     "Page faults up to the last switch of each thread; major ones read from storage.", -1),
	[ROW_DISK_WAIT] =
		ROWS_COUNTER("process.disk.wait", "ns", "block IO wait", "Time spent waiting for block IO.", -1),
	[ROW_ACCOUNTED_CPU] = ROWS_COUNTER("sched.on_cpu.accounted", "ns", "on CPU, accounted",
	                                   "What the scheduler accounts to the same threads between the same switches: "
	                                   "time on a CPU.",
	                                   0),
	[ROW_ACCOUNTED_DELAY] = ROWS_COUNTER("sched.run_delay.accounted", "ns", "run-queue delay, accounted",
	                                     "What the scheduler accounts to the same threads between the same "
	                                     "switches: time waiting for a CPU.",
	                                     0),
	[ROW_ACCOUNTED_SWITCHES] =
		ROWS_COUNTER("sched.switches.accounted", "{context_switch}", "switches, accounted",
	                     "What the kernel counts of the same threads between the same switches.", 0),
	[ROW_THREAD_CPU] = ROWS_COUNTER("thread.cpu.time", "ns", "CPU time, accounted",
	                                "What schedstat says of the thread: time on a CPU.", -1),
	[ROW_THREAD_DELAY] = ROWS_COUNTER("thread.run_delay", "ns", "run-queue delay, accounted",
	                                  "What schedstat says of the thread: time waiting for a CPU.", -1),
	[ROW_THREAD_SLICES] = ROWS_COUNTER("thread.slices", "{slice}", "slices, accounted",
	                                   "What schedstat says of the thread: how often it was given a CPU.", 0),
	[ROW_THREAD_SWITCHES] = ROWS_COUNTER("thread.switches", "{context_switch}", "switches, accounted",
	                                     "What the thread's status says of its switches away.", -1),
	[ROW_INFERRED] =
		ROWS_COUNTER("sched.inferred", "{switch}", "inferred slices",
	                     "Slices of which the scheduler did not stamp the beginning: their length is by how much "
	                     "its account of the thread grew.",
	                     0),
	[ROW_LOST] = ROWS_LOST,
	[ROW_MAP_FILL] = ROWS_MAP_FILL,
	[ROW_SKEW] = ROWS_SKEW,
};

enum {
	OPTION_THREADS,
	OPTION_STACKS,
	OPTION_RUNG,
	OPTION_COUNT,
};

static const struct weir_option options[OPTION_COUNT] = {
	[OPTION_THREADS] = { .name = "threads",
	                     .fallback = "false",
	                     .help = "histograms of each thread for itself, not of all of a process together",
	                     .type = WEIR_OPTION_BOOL },
	[OPTION_STACKS] = { .name = "stacks",
	                    .fallback = "0ms",
	                    .help = "stacks of waits that are at least as long; 0: none. Each wait costs 1 us more "
	                            "then",
	                    .max = 3600LL * 1000000000,
	                    .type = WEIR_OPTION_DURATION },
	[OPTION_RUNG] = ROWS_RUNG("best|procfs", "procfs: no eBPF even where it can be had"),
};

struct weir_instance {
	struct live live;
	struct sched_kernel *kernel; /* NULL: the lowest rung */
	struct sched_account *account;
};

void sched_names(uint32_t tgid, uint32_t tid, const char *reason, struct sched_names *ret)
{
	(void)snprintf(ret->pid, sizeof(ret->pid), "%u", tgid);
	(void)snprintf(ret->tid, sizeof(ret->tid), "%u", tid);
	ret->pairs[0] = (struct outbox_pair){ "process.pid", ret->pid };
	ret->pairs[1] = (struct outbox_pair){ "thread.id", tid ? ret->tid : NULL };
	ret->pairs[2] = (struct outbox_pair){ "reason", reason };
}

static int take_kernel(struct weir_instance *i, char why[LIVE_WHY_MAX])
{
	union weir_value threads = { .i64 = 0 }, stacks = { .i64 = 0 };
	const struct weir_host *h = i->live.host;
	struct sched_wanted wanted;

	(void)h->option(h, OPTION_THREADS, &threads);
	(void)h->option(h, OPTION_STACKS, &stacks);
	wanted = (struct sched_wanted){ threads.i64 != 0, (uint64_t)stacks.i64 };
	return sched_kernel_open(&i->live, &wanted, &i->kernel, why);
}

static const struct live_step ladder[] = {
	{ { "tp_btf", "BTF tracepoints of the scheduler", "", "run weir as root or with CAP_BPF and CAP_PERFMON",
	    "Linux 5.15 or newer with CONFIG_DEBUG_INFO_BTF, CONFIG_SCHED_INFO and CONFIG_FAIR_GROUP_SCHED" },
	  take_kernel },
	{ { "procfs", "/proc/PID/task/TID/schedstat and status",
	    "histograms, time off the CPU and its reasons, migrations, page faults, threads that end between two polls",
	    "", "" },
	  NULL },
};

static void sched_close(struct weir_instance *i)
{
	if (!i)
		return;
	sched_kernel_close(i->kernel);
	sched_account_free(i->account);
	free(i);
}

/* The file is only there where the scheduler accounts what it tells. */
static int has_accounts(void)
{
	char text[8];

	return family_read("/proc/self/schedstat", text, sizeof(text)) > 0;
}

static int sched_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));
	int r;

	*ret = i;
	if (!i)
		return weir_fail(reterr, -ENOMEM, "sched: no memory");
	i->live.gauge = (struct gauge){ .row_lost = ROW_LOST, .row_fill = ROW_MAP_FILL, .row_skew = ROW_SKEW };
	i->account = sched_account_new();
	if (!i->account)
		return weir_fail(reterr, -ENOMEM, "sched: no memory");
	if (!has_accounts())
		live_say(h, WEIR_NOTE, "sched.no_accounts",
		         "this kernel does not account how long threads run and wait for a processor "
		         "(CONFIG_SCHED_INFO): of threads only switches are told");
	r = live_open(&i->live, h, "sched", reterr);
	return r < 0 ? r : live_climb(&i->live, i, ladder, LIVE_COUNT_OF(ladder), OPTION_RUNG);
}

static int sched_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct live *l = &i->live;

	live_begin(l, now_ns);
	if (i->kernel)
		sched_kernel_poll(i->kernel, l);
	if (l->has_target)
		sched_account_poll(i->account, &l->family, &l->outbox);
	return live_end(l, reterr);
}

const struct weir_collector weir_collector =
	LIVE_COLLECTOR("sched", "where a running process waits: for a CPU and for everything else", metrics, options,
                       sched_open, sched_poll, sched_close, NULL);
