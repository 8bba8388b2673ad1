/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/disk.h"
#include "bpf/interval.h"
#include "bpf/load.h"
#include "disk.h"
#include "disk.skel.h"

enum {
	PAGE_BYTES_UNKNOWN = 4096,
	SYNC_CALLS = 2,
	NUMBERS_MAX = 4,
	HISTS_MAX = 2,
};

/* One entry of one map, as it was last read. */
struct slot {
	union {
		struct disk_device_key device;
		struct disk_process_key process;
		uint32_t tgid;
	} key;
	uint32_t is_used;
	uint32_t series[NUMBERS_MAX + HISTS_MAX];
	uint32_t is_silent; /* its device is left out */
	struct interval_mark marks[HISTS_MAX];
};

struct table {
	struct slot *at;
	uint32_t n_max;
	uint32_t n_key;
	int map;
};

struct disk_kernel {
	const struct weir_host *host;
	struct bpf_object *object;
	struct load_links links;
	struct disk_bpf__rodata *rodata;
	struct disk_bpf__data *data;
	struct disk_bpf__bss *bss;
	struct load_log log;
	struct table devices, processes, files;
	char *values; /* of all CPUs */
	unsigned n_cpus;
	uint64_t page_bytes;
	uint64_t told[DISK_LOST_COUNT + 1];
	uint32_t series_lost[DISK_LOST_COUNT + 1], series_fill[4];
	uint32_t over[TARGETS_MAX]; /* processes that had ended at the last poll */
	uint32_t n_over;
	struct interval_gain gain;
};

static const char *const losses[DISK_LOST_COUNT + 1] = {
	[DISK_LOST_DEVICES] = "disk.devices_full", [DISK_LOST_PROCESSES] = "disk.processes_full",
	[DISK_LOST_FILES] = "disk.files_full",     [DISK_LOST_SYNCS] = "disk.syncs_full",
	[DISK_LOST_COUNT] = "disk.targets_full",
};

/* ---- Loading ---- */

/* ext4 says itself when it synchronises; elsewhere system calls are watched, which costs all of them a little. */
static int has_only_ext4(void)
{
	static const char *const others[] = { " xfs ", " btrfs ", " f2fs ", " bcachefs ", " zfs " };
	char text[16384];

	if (family_read("/proc/self/mounts", text, sizeof(text)) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strstr(text, others[i]))
			return 0;
	return strstr(text, " ext4 ") != NULL;
}

static int has(const struct disk_kernel *k, const char *program)
{
	return bpf_program__autoload(bpf_object__find_program_by_name(k->object, program));
}

static void choose(const struct disk_kernel *k, const char *program, int is_wanted)
{
	(void)bpf_program__set_autoload(bpf_object__find_program_by_name(k->object, program), is_wanted);
}

static int map_of(const struct disk_kernel *k, const char *name)
{
	return bpf_map__fd(bpf_object__find_map_by_name(k->object, name));
}

static void choose_sync(struct disk_kernel *k, int has_all_syncs)
{
	int is_ext4 = !has_all_syncs && has_only_ext4() && has(k, "on_ext4_sync_exit");

	choose(k, "on_ext4_sync_enter", is_ext4);
	choose(k, "on_ext4_sync_exit", is_ext4);
	choose(k, "on_sys_enter", !is_ext4);
	choose(k, "on_sys_exit", !is_ext4);
	k->rodata->call_fsync = SYS_fsync;
	k->rodata->call_fdatasync = SYS_fdatasync;
}

/* Without these there is nothing that is worth the rung. */
static int has_essentials(const struct disk_kernel *k)
{
	return has(k, "on_rq_complete") && has(k, "on_fork") && has(k, "on_exit");
}

static void note(const struct disk_kernel *k, const char *code, const char *text)
{
	k->host->diag(k->host, &(struct weir_diag){ .code = code,
	                                            .message = { text, strlen(text) },
	                                            .offset = WEIR_NO_OFFSET,
	                                            .count = 1,
	                                            .severity = WEIR_NOTE });
}

static int prepare(struct disk_kernel *k, int has_all_syncs, char *why)
{
	char missing[LOAD_MISSING_MAX], line[LOAD_MISSING_MAX + 64];
	size_t n_bytes;
	const void *bytes = disk_bpf__elf_bytes(&n_bytes);
	int r;

	k->object = load_open(bytes, n_bytes, &k->log);
	r = k->object ? 0 : -errno;
	if (r == 0)
		r = load_leave_out(k->object, missing);
	if (r < 0) {
		load_why(LOAD_OPEN, r, &k->log, why);
		return r;
	}
	if (!has_essentials(k)) {
		(void)snprintf(why, DISK_WHY_MAX, "this kernel has not: %.200s", missing);
		return -ENOTSUP;
	}
	if (missing[0]) {
		(void)snprintf(line, sizeof(line), "this kernel has not, so their metrics are absent: %s", missing);
		note(k, "disk.hooks_missing", line);
	}
	k->rodata = load_variables(k->object, ".rodata");
	choose_sync(k, has_all_syncs);
	return 0;
}

static int load(struct disk_kernel *k, char *why)
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

static int follow(const struct disk_kernel *k, const struct family *family)
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
	*t = (struct table){ calloc(n_max, sizeof(*t->at)), n_max, n_key, map };
	return t->at ? 0 : -ENOMEM;
}

static int make_room(struct disk_kernel *k)
{
	size_t n = sizeof(struct disk_files);

	n = n > sizeof(struct disk_device) ? n : sizeof(struct disk_device);
	n = n > sizeof(struct disk_process) ? n : sizeof(struct disk_process);
	k->values = calloc(k->n_cpus, n);
	if (!k->values ||
	    table_init(&k->devices, map_of(k, "devices"), sizeof(struct disk_device_key), DISK_DEVICES_MAX) < 0 ||
	    table_init(&k->processes, map_of(k, "processes"), sizeof(struct disk_process_key), DISK_PROCESSES_MAX) <
	            0 ||
	    table_init(&k->files, map_of(k, "files"), sizeof(uint32_t), FAMILY_MAX) < 0)
		return -ENOMEM;
	return 0;
}

static int start(struct disk_kernel *k, const struct family *family, int has_all_syncs, char *why)
{
	int n_cpus = libbpf_num_possible_cpus();
	int r = n_cpus < 0 ? n_cpus : prepare(k, has_all_syncs, why);

	k->n_cpus = n_cpus < 0 ? 0 : (unsigned)n_cpus;
	if (r == 0)
		r = load(k, why);
	if (r < 0)
		return r;
	r = make_room(k);
	if (r == 0)
		r = follow(k, family);
	if (r < 0)
		(void)snprintf(why, DISK_WHY_MAX, "%s", strerror(-r));
	return r;
}

int disk_kernel_open(const struct weir_host *h, const struct family *family, int has_all_syncs,
                     struct disk_kernel **ret, char why[DISK_WHY_MAX])
{
	struct disk_kernel *k = calloc(1, sizeof(*k));
	long page_bytes = sysconf(_SC_PAGESIZE);
	int r;

	*ret = NULL;
	if (!k) {
		(void)snprintf(why, DISK_WHY_MAX, "no memory");
		return -ENOMEM;
	}
	k->host = h;
	k->page_bytes = page_bytes > 0 ? (uint64_t)page_bytes : PAGE_BYTES_UNKNOWN;
	r = start(k, family, has_all_syncs, why);
	if (r < 0) {
		disk_kernel_close(k);
		return r;
	}
	*ret = k;
	return 0;
}

void disk_kernel_close(struct disk_kernel *k)
{
	if (!k)
		return;
	load_detach(&k->links);
	bpf_object__close(k->object);
	free(k->devices.at);
	free(k->processes.at);
	free(k->files.at);
	free(k->values);
	free(k);
}

/* ---- Reading ---- */

/* NULL: more entries than the map can hold, because it changed while it was read. */
static struct slot *slot_of(struct table *t, const void *key)
{
	struct slot *unused = NULL;

	for (uint32_t i = 0; i < t->n_max; i++) {
		if (t->at[i].is_used && memcmp(&t->at[i].key, key, t->n_key) == 0)
			return &t->at[i];
		if (!t->at[i].is_used && !unused)
			unused = &t->at[i];
		/* Slots fill from the front; behind the first that was never used there is nothing. */
		if (!t->at[i].is_used && t->at[i].marks[0].count == 0 && t->at[i].series[0] == 0)
			break;
	}
	if (!unused)
		return NULL;
	memset(unused, 0, sizeof(*unused));
	unused->is_used = 1;
	memcpy(&unused->key, key, t->n_key);
	return unused;
}

static uint64_t sum_of(const struct disk_kernel *k, size_t n_value, size_t offset)
{
	uint64_t sum = 0, one;

	for (unsigned cpu = 0; cpu < k->n_cpus; cpu++) {
		memcpy(&one, k->values + cpu * n_value + offset, sizeof(one));
		sum += one;
	}
	return sum;
}

static void take_hist(struct disk_kernel *k, struct outbox *o, struct slot *s, unsigned i, size_t n_value,
                      size_t offset, int64_t duration_ns)
{
	uint64_t ended = k->data->interval - 1;

	(void)interval_take((const struct hist *)(k->values + offset), k->n_cpus, n_value, ended, &s->marks[i],
	                    &k->gain);
	outbox_histogram(o, s->series[NUMBERS_MAX + i], &k->gain.histogram, duration_ns);
}

static uint32_t declare(const struct outbox *o, uint32_t row, uint32_t tgid, const char *device, const char *direction)
{
	char pid[16];
	const struct outbox_pair pairs[] = { { "process.pid", tgid ? pid : NULL },
		                             { "device", device },
		                             { "direction", direction } };

	(void)snprintf(pid, sizeof(pid), "%u", tgid);
	return outbox_series(o, row, pairs, 3);
}

static void name_device(struct slot *s, struct disk_devices *d, const struct outbox *o)
{
	static const uint32_t rows[] = { ROW_IO, ROW_OPERATIONS, ROW_REQUEUES, 0, ROW_LATENCY, ROW_QUEUE_TIME };
	const struct disk_device_entry *e = disk_device(d, s->key.device.device);
	const char *direction = disk_direction_name(s->key.device.op);

	s->is_silent = !e || e->is_left_out;
	for (unsigned i = 0; !s->is_silent && i < NUMBERS_MAX + HISTS_MAX; i++)
		if (i != 3)
			s->series[i] = declare(o, rows[i], 0, e->name, direction);
}

static void poll_device(struct disk_kernel *k, struct slot *s, struct outbox *o, int64_t duration_ns)
{
	const size_t n = sizeof(struct disk_device);

	outbox_count(o, s->series[0], sum_of(k, n, offsetof(struct disk_device, n_bytes)));
	outbox_count(o, s->series[1], sum_of(k, n, offsetof(struct disk_device, n_operations)));
	outbox_count(o, s->series[2], sum_of(k, n, offsetof(struct disk_device, n_requeues)));
	take_hist(k, o, s, 0, n, offsetof(struct disk_device, latency), duration_ns);
	take_hist(k, o, s, 1, n, offsetof(struct disk_device, queue), duration_ns);
}

static void name_process(struct slot *s, struct disk_devices *d, const struct outbox *o)
{
	static const uint32_t rows[] = { ROW_PROCESS_IO,      ROW_PROCESS_OPERATIONS, 0, 0,
		                         ROW_PROCESS_LATENCY, ROW_PROCESS_QUEUE_TIME };
	const struct disk_device_entry *e = disk_device(d, s->key.process.device);
	const char *direction = disk_direction_name(s->key.process.op);

	s->is_silent = !e || e->is_left_out;
	for (unsigned i = 0; !s->is_silent && i < NUMBERS_MAX + HISTS_MAX; i++)
		if (rows[i])
			s->series[i] = declare(o, rows[i], s->key.process.tgid, e->name, direction);
}

static void poll_process(struct disk_kernel *k, struct slot *s, struct outbox *o, int64_t duration_ns)
{
	const size_t n = sizeof(struct disk_process);

	outbox_count(o, s->series[0], sum_of(k, n, offsetof(struct disk_process, n_bytes)));
	outbox_count(o, s->series[1], sum_of(k, n, offsetof(struct disk_process, n_operations)));
	take_hist(k, o, s, 0, n, offsetof(struct disk_process, latency), duration_ns);
	take_hist(k, o, s, 1, n, offsetof(struct disk_process, queue), duration_ns);
}

static void name_files(struct slot *s, struct disk_devices *d, const struct outbox *o)
{
	static const uint32_t rows[] = { ROW_DIRTIED, ROW_CACHE_REQUESTED, ROW_CACHE_ADDED, ROW_CACHE_FAULTS };
	static const char *const calls[HISTS_MAX] = { "fsync", "fdatasync" };
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%u", s->key.tgid);
	for (unsigned i = 0; i < NUMBERS_MAX; i++)
		s->series[i] = declare(o, rows[i], s->key.tgid, NULL, NULL);
	for (unsigned i = 0; i < HISTS_MAX; i++) {
		const struct outbox_pair pairs[] = { { "process.pid", pid }, { "call", calls[i] } };

		s->series[NUMBERS_MAX + i] = outbox_series(o, ROW_FSYNC, pairs, 2);
	}
}

static void poll_files(struct disk_kernel *k, struct slot *s, struct outbox *o, int64_t duration_ns)
{
	const size_t n = sizeof(struct disk_files);

	outbox_count(o, s->series[0], sum_of(k, n, offsetof(struct disk_files, n_dirtied)) * k->page_bytes);
	outbox_count(o, s->series[1], sum_of(k, n, offsetof(struct disk_files, n_requested)));
	outbox_count(o, s->series[2], sum_of(k, n, offsetof(struct disk_files, n_added)));
	outbox_count(o, s->series[3], sum_of(k, n, offsetof(struct disk_files, n_faults)));
	take_hist(k, o, s, 0, n, offsetof(struct disk_files, fsync), duration_ns);
	take_hist(k, o, s, 1, n, offsetof(struct disk_files, fdatasync), duration_ns);
}

typedef void name_function(struct slot *s, struct disk_devices *d, const struct outbox *o);
typedef void poll_function(struct disk_kernel *k, struct slot *s, struct outbox *o, int64_t duration_ns);

/* How many entries there are. */
static uint64_t poll_table(struct disk_kernel *k, struct table *t, struct disk_devices *d, struct outbox *o,
                           int64_t duration_ns, name_function *name, poll_function *poll)
{
	struct disk_process_key key, next; /* the longest of the keys */
	uint64_t n = 0;
	int r = bpf_map_get_next_key(t->map, NULL, &next);

	for (; r == 0 && n < t->n_max; n++) {
		struct slot *s;

		key = next;
		s = slot_of(t, &key);
		if (s && !s->series[0] && !s->is_silent)
			name(s, d, o);
		if (s && !s->is_silent && bpf_map_lookup_elem(t->map, &key, k->values) == 0)
			poll(k, s, o, duration_ns);
		r = bpf_map_get_next_key(t->map, &key, &next);
	}
	return n;
}

/* ---- Ended processes ---- */

static void forget_in(struct table *t, uint32_t tgid)
{
	for (uint32_t i = 0; i < t->n_max; i++) {
		/* The thread group is the first member of either key. */
		if (!t->at[i].is_used || t->at[i].key.tgid != tgid)
			continue;
		(void)bpf_map_delete_elem(t->map, &t->at[i].key);
		t->at[i].is_used = 0;
	}
}

/* What a process started may complete after its end, so it is kept for one poll more. */
static void forget_ended(struct disk_kernel *k, uint64_t *ret_n)
{
	int map = map_of(k, "targets");
	uint32_t key, next, n_over = 0;
	struct target t;
	int r;

	for (uint32_t i = 0; i < k->n_over; i++) {
		if (bpf_map_lookup_elem(map, &k->over[i], &t) < 0 || !t.is_over)
			continue;
		forget_in(&k->processes, k->over[i]);
		forget_in(&k->files, k->over[i]);
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

/* ---- Honesty ---- */

static void tell_losses(struct disk_kernel *k, struct outbox *o)
{
	for (unsigned i = 0; i <= DISK_LOST_COUNT; i++) {
		uint64_t now = i < DISK_LOST_COUNT ? k->bss->lost[i] : k->bss->lost_targets;
		const struct outbox_pair pairs[] = { { "cause", losses[i] } };

		if (!k->series_lost[i])
			k->series_lost[i] = outbox_series(o, ROW_LOST, pairs, 1);
		outbox_count(o, k->series_lost[i], now);
		if (now > k->told[i])
			o->host->tally(o->host, WEIR_LOST, now - k->told[i], losses[i]);
		k->told[i] = now;
	}
}

static void tell_fill(struct disk_kernel *k, struct outbox *o, const uint64_t fills[4])
{
	static const struct {
		const char *map;
		double n_max;
	} maps[] = { { "devices", DISK_DEVICES_MAX },
		     { "processes", DISK_PROCESSES_MAX },
		     { "files", TARGETS_MAX },
		     { "targets", TARGETS_MAX } };

	for (unsigned i = 0; i < 4; i++) {
		const struct outbox_pair pairs[] = { { "map", maps[i].map } };

		if (!k->series_fill[i])
			k->series_fill[i] = outbox_series(o, ROW_MAP_FILL, pairs, 1);
		outbox_real(o, k->series_fill[i], (double)fills[i] / maps[i].n_max);
	}
}

void disk_kernel_poll(struct disk_kernel *k, struct disk_devices *d, struct outbox *o, int64_t duration_ns)
{
	uint64_t fills[4];

	k->data->interval++;
	fills[0] = poll_table(k, &k->devices, d, o, duration_ns, name_device, poll_device);
	fills[1] = poll_table(k, &k->processes, d, o, duration_ns, name_process, poll_process);
	fills[2] = poll_table(k, &k->files, d, o, duration_ns, name_files, poll_files);
	forget_ended(k, &fills[3]);
	tell_losses(k, o);
	tell_fill(k, o, fills);
}
