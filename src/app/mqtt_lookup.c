// SPDX-License-Identifier: MIT
/*
 * mqtt_lookup.c — from the broker's name to its addresses
 *
 * Owner and thread share a lookup; the last one to leave releases it.
 */
#include "mqtt_lookup.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <resolv.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/clock.h"
#include "mqttnode/fd.h"
#include "mqttnode/names.h"
#include "mqttnode/text.h"

struct mqtt_lookup {
	char host[256]; /* no name is longer */
	sa_family_t family;
	struct mqtt_lookup_result result;
	atomic_bool done; /* the result is there, and the owner's */
	int done_fd;
	atomic_int users;
};

static atomic_int under_way;

/* How often it is looked whether lookups have ended. */
#define SETTLE_TICK_NS (2 * NSEC_PER_MSEC)

/* An address may be listed once for each protocol: the socket type makes them one. */
static void take_addresses(struct mqtt_lookup_result *result, const struct addrinfo *list)
{
	for (; list && result->n < MQTT_LOOKUP_ADDRESSES_MAX; list = list->ai_next) {
		struct ip address = ip_from_sockaddr(list->ai_addr);

		if (ip_is_set(&address))
			result->addresses[result->n++] = address;
	}
}

/* The resolver's first server, which is in another list if it has an IPv6 address. */
static struct ip first_server(void)
{
	const struct sockaddr_in6 *v6 = _res._u._ext.nsaddrs[0];

	if (_res.nsaddr_list[0].sin_family == 0 && v6)
		return ip_from_v6(&v6->sin6_addr, v6->sin6_scope_id);
	return ip_from_v4(_res.nsaddr_list[0].sin_addr);
}

static void look_up(const char *host, sa_family_t family,
		    struct mqtt_lookup_result *result)
{
	const struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };
	struct mqtt_lookup_failure failure = { .host = host, .family = family };
	uint64_t start = clock_now_ns(&clock_system);
	struct addrinfo *list = NULL;
	int n_servers;

	n_servers = names_prepare_thread();
	errno = 0;
	failure.eai = getaddrinfo(host, NULL, &hints, &list);
	failure.error = errno;
	if (failure.eai == 0) {
		take_addresses(result, list);
		freeaddrinfo(list);
		if (result->n > 0)
			return;
		failure.eai = EAI_NODATA;
	}
	failure.n_servers = n_servers == 0 ? 0 : (unsigned int)_res.nscount;
	if (failure.n_servers > 0)
		failure.server = first_server();
	failure.took_ms = (clock_now_ns(&clock_system) - start) / NSEC_PER_MSEC;
	mqtt_cause_lookup(&result->cause, &failure);
}

static void leave(struct mqtt_lookup *l)
{
	if (atomic_fetch_sub(&l->users, 1) > 1)
		return;
	(void)fd_close(l->done_fd);
	free(l);
}

static void *run(void *arg)
{
	struct mqtt_lookup *l = arg;

	(void)pthread_setname_np(pthread_self(), "lookup");
	look_up(l->host, l->family, &l->result);
	(void)atomic_fetch_sub(&under_way, 1);
	atomic_store(&l->done, true);
	fd_event_signal(l->done_fd);
	leave(l);
	return NULL;
}

/* Starts the thread, which nobody joins. 0 or -errno. */
static int start(struct mqtt_lookup *l)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	r = -pthread_attr_init(&attr);
	if (r < 0)
		return r;
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* It may be gone by the time that this returns. */
	r = -pthread_create(&thread, &attr, run, l);
	(void)pthread_attr_destroy(&attr);
	return r;
}

static int begin(struct mqtt_lookup **ret, const char *host, sa_family_t family)
{
	struct mqtt_lookup *l;
	int r;

	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	text_format(l->host, sizeof(l->host), "%s", host);
	l->family = family;
	atomic_init(&l->users, 2);
	l->done_fd = r = fd_event_new();
	if (r >= 0)
		r = start(l);
	if (r < 0) {
		(void)fd_close(l->done_fd);
		free(l);
		return r;
	}
	*ret = l;
	return 0;
}

int mqtt_lookup_new(struct mqtt_lookup **ret, const char *host, sa_family_t family)
{
	int r = -EBUSY;

	if (atomic_fetch_add(&under_way, 1) < MQTT_LOOKUPS_MAX)
		r = begin(ret, host, family);
	if (r < 0)
		(void)atomic_fetch_sub(&under_way, 1);
	return r;
}

struct mqtt_lookup *mqtt_lookup_free(struct mqtt_lookup *l)
{
	if (l)
		leave(l);
	return NULL;
}

bool mqtt_lookup_settle(uint64_t deadline_ns)
{
	while (atomic_load(&under_way) > 0) {
		if (clock_now_ns(&clock_system) >= deadline_ns)
			return false;
		clock_sleep_ns(&clock_system, SETTLE_TICK_NS);
	}
	return true;
}

int mqtt_lookup_fd(const struct mqtt_lookup *l)
{
	return l->done_fd;
}

bool mqtt_lookup_is_done(const struct mqtt_lookup *l, struct mqtt_lookup_result *ret)
{
	if (!atomic_load(&l->done))
		return false;
	*ret = l->result;
	return true;
}
