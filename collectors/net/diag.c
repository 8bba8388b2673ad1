/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/interval.h"
#include "net.h"
#include "netlink.h"

enum {
	CONNECTIONS_MAX = 4096,
	BUCKETS = 1024,
	OWNERS_MAX = 16384, /* sockets that processes have open */
	PORTS_MAX = 65536,
	NS_PER_US = 1000,
};

enum lost {
	LOST_CONNECTIONS,
	LOST_OWNERS,
	LOST_ENDS,
	LOST_PROCESSES, /* a connection whose bytes are in no process's sum */
	LOST_COUNT,
};

static const char *const losses[LOST_COUNT] = {
	[LOST_CONNECTIONS] = "net.connections_full",
	[LOST_OWNERS] = "net.owners_full",
	[LOST_ENDS] = "net.ends_missed",
	[LOST_PROCESSES] = "net.processes_full",
};

/* Who has a socket open. */
struct owner {
	uint32_t inode, tgid;
};

struct process {
	uint32_t tgid;
	uint64_t totals[2];
	uint32_t series[2];
};

struct connection {
	struct netlink_tcp last; /* what was heard of it last */
	uint64_t told[2];        /* bytes that are in its process's totals */
	int32_t next;            /* in its bucket, or among the free */
	uint32_t process;
	uint32_t look; /* that saw it last */
	uint32_t n_segments_in;
	int64_t first_ns;
	struct net_tcp_series series;
};

struct net_diag {
	struct netlink netlink;
	uint32_t look;
	uint32_t n_owners, n_connections, n_processes;
	int32_t free, buckets[BUCKETS];
	uint64_t lost[LOST_COUNT];
	struct owner owners[OWNERS_MAX];
	struct connection connections[CONNECTIONS_MAX];
	struct process processes[FAMILY_MAX];
	uint8_t listens[PORTS_MAX / 8]; /* a bit a port of the namespace */
};

/* Without its descriptors no socket can be told to be its own. Their folder may be open to those who may not read them,
 * so it takes a look at one. */
static int may_look(int32_t pid, char why[LIVE_WHY_MAX])
{
	char path[32], link[64];
	struct dirent *entry;
	DIR *files;
	int error = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	files = opendir(path);
	if (!files)
		error = errno;
	while (files && (entry = readdir(files)) && !error)
		if (entry->d_name[0] != '.' && readlinkat(dirfd(files), entry->d_name, link, sizeof(link)) < 0)
			error = errno == ENOENT ? 0 : errno;
	if (files)
		(void)closedir(files);
	if (error)
		(void)snprintf(why, LIVE_WHY_MAX,
		               "the process's descriptors may not be read: it needs its own user, or CAP_SYS_PTRACE");
	return -error;
}

int net_diag_open(int32_t pid, struct net_diag **ret, char why[LIVE_WHY_MAX])
{
	struct net_diag *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	d->netlink.fd = d->netlink.fd_ends = -1;
	r = pid ? may_look(pid, why) : 0;
	if (r == 0)
		r = netlink_open(&d->netlink, pid, why);
	if (r < 0) {
		net_diag_close(d);
		return r;
	}
	memset(d->buckets, -1, sizeof(d->buckets));
	for (int32_t i = 0; i < CONNECTIONS_MAX; i++)
		d->connections[i].next = i + 1 < CONNECTIONS_MAX ? i + 1 : -1;
	*ret = d;
	return 0;
}

void net_diag_close(struct net_diag *d)
{
	if (!d)
		return;
	netlink_close(&d->netlink);
	free(d);
}

/* ---- Whose sockets ---- */

static void add_owner(struct net_diag *d, uint32_t inode, uint32_t tgid)
{
	if (d->n_owners == OWNERS_MAX) {
		d->lost[LOST_OWNERS]++;
		return;
	}
	d->owners[d->n_owners++] = (struct owner){ inode, tgid };
}

/* What cannot be read has no owners here; the rung's own check says when that is everything. */
static void look_at_process(struct net_diag *d, int32_t pid)
{
	char path[64], link[64];
	struct dirent *entry;
	unsigned inode;
	DIR *files;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	files = opendir(path);
	while (files && (entry = readdir(files))) {
		n = readlinkat(dirfd(files), entry->d_name, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		if (sscanf(link, "socket:[%u]", &inode) == 1)
			add_owner(d, inode, (uint32_t)pid);
	}
	if (files)
		(void)closedir(files);
}

static int compare_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return (x->tgid > y->tgid) - (x->tgid < y->tgid);
}

static void look_at_owners(struct net_diag *d, const struct family *family)
{
	d->n_owners = 0;
	for (uint32_t i = 0; i < family->n; i++)
		if (!family->at[i].is_over)
			look_at_process(d, family->at[i].pid);
	qsort(d->owners, d->n_owners, sizeof(d->owners[0]), compare_owners);
}

/* 0: nobody's that is followed. Of a socket that several have, the one with the lowest number. */
static uint32_t owner_of(const struct net_diag *d, uint32_t inode)
{
	uint32_t low = 0, high = d->n_owners;

	while (inode && low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (d->owners[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return inode && low < d->n_owners && d->owners[low].inode == inode ? d->owners[low].tgid : 0;
}

/* ---- Connections ---- */

static int32_t *bucket_of(struct net_diag *d, uint64_t cookie)
{
	return &d->buckets[cookie % BUCKETS];
}

static struct connection *connection_of(struct net_diag *d, uint64_t cookie)
{
	for (int32_t at = *bucket_of(d, cookie); at >= 0; at = d->connections[at].next)
		if (d->connections[at].last.cookie == cookie)
			return &d->connections[at];
	return NULL;
}

static uint32_t process_of(struct net_diag *d, uint32_t tgid, const struct outbox *o)
{
	uint32_t i = 0;
	char pid[16];

	while (i < d->n_processes && d->processes[i].tgid != tgid)
		i++;
	if (i < d->n_processes || i == FAMILY_MAX)
		return i;
	d->processes[d->n_processes++] = (struct process){ .tgid = tgid };
	(void)snprintf(pid, sizeof(pid), "%u", tgid);
	for (unsigned way = 0; way < 2; way++) {
		const struct outbox_pair pairs[] = { { "process.pid", pid },
			                             { "transport", "tcp" },
			                             { "direction", net_directions[way] } };

		d->processes[i].series[way] = outbox_series(o, ROW_PROCESS_IO, pairs, 3);
	}
	return i;
}

static int is_listened_at(const struct net_diag *d, uint16_t port)
{
	return d->listens[port / 8] >> (port % 8) & 1;
}

/* Who has a port at which somebody listens was connected to; it may be wrong for a listener that is gone. */
static void name_connection(const struct net_diag *d, struct connection *c, uint32_t tgid, const struct outbox *o)
{
	const struct netlink_tcp *t = &c->last;
	struct net_ends ends = { .cookie = t->cookie,
		                 .tgid = tgid,
		                 .role = is_listened_at(d, t->local_port) ? NET_ROLE_SERVER : NET_ROLE_CLIENT,
		                 .transport = "tcp",
		                 .family = t->family,
		                 .local_port = t->local_port,
		                 .remote_port = t->remote_port };
	struct net_names names;

	memcpy(ends.remote, t->remote, sizeof(ends.remote));
	net_names(&ends, &names);
	net_tcp_declare(o, &names, &c->series);
}

static struct connection *meet(struct net_diag *d, const struct netlink_tcp *t, uint32_t tgid, struct outbox *o)
{
	int32_t at = d->free;
	struct connection *c;

	if (at < 0) {
		d->lost[LOST_CONNECTIONS]++;
		return NULL;
	}
	c = &d->connections[at];
	d->free = c->next;
	*c = (struct connection){ .last = *t, .next = *bucket_of(d, t->cookie), .first_ns = o->time_ns };
	*bucket_of(d, t->cookie) = at;
	d->n_connections++;
	c->process = process_of(d, tgid, o);
	d->lost[LOST_PROCESSES] += c->process == FAMILY_MAX;
	/* What it moved before anybody looked is not its process's since then. */
	if (d->look == 1) {
		c->told[0] = t->n_acked_bytes;
		c->told[1] = t->n_received_bytes;
	}
	name_connection(d, c, tgid, o);
	for (unsigned way = 0; way < 2 && d->look > 1; way++)
		outbox_start(o, c->series.bytes[way]);
	return c;
}

static void let_go(struct net_diag *d, struct connection *c)
{
	int32_t at = (int32_t)(c - d->connections), *link = bucket_of(d, c->last.cookie);

	while (*link != at)
		link = &d->connections[*link].next;
	*link = c->next;
	c->next = d->free;
	d->free = at;
	d->n_connections--;
}

/* ---- Saying ---- */

static void say_rtt(struct connection *c, struct outbox *o)
{
	struct interval_mark none = { 0 };
	struct interval_gain gain;
	struct hist one = { 0 };

	/* Without a segment it is the same as before, and nobody measured it again. */
	if (!c->last.rtt_us || c->last.n_segments_in == c->n_segments_in)
		return;
	c->n_segments_in = c->last.n_segments_in;
	hist_add(&one, (uint64_t)c->last.rtt_us * NS_PER_US, 1);
	(void)interval_take(&one, 1, sizeof(one), 1, &none, &gain);
	outbox_histogram(o, c->series.rtt, &gain.histogram);
}

static void say_connection(struct net_diag *d, struct connection *c, struct outbox *o)
{
	const uint64_t now[2] = { c->last.n_acked_bytes, c->last.n_received_bytes };

	outbox_count(o, c->series.retransmits, c->last.n_retransmits);
	outbox_count(o, c->series.window, c->last.window);
	for (unsigned way = 0; way < 2; way++) {
		outbox_count(o, c->series.bytes[way], now[way]);
		if (c->process < FAMILY_MAX)
			d->processes[c->process].totals[way] += now[way] - c->told[way];
		c->told[way] = now[way];
	}
	say_rtt(c, o);
}

static void say_life(const struct connection *c, struct outbox *o)
{
	const struct weir_span span = { .time_ns = c->first_ns,
		                        .duration_ns = o->time_ns - c->first_ns,
		                        .value = (double)(c->told[0] + c->told[1]),
		                        .series = c->series.span,
		                        .flags = WEIR_SPAN_HAS_VALUE };

	outbox_span(o, &span);
}

/* ---- Looking ---- */

static void hear(struct net_diag *d, const struct netlink_tcp *t, struct outbox *o)
{
	struct connection *c = connection_of(d, t->cookie);
	uint32_t tgid = c || !t->has_info ? 0 : owner_of(d, t->inode);

	if (t->is_listening)
		d->listens[t->local_port / 8] |= (uint8_t)(1U << (t->local_port % 8));
	if (!t->has_info || (!c && !tgid))
		return;
	if (!c)
		c = meet(d, t, tgid, o);
	if (!c)
		return;
	c->last = *t;
	c->look = d->look;
}

/* Of each family the kernel tells listeners first, so that the roles of others can be told. */
static int look_at_sockets(struct net_diag *d, struct outbox *o)
{
	static const uint16_t families[] = { NET_FAMILY_INET, NET_FAMILY_INET6 };
	struct netlink_tcp t;
	int r = 0;

	for (unsigned i = 0; i < 2 && r >= 0; i++) {
		r = netlink_ask(&d->netlink, families[i]);
		while (r >= 0 && (r = netlink_next(&d->netlink, &t)) > 0)
			hear(d, &t, o);
	}
	return r;
}

/* The last totals of those that are known. */
static void look_at_ends(struct net_diag *d)
{
	struct netlink_tcp t;

	while (netlink_next_end(&d->netlink, &t)) {
		struct connection *c = connection_of(d, t.cookie);

		if (c && t.has_info)
			c->last = t;
	}
}

static void tell(struct net_diag *d, struct live *l)
{
	struct outbox *o = &l->outbox;

	for (unsigned b = 0; b < BUCKETS; b++)
		for (int32_t at = d->buckets[b], next; at >= 0; at = next) {
			struct connection *c = &d->connections[at];

			next = c->next;
			say_connection(d, c, o);
			if (c->look == d->look)
				continue;
			say_life(c, o);
			let_go(d, c);
		}
	for (uint32_t i = 0; i < d->n_processes; i++)
		for (unsigned way = 0; way < 2; way++)
			outbox_count(o, d->processes[i].series[way], d->processes[i].totals[way]);
	d->lost[LOST_ENDS] = d->netlink.n_missed_ends;
	for (unsigned i = 0; i < LOST_COUNT; i++)
		gauge_lost(&l->gauge, o, losses[i], d->lost[i]);
	gauge_fill(&l->gauge, o, "connections", d->n_connections, CONNECTIONS_MAX);
}

void net_diag_poll(struct net_diag *d, struct live *l)
{
	int r;

	d->look++;
	memset(d->listens, 0, sizeof(d->listens));
	look_at_owners(d, &l->family);
	r = look_at_sockets(d, &l->outbox);
	look_at_ends(d);
	/* Who was not told of then may be there all the same. */
	if (r >= 0)
		tell(d, l);
	else
		live_say(l->host, WEIR_WARNING, "net.sock_diag_failed", strerror(-r));
}
