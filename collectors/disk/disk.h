/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DISK_H
#define DISK_H

/* The parts of the disk collector. kernel.c measures through eBPF (no_kernel.c stands in for it where weir is built
 * without), account.c reads what the kernel accounts to processes anyway, devices.c knows devices and reads what the
 * kernel counts of them. The latter two are the lowest rung, and beside the highest its independent check. */

#include "bpf/kept.h"
#include "bpf/live.h"

enum disk_row {
	ROW_IO,
	ROW_OPERATIONS,
	ROW_LATENCY,
	ROW_QUEUE_TIME,
	ROW_REQUEUES,
	ROW_QUEUE_DEPTH,
	ROW_PROCESS_IO,
	ROW_PROCESS_OPERATIONS,
	ROW_PROCESS_LATENCY,
	ROW_PROCESS_QUEUE_TIME,
	ROW_FSYNC,
	ROW_DIRTIED,
	ROW_CACHE_REQUESTED,
	ROW_CACHE_ADDED,
	ROW_CACHE_FAULTS,
	ROW_ACCOUNTED,
	ROW_SYSTEM_IO,
	ROW_SYSTEM_OPERATIONS,
	ROW_SYSTEM_MERGED,
	ROW_LOST,
	ROW_MAP_FILL,
	ROW_SKEW,
	ROW_COUNT,
};

enum {
	DISK_NAME_MAX = 32, /* the kernel's DISK_NAME_LEN */
	DISK_TABLE_MAX = 256,
};

/* What /sys/block/X/stat tells apart. */
enum disk_direction {
	DISK_READ,
	DISK_WRITE,
	DISK_DISCARD,
	DISK_FLUSH, /* operations only */
	DISK_DIRECTIONS,
};

const char *disk_direction_name(uint32_t op); /* `read`, `write`, `flush`, `discard`, `other` */

/* ---- Devices ---- */

struct disk_device_entry {
	char name[DISK_NAME_MAX];
	uint32_t device;
	uint32_t is_left_out; /* its IO is seen again on the devices below it */
	uint32_t io[DISK_DIRECTIONS], operations[DISK_DIRECTIONS], merged[DISK_DIRECTIONS], depth[DISK_DIRECTIONS];
};

struct disk_devices {
	struct disk_device_entry at[DISK_TABLE_MAX];
	uint32_t n;
	uint32_t has_all;                    /* asked for stacked ones too */
	uint32_t n_left_out, has_complained; /* for want of room */
	struct kept files;
};

/* The whole disks that are there now. */
void disk_devices_init(struct disk_devices *d, int has_all);
/* By the kernel's number, looked up when it has come since; NULL: it cannot be told. Lives as long as d. */
const struct disk_device_entry *disk_device(struct disk_devices *d, uint32_t device);
void disk_devices_poll(struct disk_devices *d, struct outbox *o);

/* ---- What the kernel accounts to processes ---- */

struct disk_account {
	struct {
		int32_t pid;
		uint32_t series[3];
	} known[FAMILY_MAX];
	uint32_t is_denied;
	struct kept files;
};

/* row: ROW_ACCOUNTED beside another measure, ROW_PROCESS_IO where there is none. */
void disk_account_poll(struct disk_account *a, struct live *l, uint32_t row);

/* ---- eBPF ---- */

struct disk_kernel;

/* Loads and attaches. 0, or -errno, with why in plain words where there is more to say. */
int disk_kernel_open(struct live *l, int has_all_syncs, struct disk_kernel **ret, char why[LIVE_WHY_MAX]);
void disk_kernel_poll(struct disk_kernel *k, struct disk_devices *d, struct live *l);
void disk_kernel_close(struct disk_kernel *k); /* NULL is fine */

#endif
