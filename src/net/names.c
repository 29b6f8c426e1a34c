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
#include <string.h>

static_assert(NAMES_SERVERS_MAX == MAXNS, "what the resolver takes");

static struct {
	pthread_mutex_t lock; /* protects all below; held for a copy only */
	struct in_addr servers[NAMES_SERVERS_MAX];
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

void names_set_servers(const struct in_addr *servers, size_t n)
{
	if (n > NAMES_SERVERS_MAX)
		n = NAMES_SERVERS_MAX;
	(void)pthread_mutex_lock(&names.lock);
	if (n > 0)
		memcpy(names.servers, servers, n * sizeof(*servers));
	names.n = n;
	(void)pthread_mutex_unlock(&names.lock);
}

int names_prepare_thread(void)
{
	struct in_addr servers[NAMES_SERVERS_MAX];
	size_t n;

	(void)pthread_mutex_lock(&names.lock);
	memcpy(servers, names.servers, sizeof(servers));
	n = names.n;
	(void)pthread_mutex_unlock(&names.lock);

	if (res_init() < 0)
		return errno ? -errno : -EIO;
	if (!names.ours)
		return _res.nscount;
	/* Nothing of the file or of $RES_OPTIONS stays: no rotation, no search list. */
	_res.options = RES_INIT | RES_RECURSE | RES_NORELOAD;
	_res.ndots = 1;
	_res.retrans = NAMES_TIMEOUT_S;
	_res.retry = NAMES_TRIES;
	_res.dnsrch[0] = NULL;
	_res.defdname[0] = '\0';
	_res.nsort = 0;
	for (size_t i = 0; i < n; i++)
		_res.nsaddr_list[i] = (struct sockaddr_in){
			.sin_family = AF_INET,
			.sin_port = htons(NAMESERVER_PORT),
			.sin_addr = servers[i],
		};
	_res.nscount = (int)n;
	return (int)n;
}
