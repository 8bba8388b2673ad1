/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says of a process tree and its machine: the floor that needs no privilege. */
#include "collectors/proc/proc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <weir/fail.h>

enum {
	NS_PER_S = 1000000000,
};

/* Where a number of the tree goes. */
struct place {
	enum row row;
	uint32_t from; /* enum tree_counter or enum tree_gauge */
	const char *key, *value;
};

static const struct place counters[] = {
	{ ROW_CPU, TREE_CPU_USER, "state", "user" },
	{ ROW_CPU, TREE_CPU_SYSTEM, "state", "system" },
	{ ROW_FAULTS, TREE_FAULTS_MINOR, "type", "minor" },
	{ ROW_FAULTS, TREE_FAULTS_MAJOR, "type", "major" },
	{ ROW_SWITCHES, TREE_SWITCHES_VOLUNTARY, "type", "voluntary" },
	{ ROW_SWITCHES, TREE_SWITCHES_INVOLUNTARY, "type", "involuntary" },
	{ ROW_DISK, TREE_READ, "direction", "read" },
	{ ROW_DISK, TREE_WRITTEN, "direction", "write" },
	{ ROW_CANCELLED, TREE_CANCELLED, NULL, NULL },
	{ ROW_CALLS, TREE_CALL_READ, "direction", "read" },
	{ ROW_CALLS, TREE_CALL_WRITTEN, "direction", "write" },
};

static const struct place gauges[] = {
	{ ROW_MEMORY, TREE_RESIDENT, NULL, NULL },         { ROW_MEMORY_MAX, TREE_RESIDENT_MAX, NULL, NULL },
	{ ROW_VIRTUAL, TREE_VIRTUAL, NULL, NULL },         { ROW_SWAP, TREE_SWAPPED, NULL, NULL },
	{ ROW_PROCESSES, TREE_PROCESSES, NULL, NULL },     { ROW_THREADS, TREE_THREADS, NULL, NULL },
	{ ROW_DESCRIPTORS, TREE_DESCRIPTORS, NULL, NULL }, { ROW_SOCKETS, TREE_SOCKETS, NULL, NULL },
};

enum {
	N_COUNTERS = sizeof(counters) / sizeof(counters[0]),
	N_GAUGES = sizeof(gauges) / sizeof(gauges[0]),
};

struct weir_instance {
	const struct weir_host *host;
	struct tree tree;
	struct machine machine;
	struct outbox outbox;
	uint32_t counters[N_COUNTERS], gauges[N_GAUGES], skew;
	int64_t tick_ns;
	char pid[16];
	int has_tree; /* else only the machine */
	int has_complained_io, has_complained_files, has_complained_room;
};

/* ---- Observations ---- */

static struct weir_text text_of(const char *at)
{
	return (struct weir_text){ at, strlen(at) };
}

uint32_t proc_series(const struct outbox *o, enum row row, struct outbox_pair first, struct outbox_pair second)
{
	const struct outbox_pair pairs[] = { first, second };

	return outbox_series(o, (uint32_t)row, pairs, 2);
}

static uint32_t series_of(struct weir_instance *i, const struct place *p)
{
	return proc_series(&i->outbox, p->row, (struct outbox_pair){ "process.pid", i->pid },
	                   (struct outbox_pair){ p->key, p->value });
}

/* ---- Opening ---- */

static void tell_rungs(const struct weir_instance *i)
{
	static const char why[] = "it belongs to another user, or has capabilities that weir has not";
	static const char remedy[] = "run weir as the process's own user, or as root";
	struct weir_rung r = { .name = "proc",
		               .part = "process.io",
		               .means = text_of("/proc/PID/io"),
		               .state = i->tree.n_closed_io == 0 };

	if (!i->has_tree)
		return;
	r.why_not = text_of(i->tree.n_closed_io ? why : "");
	r.remedy = text_of(i->tree.n_closed_io ? remedy : "");
	i->host->rung(i->host, &r);
	r.part = "process.files";
	r.means = text_of("/proc/PID/fd");
	r.state = i->tree.n_closed_files == 0;
	r.why_not = text_of(i->tree.n_closed_files ? why : "");
	r.remedy = text_of(i->tree.n_closed_files ? remedy : "");
	i->host->rung(i->host, &r);
	r = (struct weir_rung){ .name = "proc", .part = "process.cpu", .means = text_of("/proc/PID/stat"), .state = 1 };
	i->host->rung(i->host, &r);
}

static int open_tree(struct weir_instance *i, struct weir_error *reterr)
{
	struct weir_text pid;

	if (i->host->context(i->host, "process.pid", &pid) < 0)
		return 0;
	if (pid.n_bytes >= sizeof(i->pid))
		return weir_fail(reterr, -EINVAL, "proc: a process has no such number");
	memcpy(i->pid, pid.at, pid.n_bytes);
	if (tree_init(&i->tree, (pid_t)strtol(i->pid, NULL, 10)) < 0)
		return weir_fail(reterr, -ESRCH, "proc: process %s: there is none", i->pid);
	i->has_tree = 1;
	/* What can be read is known by reading. */
	tree_look(&i->tree);
	for (int k = 0; k < N_COUNTERS; k++)
		i->counters[k] = series_of(i, &counters[k]);
	for (int k = 0; k < N_GAUGES; k++)
		i->gauges[k] = series_of(i, &gauges[k]);
	return 0;
}

static int proc_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));
	static const char tie[] = "UTC, read when a look starts";
	const struct weir_clock clock = { "CLOCK_REALTIME", { tie, sizeof(tie) - 1 }, 0 };
	int r;

	if (!i)
		return weir_fail(reterr, -ENOMEM, "proc: no memory");
	*ret = i;
	i->host = i->outbox.host = h;
	i->tick_ns = NS_PER_S / sysconf(_SC_CLK_TCK);
	(void)h->clock(h, &clock);
	r = open_tree(i, reterr);
	if (r < 0)
		return r;
	machine_open(&i->machine, &i->outbox, i->tick_ns);
	i->skew = proc_series(&i->outbox, ROW_SKEW, (struct outbox_pair){ "collector", "proc" },
	                      (struct outbox_pair){ 0 });
	if (WEIR_HAS(h, rung))
		tell_rungs(i);
	return WEIR_OK;
}

/* ---- Looking ---- */

/* what: of so many. */
static void complain(struct weir_instance *i, int *has, uint64_t n, const char *code, const char *what)
{
	struct weir_error text;

	if (*has || n == 0)
		return;
	*has = 1;
	(void)snprintf(text.text, sizeof(text.text), "of %llu %s", (unsigned long long)n, what);
	i->host->diag(i->host, &(struct weir_diag){ .code = code,
	                                            .message = text_of(text.text),
	                                            .offset = WEIR_NO_OFFSET,
	                                            .count = n,
	                                            .severity = WEIR_NOTE });
}

static void complain_of_all(struct weir_instance *i)
{
	complain(i, &i->has_complained_io, i->tree.n_closed_io, "proc.io_closed",
	         "processes IO may not be read: it counts when their parent has waited for them");
	complain(i, &i->has_complained_files, i->tree.n_closed_files, "proc.files_closed",
	         "processes open files may not be listed, and are missing");
	complain(i, &i->has_complained_room,
	         i->tree.n_overlooked + i->machine.disks.n_overlooked + i->machine.interfaces.n_overlooked, "proc.room",
	         "processes or devices there was no room for, and they are missing");
}

static void take_tree(struct weir_instance *i)
{
	const struct tree *t = &i->tree;
	uint64_t factor;

	for (int k = 0; k < N_COUNTERS; k++) {
		factor = counters[k].row == ROW_CPU ? (uint64_t)i->tick_ns : 1;
		/* All that could not be read is not 0. */
		if ((counters[k].from < TREE_READ) || t->total[TREE_CALL_READ] || t->n_closed_io == 0)
			outbox_count(&i->outbox, i->counters[k], t->total[counters[k].from] * factor);
	}
	for (int k = 0; k < N_GAUGES && t->n_alive > 0; k++) {
		if (t->n_closed_files && (gauges[k].row == ROW_DESCRIPTORS || gauges[k].row == ROW_SOCKETS))
			continue;
		outbox_count(&i->outbox, i->gauges[k], t->gauges[gauges[k].from]);
	}
}

static int proc_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct outbox *o = &i->outbox;
	int64_t skew_ns;
	int r;

	outbox_begin(o, now_ns, 0);
	if (i->has_tree) {
		tree_look(&i->tree);
		take_tree(i);
	}
	machine_look(&i->machine, o, &i->tree.text);
	skew_ns = i->host->now(i->host) - now_ns;
	outbox_count(o, i->skew, skew_ns > 0 ? (uint64_t)skew_ns : 0);
	complain_of_all(i);
	r = outbox_end(o);
	if (r < 0)
		return weir_fail(reterr, r, "proc: %s", strerror(-r));
	return i->has_tree && i->tree.n_alive == 0 ? WEIR_END : WEIR_AGAIN;
}

static void proc_close(struct weir_instance *i)
{
	if (i)
		text_close(&i->tree.text);
	free(i);
}

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "proc",
	.version = "0.1.0",
	.summary = "a process tree and its machine as /proc has them: CPU, memory, faults, switches, IO, files",
	.licence = "Apache-2.0",
	.metrics = proc_metrics,
	.claims = &(const struct weir_claim){ NULL, WEIR_CLAIM_LIVE, 0 },
	.n_metrics = ROW_COUNT,
	.n_claims = 1,
	.open = proc_open,
	.poll = proc_poll,
	.close = proc_close,
};
