/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

#include "net.h"

void net_endpoint(uint16_t family, const uint32_t address[4], uint16_t port, char ret[NET_ENDPOINT_MAX])
{
	char text[INET6_ADDRSTRLEN] = "";

	ret[0] = '\0';
	if (!port || (family != NET_FAMILY_INET && family != NET_FAMILY_INET6))
		return;
	(void)inet_ntop(family == NET_FAMILY_INET ? AF_INET : AF_INET6, address, text, sizeof(text));
	(void)snprintf(ret, NET_ENDPOINT_MAX, family == NET_FAMILY_INET ? "%s:%u" : "[%s]:%u", text, port);
}

const char *const net_directions[2] = { "transmit", "receive" };

void net_names(const struct net_ends *e, struct net_names *ret)
{
	static const char *const roles[] = {
		[NET_ROLE_UNKNOWN] = NULL, [NET_ROLE_CLIENT] = "client", [NET_ROLE_SERVER] = "server"
	};

	(void)snprintf(ret->pid, sizeof(ret->pid), "%u", e->tgid);
	(void)snprintf(ret->cookie, sizeof(ret->cookie), "%" PRIu64, e->cookie);
	(void)snprintf(ret->port, sizeof(ret->port), "%u", e->local_port);
	net_endpoint(e->family, e->remote, e->remote_port, ret->peer);
	ret->pairs[0] = (struct outbox_pair){ "process.pid", ret->pid };
	ret->pairs[1] = (struct outbox_pair){ "transport", e->transport };
	ret->pairs[2] = (struct outbox_pair){ "socket", ret->cookie };
	ret->pairs[3] = (struct outbox_pair){ "peer", ret->peer[0] ? ret->peer : NULL };
	ret->pairs[4] = (struct outbox_pair){ "port", e->local_port ? ret->port : NULL };
	ret->pairs[5] = (struct outbox_pair){ "role", e->role < 3 ? roles[e->role] : NULL };
	ret->pairs[NET_NAMES] = (struct outbox_pair){ NULL, NULL };
}

void net_tcp_declare(const struct outbox *o, struct net_names *names, struct net_tcp_series *ret)
{
	ret->rtt = outbox_series(o, ROW_RTT, names->pairs, NET_NAMES);
	ret->retransmits = outbox_series(o, ROW_RETRANSMITS, names->pairs, NET_NAMES);
	ret->window = outbox_series(o, ROW_WINDOW, names->pairs, NET_NAMES);
	ret->span = outbox_series(o, ROW_CONNECTION, names->pairs, NET_NAMES);
	for (unsigned way = 0; way < 2; way++) {
		names->pairs[NET_NAMES] = (struct outbox_pair){ "direction", net_directions[way] };
		ret->bytes[way] = outbox_series(o, ROW_TCP_BYTES, names->pairs, NET_NAMES + 1);
	}
}
