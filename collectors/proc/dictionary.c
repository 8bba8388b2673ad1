/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/proc/proc.h"

#include "bpf/rows.h"

#define COUNTER(n, u, b, w, h) ROWS_COUNTER(n, u, b, h, w)
#define GAUGE(n, u, b, w, h)   ROWS_GAUGE(n, u, b, h, w)

const struct weir_metric proc_metrics[ROW_COUNT] = {
	[ROW_CPU] = COUNTER("process.cpu.time", "ns", "CPU time", -1,
	                    "CPU time of the process and all that came from it, by state: user and system. The kernel "
	                    "says it in steps of a clock tick."),
	[ROW_MEMORY] = GAUGE("process.memory.usage", "By", "RSS", -1,
	                     "Resident memory of the process tree; pages that several share count once for each."),
	[ROW_MEMORY_MAX] = GAUGE("process.memory.usage.max", "By", "largest RSS", -1,
	                         "The most resident memory that any one process of the tree has had."),
	[ROW_VIRTUAL] = GAUGE("process.memory.virtual", "By", "address space", 0, "Address space of the process tree."),
	[ROW_SWAP] = GAUGE("process.memory.swap", "By", "swapped", -1, "Memory of the process tree that is in swap."),
	[ROW_FAULTS] = COUNTER("process.paging.faults", "{fault}", "page faults", -1,
	                       "Page faults of the process tree; major ones read from storage."),
	[ROW_SWITCHES] =
		COUNTER("process.context_switches", "{context_switch}", "context switches", -1,
	                "Context switches of the process tree: voluntary ones wait, involuntary ones were due. "
	                "Those of a thread after the last look at it are missing."),
	[ROW_DISK] = COUNTER("process.disk.io", "By", "disk IO", 0,
	                     "Bytes that the process tree caused to be read from storage, and pages that it dirtied."),
	[ROW_CANCELLED] = COUNTER("process.disk.cancelled", "By", "not written", 0,
	                          "Bytes that the process tree dirtied and that were gone before they were written."),
	[ROW_CALLS] = COUNTER("process.file.io", "By", "read and written", 0,
	                      "Bytes that read and write calls of the process tree moved, whatever they went through."),
	[ROW_PROCESSES] = GAUGE("process.count", "{process}", "processes", 0, "Processes of the tree."),
	[ROW_THREADS] = GAUGE("process.thread.count", "{thread}", "OS threads", 0, "Threads of the process tree."),
	[ROW_DESCRIPTORS] = GAUGE("process.open_file_descriptor.count", "{count}", "open files", 0,
	                          "Open file descriptors of the process tree."),
	[ROW_SOCKETS] = GAUGE("process.socket.count", "{socket}", "sockets", 0, "Descriptors of sockets, of the tree."),
	[ROW_SYSTEM_CPU] = COUNTER("system.cpu.time", "ns", "machine's CPU time", 0,
	                           "Time of all cores of the machine, by state."),
	[ROW_SYSTEM_MEMORY] = GAUGE("system.memory.usage", "By", "machine's memory", 0,
	                            "Memory of the machine, by state. Available is what could be had without swapping, "
	                            "and overlaps with the others."),
	[ROW_SYSTEM_SWAP] = GAUGE("system.paging.usage", "By", "machine's swap", 0, "Swap of the machine, by state."),
	[ROW_SYSTEM_SWITCHES] = COUNTER("system.context_switches", "{context_switch}", "machine's switches", 0,
	                                "Context switches of the machine."),
	[ROW_SYSTEM_DISK] =
		COUNTER("system.disk.io", "By", "device bytes", 0,
	                "Bytes that a block device of the machine read and wrote; partitions are left out."),
	[ROW_SYSTEM_OPERATIONS] = COUNTER("system.disk.operations", "{operation}", "device operations", 0,
	                                  "Operations that a block device of the machine has ended."),
	[ROW_SYSTEM_OPERATION_TIME] =
		COUNTER("system.disk.operation_time", "ns", "device waits", -1,
	                "Sum of the times that operations of a block device took, queues included."),
	[ROW_SYSTEM_DISK_TIME] = COUNTER("system.disk.io_time", "ns", "device busy", -1,
	                                 "Time during which a block device had anything to do."),
	[ROW_SYSTEM_NETWORK] = COUNTER("system.network.io", "By", "interface bytes", 0,
	                               "Bytes that a network interface of the machine received and sent."),
	[ROW_SYSTEM_PACKETS] = COUNTER("system.network.packets", "{packet}", "interface packets", 0,
	                               "Packets that a network interface of the machine received and sent."),
	[ROW_SYSTEM_ERRORS] = COUNTER("system.network.errors", "{error}", "interface errors", -1,
	                              "Errors of a network interface of the machine."),
	[ROW_SYSTEM_DROPPED] = COUNTER("system.network.dropped", "{packet}", "interface drops", -1,
	                               "Packets that a network interface of the machine dropped."),
	[ROW_SYSTEM_PRESSURE] = COUNTER("system.pressure", "ns", "stalled", -1,
	                                "Time during which some or all tasks of the machine waited for a resource."),
	[ROW_SKEW] = ROWS_SKEW,
};
