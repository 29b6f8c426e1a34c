/* SPDX-License-Identifier: MIT */
/*
 * names.h — name resolution of this process alone
 *
 * No file is written and nobody else's resolver is touched: the C library is
 * told to look in hosts, mDNS and DNS only, and the thread that resolves gets
 * its own list of servers just before it does. What /etc/resolv.conf says, and
 * when somebody replaces it, has no influence. With dns = "system" names_setup()
 * is not called, and all is left to the system. Source: resolver(3), nsswitch.conf(5),
 * glibc's nss.h.
 */
#ifndef MQTTNODE_NAMES_H
#define MQTTNODE_NAMES_H

#include "mqttnode/ip.h"

#include <stddef.h>

/* Most servers that the C library's resolver takes (MAXNS). */
#define NAMES_SERVERS_MAX 3

/* Seconds a server is given to answer, and how often all of them are asked. */
#define NAMES_TIMEOUT_S 1
#define NAMES_TRIES	2

/* No lookup takes longer: each server is asked so often, and a little time on top. */
#define NAMES_LOOKUP_MAX_S (NAMES_SERVERS_MAX * NAMES_TIMEOUT_S * NAMES_TRIES + 2)

/*
 * Tells the C library where to look for hosts: /etc/hosts, mDNS for .local if
 * libnss-mdns is installed, DNS. Main, before any other thread exists.
 */
void names_setup(void);

/*
 * Sets the DNS servers to use from now on; those beyond NAMES_SERVERS_MAX are
 * left out; 0: none are known. Any thread.
 */
void names_set_servers(const struct ip *servers, size_t n);

/*
 * Makes the calling thread resolve with these servers only, names as they are
 * (no search domains); to be called before each lookup. With no server known,
 * lookups in DNS fail at once. Without names_setup() it only reads
 * /etc/resolv.conf anew. Returns the number of servers or -errno. Any thread.
 */
int names_prepare_thread(void);

#endif
