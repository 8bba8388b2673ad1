/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/interval.h"
#include "bpf/load.h"
#include "bpf/sched.h"
#include "sched.h"
#include "sched.skel.h"

enum {
	NUMBERS = 6,
	HISTS_MAX = 2,
	MAPS = 3,
};

/* One entry of one map, as it was last read. */
struct slot {
	struct sched_wait_key key; /* of a runner the first two members */
	uint8_t is_used, is_named, is_over;
	uint32_t series[NUMBERS + HISTS_MAX];
	struct interval_mark marks[HISTS_MAX];
};

struct table {
	struct slot *at;
	uint32_t n_max, n_key;
	uint32_t n_seen; /* slots from here on were never used */
	uint32_t next;   /* where the next key is expected */
	int map;
};

struct sched_kernel {
	const struct weir_host *host;
	struct bpf_object *object;
	struct load_links links;
	struct sched_bpf__rodata *rodata;
	struct sched_bpf__data *data;
	struct sched_bpf__bss *bss;
	struct load_log log;
	struct table runners, waits;
	char *values;             /* of all CPUs */
	struct ring_buffer *ring; /* NULL: no stacks are asked for */
	struct sched_stacks *stacks;
	unsigned n_cpus;
	int has_threads;
	uint64_t told[SCHED_LOST_COUNT + 1];
	uint32_t series_lost[SCHED_LOST_COUNT + 1], series_fill[MAPS];
	uint32_t over[TARGETS_MAX]; /* processes that had ended at the last poll */
	uint32_t n_over;
	struct interval_gain gain;
};

static const char *const losses[SCHED_LOST_COUNT + 1] = {
	[SCHED_LOST_THREADS] = "sched.threads_full",   [SCHED_LOST_RUNNERS] = "sched.runners_full",
	[SCHED_LOST_WAITS] = "sched.waits_full",       [SCHED_LOST_SWITCHES] = "sched.unseen",
	[SCHED_LOST_WAKEUPS] = "sched.wakeups_unseen", [SCHED_LOST_STACKS] = "sched.stacks_full",
	[SCHED_LOST_COUNT] = "sched.targets_full",
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

static int map_of(const struct sched_kernel *k, const char *name)
{
	return bpf_map__fd(bpf_object__find_map_by_name(k->object, name));
}

static int prepare(struct sched_kernel *k, const struct sched_wanted *wanted, char *why)
{
	char missing[LOAD_MISSING_MAX];
	size_t n_bytes;
	const void *bytes = sched_bpf__elf_bytes(&n_bytes);
	int r;

	k->object = load_open(bytes, n_bytes, &k->log);
	r = k->object ? 0 : -errno;
	if (r == 0)
		r = load_leave_out(k->object, missing);
	if (r < 0) {
		load_why(LOAD_OPEN, r, &k->log, why);
		return r;
	}
	/* Each of them is needed for a time to be right. */
	if (missing[0]) {
		(void)snprintf(why, SCHED_WHY_MAX, "this kernel has not: %.200s", missing);
		return -ENOTSUP;
	}
	k->rodata = load_variables(k->object, ".rodata");
	k->rodata->has_threads = (uint32_t)k->has_threads;
	k->rodata->long_wait_ns = wanted->long_wait_ns;
	if (!wanted->long_wait_ns)
		(void)bpf_map__set_max_entries(bpf_object__find_map_by_name(k->object, "long_waits"),
		                               (uint32_t)sysconf(_SC_PAGESIZE));
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].call < SCHED_CALLS_MAX)
			k->rodata->reasons[calls[i].call] = (uint8_t)calls[i].reason;
	return 0;
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
	r = load_attach(k->object, &k->links);
	if (r < 0)
		load_why(LOAD_ATTACH, r, &k->log, why);
	return r;
}

static int follow(const struct sched_kernel *k, const struct family *family)
{
	const struct target known = { 0 };
	int r = 0;

	for (uint32_t i = 0; i < family->n && r == 0; i++) {
		uint32_t tgid = (uint32_t)family->at[i].pid;

		r = bpf_map_update_elem(map_of(k, "targets"), &tgid, &known, BPF_NOEXIST);
		r = r == -EEXIST ? 0 : r;
	}
	return r;
}

static int table_init(struct table *t, int map, uint32_t n_key, uint32_t n_max)
{
	*t = (struct table){ .at = calloc(n_max, sizeof(*t->at)), .n_max = n_max, .n_key = n_key, .map = map };
	return t->at ? 0 : -ENOMEM;
}

static int take_long_wait(void *context, void *data, size_t n)
{
	struct sched_kernel *k = context;

	if (n >= sizeof(struct sched_long_wait))
		sched_stacks_take(k->stacks, data, k->has_threads);
	return 0;
}

static int open_ring(struct sched_kernel *k)
{
	k->stacks = sched_stacks_new(k->host);
	if (!k->stacks)
		return -ENOMEM;
	k->ring = ring_buffer__new(map_of(k, "long_waits"), take_long_wait, k, NULL);
	return k->ring ? 0 : -errno;
}

static int make_room(struct sched_kernel *k)
{
	k->values = calloc(k->n_cpus, sizeof(struct sched_runner));
	if (!k->values ||
	    table_init(&k->runners, map_of(k, "runners"), sizeof(struct sched_key), SCHED_RUNNERS_MAX) < 0 ||
	    table_init(&k->waits, map_of(k, "waits"), sizeof(struct sched_wait_key), SCHED_WAITS_MAX) < 0)
		return -ENOMEM;
	return 0;
}

static int start(struct sched_kernel *k, struct family *family, const struct sched_wanted *wanted, char *why)
{
	int n_cpus = libbpf_num_possible_cpus();
	int r = n_cpus < 0 ? n_cpus : prepare(k, wanted, why);

	k->n_cpus = n_cpus < 0 ? 0 : (unsigned)n_cpus;
	if (r == 0)
		r = load(k, why);
	if (r < 0)
		return r;
	r = make_room(k);
	if (r == 0 && wanted->long_wait_ns)
		r = open_ring(k);
	if (r == 0)
		r = follow(k, family);
	/* Who forks from here on is seen; who forked while it was loaded is found now. */
	(void)family_look(family);
	if (r == 0)
		r = follow(k, family);
	if (r == 0)
		r = load_iterate(k->object, "on_task");
	if (r < 0)
		(void)snprintf(why, SCHED_WHY_MAX, "%s", strerror(-r));
	return r;
}

int sched_kernel_open(const struct weir_host *h, struct family *family, const struct sched_wanted *wanted,
                      struct sched_kernel **ret, char why[SCHED_WHY_MAX])
{
	struct sched_kernel *k = calloc(1, sizeof(*k));
	int r;

	*ret = NULL;
	if (!k) {
		(void)snprintf(why, SCHED_WHY_MAX, "no memory");
		return -ENOMEM;
	}
	k->host = h;
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
	load_detach(&k->links);
	ring_buffer__free(k->ring);
	sched_stacks_free(k->stacks);
	bpf_object__close(k->object);
	free(k->runners.at);
	free(k->waits.at);
	free(k->values);
	free(k);
}

/* ---- Reading ---- */

/* A map's keys come in much the same order each time, so each is most often found where it is expected. NULL: more
 * entries than the map can hold, because it changed while it was read. */
static struct slot *slot_of(struct table *t, const struct sched_wait_key *key)
{
	struct slot *unused = NULL;

	for (uint32_t i = 0; i < t->n_seen; i++) {
		uint32_t at = (t->next + i) % t->n_seen;

		if (t->at[at].is_used && memcmp(&t->at[at].key, key, sizeof(*key)) == 0) {
			t->next = at + 1;
			return &t->at[at];
		}
		if (!t->at[at].is_used)
			unused = &t->at[at];
	}
	if (!unused && t->n_seen < t->n_max)
		unused = &t->at[t->n_seen++];
	if (!unused)
		return NULL;
	*unused = (struct slot){ .key = *key, .is_used = 1 };
	return unused;
}

static uint64_t sum_of(const struct sched_kernel *k, size_t n_value, size_t offset)
{
	uint64_t sum = 0, one;

	for (unsigned cpu = 0; cpu < k->n_cpus; cpu++) {
		memcpy(&one, k->values + cpu * n_value + offset, sizeof(one));
		sum += one;
	}
	return sum;
}

static void take_hist(struct sched_kernel *k, struct outbox *o, struct slot *s, unsigned i, size_t n_value,
                      size_t offset, int64_t duration_ns)
{
	(void)interval_take((const struct hist *)(k->values + offset), k->n_cpus, n_value, k->data->interval - 1,
	                    &s->marks[i], &k->gain);
	outbox_histogram(o, s->series[NUMBERS + i], &k->gain.histogram, duration_ns);
}

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
};

typedef void poll_function(struct sched_kernel *k, struct slot *s, struct outbox *o, int64_t duration_ns);

static void poll_runner(struct sched_kernel *k, struct slot *s, struct outbox *o, int64_t duration_ns)
{
	const size_t n = sizeof(struct sched_runner);

	for (unsigned i = 0; i < NUMBERS && !s->is_named; i++)
		s->series[i] =
			sched_series(o, numbers[i].row, s->key.tgid, s->key.tid, numbers[i].key, numbers[i].value);
	if (!s->is_named) {
		s->series[NUMBERS] = sched_series(o, ROW_ON_CPU, s->key.tgid, s->key.tid, NULL, NULL);
		s->series[NUMBERS + 1] = sched_series(o, ROW_RUN_DELAY, s->key.tgid, s->key.tid, NULL, NULL);
	}
	s->is_named = 1;
	for (unsigned i = 0; i < NUMBERS; i++)
		outbox_count(o, s->series[i], sum_of(k, n, numbers[i].offset));
	take_hist(k, o, s, 0, n, offsetof(struct sched_runner, on_cpu), duration_ns);
	take_hist(k, o, s, 1, n, offsetof(struct sched_runner, run_delay), duration_ns);
}

static void poll_wait(struct sched_kernel *k, struct slot *s, struct outbox *o, int64_t duration_ns)
{
	if (!s->is_named)
		s->series[NUMBERS] = sched_series(o, ROW_OFF_CPU, s->key.tgid, s->key.tid, "reason",
		                                  sched_reason_name(s->key.reason));
	s->is_named = 1;
	take_hist(k, o, s, 0, sizeof(struct hist), 0, duration_ns);
}

/* How many entries there are. */
static uint64_t poll_table(struct sched_kernel *k, struct table *t, struct outbox *o, int64_t duration_ns,
                           poll_function *poll)
{
	struct sched_wait_key key, next = { 0 };
	uint64_t n = 0;
	int r = bpf_map_get_next_key(t->map, NULL, &next);

	t->next = 0;
	for (; r == 0 && n < t->n_max; n++) {
		struct slot *s;

		key = next;
		s = slot_of(t, &key);
		if (s && bpf_map_lookup_elem(t->map, &key, k->values) == 0)
			poll(k, s, o, duration_ns);
		r = bpf_map_get_next_key(t->map, &key, &next);
	}
	return n;
}

/* ---- Who has ended ---- */

/* tid 0: all threads of the process. */
static void forget_in(struct table *t, uint32_t tgid, uint32_t tid)
{
	for (uint32_t i = 0; i < t->n_seen; i++) {
		if (!t->at[i].is_used || t->at[i].key.tgid != tgid || (tid && t->at[i].key.tid != tid))
			continue;
		(void)bpf_map_delete_elem(t->map, &t->at[i].key);
		t->at[i].is_used = 0;
	}
}

static void forget(struct sched_kernel *k, uint32_t tgid, uint32_t tid)
{
	forget_in(&k->runners, tgid, tid);
	forget_in(&k->waits, tgid, tid);
}

/* The last switch of a process comes after its end was told, so it is kept for one poll more. */
static void forget_processes(struct sched_kernel *k, uint64_t *ret_n)
{
	int map = map_of(k, "targets");
	uint32_t key, next, n_over = 0;
	struct target t;
	int r;

	for (uint32_t i = 0; i < k->n_over; i++) {
		if (bpf_map_lookup_elem(map, &k->over[i], &t) < 0 || !t.is_over)
			continue;
		forget(k, k->over[i], 0);
		(void)bpf_map_delete_elem(map, &k->over[i]);
	}
	*ret_n = 0;
	r = bpf_map_get_next_key(map, NULL, &next);
	for (; r == 0 && *ret_n < TARGETS_MAX; (*ret_n)++) {
		key = next;
		if (bpf_map_lookup_elem(map, &key, &t) == 0 && t.is_over)
			k->over[n_over++] = key;
		r = bpf_map_get_next_key(map, &key, &next);
	}
	k->n_over = n_over;
}

static void forget_threads(struct sched_kernel *k)
{
	char path[64];

	for (uint32_t i = 0; i < k->runners.n_seen; i++) {
		struct slot *s = &k->runners.at[i];

		if (!s->is_used)
			continue;
		if (s->is_over) {
			forget(k, s->key.tgid, s->key.tid);
			continue;
		}
		(void)snprintf(path, sizeof(path), "/proc/%u/task/%u/schedstat", s->key.tgid, s->key.tid);
		s->is_over = access(path, F_OK) != 0;
	}
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

static void tell_fill(struct sched_kernel *k, struct outbox *o, const uint64_t fills[MAPS])
{
	static const struct {
		const char *map;
		double n_max;
	} maps[MAPS] = { { "runners", SCHED_RUNNERS_MAX }, { "waits", SCHED_WAITS_MAX }, { "targets", TARGETS_MAX } };

	for (unsigned i = 0; i < MAPS; i++) {
		const struct outbox_pair pairs[] = { { "map", maps[i].map } };

		if (!k->series_fill[i])
			k->series_fill[i] = outbox_series(o, ROW_MAP_FILL, pairs, 1);
		outbox_real(o, k->series_fill[i], (double)fills[i] / maps[i].n_max);
	}
}

void sched_kernel_poll(struct sched_kernel *k, struct outbox *o, int64_t duration_ns)
{
	uint64_t fills[MAPS];

	k->data->interval++;
	fills[0] = poll_table(k, &k->runners, o, duration_ns, poll_runner);
	fills[1] = poll_table(k, &k->waits, o, duration_ns, poll_wait);
	if (k->ring) {
		sched_stacks_begin(k->stacks, o, duration_ns);
		(void)ring_buffer__consume(k->ring);
		sched_stacks_end(k->stacks);
	}
	if (k->has_threads)
		forget_threads(k);
	forget_processes(k, &fills[2]);
	tell_losses(k, o);
	tell_fill(k, o, fills);
}
