/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/disk.h"
#include "disk.h"
#include "parsers/procfs.h"

enum {
	PATH_BYTES = 128,
	TEXT_BYTES = 512,
	SECTOR_BYTES = 512, /* of /sys/block/X/stat, whatever the device's own */
};

/* The columns of /sys/block/X/stat (Documentation/block/stat.rst): of each direction these, from its first on. */
enum {
	STAT_IOS = 0,
	STAT_MERGES,
	STAT_SECTORS,
	STAT_COLUMNS = 17,
	STAT_COLUMNS_MIN = 11, /* without discards (4.18) and flushes (5.5) */
	IN_FLIGHT = 2,         /* reads and writes */
};

static const struct {
	uint32_t op;
	unsigned column, n_columns;
} stats[DISK_DIRECTIONS] = {
	[DISK_READ] = { DISK_OP_READ, 0, 3 },
	[DISK_WRITE] = { DISK_OP_WRITE, 4, 3 },
	[DISK_DISCARD] = { DISK_OP_DISCARD, 11, 3 },
	[DISK_FLUSH] = { DISK_OP_FLUSH, 15, 1 },
};

const char *disk_direction_name(uint32_t op)
{
	static const char *const names[] = { [DISK_OP_READ] = "read",
		                             [DISK_OP_WRITE] = "write",
		                             [DISK_OP_FLUSH] = "flush",
		                             [DISK_OP_DISCARD] = "discard" };

	return op < sizeof(names) / sizeof(names[0]) ? names[op] : "other";
}

static int has_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		(void)closedir(dir);
	return n > 0;
}

/* A device above others: what it does, they do too. */
static int is_stacked(uint32_t device)
{
	char path[PATH_BYTES];
	uint32_t major = device >> DISK_MINOR_BITS, minor = device & ((1U << DISK_MINOR_BITS) - 1);

	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/slaves", major, minor);
	if (has_entries(path))
		return 1;
	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/loop/backing_file", major, minor);
	return access(path, F_OK) == 0;
}

static int read_name(uint32_t device, char ret[DISK_NAME_MAX])
{
	char path[PATH_BYTES], text[TEXT_BYTES];
	const char *at;

	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/uevent", device >> DISK_MINOR_BITS,
	               device & ((1U << DISK_MINOR_BITS) - 1));
	if (family_read(path, text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, "DEVNAME=");
	if (!at)
		return -1;
	at += strlen("DEVNAME=");
	(void)snprintf(ret, DISK_NAME_MAX, "%.*s", (int)strcspn(at, "\n"), at);
	return 0;
}

const struct disk_device_entry *disk_device(struct disk_devices *d, uint32_t device)
{
	struct disk_device_entry *entry;

	for (uint32_t i = 0; i < d->n; i++)
		if (d->at[i].device == device)
			return &d->at[i];
	d->n_left_out += device && d->n == DISK_TABLE_MAX;
	if (!device || d->n == DISK_TABLE_MAX)
		return NULL;
	entry = &d->at[d->n];
	*entry = (struct disk_device_entry){ .device = device };
	if (read_name(device, entry->name) < 0)
		return NULL;
	entry->is_left_out = !d->has_all && is_stacked(device);
	d->n++;
	return entry;
}

void disk_devices_init(struct disk_devices *d, int has_all)
{
	DIR *block = opendir("/sys/block");
	struct dirent *entry;

	d->n = 0;
	d->has_all = has_all != 0;
	while (block && (entry = readdir(block))) {
		char path[PATH_BYTES], text[TEXT_BYTES];
		unsigned major, minor;

		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= DISK_NAME_MAX)
			continue;
		(void)snprintf(path, sizeof(path), "/sys/block/%.31s/dev", entry->d_name);
		if (family_read(path, text, sizeof(text)) > 0 && sscanf(text, "%u:%u", &major, &minor) == 2)
			(void)disk_device(d, major << DISK_MINOR_BITS | minor);
	}
	if (block)
		(void)closedir(block);
}

static uint32_t series_of(const struct outbox *o, uint32_t row, const char *device, uint32_t direction)
{
	const struct outbox_pair pairs[] = { { "device", device },
		                             { "direction", disk_direction_name(stats[direction].op) } };

	return outbox_series(o, row, pairs, 2);
}

static void declare(struct disk_device_entry *e, const struct outbox *o)
{
	for (uint32_t i = 0; i < DISK_DIRECTIONS; i++) {
		e->operations[i] = series_of(o, ROW_SYSTEM_OPERATIONS, e->name, i);
		if (stats[i].n_columns < 3)
			continue;
		e->merged[i] = series_of(o, ROW_SYSTEM_MERGED, e->name, i);
		e->io[i] = series_of(o, ROW_SYSTEM_IO, e->name, i);
	}
	for (uint32_t i = 0; i < IN_FLIGHT; i++)
		e->depth[i] = series_of(o, ROW_QUEUE_DEPTH, e->name, i);
}

static int poll_stat(struct kept *files, struct disk_device_entry *e, struct outbox *o)
{
	char path[PATH_BYTES], text[TEXT_BYTES];
	uint64_t numbers[STAT_COLUMNS];
	unsigned n_columns;
	long n;

	(void)snprintf(path, sizeof(path), "/sys/block/%s/stat", e->name);
	n = kept_read(files, path, text, sizeof(text));
	n_columns = n < 0 ? 0 : procfs_numbers(text, (size_t)n, numbers, STAT_COLUMNS);
	if (n_columns < STAT_COLUMNS_MIN)
		return -1;
	/* One that was never used says nothing. */
	if (!numbers[stats[DISK_READ].column] && !numbers[stats[DISK_WRITE].column])
		return -1;
	if (!e->operations[0])
		declare(e, o);
	for (uint32_t i = 0; i < DISK_DIRECTIONS; i++) {
		const uint64_t *at = numbers + stats[i].column;

		if (stats[i].column + stats[i].n_columns > n_columns)
			break;
		outbox_count(o, e->operations[i], at[STAT_IOS]);
		if (stats[i].n_columns < 3)
			continue;
		outbox_count(o, e->merged[i], at[STAT_MERGES]);
		outbox_count(o, e->io[i], at[STAT_SECTORS] * SECTOR_BYTES);
	}
	return 0;
}

static void poll_depth(struct kept *files, const struct disk_device_entry *e, struct outbox *o)
{
	char path[PATH_BYTES], text[TEXT_BYTES];
	uint64_t numbers[IN_FLIGHT];
	long n;

	(void)snprintf(path, sizeof(path), "/sys/block/%s/inflight", e->name);
	n = kept_read(files, path, text, sizeof(text));
	if (n < 0 || procfs_numbers(text, (size_t)n, numbers, IN_FLIGHT) != IN_FLIGHT)
		return;
	for (uint32_t i = 0; i < IN_FLIGHT; i++)
		outbox_count(o, e->depth[i], numbers[i]);
}

void disk_devices_poll(struct disk_devices *d, struct outbox *o)
{
	if (d->n_left_out && !d->has_complained)
		live_say(o->host, WEIR_WARNING, "disk.table_full", "more block devices than are looked at");
	d->has_complained = d->n_left_out > 0;
	for (uint32_t i = 0; i < d->n; i++)
		if (!d->at[i].is_left_out && poll_stat(&d->files, &d->at[i], o) == 0)
			poll_depth(&d->files, &d->at[i], o);
}
