// SPDX-License-Identifier: MIT
/* mqtt_lookup.c — from the broker's name to its addresses */
#include "mqtt_lookup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <string.h>

#include "mqttnode/clock.h"
#include "mqttnode/names.h"

bool mqtt_lookup_is_literal(const char *host, struct in_addr *address)
{
	return inet_pton(AF_INET, host, address) == 1;
}

/* An address may be listed once for each protocol: the socket type makes them one. */
static void take_addresses(struct mqtt_lookup *l, const struct addrinfo *list)
{
	for (; list && l->n < MQTT_LOOKUP_MAX; list = list->ai_next) {
		struct sockaddr_in address;

		if (list->ai_family != AF_INET || list->ai_addrlen < sizeof(address))
			continue;
		memcpy(&address, list->ai_addr, sizeof(address));
		l->addresses[l->n++] = address.sin_addr;
	}
}

void mqtt_lookup(struct mqtt_lookup *l)
{
	/* IPv6 is off (network.ipv6), and the local address to bind to is IPv4. */
	const struct addrinfo hints = { .ai_family = AF_INET,
					.ai_socktype = SOCK_STREAM };
	struct mqtt_lookup_failure failure = { .host = l->host };
	uint64_t start = clock_now_ns(&clock_system);
	struct addrinfo *list = NULL;
	int n_servers;

	l->n = 0;
	n_servers = names_prepare_thread();
	errno = 0;
	failure.eai = getaddrinfo(l->host, NULL, &hints, &list);
	failure.error = errno;
	if (failure.eai == 0) {
		take_addresses(l, list);
		freeaddrinfo(list);
		if (l->n > 0)
			return;
		failure.eai = EAI_NODATA;
	}
	failure.n_servers = n_servers == 0 ? 0 : (unsigned int)_res.nscount;
	if (failure.n_servers > 0)
		failure.server = _res.nsaddr_list[0].sin_addr;
	failure.took_ms = (clock_now_ns(&clock_system) - start) / NSEC_PER_MSEC;
	mqtt_cause_lookup(&l->cause, &failure);
}
