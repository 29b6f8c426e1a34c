/* SPDX-License-Identifier: MIT */
/*
 * router_socket.h — where routers are asked and heard
 *
 * A raw socket for ICMPv6 on one interface; it needs CAP_NET_RAW. Main thread.
 */
#ifndef MQTTNODE_ROUTER_SOCKET_H
#define MQTTNODE_ROUTER_SOCKET_H

#include "mqttnode/ip.h"

#include <stdbool.h>
#include <stdint.h>

#include "router_advert.h"

/* A socket that hears advertisements on @interface, not blocking; or -errno. */
int router_socket_open(const char *interface);

/* Asks all routers of interface @ifindex, for @mac. A question may be lost. */
void router_socket_solicit(int fd, unsigned int ifindex, const uint8_t mac[6]);

/*
 * Takes the next message. Returns whether it is an advertisement that a neighbour has
 * sent (RFC 4861 section 6.1.2), with the router's address.
 */
bool router_socket_receive(int fd, unsigned int ifindex, struct router_advert *ret,
			   struct ip *ret_router);

#endif
