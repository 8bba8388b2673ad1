/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/disk.h"
#include "bpf/disk.skel.h"
#include "bpf/gauge.h"
#include "bpf/probes.h"
#include "bpf/table.h"
#include "disk.h"

enum {
	PAGE_BYTES_UNKNOWN = 4096,
};

struct disk_kernel {
	const struct weir_host *host;
	struct probes probes;
	struct disk_bpf__rodata *rodata;
	struct disk_bpf__data *data;
	struct disk_bpf__bss *bss;
	struct table devices, processes, files;
	struct gauge gauge;
	uint32_t ended[TARGETS_MAX];
};

static const char *const losses[DISK_LOST_COUNT] = {
	[DISK_LOST_DEVICES] = "disk.devices_full", [DISK_LOST_PROCESSES] = "disk.processes_full",
	[DISK_LOST_FILES] = "disk.files_full",     [DISK_LOST_SYNCS] = "disk.syncs_full",
	[DISK_LOST_MEMORY] = "disk.no_memory",
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

static void choose_sync(struct disk_kernel *k, int has_all_syncs)
{
	int is_ext4 = !has_all_syncs && has_only_ext4() && probes_has(&k->probes, "on_ext4_sync_exit");

	probes_choose(&k->probes, "on_ext4_sync_enter", is_ext4);
	probes_choose(&k->probes, "on_ext4_sync_exit", is_ext4);
	probes_choose(&k->probes, "on_sys_enter", !is_ext4);
	probes_choose(&k->probes, "on_sys_exit", !is_ext4);
	k->rodata->call_fsync = SYS_fsync;
	k->rodata->call_fdatasync = SYS_fdatasync;
}

static uint32_t page_bytes(void)
{
	long n = sysconf(_SC_PAGESIZE);

	return n > 0 ? (uint32_t)n : PAGE_BYTES_UNKNOWN;
}

/* Takes a hook out of those that are missing, because another does the same. */
static void forgive(char *missing, const char *hook)
{
	char *at = strstr(missing, hook), *end = at ? at + strlen(hook) : NULL;

	if (!at)
		return;
	if (strncmp(end, ", ", 2) == 0)
		end += 2;
	else if (at > missing)
		at -= 2;
	memmove(at, end, strlen(end) + 1);
}

static void choose_submission(struct disk_kernel *k)
{
	int is_by_piece = !probes_has(&k->probes, "on_io_start") && probes_has(&k->probes, "on_getrq");

	if (is_by_piece)
		forgive(k->probes.missing, "block_io_start");
	else
		probes_choose(&k->probes, "on_getrq", 0);
	k->rodata->is_by_piece = (uint32_t)is_by_piece;
}

/* Where nobody is followed, what devices do is all that there is to see. */
static void choose_devices_only(struct disk_kernel *k)
{
	static const char *const others[] = { "on_io_start",       "on_getrq",         "on_backmerge",
		                              "on_frontmerge",     "on_dirty_folio",   "on_get_pages",
		                              "on_add_to_cache",   "on_filemap_fault", "on_ext4_sync_enter",
		                              "on_ext4_sync_exit", "on_sys_enter",     "on_sys_exit",
		                              "on_fork",           "on_exit" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		probes_choose(&k->probes, others[i], 0);
	k->rodata->has_targets = 0;
}

static int load(struct disk_kernel *k, int has_targets, int has_all_syncs, char *why)
{
	/* Without these there is nothing that is worth the rung. */
	static const char *const needed[] = { "on_rq_complete", "on_fork", "on_exit" };
	char line[LOAD_MISSING_MAX + 64];
	size_t n_bytes;
	const void *bytes = disk_bpf__elf_bytes(&n_bytes);
	int r = probes_open(&k->probes, bytes, n_bytes, why);

	if (r == 0)
		r = probes_need(&k->probes, needed, 3, why);
	if (r < 0)
		return r;
	k->rodata = load_variables(k->probes.object, ".rodata");
	choose_submission(k);
	if (k->probes.missing[0]) {
		(void)snprintf(line, sizeof(line), "this kernel has not, so their metrics are absent: %s",
		               k->probes.missing);
		live_note(k->host, "disk.hooks_missing", line);
	}
	k->rodata->page_bytes = page_bytes();
	choose_sync(k, has_all_syncs);
	if (!has_targets)
		choose_devices_only(k);
	r = probes_load(&k->probes, why);
	k->data = load_variables(k->probes.object, ".data");
	k->bss = load_variables(k->probes.object, ".bss");
	return r;
}

static int make_room(struct disk_kernel *k)
{
	const struct {
		const char *map;
		struct table *table;
		struct table_shape shape;
	} tables[] = {
		{ "devices",
		  &k->devices,
		  { sizeof(struct disk_device_key), DISK_DEVICES_MAX, sizeof(struct disk_device), k->probes.n_cpus,
		    0 } },
		{ "processes",
		  &k->processes,
		  { sizeof(struct disk_process_key), DISK_PROCESSES_MAX, sizeof(struct disk_process), k->probes.n_cpus,
		    1 } },
		{ "files",
		  &k->files,
		  { sizeof(struct disk_files_key), DISK_FILES_MAX, sizeof(struct disk_files), k->probes.n_cpus, 1 } },
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && r == 0; i++)
		r = table_init(tables[i].table, probes_map(&k->probes, tables[i].map), &tables[i].shape);
	return r;
}

static int start(struct disk_kernel *k, const struct family *family, int has_all_syncs, char *why)
{
	int r = load(k, family->n > 0, has_all_syncs, why);

	if (r < 0)
		return r;
	r = make_room(k);
	if (r == 0)
		r = probes_follow(&k->probes, family);
	if (r < 0)
		(void)snprintf(why, LIVE_WHY_MAX, "%s", strerror(-r));
	return r;
}

int disk_kernel_open(const struct weir_host *h, const struct family *family, int has_all_syncs,
                     struct disk_kernel **ret, char why[LIVE_WHY_MAX])
{
	struct disk_kernel *k = calloc(1, sizeof(*k));
	int r;

	*ret = NULL;
	if (!k) {
		(void)snprintf(why, LIVE_WHY_MAX, "no memory");
		return -ENOMEM;
	}
	k->host = h;
	k->gauge.row_lost = ROW_LOST;
	k->gauge.row_fill = ROW_MAP_FILL;
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
	probes_close(&k->probes);
	table_done(&k->devices);
	table_done(&k->processes);
	table_done(&k->files);
	free(k);
}

/* ---- Reading ---- */

/* A number or histogram of a map's value. */
struct row {
	uint32_t row;
	size_t offset;
	const char *call; /* an attribute more; NULL: none */
};

/* Whose an entry is. */
struct whose {
	uint32_t tgid; /* 0: the machine's */
	const char *device, *direction;
};

enum {
	NUMBERS_MAX = 4,
};

/* What a map's values hold. */
struct kind {
	struct row numbers[NUMBERS_MAX];
	struct row hists[TABLE_HISTS];
	unsigned n_numbers;
	int (*whose)(const struct table_slot *s, struct disk_devices *d, struct whose *ret); /* 0: it is left out */
};

static int is_wanted(struct disk_devices *d, uint32_t device, uint32_t op, struct whose *ret)
{
	const struct disk_device_entry *e = disk_device(d, device);

	if (!e || e->is_left_out)
		return 0;
	ret->device = e->name;
	ret->direction = disk_direction_name(op);
	return 1;
}

static int whose_device(const struct table_slot *s, struct disk_devices *d, struct whose *ret)
{
	struct disk_device_key key;

	memcpy(&key, s->key.bytes, sizeof(key));
	return is_wanted(d, key.device, key.op, ret);
}

static int whose_process(const struct table_slot *s, struct disk_devices *d, struct whose *ret)
{
	struct disk_process_key key;

	memcpy(&key, s->key.bytes, sizeof(key));
	ret->tgid = key.tgid;
	return is_wanted(d, key.device, key.op, ret);
}

static int whose_files(const struct table_slot *s, struct disk_devices *d, struct whose *ret)
{
	ret->tgid = s->key.tgid;
	return 1;
}

static const struct kind of_devices = {
	.numbers = { { ROW_IO, offsetof(struct disk_device, n_bytes), NULL },
	             { ROW_OPERATIONS, offsetof(struct disk_device, n_operations), NULL },
	             { ROW_REQUEUES, offsetof(struct disk_device, n_requeues), NULL } },
	.hists = { { ROW_LATENCY, offsetof(struct disk_device, latency), NULL },
	           { ROW_QUEUE_TIME, offsetof(struct disk_device, queue), NULL } },
	.n_numbers = 3,
	.whose = whose_device,
};

static const struct kind of_processes = {
	.numbers = { { ROW_PROCESS_IO, offsetof(struct disk_process, n_bytes), NULL },
	             { ROW_PROCESS_OPERATIONS, offsetof(struct disk_process, n_operations), NULL } },
	.hists = { { ROW_PROCESS_LATENCY, offsetof(struct disk_process, latency), NULL },
	           { ROW_PROCESS_QUEUE_TIME, offsetof(struct disk_process, queue), NULL } },
	.n_numbers = 2,
	.whose = whose_process,
};

static const struct kind of_files = {
	.numbers = { { ROW_DIRTIED, offsetof(struct disk_files, n_dirtied_bytes), NULL },
	             { ROW_CACHE_REQUESTED, offsetof(struct disk_files, n_requested), NULL },
	             { ROW_CACHE_ADDED, offsetof(struct disk_files, n_added), NULL },
	             { ROW_CACHE_FAULTS, offsetof(struct disk_files, n_faults), NULL } },
	.hists = { { ROW_FSYNC, offsetof(struct disk_files, fsync), "fsync" },
	           { ROW_FSYNC, offsetof(struct disk_files, fdatasync), "fdatasync" } },
	.n_numbers = 4,
	.whose = whose_files,
};

static uint32_t declare(const struct outbox *o, const struct row *row, const struct whose *whose)
{
	char pid[16];
	const struct outbox_pair pairs[] = { { "process.pid", whose->tgid ? pid : NULL },
		                             { "device", whose->device },
		                             { "direction", whose->direction },
		                             { "call", row->call } };

	(void)snprintf(pid, sizeof(pid), "%u", whose->tgid);
	return outbox_series(o, row->row, pairs, 4);
}

static void name_entry(struct table_slot *s, struct disk_devices *d, const struct kind *kind, const struct outbox *o)
{
	struct whose whose = { 0 };

	s->is_named = 1;
	s->is_silent = !kind->whose(s, d, &whose);
	for (unsigned i = 0; i < kind->n_numbers && !s->is_silent; i++)
		s->series[i] = declare(o, &kind->numbers[i], &whose);
	for (unsigned i = 0; i < TABLE_HISTS && !s->is_silent; i++)
		s->series[NUMBERS_MAX + i] = declare(o, &kind->hists[i], &whose);
}

static void poll_map(struct table *t, const struct kind *kind, struct disk_devices *d, const struct table_poll *poll)
{
	struct table_slot *s;

	for (table_begin(t); (s = table_next(t));) {
		if (!s->is_named)
			name_entry(s, d, kind, poll->out);
		if (s->is_silent)
			continue;
		for (unsigned i = 0; i < kind->n_numbers; i++)
			outbox_count(poll->out, s->series[i], table_sum(t, kind->numbers[i].offset));
		for (unsigned i = 0; i < TABLE_HISTS; i++)
			table_take(t, s, i, kind->hists[i].offset, s->series[NUMBERS_MAX + i], poll);
	}
}

static void tell_gauges(struct disk_kernel *k, struct outbox *o)
{
	for (unsigned i = 0; i < DISK_LOST_COUNT; i++)
		gauge_lost(&k->gauge, o, i, losses[i], k->bss->lost[i]);
	gauge_lost(&k->gauge, o, DISK_LOST_COUNT, "disk.targets_full", k->bss->lost_targets);
	gauge_fill(&k->gauge, o, 0, "devices", k->devices.n_read, DISK_DEVICES_MAX);
	gauge_fill(&k->gauge, o, 1, "processes", k->processes.n_read, DISK_PROCESSES_MAX);
	gauge_fill(&k->gauge, o, 2, "files", k->files.n_read, DISK_FILES_MAX);
	gauge_fill(&k->gauge, o, 3, "targets", k->probes.n_targets, TARGETS_MAX);
}

void disk_kernel_poll(struct disk_kernel *k, struct disk_devices *d, struct outbox *o, int64_t duration_ns)
{
	const struct table_poll poll = { o, duration_ns, k->data->interval++ };
	uint32_t n;

	poll_map(&k->devices, &of_devices, d, &poll);
	poll_map(&k->processes, &of_processes, d, &poll);
	poll_map(&k->files, &of_files, d, &poll);
	n = probes_let_go(&k->probes, k->ended);
	for (uint32_t i = 0; i < n; i++) {
		table_forget_process(&k->processes, k->ended[i]);
		table_forget_process(&k->files, k->ended[i]);
	}
	tell_gauges(k, o);
}
