// SPDX-License-Identifier: MIT
/*
 * names.c — name resolution of this process alone
 *
 * glibc keeps the resolver's state for each thread in _res and lets programs
 * change it after res_init(). A thread whose state differs from what the file
 * gave keeps it (RES_NORELOAD says so explicitly); without that, the library
 * reads /etc/resolv.conf again whenever the file changes.
 */
#include "mqttnode/names.h"

#include <arpa/nameser.h>
#include <assert.h>
#include <errno.h>
#include <nss.h>
#include <pthread.h>
#include <resolv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static_assert(NAMES_SERVERS_MAX == MAXNS, "what the resolver takes");

static struct {
	pthread_mutex_t lock; /* protects all below; held for a copy only */
	struct ip servers[NAMES_SERVERS_MAX];
	size_t n;
	bool ours; /* names_setup() was called; written before other threads exist */
} names = { .lock = PTHREAD_MUTEX_INITIALIZER };

void names_setup(void)
{
	/* What /etc/nsswitch.conf adds (resolve, wins, ...) asks the other network. */
	(void)__nss_configure_lookup("hosts",
				     "files mdns4_minimal [NOTFOUND=return] dns");
	names.ours = true;
}

void names_set_servers(const struct ip *servers, size_t n)
{
	if (n > NAMES_SERVERS_MAX)
		n = NAMES_SERVERS_MAX;
	(void)pthread_mutex_lock(&names.lock);
	if (n > 0)
		memcpy(names.servers, servers, n * sizeof(*servers));
	names.n = n;
	(void)pthread_mutex_unlock(&names.lock);
}

/*
 * Makes @server the resolver's number @i. One of IPv6 does not fit into the list
 * of old; beside it is one of pointers, whose memory res_init() releases. Returns
 * whether there was memory.
 */
static bool use_server(int i, const struct ip *server)
{
	struct sockaddr_in6 **v6 = &_res._u._ext.nsaddrs[i];
	struct sockaddr_storage address;

	(void)ip_to_sockaddr(server, NAMESERVER_PORT, &address);
	if (server->family == AF_INET) {
		memcpy(&_res.nsaddr_list[i], &address, sizeof(_res.nsaddr_list[i]));
		return true;
	}
	if (!*v6)
		*v6 = malloc(sizeof(**v6));
	if (!*v6)
		return false;
	memcpy(*v6, &address, sizeof(**v6));
	_res.nsaddr_list[i].sin_family = 0; /* look there */
	return true;
}

int names_prepare_thread(void)
{
	struct ip servers[NAMES_SERVERS_MAX];
	size_t n;

	(void)pthread_mutex_lock(&names.lock);
	memcpy(servers, names.servers, sizeof(servers));
	n = names.n;
	(void)pthread_mutex_unlock(&names.lock);

	if (res_init() < 0)
		return errno ? -errno : -EIO;
	if (!names.ours)
		return _res.nscount;
	/* Released by their number, which is changed below. */
	res_nclose(&_res);
	/* Nothing of the file or of $RES_OPTIONS stays: no rotation, no search list. */
	_res.options = RES_INIT | RES_RECURSE | RES_NORELOAD;
	_res.ndots = 1;
	_res.retrans = NAMES_TIMEOUT_S;
	_res.retry = NAMES_TRIES;
	_res.dnsrch[0] = NULL;
	_res.defdname[0] = '\0';
	_res.nsort = 0;
	_res.nscount = 0;
	for (size_t i = 0; i < n; i++)
		if (use_server(_res.nscount, &servers[i]))
			_res.nscount++;
	return _res.nscount;
}
