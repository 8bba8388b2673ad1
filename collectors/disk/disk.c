/* SPDX-License-Identifier: Apache-2.0 */
/* Disk IO of a process, of all that descend from it, and of the devices under it.
 *
 * On its best rung, eBPF, it counts and times requests where they are submitted and completed. What the kernel counts
 * anyway stands beside it under names of its own, so that the two can be compared: devices' /sys/block/X/stat and
 * processes' /proc/PID/io. The lowest rung is these alone. Without a process it measures the devices only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

#include "bpf/live.h"
#include "disk.h"

#define NUMBER(n, u, b, h, k, t, w)                                                                                    \
	{                                                                                                              \
		.name = n, .unit = u, .brief = b, .help = h, .shape = WEIR_SHAPE_NUMBER, .kind = k, .type = t,         \
		.better = w, .range = WEIR_RANGE_FROM_ZERO                                                             \
	}
#define COUNTER(n, u, b, h, w) NUMBER(n, u, b, h, WEIR_KIND_COUNTER, WEIR_TYPE_I64, w)
#define TIMES(n, b, h)                                                                                                 \
	{                                                                                                              \
		.name = n, .unit = "ns", .brief = b, .help = h, .shape = WEIR_SHAPE_HISTOGRAM,                         \
		.kind = WEIR_KIND_GAUGE, .type = WEIR_TYPE_F64, .better = -1, .scale = WEIR_SCALE_LOG,                 \
		.range = WEIR_RANGE_FROM_ZERO                                                                          \
	}

static const struct weir_metric metrics[ROW_COUNT] = {
	[ROW_IO] =
		COUNTER("disk.io", "By", "disk bytes", "Bytes that requests of anybody moved, as they completed.", -1),
	[ROW_OPERATIONS] =
		COUNTER("disk.operations", "{operation}", "disk operations", "Requests of anybody that completed.", -1),
	[ROW_LATENCY] = TIMES("disk.latency", "device time", "From the issue of a request to its completion."),
	[ROW_QUEUE_TIME] = TIMES("disk.queue_time", "queue time", "From the start of a request to its issue."),
	[ROW_REQUEUES] = COUNTER("disk.requeues", "{requeue}", "requeues",
	                         "Requests that the device could not take and that were queued again.", -1),
	[ROW_QUEUE_DEPTH] =
		NUMBER("disk.queue_depth", "{operation}", "queue depth",
	               "Requests in flight, at the time of the sample.", WEIR_KIND_GAUGE, WEIR_TYPE_I64, -1),
	[ROW_PROCESS_IO] = COUNTER("process.disk.io", "By", "disk IO",
	                           "Bytes of requests that the process submitted itself; with the rung procfs as the "
	                           "kernel accounts them.",
	                           -1),
	[ROW_PROCESS_OPERATIONS] = COUNTER("process.disk.operations", "{operation}", "disk operations",
	                                   "Requests that the process submitted itself.", -1),
	[ROW_PROCESS_LATENCY] = TIMES("process.disk.latency", "device time of own IO",
	                              "From the issue of a request of the process to its completion."),
	[ROW_PROCESS_QUEUE_TIME] = TIMES("process.disk.queue_time", "queue time of own IO",
	                                 "From the start of a request of the process to its issue."),
	[ROW_FSYNC] = TIMES("fsync.latency", "fsync", "How long fsync and fdatasync took."),
	[ROW_DIRTIED] = COUNTER("process.disk.dirtied", "By", "bytes dirtied",
	                        "Page cache that the process made dirty, to be written by whoever writes it back.", -1),
	[ROW_CACHE_REQUESTED] = COUNTER("process.page_cache.requested", "{page}", "pages requested",
	                                "Pages that reads of the process asked the page cache for.", 0),
	[ROW_CACHE_ADDED] =
		COUNTER("process.page_cache.added", "{page}", "pages added",
	                "Pages that the process brought into the page cache, reading ahead among them.", -1),
	[ROW_CACHE_FAULTS] = COUNTER("process.page_cache.faults", "{fault}", "mapped file faults",
	                             "Faults on mapped files beyond what a neighbour's fault had mapped.", -1),
	[ROW_ACCOUNTED] = COUNTER(
		"process.disk.io.accounted", "By", "accounted disk IO",
		"What /proc/PID/io says: read from storage, made dirty, and dropped before it was written.", -1),
	[ROW_SYSTEM_IO] = COUNTER("system.disk.io", "By", "disk bytes, kernel's", "What /sys/block/X/stat says.", -1),
	[ROW_SYSTEM_OPERATIONS] = COUNTER("system.disk.operations", "{operation}", "disk operations, kernel's",
	                                  "What /sys/block/X/stat says.", -1),
	[ROW_SYSTEM_MERGED] = COUNTER("system.disk.merged", "{operation}", "merged operations",
	                              "Operations that became part of a neighbour's request.", 0),
	[ROW_LOST] = COUNTER("weir.lost", "{event}", "lost", "Events that found no room, by cause.", -1),
	[ROW_MAP_FILL] = { .name = "weir.map.fill",
	                   .unit = "1",
	                   .brief = "map fill",
	                   .help = "How full a map in the kernel is.",
	                   .shape = WEIR_SHAPE_NUMBER,
	                   .kind = WEIR_KIND_GAUGE,
	                   .type = WEIR_TYPE_F64,
	                   .better = -1,
	                   .range = WEIR_RANGE_ZERO_TO_ONE },
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
	[OPTION_RUNG] = { .name = "rung",
	                  .fallback = "best",
	                  .choices = "best|procfs",
	                  .help = "procfs: no eBPF even where it can be had",
	                  .type = WEIR_OPTION_CHOICE },
};

static const struct weir_claim claims[] = { { NULL, WEIR_CLAIM_LIVE, 0 } };

struct weir_instance {
	const struct weir_host *host;
	struct disk_kernel *kernel; /* NULL: the lowest rung */
	struct disk_devices devices;
	struct disk_account account;
	struct family family;
	struct outbox outbox;
	int64_t last_ns;
	int has_target;
};

static const struct live_rung rungs[] = {
	{ "tp_btf", "BTF tracepoints of the block layer, the page cache and ext4", "",
	  "run weir as root or with CAP_BPF and CAP_PERFMON, on a kernel with CONFIG_DEBUG_INFO_BTF" },
	{ "procfs", "/proc/PID/io and /sys/block/X/stat",
	  "latency, queue time, fsync, page cache, the device of a process's IO; writes are counted when made dirty",
	  "" },
};

static int is_chosen(const struct weir_host *h, uint32_t row, const char *choice)
{
	struct weir_text text;

	return h->option_text(h, row, &text) == 0 && text.n_bytes == strlen(choice) &&
	       memcmp(text.at, choice, text.n_bytes) == 0;
}

static int find_target(struct weir_instance *i, struct weir_error *reterr)
{
	int64_t pid = live_target(i->host);

	if (pid == 0)
		return 0;
	if (pid < 0 || family_init(&i->family, (int32_t)pid) < 0)
		return weir_fail(reterr, -ESRCH, "disk: process %lld: it isn't there", (long long)pid);
	i->has_target = 1;
	return 0;
}

static void climb(struct weir_instance *i)
{
	char why[DISK_WHY_MAX] = "the option rung=procfs asks for less";
	int is_best =
		!is_chosen(i->host, OPTION_RUNG, "procfs") &&
		disk_kernel_open(i->host, &i->family, is_chosen(i->host, OPTION_SYNC, "calls"), &i->kernel, why) == 0;

	live_tell_rung(i->host, &rungs[0], is_best, why);
	if (!is_best)
		live_tell_rung(i->host, &rungs[1], 1, "");
}

static void disk_close(struct weir_instance *i)
{
	if (!i)
		return;
	disk_kernel_close(i->kernel);
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
	i->host = h;
	i->outbox.host = h;
	i->account.family = &i->family;
	r = find_target(i, reterr);
	if (r < 0)
		return r;
	(void)h->option(h, OPTION_STACKED, &stacked);
	disk_devices_init(&i->devices, stacked.i64 != 0);
	climb(i);
	i->last_ns = h->now(h);
	return live_clock(h);
}

static int disk_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	int64_t duration_ns = now_ns > i->last_ns ? now_ns - i->last_ns : 0;
	uint32_t n_live = 1;
	int r;

	outbox_begin(&i->outbox, now_ns);
	if (i->kernel)
		disk_kernel_poll(i->kernel, &i->devices, &i->outbox, duration_ns);
	disk_devices_poll(&i->devices, &i->outbox);
	if (i->has_target)
		n_live = disk_account_poll(&i->account, &i->outbox, i->kernel ? ROW_ACCOUNTED : ROW_PROCESS_IO);
	i->last_ns = now_ns;
	r = outbox_end(&i->outbox);
	if (r < 0)
		return weir_fail(reterr, r, "disk: %s", strerror(-r));
	return n_live ? WEIR_AGAIN : WEIR_END;
}

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "disk",
	.version = "0.1.0",
	.summary = "disk IO of a running process and of the devices under it",
	.licence = "Apache-2.0",
	.metrics = metrics,
	.options = options,
	.claims = claims,
	.n_metrics = ROW_COUNT,
	.n_options = OPTION_COUNT,
	.n_claims = 1,
	.open = disk_open,
	.poll = disk_poll,
	.close = disk_close,
};
