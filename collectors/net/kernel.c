/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bpf/interval.h"
#include "bpf/net.h"
#include "bpf/net.skel.h"
#include "bpf/probes.h"
#include "net.h"

enum {
	BUCKETS = 4096,
	PROCESSES_MAX = 1024,
	IDLE_POLLS = 60, /* after which a socket that nothing tells the end of is let go; it may come back */
	NS_PER_S = 1000000000,
};

enum transport {
	TCP,
	UDP,
	UNIX,
	OTHER,
	TRANSPORTS,
};

static const char *const transport_names[TRANSPORTS] = { "tcp", "udp", "unix", "other" };

enum count {
	SENT,
	RECEIVED,
	SENDS,
	RECEIVES,
	COUNTS,
};

struct process {
	uint32_t tgid, n_sockets;
	uint64_t totals[TRANSPORTS][COUNTS];
	uint32_t series[TRANSPORTS][COUNTS];
};

/* What only TCP has. */
struct tcp {
	uint32_t is_used;
	uint32_t n_polls_closed;
	struct net_tcp_series series;
	struct interval_mark mark;
};

struct socket {
	struct net_socket_key key;
	int32_t next; /* in its bucket, or among the free */
	int32_t tcp;  /* -1: none */
	int32_t process;
	enum transport transport;
	uint32_t n_idle;
	uint64_t counts[COUNTS];
	uint32_t series[COUNTS];
};

struct net_kernel {
	struct probes probes;
	struct net_bpf__data *data;
	struct net_bpf__bss *bss;
	struct net_calls *copies; /* of all CPUs */
	int map_sockets, map_tcps;
	int32_t buckets[BUCKETS];
	int32_t free;
	uint64_t n_sockets, n_tcps;
	struct socket *sockets; /* NET_SOCKETS_MAX */
	struct tcp *tcps;       /* NET_TCPS_MAX */
	struct process *processes;
	uint32_t n_processes;
	uint64_t n_without_process; /* sockets whose bytes are in no process's sum, for want of room */
	uint32_t ended[TARGETS_MAX];
	struct net_tcp tcp;
	struct interval_gain gain;
};

static const char *const losses[NET_LOST_COUNT] = {
	[NET_LOST_SOCKETS] = "net.sockets_full",
	[NET_LOST_TCPS] = "net.tcps_full",
};

/* ---- Loading ---- */

/* Where socket calls are seen. */
static const struct {
	const char *program;
	enum net_means means;
} calls[] = {
	{ "on_send", NET_TRACEPOINTS },      { "on_receive", NET_TRACEPOINTS },   { "on_inet_send", NET_FUNCTIONS },
	{ "on_inet_recv", NET_FUNCTIONS },   { "on_inet6_send", NET_FUNCTIONS },  { "on_inet6_recv", NET_FUNCTIONS },
	{ "on_stream_send", NET_FUNCTIONS }, { "on_stream_recv", NET_FUNCTIONS }, { "on_dgram_send", NET_FUNCTIONS },
	{ "on_dgram_recv", NET_FUNCTIONS },
};

static int load(struct net_kernel *k, enum net_means means, char *why)
{
	const char *const needed[] = { means == NET_TRACEPOINTS ? "on_send" : "on_inet_send",
		                       means == NET_TRACEPOINTS ? "on_receive" : "on_inet_recv", "on_fork", "on_exit" };
	size_t n_bytes;
	const void *bytes = net_bpf__elf_bytes(&n_bytes);
	int r = probes_open(&k->probes, bytes, n_bytes, why);

	if (r == 0)
		r = probes_need(&k->probes, needed, 4, why);
	for (size_t i = 0; r == 0 && i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].means != means)
			probes_choose(&k->probes, calls[i].program, 0);
	if (r == 0)
		r = probes_load(&k->probes, why);
	if (r < 0)
		return r;
	k->data = k->probes.data;
	k->bss = k->probes.bss;
	k->map_sockets = probes_map(&k->probes, "sockets");
	k->map_tcps = probes_map(&k->probes, "tcps");
	return 0;
}

static int make_room(struct net_kernel *k)
{
	k->copies = calloc(k->probes.n_cpus, sizeof(*k->copies));
	k->sockets = calloc(NET_SOCKETS_MAX, sizeof(*k->sockets));
	k->tcps = calloc(NET_TCPS_MAX, sizeof(*k->tcps));
	k->processes = calloc(PROCESSES_MAX, sizeof(*k->processes));
	if (!k->copies || !k->sockets || !k->tcps || !k->processes)
		return -ENOMEM;
	for (int32_t i = 0; i < NET_SOCKETS_MAX; i++)
		k->sockets[i].next = i + 1 < NET_SOCKETS_MAX ? i + 1 : -1;
	memset(k->buckets, -1, sizeof(k->buckets));
	return 0;
}

int net_kernel_open(struct live *l, enum net_means means, struct net_kernel **ret, char why[LIVE_WHY_MAX])
{
	struct net_kernel *k = *ret = calloc(1, sizeof(*k));
	int r = k ? load(k, means, why) : -ENOMEM;

	if (r == 0)
		r = make_room(k);
	if (r == 0)
		r = probes_follow(&k->probes, &l->family);
	if (r < 0) {
		net_kernel_close(k);
		*ret = NULL;
	}
	return r;
}

void net_kernel_close(struct net_kernel *k)
{
	if (!k)
		return;
	probes_close(&k->probes);
	free(k->copies);
	free(k->sockets);
	free(k->tcps);
	free(k->processes);
	free(k);
}

/* ---- Who is who ---- */

static int32_t *bucket_of(struct net_kernel *k, const struct net_socket_key *key)
{
	return &k->buckets[(key->cookie * 31 + key->tgid) % BUCKETS];
}

static enum transport transport_of(const struct net_calls *c)
{
	if (c->family == NET_FAMILY_UNIX)
		return UNIX;
	if (c->family != NET_FAMILY_INET && c->family != NET_FAMILY_INET6)
		return OTHER;
	return c->protocol == NET_PROTOCOL_TCP ? TCP : c->protocol == NET_PROTOCOL_UDP ? UDP : OTHER;
}

/* The place of one that is over, and of which nothing more will come. */
static int32_t reuse_process(struct net_kernel *k, uint32_t tgid)
{
	for (int32_t i = 0; i < PROCESSES_MAX; i++)
		if (!k->processes[i].n_sockets && probes_is_over(&k->probes, k->processes[i].tgid)) {
			k->processes[i] = (struct process){ .tgid = tgid };
			return i;
		}
	return -1;
}

static int32_t process_of(struct net_kernel *k, uint32_t tgid)
{
	for (uint32_t i = 0; i < k->n_processes; i++)
		if (k->processes[i].tgid == tgid)
			return (int32_t)i;
	if (k->n_processes == PROCESSES_MAX)
		return reuse_process(k, tgid);
	k->processes[k->n_processes] = (struct process){ .tgid = tgid };
	return (int32_t)k->n_processes++;
}

static int32_t free_tcp(struct net_kernel *k)
{
	for (int32_t i = 0; i < NET_TCPS_MAX; i++)
		if (!k->tcps[i].is_used)
			return i;
	return -1;
}

static void name_tcp(struct net_kernel *k, struct socket *s, const struct outbox *o, struct net_names *names)
{
	s->tcp = free_tcp(k);
	if (s->tcp < 0)
		return;
	k->tcps[s->tcp] = (struct tcp){ .is_used = 1 };
	k->n_tcps++;
	net_tcp_declare(o, names, &k->tcps[s->tcp].series);
}

static void name_socket(struct net_kernel *k, struct socket *s, const struct net_calls *c, struct outbox *o)
{
	struct net_ends ends = { .cookie = s->key.cookie,
		                 .tgid = s->key.tgid,
		                 .role = c->role,
		                 .transport = transport_names[s->transport],
		                 .family = c->family,
		                 .local_port = c->local_port,
		                 .remote_port = c->remote_port };
	struct net_names names;

	memcpy(ends.remote, c->remote, sizeof(ends.remote));
	net_names(&ends, &names);
	for (unsigned way = 0; way < 2; way++) {
		names.pairs[NET_NAMES] = (struct outbox_pair){ "direction", net_directions[way] };
		s->series[SENT + way] = outbox_series(o, ROW_CONNECTION_IO, names.pairs, NET_NAMES + 1);
		s->series[SENDS + way] = outbox_series(o, ROW_CONNECTION_CALLS, names.pairs, NET_NAMES + 1);
	}
	if (s->transport == TCP)
		name_tcp(k, s, o, &names);
	/* Who took which part is known of a connection that was seen from its beginning. */
	for (unsigned i = 0; i < COUNTS && s->tcp >= 0 && c->role != NET_ROLE_UNKNOWN; i++)
		outbox_start(o, s->series[i]);
	for (unsigned way = 0; way < 2 && s->tcp >= 0 && c->role != NET_ROLE_UNKNOWN; way++)
		outbox_start(o, k->tcps[s->tcp].series.bytes[way]);
}

static void name_process(struct process *p, enum transport transport, const struct outbox *o)
{
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%u", p->tgid);
	for (unsigned way = 0; way < 2; way++) {
		const struct outbox_pair pairs[] = { { "process.pid", pid },
			                             { "transport", transport_names[transport] },
			                             { "direction", net_directions[way] } };

		p->series[transport][SENT + way] = outbox_series(o, ROW_PROCESS_IO, pairs, 3);
		p->series[transport][SENDS + way] = outbox_series(o, ROW_PROCESS_CALLS, pairs, 3);
	}
}

static const struct net_calls *identity(const struct net_kernel *k)
{
	for (unsigned cpu = 0; cpu < k->probes.n_cpus; cpu++)
		if (k->copies[cpu].family)
			return &k->copies[cpu];
	return &k->copies[0];
}

/* NULL: there is no room, or not yet an identity. */
static struct socket *socket_of(struct net_kernel *k, const struct net_socket_key *key, struct outbox *o)
{
	int32_t *bucket = bucket_of(k, key), at;
	const struct net_calls *who;
	struct socket *s;

	for (at = *bucket; at >= 0; at = k->sockets[at].next)
		if (k->sockets[at].key.cookie == key->cookie && k->sockets[at].key.tgid == key->tgid)
			return &k->sockets[at];
	at = k->free;
	who = identity(k);
	if (at < 0 || !who->family)
		return NULL;
	s = &k->sockets[at];
	k->free = s->next;
	*s = (struct socket){ .key = *key, .next = *bucket, .tcp = -1, .transport = transport_of(who) };
	*bucket = at;
	k->n_sockets++;
	s->process = process_of(k, key->tgid);
	if (s->process >= 0)
		k->processes[s->process].n_sockets++;
	else
		k->n_without_process++;
	name_socket(k, s, who, o);
	if (s->process >= 0 && !k->processes[s->process].series[s->transport][0])
		name_process(&k->processes[s->process], s->transport, o);
	return s;
}

/* NULL: it has none. */
static struct net_counter *counter_of(const struct net_kernel *k, const struct net_socket_key *key)
{
	struct net_counter *own = &k->bss->counters[net_counter_of(key->cookie, key->tgid)];

	return own->cookie == key->cookie && own->tgid == key->tgid ? own : NULL;
}

static void forget_socket(struct net_kernel *k, struct socket *s)
{
	struct net_counter *own = counter_of(k, &s->key);
	int32_t at = (int32_t)(s - k->sockets), *link = bucket_of(k, &s->key);

	while (*link != at)
		link = &k->sockets[*link].next;
	*link = s->next;
	(void)bpf_map_delete_elem(k->map_sockets, &s->key);
	/* Whoever is in the middle of a call may have found it already; nobody takes it before the end. */
	if (own) {
		own->cookie = 0;
		*own = (struct net_counter){ .is_taken = 1 };
		__atomic_store_n(&own->is_taken, 0, __ATOMIC_RELEASE);
	}
	if (s->process >= 0)
		k->processes[s->process].n_sockets--;
	if (s->tcp >= 0) {
		(void)bpf_map_delete_elem(k->map_tcps, &s->key.cookie);
		k->tcps[s->tcp].is_used = 0;
		k->n_tcps--;
	}
	s->next = k->free;
	k->free = at;
	k->n_sockets--;
}

/* ---- Reading ---- */

static void poll_socket(struct net_kernel *k, struct socket *s, struct outbox *o)
{
	const struct net_counter *own = counter_of(k, &s->key);
	uint64_t now[COUNTS] = { 0 };
	int has_moved = 0;

	for (unsigned way = 0; way < 2; way++) {
		for (unsigned cpu = 0; cpu < k->probes.n_cpus; cpu++) {
			now[SENT + way] += k->copies[cpu].n_bytes[way];
			now[SENDS + way] += k->copies[cpu].n_calls[way];
		}
		now[SENT + way] += own ? own->n_bytes[way] : 0;
		now[SENDS + way] += own ? own->n_calls[way] : 0;
	}
	for (unsigned i = 0; i < COUNTS; i++) {
		uint64_t gain = now[i] - s->counts[i];

		has_moved |= gain != 0;
		if (s->process >= 0)
			k->processes[s->process].totals[s->transport][i] += gain;
		s->counts[i] = now[i];
		outbox_count(o, s->series[i], now[i]);
	}
	s->n_idle = has_moved ? 0 : s->n_idle + 1;
}

static int64_t utc_of(const struct outbox *o, uint64_t monotonic_ns)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return o->time_ns - ((int64_t)now.tv_sec * NS_PER_S + now.tv_nsec - (int64_t)monotonic_ns);
}

static void tell_life(struct net_kernel *k, const struct socket *s, const struct tcp *t, struct outbox *o)
{
	const struct weir_span span = { .time_ns = utc_of(o, k->tcp.first_ns),
		                        .duration_ns = (int64_t)(k->tcp.closed_ns - k->tcp.first_ns),
		                        .value = (double)(s->counts[SENT] + s->counts[RECEIVED]),
		                        .series = t->series.span,
		                        .flags = WEIR_SPAN_HAS_VALUE };

	outbox_span(o, &span);
}

/* Whether it is over and read to its end. */
static int poll_tcp(struct net_kernel *k, const struct socket *s, struct outbox *o)
{
	struct tcp *t = &k->tcps[s->tcp];

	if (bpf_map_lookup_elem(k->map_tcps, &s->key.cookie, &k->tcp) < 0)
		return 0;
	/* Nothing was heard of it yet. */
	if (k->tcp.window) {
		outbox_count(o, t->series.retransmits, k->tcp.n_retransmits);
		outbox_count(o, t->series.window, k->tcp.window);
		outbox_count(o, t->series.bytes[0], k->tcp.n_acked_bytes);
		outbox_count(o, t->series.bytes[1], k->tcp.n_received_bytes);
	}
	(void)interval_take(&k->tcp.rtt, 1, sizeof(k->tcp.rtt), k->data->interval - 1, &t->mark, &k->gain);
	outbox_histogram(o, t->series.rtt, &k->gain.histogram);
	if (!k->tcp.closed_ns)
		return 0;
	if (t->n_polls_closed++ == 0)
		tell_life(k, s, t, o);
	return t->n_polls_closed > 1;
}

static void poll_sockets(struct net_kernel *k, struct outbox *o)
{
	struct net_socket_key key, next;
	uint64_t n = 0;
	int r = bpf_map_get_next_key(k->map_sockets, NULL, &next);

	for (; r == 0 && n < NET_SOCKETS_MAX; n++) {
		struct socket *s;

		key = next;
		if (bpf_map_lookup_elem(k->map_sockets, &key, k->copies) == 0) {
			s = socket_of(k, &key, o);
			if (s)
				poll_socket(k, s, o);
		}
		r = bpf_map_get_next_key(k->map_sockets, &key, &next);
	}
}

static void poll_ends(struct net_kernel *k, struct outbox *o)
{
	for (unsigned b = 0; b < BUCKETS; b++)
		for (int32_t at = k->buckets[b], next; at >= 0; at = next) {
			struct socket *s = &k->sockets[at];
			int has_ended = s->tcp >= 0 ? poll_tcp(k, s, o) : s->n_idle > IDLE_POLLS;

			next = s->next;
			/* What a dead process left open says nothing more, except TCP that is still closing. */
			has_ended |= s->n_idle > 0 && s->tcp < 0 && probes_is_over(&k->probes, s->key.tgid);
			has_ended |= s->n_idle > IDLE_POLLS && probes_is_over(&k->probes, s->key.tgid);
			if (has_ended)
				forget_socket(k, s);
		}
}

static void poll_processes(struct net_kernel *k, struct outbox *o)
{
	for (uint32_t i = 0; i < k->n_processes; i++)
		for (unsigned t = 0; t < TRANSPORTS; t++)
			for (unsigned c = 0; c < COUNTS; c++)
				outbox_count(o, k->processes[i].series[t][c], k->processes[i].totals[t][c]);
}

static void tell_gauges(struct net_kernel *k, struct live *l)
{
	struct outbox *o = &l->outbox;

	for (unsigned i = 0; i < NET_LOST_COUNT; i++)
		gauge_lost(&l->gauge, o, losses[i], k->bss->lost[i]);
	gauge_lost(&l->gauge, o, "net.targets_full", k->bss->lost_targets);
	gauge_lost(&l->gauge, o, "net.processes_full", k->n_without_process);
	gauge_fill(&l->gauge, o, "sockets", k->n_sockets, NET_SOCKETS_MAX);
	gauge_fill(&l->gauge, o, "tcps", k->n_tcps, NET_TCPS_MAX);
	gauge_fill(&l->gauge, o, "targets", k->probes.n_targets, TARGETS_MAX);
}

void net_kernel_poll(struct net_kernel *k, struct live *l)
{
	k->data->interval++;
	probes_look(&k->probes, l);
	poll_sockets(k, &l->outbox);
	poll_ends(k, &l->outbox);
	poll_processes(k, &l->outbox);
	/* Their sockets may outlive them. */
	(void)probes_let_go(&k->probes, k->ended);
	tell_gauges(k, l);
}
