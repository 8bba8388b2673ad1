/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/gauge.h"
#include "bpf/probes.h"
#include "bpf/sched.h"
#include "bpf/sched.skel.h"
#include "bpf/table.h"
#include "sched.h"

struct sched_kernel {
	const struct weir_host *host;
	struct probes probes;
	struct sched_bpf__rodata *rodata;
	struct sched_bpf__data *data;
	struct sched_bpf__bss *bss;
	struct table runners, waits;
	struct ring_buffer *ring; /* NULL: no stacks are asked for */
	struct sched_stacks *stacks;
	uint64_t n_ring_bytes; /* at the last poll */
	int has_threads;
	struct gauge gauge;
	uint32_t series_inferred;
	uint32_t ended[TARGETS_MAX];
};

static const char *const losses[SCHED_LOST_COUNT] = {
	[SCHED_LOST_THREADS] = "sched.threads_full",   [SCHED_LOST_RUNNERS] = "sched.runners_full",
	[SCHED_LOST_WAITS] = "sched.waits_full",       [SCHED_LOST_SWITCHES] = "sched.unseen",
	[SCHED_LOST_WAKEUPS] = "sched.wakeups_unseen", [SCHED_LOST_STACKS] = "sched.stacks_full",
	[SCHED_LOST_MEMORY] = "sched.no_memory",
};

static const char *const names_of_reasons[SCHED_REASONS] = {
	[SCHED_REASON_PREEMPTED] = "preempted", [SCHED_REASON_FUTEX] = "futex", [SCHED_REASON_SLEEP] = "sleep",
	[SCHED_REASON_POLL] = "poll",           [SCHED_REASON_IO] = "io",       [SCHED_REASON_TRANSFER] = "transfer",
	[SCHED_REASON_CHILD] = "child",         [SCHED_REASON_FAULT] = "fault", [SCHED_REASON_OTHER] = "other",
};

const char *sched_reason_name(uint32_t reason)
{
	return reason < SCHED_REASONS ? names_of_reasons[reason] : "other";
}

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

static void choose(struct sched_kernel *k, const struct sched_wanted *wanted)
{
	k->rodata = load_variables(k->probes.object, ".rodata");
	k->rodata->has_threads = (uint32_t)k->has_threads;
	k->rodata->long_wait_ns = wanted->long_wait_ns;
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
	k->data = load_variables(k->probes.object, ".data");
	k->bss = load_variables(k->probes.object, ".bss");
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

static int open_ring(struct sched_kernel *k)
{
	k->stacks = sched_stacks_new(k->host);
	if (!k->stacks)
		return -ENOMEM;
	k->ring = ring_buffer__new(probes_map(&k->probes, "long_waits"), take_long_wait, k, NULL);
	return k->ring ? 0 : -errno;
}

static int make_room(struct sched_kernel *k)
{
	unsigned n_cpus = k->has_threads ? 1 : k->probes.n_cpus;
	const struct table_shape runners = { .n_key = sizeof(struct sched_key),
		                             .n_max = SCHED_RUNNERS_MAX,
		                             .n_value = sizeof(struct sched_runner),
		                             .n_copies = n_cpus,
		                             .has_cpu_in_key = 1 },
				 waits = { .n_key = sizeof(struct sched_wait_key),
		                           .n_max = SCHED_WAITS_MAX,
		                           .n_value = sizeof(struct hist),
		                           .n_copies = n_cpus,
		                           .has_cpu_in_key = 1 };
	int r = table_init(&k->runners, probes_map(&k->probes, "runners"), &runners);

	return r < 0 ? r : table_init(&k->waits, probes_map(&k->probes, "waits"), &waits);
}

static int start(struct sched_kernel *k, struct family *family, const struct sched_wanted *wanted, char *why)
{
	int r = load(k, wanted, why);

	if (r < 0)
		return r;
	r = make_room(k);
	if (r == 0 && wanted->long_wait_ns)
		r = open_ring(k);
	if (r == 0)
		r = probes_follow(&k->probes, family);
	/* Who forks from here on is seen; who forked while it was loaded is found now. */
	(void)family_look(family);
	if (r == 0)
		r = probes_follow(&k->probes, family);
	if (r == 0)
		r = load_iterate(k->probes.object, "on_task");
	if (r < 0)
		(void)snprintf(why, LIVE_WHY_MAX, "%s", strerror(-r));
	return r;
}

int sched_kernel_open(const struct weir_host *h, struct family *family, const struct sched_wanted *wanted,
                      struct sched_kernel **ret, char why[LIVE_WHY_MAX])
{
	struct sched_kernel *k = calloc(1, sizeof(*k));
	int r;

	*ret = NULL;
	if (!k) {
		(void)snprintf(why, LIVE_WHY_MAX, "no memory");
		return -ENOMEM;
	}
	k->host = h;
	k->gauge.row_lost = ROW_LOST;
	k->gauge.row_fill = ROW_MAP_FILL;
	k->has_threads = wanted->has_threads;
	r = start(k, family, wanted, why);
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
	ring_buffer__free(k->ring);
	sched_stacks_free(k->stacks);
	probes_close(&k->probes);
	table_done(&k->runners);
	table_done(&k->waits);
	free(k);
}

/* ---- Reading ---- */

enum {
	NUMBERS = 10,
};

static const struct {
	enum sched_row row;
	const char *key, *value;
	size_t offset;
} numbers[NUMBERS] = {
	{ ROW_SWITCHES, "type", "voluntary", offsetof(struct sched_runner, n_voluntary) },
	{ ROW_SWITCHES, "type", "involuntary", offsetof(struct sched_runner, n_involuntary) },
	{ ROW_FUTEX_WAITS, NULL, NULL, offsetof(struct sched_runner, n_futex_waits) },
	{ ROW_MIGRATIONS, NULL, NULL, offsetof(struct sched_runner, n_migrations) },
	{ ROW_PAGE_FAULTS, "type", "minor", offsetof(struct sched_runner, n_minor_faults) },
	{ ROW_PAGE_FAULTS, "type", "major", offsetof(struct sched_runner, n_major_faults) },
	{ ROW_DISK_WAIT, NULL, NULL, offsetof(struct sched_runner, disk_wait_ns) },
	{ ROW_ACCOUNTED_CPU, NULL, NULL, offsetof(struct sched_runner, accounted_cpu_ns) },
	{ ROW_ACCOUNTED_DELAY, NULL, NULL, offsetof(struct sched_runner, accounted_delay_ns) },
	{ ROW_ACCOUNTED_SWITCHES, NULL, NULL, offsetof(struct sched_runner, n_accounted_switches) },
};

_Static_assert(NUMBERS + TABLE_HISTS <= TABLE_SERIES, "a slot has room for all series of a runner");

static struct sched_wait_key key_of(const struct table_slot *s)
{
	struct sched_wait_key key;

	memcpy(&key, s->key.bytes, sizeof(key));
	return key;
}

static void name_runner(struct table_slot *s, const struct outbox *o)
{
	struct sched_wait_key key = key_of(s);

	s->is_named = 1;
	for (unsigned i = 0; i < NUMBERS; i++)
		s->series[i] = sched_series(o, numbers[i].row, key.tgid, key.tid, numbers[i].key, numbers[i].value);
	s->series[NUMBERS] = sched_series(o, ROW_ON_CPU, key.tgid, key.tid, NULL, NULL);
	s->series[NUMBERS + 1] = sched_series(o, ROW_RUN_DELAY, key.tgid, key.tid, NULL, NULL);
}

static void poll_runners(struct table *t, const struct table_poll *poll)
{
	struct table_slot *s;

	for (table_begin(t); (s = table_next(t));) {
		if (!s->is_named)
			name_runner(s, poll->out);
		for (unsigned i = 0; i < NUMBERS; i++)
			outbox_count(poll->out, s->series[i], table_sum(t, numbers[i].offset));
		table_take(t, s, 0, offsetof(struct sched_runner, on_cpu), s->series[NUMBERS], poll);
		table_take(t, s, 1, offsetof(struct sched_runner, run_delay), s->series[NUMBERS + 1], poll);
	}
}

static void poll_waits(struct table *t, const struct table_poll *poll)
{
	struct table_slot *s;

	for (table_begin(t); (s = table_next(t));) {
		struct sched_wait_key key = key_of(s);

		if (!s->is_named)
			s->series[0] = sched_series(poll->out, ROW_OFF_CPU, key.tgid, key.tid, "reason",
			                            sched_reason_name(key.reason));
		s->is_named = 1;
		table_take(t, s, 0, 0, s->series[0], poll);
	}
}

/* ---- Who has ended ---- */

/* The last switch of a process comes after its end was told, so it is kept for one poll more. */
static void forget_processes(struct sched_kernel *k)
{
	uint32_t n = probes_let_go(&k->probes, k->ended);

	for (uint32_t i = 0; i < n; i++) {
		table_forget_process(&k->runners, k->ended[i]);
		table_forget_process(&k->waits, k->ended[i]);
	}
}

static void forget_thread(struct sched_kernel *k, uint32_t tid)
{
	for (uint32_t i = 0; i < k->waits.n_seen; i++)
		if (k->waits.slots[i].is_used && key_of(&k->waits.slots[i]).tid == tid)
			table_forget(&k->waits, &k->waits.slots[i]);
}

static void forget_threads(struct sched_kernel *k)
{
	char path[64];

	for (uint32_t i = 0; i < k->runners.n_seen; i++) {
		struct table_slot *s = &k->runners.slots[i];
		struct sched_wait_key key = key_of(s);

		if (!s->is_used)
			continue;
		if (s->is_over) {
			table_forget(&k->runners, s);
			forget_thread(k, key.tid);
			continue;
		}
		(void)snprintf(path, sizeof(path), "/proc/%u/task/%u/schedstat", key.tgid, key.tid);
		s->is_over = access(path, F_OK) != 0;
	}
}

static void tell_gauges(struct sched_kernel *k, struct outbox *o)
{
	for (unsigned i = 0; i < SCHED_LOST_COUNT; i++)
		gauge_lost(&k->gauge, o, i, losses[i], k->bss->lost[i]);
	gauge_lost(&k->gauge, o, SCHED_LOST_COUNT, "sched.targets_full", k->bss->lost_targets);
	if (!k->series_inferred)
		k->series_inferred = outbox_series(o, ROW_INFERRED, NULL, 0);
	outbox_count(o, k->series_inferred, k->bss->n_inferred);
	gauge_fill(&k->gauge, o, 0, "runners", k->runners.n_read, SCHED_RUNNERS_MAX);
	gauge_fill(&k->gauge, o, 1, "waits", k->waits.n_read, SCHED_WAITS_MAX);
	if (k->ring)
		gauge_fill(&k->gauge, o, 3, "long_waits", k->n_ring_bytes, SCHED_RING_BYTES);
	gauge_fill(&k->gauge, o, 2, "targets", k->probes.n_targets, TARGETS_MAX);
}

void sched_kernel_poll(struct sched_kernel *k, struct outbox *o, int64_t duration_ns)
{
	const struct table_poll poll = { o, duration_ns, k->data->interval++ };

	poll_runners(&k->runners, &poll);
	poll_waits(&k->waits, &poll);
	if (k->ring) {
		k->n_ring_bytes = 0;
		sched_stacks_begin(k->stacks, o, duration_ns);
		(void)ring_buffer__consume(k->ring);
		sched_stacks_end(k->stacks);
	}
	if (k->has_threads)
		forget_threads(k);
	forget_processes(k);
	tell_gauges(k, o);
}
