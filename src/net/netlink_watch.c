// SPDX-License-Identifier: MIT
/*
 * netlink_watch.c — news of one interface: link, addresses, routes, neighbours; of our
 * rules
 *
 * The socket hears of all interfaces, so that nothing is missed between "is it
 * there?" and "tell me"; what is not about ours is dropped by its index, never
 * by its name. When the kernel could not queue an event for us (ENOBUFS) all
 * is asked for again.
 */
#include "netlink_internal.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* Datagrams read before other event sources have their turn. */
#define WATCH_BATCH 64

struct netlink_watch {
	struct mnl_socket *socket;
	sd_event_source *io;
	sd_event_source *later;		     /* asks for everything, once */
	const struct netlink_events *events; /* borrowed, outlives us */
	netlink_refresh refresh;
	void *refresh_ctx;
	uint32_t own_port;
	unsigned int ifindex;
	bool overrun; /* events were lost, older ones are still queued */
	_Alignas(struct nlmsghdr) char buf[NETLINK_BUFFER_SIZE];
};

struct parse_target {
	const struct nlattr **table;
	uint16_t max;
};

static int parse_one(const struct nlattr *attr, void *data)
{
	const struct parse_target *target = data;

	if (mnl_attr_get_type(attr) <= target->max)
		target->table[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

int netlink_parse(const struct nlmsghdr *nlh, size_t header, const struct nlattr **table,
		  uint16_t max)
{
	struct parse_target target = { table, max };

	memset(table, 0, (max + 1u) * sizeof(*table));
	if (mnl_nlmsg_get_payload_len(nlh) < header)
		return -EBADMSG;
	if (mnl_attr_parse(nlh, (unsigned int)header, parse_one, &target) < 0)
		return -EBADMSG;
	return 0;
}

struct ip netlink_get_address(const struct nlattr *attr, unsigned int ifindex)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (attr && mnl_attr_get_payload_len(attr) == sizeof(v4)) {
		memcpy(&v4, mnl_attr_get_payload(attr), sizeof(v4));
		return ip_from_v4(v4);
	}
	if (attr && mnl_attr_get_payload_len(attr) == sizeof(v6)) {
		memcpy(&v6, mnl_attr_get_payload(attr), sizeof(v6));
		return ip_from_v6(&v6, ifindex);
	}
	return (struct ip){ 0 };
}

ssize_t netlink_receive(const struct mnl_socket *socket, void *buf, size_t size)
{
	struct sockaddr_nl sender = { 0 };
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = {
		.msg_name = &sender,
		.msg_namelen = sizeof(sender),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n;

	do
		n = recvmsg(mnl_socket_get_fd(socket), &msg, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (msg.msg_flags & MSG_TRUNC)
		return -ENOBUFS;
	return sender.nl_pid == 0 ? n : 0;
}

static void link_message(const struct netlink_watch *w, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[IFLA_MAX + 1];
	struct netlink_link link = { 0 };

	/* Bridge code reports its ports in the same messages, as family AF_BRIDGE. */
	if (netlink_parse(nlh, sizeof(*info), attrs, IFLA_MAX) < 0 ||
	    info->ifi_family != AF_UNSPEC ||
	    (unsigned int)info->ifi_index != w->ifindex || !w->events->on_link)
		return;
	if (nlh->nlmsg_type != RTM_DELLINK) {
		link.exists = true;
		link.up = info->ifi_flags & IFF_UP;
		link.carrier = info->ifi_flags & IFF_RUNNING;
		if (attrs[IFLA_MASTER] &&
		    mnl_attr_validate(attrs[IFLA_MASTER], MNL_TYPE_U32) >= 0)
			link.master = mnl_attr_get_u32(attrs[IFLA_MASTER]);
	}
	w->events->on_link(w->events->ctx, &link);
}

static void address_message(const struct netlink_watch *w, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[IFA_MAX + 1];
	struct netlink_address told;
	uint32_t flags;

	if (netlink_parse(nlh, sizeof(*info), attrs, IFA_MAX) < 0 ||
	    info->ifa_index != w->ifindex || !w->events->on_address)
		return;
	/* The kernel puts the port of whoever asked for a change into its news. */
	if (nlh->nlmsg_pid == w->own_port && !(nlh->nlmsg_flags & NLM_F_MULTI))
		return;
	/* An interface between two hosts has the other one's in IFA_ADDRESS. */
	told = (struct netlink_address){
		.address = netlink_get_address(attrs[IFA_LOCAL] ? attrs[IFA_LOCAL]
								: attrs[IFA_ADDRESS],
					       w->ifindex),
		.prefix_len = info->ifa_prefixlen,
		.present = nlh->nlmsg_type == RTM_NEWADDR,
	};
	flags = attrs[IFA_FLAGS] && mnl_attr_validate(attrs[IFA_FLAGS], MNL_TYPE_U32) >= 0
			? mnl_attr_get_u32(attrs[IFA_FLAGS])
			: info->ifa_flags;
	told.tentative = flags & IFA_F_TENTATIVE;
	told.duplicate = flags & IFA_F_DADFAILED;
	if (ip_is_set(&told.address))
		w->events->on_address(w->events->ctx, &told);
}

static void route_message(const struct netlink_watch *w, const struct nlmsghdr *nlh)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[RTA_MAX + 1];

	if (netlink_parse(nlh, sizeof(*info), attrs, RTA_MAX) < 0 ||
	    info->rtm_family != AF_INET || info->rtm_type != RTN_UNICAST ||
	    !attrs[RTA_OIF] || mnl_attr_validate(attrs[RTA_OIF], MNL_TYPE_U32) < 0 ||
	    mnl_attr_get_u32(attrs[RTA_OIF]) != w->ifindex || !w->events->on_route)
		return;
	w->events->on_route(w->events->ctx);
}

static void neighbour_message(const struct netlink_watch *w, const struct nlmsghdr *nlh)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[NDA_MAX + 1];

	if (netlink_parse(nlh, sizeof(*info), attrs, NDA_MAX) < 0 ||
	    (info->ndm_family != AF_INET && info->ndm_family != AF_INET6) ||
	    (unsigned int)info->ndm_ifindex != w->ifindex || !attrs[NDA_DST] ||
	    !w->events->on_neighbour)
		return;
	w->events->on_neighbour(w->events->ctx,
				netlink_get_address(attrs[NDA_DST], w->ifindex),
				nlh->nlmsg_type == RTM_NEWNEIGH ? info->ndm_state : 0);
}

static void rule_message(const struct netlink_watch *w, const struct nlmsghdr *nlh)
{
	const struct nlattr *attrs[FRA_MAX + 1], *priority, *protocol;
	uint32_t which;

	/* The kernel puts the port of whoever asked for a change into its news. */
	if (nlh->nlmsg_pid == w->own_port || !w->events->on_rule_removed ||
	    netlink_parse(nlh, sizeof(struct fib_rule_hdr), attrs, FRA_MAX) < 0)
		return;
	priority = attrs[FRA_PRIORITY];
	protocol = attrs[FRA_PROTOCOL];
	if (!priority || mnl_attr_validate(priority, MNL_TYPE_U32) < 0 || !protocol ||
	    mnl_attr_validate(protocol, MNL_TYPE_U8) < 0 ||
	    mnl_attr_get_u8(protocol) != NETLINK_PROTOCOL)
		return;
	which = mnl_attr_get_u32(priority);
	if (which == NETLINK_RULE_PRIORITY || which == NETLINK_RULE_PRIORITY + 1)
		w->events->on_rule_removed(w->events->ctx);
}

void netlink_watch_message(const struct netlink_watch *w, const struct nlmsghdr *nlh)
{
	if (!w->ifindex)
		return;
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		link_message(w, nlh);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		address_message(w, nlh);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		route_message(w, nlh);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		neighbour_message(w, nlh);
		break;
	case RTM_DELRULE:
		rule_message(w, nlh);
		break;
	default:
		break;
	}
}

static int on_later(sd_event_source *source, void *userdata)
{
	struct netlink_watch *w = userdata;

	(void)source;
	if (w->ifindex)
		w->refresh(w->refresh_ctx, w->ifindex);
	return 0;
}

/* The socket is empty: what comes from now on follows the answers to refresh(). */
static int finish_overrun(struct netlink_watch *w)
{
	if (!w->overrun)
		return 0;
	w->overrun = false;
	if (w->ifindex && w->events->on_overrun)
		w->events->on_overrun(w->events->ctx);
	return sd_event_source_set_enabled(w->later, SD_EVENT_ONESHOT);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct netlink_watch *w = userdata;

	(void)source;
	(void)fd;
	(void)revents;
	for (unsigned int i = 0; i < WATCH_BATCH; i++) {
		ssize_t n = netlink_receive(w->socket, w->buf, sizeof(w->buf));
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)w->buf;
		int left = (int)n;

		if (n == -ENOBUFS)
			w->overrun = true;
		else if (n < 0)
			return finish_overrun(w);
		if (n <= 0 || w->overrun)
			continue; /* what is asked for anew is newer than this */
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			netlink_watch_message(w, nlh);
	}
	return 0;
}

static int listen_to(struct netlink_watch *w, const int *groups, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(w->socket, NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)) < 0)
			return -errno;
	}
	return 0;
}

static int open_socket(struct netlink_watch *w)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
				      RTNLGRP_IPV6_IFADDR, RTNLGRP_NEIGH };
	static const int rules[] = { RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE };
	/* They can be a flood on a router: for those who want them. */
	static const int routes[] = { RTNLGRP_IPV4_ROUTE };
	int r;

	w->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!w->socket || mnl_socket_bind(w->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	r = listen_to(w, groups, ARRAY_SIZE(groups));
	if (r == 0 && w->events->on_rule_removed)
		r = listen_to(w, rules, ARRAY_SIZE(rules));
	if (r == 0 && w->events->on_route)
		r = listen_to(w, routes, ARRAY_SIZE(routes));
	return r;
}

int netlink_watch_new(struct netlink_watch **ret, sd_event *event,
		      const struct netlink_events *events, uint32_t own_port,
		      netlink_refresh refresh, void *ctx)
{
	_cleanup_(netlink_watch_freep) struct netlink_watch *w = NULL;
	int r;

	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->events = events;
	w->own_port = own_port;
	w->refresh = refresh;
	w->refresh_ctx = ctx;

	r = open_socket(w);
	if (r < 0)
		return r;
	r = sd_event_add_io(event, &w->io, mnl_socket_get_fd(w->socket), EPOLLIN,
			    on_readable, w);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(w->io, "netlink");
	r = sd_event_add_defer(event, &w->later, on_later, w);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(w->later, "netlink refresh");
	r = sd_event_source_set_enabled(w->later, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(w);
	return 0;
}

struct netlink_watch *netlink_watch_free(struct netlink_watch *w)
{
	if (!w)
		return NULL;
	sd_event_source_disable_unref(w->io);
	sd_event_source_disable_unref(w->later);
	if (w->socket)
		(void)mnl_socket_close(w->socket);
	free(w);
	return NULL;
}

/* What is queued is older than the look at everything that follows, and would contradict
 * it. */
static void drop_old_news(struct netlink_watch *w)
{
	ssize_t n;

	do
		n = netlink_receive(w->socket, w->buf, sizeof(w->buf));
	while (n >= 0 || n == -ENOBUFS);
}

void netlink_watch_interface(struct netlink_watch *w, unsigned int ifindex)
{
	w->ifindex = ifindex;
	if (ifindex)
		drop_old_news(w);
	(void)sd_event_source_set_enabled(w->later,
					  ifindex ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}
