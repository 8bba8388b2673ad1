/* SPDX-License-Identifier: Apache-2.0 */
/* The machine that the tree runs on. */
#include "collectors/proc/proc.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	SECTOR_BYTES = 512, /* of /proc/diskstats, whatever the device's are */
	NS_PER_MS = 1000000,
	NS_PER_US = 1000,
};

static const char *const cpu_states[CPU_STATES] = {
	"user", "nice", "system", "idle", "iowait", "interrupt", "softirq", "steal",
};
static const char *const pressure_files[] = { "cpu", "io", "memory" };

struct labelled {
	const char *label, *state;
};

static const struct labelled memory_states[MEMORY_STATES] = {
	{ "MemTotal:", "total" },  { "MemFree:", "free" },  { "MemAvailable:", "available" },
	{ "Buffers:", "buffers" }, { "Cached:", "cached" }, { "Dirty:", "dirty" },
};
static const struct labelled swap_states[SWAP_STATES] = { { "SwapTotal:", "total" }, { "SwapFree:", "free" } };

/* One number of a device's line. */
struct column {
	uint32_t place;
	enum row row;
	const char *direction;
	uint64_t factor;
};

/* Documentation/admin-guide/iostats.rst, counted from the device's numbers on. */
static const struct column disk_columns[] = {
	{ 0, ROW_SYSTEM_OPERATIONS, "read", 1 },
	{ 2, ROW_SYSTEM_DISK, "read", SECTOR_BYTES },
	{ 3, ROW_SYSTEM_OPERATION_TIME, "read", NS_PER_MS },
	{ 4, ROW_SYSTEM_OPERATIONS, "write", 1 },
	{ 6, ROW_SYSTEM_DISK, "write", SECTOR_BYTES },
	{ 7, ROW_SYSTEM_OPERATION_TIME, "write", NS_PER_MS },
	{ 9, ROW_SYSTEM_DISK_TIME, NULL, NS_PER_MS },
};
enum {
	DISK_COLUMNS = sizeof(disk_columns) / sizeof(disk_columns[0]),
	DISK_NUMBERS = 11, /* since Linux 2.6 */
};

/* The head of /proc/net/dev. */
static const struct column interface_columns[] = {
	{ 0, ROW_SYSTEM_NETWORK, "receive", 1 },  { 1, ROW_SYSTEM_PACKETS, "receive", 1 },
	{ 2, ROW_SYSTEM_ERRORS, "receive", 1 },   { 3, ROW_SYSTEM_DROPPED, "receive", 1 },
	{ 8, ROW_SYSTEM_NETWORK, "transmit", 1 }, { 9, ROW_SYSTEM_PACKETS, "transmit", 1 },
	{ 10, ROW_SYSTEM_ERRORS, "transmit", 1 }, { 11, ROW_SYSTEM_DROPPED, "transmit", 1 },
};
enum {
	INTERFACE_COLUMNS = sizeof(interface_columns) / sizeof(interface_columns[0]),
	INTERFACE_NUMBERS = 16,
};

_Static_assert((int)DISK_COLUMNS <= (int)DEVICE_SERIES, "series of a disk");
_Static_assert((int)INTERFACE_COLUMNS <= (int)DEVICE_SERIES, "series of an interface");

static const struct outbox_pair none;

void machine_open(struct machine *m, struct outbox *o, int64_t tick_ns)
{
	m->tick_ns = tick_ns;
	for (int i = 0; i < CPU_STATES; i++)
		m->cpu[i] = proc_series(o, ROW_SYSTEM_CPU, (struct outbox_pair){ "state", cpu_states[i] }, none);
	for (int i = 0; i < MEMORY_STATES; i++)
		m->memory[i] = proc_series(o, ROW_SYSTEM_MEMORY,
		                           (struct outbox_pair){ "state", memory_states[i].state }, none);
	for (int i = 0; i < SWAP_STATES; i++)
		m->swap[i] =
			proc_series(o, ROW_SYSTEM_SWAP, (struct outbox_pair){ "state", swap_states[i].state }, none);
	for (int i = 0; i < PRESSURES; i++)
		m->pressure[i] =
			proc_series(o, ROW_SYSTEM_PRESSURE, (struct outbox_pair){ "resource", pressure_files[i / 2] },
		                    (struct outbox_pair){ "share", i % 2 ? "full" : "some" });
	m->switches = proc_series(o, ROW_SYSTEM_SWITCHES, none, none);
}

static uint64_t times(uint64_t value, uint64_t factor)
{
	uint64_t product;

	return __builtin_mul_overflow(value, factor, &product) ? UINT64_MAX : product;
}

/* The device's place, made when it is new; NULL: there is no room for it. */
static struct device *device_of(struct devices *all, const char *name, size_t n_name, const struct column *columns,
                                uint32_t n, struct outbox *o)
{
	struct device *d = all->at;

	while (d < all->at + all->n && (strncmp(d->name, name, n_name) != 0 || d->name[n_name]))
		d++;
	if (d < all->at + all->n)
		return d;
	if (all->n == DEVICES_MAX || n_name >= DEVICE_NAME_MAX) {
		all->n_overlooked++;
		return NULL;
	}
	all->n++;
	memcpy(d->name, name, n_name);
	d->name[n_name] = '\0';
	for (uint32_t i = 0; i < n; i++)
		d->series[i] = proc_series(
			o, columns[i].row, (struct outbox_pair){ "device", d->name },
			(struct outbox_pair){ columns[i].direction ? "direction" : NULL, columns[i].direction });
	return d;
}

static void add_columns(const struct device *d, const uint64_t *numbers, const struct column *columns, uint32_t n,
                        struct outbox *o)
{
	for (uint32_t i = 0; i < n; i++)
		outbox_count(o, d->series[i], times(numbers[columns[i].place], columns[i].factor));
}

/* A partition's bytes are its disk's too; one that nobody ever read or wrote (a loop device that is free) is noise. */
static int is_disk(const char *name, size_t n_name, const uint64_t *numbers)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/sys/block/%.*s", (int)n_name, name);
	return (numbers[0] || numbers[4]) && n_name < DEVICE_NAME_MAX && access(path, F_OK) == 0;
}

static void look_at_disks(struct machine *m, struct outbox *o, struct text *room)
{
	uint64_t numbers[DISK_NUMBERS];
	const struct device *d;
	const char *name;
	size_t n_name;

	if (text_read(room, "/proc/diskstats") < 0)
		return;
	for (const char *line = room->at; line; line = text_next_line(line)) {
		name = line + strspn(line, " 0123456789");
		n_name = strcspn(name, " \n");
		if (name[n_name] != ' ' || text_numbers(name + n_name, numbers, DISK_NUMBERS) < DISK_NUMBERS ||
		    !is_disk(name, n_name, numbers))
			continue;
		d = device_of(&m->disks, name, n_name, disk_columns, DISK_COLUMNS, o);
		if (d)
			add_columns(d, numbers, disk_columns, DISK_COLUMNS, o);
	}
}

static void look_at_interfaces(struct machine *m, struct outbox *o, struct text *room)
{
	uint64_t numbers[INTERFACE_NUMBERS];
	const struct device *d;
	const char *name, *colon;

	if (text_read(room, "/proc/net/dev") < 0)
		return;
	for (const char *line = room->at; line; line = text_next_line(line)) {
		name = line + strspn(line, " ");
		colon = name + strcspn(name, ":\n");
		if (*colon != ':' || text_numbers(colon + 1, numbers, INTERFACE_NUMBERS) < INTERFACE_NUMBERS)
			continue;
		d = device_of(&m->interfaces, name, (size_t)(colon - name), interface_columns, INTERFACE_COLUMNS, o);
		if (d)
			add_columns(d, numbers, interface_columns, INTERFACE_COLUMNS, o);
	}
}

static void look_at_cores(struct machine *m, struct outbox *o, struct text *room)
{
	uint64_t numbers[CPU_STATES], n_switches;
	uint32_t n;

	if (text_read(room, "/proc/stat") < 0 || strncmp(room->at, "cpu ", 4) != 0)
		return;
	n = text_numbers(room->at + 4, numbers, CPU_STATES);
	for (uint32_t i = 0; i < n; i++)
		outbox_count(o, m->cpu[i], times(numbers[i], (uint64_t)m->tick_ns));
	if (text_labelled(room, "ctxt ", &n_switches))
		outbox_count(o, m->switches, n_switches);
}

static void look_at_memory(struct machine *m, struct outbox *o, struct text *room)
{
	uint64_t n;

	if (text_read(room, "/proc/meminfo") < 0)
		return;
	for (int i = 0; i < MEMORY_STATES; i++)
		if (text_labelled(room, memory_states[i].label, &n))
			outbox_count(o, m->memory[i], n);
	for (int i = 0; i < SWAP_STATES; i++)
		if (text_labelled(room, swap_states[i].label, &n))
			outbox_count(o, m->swap[i], n);
}

/* `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` */
static void look_at_pressure(struct machine *m, struct outbox *o, struct text *room, int i)
{
	const char *line, *total;
	uint64_t n;

	if (text_read(room, "/proc/pressure/%s", pressure_files[i / 2]) < 0)
		return;
	for (line = room->at; line; line = text_next_line(line))
		if (strncmp(line, i % 2 ? "full " : "some ", 5) == 0)
			break;
	total = line ? strstr(line, "total=") : NULL;
	if (total && text_numbers(total, &n, 1) == 1)
		outbox_count(o, m->pressure[i], times(n, NS_PER_US));
}

void machine_look(struct machine *m, struct outbox *o, struct text *room)
{
	look_at_cores(m, o, room);
	look_at_memory(m, o, room);
	look_at_disks(m, o, room);
	look_at_interfaces(m, o, room);
	for (int i = 0; i < PRESSURES; i++)
		look_at_pressure(m, o, room, i);
}
