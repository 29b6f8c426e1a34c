/* SPDX-License-Identifier: MIT */
/*
 * netlink_internal.h — what the files of the netlink module share
 *
 * netlink.c asks, netlink_route.c asks about routes and rules, netlink_foreign.c
 * for what others did, and netlink_watch.c listens.
 */
#ifndef MQTTNODE_NETLINK_INTERNAL_H
#define MQTTNODE_NETLINK_INTERNAL_H

#include "mqttnode/netlink.h"

#include <libmnl/libmnl.h>
#include <sys/types.h>

/* A datagram of the kernel is at most this long (NLMSG_GOODSIZE; dumps up to 32 KiB). */
#define NETLINK_BUFFER_SIZE 32768

/* A request being built: small, since all of ours are. */
struct netlink_request {
	_Alignas(struct nlmsghdr) char buf[512];
};

/* Begins a request of @type with NLM_F_REQUEST and @flags. */
struct nlmsghdr *netlink_request_begin(struct netlink_request *request, uint16_t type,
				       uint16_t flags);

/* The fixed part that follows, zeroed. */
void *netlink_request_header(struct nlmsghdr *nlh, size_t size);

void netlink_put_address(struct nlmsghdr *nlh, uint16_t type, const struct ip *address);

/* Sends a request that changes something. Returns 0 or what the kernel said. */
int netlink_request_send(struct netlink *nl, struct nlmsghdr *nlh);

/* Takes one message of an answer. */
typedef void (*netlink_answer)(void *ctx, const struct nlmsghdr *nlh);

/*
 * Asks for a list. @answer must bear to be given an entry twice: a list that
 * changed while it was read is read again. Returns 0 or -errno.
 */
int netlink_request_dump(struct netlink *nl, struct nlmsghdr *nlh, netlink_answer answer,
			 void *ctx);

/* The same for all addresses of @family (AF_UNSPEC: of all families). */
int netlink_request_addresses(struct netlink *nl, sa_family_t family,
			      netlink_answer answer, void *ctx);

struct netlink_watch;

/*
 * Asks the kernel for all that is known about interface @ifindex; each answer
 * is to be given to netlink_watch_message().
 */
typedef void (*netlink_refresh)(void *ctx, unsigned int ifindex);

/* @own_port is the port of the socket that requests are sent from. 0 or -errno. */
int netlink_watch_new(struct netlink_watch **ret, sd_event *event,
		      const struct netlink_events *events, uint32_t own_port,
		      netlink_refresh refresh, void *ctx);
struct netlink_watch *netlink_watch_free(struct netlink_watch *w);

/* Watches @ifindex from now on (0: nothing) and tells what is there already. */
void netlink_watch_interface(struct netlink_watch *w, unsigned int ifindex);

/* Turns one message of the kernel into a callback if it is about our interface. */
void netlink_watch_message(const struct netlink_watch *w, const struct nlmsghdr *nlh);

/*
 * Puts the attributes behind a header of @header bytes into @table by their
 * type, up to @max; NULL where there is none. Returns 0 or -EBADMSG.
 */
int netlink_parse(const struct nlmsghdr *nlh, size_t header, const struct nlattr **table,
		  uint16_t max);

/* The address in @attr, on interface @ifindex; none if it is NULL or of a strange length.
 */
struct ip netlink_get_address(const struct nlattr *attr, unsigned int ifindex);

/*
 * Receives one datagram of the kernel. Returns its length, 0 if it came from
 * elsewhere, or -errno (-EAGAIN: nothing there, -ENOBUFS: events were lost).
 */
ssize_t netlink_receive(const struct mnl_socket *socket, void *buf, size_t size);

DEFINE_CLEANUP(struct netlink_watch, netlink_watch_free);

#endif
