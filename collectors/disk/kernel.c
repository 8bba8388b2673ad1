/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/disk.h"
#include "bpf/disk.skel.h"
#include "bpf/table.h"
#include "disk.h"
#include "shares.h"

enum {
	PAGE_BYTES_UNKNOWN = 4096,
};

struct disk_kernel {
	struct probes probes;
	struct disk_bpf__rodata *rodata;
	struct disk_bpf__data *data;
	struct disk_bpf__bss *bss;
	struct table devices, processes, files;
	struct disk_shares shares;
	uint64_t n_unplaced; /* processes' completions of devices that the map had no room for */
	uint32_t ended[TARGETS_MAX];
};

static const char *const losses[DISK_LOST_COUNT] = {
	[DISK_LOST_DEVICES] = "disk.devices_full", [DISK_LOST_PROCESSES] = "disk.processes_full",
	[DISK_LOST_FILES] = "disk.files_full",     [DISK_LOST_SYNCS] = "disk.syncs_full",
	[DISK_LOST_MEMORY] = "disk.no_memory",     [DISK_LOST_OWNERS] = "disk.owners_full",
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
		                              "on_fork",           "on_exit",          "on_exec",
		                              "on_merge" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		probes_choose(&k->probes, others[i], 0);
	k->rodata->has_targets = 0;
}

static int load(struct disk_kernel *k, const struct live *l, int has_all_syncs, char *why)
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
	k->rodata = k->probes.rodata;
	choose_submission(k);
	if (k->probes.missing[0]) {
		(void)snprintf(line, sizeof(line), "this kernel has not, so their metrics are absent: %s",
		               k->probes.missing);
		live_say(l->host, WEIR_NOTE, "disk.hooks_missing", line);
	}
	k->rodata->page_bytes = page_bytes();
	choose_sync(k, has_all_syncs);
	if (!l->has_target)
		choose_devices_only(k);
	r = probes_load(&k->probes, why);
	k->data = k->probes.data;
	k->bss = k->probes.bss;
	return r;
}

static int make_room(struct disk_kernel *k)
{
	/* The last copy is what was counted with processes. */
	int r = table_open(&k->devices, &k->probes, "devices", k->probes.n_cpus + 1);

	if (r == 0)
		r = table_open(&k->processes, &k->probes, "processes", k->probes.n_cpus);
	return r < 0 ? r : table_open(&k->files, &k->probes, "files", k->probes.n_cpus);
}

int disk_kernel_open(struct live *l, int has_all_syncs, struct disk_kernel **ret, char why[LIVE_WHY_MAX])
{
	struct disk_kernel *k = *ret = calloc(1, sizeof(*k));
	int r = k ? load(k, l, has_all_syncs, why) : -ENOMEM;

	if (r == 0)
		r = make_room(k);
	if (r == 0)
		r = probes_follow(&k->probes, &l->family);
	if (r < 0) {
		disk_kernel_close(k);
		*ret = NULL;
	}
	return r;
}

void disk_kernel_close(struct disk_kernel *k)
{
	if (!k)
		return;
	probes_close(&k->probes);
	table_close(&k->devices);
	table_close(&k->processes);
	table_close(&k->files);
	free(k);
}

/* ---- Reading ---- */

/* A map, what its values hold, and whose an entry is. */
struct kind {
	const struct table_row *rows;
	unsigned n_rows;
	int has_process, has_device; /* in the key, in this order */
};

static const struct table_row device_rows[] = {
	{ ROW_IO, offsetof(struct disk_device, n_bytes), 0, 0, NULL, NULL },
	{ ROW_OPERATIONS, offsetof(struct disk_device, n_operations), 0, 0, NULL, NULL },
	{ ROW_REQUEUES, offsetof(struct disk_device, n_requeues), 0, 0, NULL, NULL },
	{ ROW_LATENCY, offsetof(struct disk_device, latency), 1, 0, NULL, NULL },
	{ ROW_QUEUE_TIME, offsetof(struct disk_device, queue), 1, 0, NULL, NULL },
};

static const struct table_row process_rows[] = {
	{ ROW_PROCESS_IO, offsetof(struct disk_process, n_bytes), 0, 0, NULL, NULL },
	{ ROW_PROCESS_OPERATIONS, offsetof(struct disk_process, n_operations), 0, 0, NULL, NULL },
	{ ROW_PROCESS_LATENCY, offsetof(struct disk_process, done.latency), 1, 0, NULL, NULL },
	{ ROW_PROCESS_QUEUE_TIME, offsetof(struct disk_process, done.queue), 1, 0, NULL, NULL },
};

static const struct table_row files_rows[] = {
	{ ROW_DIRTIED, offsetof(struct disk_files, n_dirtied_bytes), 0, 0, NULL, NULL },
	{ ROW_CACHE_REQUESTED, offsetof(struct disk_files, n_requested), 0, 0, NULL, NULL },
	{ ROW_CACHE_ADDED, offsetof(struct disk_files, n_added), 0, 0, NULL, NULL },
	{ ROW_CACHE_FAULTS, offsetof(struct disk_files, n_faults), 0, 0, NULL, NULL },
	{ ROW_FSYNC, offsetof(struct disk_files, fsync), 1, 0, "call", "fsync" },
	{ ROW_FSYNC, offsetof(struct disk_files, fdatasync), 1, 0, "call", "fdatasync" },
};

static const struct kind of_devices = { device_rows, LIVE_COUNT_OF(device_rows), 0, 1 };
static const struct kind of_processes = { process_rows, LIVE_COUNT_OF(process_rows), 1, 1 };
static const struct kind of_files = { files_rows, LIVE_COUNT_OF(files_rows), 1, 0 };

/* Of a device that is left out, nothing is said. */
static void name_entry(const struct table *t, struct table_slot *s, struct disk_devices *d, const struct kind *kind,
                       const struct outbox *o)
{
	const unsigned char *at = s->key.bytes + (kind->has_process ? sizeof(uint32_t) : 0);
	const struct disk_device_entry *e = NULL;
	struct disk_device_key key = { 0 };
	char pid[16];

	if (kind->has_device) {
		memcpy(&key, at, sizeof(key));
		e = disk_device(d, key.device);
		s->is_silent = !e || e->is_left_out;
	}
	(void)snprintf(pid, sizeof(pid), "%u", s->key.tgid);
	if (!s->is_silent)
		table_name(t, s, o, kind->rows, kind->n_rows,
		           (const struct outbox_pair[]){ { "process.pid", kind->has_process ? pid : NULL },
		                                         { "device", e ? e->name : NULL },
		                                         { "direction", e ? disk_direction_name(key.op) : NULL } },
		           3);
}

static void tell(struct table *t, struct table_slot *s, const struct kind *kind, struct disk_devices *d, struct live *l,
                 uint64_t interval)
{
	if (!s->is_silent && table_lacks_name(t, s, kind->rows, kind->n_rows))
		name_entry(t, s, d, kind, &l->outbox);
	if (!s->is_silent)
		table_tell(t, s, kind->rows, kind->n_rows, &l->outbox, interval);
}

typedef void share_one(struct disk_shares *s, struct disk_device_key key, const struct disk_device *done);

/* Of the process's entry whose copies the table has at hand. */
static void share(struct disk_kernel *k, const struct table_slot *s, share_one *one)
{
	const struct table *t = &k->processes;
	struct disk_device_key key;
	struct disk_process p;

	memcpy(&key, s->key.bytes + offsetof(struct disk_process_key, device), sizeof(key));
	for (unsigned i = 0; i < t->n_copies; i++) {
		memcpy(&p, t->values + i * t->n_value, sizeof(p));
		one(&k->shares, key, &p.done);
	}
}

static void poll_processes(struct disk_kernel *k, struct disk_devices *d, struct live *l, uint64_t interval)
{
	struct table_slot *s;

	disk_shares_begin(&k->shares);
	for (table_begin(&k->processes); (s = table_next(&k->processes));) {
		share(k, s, disk_shares_add);
		tell(&k->processes, s, &of_processes, d, l, interval);
	}
	table_tell_fill(&k->processes, l);
}

/* A device that has worked for processes only has no entry yet. Its share is not lost when there is no room, but nobody
 * is told of it. */
static void place_shares(struct disk_kernel *k)
{
	char *none = k->devices.values;

	k->n_unplaced = k->shares.n_unplaced;
	memset(none, 0, (size_t)k->devices.n_copies * k->devices.n_value);
	for (uint32_t i = 0; i < k->shares.n; i++) {
		struct disk_share *share = &k->shares.at[i];

		if (!share->has_entry)
			share->has_entry = bpf_map_update_elem(k->devices.map, &share->key, none, BPF_NOEXIST) == 0 ||
			                   errno == EEXIST;
		if (!share->has_entry)
			k->n_unplaced += share->all.n_operations;
	}
}

static void poll_devices(struct disk_kernel *k, struct disk_devices *d, struct live *l, uint64_t interval)
{
	struct table *t = &k->devices;
	struct table_slot *s;

	place_shares(k);
	for (table_begin(t); (s = table_next(t));) {
		char *last = t->values + (t->n_copies - 1) * t->n_value;
		const struct disk_share *share;
		struct disk_device_key key;

		memcpy(&key, s->key.bytes, sizeof(key));
		share = disk_shares_of(&k->shares, key);
		memset(last, 0, t->n_value);
		if (share)
			memcpy(last, &share->all, sizeof(share->all));
		tell(t, s, &of_devices, d, l, interval);
	}
	table_tell_fill(t, l);
}

static void poll_files(struct disk_kernel *k, struct live *l, uint64_t interval)
{
	struct table_slot *s;

	for (table_begin(&k->files); (s = table_next(&k->files));)
		tell(&k->files, s, &of_files, NULL, l, interval);
	table_tell_fill(&k->files, l);
}

/* What its entries held at last stays the devices'. */
static void forget_process(struct disk_kernel *k, uint32_t tgid)
{
	struct table *t = &k->processes;

	for (uint32_t i = 0; i < t->n_seen; i++) {
		if (!t->slots[i].is_used || t->slots[i].key.tgid != tgid)
			continue;
		table_forget(t, &t->slots[i]);
		share(k, &t->slots[i], disk_shares_keep);
	}
	table_forget_process(&k->files, tgid);
}

void disk_kernel_poll(struct disk_kernel *k, struct disk_devices *d, struct live *l)
{
	uint64_t interval = k->data->interval++;
	uint32_t n;

	probes_look(&k->probes, l);
	poll_processes(k, d, l, interval);
	poll_devices(k, d, l, interval);
	poll_files(k, l, interval);
	n = probes_let_go(&k->probes, k->ended);
	for (uint32_t i = 0; i < n; i++)
		forget_process(k, k->ended[i]);
	for (unsigned i = 0; i < DISK_LOST_COUNT; i++)
		gauge_lost(&l->gauge, &l->outbox, losses[i],
		           k->bss->lost[i] + (i == DISK_LOST_DEVICES ? k->n_unplaced : 0));
	gauge_lost(&l->gauge, &l->outbox, "disk.targets_full", k->bss->lost_targets);
	gauge_fill(&l->gauge, &l->outbox, "targets", k->probes.n_targets, TARGETS_MAX);
}
