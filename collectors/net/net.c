/* SPDX-License-Identifier: Apache-2.0 */
/* Network traffic of a process and of all that descend from it: TCP, UDP and Unix sockets, by process and by
 * connection.
 *
 * On its best rung, eBPF, it counts calls that moved bytes and follows TCP connections. Beside it stands what TCP
 * itself counts for each connection (tcp_info) and what the kernel counts in the target's network namespace, under
 * names of their own. The lowest rung is the namespace alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <weir/fail.h>

#include "bpf/rows.h"
#include "net.h"

static const struct weir_metric metrics[ROW_COUNT] = {
	[ROW_PROCESS_IO] = ROWS_COUNTER("process.network.io", "By", "network IO",
	                                "Bytes that socket calls of the process moved.", 0),
	[ROW_PROCESS_CALLS] = ROWS_COUNTER("process.network.calls", "{call}", "socket calls",
	                                   "Socket calls of the process that moved bytes.", 0),
	[ROW_CONNECTION_IO] =
		ROWS_COUNTER("connection.io", "By", "connection IO", "Bytes that calls on this socket moved.", 0),
	[ROW_CONNECTION_CALLS] =
		ROWS_COUNTER("connection.calls", "{call}", "calls", "Calls on this socket that moved bytes.", 0),
	[ROW_CONNECTION] = { .name = "tcp.connection",
	                     .unit = "By",
	                     .brief = "connection",
	                     .help = "The life of a TCP connection of the process, from established or first seen to "
	                             "closed; its value: bytes moved.",
	                     .shape = WEIR_SHAPE_SPAN,
	                     .kind = WEIR_KIND_GAUGE,
	                     .type = WEIR_TYPE_F64,
	                     .range = WEIR_RANGE_FROM_ZERO },
	[ROW_RTT] = ROWS_TIMES("tcp.rtt", "round trip",
	                       "The kernel's smoothed round-trip time, at each segment that came in.", -1),
	[ROW_RETRANSMITS] = ROWS_COUNTER("tcp.retransmits", "{segment}", "retransmits",
	                                 "Segments of the connection that were sent again.", -1),
	[ROW_WINDOW] = ROWS_GAUGE("tcp.congestion_window", "{segment}", "congestion window",
	                          "Segments that may be under way, at the last one that came in.", 1),
	[ROW_TCP_BYTES] = ROWS_COUNTER(
		"tcp.bytes", "By", "bytes, TCP's",
		"What tcp_info says: acknowledged by the peer, and received in order; SYN and FIN count as a byte.", 0),
	[ROW_SYSTEM_IO] = ROWS_COUNTER("system.network.io", "By", "bytes, device's",
	                               "What /proc/net/dev says, in the target's network namespace.", 0),
	[ROW_SYSTEM_PACKETS] = ROWS_COUNTER("system.network.packets", "{packet}", "packets, device's",
	                                    "What /proc/net/dev says, in the target's network namespace.", 0),
	[ROW_SYSTEM_ERRORS] = ROWS_COUNTER("system.network.errors", "{error}", "errors, device's",
	                                   "What /proc/net/dev says, in the target's network namespace.", -1),
	[ROW_SYSTEM_DROPPED] = ROWS_COUNTER("system.network.dropped", "{packet}", "dropped, device's",
	                                    "What /proc/net/dev says, in the target's network namespace.", -1),
	[ROW_SYSTEM_RETRANSMITS] = ROWS_COUNTER("system.tcp.retransmits", "{segment}", "retransmits, namespace's",
	                                        "What /proc/net/snmp says of the target's network namespace.", -1),
	[ROW_LISTEN_DROPS] =
		ROWS_COUNTER("system.tcp.listen_drops", "{connection}", "listen drops",
	                     "Connections that listeners of the namespace turned away: because their queue was "
	                     "full, and for any cause.",
	                     -1),
	[ROW_LOST] = ROWS_LOST,
	[ROW_MAP_FILL] = ROWS_MAP_FILL,
	[ROW_SKEW] = ROWS_SKEW,
};

enum {
	OPTION_RUNG,
	OPTION_COUNT,
};

static const struct weir_option options[OPTION_COUNT] = {
	[OPTION_RUNG] = ROWS_RUNG("best|fexit|sock_diag|procfs", "the best way to try, though a better one can be had"),
};

struct weir_instance {
	struct live live;
	struct net_kernel *kernel; /* this or diag, or neither on the lowest rung */
	struct net_diag *diag;
	struct net_system *system;
};

/* Whose namespace is looked at; 0: our own. */
static int32_t root_of(const struct live *l)
{
	return l->has_target ? l->family.at[0].pid : 0;
}

static int take_tracepoints(struct weir_instance *i, char why[LIVE_WHY_MAX])
{
	return net_kernel_open(&i->live, NET_TRACEPOINTS, &i->kernel, why);
}

static int take_functions(struct weir_instance *i, char why[LIVE_WHY_MAX])
{
	return net_kernel_open(&i->live, NET_FUNCTIONS, &i->kernel, why);
}

static int take_diag(struct weir_instance *i, char why[LIVE_WHY_MAX])
{
	return net_diag_open(root_of(&i->live), &i->diag, why);
}

static const struct live_step ladder[] = {
	{ { "tp_btf", "BTF tracepoints of socket calls and of TCP", "",
	    "run weir as root or with CAP_BPF and CAP_PERFMON", "Linux 6.3 or newer with CONFIG_DEBUG_INFO_BTF" },
	  take_tracepoints },
	{ { "fexit", "inet_sendmsg, unix_stream_recvmsg and their like as they return, and BTF tracepoints of TCP",
	    "sockets of other families than IP and Unix, and Unix sockets of sequenced packets; calls cost more",
	    "run weir as root or with CAP_BPF and CAP_PERFMON",
	    "a kernel with CONFIG_DEBUG_INFO_BTF and CONFIG_FUNCTION_TRACER" },
	  take_functions },
	{ { "sock_diag", "tcp_info of the process's sockets, through netlink and /proc/PID/fd",
	    "calls, UDP and Unix sockets, connections that live shorter than an interval, round trips between two "
	    "polls; bytes "
	    "as TCP counts them, once acknowledged",
	    "run weir as the target's own user; for a process in another network namespace as root",
	    "a kernel with CONFIG_INET_DIAG" },
	  take_diag },
	{ { "procfs", "/proc/PID/net/dev, snmp and netstat",
	    "bytes and calls of processes and connections, round trips, windows: only sums of the network namespace "
	    "are left",
	    "", "" },
	  NULL },
};

static void net_close(struct weir_instance *i)
{
	if (!i)
		return;
	net_kernel_close(i->kernel);
	net_diag_close(i->diag);
	net_system_free(i->system);
	free(i);
}

static int net_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));
	int r;

	*ret = i;
	if (!i)
		return weir_fail(reterr, -ENOMEM, "net: no memory");
	i->live.gauge = (struct gauge){ .row_lost = ROW_LOST, .row_fill = ROW_MAP_FILL, .row_skew = ROW_SKEW };
	r = live_open(&i->live, h, "net", reterr);
	if (r < 0)
		return r;
	i->system = net_system_new(root_of(&i->live));
	if (!i->system)
		return weir_fail(reterr, -ENOMEM, "net: no memory");
	return live_climb(&i->live, i, ladder, LIVE_COUNT_OF(ladder), OPTION_RUNG);
}

static int net_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct live *l = &i->live;

	live_begin(l, now_ns);
	if (i->kernel)
		net_kernel_poll(i->kernel, l);
	if (i->diag)
		net_diag_poll(i->diag, l);
	net_system_poll(i->system, &l->outbox);
	return live_end(l, reterr);
}

const struct weir_collector weir_collector =
	LIVE_COLLECTOR("net", "network traffic of a running process, by connection", metrics, options, net_open,
                       net_poll, net_close, NULL);
