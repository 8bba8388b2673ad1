/* SPDX-License-Identifier: Apache-2.0 */
/* Network traffic of a process and of all that descend from it: TCP, UDP and Unix sockets, by process and by
 * connection.
 *
 * On its best rung, eBPF, it counts calls that moved bytes and follows TCP connections. Beside it stands what TCP
 * itself counts for each connection (tcp_info) and what the kernel counts in the target's network namespace, under
 * names of their own. The lowest rung is the namespace alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

#include "bpf/live.h"
#include "net.h"

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
	[ROW_PROCESS_IO] =
		COUNTER("process.network.io", "By", "network IO", "Bytes that socket calls of the process moved.", 0),
	[ROW_PROCESS_CALLS] = COUNTER("process.network.calls", "{call}", "socket calls",
	                              "Socket calls of the process that moved bytes.", 0),
	[ROW_CONNECTION_IO] =
		COUNTER("connection.io", "By", "connection IO", "Bytes that calls on this socket moved.", 0),
	[ROW_CONNECTION_CALLS] =
		COUNTER("connection.calls", "{call}", "calls", "Calls on this socket that moved bytes.", 0),
	[ROW_CONNECTION] = { .name = "tcp.connection",
	                     .unit = "By",
	                     .brief = "connection",
	                     .help = "The life of a TCP connection of the process, from established or first seen to "
	                             "closed; its value: bytes moved.",
	                     .shape = WEIR_SHAPE_SPAN,
	                     .kind = WEIR_KIND_GAUGE,
	                     .type = WEIR_TYPE_F64,
	                     .range = WEIR_RANGE_FROM_ZERO },
	[ROW_RTT] =
		TIMES("tcp.rtt", "round trip", "The kernel's smoothed round-trip time, at each segment that came in."),
	[ROW_RETRANSMITS] = COUNTER("tcp.retransmits", "{segment}", "retransmits",
	                            "Segments of the connection that were sent again.", -1),
	[ROW_WINDOW] = NUMBER("tcp.congestion_window", "{segment}", "congestion window",
	                      "Segments that may be under way, at the last one that came in.", WEIR_KIND_GAUGE,
	                      WEIR_TYPE_I64, 1),
	[ROW_TCP_BYTES] = COUNTER(
		"tcp.bytes", "By", "bytes, TCP's",
		"What tcp_info says: acknowledged by the peer, and received in order; SYN and FIN count as a byte.", 0),
	[ROW_SYSTEM_IO] = COUNTER("system.network.io", "By", "bytes, device's",
	                          "What /proc/net/dev says, in the target's network namespace.", 0),
	[ROW_SYSTEM_PACKETS] = COUNTER("system.network.packets", "{packet}", "packets, device's",
	                               "What /proc/net/dev says, in the target's network namespace.", 0),
	[ROW_SYSTEM_ERRORS] = COUNTER("system.network.errors", "{error}", "errors, device's",
	                              "What /proc/net/dev says, in the target's network namespace.", -1),
	[ROW_SYSTEM_DROPPED] = COUNTER("system.network.dropped", "{packet}", "dropped, device's",
	                               "What /proc/net/dev says, in the target's network namespace.", -1),
	[ROW_SYSTEM_RETRANSMITS] = COUNTER("system.tcp.retransmits", "{segment}", "retransmits, namespace's",
	                                   "What /proc/net/snmp says of the target's network namespace.", -1),
	[ROW_LISTEN_DROPS] = COUNTER("system.tcp.listen_drops", "{connection}", "listen drops",
	                             "Connections that listeners of the namespace turned away: because their queue was "
	                             "full, and for any cause.",
	                             -1),
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
	OPTION_RUNG,
	OPTION_COUNT,
};

static const struct weir_option options[OPTION_COUNT] = {
	[OPTION_RUNG] = { .name = "rung",
	                  .fallback = "best",
	                  .choices = "best|procfs",
	                  .help = "procfs: no eBPF even where it can be had",
	                  .type = WEIR_OPTION_CHOICE },
};

static const struct weir_claim claims[] = { { NULL, WEIR_CLAIM_LIVE, 0 } };

struct weir_instance {
	const struct weir_host *host;
	struct net_kernel *kernel; /* NULL: the lowest rung */
	struct net_system *system;
	struct family family;
	struct outbox outbox;
	int64_t last_ns;
	int has_target;
};

static const struct live_rung rungs[] = {
	{ "tp_btf", "BTF tracepoints of socket calls and of TCP", "",
	  "run weir as root or with CAP_BPF and CAP_PERFMON, on Linux 6.3 or newer with CONFIG_DEBUG_INFO_BTF" },
	{ "procfs", "/proc/PID/net/dev, snmp and netstat",
	  "bytes and calls of processes and connections, round trips, windows: only sums of the network namespace are "
	  "left",
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
		return weir_fail(reterr, -ESRCH, "net: process %lld: it isn't there", (long long)pid);
	i->has_target = 1;
	return 0;
}

static void climb(struct weir_instance *i)
{
	char why[NET_WHY_MAX] = "there is no process to follow";
	int is_best = 0;

	if (is_chosen(i->host, OPTION_RUNG, "procfs"))
		(void)snprintf(why, sizeof(why), "the option rung=procfs asks for less");
	else
		is_best = net_kernel_open(i->host, &i->family, &i->kernel, why) == 0;
	live_tell_rung(i->host, &rungs[0], is_best, why);
	if (!is_best)
		live_tell_rung(i->host, &rungs[1], 1, "");
}

static void net_close(struct weir_instance *i)
{
	if (!i)
		return;
	net_kernel_close(i->kernel);
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
	i->host = h;
	i->outbox.host = h;
	r = find_target(i, reterr);
	if (r < 0)
		return r;
	i->system = net_system_new(i->has_target ? i->family.at[0].pid : 0);
	if (!i->system)
		return weir_fail(reterr, -ENOMEM, "net: no memory");
	climb(i);
	i->last_ns = h->now(h);
	return live_clock(h);
}

static int net_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	int64_t duration_ns = now_ns > i->last_ns ? now_ns - i->last_ns : 0;
	uint32_t n_live = i->has_target ? family_look(&i->family) : 1;
	int r;

	outbox_begin(&i->outbox, now_ns);
	if (i->kernel)
		net_kernel_poll(i->kernel, &i->outbox, duration_ns);
	net_system_poll(i->system, &i->outbox);
	i->last_ns = now_ns;
	r = outbox_end(&i->outbox);
	if (r < 0)
		return weir_fail(reterr, r, "net: %s", strerror(-r));
	return n_live ? WEIR_AGAIN : WEIR_END;
}

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "net",
	.version = "0.1.0",
	.summary = "network traffic of a running process, by connection",
	.licence = "Apache-2.0",
	.metrics = metrics,
	.options = options,
	.claims = claims,
	.n_metrics = ROW_COUNT,
	.n_options = OPTION_COUNT,
	.n_claims = 1,
	.open = net_open,
	.poll = net_poll,
	.close = net_close,
};
