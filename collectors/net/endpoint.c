/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
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
