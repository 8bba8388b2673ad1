/* SPDX-License-Identifier: Apache-2.0 */
/* Disk IO of a process, of all that descend from it, and of the devices under it.
 *
 * On its best rung, eBPF, it counts and times requests where they are submitted and completed. What the kernel counts
 * anyway stands beside it under names of its own, so that the two can be compared: devices' /sys/block/X/stat and
 * processes' /proc/PID/io. The lowest rung is these alone. Without a process it measures the devices only.
 */
#include <errno.h>
#include <stdlib.h>
#include <weir/fail.h>

#include "bpf/rows.h"
#include "disk.h"

static const struct weir_metric metrics[ROW_COUNT] = {
	[ROW_IO] = ROWS_COUNTER("disk.io", "By", "disk bytes",
	                        "Bytes that requests of anybody moved, as they completed.", -1),
	[ROW_OPERATIONS] = ROWS_COUNTER("disk.operations", "{operation}", "disk operations",
	                                "Requests of anybody that completed.", -1),
	[ROW_LATENCY] = ROWS_TIMES("disk.latency", "device time", "From the issue of a request to its completion.", -1),
	[ROW_QUEUE_TIME] = ROWS_TIMES("disk.queue_time", "queue time", "From the start of a request to its issue.", -1),
	[ROW_REQUEUES] = ROWS_COUNTER("disk.requeues", "{requeue}", "requeues",
	                              "Requests that the device could not take and that were queued again.", -1),
	[ROW_QUEUE_DEPTH] = ROWS_GAUGE("disk.queue_depth", "{operation}", "queue depth",
	                               "Requests in flight, at the time of the sample.", -1),
	[ROW_PROCESS_IO] =
		ROWS_COUNTER("process.disk.io", "By", "disk IO",
	                     "Bytes of requests that the process submitted itself; with the rung procfs as the "
	                     "kernel accounts them.",
	                     -1),
	[ROW_PROCESS_OPERATIONS] = ROWS_COUNTER("process.disk.operations", "{operation}", "disk operations",
	                                        "Requests that the process submitted itself.", -1),
	[ROW_PROCESS_LATENCY] = ROWS_TIMES("process.disk.latency", "device time of own IO",
	                                   "From the issue of a request of the process to its completion.", -1),
	[ROW_PROCESS_QUEUE_TIME] = ROWS_TIMES("process.disk.queue_time", "queue time of own IO",
	                                      "From the start of a request of the process to its issue.", -1),
	[ROW_FSYNC] = ROWS_TIMES("fsync.latency", "fsync", "How long fsync and fdatasync took.", -1),
	[ROW_DIRTIED] =
		ROWS_COUNTER("process.disk.dirtied", "By", "bytes dirtied",
	                     "Page cache that the process made dirty, to be written by whoever writes it back.", -1),
	[ROW_CACHE_REQUESTED] = ROWS_COUNTER("process.page_cache.requested", "{page}", "pages requested",
	                                     "Pages that reads of the process asked the page cache for.", 0),
	[ROW_CACHE_ADDED] =
		ROWS_COUNTER("process.page_cache.added", "{page}", "pages added",
	                     "Pages that the process brought into the page cache, reading ahead among them.", -1),
	[ROW_CACHE_FAULTS] = ROWS_COUNTER("process.page_cache.faults", "{fault}", "mapped file faults",
	                                  "Faults on mapped files beyond what a neighbour's fault had mapped.", -1),
	[ROW_ACCOUNTED] = ROWS_COUNTER(
		"process.disk.io.accounted", "By", "accounted disk IO",
		"What /proc/PID/io says: read from storage, made dirty, and dropped before it was written.", -1),
	[ROW_SYSTEM_IO] =
		ROWS_COUNTER("system.disk.io", "By", "disk bytes, kernel's", "What /sys/block/X/stat says.", -1),
	[ROW_SYSTEM_OPERATIONS] = ROWS_COUNTER("system.disk.operations", "{operation}", "disk operations, kernel's",
	                                       "What /sys/block/X/stat says.", -1),
	[ROW_SYSTEM_MERGED] = ROWS_COUNTER("system.disk.merged", "{operation}", "merged operations",
	                                   "Operations that became part of a neighbour's request.", 0),
	[ROW_LOST] = ROWS_LOST,
	[ROW_MAP_FILL] = ROWS_MAP_FILL,
	[ROW_SKEW] = ROWS_SKEW,
};

enum {
	OPTION_STACKED,
	OPTION_SYNC,
	OPTION_RUNG,
	OPTION_COUNT,
};

static const struct weir_option options[OPTION_COUNT] = {
	[OPTION_STACKED] = { .name = "stacked",
	                     .fallback = "false",
	                     .help = "also devices above others (loop, dm, md), whose IO is seen twice then",
	                     .type = WEIR_OPTION_BOOL },
	[OPTION_SYNC] = { .name = "sync",
	                  .fallback = "auto",
	                  .choices = "auto|calls",
	                  .help = "auto: where all file systems are ext4, its own hooks; calls: system calls, on any",
	                  .type = WEIR_OPTION_CHOICE },
	[OPTION_RUNG] = ROWS_RUNG("best|procfs", "procfs: no eBPF even where it can be had"),
};

struct weir_instance {
	struct live live;
	struct disk_kernel *kernel; /* NULL: the lowest rung */
	struct disk_devices devices;
	struct disk_account account;
};

static int take_kernel(struct weir_instance *i, char why[LIVE_WHY_MAX])
{
	return disk_kernel_open(&i->live, live_is_chosen(i->live.host, OPTION_SYNC, "calls"), &i->kernel, why);
}

static const struct live_step ladder[] = {
	{ { "tp_btf", "BTF tracepoints of the block layer, the page cache and ext4", "",
	    "run weir as root or with CAP_BPF and CAP_PERFMON", "a kernel with CONFIG_DEBUG_INFO_BTF" },
	  take_kernel },
	{ { "procfs", "/proc/PID/io and /sys/block/X/stat",
	    "latency, queue time, fsync, page cache, the device of a process's IO; writes are counted when made dirty",
	    "", "" },
	  NULL },
};

static void disk_close(struct weir_instance *i)
{
	if (!i)
		return;
	disk_kernel_close(i->kernel);
	kept_close(&i->devices.files);
	kept_close(&i->account.files);
	free(i);
}

static int disk_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));
	union weir_value stacked = { .i64 = 0 };
	int r;

	*ret = i;
	if (!i)
		return weir_fail(reterr, -ENOMEM, "disk: no memory");
	i->live.gauge = (struct gauge){ .row_lost = ROW_LOST, .row_fill = ROW_MAP_FILL, .row_skew = ROW_SKEW };
	r = live_open(&i->live, h, "disk", reterr);
	if (r < 0)
		return r;
	(void)h->option(h, OPTION_STACKED, &stacked);
	disk_devices_init(&i->devices, stacked.i64 != 0);
	return live_climb(&i->live, i, ladder, LIVE_COUNT_OF(ladder), OPTION_RUNG);
}

static int disk_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct live *l = &i->live;

	live_begin(l, now_ns);
	if (i->kernel)
		disk_kernel_poll(i->kernel, &i->devices, l);
	disk_devices_poll(&i->devices, &l->outbox);
	if (l->has_target)
		disk_account_poll(&i->account, l, i->kernel ? ROW_ACCOUNTED : ROW_PROCESS_IO);
	return live_end(l, reterr);
}

const struct weir_collector weir_collector =
	LIVE_COLLECTOR("disk", "disk IO of a running process and of the devices under it", metrics, options, disk_open,
                       disk_poll, disk_close, NULL);
