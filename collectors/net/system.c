/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "parsers/procfs.h"

enum {
	DEVICES_MAX = 256,
	DEVICE_NAME_MAX = 16,
	TEXT_BYTES = 32768,
	DEVICE_NUMBERS = 16, /* of a line of /proc/net/dev: eight each way */
	DEVICE_METRICS = 4,
};

enum tcp_count {
	TCP_RETRANSMITS,
	TCP_LISTEN_OVERFLOWS,
	TCP_LISTEN_DROPS,
	TCP_COUNTS,
};

static const struct {
	const char *file, *group, *name, *cause;
	uint32_t row;
} tcp_counts[TCP_COUNTS] = {
	[TCP_RETRANSMITS] = { "snmp", "Tcp:", "RetransSegs", NULL, ROW_SYSTEM_RETRANSMITS },
	[TCP_LISTEN_OVERFLOWS] = { "netstat", "TcpExt:", "ListenOverflows", "overflow", ROW_LISTEN_DROPS },
	[TCP_LISTEN_DROPS] = { "netstat", "TcpExt:", "ListenDrops", "any", ROW_LISTEN_DROPS },
};

struct device {
	char name[DEVICE_NAME_MAX];
	uint32_t series[2][DEVICE_METRICS];
};

struct net_system {
	char folder[32];
	struct device devices[DEVICES_MAX];
	uint32_t n_devices;
	uint32_t has_complained;
	uint32_t tcp_series[TCP_COUNTS];
	char text[TEXT_BYTES];
};

struct net_system *net_system_new(int32_t pid)
{
	struct net_system *s = calloc(1, sizeof(*s));

	if (s && pid)
		(void)snprintf(s->folder, sizeof(s->folder), "/proc/%d/net", (int)pid);
	else if (s)
		(void)snprintf(s->folder, sizeof(s->folder), "/proc/self/net");
	return s;
}

void net_system_free(struct net_system *s)
{
	free(s);
}

static int read_file(struct net_system *s, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", s->folder, name);
	return family_read(path, s->text, sizeof(s->text));
}

/* ---- Devices ---- */

static void complain(struct net_system *s, const struct weir_host *h)
{
	if (!s->has_complained)
		live_say(h, WEIR_WARNING, "net.devices_full", "more network interfaces than are looked at");
	s->has_complained = 1;
}

static struct device *device(struct net_system *s, const char *name, size_t n_name, const struct outbox *o)
{
	static const uint32_t rows[DEVICE_METRICS] = { ROW_SYSTEM_IO, ROW_SYSTEM_PACKETS, ROW_SYSTEM_ERRORS,
		                                       ROW_SYSTEM_DROPPED };
	static const char *const directions[2] = { "receive", "transmit" };
	struct device *d;

	for (uint32_t i = 0; i < s->n_devices; i++)
		if (strncmp(s->devices[i].name, name, n_name) == 0 && !s->devices[i].name[n_name])
			return &s->devices[i];
	if (s->n_devices == DEVICES_MAX || n_name >= DEVICE_NAME_MAX) {
		complain(s, o->host);
		return NULL;
	}
	d = &s->devices[s->n_devices++];
	memcpy(d->name, name, n_name);
	d->name[n_name] = '\0';
	for (unsigned way = 0; way < 2; way++)
		for (unsigned m = 0; m < DEVICE_METRICS; m++) {
			const struct outbox_pair pairs[] = { { "device", d->name }, { "direction", directions[way] } };

			d->series[way][m] = outbox_series(o, rows[m], pairs, 2);
		}
	return d;
}

/* `  eth0: bytes packets errs drop fifo frame compressed multicast bytes ...` */
static void poll_devices(struct net_system *s, struct outbox *o)
{
	int n = read_file(s, "dev");
	char *save = NULL;

	if (n < 0)
		return;
	for (char *line = strtok_r(s->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *name = line + strspn(line, " "), *colon = strchr(name, ':');
		uint64_t numbers[DEVICE_NUMBERS];
		struct device *d;

		if (!colon || procfs_numbers(colon + 1, strlen(colon + 1), numbers, DEVICE_NUMBERS) != DEVICE_NUMBERS)
			continue;
		d = device(s, name, (size_t)(colon - name), o);
		for (unsigned way = 0; d && way < 2; way++)
			for (unsigned m = 0; m < DEVICE_METRICS; m++)
				outbox_count(o, d->series[way][m], numbers[way * DEVICE_NUMBERS / 2 + m]);
	}
}

/* ---- Counters of TCP: a line of names, then a line of values, each after its group ---- */

static int find_count(const char *text, const char *group, const char *name, uint64_t *ret)
{
	const char *names = strstr(text, group), *values = names ? strstr(names + 1, group) : NULL;
	size_t n_name = strlen(name);

	if (!values)
		return 0;
	names += strcspn(names, " \n");
	values += strcspn(values, " \n");
	while (*names == ' ' && *values == ' ') {
		names++;
		values++;
		if (strncmp(names, name, n_name) == 0 && (names[n_name] == ' ' || names[n_name] == '\n'))
			return procfs_numbers(values, strcspn(values, " \n"), ret, 1) == 1;
		names += strcspn(names, " \n");
		values += strcspn(values, " \n");
	}
	return 0;
}

static void poll_tcp(struct net_system *s, struct outbox *o)
{
	const char *file = "";
	uint64_t value;

	for (unsigned i = 0; i < TCP_COUNTS; i++) {
		const struct outbox_pair pairs[] = { { "cause", tcp_counts[i].cause } };

		if (strcmp(file, tcp_counts[i].file) != 0 && read_file(s, tcp_counts[i].file) < 0)
			continue;
		file = tcp_counts[i].file;
		if (!find_count(s->text, tcp_counts[i].group, tcp_counts[i].name, &value))
			continue;
		if (!s->tcp_series[i])
			s->tcp_series[i] = outbox_series(o, tcp_counts[i].row, pairs, 1);
		outbox_count(o, s->tcp_series[i], value);
	}
}

void net_system_poll(struct net_system *s, struct outbox *o)
{
	poll_devices(s, o);
	poll_tcp(s, o);
}
