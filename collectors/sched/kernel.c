/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/interval.h"
#include "bpf/load.h"
#include "bpf/sched.h"
#include "sched.h"
#include "sched.skel.h"

enum {
	COUNTS = 3,
	HISTS = 3,
};

struct process {
	uint32_t tgid;
	uint32_t is_used;
	uint32_t numbers[COUNTS];
	uint32_t hists[HISTS];
	struct interval_mark marks[HISTS];
};

struct sched_kernel {
	const struct weir_host *host;
	struct bpf_object *object;
	struct load_links links;
	struct load_log log;
	struct sched_bpf__data *data;
	struct sched_bpf__bss *bss;
	struct sched_process *copies; /* of all CPUs */
	unsigned n_cpus;
	int map_processes, map_targets;
	struct process *processes;  /* SCHED_PROCESSES_MAX */
	uint32_t over[TARGETS_MAX]; /* had ended at the last poll */
	uint32_t n_over;
	uint64_t told[SCHED_LOST_COUNT + 1];
	uint32_t series_lost[SCHED_LOST_COUNT + 1], series_fill[2];
	struct interval_gain gain;
};

static const char *const losses[SCHED_LOST_COUNT + 1] = {
	[SCHED_LOST_PROCESSES] = "sched.processes_full",
	[SCHED_LOST_THREADS] = "sched.threads_full",
	[SCHED_LOST_SWITCHES] = "sched.unseen",
	[SCHED_LOST_COUNT] = "sched.targets_full",
};

/* ---- Loading ---- */

static int prepare(struct sched_kernel *k, char *why)
{
	char missing[LOAD_MISSING_MAX];
	size_t n_bytes;
	const void *bytes = sched_bpf__elf_bytes(&n_bytes);
	int r;

	k->object = load_open(bytes, n_bytes, &k->log);
	r = k->object ? load_leave_out(k->object, missing) : -errno;
	if (r < 0) {
		load_why(LOAD_OPEN, r, &k->log, why);
		return r;
	}
	/* Each of them is needed for a time to be right. */
	if (!missing[0])
		return 0;
	(void)snprintf(why, SCHED_WHY_MAX, "this kernel has not: %.200s", missing);
	return -ENOTSUP;
}

static int load(struct sched_kernel *k, char *why)
{
	int r = bpf_object__load(k->object);

	if (r < 0) {
		load_why(LOAD_LOAD, r, &k->log, why);
		return r;
	}
	k->data = load_variables(k->object, ".data");
	k->bss = load_variables(k->object, ".bss");
	k->map_processes = bpf_object__find_map_fd_by_name(k->object, "processes");
	k->map_targets = bpf_object__find_map_fd_by_name(k->object, "targets");
	r = load_attach(k->object, &k->links);
	if (r < 0)
		load_why(LOAD_ATTACH, r, &k->log, why);
	return r;
}

static int make_room(struct sched_kernel *k)
{
	int n_cpus = libbpf_num_possible_cpus();

	if (n_cpus < 0)
		return n_cpus;
	k->n_cpus = (unsigned)n_cpus;
	k->copies = calloc(k->n_cpus, sizeof(*k->copies));
	k->processes = calloc(SCHED_PROCESSES_MAX, sizeof(*k->processes));
	return k->copies && k->processes ? 0 : -ENOMEM;
}

static int follow(const struct sched_kernel *k, const struct family *family)
{
	const struct target known = { 0 };
	int r = 0;

	for (uint32_t i = 0; i < family->n && r == 0; i++) {
		uint32_t tgid = (uint32_t)family->at[i].pid;

		r = bpf_map_update_elem(k->map_targets, &tgid, &known, BPF_NOEXIST);
		r = r == -EEXIST ? 0 : r;
	}
	return r < 0 ? r : load_iterate(k->object, "on_task");
}

static int start(struct sched_kernel *k, const struct family *family, char *why)
{
	int r = prepare(k, why);

	if (r == 0)
		r = load(k, why);
	if (r < 0)
		return r;
	r = make_room(k);
	if (r == 0)
		r = follow(k, family);
	if (r < 0)
		(void)snprintf(why, SCHED_WHY_MAX, "%s", strerror(-r));
	return r;
}

int sched_kernel_open(const struct weir_host *h, const struct family *family, struct sched_kernel **ret,
                      char why[SCHED_WHY_MAX])
{
	struct sched_kernel *k = calloc(1, sizeof(*k));
	int r;

	*ret = NULL;
	if (!k) {
		(void)snprintf(why, SCHED_WHY_MAX, "no memory");
		return -ENOMEM;
	}
	k->host = h;
	r = start(k, family, why);
	if (r < 0) {
		sched_kernel_close(k);
		return r;
	}
	*ret = k;
	return 0;
}

void sched_kernel_close(struct sched_kernel *k)
{
	if (!k)
		return;
	load_detach(&k->links);
	bpf_object__close(k->object);
	free(k->copies);
	free(k->processes);
	free(k);
}

/* ---- Reading ---- */

static void declare(struct process *p, const struct outbox *o)
{
	static const uint32_t rows[HISTS] = { ROW_ON_CPU, ROW_OFF_CPU, ROW_RUN_DELAY };
	static const char *const types[2] = { "voluntary", "involuntary" };
	char pid[16];
	struct outbox_pair pairs[2] = { { "process.pid", pid } };

	(void)snprintf(pid, sizeof(pid), "%u", p->tgid);
	for (unsigned i = 0; i < HISTS; i++)
		p->hists[i] = outbox_series(o, rows[i], pairs, 1);
	p->numbers[2] = outbox_series(o, ROW_MIGRATIONS, pairs, 1);
	pairs[1].key = "type";
	for (unsigned i = 0; i < 2; i++) {
		pairs[1].value = types[i];
		p->numbers[i] = outbox_series(o, ROW_SWITCHES, pairs, 2);
	}
}

static struct process *process_of(struct sched_kernel *k, uint32_t tgid, const struct outbox *o)
{
	struct process *unused = NULL;

	for (uint32_t i = 0; i < SCHED_PROCESSES_MAX; i++) {
		if (k->processes[i].is_used && k->processes[i].tgid == tgid)
			return &k->processes[i];
		if (!k->processes[i].is_used && !unused)
			unused = &k->processes[i];
	}
	if (!unused)
		return NULL;
	memset(unused, 0, sizeof(*unused));
	unused->tgid = tgid;
	unused->is_used = 1;
	declare(unused, o);
	return unused;
}

static void poll_process(struct sched_kernel *k, struct process *p, struct outbox *o, int64_t duration_ns)
{
	const struct hist *hists[HISTS] = { &k->copies->on_cpu, &k->copies->off_cpu, &k->copies->run_delay };
	uint64_t numbers[COUNTS] = { 0 };

	for (unsigned cpu = 0; cpu < k->n_cpus; cpu++) {
		numbers[0] += k->copies[cpu].n_voluntary;
		numbers[1] += k->copies[cpu].n_involuntary;
		numbers[2] += k->copies[cpu].n_migrations;
	}
	for (unsigned i = 0; i < COUNTS; i++)
		outbox_count(o, p->numbers[i], numbers[i]);
	for (unsigned i = 0; i < HISTS; i++) {
		(void)interval_take(hists[i], k->n_cpus, sizeof(*k->copies), k->data->interval - 1, &p->marks[i],
		                    &k->gain);
		outbox_histogram(o, p->hists[i], &k->gain.histogram, duration_ns);
	}
}

static uint64_t poll_processes(struct sched_kernel *k, struct outbox *o, int64_t duration_ns)
{
	uint32_t key, next;
	uint64_t n = 0;
	int r = bpf_map_get_next_key(k->map_processes, NULL, &next);

	for (; r == 0 && n < SCHED_PROCESSES_MAX; n++) {
		struct process *p;

		key = next;
		p = process_of(k, key, o);
		if (p && bpf_map_lookup_elem(k->map_processes, &key, k->copies) == 0)
			poll_process(k, p, o, duration_ns);
		r = bpf_map_get_next_key(k->map_processes, &key, &next);
	}
	return n;
}

static void forget(struct sched_kernel *k, uint32_t tgid)
{
	(void)bpf_map_delete_elem(k->map_processes, &tgid);
	(void)bpf_map_delete_elem(k->map_targets, &tgid);
	for (uint32_t i = 0; i < SCHED_PROCESSES_MAX; i++)
		if (k->processes[i].is_used && k->processes[i].tgid == tgid)
			k->processes[i].is_used = 0;
}

/* A process switches away for the last time after it is said to be over, so it is kept for one poll more. */
static uint64_t forget_ended(struct sched_kernel *k)
{
	uint32_t key, next, n_over = 0;
	struct target t;
	uint64_t n = 0;
	int r;

	for (uint32_t i = 0; i < k->n_over; i++)
		if (bpf_map_lookup_elem(k->map_targets, &k->over[i], &t) == 0 && t.is_over)
			forget(k, k->over[i]);
	r = bpf_map_get_next_key(k->map_targets, NULL, &next);
	for (; r == 0 && n < TARGETS_MAX; n++) {
		key = next;
		if (bpf_map_lookup_elem(k->map_targets, &key, &t) == 0 && t.is_over)
			k->over[n_over++] = key;
		r = bpf_map_get_next_key(k->map_targets, &key, &next);
	}
	k->n_over = n_over;
	return n;
}

/* ---- Honesty ---- */

static void tell_losses(struct sched_kernel *k, struct outbox *o)
{
	for (unsigned i = 0; i <= SCHED_LOST_COUNT; i++) {
		uint64_t now = i < SCHED_LOST_COUNT ? k->bss->lost[i] : k->bss->lost_targets;
		const struct outbox_pair pairs[] = { { "cause", losses[i] } };

		if (!k->series_lost[i])
			k->series_lost[i] = outbox_series(o, ROW_LOST, pairs, 1);
		outbox_count(o, k->series_lost[i], now);
		if (now > k->told[i])
			o->host->tally(o->host, WEIR_LOST, now - k->told[i], losses[i]);
		k->told[i] = now;
	}
}

static void tell_fill(struct sched_kernel *k, unsigned i, const char *map, double fill, struct outbox *o)
{
	const struct outbox_pair pairs[] = { { "map", map } };

	if (!k->series_fill[i])
		k->series_fill[i] = outbox_series(o, ROW_MAP_FILL, pairs, 1);
	outbox_real(o, k->series_fill[i], fill);
}

void sched_kernel_poll(struct sched_kernel *k, struct outbox *o, int64_t duration_ns)
{
	k->data->interval++;
	tell_fill(k, 0, "processes", (double)poll_processes(k, o, duration_ns) / SCHED_PROCESSES_MAX, o);
	tell_fill(k, 1, "targets", (double)forget_ended(k) / TARGETS_MAX, o);
	tell_losses(k, o);
}
