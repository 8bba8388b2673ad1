/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROC_PROC_H
#define PROC_PROC_H

/* What the files of the collector share: rows of its dictionary, and one look's observations before they are handed
 * over. */

#include <weir/collector.h>

#include "bpf/outbox.h"
#include "collectors/proc/tree.h"

enum row {
	ROW_CPU,
	ROW_MEMORY,
	ROW_MEMORY_MAX,
	ROW_VIRTUAL,
	ROW_SWAP,
	ROW_FAULTS,
	ROW_SWITCHES,
	ROW_DISK,
	ROW_CANCELLED,
	ROW_CALLS,
	ROW_PROCESSES,
	ROW_THREADS,
	ROW_DESCRIPTORS,
	ROW_SOCKETS,
	ROW_SYSTEM_CPU,
	ROW_SYSTEM_MEMORY,
	ROW_SYSTEM_SWAP,
	ROW_SYSTEM_SWITCHES,
	ROW_SYSTEM_DISK,
	ROW_SYSTEM_OPERATIONS,
	ROW_SYSTEM_OPERATION_TIME,
	ROW_SYSTEM_DISK_TIME,
	ROW_SYSTEM_NETWORK,
	ROW_SYSTEM_PACKETS,
	ROW_SYSTEM_ERRORS,
	ROW_SYSTEM_DROPPED,
	ROW_SYSTEM_PRESSURE,
	ROW_SKEW,
	ROW_COUNT,
};

extern const struct weir_metric proc_metrics[ROW_COUNT];

enum {
	DEVICES_MAX = 64, /* disks, and as many interfaces; more are not measured, and that is said */
	DEVICE_NAME_MAX = 32,
	DEVICE_SERIES = 8,
};

/* A series with up to two attributes; one whose value is NULL is left out. */
uint32_t proc_series(const struct outbox *o, enum row row, struct outbox_pair first, struct outbox_pair second);

/* ---- The machine ---- */

struct device {
	char name[DEVICE_NAME_MAX];
	uint32_t series[DEVICE_SERIES];
};

struct devices {
	struct device at[DEVICES_MAX];
	uint32_t n;
	uint64_t n_overlooked;
};

enum {
	CPU_STATES = 8,
	MEMORY_STATES = 6,
	SWAP_STATES = 2,
	PRESSURES = 6,
};

struct machine {
	uint32_t cpu[CPU_STATES], memory[MEMORY_STATES], swap[SWAP_STATES], pressure[PRESSURES], switches;
	struct devices disks, interfaces;
	int64_t tick_ns;
};

void machine_open(struct machine *m, struct outbox *o, int64_t tick_ns);
void machine_look(struct machine *m, struct outbox *o, struct text *room);

#endif
