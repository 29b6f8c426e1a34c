/* SPDX-License-Identifier: MIT */
/*
 * device_bind.h — a connection that ends on the interface it began on
 *
 * Routes and rules say by which interface a connection leaves, for each segment
 * anew: when they go at its end (with the interface, at a stop), what TCP still has to
 * say would take the way of another network, with an address that is nothing there. A
 * socket that is bound to the device has no other way.
 */
#ifndef MQTTNODE_DEVICE_BIND_H
#define MQTTNODE_DEVICE_BIND_H

#include "mqttnode/ip.h"

/*
 * Binds @fd, a TCP socket that is on its way to @peer or there, to @interface if its
 * own address is there. Returns 1 if that was done, 0 if there is nothing to bind: the
 * address is another one (the routes chose so), or @peer is this very machine, which is
 * reached by "lo"; or -errno (-EPERM: Linux before 5.7 wants CAP_NET_RAW for it). Any
 * thread. Source: socket(7), SO_BINDTODEVICE.
 */
int device_bind(int fd, const char *interface, const struct ip *peer);

#endif
