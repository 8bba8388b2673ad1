/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/sched.h"
#include "bpf/sched.skel.h"
#include "bpf/table.h"
#include "sched.h"

struct sched_kernel {
	struct probes probes;
	struct sched_bpf__rodata *rodata;
	struct sched_bpf__data *data;
	struct sched_bpf__bss *bss;
	struct table runners;
	struct ring_buffer *ring; /* NULL: no stacks are asked for */
	struct sched_stacks *stacks;
	uint64_t n_ring_bytes; /* at the last poll */
	int has_threads;
	uint32_t series_inferred;
	uint32_t ended[TARGETS_MAX];
};

static const char *const losses[SCHED_LOST_COUNT] = {
	[SCHED_LOST_THREADS] = "sched.threads_full",
	[SCHED_LOST_RUNNERS] = "sched.runners_full",
	[SCHED_LOST_MEMORY] = "sched.no_memory",
	[SCHED_LOST_STACKS] = "sched.stacks_full",
};

/* ---- Loading ---- */

/* Not every architecture has every one of them. */
static const struct {
	long call;
	enum sched_reason reason;
} calls[] = {
	{ SYS_futex, SCHED_REASON_FUTEX },
#ifdef SYS_futex_waitv
	{ SYS_futex_waitv, SCHED_REASON_FUTEX },
#endif
	{ SYS_nanosleep, SCHED_REASON_SLEEP },   { SYS_clock_nanosleep, SCHED_REASON_SLEEP },
#ifdef SYS_pause
	{ SYS_pause, SCHED_REASON_SLEEP },       { SYS_poll, SCHED_REASON_POLL },
	{ SYS_select, SCHED_REASON_POLL },       { SYS_epoll_wait, SCHED_REASON_POLL },
#endif
	{ SYS_ppoll, SCHED_REASON_POLL },        { SYS_pselect6, SCHED_REASON_POLL },
	{ SYS_epoll_pwait, SCHED_REASON_POLL },
#ifdef SYS_epoll_pwait2
	{ SYS_epoll_pwait2, SCHED_REASON_POLL },
#endif
	{ SYS_read, SCHED_REASON_TRANSFER },     { SYS_write, SCHED_REASON_TRANSFER },
	{ SYS_readv, SCHED_REASON_TRANSFER },    { SYS_writev, SCHED_REASON_TRANSFER },
	{ SYS_recvfrom, SCHED_REASON_TRANSFER }, { SYS_sendto, SCHED_REASON_TRANSFER },
	{ SYS_recvmsg, SCHED_REASON_TRANSFER },  { SYS_sendmsg, SCHED_REASON_TRANSFER },
	{ SYS_accept, SCHED_REASON_TRANSFER },   { SYS_accept4, SCHED_REASON_TRANSFER },
	{ SYS_connect, SCHED_REASON_TRANSFER },  { SYS_wait4, SCHED_REASON_CHILD },
	{ SYS_waitid, SCHED_REASON_CHILD },
#ifdef SYS_vfork
	{ SYS_vfork, SCHED_REASON_CHILD },
#endif
};

static uint32_t n_runners(const struct sched_kernel *k)
{
	uint32_t n = SCHED_RUNNERS_A_CPU * k->probes.n_cpus;

	if (k->has_threads || n > SCHED_RUNNERS_MAX)
		return SCHED_RUNNERS_MAX;
	return n < SCHED_RUNNERS_MIN ? SCHED_RUNNERS_MIN : n;
}

static void choose(struct sched_kernel *k, const struct sched_wanted *wanted)
{
	k->rodata = k->probes.rodata;
	k->rodata->has_threads = (uint32_t)k->has_threads;
	k->rodata->long_wait_ns = wanted->long_wait_ns;
	(void)bpf_map__set_max_entries(bpf_object__find_map_by_name(k->probes.object, "runners"), n_runners(k));
	if (!wanted->long_wait_ns)
		(void)bpf_map__set_max_entries(bpf_object__find_map_by_name(k->probes.object, "long_waits"),
		                               (uint32_t)sysconf(_SC_PAGESIZE));
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].call < SCHED_CALLS_MAX)
			k->rodata->reasons[calls[i].call] = (uint8_t)calls[i].reason;
}

static int load(struct sched_kernel *k, const struct sched_wanted *wanted, char *why)
{
	size_t n_bytes;
	const void *bytes = sched_bpf__elf_bytes(&n_bytes);
	int r = probes_open(&k->probes, bytes, n_bytes, why);

	if (r < 0)
		return r;
	/* Each of them is needed for a time to be right. */
	if (k->probes.missing[0]) {
		(void)snprintf(why, LIVE_WHY_MAX, "this kernel has not: %.200s", k->probes.missing);
		return -ENOTSUP;
	}
	choose(k, wanted);
	r = probes_load(&k->probes, why);
	k->data = k->probes.data;
	k->bss = k->probes.bss;
	return r;
}

static int take_long_wait(void *context, void *data, size_t n)
{
	struct sched_kernel *k = context;

	k->n_ring_bytes += n;
	if (n >= sizeof(struct sched_long_wait))
		sched_stacks_take(k->stacks, data, k->has_threads);
	return 0;
}

static int open_ring(struct sched_kernel *k, const struct weir_host *h)
{
	k->stacks = sched_stacks_new(h);
	if (!k->stacks)
		return -ENOMEM;
	k->ring = ring_buffer__new(probes_map(&k->probes, "long_waits"), take_long_wait, k, NULL);
	return k->ring ? 0 : -errno;
}

static int start(struct sched_kernel *k, struct live *l, const struct sched_wanted *wanted, char *why)
{
	int r;

	k->has_threads = wanted->has_threads;
	r = load(k, wanted, why);
	if (r == 0)
		r = table_open(&k->runners, &k->probes, "runners", k->has_threads ? 1 : k->probes.n_cpus);
	if (r == 0 && wanted->long_wait_ns)
		r = open_ring(k, l->host);
	if (r == 0)
		r = probes_follow(&k->probes, &l->family);
	return r < 0 ? r : load_iterate(k->probes.object, "on_task");
}

int sched_kernel_open(struct live *l, const struct sched_wanted *wanted, struct sched_kernel **ret,
                      char why[LIVE_WHY_MAX])
{
	struct sched_kernel *k = *ret = calloc(1, sizeof(*k));
	int r = k ? start(k, l, wanted, why) : -ENOMEM;

	if (r < 0) {
		sched_kernel_close(k);
		*ret = NULL;
	}
	return r;
}

void sched_kernel_close(struct sched_kernel *k)
{
	if (!k)
		return;
	ring_buffer__free(k->ring);
	sched_stacks_free(k->stacks);
	probes_close(&k->probes);
	table_close(&k->runners);
	free(k);
}

/* ---- Reading ---- */

static const struct table_row runner_rows[] = {
	{ ROW_SWITCHES, offsetof(struct sched_runner, n_voluntary), 0, 0, "type", "voluntary" },
	{ ROW_SWITCHES, offsetof(struct sched_runner, n_involuntary), 0, 0, "type", "involuntary" },
	{ ROW_FUTEX_WAITS, offsetof(struct sched_runner, n_futex_waits), 0, 0, NULL, NULL },
	{ ROW_MIGRATIONS, offsetof(struct sched_runner, n_migrations), 0, 0, NULL, NULL },
	{ ROW_PAGE_FAULTS, offsetof(struct sched_runner, n_minor_faults), 0, 0, "type", "minor" },
	{ ROW_PAGE_FAULTS, offsetof(struct sched_runner, n_major_faults), 0, 0, "type", "major" },
	{ ROW_DISK_WAIT, offsetof(struct sched_runner, disk_wait_ns), 0, 0, NULL, NULL },
	{ ROW_ACCOUNTED_CPU, offsetof(struct sched_runner, accounted_cpu_ns), 0, 0, NULL, NULL },
	{ ROW_ACCOUNTED_DELAY, offsetof(struct sched_runner, accounted_delay_ns), 0, 0, NULL, NULL },
	{ ROW_ACCOUNTED_SWITCHES, offsetof(struct sched_runner, n_accounted_switches), 0, 0, NULL, NULL },
	{ ROW_ON_CPU, offsetof(struct sched_runner, on_cpu), 1, 0, NULL, NULL },
	{ ROW_RUN_DELAY, offsetof(struct sched_runner, run_delay), 1, 0, NULL, NULL },
#define WAITS_FOR(reason, name)                                                                                        \
	{                                                                                                              \
		ROW_OFF_CPU, offsetof(struct sched_runner, waits[reason]), 1, 1, "reason", name                        \
	}
	WAITS_FOR(SCHED_REASON_PREEMPTED, "preempted"),
	WAITS_FOR(SCHED_REASON_FUTEX, "futex"),
	WAITS_FOR(SCHED_REASON_SLEEP, "sleep"),
	WAITS_FOR(SCHED_REASON_POLL, "poll"),
	WAITS_FOR(SCHED_REASON_TRANSFER, "transfer"),
	WAITS_FOR(SCHED_REASON_CHILD, "child"),
	WAITS_FOR(SCHED_REASON_IO, "io"),
	WAITS_FOR(SCHED_REASON_FAULT, "fault"),
	WAITS_FOR(SCHED_REASON_OTHER, "other"),
#undef WAITS_FOR
};

enum {
	RUNNER_ROWS = LIVE_COUNT_OF(runner_rows),
	FIRST_WAIT_ROW = RUNNER_ROWS - SCHED_REASONS,
};

_Static_assert(LIVE_COUNT_OF(runner_rows) <= TABLE_SERIES && (int)SCHED_REASONS + 2 <= (int)TABLE_HISTS,
               "a slot has room for a runner");

const char *sched_reason_name(uint32_t reason)
{
	return runner_rows[FIRST_WAIT_ROW + (reason < SCHED_REASONS ? reason : SCHED_REASON_OTHER)].value;
}

static struct sched_key key_of(const struct table_slot *s)
{
	struct sched_key key;

	memcpy(&key, s->key.bytes, sizeof(key));
	return key;
}

static void poll_runners(struct table *t, struct live *l, uint64_t interval)
{
	struct sched_names names;
	struct table_slot *s;

	for (table_begin(t); (s = table_next(t));) {
		if (table_lacks_name(t, s, runner_rows, RUNNER_ROWS)) {
			sched_names(key_of(s).tgid, key_of(s).tid, NULL, &names);
			table_name(t, s, &l->outbox, runner_rows, RUNNER_ROWS, names.pairs, SCHED_NAMES);
		}
		table_tell(t, s, runner_rows, RUNNER_ROWS, &l->outbox, interval);
	}
	table_tell_fill(t, l);
}

/* ---- Who has ended ---- */

/* The last switch of a process comes after its end was told, so it is kept for one poll more. */
static void forget_processes(struct sched_kernel *k)
{
	uint32_t n = probes_let_go(&k->probes, k->ended);

	for (uint32_t i = 0; i < n; i++)
		table_forget_process(&k->runners, k->ended[i]);
}

static void forget_threads(struct sched_kernel *k)
{
	char path[64];

	for (uint32_t i = 0; i < k->runners.n_seen; i++) {
		struct table_slot *s = &k->runners.slots[i];
		struct sched_key key = key_of(s);

		if (!s->is_used)
			continue;
		if (s->is_over) {
			table_forget(&k->runners, s);
			continue;
		}
		(void)snprintf(path, sizeof(path), "/proc/%u/task/%u", key.tgid, key.tid);
		s->is_over = access(path, F_OK) != 0;
	}
}

static void tell_gauges(struct sched_kernel *k, struct live *l)
{
	struct outbox *o = &l->outbox;

	for (unsigned i = 0; i < SCHED_LOST_COUNT; i++)
		gauge_lost(&l->gauge, o, losses[i], k->bss->lost[i]);
	gauge_lost(&l->gauge, o, "sched.targets_full", k->bss->lost_targets);
	if (!k->series_inferred)
		k->series_inferred = outbox_series(o, ROW_INFERRED, NULL, 0);
	outbox_count(o, k->series_inferred, k->bss->n_inferred);
	if (k->ring)
		gauge_fill(&l->gauge, o, "long_waits", k->n_ring_bytes, SCHED_RING_BYTES);
	gauge_fill(&l->gauge, o, "targets", k->probes.n_targets, TARGETS_MAX);
}

void sched_kernel_poll(struct sched_kernel *k, struct live *l)
{
	uint64_t interval = k->data->interval++;

	probes_look(&k->probes, l);
	poll_runners(&k->runners, l, interval);
	if (k->ring) {
		k->n_ring_bytes = 0;
		sched_stacks_begin(k->stacks, &l->outbox);
		(void)ring_buffer__consume(k->ring);
		sched_stacks_end(k->stacks);
	}
	if (k->has_threads)
		forget_threads(k);
	forget_processes(k);
	tell_gauges(k, l);
}
