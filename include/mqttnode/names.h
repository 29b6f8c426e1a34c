/* SPDX-License-Identifier: MIT */
/*
 * names.h — name resolution of this process alone
 *
 * No file is written and nobody else's resolver is touched: the C library is
 * told to look in hosts, mDNS and DNS only, and the thread that resolves gets
 * its own list of servers just before it does. Source: resolver(3), nss(5).
 */
#ifndef MQTTNODE_NAMES_H
#define MQTTNODE_NAMES_H

#include <netinet/in.h>
#include <stddef.h>

/* Tells the C library where to look. Main, before any other thread exists. */
void names_setup(void);

/* Sets the DNS servers to use from now on (at most 3; 0: none known). Any thread. */
void names_set_servers(const struct in_addr *servers, size_t n);

/*
 * Makes the calling thread resolve with these servers (retrans 1 s, 2 tries);
 * to be called before each lookup. Returns the number of servers, 0 if none is
 * known, or -errno.
 */
int names_prepare_thread(void);

#endif
